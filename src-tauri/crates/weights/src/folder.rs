//! Which files a component's folder is made of.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// The names under which diffusers and transformers save a component.
const STEMS: [&str; 2] = ["diffusion_pytorch_model", "model"];

/// Larger files are no index.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// The files of a component's folder, all of which are there; none of them is opened.
///
/// # Errors
/// If one is missing, or the index is damaged.
pub fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = files_of(folder)?;
    match files.iter().find(|file| !file.is_file()) {
        Some(missing) => Err(Error::Missing { path: missing.clone() }),
        None => Ok(files),
    }
}

/// One file, or several with an index.
///
/// # Errors
/// If they are missing, or the index is damaged.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    for stem in STEMS {
        let single = folder.join(format!("{stem}.safetensors"));
        if single.is_file() {
            return Ok(vec![single]);
        }
        let index = folder.join(format!("{stem}.safetensors.index.json"));
        if index.is_file() {
            return files_of_index(folder, &index);
        }
    }
    // Not how diffusers saves, but how people replace a part by a smaller one.
    let packed = STEMS.map(|stem| folder.join(format!("{stem}.gguf")));
    match packed.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(vec![path]),
        None => Err(Error::Missing { path: folder.join("*.safetensors") }),
    }
}

fn files_of_index(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, Error> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let io = |source| Error::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > MAX_INDEX_BYTES {
        return Err(damaged("it is too large".into()));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    let index: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let map = index
        .get("weight_map")
        .and_then(serde_json::Value::as_object)
        .ok_or_else(|| damaged("it has no `weight_map`".into()))?;
    let mut names = BTreeSet::new();
    for name in map.values() {
        let name = name.as_str().ok_or_else(|| damaged("a file name is not text".into()))?;
        // An index names files beside it; anything else would let a model read outside its folder.
        if Path::new(name).components().count() != 1 || name == ".." || name == "." {
            return Err(damaged(format!("`{name}` is not a file name")));
        }
        names.insert(name.to_owned());
    }
    if names.is_empty() {
        return Err(damaged("it names no file".into()));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
