//! A model's folder in diffusers layout, and files that stand in for its parts: configurations,
//! weights, sizes.

use std::{fs, path::Path, sync::Arc};

use candle_core::{DType, Device};
use models::ConfigError;
use nn::{ParamSource, Params};
use weights::{Checkpoint, Lora, Patched};

use crate::{Error, Family, LoraChoice, PartFiles, Result, memory_plan::Sizes, parts::kind};

/// Larger configuration files are not configuration files.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Which components hold memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) text_encoder: bool,
    pub(crate) transformer: bool,
    pub(crate) autoencoder: bool,
}

/// Where the weights of a model lie, and how they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) family: Family,
    pub(super) folder: &'a Path,
    pub(super) files: &'a PartFiles,
    pub(super) dtype: DType,
    pub(super) device: &'a Device,
}

impl Source<'_> {
    /// Weights of a component.
    ///
    /// # Errors
    /// If files are missing or damaged, or hold something else.
    pub(super) fn params(&self, component: &str) -> Result<Params> {
        let checkpoint = open(self.family, self.folder, self.files, component)?;
        Ok(Params::new(Arc::new(checkpoint), self.dtype, self.device.clone()))
    }

    /// The transformer with LoRAs beside its weights; `load` builds it.
    ///
    /// # Errors
    /// If files are missing or damaged, or a LoRA does not fit.
    pub(super) fn load_transformer<T>(
        &self,
        loras: &[LoraChoice],
        load: impl FnOnce(&Params) -> candle_core::Result<T>,
    ) -> Result<T> {
        let mut patched = Patched::new(open(self.family, self.folder, self.files, "transformer")?);
        for lora in loras {
            patched.add(&Lora::open(&lora.file)?, lora.strength)?;
        }
        let patched = Arc::new(patched);
        let source: Arc<dyn ParamSource> = patched.clone();
        let params = Params::new(source, self.dtype, self.device.clone());
        let transformer = load(&params).map_err(Error::broken("transformer"))?;
        patched.check_used()?;
        Ok(transformer)
    }
}

/// The files of a component.
fn open(family: Family, folder: &Path, files: &PartFiles, component: &str) -> Result<Checkpoint> {
    Ok(Checkpoint::open_part(&files.path(folder, component), kind(family, component))?)
}

/// Sizes of a model's components, from file headers alone.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn sizes(family: Family, folder: &Path, files: &PartFiles) -> Result<Sizes> {
    let open = |component: &str| open(family, folder, files, component);
    Ok(Sizes {
        text_encoder: open("text_encoder")?.byte_count(),
        transformer: open("transformer")?.byte_count(),
        autoencoder: open("vae")?.parameter_count(),
    })
}

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
