//! The user's own catalogue, which grows by whole files that were checked.

use std::{fs, io::Write, path::Path};

use super::{Roots, entries::Entries};
use crate::{Error, Result};

/// Adds the entries of a file, as they are written there.
pub(super) fn add(roots: &Roots, path: &Path) -> Result<Vec<String>> {
    let refused = |reason: String| Error::InvalidRequest(reason);
    let target = roots
        .user_catalog()
        .ok_or_else(|| refused("there is no folder for settings: HOME is not set".into()))?;
    let mut known = Entries::built_in().map_err(Error::ModelBroken)?;
    let mut text = String::new();
    if target.exists() {
        known.extend(Entries::read(&target, &known).map_err(refused)?);
        text = fs::read_to_string(&target).map_err(|error| refused(error.to_string()))?;
    }
    let new = Entries::read(path, &known).map_err(refused)?;
    if new.models.is_empty() && new.parts.is_empty() {
        return Err(refused(format!("`{}` has no [[model]] and no [[part]]", path.display())));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text += &fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let written = (|| {
        let folder = target.parent().unwrap_or(&target);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|error| error.error)
    })();
    written
        .map_err(|error| Error::Unwritable { path: target.clone(), reason: error.to_string() })?;
    Ok(new.models.into_iter().map(|model| model.id).collect())
}
