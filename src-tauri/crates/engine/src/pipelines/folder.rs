//! The configurations of a model: in its folder in diffusers layout, or by the shapes in files that
//! stand in for its parts.

use std::{fs, path::Path, sync::Arc};

use candle_core::{DType, Device};
use models::ConfigError;
use nn::Params;

use crate::{Error, Family, PartFiles, Result, parts::open};

/// Larger configuration files are not configuration files.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// The configuration of a component: its folder's, or what the shapes in a file tell, helped by the
/// folder that lends the rest.
///
/// # Errors
/// If it is missing or damaged, or the file's shapes make no sense.
pub(super) fn config<T>(
    (family, folder, files): (Family, &Path, &PartFiles),
    component: &str,
    parse: impl Fn(&str) -> std::result::Result<T, ConfigError>,
    infer: impl Fn(&Params, Option<&T>) -> std::result::Result<T, ConfigError>,
) -> Result<T> {
    let read = |folder: &Path| read_config(&folder.join("config.json"), &parse);
    match files.given(component) {
        None => read(&folder.join(component)),
        Some(path) if path.join("config.json").is_file() => read(path),
        Some(path) => {
            let checkpoint = open(family, folder, files, component)?;
            let params = Params::new(Arc::new(checkpoint), DType::F32, Device::Cpu);
            let like = read(&folder.join(component)).ok();
            infer(&params, like.as_ref()).map_err(|error| {
                Error::ModelBroken(format!("`{}` cannot be used: {error}", path.display()))
            })
        }
    }
}

/// Reads a configuration file of a component.
///
/// # Errors
/// If it is missing or damaged.
pub(crate) fn read_config<T, E: std::fmt::Display>(
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
