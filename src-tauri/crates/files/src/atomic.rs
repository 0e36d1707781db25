//! Files that are there whole or not at all.
//!
//! The new file is written beside the old one, brought to the disk, and put in its place in one step. Who
//! writes holds a lock on the new file, so that what a killed program left can be told from what another
//! one is writing just now.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::NamedTempFile;

use crate::{Error, error::Cause};

const PREFIX: &str = ".asset-editor-";
/// Between the making of a file and its lock there is far less.
const UNLOCKED_FOR: Duration = Duration::from_secs(60);
/// Where the disk knows no locks.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// As many as Linux follows.
const MAX_LINKS: usize = 40;

/// Writes a file whole or not at all. A symbolic link stays one: the file that it names is replaced.
///
/// # Errors
/// What `fill` or the disk failed with; the file that was there is untouched.
pub fn write<T>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<T, Error> {
    let (pending, value) = prepare(path, fill)?;
    pending.commit()?;
    Ok(value)
}

/// A file that is on the disk and has yet to take its place.
#[derive(Debug)]
pub(crate) struct Pending {
    temporary: NamedTempFile,
    /// As the caller said it.
    path: PathBuf,
    /// The file that is replaced.
    target: PathBuf,
}

/// Writes a file that takes its place later.
pub(crate) fn prepare<T>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, Cause>,
) -> Result<(Pending, T), Error> {
    let result = (|| {
        let (target, replaced) = target(path)?;
        let mut temporary = make_temporary(folder(&target))?;
        // Not every disk knows locks.
        let _ = temporary.as_file().try_lock();
        let value = fill(temporary.as_file_mut())?;
        // Temporary files are private; a saved one is as readable as the one that it replaces.
        if let Some(permissions) = permissions(replaced.as_ref()) {
            temporary.as_file().set_permissions(permissions)?;
        }
        temporary.as_file().sync_all()?;
        Ok((Pending { temporary, path: path.to_owned(), target }, value))
    })();
    result.map_err(|cause: Cause| Error::unwritable(path, cause))
}

fn make_temporary(folder: &Path) -> Result<NamedTempFile, Cause> {
    let result = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder);
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if folder.is_dir() => "the folder takes no new files".into(),
        // Without the temporary file's name, which says nothing to anybody.
        kind => io::Error::from(kind).into(),
    })
}

impl Pending {
    /// Puts the file in its place.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let Self { temporary, path, target } = self;
        let unwritable = |error: io::Error| Error::unwritable(&path, error);
        let made = temporary.as_file().metadata().and_then(|metadata| metadata.modified());
        temporary.persist(&target).map_err(|error| unwritable(error.error))?;
        sync_folder(folder(&target)).map_err(unwritable)?;
        if let Ok(made) = made {
            sweep(folder(&target), made);
        }
        Ok(())
    }
}

/// The file that a path names, behind links, and what is there now.
fn target(path: &Path) -> Result<(PathBuf, Option<fs::Metadata>), Cause> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let metadata = match fs::symlink_metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if target.file_name().is_none() {
                    return Err("this is no name of a file".into());
                }
                return Ok((target, None));
            }
            Err(error) => return Err(error.into()),
        };
        if metadata.is_symlink() {
            target = folder(&target).join(fs::read_link(&target)?);
            continue;
        }
        if metadata.is_dir() {
            return Err("this is a folder".into());
        }
        if !metadata.is_file() {
            return Err("this is not a file".into());
        }
        if metadata.permissions().readonly() {
            return Err("the file is write-protected".into());
        }
        return Ok((target, Some(metadata)));
    }
    Err("its links lead in a circle".into())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn permissions(replaced: Option<&fs::Metadata>) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mode = replaced.map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
    Some(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permissions(_replaced: Option<&fs::Metadata>) -> Option<fs::Permissions> {
    None
}

/// Brings a rename to the disk.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network disks have nothing to do here and say so.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes what killed programs left in a folder. That it cannot is no reason to fail a save.
fn sweep(folder: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if is_ours && is_abandoned(&entry, now).unwrap_or(false) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(entry: &fs::DirEntry, now: SystemTime) -> io::Result<bool> {
    let metadata = entry.metadata()?;
    let age = now.duration_since(metadata.modified()?).unwrap_or_default();
    if !metadata.is_file() || age < UNLOCKED_FOR {
        return Ok(false);
    }
    Ok(match File::open(entry.path())?.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age > ABANDONED_AFTER,
    })
}
