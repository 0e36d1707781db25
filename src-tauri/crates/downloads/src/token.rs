//! The token that says who asks: in the system's keychain, never in a file or a log.

use std::fmt;

use keyring::{Error as KeyringError, v1::Entry};

use crate::Error;

/// Under which the keychain lists it.
const SERVICE: &str = "Veetance Asset Editor";
const USER: &str = "huggingface.co";
/// Real ones have about 40 letters.
const MAX_LENGTH: usize = 512;

/// A token. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as it was typed or pasted.
    ///
    /// # Errors
    /// If it cannot be one; the message does not repeat it.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_LENGTH || !is_plain {
            return Err("this is no access token: it is one word of letters and digits, mostly beginning with hf_".into());
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

/// Puts a token into the keychain.
///
/// # Errors
/// [`Error::Keychain`].
pub fn keep_token(token: &Token) -> Result<(), Error> {
    entry()?.set_password(&token.0).map_err(|error| failed(&error))
}

/// The token in the keychain, if there is one.
///
/// # Errors
/// [`Error::Keychain`].
pub fn kept_token() -> Result<Option<Token>, Error> {
    match entry()?.get_password() {
        Ok(text) => Ok(Token::new(&text).ok()),
        Err(KeyringError::NoEntry) => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Takes the token out of the keychain. That there is none is fine.
///
/// # Errors
/// [`Error::Keychain`].
pub fn forget_token() -> Result<(), Error> {
    match entry()?.delete_credential() {
        Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}

fn entry() -> Result<Entry, Error> {
    if let Err(error) = Entry::store_status() {
        return Err(failed(error));
    }
    Entry::new(SERVICE, USER).map_err(|error| failed(&error))
}

/// Says what is wrong without saying what was to be kept.
fn failed(error: &KeyringError) -> Error {
    let reason = match error {
        KeyringError::NoDefaultStore => "there is none".to_owned(),
        KeyringError::PlatformFailure(source) | KeyringError::NoStorageAccess(source) => {
            source.to_string()
        }
        _ => "it answers with something unexpected".to_owned(),
    };
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::Keychain { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_never_shown() {
        let token = Token::new(" hf_secret\n").expect("a token");
        assert_eq!(token.header(), "Bearer hf_secret");
        assert_eq!(format!("{token:?}"), "Token(hidden)");
        for wrong in ["", "two words", "hf_\u{e4}", "a\r\nHost: b"] {
            let complaint = Token::new(wrong).expect_err("no token");
            assert!(wrong.is_empty() || !complaint.contains(wrong), "{complaint}");
        }
    }
}
