use std::io;

use zip::result::ZipError;

/// Why a file cannot be read or written; every message is one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else.
    #[error("this is not an OpenRaster file")]
    NotOpenRaster,
    /// It was one.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// More than any computer here could hold.
    #[error("the document is too large: {0}")]
    TooLarge(String),
    /// More than this computer can hold.
    #[error("there is not enough memory for it")]
    Memory,
    /// The file under it failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Error {
    pub(crate) fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::Damaged(reason.to_string())
    }
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => error.into(),
            error => Self::damaged(error),
        }
    }
}

impl From<png::EncodingError> for Error {
    fn from(error: png::EncodingError) -> Self {
        match error {
            png::EncodingError::IoError(error) => error.into(),
            error => Self::Io(io::Error::other(error)),
        }
    }
}

impl From<png::DecodingError> for Error {
    fn from(error: png::DecodingError) -> Self {
        match error {
            png::DecodingError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Damaged("a picture in it ends too early".into())
            }
            png::DecodingError::LimitsExceeded => Self::Memory,
            error => Self::damaged(error),
        }
    }
}
