//! What a weight file says about itself: names, shapes, places. Recognised by content.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use nn::{Format, Memory};

use crate::{Error, gguf, mmap::Mapped, safetensors_file};

/// A tensor in a file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// How it is packed, if that can be computed with.
    pub(crate) format: Option<Format>,
    /// What the file calls that.
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    /// Invariant: inside the file.
    pub(crate) range: Range<usize>,
}

/// The header of a file.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// By the file's own names.
    pub(crate) tensors: BTreeMap<String, Entry>,
    /// Texts and numbers, numbers as text.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// A file, opened and understood as far as its header.
#[derive(Debug)]
pub(crate) struct WeightFile {
    pub(crate) path: PathBuf,
    pub(crate) map: Arc<Mapped>,
    pub(crate) header: Header,
}

/// Why a header is refused.
pub(crate) enum Refusal {
    /// It contradicts itself.
    Damaged(String),
    /// It says something that is not read.
    Unsupported(String),
}

impl WeightFile {
    /// Maps a file and reads its header.
    ///
    /// # Errors
    /// If it is missing, unreadable, damaged, or no weight file.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
        let map = Mapped::open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            std::io::ErrorKind::InvalidData => damaged(source.to_string()),
            _ => Error::Io { path: path.to_owned(), source },
        })?;
        let header = read(map.bytes()).map_err(|refusal| match refusal {
            Refusal::Damaged(reason) => damaged(reason),
            Refusal::Unsupported(reason) => Error::Unsupported { path: path.to_owned(), reason },
        })?;
        Ok(Self { path: path.to_owned(), map: Arc::new(map), header })
    }
}

/// Beginnings of files that are not read, and what they are.
const OTHERS: [(&[u8], &str); 5] = [
    (
        b"PK\x03\x04",
        "it is a PyTorch pickle, which could run programs when it is read; a .safetensors or .gguf file of the model works",
    ),
    (
        b"\x80\x02\x8a\x0a",
        "it is a Python pickle, which could run programs when it is read; a .safetensors or .gguf file of the model works",
    ),
    (
        b"version https://git-lfs",
        "it is only the pointer that Git LFS leaves; `git lfs pull` gets the file itself",
    ),
    (
        b"<!doctype",
        "it is a web page, not the file itself; downloading it anew while signed in may help",
    ),
    (
        b"<!DOCTYPE",
        "it is a web page, not the file itself; downloading it anew while signed in may help",
    ),
];

fn read(bytes: &[u8]) -> Result<Header, Refusal> {
    if bytes.starts_with(b"GGUF") {
        return gguf::read(bytes);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(Refusal::Unsupported((*what).into()));
    }
    safetensors_file::read(bytes)
}
