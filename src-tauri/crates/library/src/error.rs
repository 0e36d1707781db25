//! What can go wrong between a wish and a model.

use std::path::PathBuf;

/// Variants by what the user does next; every message is one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The catalogue or the folders.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The network, the disk or the keychain.
    #[error(transparent)]
    Download(#[from] downloads::Error),
    /// The user has yet to agree to these terms; their names.
    #[error("the licence has to be accepted first: {0}")]
    LicenceNotAccepted(String),
    /// There is nothing of that name, or nothing to get.
    #[error("{0}")]
    Unknown(String),
    /// A file of settings cannot be read or written.
    #[error("`{}`: {reason}", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
}

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;
