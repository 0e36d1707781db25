//! Which models there are: `models.toml` and what lies in the model folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use weights::Checkpoint;

use crate::{Error, PartFiles, Result, parts::kind};

/// The catalogue that ships with the app.
const BUILT_IN: &str = include_str!("../../../../models.toml");
/// The ids of the models that need no download; below the folder of what ships with the app.
const STARTER_IDS: [&str; 2] = ["starter", "starter-layered"];

/// Where models are looked for. The shell decides; the engine reads no environment.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The folder of the starter model that paints; the one that takes pictures apart lies beside it.
    pub starter: PathBuf,
    /// Folders that hold one folder per model.
    pub models: Vec<PathBuf>,
}

impl Roots {
    /// The folder of a model that ships with the app.
    fn starter(&self, id: &str) -> Option<PathBuf> {
        match STARTER_IDS.iter().position(|starter| *starter == id)? {
            0 => Some(self.starter.clone()),
            _ => Some(self.starter.parent()?.join(id)),
        }
    }
}

/// What a model is and therefore does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Paints pictures from words and references.
    #[default]
    #[serde(rename = "flux2-klein")]
    Flux2Klein,
    /// Takes pictures apart into layers.
    QwenImageLayered,
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
    fn of(family: Family, distilled: bool) -> Self {
        let max_sequence_length = 512;
        match family {
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

/// The models of this machine, ready ones first.
#[derive(Debug, Clone)]
pub struct Catalog {
    models: Vec<Model>,
}

impl Catalog {
    /// Reads the built-in catalogue and looks into the roots. A damaged folder is listed as not ready.
    ///
    /// # Errors
    /// If the built-in catalogue is damaged, which a test excludes.
    pub fn load(roots: &Roots) -> Result<Self> {
        let file: CatalogFile = toml::from_str(BUILT_IN)
            .map_err(|error| Error::ModelBroken(format!("models.toml: {}", error.message())))?;
        let mut models: Vec<Model> = Vec::new();
        let mut known: Vec<PathBuf> = Vec::new();
        for entry in file.model {
            let folder = roots.starter(&entry.id).or_else(|| {
                roots.models.iter().map(|root| root.join(&entry.folder)).find(|path| path.is_dir())
            });
            known.extend(folder.clone());
            models.push(entry.into_model(folder));
        }
        for folder in roots.models.iter().flat_map(|root| subfolders(root)) {
            if !known.contains(&folder) && folder.join("model_index.json").is_file() {
                models.push(model_in_folder(&folder));
            }
        }
        // Stable: real models that are there, then the starter, then what could be downloaded.
        models.sort_by_key(|model| (!model.is_ready(), model.is_starter));
        Ok(Self { models })
    }

    /// Every model, ready ones first; the first is the default.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model that `name` means: an id, a name, or a folder; `None` means the first of a family
    /// that is ready.
    ///
    /// # Errors
    /// [`Error::ModelMissing`] or [`Error::ModelBroken`]; [`Error::InvalidRequest`] if it is of
    /// another family.
    pub fn find_for(&self, family: Family, name: Option<&str>) -> Result<Model> {
        let Some(name) = name else {
            let kind = match family {
                Family::Flux2Klein => "paints pictures",
                Family::QwenImageLayered => "splits pictures into layers",
            };
            return self
                .models
                .iter()
                .find(|model| model.family == family && model.is_ready())
                .cloned()
                .ok_or_else(|| Error::ModelMissing(format!("no model that {kind} is installed")));
        };
        let model = self.find(name)?;
        match (family, model.family) {
            (Family::Flux2Klein, Family::QwenImageLayered) => Err(Error::InvalidRequest(format!(
                "`{name}` splits pictures into layers; it does not paint them from words"
            ))),
            (Family::QwenImageLayered, Family::Flux2Klein) => Err(Error::InvalidRequest(format!(
                "`{name}` paints pictures from words; it does not split them into layers"
            ))),
            _ => Ok(model),
        }
    }

    /// The model that a choice means, with the files that stand in for its parts.
    ///
    /// # Errors
    /// As [`Self::find_for`], and if a file holds something else than it is given for, or a part is
    /// nowhere.
    pub fn choose(&self, family: Family, choice: &Choice<'_>) -> Result<Model> {
        let file = choice.model.map(Path::new).filter(|path| path.is_file());
        if file.is_none() && choice.base.is_none() && choice.text_encoder.or(choice.vae).is_none() {
            return self.find_for(family, choice.model);
        }
        for (path, component) in
            [(file, "transformer"), (choice.text_encoder, "text_encoder"), (choice.vae, "vae")]
        {
            if let Some(path) = path {
                Checkpoint::open_part(path, kind(family, component))?;
            }
        }
        let mut model = match file {
            None => self.named(choice.model.or(choice.base).unwrap_or_default())?,
            Some(file) => {
                let mut model = self.lender(family, file, choice.base)?;
                let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
                (model.id, model.name) = (stem.clone().into_owned(), stem.into_owned());
                model.is_starter = false;
                model
            }
        };
        if model.family != family {
            let name = choice.base.or(choice.model).unwrap_or_default();
            return Err(Error::InvalidRequest(format!("`{name}` is a model for another task")));
        }
        model.files = PartFiles {
            transformer: file.map(Path::to_owned),
            text_encoder: choice.text_encoder.map(Path::to_owned),
            vae: choice.vae.map(Path::to_owned),
        };
        model.missing = missing_parts(&model.folder, family, &model.files);
        match model.missing.first() {
            None => Ok(model),
            Some(missing) => Err(Error::ModelMissing(format!("{missing}: {LENDING}"))),
        }
    }

    /// What lends a transformer's file the rest: what the user names, the folder that the file lies
    /// in, or the first model of its family that is installed.
    fn lender(&self, family: Family, file: &Path, base: Option<&str>) -> Result<Model> {
        if let Some(base) = base {
            return self.named(base);
        }
        let around = file.ancestors().skip(1).take(2);
        if let Some(folder) = around.into_iter().find(|f| f.join("model_index.json").is_file()) {
            ModelIndex::read(folder)?;
            return Ok(model_in_folder(folder));
        }
        let installed =
            |model: &&Model| model.family == family && model.is_ready() && !model.is_starter;
        self.models.iter().find(installed).cloned().ok_or_else(|| {
            Error::ModelMissing(format!(
                "`{}` is a transformer alone, and nothing lends it a tokenizer: {LENDING}",
                file.display()
            ))
        })
    }

    /// The model that `name` means: an id, a name, or a folder.
    ///
    /// # Errors
    /// [`Error::ModelMissing`] or [`Error::ModelBroken`].
    pub fn find(&self, name: &str) -> Result<Model> {
        let model = self.named(name)?;
        match model.missing.first() {
            None => Ok(model),
            Some(missing) => {
                Err(Error::ModelMissing(format!("model `{name}` is not ready: {missing}")))
            }
        }
    }

    /// As [`Self::find`], whether or not all of it is there.
    fn named(&self, name: &str) -> Result<Model> {
        let listed = self
            .models
            .iter()
            .find(|model| model.id == name || model.name.eq_ignore_ascii_case(name));
        match listed {
            Some(model) => Ok(model.clone()),
            None => self.find_folder(Path::new(name)),
        }
    }

    fn find_folder(&self, folder: &Path) -> Result<Model> {
        if !folder.is_dir() {
            let ids: Vec<&str> = self.models.iter().map(|model| model.id.as_str()).collect();
            return Err(Error::ModelMissing(format!(
                "no model or folder is called `{}`; known models: {}",
                folder.display(),
                ids.join(", ")
            )));
        }
        let same = |model: &&Model| matches!((fs::canonicalize(&model.folder), fs::canonicalize(folder)), (Ok(a), Ok(b)) if a == b);
        if let Some(model) = self.models.iter().find(same) {
            return Ok(model.clone());
        }
        if !folder.join("model_index.json").is_file() {
            return Err(Error::ModelMissing(format!(
                "`{}` holds no model: it has no model_index.json",
                folder.display()
            )));
        }
        // A folder named by the user must be right, not merely listed.
        ModelIndex::read(folder)?;
        Ok(model_in_folder(folder))
    }
}

fn model_in_folder(folder: &Path) -> Model {
    let name = folder
        .file_name()
        .map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned());
    let (index, mut missing) = match ModelIndex::read(folder) {
        Ok(index) => (index, Vec::new()),
        Err(error) => (ModelIndex::default(), vec![error.to_string()]),
    };
    missing.extend(missing_parts(folder, index.family(), &PartFiles::default()));
    Model {
        family: index.family(),
        id: name.clone(),
        name,
        note: "From your model folder.".into(),
        folder: folder.to_owned(),
        files: PartFiles::default(),
        is_starter: false,
        distilled: index.is_distilled,
        kv_references: index.is_kv(),
        defaults: Defaults::of(index.family(), index.is_distilled),
        missing,
    }
}

/// What to do where a part is nowhere.
const LENDING: &str = "give --text-encoder and --vae their files, or --base a model's folder, which lends what is not given";

fn missing_parts(folder: &Path, family: Family, files: &PartFiles) -> Vec<String> {
    let processor = (family == Family::QwenImageLayered).then_some("processor");
    ["scheduler", "text_encoder", "tokenizer", "transformer", "vae"]
        .into_iter()
        .chain(processor)
        .filter(|part| files.given(part).is_none() && !folder.join(part).is_dir())
        .map(|part| format!("`{}` is missing", folder.join(part).display()))
        .collect()
}

fn subfolders(root: &Path) -> Vec<PathBuf> {
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

/// `model_index.json`, the part that matters.
#[derive(Debug, Default, Deserialize)]
struct ModelIndex {
    #[serde(rename = "_class_name", default)]
    class_name: String,
    #[serde(default)]
    is_distilled: bool,
}

impl ModelIndex {
    fn read(folder: &Path) -> Result<Self> {
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
            | LAYERED => Ok(index),
            other => Err(Error::ModelBroken(format!(
                "`{}` holds a model of the kind `{other}`; FLUX.2-klein and Qwen-Image-Layered are supported",
                folder.display()
            ))),
        }
    }

    fn family(&self) -> Family {
        if self.class_name == LAYERED { Family::QwenImageLayered } else { Family::Flux2Klein }
    }

    fn is_kv(&self) -> bool {
        self.class_name == "Flux2KleinKVPipeline"
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    model: Vec<CatalogEntry>,
}

/// One `[[model]]` of `models.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogEntry {
    id: String,
    name: String,
    note: String,
    /// Its folder below a model root.
    folder: String,
    /// Where its publisher offers it.
    #[serde(default)]
    repository: String,
    #[expect(dead_code, reason = "shown before a download, which comes with the model pool")]
    licence: String,
    #[serde(default)]
    family: Family,
    #[serde(default)]
    distilled: bool,
    #[serde(default)]
    kv_references: bool,
    width: u32,
    height: u32,
    steps: usize,
    guidance: f64,
    max_sequence_length: usize,
    #[serde(default)]
    layers: u32,
}

impl CatalogEntry {
    fn into_model(self, folder: Option<PathBuf>) -> Model {
        let mut model = Model {
            is_starter: STARTER_IDS.contains(&self.id.as_str()),
            family: self.family,
            id: self.id,
            name: self.name,
            note: self.note,
            folder: PathBuf::new(),
            files: PartFiles::default(),
            distilled: self.distilled,
            kv_references: self.kv_references,
            defaults: Defaults {
                width: self.width,
                height: self.height,
                steps: self.steps,
                guidance: self.guidance,
                max_sequence_length: self.max_sequence_length,
                layers: self.layers,
            },
            missing: Vec::new(),
        };
        match folder {
            None => model.missing.push(format!(
                "get `{}` and put its folder `{}` into a model folder",
                self.repository, self.folder
            )),
            Some(folder) => {
                match ModelIndex::read(&folder) {
                    Ok(index) if index.family() != model.family => model
                        .missing
                        .push(format!("`{}` holds another kind of model", folder.display())),
                    // The folder knows best what it holds.
                    Ok(index) => model.distilled = index.is_distilled,
                    Err(error) => model.missing.push(error.to_string()),
                }
                model.missing.extend(missing_parts(&folder, model.family, &model.files));
                model.folder = folder;
            }
        }
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_lists_the_starter_and_the_klein_family() {
        let catalog = Catalog::load(&Roots::default()).expect("models.toml is valid");
        let ids: Vec<&str> = catalog.models().iter().map(|model| model.id.as_str()).collect();
        for id in [
            "starter",
            "starter-layered",
            "qwen-image-layered",
            "klein-4b",
            "klein-9b",
            "klein-base-4b",
            "klein-base-9b",
        ] {
            assert!(ids.contains(&id), "`{id}` is missing from {ids:?}");
        }
    }

    #[test]
    fn a_name_that_is_nothing_is_refused_with_the_known_ones() {
        let catalog = Catalog::load(&Roots::default()).expect("models.toml is valid");
        let error = catalog.find("klein-5b").expect_err("there is no such model");
        assert!(error.to_string().contains("klein-4b"), "{error}");
    }
}
