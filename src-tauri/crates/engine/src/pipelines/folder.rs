//! A model's folder in diffusers layout: configurations, weights, sizes.

use std::{fs, path::Path, sync::Arc};

use candle_core::{DType, Device};
use nn::Params;
use weights::Checkpoint;

use crate::{Error, Result, memory_plan::Sizes};

/// Larger configuration files are not configuration files.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Which components hold memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) text_encoder: bool,
    pub(crate) transformer: bool,
    pub(crate) autoencoder: bool,
}

/// Weights of a component.
///
/// # Errors
/// If files are missing or damaged.
pub(super) fn params(
    folder: &Path,
    component: &str,
    dtype: DType,
    device: &Device,
) -> Result<Params> {
    let checkpoint = Checkpoint::open(&folder.join(component))?;
    Ok(Params::new(Arc::new(checkpoint), dtype, device.clone()))
}

/// Sizes of a model's components, from file headers alone.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn sizes(folder: &Path) -> Result<Sizes> {
    let open = |component: &str| Checkpoint::open(&folder.join(component));
    Ok(Sizes {
        text_encoder: open("text_encoder")?.byte_count(),
        transformer: open("transformer")?.byte_count(),
        autoencoder: open("vae")?.parameter_count(),
    })
}

/// Reads a configuration file of a component.
///
/// # Errors
/// If it is missing or damaged.
pub(super) fn read_config<T, E: std::fmt::Display>(
    path: &Path,
    parse: impl Fn(&str) -> std::result::Result<T, E>,
) -> Result<T> {
    let damaged =
        |reason: String| Error::ModelBroken(format!("`{}` is damaged: {reason}", path.display()));
    match fs::metadata(path) {
        Err(_) => return Err(Error::ModelMissing(format!("`{}` is missing", path.display()))),
        Ok(metadata) if metadata.len() > MAX_CONFIG_BYTES => {
            return Err(damaged("it is too large".into()));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(|error| damaged(error.to_string()))?;
    // A list would be read as the fields in their order, and an empty one as all defaults.
    if !text.trim_start().starts_with('{') {
        return Err(damaged("it is no JSON object".into()));
    }
    parse(&text).map_err(|error| damaged(error.to_string()))
}
