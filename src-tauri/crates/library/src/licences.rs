//! Which licences the user has accepted: the name and the version of the text, not merely an id.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use engine::{Licence, Roots};
use toml::{Table, Value};

use crate::{Error, Result};

const FILE: &str = "accepted-licences.toml";
/// Larger files are no list of licences.
const MAX_BYTES: u64 = 1 << 20;

/// Whether these very terms were accepted. A list that cannot be read has accepted nothing.
#[must_use]
pub fn is_accepted(roots: &Roots, licence: &Licence) -> bool {
    read(roots).unwrap_or_default().contains(&entry(licence))
}

/// Remembers that the user accepts these terms.
///
/// # Errors
/// If that cannot be kept.
pub fn accept(roots: &Roots, licence: &Licence) -> Result<()> {
    let path = path(roots)?;
    let mut accepted = read(roots)?;
    let entry = entry(licence);
    if accepted.contains(&entry) {
        return Ok(());
    }
    accepted.push(entry);
    let accepted = accepted.into_iter().map(Value::Table).collect();
    let table = Table::from_iter([("accepted".into(), Value::Array(accepted))]);
    let written = (|| {
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(table.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)
    })();
    written.map(drop).map_err(|error| Error::Settings { path, reason: error.to_string() })
}

fn path(roots: &Roots) -> Result<PathBuf> {
    let config = roots.config.as_ref();
    config
        .map(|config| config.join(FILE))
        .ok_or_else(|| Error::Unknown("there is no folder for settings: HOME is not set".into()))
}

fn read(roots: &Roots) -> Result<Vec<Table>> {
    let path = path(roots)?;
    let failed = |reason: String| Error::Settings { path: path.clone(), reason };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return Err(failed("it is too large; remove it".into()));
        }
        _ => {}
    }
    let text = fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    let table: Table = text
        .parse()
        .map_err(|_error| failed("it is damaged; remove it to accept licences anew".into()))?;
    let accepted = table.get("accepted").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(accepted.into_iter().filter_map(|value| value.as_table().cloned()).collect())
}

fn entry(licence: &Licence) -> Table {
    [
        ("id", &licence.id),
        ("name", &licence.name),
        ("version", &licence.version),
        ("url", &licence.url),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), Value::String(value.clone())))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_of_a_licence_has_to_be_accepted_anew() {
        let home = tempfile::tempdir().expect("a folder");
        let roots = Roots { config: Some(home.path().join("new")), ..Roots::default() };
        let licence = Licence {
            id: "a".into(),
            name: "A".into(),
            version: "1".into(),
            url: "https://example.org".into(),
            summary: String::new(),
            commercial: true,
        };
        assert!(!is_accepted(&roots, &licence));
        accept(&roots, &licence).expect("it is kept");
        accept(&roots, &licence).expect("it is kept once");
        assert!(is_accepted(&roots, &licence));
        let newer = Licence { version: "2".into(), ..licence.clone() };
        assert!(!is_accepted(&roots, &newer));
        accept(&roots, &newer).expect("it is kept");
        assert!(is_accepted(&roots, &licence) && is_accepted(&roots, &newer));
        fs::write(home.path().join("new").join(FILE), "x").expect("written");
        assert!(!is_accepted(&roots, &licence));
        assert!(accept(&roots, &licence).is_err(), "a damaged list is not overwritten");
    }
}
