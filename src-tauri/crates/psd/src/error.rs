//! What can go wrong.

use std::io;

/// Why a file was not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink failed.
    #[error("the file could not be written: {0}")]
    Io(#[from] io::Error),
    /// The document has no pixels to write.
    #[error("a document of 0 pixels cannot be written as PSD")]
    Empty,
    /// The format, or this version of it, has no room for the document.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The thumbnail could not be packed.
    #[error("the thumbnail could not be made: {0}")]
    Thumbnail(#[source] image::ImageError),
    /// The file is something else.
    #[error("this is not a PSD or PSB file")]
    NotPsd,
    /// The file contradicts itself.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    /// The file is sound, but of a kind that is not read.
    #[error("{0}")]
    Unsupported(&'static str),
}
