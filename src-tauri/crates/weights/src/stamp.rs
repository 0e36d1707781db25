//! Whether files are still the ones that were read.

use std::{fs, io, path::Path, time::SystemTime};

use crate::folder::files_of;

/// Lengths and times of the files of a part: another one says that the part is to be read anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<(u64, Option<SystemTime>)>);

/// The stamp of a part: a component's folder or a file.
///
/// # Errors
/// If a file is not there, or cannot be asked.
pub fn stamp(path: &Path) -> Result<Stamp, crate::Error> {
    let files = if path.is_dir() { files_of(path)? } else { vec![path.to_owned()] };
    files
        .iter()
        .map(|file| {
            let metadata = fs::metadata(file).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => crate::Error::Missing { path: file.clone() },
                _ => crate::Error::Io { path: file.clone(), source },
            })?;
            Ok((metadata.len(), metadata.modified().ok()))
        })
        .collect::<Result<_, _>>()
        .map(Stamp)
}
