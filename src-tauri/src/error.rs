//! What the page is told when a command fails.

use serde::Serialize;

/// A code that the page acts on and one plain sentence for the artist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AppError {
    /// What the page decides by.
    pub(crate) code: Code,
    /// What the artist reads.
    pub(crate) message: String,
}

/// What went wrong, as far as the page treats it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The request must be changed.
    InvalidRequest,
    /// The model is not installed.
    ModelMissing,
    /// The model's files are damaged.
    ModelBroken,
    /// The run needs more memory than there is.
    OutOfMemory,
    /// The run was stopped on request.
    Cancelled,
    /// No picture has this id any more.
    ImageUnknown,
    /// The file is not a picture that can be read.
    ImageUnreadable,
    /// The file was neither chosen nor dropped by the user.
    FileNotAllowed,
    /// The file could not be written.
    FileWriteFailed,
    /// The system's clipboard did not work.
    Clipboard,
    /// A publisher wants to know who asks, or says no.
    AccessNeeded,
    /// The terms of use have to be accepted first.
    LicenceNeeded,
    /// The drive is full.
    DiskFull,
    /// Something could not be fetched.
    DownloadFailed,
    /// The system has no keychain, or it does not answer.
    Keychain,
    /// Something else must end first.
    Busy,
    /// A bug.
    Internal,
}

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, AppError>;

impl AppError {
    /// `message` becomes a sentence: a capital letter first, a full stop last.
    pub(crate) fn new(code: Code, message: impl AsRef<str>) -> Self {
        Self { code, message: sentence(message.as_ref()) }
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, format!("something unexpected went wrong: {error}"))
    }

    pub(crate) fn image_unknown() -> Self {
        Self::new(Code::ImageUnknown, "this picture is no longer there")
    }
}

impl From<engine::Error> for AppError {
    fn from(error: engine::Error) -> Self {
        use engine::Error;
        let code = match error {
            Error::InvalidRequest(_) => Code::InvalidRequest,
            Error::ModelMissing(_) => Code::ModelMissing,
            Error::ModelBroken(_) => Code::ModelBroken,
            Error::OutOfMemory { .. } => Code::OutOfMemory,
            Error::Unreadable { .. } => Code::ImageUnreadable,
            Error::Unwritable { .. } => Code::FileWriteFailed,
            Error::Cancelled => Code::Cancelled,
            Error::Compute { .. } | Error::Panicked(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<downloads::Error> for AppError {
    fn from(error: downloads::Error) -> Self {
        use downloads::Error;
        let code = match error {
            Error::Stopped => Code::Cancelled,
            Error::Busy { .. } => Code::Busy,
            Error::DiskFull { .. } => Code::DiskFull,
            Error::TokenNeeded { .. } | Error::NotAllowed { .. } => Code::AccessNeeded,
            Error::Io { .. } => Code::FileWriteFailed,
            Error::Keychain { .. } => Code::Keychain,
            _ => Code::DownloadFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<library::Error> for AppError {
    fn from(error: library::Error) -> Self {
        use library::Error;
        let code = match error {
            Error::Engine(error) => return error.into(),
            Error::Download(error) => return error.into(),
            Error::LicenceNotAccepted(_) => Code::LicenceNeeded,
            Error::Unknown(_) => Code::ModelMissing,
            Error::Settings { .. } => Code::FileWriteFailed,
        };
        Self::new(code, error.to_string())
    }
}

/// Errors inside are phrases; people read sentences.
fn sentence(phrase: &str) -> String {
    let phrase = phrase.trim().replace('`', "“").replace('\n', " ");
    // The backticks come in pairs: the second of each closes.
    let mut text = String::with_capacity(phrase.len() + 1);
    let mut open = false;
    for letter in phrase.chars() {
        if letter == '“' {
            open = !open;
            text.push(if open { '“' } else { '”' });
        } else if text.is_empty() {
            text.extend(letter.to_uppercase());
        } else {
            text.push(letter);
        }
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_becomes_a_sentence_without_code_marks() {
        let error = AppError::new(Code::ModelMissing, "model `klein` is not in `models`");
        assert_eq!(error.message, "Model “klein” is not in “models”.");
        assert_eq!(sentence("really?"), "Really?");
    }
}
