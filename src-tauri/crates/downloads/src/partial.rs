//! What has come so far, and of what.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    Error,
    client::Stated,
    digest::{Name, Sha256},
};

const PARTIAL: &str = ".partial";
const STATE: &str = ".partial.json";
/// What is written here is far smaller.
const MAX_STATE_BYTES: u64 = 1 << 16;

/// A file beside the target, under the target's name with an ending.
pub(crate) fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    target.with_file_name(name)
}

/// Where the bytes of a target are gathered.
pub(crate) fn path(target: &Path) -> PathBuf {
    beside(target, PARTIAL)
}

/// How many bytes have come, and of which file; `None` if there is nothing to go on with.
pub(crate) fn read(target: &Path) -> Option<(u64, Stated)> {
    let length = fs::metadata(path(target)).ok().filter(fs::Metadata::is_file)?.len();
    let state = beside(target, STATE);
    if fs::metadata(&state).ok()?.len() > MAX_STATE_BYTES {
        return None;
    }
    let state: Value = serde_json::from_slice(&fs::read(state).ok()?).ok()?;
    let text = |key: &str| state.get(key).and_then(Value::as_str);
    let sha256 = text("sha256").and_then(|hash| hash.parse::<Sha256>().ok()).map(Name::Sha256);
    let git = text("git_blob").map(|hash| Name::GitBlob(hash.to_owned()));
    let stated = Stated {
        size: state.get("size").and_then(Value::as_u64),
        name: sha256.or(git),
        etag: text("etag").map(str::to_owned),
    };
    Some((length, stated))
}

/// Begins anew: an empty file, and a note of what it will be.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn begin(target: &Path, stated: &Stated) -> Result<(), Error> {
    discard_files(target)?;
    let (sha256, git) = match &stated.name {
        Some(Name::Sha256(hash)) => (Some(hash.to_string()), None),
        Some(Name::GitBlob(hash)) => (None, Some(hash.clone())),
        None => (None, None),
    };
    let state = json!({
        "size": stated.size,
        "sha256": sha256,
        "git_blob": git,
        "etag": stated.etag,
    });
    let path = beside(target, STATE);
    // In one step: half a note could fit another file.
    let draft = beside(target, ".partial.new");
    let written = fs::write(&draft, state.to_string()).and_then(|()| fs::rename(&draft, &path));
    written.map_err(|source| Error::Io { path, source })
}

/// Puts what has come in its place.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn finish(target: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io { path: target.to_owned(), source };
    let partial = path(target);
    fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&partial, target).map_err(failed)?;
    // The content is on the disk; its new name will be at the next sync if not now.
    if let Some(folder) = target.parent() {
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    remove(&beside(target, STATE))
}

/// Removes what has come.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn discard_files(target: &Path) -> Result<(), Error> {
    [PARTIAL, STATE].into_iter().try_for_each(|ending| remove(&beside(target, ending)))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
