use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// What a part of a save or of an open failed with, before the file is named.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a document was not opened or saved; every message is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be opened.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
    /// It could not be saved; whatever was at `path` before is still there.
    #[error("cannot write `{}`: {reason}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
}

impl Error {
    pub(crate) fn unreadable(path: &Path, cause: impl Into<Cause>) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: reason(&*cause.into(), Doing::Reading) }
    }

    pub(crate) fn unwritable(path: &Path, cause: impl Into<Cause>) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: reason(&*cause.into(), Doing::Writing) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Reading,
    Writing,
}

/// Plain words for a failing disk, wherever in the chain it hides; else what the format says.
fn reason(cause: &(dyn std::error::Error + 'static), doing: Doing) -> String {
    let mut next = Some(cause);
    while let Some(error) = next {
        if let Some(words) = error.downcast_ref::<io::Error>().and_then(|error| words(error, doing))
        {
            return words.into();
        }
        next = error.source();
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(error: &io::Error, doing: Doing) -> Option<&'static str> {
    Some(match (error.kind(), doing) {
        (ErrorKind::NotFound, Doing::Reading) => "there is no such file",
        (ErrorKind::NotFound, Doing::Writing) => "the folder does not exist",
        (ErrorKind::PermissionDenied, Doing::Reading) => "you may not read it",
        (ErrorKind::PermissionDenied, Doing::Writing) => "you may not write there",
        (ErrorKind::NotADirectory, _) => "its folder is a file",
        (ErrorKind::ReadOnlyFilesystem, _) => "it is on a read-only disk",
        (ErrorKind::StorageFull, _) => "the disk is full",
        (ErrorKind::QuotaExceeded, _) => "your share of the disk is full",
        (ErrorKind::FileTooLarge, _) => "the disk takes no file of that size",
        (ErrorKind::InvalidFilename, _) => {
            "the name is too long or has characters that the disk refuses"
        }
        (ErrorKind::OutOfMemory, _) => "there is not enough memory for it",
        _ => return None,
    })
}
