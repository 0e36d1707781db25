//! Reading `config.json` with limits, so that a damaged one is refused before it asks for memory.

use serde::de::DeserializeOwned;

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

pub(crate) fn demand(holds: bool, message: &str) -> Parsed<()> {
    if holds { Ok(()) } else { Err(ConfigError(message.to_owned())) }
}
