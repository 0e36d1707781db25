//! Copies that are saved without being asked for, so that a crash costs nothing.
//!
//! A slot is one open document. It has two generations: the newest copy, and the one before it for the
//! case that a disk damages the newest.

use std::{
    fs, io,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use document::{Document, Opened};

use crate::{Error, atomic};

const NEWEST: &str = "ora";
const PREVIOUS: &str = "previous.ora";
const TITLE: &str = "title";
const MAX_SLOT: usize = 64;

/// A slot that holds a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Its name.
    pub slot: String,
    /// What the document was called.
    pub title: String,
    /// When the copy was made.
    pub saved: SystemTime,
}

/// Saves a copy. Whenever the program is killed, the last complete copy is there.
///
/// # Errors
/// If the slot's name is none or the disk fails; the copy that was there stays.
pub fn save(folder: &Path, slot: &str, title: &str, document: &Document) -> Result<(), Error> {
    let place =
        |kind| place(folder, slot, kind).map_err(|reason| Error::unwritable(folder, reason));
    let newest = place(NEWEST)?;
    fs::create_dir_all(folder).map_err(|error| Error::unwritable(folder, error))?;
    let (pending, ()) = atomic::prepare(&newest, |file| {
        let mut sink = BufWriter::with_capacity(1 << 18, file);
        ora::write_without_preview(document, &mut sink)?;
        Ok(sink.flush()?)
    })?;
    let title_path = place(TITLE)?;
    if fs::read(&title_path).ok().as_deref() != Some(title.as_bytes()) {
        atomic::write(&title_path, |file| Ok(file.write_all(title.as_bytes())?))?;
    }
    // Between these two steps the previous copy is the last complete one, and is found.
    match fs::rename(&newest, place(PREVIOUS)?) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::unwritable(&newest, error));
        }
        _ => {}
    }
    pending.commit()
}

/// The slots of a folder that hold a copy, the latest first. A folder that is not there has none.
///
/// # Errors
/// If the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Recovered>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.map_err(|error| Error::unreadable(folder, error))?,
    };
    let mut slots: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (slot, kind) = name.split_once('.')?;
            (matches!(kind, NEWEST | PREVIOUS) && is_slot(slot)).then(|| slot.to_owned())
        })
        .collect();
    slots.sort();
    slots.dedup();
    let mut found: Vec<Recovered> =
        slots.into_iter().filter_map(|slot| recovered(folder, slot)).collect();
    found.sort_by_key(|found| std::cmp::Reverse(found.saved));
    Ok(found)
}

fn recovered(folder: &Path, slot: String) -> Option<Recovered> {
    let saved = [NEWEST, PREVIOUS]
        .into_iter()
        .find_map(|kind| fs::metadata(place(folder, &slot, kind).ok()?).ok()?.modified().ok())?;
    let title = fs::read(place(folder, &slot, TITLE).ok()?).unwrap_or_default();
    Some(Recovered { slot, title: String::from_utf8_lossy(&title).into_owned(), saved })
}

/// Opens the newest copy of a slot that is whole.
///
/// # Errors
/// If there is none.
pub fn open(folder: &Path, slot: &str) -> Result<Opened, Error> {
    let place =
        |kind| place(folder, slot, kind).map_err(|reason| Error::unreadable(folder, reason));
    let (newest, previous) = (place(NEWEST)?, place(PREVIOUS)?);
    let result = crate::open(&newest);
    // A copy of our own that needs notes is damaged.
    if result.as_ref().is_ok_and(|opened| opened.notes.is_empty()) {
        return result;
    }
    match crate::open(&previous) {
        Ok(mut opened) if opened.notes.is_empty() || result.is_err() => {
            if newest.exists() {
                opened.notes.insert(
                    0,
                    "the last automatic copy is damaged; this is the one before it".into(),
                );
            }
            Ok(opened)
        }
        _ => result,
    }
}

/// Removes what a slot holds; one that holds nothing is fine.
///
/// # Errors
/// If the slot's name is none or the disk fails.
pub fn forget(folder: &Path, slot: &str) -> Result<(), Error> {
    // The previous copy first, so that it never comes back as the newest.
    for kind in [PREVIOUS, NEWEST, TITLE] {
        let path = place(folder, slot, kind).map_err(|reason| Error::unwritable(folder, reason))?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::unwritable(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn place(folder: &Path, slot: &str, kind: &str) -> Result<PathBuf, String> {
    if is_slot(slot) {
        return Ok(folder.join(format!("{slot}.{kind}")));
    }
    let start: String =
        slot.chars().filter(|character| !character.is_control()).take(MAX_SLOT).collect();
    Err(format!("`{start}` is no name for a recovery copy"))
}

/// Letters, digits and dashes: no path leads out of the folder.
fn is_slot(slot: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_SLOT).contains(&slot.len()) && slot.bytes().all(is_plain)
}
