//! What the user has set, in `settings.toml` of the config folder: read once, written whole or not at all.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::error::{AppError, Code, Result};

const FILE: &str = "settings.toml";
const HEAD: &str =
    "# Settings of Veetance Asset Editor. What is not here is as the program decides.\n\n";
const DEFAULT_UNLOAD_MINUTES: u32 = 10;
/// A week; whoever wants longer wants 0.
const MAX_UNLOAD_MINUTES: u32 = 7 * 24 * 60;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Preferences {
    /// Memory that models and pictures may take, in MiB; absent is what the machine has.
    pub(crate) memory_budget_mib: Option<u64>,
    /// The same on the graphics card.
    pub(crate) graphics_memory_budget_mib: Option<u64>,
    /// A model that rests this long is put away; 0 is never.
    pub(crate) unload_after_minutes: u32,
    /// Closing the window leaves the program running.
    pub(crate) keep_in_tray: bool,
    /// Whether that was explained.
    pub(crate) tray_explained: bool,
    /// The model that is loaded at the start.
    pub(crate) preload: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            memory_budget_mib: None,
            graphics_memory_budget_mib: None,
            unload_after_minutes: DEFAULT_UNLOAD_MINUTES,
            keep_in_tray: false,
            tray_explained: false,
            preload: None,
        }
    }
}

impl Preferences {
    /// How long a model rests before it is put away.
    pub(crate) fn unload_after(&self) -> Option<Duration> {
        let minutes = u64::from(self.unload_after_minutes);
        (minutes > 0).then(|| Duration::from_secs(60 * minutes))
    }

    fn check(&self) -> std::result::Result<(), String> {
        if self.unload_after_minutes > MAX_UNLOAD_MINUTES {
            return Err(format!("`unload_after_minutes` is at most {MAX_UNLOAD_MINUTES}"));
        }
        let budgets = [self.memory_budget_mib, self.graphics_memory_budget_mib];
        if budgets.into_iter().flatten().any(|mib| mib == 0 || mib > u64::MAX >> 20) {
            return Err("a budget of memory is a number of MiB above 0".into());
        }
        Ok(())
    }
}

/// Settings in a folder, as they were read first and changed since.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: Option<PathBuf>,
    read: Mutex<Option<Read>>,
}

#[derive(Debug, Clone, Default)]
struct Read {
    preferences: Preferences,
    /// Why the file's settings are not used.
    problem: Option<String>,
}

impl Keeper {
    /// Without a folder nothing is kept.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, read: Mutex::new(None) }
    }

    /// What is set now.
    pub(crate) fn get(&self) -> Preferences {
        self.with(|read| read.preferences.clone())
    }

    /// Why the settings of the file are not used, if they are not.
    pub(crate) fn problem(&self) -> Option<String> {
        self.with(|read| read.problem.clone())
    }

    /// Keeps new settings. A file that could not be read is put aside, not lost.
    pub(crate) fn set(&self, preferences: Preferences) -> Result<()> {
        preferences.check().map_err(|reason| AppError::new(Code::InvalidRequest, reason))?;
        let folder = self.folder.as_ref().ok_or_else(|| {
            AppError::new(Code::FileWriteFailed, "no folder for settings is known")
        })?;
        let damaged = self.problem().is_some();
        let mut read = lock(&self.read);
        write(folder, &preferences, damaged)?;
        *read = Some(Read { preferences, problem: None });
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&Read) -> T) -> T {
        let mut read = lock(&self.read);
        work(read.get_or_insert_with(|| self.folder.as_deref().map(load).unwrap_or_default()))
    }
}

fn load(folder: &Path) -> Read {
    let path = folder.join(FILE);
    let parsed = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read::default(),
        Err(error) => Err(error.to_string()),
        Ok(text) => parse(&text),
    };
    match parsed {
        Ok(preferences) => Read { preferences, problem: None },
        Err(reason) => {
            let problem = format!("`{}` cannot be used: {reason}", path.display());
            Read { preferences: Preferences::default(), problem: Some(problem) }
        }
    }
}

fn parse(text: &str) -> std::result::Result<Preferences, String> {
    let preferences: Preferences = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        format!("line {line}: {}", error.message().lines().next().unwrap_or_default())
    })?;
    preferences.check()?;
    Ok(preferences)
}

fn write(folder: &Path, preferences: &Preferences, damaged: bool) -> Result<()> {
    let path = folder.join(FILE);
    let failed = |error: &dyn std::fmt::Display| {
        AppError::new(
            Code::FileWriteFailed,
            format!("`{}` cannot be written: {error}", path.display()),
        )
    };
    let text = toml::to_string(preferences).map_err(AppError::internal)?;
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    if damaged {
        fs::rename(&path, path.with_extension("toml.damaged")).map_err(|error| failed(&error))?;
    }
    let text = format!("{HEAD}{text}");
    files::atomic::write(&path, |file| Ok(file.write_all(text.as_bytes())?))
        .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(folder: &Path) -> Keeper {
        Keeper::new(Some(folder.to_owned()))
    }

    #[test]
    fn what_is_set_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("config");
        assert_eq!(keeper(&place).get(), Preferences::default());
        let set = Preferences {
            memory_budget_mib: Some(9 << 10),
            unload_after_minutes: 0,
            keep_in_tray: true,
            preload: Some("a \"model\"".into()),
            ..Preferences::default()
        };
        keeper(&place).set(set.clone()).unwrap();
        let again = keeper(&place);
        assert_eq!((again.get(), again.problem()), (set, None));
        assert_eq!(again.get().unload_after(), None);
        assert_eq!(Preferences::default().unload_after(), Some(Duration::from_secs(600)));
    }

    #[test]
    fn a_broken_file_is_told_with_its_line_and_put_aside_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for (text, expected) in [
            ("keep_in_tray = true\nunload_after_minutes = many\n", "line 2: "),
            ("unload_after_minutes = -1\n", "line 1: "),
            ("memory_budget_mib = 0\n", "above 0"),
            ("kep_in_tray = true\n", "line 1: unknown field `kep_in_tray`"),
            ("unload_after_minutes = 999999\n", "at most"),
        ] {
            fs::write(&path, text).unwrap();
            let keeper = keeper(folder.path());
            assert_eq!(keeper.get(), Preferences::default(), "{text}");
            let problem = keeper.problem().unwrap();
            assert!(problem.contains(expected) && problem.contains(FILE), "{problem}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "looking changes nothing");

            keeper.set(Preferences { keep_in_tray: true, ..Preferences::default() }).unwrap();
            assert_eq!(keeper.problem(), None);
            let aside = fs::read_to_string(folder.path().join("settings.toml.damaged")).unwrap();
            assert_eq!(aside, text);
            assert!(parse(&fs::read_to_string(&path).unwrap()).unwrap().keep_in_tray);
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_and_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(folder.path());
        let wrong = Preferences { memory_budget_mib: Some(u64::MAX), ..Preferences::default() };
        assert_eq!(keeper.set(wrong).unwrap_err().code, Code::InvalidRequest);
        assert_eq!(keeper.get(), Preferences::default());
        assert!(!folder.path().join(FILE).exists());
    }
}
