//! The only `unsafe` of this crate.

use std::{fs::File, io, path::Path};

use memmap2::Mmap;

/// Maps a file for reading.
pub(crate) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    #[expect(
        unsafe_code,
        reason = "memory maps are how gigabytes of weights are read without a copy"
    )]
    // SAFETY: the map is only read. A file that another program shortens or rewrites meanwhile breaks
    // the promise that bytes do not change; model files are written once, and nothing here writes them.
    unsafe {
        Mmap::map(&file)
    }
}
