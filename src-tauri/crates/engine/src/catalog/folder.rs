//! A model's folder in diffusers layout, as far as a list of models needs it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use models::flux1;
use serde::Deserialize;
use weights::weight_files;

use super::{Defaults, Family, Model};
use crate::{Error, PartFiles, Result, pipelines::read_config};

pub(super) fn model_in_folder(folder: &Path) -> Model {
    let name = name_of(folder);
    let (index, mut missing) = match ModelIndex::read(folder) {
        Ok(index) => (index, Vec::new()),
        Err(error) => (ModelIndex::default(), vec![error.to_string()]),
    };
    missing.extend(missing_parts(folder, index.family(), &PartFiles::default()));
    Model {
        family: index.family(),
        distilled: index.is_distilled(folder),
        defaults: Defaults::of(index.family(), index.is_distilled(folder)),
        id: name.clone(),
        name,
        note: "From your model folder.".into(),
        folder: folder.to_owned(),
        files: PartFiles::default(),
        is_starter: false,
        kv_references: index.is_kv(),
        missing,
    }
}

/// The folder's name; in the cache of Hugging Face, whose folders have numbers, the repository's.
fn name_of(folder: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = name(folder).unwrap_or_else(|| "model".into());
    let snapshots = folder.parent().filter(|parent| parent.ends_with("snapshots"));
    let repository = snapshots.and_then(Path::parent).and_then(name);
    let repository = repository
        .and_then(|name| Some(name.strip_prefix("models--")?.rsplit_once("--")?.1.to_owned()));
    repository.unwrap_or(own)
}

pub(super) fn missing_parts(folder: &Path, family: Family, files: &PartFiles) -> Vec<String> {
    let parts: &[&str] = match family {
        Family::Flux1 => &[
            "scheduler",
            "text_encoder",
            "text_encoder_2",
            "tokenizer",
            "tokenizer_2",
            "transformer",
            "vae",
        ],
        Family::Flux2Klein => &["scheduler", "text_encoder", "tokenizer", "transformer", "vae"],
        Family::QwenImageLayered => {
            &["scheduler", "text_encoder", "tokenizer", "transformer", "vae", "processor"]
        }
    };
    parts
        .iter()
        .filter(|part| files.given(part).is_none())
        .filter_map(|part| missing_part(folder, family, part))
        .collect()
}

/// What is not there of a component.
fn missing_part(folder: &Path, family: Family, part: &str) -> Option<String> {
    let path = folder.join(part);
    if !path.is_dir() {
        return Some(format!("`{}` is missing", path.display()));
    }
    if !family.components().contains(&part) {
        return None;
    }
    weight_files(&path).err().map(|error| error.to_string())
}

/// Whether a component's folder has all its weights.
#[must_use]
pub fn has_weights(folder: &Path) -> bool {
    weight_files(folder).is_ok()
}

pub(super) fn subfolders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Larger files are no `model_index.json`.
const MAX_INDEX_BYTES: u64 = 1 << 20;

/// What diffusers calls the pipeline that takes pictures apart.
const LAYERED: &str = "QwenImageLayeredPipeline";

/// What diffusers calls the pipeline of FLUX.1.
const FLUX_1: &str = "FluxPipeline";

/// `model_index.json`, the part that matters.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ModelIndex {
    #[serde(rename = "_class_name", default)]
    class_name: String,
    #[serde(default)]
    is_distilled: bool,
}

impl ModelIndex {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("model_index.json");
        let damaged = |reason: &dyn std::fmt::Display| {
            Error::ModelBroken(format!("`{}` is damaged: {reason}", path.display()))
        };
        let unreadable = |error: std::io::Error| {
            Error::ModelMissing(format!("cannot read `{}`: {error}", path.display()))
        };
        if fs::metadata(&path).map_err(unreadable)?.len() > MAX_INDEX_BYTES {
            return Err(damaged(&"it is too large"));
        }
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        let index: Self = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        if index.class_name.is_empty() {
            return Err(damaged(&"it names no `_class_name`"));
        }
        match index.class_name.as_str() {
            "Flux2KleinPipeline"
            | "Flux2KleinInpaintPipeline"
            | "Flux2KleinKVPipeline"
            | FLUX_1
            | LAYERED => Ok(index),
            other => Err(Error::ModelBroken(format!(
                "`{}` holds a model of the kind `{other}`; FLUX.1, FLUX.2-klein and Qwen-Image-Layered are supported",
                folder.display()
            ))),
        }
    }

    pub(super) fn family(&self) -> Family {
        match self.class_name.as_str() {
            FLUX_1 => Family::Flux1,
            LAYERED => Family::QwenImageLayered,
            _ => Family::Flux2Klein,
        }
    }

    /// Whether it runs in a few steps; the index of FLUX.1 does not say, its transformer does.
    pub(super) fn is_distilled(&self, folder: &Path) -> bool {
        if self.family() != Family::Flux1 {
            return self.is_distilled;
        }
        let config = folder.join("transformer/config.json");
        read_config(&config, flux1::Config::parse).is_ok_and(|config| !config.guidance_embeds)
    }

    pub(super) fn is_kv(&self) -> bool {
        self.class_name == "Flux2KleinKVPipeline"
    }
}
