//! Where models lie on this machine: one answer for the window and the command line.
//!
//! A pure function of an environment and a program's path; it creates nothing.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use engine::Roots;

/// Names the starter model's folder.
pub const STARTER_VARIABLE: &str = "ASSET_EDITOR_STARTER";
/// Names further model folders, separated as in `PATH`.
pub const MODELS_VARIABLE: &str = "ASSET_EDITOR_MODELS";

/// Names another server with the same addresses as Hugging Face.
pub const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
/// Holds an access token.
pub const TOKEN_VARIABLE: &str = "HF_TOKEN";
const ENDPOINT: &str = "https://huggingface.co";

/// Where this process looks for models.
#[must_use]
pub fn roots() -> Roots {
    roots_from(&|name| env::var_os(name), env::current_exe().ok().as_deref())
}

/// Where a program at `exe` looks for models in an environment.
///
/// The starter is `$ASSET_EDITOR_STARTER`, else beside an installed program, else (debug builds) in
/// the source tree. Models are in `$ASSET_EDITOR_MODELS` and in the user's data folder.
#[must_use]
pub fn roots_from(variable: &dyn Fn(&str) -> Option<OsString>, exe: Option<&Path>) -> Roots {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let starter = set(STARTER_VARIABLE).map(PathBuf::from).unwrap_or_else(|| starter_of(exe));
    let mut models: Vec<PathBuf> = set(MODELS_VARIABLE)
        .map(|list| env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    let home = |name, below| home(&set, name, below).map(|home| home.join("asset-editor"));
    models.extend(home("XDG_DATA_HOME", ".local/share").map(|home| home.join("models")));
    let config = home("XDG_CONFIG_HOME", ".config");
    let cache = home("XDG_CACHE_HOME", ".cache");
    Roots { starter, models, config, cache }
}

/// Where models are downloaded from: `$HF_ENDPOINT`, as with other programs, else Hugging Face.
#[must_use]
pub fn endpoint() -> String {
    let set = env::var(ENDPOINT_VARIABLE).ok().filter(|value| !value.trim().is_empty());
    set.map_or_else(|| ENDPOINT.into(), |value| value.trim().trim_end_matches('/').to_owned())
}

/// The access token in the environment, for machines without a keychain.
#[must_use]
pub fn token() -> Option<String> {
    env::var(TOKEN_VARIABLE).ok().filter(|value| !value.trim().is_empty())
}

/// Where this user's runs are remembered, to foresee the next; nowhere without a home.
#[must_use]
pub fn measurements() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let home = home(&set, "XDG_DATA_HOME", ".local/share");
    home.map(|home| home.join("asset-editor/measured.json"))
}

/// The document that shows what the editor can do: beside an installed program, else in the source tree.
#[must_use]
pub fn example() -> PathBuf {
    shipped("examples/potion.ora", env::current_exe().ok().as_deref())
}

fn starter_of(exe: Option<&Path>) -> PathBuf {
    shipped("starter", exe)
}

/// Something that comes with the program: beside an installed one, else (debug builds) in the source tree.
fn shipped(name: &str, exe: Option<&Path>) -> PathBuf {
    let installed = exe
        .and_then(Path::parent)
        .and_then(Path::parent)
        .map(|prefix| prefix.join("lib/asset-editor").join(name));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    match installed {
        Some(installed) if installed.exists() || !cfg!(debug_assertions) => installed,
        None if !cfg!(debug_assertions) => PathBuf::new(),
        _ => source,
    }
}

/// The XDG rule: an absolute folder in the variable, else one below the user's.
fn home(set: &dyn Fn(&str) -> Option<OsString>, variable: &str, below: &str) -> Option<PathBuf> {
    let absolute = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], exe: Option<&Path>) -> Roots {
        let lookup = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        roots_from(&lookup, exe)
    }

    #[test]
    fn a_named_starter_comes_before_an_installed_one() {
        let prefix = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(prefix.path().join("lib/asset-editor/starter")).expect("a folder");
        let exe = prefix.path().join("bin/asset-editor");
        let named = check(&[("ASSET_EDITOR_STARTER", "/models/small")], Some(&exe));
        assert_eq!(named.starter, Path::new("/models/small"));
        let installed = check(&[("ASSET_EDITOR_STARTER", "")], Some(&exe));
        assert_eq!(installed.starter, prefix.path().join("lib/asset-editor/starter"));
    }

    #[test]
    fn a_build_in_the_source_tree_uses_the_source_tree_s_starter() {
        let roots = check(&[], Some(Path::new("/nowhere/target/debug/asset-editor")));
        assert!(roots.starter.ends_with("src-tauri/crates/locations/../../starter"), "{roots:?}");
    }

    #[test]
    fn named_model_folders_come_before_the_data_folder() {
        let roots = check(
            &[
                ("ASSET_EDITOR_MODELS", "/disk/a::/disk/b"),
                ("XDG_DATA_HOME", "/data"),
                ("HOME", "/home/a"),
            ],
            None,
        );
        let expected = ["/disk/a", "/disk/b", "/data/asset-editor/models"];
        assert_eq!(roots.models, expected.map(PathBuf::from));
    }

    #[test]
    fn a_relative_data_home_is_ignored_as_the_xdg_rule_says() {
        let roots = check(&[("XDG_DATA_HOME", "data"), ("HOME", "/home/a")], None);
        assert_eq!(roots.models, [PathBuf::from("/home/a/.local/share/asset-editor/models")]);
        assert!(check(&[], None).models.is_empty());
        assert_eq!(roots.config, Some(PathBuf::from("/home/a/.config/asset-editor")));
        assert_eq!(roots.cache, Some(PathBuf::from("/home/a/.cache/asset-editor")));
    }
}
