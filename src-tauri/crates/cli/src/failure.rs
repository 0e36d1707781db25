//! How a run that did not work ends: one line, an exit code, and with `--json` an object.

use std::{io::Write, process::ExitCode};

use clap::error::ErrorKind;
use engine::Error;
use serde_json::json;

/// Wrong use of the command line.
const EXIT_USAGE: u8 = 2;
/// What shells give for a program that Ctrl+C ended.
const EXIT_INTERRUPTED: u8 = 130;

/// Why the program ends without a result.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    exit: u8,
}

impl Failure {
    /// A failure that is none of the engine's.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), exit: 1 }
    }

    /// What clap could not make sense of, as one line.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
                "a command is needed: generate, decompose, convert, inspect or models".to_owned()
            }
            _ => first_paragraph(&error.render().to_string()),
        };
        Self { code: "usage", message: format!("{message} (see --help)"), exit: EXIT_USAGE }
    }

    /// Tells it on stderr, and on stdout for programs that asked for JSON.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        // Nobody is left to tell when these streams are closed.
        let _ = writeln!(std::io::stderr().lock(), "error: {}", self.message);
        if json {
            let object = json!({ "error": { "code": self.code, "message": self.message } });
            let _ = writeln!(std::io::stdout().lock(), "{object}");
        }
        ExitCode::from(self.exit)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::InvalidRequest(_) => "invalid_request",
            Error::ModelMissing(_) => "model_missing",
            Error::ModelBroken(_) => "model_broken",
            Error::OutOfMemory { .. } => "out_of_memory",
            Error::Unreadable { .. } => "unreadable",
            Error::Unwritable { .. } => "unwritable",
            Error::Cancelled => "cancelled",
            Error::Compute { .. } => "compute",
            Error::Panicked(_) => "panicked",
        };
        let exit = if matches!(error, Error::Cancelled) { EXIT_INTERRUPTED } else { 1 };
        Self { code, message: one_line(&error.to_string()), exit }
    }
}

impl From<library::Error> for Failure {
    fn from(error: library::Error) -> Self {
        use downloads::Error as Download;
        let code = match error {
            library::Error::Engine(error) => return error.into(),
            library::Error::Download(Download::Stopped) => {
                let message = "interrupted; what has come is kept, and the same command goes on";
                return Self { code: "cancelled", message: message.into(), exit: EXIT_INTERRUPTED };
            }
            library::Error::Download(
                Download::TokenNeeded { .. } | Download::NotAllowed { .. },
            ) => "access",
            library::Error::Download(Download::DiskFull { .. }) => "disk_full",
            library::Error::Download(Download::Busy { .. }) => "busy",
            library::Error::Download(Download::Keychain { .. }) => "keychain",
            library::Error::Download(_) => "download",
            library::Error::LicenceNotAccepted(_) => "licence",
            library::Error::Unknown(_) => "model_missing",
            library::Error::Settings { .. } => "settings",
        };
        Self::new(code, one_line(&error.to_string()))
    }
}

impl From<downloads::Error> for Failure {
    fn from(error: downloads::Error) -> Self {
        library::Error::from(error).into()
    }
}

impl From<files::Error> for Failure {
    fn from(error: files::Error) -> Self {
        let code = match &error {
            files::Error::Unreadable { .. } => "unreadable",
            files::Error::Unwritable { .. } => "unwritable",
        };
        Self::new(code, one_line(&error.to_string()))
    }
}

fn first_paragraph(text: &str) -> String {
    let paragraph: Vec<&str> = text
        .trim_start_matches("error: ")
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .collect();
    one_line(&paragraph.join(" "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multi_line_complaint_becomes_one_line() {
        let text =
            "error: the following arguments were not provided:\n  --prompt <TEXT>\n\nUsage: …";
        assert_eq!(
            first_paragraph(text),
            "the following arguments were not provided: --prompt <TEXT>"
        );
    }

    #[test]
    fn an_interrupted_run_has_the_exit_code_of_one() {
        assert_eq!(Failure::from(Error::Cancelled).exit, 130);
    }
}
