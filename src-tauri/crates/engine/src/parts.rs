//! Files that stand in for parts of a model's folder.

use std::path::{Path, PathBuf};

use weights::{Checkpoint, Kind};

use crate::{Family, Result};

/// Parts that do not lie in the model's folder: single files, or folders of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartFiles {
    /// What paints.
    pub transformer: Option<PathBuf>,
    /// What reads.
    pub text_encoder: Option<PathBuf>,
    /// What reads word by word, in FLUX.1.
    pub text_encoder_2: Option<PathBuf>,
    /// What makes latents of pictures and pictures of latents.
    pub vae: Option<PathBuf>,
}

impl PartFiles {
    /// Files for a family's transformer, for what reads most of a prompt, and for its autoencoder.
    pub(crate) fn of(
        family: Family,
        transformer: Option<PathBuf>,
        reader: Option<PathBuf>,
        vae: Option<PathBuf>,
    ) -> Self {
        let files = Self { transformer, vae, ..Self::default() };
        match family {
            Family::Flux1 => Self { text_encoder_2: reader, ..files },
            Family::Flux2Klein | Family::QwenImageLayered => Self { text_encoder: reader, ..files },
        }
    }

    /// Where a component lies: by itself, or in the model's folder.
    pub(crate) fn path(&self, folder: &Path, component: &str) -> PathBuf {
        self.given(component).cloned().unwrap_or_else(|| folder.join(component))
    }

    /// The component's own file, if it has one.
    pub(crate) fn given(&self, component: &str) -> Option<&PathBuf> {
        match component {
            "transformer" => self.transformer.as_ref(),
            "text_encoder" => self.text_encoder.as_ref(),
            "text_encoder_2" => self.text_encoder_2.as_ref(),
            "vae" => self.vae.as_ref(),
            _ => None,
        }
    }
}

/// The component that a family's own text encoder file stands in for: the larger one.
pub(crate) fn reader(family: Family) -> &'static str {
    match family {
        Family::Flux1 => "text_encoder_2",
        Family::Flux2Klein | Family::QwenImageLayered => "text_encoder",
    }
}

/// What the component of a family has to be.
pub(crate) fn kind(family: Family, component: &str) -> Kind {
    match (family, component) {
        (Family::Flux1, "text_encoder") => Kind::Clip,
        (Family::Flux1, "text_encoder_2") => Kind::T5,
        (Family::Flux1, "vae") => Kind::Flux1Autoencoder,
        (Family::Flux1, _) => Kind::Flux1Transformer,
        (Family::Flux2Klein, "text_encoder") => Kind::Qwen3,
        (Family::Flux2Klein, "vae") => Kind::Flux2Autoencoder,
        (Family::Flux2Klein, _) => Kind::Flux2Transformer,
        (Family::QwenImageLayered, "text_encoder") => Kind::Qwen25Vl,
        (Family::QwenImageLayered, "vae") => Kind::QwenImageAutoencoder,
        (Family::QwenImageLayered, _) => Kind::QwenImageLayeredTransformer,
    }
}

/// The files of a component.
///
/// # Errors
/// If files are missing or damaged, or hold something else.
pub(crate) fn open(
    family: Family,
    folder: &Path,
    files: &PartFiles,
    component: &str,
) -> Result<Checkpoint> {
    Ok(Checkpoint::open_part(&files.path(folder, component), kind(family, component))?)
}
