//! The language of the window: the one that was chosen, else the system's.

use std::{env, fs, io::Write as _, path::Path};

use crate::error::{AppError, Code, Result};

/// The file in the data folder that names the chosen language.
const FILE: &str = "language";

/// A language that the window speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// The language with this code, such as `de`.
    pub(crate) fn with_code(code: &str) -> Option<Self> {
        [Self::English, Self::German].into_iter().find(|language| language.code() == code)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What was chosen in this data folder, else the system's.
    pub(crate) fn of(data: &Path) -> Self {
        let chosen = fs::read_to_string(data.join(FILE)).ok();
        chosen.and_then(|code| Self::with_code(code.trim())).unwrap_or_else(|| {
            Self::of_system(&|name| env::var(name).ok().filter(|value| !value.is_empty()))
        })
    }

    /// Remembers it for the next start.
    pub(crate) fn choose(self, data: &Path) -> Result<()> {
        let path = data.join(FILE);
        fs::create_dir_all(data).map_err(AppError::internal)?;
        files::atomic::write(&path, |file| Ok(file.write_all(self.code().as_bytes())?))
            .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
    }

    /// By the rules of gettext: a list of wishes, unless the locale is that of the machine itself.
    fn of_system(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let locale =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable).unwrap_or_default();
        if matches!(locale.as_str(), "" | "C" | "POSIX") || locale.starts_with("C.") {
            return Self::English;
        }
        let wishes = variable("LANGUAGE").unwrap_or_default();
        wishes
            .split(':')
            .chain([locale.as_str()])
            .filter_map(|wish| wish.split(['_', '-', '.', '@']).next())
            .find_map(Self::with_code)
            .unwrap_or(Self::English)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_language_follows_the_rules_of_gettext() {
        let check = |variables: &[(&str, &str)], expected: Language| {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Language::of_system(&lookup), expected, "{variables:?}");
        };
        check(&[], Language::English);
        check(&[("LANG", "de_DE.UTF-8")], Language::German);
        check(&[("LANG", "de_AT@euro"), ("LC_ALL", "C.UTF-8")], Language::English);
        check(&[("LANG", "en_US.UTF-8"), ("LANGUAGE", "fr:de")], Language::German);
        check(&[("LANG", "C"), ("LANGUAGE", "de")], Language::English);
        check(&[("LANG", "fr_FR.UTF-8")], Language::English);
    }

    #[test]
    fn a_chosen_language_stays_chosen() {
        let folder = tempfile::tempdir().unwrap();
        Language::German.choose(&folder.path().join("data")).unwrap();
        assert_eq!(Language::of(&folder.path().join("data")), Language::German);
        Language::English.choose(&folder.path().join("data")).unwrap();
        assert_eq!(Language::of(&folder.path().join("data")), Language::English);
    }
}
