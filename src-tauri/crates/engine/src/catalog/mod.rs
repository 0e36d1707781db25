//! Which models there are: catalogues, and what lies in the model folders.

mod assemble;
mod entries;
mod folder;
mod linked;
mod model;
mod recognition;
mod scan;
mod user_entries;

use std::{
    fs,
    path::{Path, PathBuf},
};

use weights::Checkpoint;

pub use entries::{Licence, Part, PartComponent, PartFile};
pub use folder::has_weights;
pub use linked::LinkedFolders;
pub use model::{Choice, Defaults, Family, Model};
pub use recognition::Contents;
pub use scan::{Finding, FoundLora, Root, RootState};

use crate::{
    Error, PartFiles, Result,
    parts::{kind, reader},
};
use entries::{Entries, Entry};
use folder::{ModelIndex, missing_parts, model_in_folder, subfolders};
use model::is_schnell;
use recognition::Recognitions;

/// The ids of the models that need no download; below the folder of what ships with the app.
const STARTER_IDS: [&str; 2] = ["starter", "starter-layered"];
/// The user's own entries, in the folder of settings.
const USER_CATALOG: &str = "models.toml";

/// What to do where a part is nowhere.
const LENDING: &str = "give --text-encoder and --vae their files, or --base a model's folder, which lends what is not given";

/// Where models are looked for. The shell decides; the engine reads no environment.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The folder of the starter model that paints; the one that takes pictures apart lies beside it.
    pub starter: PathBuf,
    /// Folders that hold one folder per model. Downloads go into the last.
    pub models: Vec<PathBuf>,
    /// Where the user's settings lie: entries of their own, and which folders are linked.
    pub config: Option<PathBuf>,
    /// Where notes are kept that can be made again.
    pub cache: Option<PathBuf>,
}

impl Roots {
    /// The folder of a model that ships with the app.
    fn starter(&self, id: &str) -> Option<PathBuf> {
        match STARTER_IDS.iter().position(|starter| *starter == id)? {
            0 => Some(self.starter.clone()),
            _ => Some(self.starter.parent()?.join(id)),
        }
    }

    /// Where the user's own entries are, whether or not there are any.
    #[must_use]
    pub fn user_catalog(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join(USER_CATALOG))
    }

    /// The folder that downloads go into.
    #[must_use]
    pub fn downloads(&self) -> Option<&Path> {
        self.models.last().map(PathBuf::as_path)
    }
}

/// The models of this machine, ready ones first.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    models: Vec<Model>,
    entries: Entries,
    roots: Vec<Root>,
    loras: Vec<FoundLora>,
    notices: Vec<String>,
}

impl Catalog {
    /// Reads the catalogues and looks into the roots and the linked folders. A damaged folder is listed
    /// as not ready; a damaged catalogue of the user's is a notice.
    ///
    /// # Errors
    /// If the built-in catalogue is damaged, which a test excludes.
    pub fn load(roots: &Roots) -> Result<Self> {
        let mut catalog =
            Self { entries: Entries::built_in().map_err(Error::ModelBroken)?, ..Self::default() };
        if let Some(path) = roots.user_catalog().filter(|path| path.exists()) {
            match Entries::read(&path, &catalog.entries) {
                Ok(entries) => catalog.entries.extend(entries),
                Err(reason) => catalog.notices.push(reason),
            }
        }
        let linked = match LinkedFolders::read(roots) {
            Ok(linked) => linked,
            Err(error) => {
                catalog.notices.push(error.to_string());
                LinkedFolders::default()
            }
        };
        let recognitions = Recognitions::open(roots.cache.as_deref());
        catalog.roots =
            linked.folders().iter().map(|folder| scan::scan(folder, &recognitions)).collect();
        catalog.add_models(roots, &recognitions);
        catalog.loras = scan::fit_loras(&catalog.roots, &catalog.models, &recognitions);
        recognitions.save();
        Ok(catalog)
    }

    fn add_models(&mut self, roots: &Roots, recognitions: &Recognitions) {
        let mut known: Vec<PathBuf> = Vec::new();
        let mut models = Vec::new();
        for entry in &self.entries.models {
            let folder = roots.starter(&entry.id).or_else(|| {
                roots.models.iter().map(|root| root.join(&entry.folder)).find(|path| path.is_dir())
            });
            known.extend(folder.clone());
            let files = self.part_files(entry, folder.as_deref(), roots, recognitions);
            models.push(model_of(entry, folder, files));
        }
        let own = roots.models.iter().flat_map(|root| subfolders(root));
        let own = own.filter(|folder| folder.join("model_index.json").is_file());
        let linked = self.roots.iter().flat_map(|root| root.folders.iter().cloned());
        for folder in own.chain(linked) {
            // What holds parts of another model alone is none.
            let is_known = known.iter().any(|other| same(other, &folder));
            if !is_known {
                let mut model = model_in_folder(&folder);
                model.id = assemble::free_id(&model.id, &models);
                models.push(model);
                known.push(folder);
            }
        }
        assemble::add_loose(&self.roots, recognitions, &mut models);
        // Stable: real models that are there, then the starter, then what could be downloaded.
        models.sort_by_key(|model| (!model.is_ready(), model.is_starter));
        self.models = models;
    }

    /// Where the parts of an entry lie that are not in its own folder.
    fn part_files(
        &self,
        entry: &Entry,
        own: Option<&Path>,
        roots: &Roots,
        recognitions: &Recognitions,
    ) -> PartFiles {
        let mut files = PartFiles::default();
        for part in self.entries.parts_of(&entry.id) {
            let Some(component) = part.component.folder() else { continue };
            if own.is_some_and(|own| folder::has_weights(&own.join(component))) {
                continue;
            }
            let in_root = |root: &PathBuf| part.is_below(root).then(|| part.place(root));
            let place = roots.models.iter().find_map(in_root);
            let place = place.or_else(|| recognitions.place_of(part, &self.roots));
            match component {
                "transformer" => files.transformer = place,
                "text_encoder" => files.text_encoder = place,
                _ => files.vae = place,
            }
        }
        files
    }

    /// What a file, or the folder of a component, holds; `None` if it is no file of weights.
    #[must_use]
    pub fn contents_of(path: &Path) -> Option<Contents> {
        Recognitions::default().of(path)
    }

    /// Adds the entries of a file to the user's own catalogue; gives the ids of the new models.
    ///
    /// # Errors
    /// If the file is no catalogue, says what cannot be, or nothing can be kept.
    pub fn add_entries(roots: &Roots, path: &Path) -> Result<Vec<String>> {
        user_entries::add(roots, path)
    }

    /// The SHA-256 of a file, if it was noted since the file changed.
    #[must_use]
    pub fn noted_hash(roots: &Roots, path: &Path) -> Option<String> {
        Recognitions::open(roots.cache.as_deref()).sha256(path)
    }

    /// Notes the SHA-256 of a file: one in a linked folder then stands in for a part with that hash.
    pub fn note_hash(roots: &Roots, path: &Path, sha256: &str) {
        let recognitions = Recognitions::open(roots.cache.as_deref());
        recognitions.remember_sha256(path, sha256);
        recognitions.save();
    }

    /// Every model, ready ones first; the first is the default.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The linked folders and what was found in them.
    #[must_use]
    pub fn linked(&self) -> &[Root] {
        &self.roots
    }

    /// LoRAs in the linked folders.
    #[must_use]
    pub fn loras(&self) -> &[FoundLora] {
        &self.loras
    }

    /// What the user should know: catalogues that could not be read.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// What a model of the catalogue is made of, or the part of that id; empty if nothing is known.
    #[must_use]
    pub fn parts_of(&self, id: &str) -> Vec<&Part> {
        self.entries.parts_of(id)
    }

    /// Whether the weights of a part lie in a linked folder, told by hashes that were noted.
    #[must_use]
    pub fn is_part_linked(&self, roots: &Roots, id: &str) -> bool {
        let recognitions = Recognitions::open(roots.cache.as_deref());
        let part = self.entries.part(id);
        part.is_some_and(|part| recognitions.place_of(part, &self.roots).is_some())
    }

    /// The ids of all that can be downloaded: models, then parts.
    #[must_use]
    pub fn downloadable(&self) -> Vec<&str> {
        let models = self.entries.models.iter().filter(|model| !model.parts.is_empty());
        let parts = self.entries.parts.iter().map(|part| part.id.as_str());
        models.map(|model| model.id.as_str()).chain(parts).collect()
    }

    /// On which terms a model or part of the catalogue may be used: its own, and those of its parts.
    #[must_use]
    pub fn licences_of(&self, id: &str) -> Vec<&Licence> {
        let own = self.entries.models.iter().find(|model| model.id == id);
        let ids = own.map(|model| &model.licence).into_iter();
        let parts = self.parts_of(id);
        let mut licences: Vec<&Licence> = Vec::new();
        for id in ids.chain(parts.iter().map(|part| &part.licence)) {
            let Some(licence) = self.entries.licence(id) else { continue };
            if !licences.contains(&licence) {
                licences.push(licence);
            }
        }
        licences
    }

    /// GiB of memory with which a model of the catalogue works well.
    #[must_use]
    pub fn recommended_memory(&self, id: &str) -> Option<u32> {
        self.entries.models.iter().find(|model| model.id == id)?.memory_gib
    }

    /// The model that `name` means: an id, a name, or a folder; `None` means the first that is ready
    /// and does what a family does.
    ///
    /// # Errors
    /// [`Error::ModelMissing`] or [`Error::ModelBroken`]; [`Error::InvalidRequest`] if it does
    /// something else.
    pub fn find_for(&self, family: Family, name: Option<&str>) -> Result<Model> {
        let Some(name) = name else {
            let kind = match family.paints() {
                true => "paints pictures",
                false => "splits pictures into layers",
            };
            return self
                .models
                .iter()
                .find(|model| model.family.paints() == family.paints() && model.is_ready())
                .cloned()
                .ok_or_else(|| Error::ModelMissing(format!("no model that {kind} is installed")));
        };
        let model = self.find(name)?;
        match (family.paints(), model.family.paints()) {
            (true, false) => Err(Error::InvalidRequest(format!(
                "`{name}` splits pictures into layers; it does not paint them from words"
            ))),
            (false, true) => Err(Error::InvalidRequest(format!(
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
        let is_alone = choice.base.is_none() && choice.text_encoder.or(choice.vae).is_none();
        if let Some(model) = file.filter(|_| is_alone).and_then(|file| self.assembled(file)) {
            return Ok(model.clone());
        }
        if file.is_none() && choice.base.is_none() && choice.text_encoder.or(choice.vae).is_none() {
            return self.find_for(family, choice.model);
        }
        let family = self.family_of(family, file, choice)?;
        for (path, component) in
            [(file, "transformer"), (choice.text_encoder, reader(family)), (choice.vae, "vae")]
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
            let other = match model.family.paints() == family.paints() {
                true => "of another family",
                false => "for another task",
            };
            return Err(Error::InvalidRequest(format!("`{name}` is a model {other}")));
        }
        if let Some(file) = file.filter(|_| family == Family::Flux1) {
            // What lends the rest may be of the other kind.
            model.distilled = is_schnell(file)?;
            model.defaults = Defaults::of(family, model.distilled);
        }
        let owned = |path: Option<&Path>| path.map(Path::to_owned);
        let (text, vae) = (owned(choice.text_encoder), owned(choice.vae));
        model.files = PartFiles::of(family, owned(file), text, vae);
        model.missing = missing_parts(&model.folder, family, &model.files);
        match model.missing.first() {
            None => Ok(model),
            Some(missing) => Err(Error::ModelMissing(format!("{missing}: {LENDING}"))),
        }
    }

    /// The family that a choice is about, if it does what `family` does: a file tells it by its
    /// content, a name by what it means.
    fn family_of(
        &self,
        family: Family,
        file: Option<&Path>,
        choice: &Choice<'_>,
    ) -> Result<Family> {
        let found = match file {
            Some(file) => Checkpoint::open_file(file)?.kind().and_then(Family::of),
            None => self
                .named(choice.model.or(choice.base).unwrap_or_default())
                .ok()
                .map(|model| model.family),
        };
        Ok(found.filter(|found| found.paints() == family.paints()).unwrap_or(family))
    }

    /// The model that a file in a linked folder was put together to.
    fn assembled(&self, file: &Path) -> Option<&Model> {
        let is_it = |model: &&Model| {
            model.is_ready() && model.files.transformer.as_deref().is_some_and(|t| same(t, file))
        };
        self.models.iter().find(is_it)
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

/// Whether two paths are one folder.
fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// An entry of a catalogue, with what of it is there.
fn model_of(entry: &Entry, folder: Option<PathBuf>, files: PartFiles) -> Model {
    let mut model = Model {
        is_starter: STARTER_IDS.contains(&entry.id.as_str()),
        family: entry.family,
        id: entry.id.clone(),
        name: entry.name.clone(),
        note: entry.note.clone(),
        folder: PathBuf::new(),
        files,
        distilled: entry.distilled,
        kv_references: entry.kv_references,
        defaults: entry.defaults(),
        missing: Vec::new(),
    };
    let Some(folder) = folder else {
        let missing = if entry.parts.is_empty() {
            format!(
                "get `{}` and put its folder `{}` into a model folder",
                entry.repository, entry.folder
            )
        } else {
            format!(
                "its folder `{}` is not here; Models in the window, or `asset-editor models download {}`, gets it",
                entry.folder, entry.id
            )
        };
        model.missing.push(missing);
        return model;
    };
    match ModelIndex::read(&folder) {
        Ok(index) if index.family() != model.family => {
            model.missing.push(format!("`{}` holds another kind of model", folder.display()));
        }
        // The folder knows best what it holds.
        Ok(index) => model.distilled = index.is_distilled(&folder),
        Err(error) => model.missing.push(error.to_string()),
    }
    model.missing.extend(missing_parts(&folder, model.family, &model.files));
    model.folder = folder;
    model
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
            "flux1-schnell",
            "flux1-dev",
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
