//! `asset-editor models token`: the token that says who asks.

use std::io::BufRead;

use downloads::{Token, forget_token, keep_token, kept_token};

use crate::{arguments::TokenTask, failure::Failure, say};

/// Longer lines are no token.
const MAX_BYTES: u64 = 4096;

pub(super) fn run(task: TokenTask) -> Result<(), Failure> {
    match task {
        TokenTask::Set => {
            keep_token(&from_stdin()?)?;
            say("the token is in the system's keychain\n");
        }
        TokenTask::Forget => {
            forget_token()?;
            say("there is no token in the system's keychain any more\n");
        }
    }
    Ok(())
}

/// Never as an argument: those are seen by every program.
pub(super) fn from_stdin() -> Result<Token, Failure> {
    let mut line = String::new();
    let mut stdin = std::io::Read::take(std::io::stdin().lock(), MAX_BYTES);
    let read = stdin.read_line(&mut line);
    let failed = |message: String| Failure::new("invalid_request", message);
    read.map_err(|error| failed(format!("cannot read a token from stdin: {error}")))?;
    Token::new(&line).map_err(failed)
}

/// The token of the environment, else the one in the keychain; without a keychain there is none.
pub(super) fn known() -> Result<Option<Token>, Failure> {
    match locations::token() {
        Some(text) => {
            let token = Token::new(&text);
            token
                .map(Some)
                .map_err(|reason| Failure::new("invalid_request", format!("HF_TOKEN: {reason}")))
        }
        None => Ok(kept_token().unwrap_or_default()),
    }
}
