//! The folders that the user has linked: looked into where they are, never changed.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use super::Roots;
use crate::{Error, Result};

const FILE: &str = "linked-folders.toml";
const LOCK: &str = "linked-folders.lock";
/// Larger files are no list of folders.
const MAX_BYTES: u64 = 1 << 20;
const MAX_FOLDERS: usize = 64;

/// A list of folders, kept with the user's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedFolders {
    folders: Vec<PathBuf>,
}

impl LinkedFolders {
    /// Reads the list; there being none is an empty one.
    ///
    /// # Errors
    /// If it is damaged; one line that names the file.
    pub fn read(roots: &Roots) -> Result<Self> {
        let Some(path) = roots.config.as_ref().map(|config| config.join(FILE)) else {
            return Ok(Self::default());
        };
        let damaged = |reason: &dyn std::fmt::Display| {
            Error::InvalidRequest(format!(
                "`{}` is damaged: {reason}; mend or remove it",
                path.display()
            ))
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Ok(metadata) if metadata.len() > MAX_BYTES => return Err(damaged(&"it is too large")),
            _ => {}
        }
        let text = fs::read_to_string(&path).map_err(|error| damaged(&error))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            damaged(&error.message().lines().collect::<Vec<_>>().join("; "))
        })?;
        let list = table.get("folders").and_then(toml::Value::as_array);
        let list = list.ok_or_else(|| damaged(&"it has no list `folders`"))?;
        let folders = list
            .iter()
            .map(|folder| folder.as_str().map(PathBuf::from))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| damaged(&"a folder is not text"))?;
        Ok(Self { folders })
    }

    /// The folders, in the order in which they were linked.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Links a folder, or a single file, and keeps the list; `false` if it was linked already. Gives
    /// its whole path.
    ///
    /// # Errors
    /// If it is neither, or the list cannot be kept.
    pub fn link(roots: &Roots, folder: &Path) -> Result<(PathBuf, bool)> {
        let refused = |reason: String| {
            Error::InvalidRequest(format!("`{}` cannot be linked: {reason}", folder.display()))
        };
        let whole = fs::canonicalize(folder).map_err(|error| refused(plain(&error)))?;
        if !whole.is_dir() && !whole.is_file() {
            return Err(refused("it is neither a folder nor a file".into()));
        }
        if whole.parent().is_none() {
            return Err(refused("it is the whole computer; link the folder of the models".into()));
        }
        if whole.to_str().is_none() {
            return Err(refused("its name cannot be written as text".into()));
        }
        let lock = Self::lock(roots)?;
        let mut linked = Self::read(roots)?;
        if linked.folders.contains(&whole) {
            return Ok((whole, false));
        }
        if linked.folders.len() >= MAX_FOLDERS {
            return Err(refused(format!("{MAX_FOLDERS} folders are linked already")));
        }
        linked.folders.push(whole.clone());
        linked.write(roots)?;
        drop(lock);
        Ok((whole, true))
    }

    /// Forgets a folder, which may be there no more. Its files stay as they are.
    ///
    /// # Errors
    /// If it is not linked, or the list cannot be kept.
    pub fn unlink(roots: &Roots, folder: &Path) -> Result<PathBuf> {
        let lock = Self::lock(roots)?;
        let mut linked = Self::read(roots)?;
        let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let Some(at) = linked.folders.iter().position(|other| *other == whole || other == folder)
        else {
            return Err(Error::InvalidRequest(format!("`{}` is not linked", folder.display())));
        };
        let removed = linked.folders.remove(at);
        linked.write(roots)?;
        drop(lock);
        Ok(removed)
    }

    /// Held while the list is read and written: another window may be at it.
    fn lock(roots: &Roots) -> Result<File> {
        let config = config(roots)?;
        let path = config.join(LOCK);
        let failed = |error: std::io::Error| unwritable(&path, &error);
        fs::create_dir_all(config).map_err(failed)?;
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        // Not every disk knows locks.
        let _ = file.lock();
        Ok(file)
    }

    fn write(&self, roots: &Roots) -> Result<()> {
        let config = config(roots)?;
        let path = config.join(FILE);
        let list = self.folders.iter().map(|folder| folder.to_string_lossy().into_owned().into());
        let table =
            toml::Table::from_iter([("folders".into(), toml::Value::Array(list.collect()))]);
        let text = format!("# Folders with models, looked into where they are.\n{table}");
        let written = (|| {
            let mut file = tempfile::NamedTempFile::new_in(config)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        })();
        written.map(drop).map_err(|error| unwritable(&path, &error))
    }
}

fn config(roots: &Roots) -> Result<&Path> {
    roots.config.as_deref().ok_or_else(|| {
        Error::InvalidRequest("there is no folder for settings: HOME is not set".into())
    })
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unwritable { path: path.to_owned(), reason: plain(error) }
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there".into(),
        std::io::ErrorKind::PermissionDenied => "you may not read or write there".into(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_remembered_until_they_are_unlinked_even_when_they_are_gone() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("models");
        fs::create_dir(&folder).expect("a folder");
        let roots = Roots { config: Some(home.path().join("config")), ..Roots::default() };
        assert_eq!(LinkedFolders::read(&roots).expect("none").folders(), &[] as &[PathBuf]);
        let (whole, is_new) = LinkedFolders::link(&roots, &folder).expect("linked");
        assert!(is_new);
        assert!(!LinkedFolders::link(&roots, &folder.join(".")).expect("the same").1);
        assert_eq!(
            LinkedFolders::read(&roots).expect("one").folders(),
            std::slice::from_ref(&whole)
        );
        fs::remove_dir(&folder).expect("it was there");
        assert_eq!(LinkedFolders::unlink(&roots, &whole).expect("unlinked"), whole);
        assert!(LinkedFolders::unlink(&roots, &whole).is_err());
        assert!(LinkedFolders::link(&roots, &folder).is_err());
    }

    #[test]
    fn a_damaged_list_is_named_and_not_overwritten() {
        let home = tempfile::tempdir().expect("a folder");
        let roots = Roots { config: Some(home.path().to_owned()), ..Roots::default() };
        for text in ["folders = 5", "folders = [5]", "x", "folder = []"] {
            let path = home.path().join(FILE);
            fs::write(&path, text).expect("written");
            let error = LinkedFolders::link(&roots, Path::new("/tmp")).expect_err("damaged");
            assert!(error.to_string().contains(FILE), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }
}
