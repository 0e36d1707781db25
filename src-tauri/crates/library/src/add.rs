//! Something of the user's own: a folder, a file of weights, or entries for the catalogue.

use std::path::{Path, PathBuf};

use engine::{Catalog, Contents, LinkedFolders, Roots};

use crate::{Error, Result};

/// What was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// A folder or file that is used where it is; `false` if it was linked before.
    Linked(PathBuf, bool),
    /// Entries of the catalogue; the ids of their models.
    Entries(Vec<String>),
}

/// Adds what `path` is, told by its content.
///
/// # Errors
/// If it is nothing that can be used.
pub fn add(roots: &Roots, path: &Path) -> Result<Added> {
    let refused = |reason: &str| Error::Unknown(format!("`{}`: {reason}", path.display()));
    if path.is_dir() {
        let (path, is_new) = LinkedFolders::link(roots, path)?;
        return Ok(Added::Linked(path, is_new));
    }
    if !path.is_file() {
        return Err(refused("there is no such file or folder"));
    }
    match Catalog::contents_of(path) {
        Some(Contents::Unusable(reason)) => Err(refused(&reason)),
        Some(Contents::Part { .. } | Contents::Lora) => {
            let (path, is_new) = LinkedFolders::link(roots, path)?;
            Ok(Added::Linked(path, is_new))
        }
        None => Ok(Added::Entries(Catalog::add_entries(roots, path)?)),
    }
}
