//! Becomes the window, which is a program of its own so that this one needs no display.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::failure::Failure;

const WINDOW_PROGRAM: &str =
    if cfg!(windows) { "asset-editor-window.exe" } else { "asset-editor-window" };

/// Whether the arguments ask for the window: there are none, or the first is a file.
pub(crate) fn is_meant_by(arguments: &[OsString]) -> bool {
    arguments.first().is_none_or(|first| {
        first.as_encoded_bytes().first() != Some(&b'-') && Path::new(first).is_file()
    })
}

/// Hands over to the window program with the same arguments. Returns only if that fails.
pub(crate) fn open(arguments: &[OsString]) -> Result<(), Failure> {
    let program = find(env::current_exe().ok(), env::var_os("PATH")).ok_or_else(|| {
        Failure::new(
            "no_window",
            format!("`{WINDOW_PROGRAM}` is not installed beside this program; `asset-editor generate` works without it"),
        )
    })?;
    if cfg!(target_os = "linux") && !has_display() {
        return Err(Failure::new(
            "no_display",
            "there is no display to open the window on; `asset-editor generate` works without one",
        ));
    }
    let mut command = Command::new(&program);
    command.args(arguments);
    hand_over(command).map_err(|error| {
        Failure::new("no_window", format!("`{}` does not start: {error}", program.display()))
    })
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Beside this program, else where programs are.
fn find(exe: Option<PathBuf>, path: Option<OsString>) -> Option<PathBuf> {
    let beside = exe.as_deref().and_then(Path::parent).map(Path::to_owned);
    let elsewhere = path.iter().flat_map(env::split_paths).collect::<Vec<_>>();
    beside
        .into_iter()
        .chain(elsewhere)
        .map(|folder| folder.join(WINDOW_PROGRAM))
        .find(|program| program.is_file())
}

#[cfg(unix)]
fn hand_over(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn hand_over(mut command: Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_flags_do_not_open_the_window() {
        for arguments in
            [&["generate"][..], &["models", "--json"], &["--help"], &["no-such-file.png"]]
        {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert!(!is_meant_by(&arguments), "{arguments:?}");
        }
    }

    #[test]
    fn nothing_or_a_file_opens_the_window() {
        assert!(is_meant_by(&[]));
        assert!(is_meant_by(&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()]));
    }

    #[test]
    fn the_window_beside_this_program_comes_before_one_on_the_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [beside, other] = ["beside", "other"].map(|name| folder.path().join(name));
        for place in [&beside, &other] {
            std::fs::create_dir(place).expect("a folder");
            std::fs::write(place.join(WINDOW_PROGRAM), "").expect("a file");
        }
        let path = Some(other.clone().into_os_string());
        assert_eq!(
            find(Some(beside.join("asset-editor")), path.clone()),
            Some(beside.join(WINDOW_PROGRAM))
        );
        assert_eq!(find(None, path), Some(other.join(WINDOW_PROGRAM)));
    }
}
