//! The files that were opened or saved last, kept in the data folder.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::error::{AppError, Code, Result};

const FILE: &str = "recent.json";
const KEPT: usize = 10;

/// One change at a time; each reads what the one before it wrote.
static TURN: Mutex<()> = Mutex::new(());

/// The list in one data folder.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    file: PathBuf,
}

/// A file that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecentFile {
    pub(crate) path: PathBuf,
    /// It was moved, deleted, or its disk is not there.
    pub(crate) missing: bool,
}

impl Recent {
    pub(crate) fn of(data: &Path) -> Self {
        Self { file: data.join(FILE) }
    }

    /// The one used last first. A list that is damaged or not there is empty.
    pub(crate) fn list(&self) -> Vec<RecentFile> {
        let paths = self.read().into_iter().map(PathBuf::from);
        paths.map(|path| RecentFile { missing: !path.is_file(), path }).collect()
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.read().iter().any(|known| Path::new(known) == path)
    }

    /// Puts a file first.
    pub(crate) fn add(&self, path: &Path) -> Result<()> {
        // A name that JSON cannot hold would come back as another one.
        let Some(path) = path.to_str() else { return Ok(()) };
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut paths = self.read();
        paths.retain(|known| known != path);
        paths.insert(0, path.to_owned());
        paths.truncate(KEPT);
        self.write(&paths)
    }

    pub(crate) fn clear(&self) -> Result<()> {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&[])
    }

    fn read(&self) -> Vec<String> {
        let text = fs::read(&self.file).unwrap_or_default();
        let mut paths: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
        paths.truncate(KEPT);
        paths
    }

    fn write(&self, paths: &[String]) -> Result<()> {
        let text = serde_json::to_vec_pretty(paths).map_err(AppError::internal)?;
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(AppError::internal)?;
        }
        files::atomic::write(&self.file, |file| Ok(file.write_all(&text)?))
            .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_used_last_is_first_and_each_is_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let recent = Recent::of(&folder.path().join("data"));
        assert_eq!(recent.list(), []);
        let there = folder.path().join("a.ora");
        fs::write(&there, "").unwrap();
        let gone = folder.path().join("b.ora");
        for path in [&there, &gone, &there] {
            recent.add(path).unwrap();
        }
        let expected = [(there.clone(), false), (gone.clone(), true)];
        let expected = expected.map(|(path, missing)| RecentFile { path, missing });
        assert_eq!(recent.list(), expected);
        assert!(recent.contains(&gone) && !recent.contains(Path::new("/other.ora")));
        for index in 0..20 {
            recent.add(Path::new(&format!("/{index}.ora"))).unwrap();
        }
        assert_eq!(recent.list().len(), KEPT);
        recent.clear().unwrap();
        assert_eq!(recent.list(), []);
    }

    #[test]
    fn a_damaged_list_is_an_empty_one_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "[1, 2").unwrap();
        let recent = Recent::of(folder.path());
        assert_eq!(recent.list(), []);
        recent.add(Path::new("/a.ora")).unwrap();
        assert_eq!(recent.list().len(), 1);
    }
}
