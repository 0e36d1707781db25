//! Whether what is there is what it should be.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use downloads::Sha256;
use engine::{Catalog, Model, Roots};

use crate::{Error, Result};

/// What was found out about a file, or about a model's weights together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The model, or the part.
    pub id: String,
    /// The file or folder.
    pub path: PathBuf,
    /// Whether its hash was held against the catalogue's, or its headers alone were read.
    pub is_hashed: bool,
    /// What is wrong; `None` is nothing.
    pub problem: Option<String>,
}

/// Holds the files of a model, or of all that are there, against the catalogue's hashes, and reads the
/// headers of all weights. `on_bytes` hears which file is read and how much of it.
///
/// # Errors
/// If there is no such model or part, or `stop` is set.
pub fn verify(
    catalog: &Catalog,
    roots: &Roots,
    id: Option<&str>,
    stop: &AtomicBool,
    on_bytes: &mut dyn FnMut(&Path, u64),
) -> Result<Vec<Verdict>> {
    let models: Vec<&Model> = match id {
        None => catalog.models().iter().filter(|model| model.is_ready()).collect(),
        Some(id) => catalog.models().iter().filter(|model| model.id == id).collect(),
    };
    if let Some(id) = id
        && models.is_empty()
        && catalog.parts_of(id).is_empty()
    {
        let known: Vec<&str> = catalog.models().iter().map(|model| model.id.as_str()).collect();
        return Err(Error::Unknown(format!(
            "no model is called `{id}`; known are {}",
            known.join(", ")
        )));
    }
    let mut verdicts = Vec::new();
    for model in &models {
        verdicts.push(headers(model));
    }
    let ids = id.map_or_else(|| models.iter().map(|m| m.id.as_str()).collect(), |id| vec![id]);
    for part in ids.iter().flat_map(|id| catalog.parts_of(id)) {
        for file in &part.files {
            let Some(wanted) = &file.sha256 else { continue };
            let places = roots.models.iter().map(|root| root.join(&part.folder).join(&file.path));
            let Some(path) = places.into_iter().find(|path| path.is_file()) else { continue };
            if verdicts.iter().any(|verdict| verdict.path == path) {
                continue;
            }
            let problem = hash(&path, wanted, file.size, stop, on_bytes)?;
            verdicts.push(Verdict { id: part.id.clone(), path, is_hashed: true, problem });
        }
    }
    Ok(verdicts)
}

fn headers(model: &Model) -> Verdict {
    let problem = match model.missing.first() {
        Some(missing) => Some(missing.clone()),
        None => model.check_headers().err().map(|error| error.to_string()),
    };
    let path = if model.folder.as_os_str().is_empty() {
        model.files.transformer.clone().unwrap_or_default()
    } else {
        model.folder.clone()
    };
    Verdict { id: model.id.clone(), path, is_hashed: false, problem }
}

fn hash(
    path: &Path,
    wanted: &str,
    size: Option<u64>,
    stop: &AtomicBool,
    on_bytes: &mut dyn FnMut(&Path, u64),
) -> Result<Option<String>> {
    let length = path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    if let Some(size) = size.filter(|size| *size != length) {
        return Ok(Some(format!("it has {length} bytes instead of {size}")));
    }
    let found = Sha256::of_file(path, |done| {
        on_bytes(path, done);
        stop.load(Ordering::Relaxed)
    });
    if stop.load(Ordering::Relaxed) {
        return Err(downloads::Error::Stopped.into());
    }
    Ok(match found {
        Ok(found) if found.to_string() == wanted => None,
        Ok(found) => Some(format!("its hash is {found} instead of {wanted}")),
        Err(error) => Some(format!("it cannot be read: {error}")),
    })
}
