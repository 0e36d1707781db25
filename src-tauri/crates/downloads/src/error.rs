//! Why a file did not come.

use std::{io, path::PathBuf};

/// Variants by what the user does next; every message is one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody asked to stop; what has come is kept.
    #[error("stopped; what has come so far is kept")]
    Stopped,
    /// Another process is at it.
    #[error("`{}` is being downloaded by another window or command", .path.display())]
    Busy {
        /// The file that it will become.
        path: PathBuf,
    },
    /// Not enough room. Both in bytes.
    #[error("not enough room for `{}`: {} are needed and {} are free; free some, or choose a folder on another drive", .path.display(), size(*.needed), size(*.free))]
    DiskFull {
        /// Where the file would go.
        path: PathBuf,
        /// What is still to come, with a reserve.
        needed: u64,
        /// What the drive has.
        free: u64,
    },
    /// The server wants to know who asks.
    #[error(
        "`{page}` gives its files only to people who are signed in{}: open the page, accept the licence there, and give an access token of your account",
        if *.had_token { ", and does not know this token" } else { "" }
    )]
    TokenNeeded {
        /// The page of the repository.
        page: String,
        /// Whether a token was sent.
        had_token: bool,
    },
    /// The server knows who asks, and says no.
    #[error(
        "`{page}` does not give its files to this account: open the page while signed in and accept the licence there; the token needs the right to read gated repositories"
    )]
    NotAllowed {
        /// The page of the repository.
        page: String,
    },
    /// The file is not at its source any more.
    #[error(
        "`{url}` is not there (404): the file was moved or renamed at its source; a newer version of the program may know where it is"
    )]
    NotFound {
        /// What was asked for.
        url: String,
    },
    /// The server is there and does not do what it should, or cannot be reached.
    #[error("`{url}` could not be read: {reason}")]
    Server {
        /// What was asked for.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The file has another size than was announced. Both in bytes.
    #[error(
        "`{url}` has {got} bytes instead of {expected}: it is another file than the one that was announced, and was not kept"
    )]
    WrongSize {
        /// What was asked for.
        url: String,
        /// What the catalogue or the server said.
        expected: u64,
        /// What it is.
        got: u64,
    },
    /// The file's hash is another one.
    #[error(
        "`{url}` came with another content than was announced (SHA {got} instead of {expected}), and was not kept"
    )]
    WrongContent {
        /// What was asked for.
        url: String,
        /// What the catalogue or the server said.
        expected: String,
        /// What came.
        got: String,
    },
    /// Only encrypted connections are used.
    #[error("`{url}` is not an https address")]
    NotSecure {
        /// What was asked for, or where it was redirected to.
        url: String,
    },
    /// The disk does not do what it should.
    #[error("cannot write `{}`: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no keychain, or it does not answer.
    #[error("the system's keychain cannot be used ({reason}); set the variable HF_TOKEN instead")]
    Keychain {
        /// What it says.
        reason: String,
    },
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let (value, unit) = match bytes {
        0..1_000_000 => (bytes as f64 / 1e3, "kB"),
        1_000_000..1_000_000_000 => (bytes as f64 / 1e6, "MB"),
        _ => (bytes as f64 / 1e9, "GB"),
    };
    format!("{value:.1} {unit}")
}
