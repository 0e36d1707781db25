//! What a model is.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use weights::{Checkpoint, Kind, weight_files};

use crate::{PartFiles, Result, parts::kind};

/// What a model is and therefore does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Paints pictures from words.
    Flux1,
    /// Paints pictures from words and references.
    #[default]
    #[serde(rename = "flux2-klein")]
    Flux2Klein,
    /// Takes pictures apart into layers.
    QwenImageLayered,
}

impl Family {
    /// Whether it makes pictures of words; the others take pictures apart.
    #[must_use]
    pub fn paints(self) -> bool {
        matches!(self, Self::Flux1 | Self::Flux2Klein)
    }

    /// The components that have weights, as diffusers names their folders.
    pub(crate) fn components(self) -> &'static [&'static str] {
        match self {
            Self::Flux1 => &["text_encoder", "text_encoder_2", "transformer", "vae"],
            Self::Flux2Klein | Self::QwenImageLayered => &["text_encoder", "transformer", "vae"],
        }
    }

    /// The family of a transformer.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Flux1Transformer => Some(Self::Flux1),
            Kind::Flux2Transformer => Some(Self::Flux2Klein),
            Kind::QwenImageLayeredTransformer => Some(Self::QwenImageLayered),
            _ => None,
        }
    }
}

/// A weight that only those FLUX.1 models have that read the guidance scale: dev.
const GUIDANCE: &str = "time_text_embed.guidance_embedder.linear_1.weight";

/// Whether a FLUX.1 transformer is one that runs in a few steps: schnell.
///
/// # Errors
/// If it is none, or damaged.
pub(super) fn is_schnell(transformer: &Path) -> Result<bool> {
    Ok(!Checkpoint::open_part(transformer, Kind::Flux1Transformer)?.contains(GUIDANCE))
}

/// What a model does when the user does not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Steps of the sampling loop.
    pub steps: usize,
    /// Classifier-free guidance scale; 1 is none.
    pub guidance: f64,
    /// Tokens that a prompt is padded or cut to.
    pub max_sequence_length: usize,
    /// Layers that a picture is taken apart into; 0 for models that paint.
    pub layers: u32,
}

impl Defaults {
    /// Those of the reference pipelines, but for the layered model's steps and size, which are those
    /// that work best in practice.
    pub(super) fn of(family: Family, distilled: bool) -> Self {
        let max_sequence_length = 512;
        match family {
            Family::Flux1 => {
                let (steps, guidance, max_sequence_length) =
                    if distilled { (4, 1.0, 256) } else { (28, 3.5, 512) };
                Self { width: 1024, height: 1024, steps, guidance, max_sequence_length, layers: 0 }
            }
            Family::Flux2Klein => {
                let (steps, guidance) = if distilled { (4, 1.0) } else { (50, 4.0) };
                Self { width: 1024, height: 1024, steps, guidance, max_sequence_length, layers: 0 }
            }
            Family::QwenImageLayered => Self {
                width: 640,
                height: 640,
                steps: 20,
                guidance: 4.0,
                max_sequence_length,
                layers: 4,
            },
        }
    }
}

/// A model that a request can name.
#[derive(Debug, Clone)]
pub struct Model {
    /// What `--model` takes.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One plain sentence about it.
    pub note: String,
    /// Its folder in diffusers layout; empty if it is nowhere.
    pub folder: PathBuf,
    /// Files that stand in for parts of the folder.
    pub files: PartFiles,
    /// What it is.
    pub family: Family,
    /// Whether it is a small one that ships with the app.
    pub is_starter: bool,
    /// Whether it runs without guidance in a few steps.
    pub distilled: bool,
    /// Whether it keeps the references' keys and values (`Flux2KleinKVPipeline`).
    pub kv_references: bool,
    /// What to use when the user does not say.
    pub defaults: Defaults,
    /// What is not there; empty means ready.
    pub missing: Vec<String>,
}

impl Model {
    /// Whether every part is there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.missing.is_empty()
    }

    /// Where its weights lie: files, or folders of components.
    #[must_use]
    pub fn places(&self) -> Vec<PathBuf> {
        let place = |component: &&str| self.files.path(&self.folder, component);
        self.family.components().iter().map(place).collect()
    }

    /// Bytes of its weights on the disk.
    #[must_use]
    pub fn size(&self) -> u64 {
        let files = |place: PathBuf| {
            if place.is_dir() { weight_files(&place).unwrap_or_default() } else { vec![place] }
        };
        let length = |file: PathBuf| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        self.places().into_iter().flat_map(files).map(length).sum()
    }

    /// Reads the headers of all weights, and holds that they are what they should be.
    ///
    /// # Errors
    /// The first that is missing, damaged or something else.
    pub fn check_headers(&self) -> Result<()> {
        for component in self.family.components() {
            let path = self.files.path(&self.folder, component);
            Checkpoint::open_part(&path, kind(self.family, component))?;
        }
        Ok(())
    }
}

/// A model put together by the user; `None` is what the model itself or the catalogue gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// An id, a name, a folder, or the file of a transformer.
    pub model: Option<&'a str>,
    /// The model that lends what a file does not hold: tokenizer, configurations, other parts.
    pub base: Option<&'a str>,
    /// A text encoder of its own.
    pub text_encoder: Option<&'a Path>,
    /// An autoencoder of its own.
    pub vae: Option<&'a Path>,
}
