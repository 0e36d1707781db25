//! Reading `config.json` with limits, so that a damaged one is refused before it asks for memory.

use nn::Params;
use serde::de::DeserializeOwned;

/// More blocks than any model has.
const MAX_BLOCKS: usize = 512;

/// Why a configuration is refused, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// What reading a configuration gives.
pub type Parsed<T> = Result<T, ConfigError>;

pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Parsed<T> {
    serde_json::from_str(json).map_err(|error| ConfigError(error.to_string()))
}

/// A size that exists in real models: at least 1, at most `most`.
pub(crate) fn within(name: &str, value: usize, most: usize) -> Parsed<()> {
    if (1..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError(format!("`{name}` is {value}, which is outside 1 to {most}")))
    }
}

/// The dimensions of a weight that a configuration is told by.
pub(crate) fn shape<const N: usize>(params: &Params, name: &str) -> Parsed<[usize; N]> {
    let missing = || ConfigError(format!("tensor `{name}` is missing"));
    let shape = params.shape(name).ok_or_else(missing)?;
    // Layers of single pixels are saved as convolutions by some.
    let flat = if shape.len() > N { shape.strip_suffix(&[1, 1]).unwrap_or(&shape) } else { &shape };
    flat.try_into().map_err(|_other| {
        ConfigError(format!("tensor `{name}` has the shape {shape:?}, not {N} dimensions"))
    })
}

/// How many blocks there are of which `name` gives a weight.
pub(crate) fn count(params: &Params, name: impl Fn(usize) -> String) -> usize {
    (0..MAX_BLOCKS).take_while(|index| params.contains(&name(*index))).count()
}

pub(crate) fn demand(holds: bool, message: &str) -> Parsed<()> {
    if holds { Ok(()) } else { Err(ConfigError(message.to_owned())) }
}
