//! What a download will do, before a byte is asked for.

use std::path::{Path, PathBuf};

use downloads::{Item, Sha256};
use engine::{Catalog, Licence, Part, PartFile, Roots};

use crate::{Error, Result, licences};

/// A file that is to come.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Where from, where to, and what it has to be.
    pub item: Item,
    /// The part that it belongs to.
    pub part: String,
    /// Whether it holds numbers, rather than what is said about them.
    pub is_weights: bool,
}

/// What is needed of a model or part, and what of it is there.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The id that was asked for.
    pub id: String,
    /// The terms, accepted or not.
    pub licences: Vec<Licence>,
    /// Whether a publisher wants to know who asks.
    pub gated: bool,
    /// What is to come.
    pub files: Vec<Planned>,
    /// Files that are there.
    pub there: usize,
}

impl Plan {
    /// Looks at the catalogue and the disk; asks nobody.
    ///
    /// # Errors
    /// If there is nothing of that id to download, or no folder to put it into.
    pub fn new(catalog: &Catalog, roots: &Roots, endpoint: &str, id: &str) -> Result<Self> {
        let parts = catalog.parts_of(id);
        if parts.is_empty() {
            let known = catalog.downloadable().join(", ");
            return Err(Error::Unknown(format!(
                "nothing called `{id}` can be downloaded; known are {known}"
            )));
        }
        let target = roots.downloads().ok_or_else(|| {
            Error::Unknown("there is no folder for models: HOME is not set".into())
        })?;
        let own = catalog.models().iter().find(|model| model.id == id);
        let mut plan = Self {
            id: id.to_owned(),
            licences: catalog.licences_of(id).into_iter().cloned().collect(),
            gated: parts.iter().any(|part| part.gated),
            files: Vec::new(),
            there: 0,
        };
        for part in parts {
            let component = part.component.folder();
            let is_elsewhere = own
                .is_some_and(|model| component.is_some_and(|component| has_own(model, component)));
            let is_there = roots.models.iter().any(|root| part.is_below(root));
            if is_elsewhere || is_there {
                plan.there += part.files.len();
            } else {
                plan.add(part, target, endpoint)?;
            }
        }
        Ok(plan)
    }

    fn add(&mut self, part: &Part, target: &Path, endpoint: &str) -> Result<()> {
        let folder = target.join(&part.folder);
        for file in &part.files {
            if file.is_below(&folder) {
                self.there += 1;
            } else {
                let item = item(part, file, folder.join(&file.path), endpoint)?;
                self.files.push(Planned {
                    item,
                    part: part.id.clone(),
                    is_weights: file.is_weights(),
                });
            }
        }
        Ok(())
    }

    /// Bytes to come, as far as they are known; `false` if there are files of unknown size.
    #[must_use]
    pub fn bytes(&self) -> (u64, bool) {
        let sizes = || self.files.iter().map(|file| file.item.size);
        (sizes().flatten().sum(), sizes().all(|size| size.is_some()))
    }

    /// The terms that are yet to be accepted.
    #[must_use]
    pub fn open_licences(&self, roots: &Roots) -> Vec<&Licence> {
        let is_open = |licence: &&Licence| !licences::is_accepted(roots, licence);
        self.licences.iter().filter(is_open).collect()
    }

    /// Where its files go.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self
            .files
            .iter()
            .filter_map(|file| file.item.target.parent().map(Path::to_owned))
            .collect();
        folders.dedup();
        folders
    }
}

/// Whether a model has a component somewhere: beside its other parts, or in a linked folder.
fn has_own(model: &engine::Model, component: &str) -> bool {
    let place = match component {
        "transformer" => &model.files.transformer,
        "text_encoder" => &model.files.text_encoder,
        _ => &model.files.vae,
    };
    place.is_some() || engine::has_weights(&model.folder.join(component))
}

fn item(part: &Part, file: &PartFile, target: PathBuf, endpoint: &str) -> Result<Item> {
    let sha256: Option<Sha256> =
        file.sha256.as_deref().map(str::parse).transpose().map_err(Error::Unknown)?;
    let page = format!("{endpoint}/{}", part.repository);
    let url = format!("{page}/resolve/{}/{}", quoted(&part.revision), quoted(&file.path));
    Ok(Item { url, page, target, size: file.size, sha256 })
}

/// A path as addresses have it.
fn quoted(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_two_models_share_are_in_both_plans_once() {
        let home = tempfile::tempdir().expect("a folder");
        let roots = Roots { models: vec![home.path().to_owned()], ..Roots::default() };
        let catalog = Catalog::load(&roots).expect("a catalogue");
        let targets = |id: &str| -> Vec<PathBuf> {
            let plan = Plan::new(&catalog, &roots, "https://huggingface.co", id).expect("a plan");
            plan.files.into_iter().map(|file| file.item.target).collect()
        };
        let (distilled, base) = (targets("klein-4b"), targets("klein-base-4b"));
        let vae = home.path().join("FLUX.2-klein-4B/vae/diffusion_pytorch_model.safetensors");
        assert!(distilled.contains(&vae) && base.contains(&vae));
        assert!(base.iter().any(|path| !distilled.contains(path)));
        let nine = Plan::new(&catalog, &roots, "https://h.co", "klein-9b").expect("a plan");
        assert!(nine.gated && nine.licences.iter().any(|licence| !licence.commercial));
        assert!(
            nine.files[0]
                .item
                .url
                .starts_with("https://h.co/black-forest-labs/FLUX.2-klein-9B/resolve/main/")
        );
    }

    #[test]
    fn names_become_addresses() {
        assert_eq!(quoted("a b/c#d.gguf"), "a%20b/c%23d.gguf");
    }
}
