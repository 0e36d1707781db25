//! One download, one process.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::{Error, partial::beside};

/// A lock that the system takes back when its holder is killed.
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock on a target.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process has it.
    pub(crate) fn take(target: &Path) -> Result<Self, Error> {
        let path = beside(target, ".partial.lock");
        let failed = |source| Error::Io { path: path.clone(), source };
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                // Not every disk knows locks; two windows at once are rarer than such disks.
                Ok(()) | Err(TryLockError::Error(_)) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy { path: target.to_owned() });
                }
            }
            // The last holder removes the file: what was locked here may be there no more.
            if is_at(&file, &path).map_err(failed)? {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is still held. A lock file that stays harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_told_that_it_is_busy_until_the_first_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a");
        let first = Lock::take(&target).expect("it is free");
        assert!(matches!(Lock::take(&target), Err(Error::Busy { .. })));
        drop(first);
        drop(Lock::take(&target).expect("it is free again"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
