//! Models put together from files of linked folders: a transformer, and what fits it.

use std::path::{Path, PathBuf};

use super::{
    Defaults, Family, Model,
    folder::has_weights,
    model::is_schnell,
    recognition::{Contents, Recognitions},
    same,
    scan::{Finding, Root},
};
use crate::{
    PartFiles,
    parts::{kind, reader},
};

/// Adds a model for every transformer that lies alone.
pub(super) fn add_loose(roots: &[Root], recognitions: &Recognitions, models: &mut Vec<Model>) {
    let known: Vec<PathBuf> =
        models.iter().filter_map(|model| model.files.transformer.clone()).collect();
    for root in roots {
        for finding in &root.findings {
            let Contents::Part { kind: found, text, latents } = finding.contents else { continue };
            let Some(family) = Family::of(found) else { continue };
            if known.iter().any(|other| same(other, &finding.path)) {
                continue;
            }
            let shelf = Shelf { roots, near: root, recognitions, models, family };
            let model = shelf.put_together(finding, text, latents);
            let id = free_id(&model.id, models);
            models.push(Model { id, ..model });
        }
    }
}

/// An id that no other model has.
pub(super) fn free_id(wanted: &str, models: &[Model]) -> String {
    let is_free = |id: &str| models.iter().all(|model| model.id != id);
    if is_free(wanted) {
        return wanted.to_owned();
    }
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    numbered.into_iter().find(|id| is_free(id)).unwrap_or_default()
}

/// Where parts of a family are taken from.
struct Shelf<'a> {
    roots: &'a [Root],
    /// The linked folder of the transformer, whose other files come first.
    near: &'a Root,
    recognitions: &'a Recognitions,
    models: &'a [Model],
    family: Family,
}

impl Shelf<'_> {
    fn put_together(&self, file: &Finding, text: Option<u64>, latents: Option<u64>) -> Model {
        let lender = self.lender(text);
        let folder = lender.map(|model| model.folder.clone()).unwrap_or_default();
        let mut missing = Vec::new();
        if lender.is_none() {
            missing.push(self.without_lender());
        }
        let mut part = |component: &'static str, width: Option<u64>, name: &str| {
            let own = folder.join(component);
            if self.fits(&own, component, width) {
                return None;
            }
            let other = self.part(component, width);
            if other.is_none() {
                missing.push(format!("no {name} that fits it is in a linked folder"));
            }
            other
        };
        let text_encoder = part(reader(self.family), text, "text encoder");
        let clip = match self.family {
            Family::Flux1 => part("text_encoder", None, "CLIP text encoder"),
            Family::Flux2Klein | Family::QwenImageLayered => None,
        };
        let vae = part("vae", latents, "autoencoder (VAE)");
        let name = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (transformer, distilled) = (Some(file.path.clone()), self.is_distilled(file, lender));
        let files = PartFiles::of(self.family, transformer, text_encoder, vae);
        Model {
            id: name.clone(),
            name,
            note: "Put together from your linked folders.".into(),
            folder,
            files: PartFiles { text_encoder: clip.or(files.text_encoder), ..files },
            family: self.family,
            is_starter: false,
            distilled,
            kv_references: false,
            defaults: lender
                .filter(|model| model.distilled == distilled)
                .map_or_else(|| Defaults::of(self.family, distilled), |model| model.defaults),
            missing,
        }
    }

    /// Whether it runs in a few steps: the lender knows, unless the transformer itself tells.
    fn is_distilled(&self, file: &Finding, lender: Option<&Model>) -> bool {
        match self.family {
            Family::Flux1 => is_schnell(&file.path).unwrap_or_default(),
            Family::Flux2Klein | Family::QwenImageLayered => {
                lender.is_some_and(|model| model.distilled)
            }
        }
    }

    /// The folder that lends the tokenizer and what else is small; best one whose text encoder fits.
    fn lender(&self, text: Option<u64>) -> Option<&Model> {
        let small = match self.family {
            Family::Flux1 => vec!["tokenizer", "tokenizer_2", "scheduler"],
            Family::Flux2Klein => vec!["tokenizer", "scheduler"],
            Family::QwenImageLayered => vec!["tokenizer", "scheduler", "processor", "text_encoder"],
        };
        let lends = |model: &&Model| {
            model.family == self.family
                && !model.is_starter
                && !model.folder.as_os_str().is_empty()
                && small.iter().all(|name| model.folder.join(name).is_dir())
        };
        let reader = reader(self.family);
        let mut lenders = self.models.iter().filter(lends);
        let best =
            lenders.clone().find(|model| self.fits(&model.folder.join(reader), reader, text));
        best.or_else(|| lenders.next())
    }

    fn without_lender(&self) -> String {
        match self.family {
            Family::Flux1 => {
                "its tokenizers are nowhere; a folder of `black-forest-labs/FLUX.1-schnell` brings them"
                    .into()
            }
            Family::Flux2Klein => {
                "its tokenizer is nowhere; the part `klein-4b-settings` (12 MB) brings it".into()
            }
            Family::QwenImageLayered => {
                "its tokenizer and processor are nowhere; a folder of `Qwen/Qwen-Image-Layered` brings them"
                    .into()
            }
        }
    }

    /// Whether a component's folder or file is what is needed.
    fn fits(&self, path: &Path, component: &str, width: Option<u64>) -> bool {
        if path.is_dir() && !has_weights(path) {
            return false;
        }
        let contents = path.exists().then(|| self.recognitions.of(path)).flatten();
        contents.is_some_and(|contents| self.is_right(&contents, component, width))
    }

    fn is_right(&self, contents: &Contents, component: &str, width: Option<u64>) -> bool {
        let Contents::Part { kind: found, text, latents } = contents else { return false };
        let own = if component == "vae" { latents } else { text };
        *found == kind(self.family, component) && *own == width
    }

    /// A part from the same linked folder, or another one, or a model's folder; the largest, which is
    /// the most faithful.
    fn part(&self, component: &str, width: Option<u64>) -> Option<PathBuf> {
        let others = self.roots.iter().filter(|root| root.path != self.near.path);
        for root in std::iter::once(self.near).chain(others) {
            let right = root
                .findings
                .iter()
                .filter(|finding| self.is_right(&finding.contents, component, width));
            if let Some(best) = right.max_by_key(|finding| finding.size) {
                return Some(best.path.clone());
            }
        }
        let places = self.models.iter().filter(|model| !model.is_starter);
        places
            .map(|model| model.files.path(&model.folder, component))
            .find(|path| self.fits(path, component, width))
    }
}
