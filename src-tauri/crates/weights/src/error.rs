//! What can be wrong with weight files.

use std::path::PathBuf;

/// Every message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that the model needs is not there.
    #[error("`{}` is missing", .path.display())]
    Missing {
        /// The file or folder.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file's content contradicts itself.
    #[error("`{}` is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is whole, but nothing here can use it.
    #[error("`{}` cannot be used: {reason}", .path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what would work instead.
        reason: String,
    },
}
