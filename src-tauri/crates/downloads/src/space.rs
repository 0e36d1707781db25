//! Room on the drive.

use std::path::Path;

use crate::Error;

/// Bytes that are left free: a full drive harms everything else on it.
pub const RESERVE: u64 = 512 << 20;

/// Bytes that the drive of a folder still takes, the folder being there or not; `None` if that cannot
/// be told.
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|folder| folder.is_dir())?;
    let drive = rustix::fs::statvfs(existing).ok()?;
    Some(drive.f_bavail.saturating_mul(drive.f_frsize))
}

/// Holds that `bytes` more fit, with a reserve. A drive that does not tell is tried.
///
/// # Errors
/// [`Error::DiskFull`].
pub fn check(path: &Path, bytes: u64) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let needed = bytes.saturating_add(RESERVE);
    match free(folder) {
        Some(free) if bytes > 0 && free < needed => {
            Err(Error::DiskFull { path: path.to_owned(), needed, free })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_any_drive_has_does_not_fit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("not/there/yet");
        assert!(check(&path, 1).is_ok());
        assert!(matches!(check(&path, u64::MAX - 1), Err(Error::DiskFull { .. })));
    }
}
