//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{Result, command};

/// The top of the source tree.
pub(crate) fn root() -> PathBuf {
    // This crate is `src-tauri/crates/xtask`.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new(".")).to_owned()
}

/// The cargo that runs this, so that every build uses one toolchain.
pub(crate) fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Where cargo builds; it may be anywhere.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = command::new(&cargo())
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output_text()?;
    json_string(&metadata, "target_directory")
        .map(PathBuf::from)
        .ok_or_else(|| "`cargo metadata` names no target_directory".into())
}

/// The workspace's version, which is the product's.
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The string value of a key that occurs once in a JSON text.
pub(crate) fn json_string(json: &str, key: &str) -> Option<String> {
    let start = json.find(&format!("\"{key}\":\""))? + key.len() + 4;
    let mut value = String::new();
    let mut characters = json[start..].chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_escapes_is_read_from_json() {
        let json = r#"{"version":1,"target_directory":"C:\\a \"b\"","other":"x"}"#;
        assert_eq!(json_string(json, "target_directory").as_deref(), Some(r#"C:\a "b""#));
        assert_eq!(json_string(json, "missing"), None);
    }
}
