//! Starting at login, by the XDG rule: a desktop entry in `autostart`. Whether it is there is the
//! setting itself, so that desktops and people may take it away.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::error::{AppError, Code, Result};

const FILE: &str = "autostart/asset-editor.desktop";
/// Starts the program without its window.
pub(crate) const HIDDEN: &str = "--hidden";

/// Whether the program starts at login; `config` is the folder of all programs' settings.
pub(crate) fn is_on(config: &Path) -> bool {
    let entry = fs::read_to_string(path(config)).unwrap_or_default();
    let says = |line: &str| entry.lines().any(|other| other.trim() == line);
    !entry.is_empty() && !says("Hidden=true") && !says("X-GNOME-Autostart-enabled=false")
}

/// Starts `program` at login from now on, without its window, or does not any more.
pub(crate) fn set(config: &Path, program: &Path, on: bool) -> Result<()> {
    let path = path(config);
    let failed = |error: &dyn std::fmt::Display| {
        AppError::new(
            Code::FileWriteFailed,
            format!("`{}` cannot be changed: {error}", path.display()),
        )
    };
    if !on {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&error)),
            _ => Ok(()),
        };
    }
    let program = program.to_str().ok_or_else(|| failed(&"the program's path is no text"))?;
    let folder = path.parent().unwrap_or(config);
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let text = entry(program);
    files::atomic::write(&path, |file| Ok(file.write_all(text.as_bytes())?))
        .map_err(|error| failed(&error))
}

fn path(config: &Path) -> PathBuf {
    config.join(FILE)
}

fn entry(program: &str) -> String {
    format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Veetance Asset Editor\n\
         Icon=asset-editor\n\
         Exec={} {HIDDEN}\n\
         Terminal=false\n",
        quoted(program)
    )
}

/// By the rules of desktop entries: quotes inside quotes, then backslashes again for the file, and
/// `%` twice, since it begins a code.
fn quoted(program: &str) -> String {
    let mut text = String::from("\"");
    for letter in program.chars() {
        match letter {
            '"' | '`' | '$' => text.extend(['\\', '\\', letter]),
            '\\' => text.push_str("\\\\\\\\"),
            '%' => text.push_str("%%"),
            _ => text.push(letter),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_comes_and_goes_and_desktops_may_switch_it_off() {
        let config = tempfile::tempdir().unwrap();
        assert!(!is_on(config.path()));
        set(config.path(), Path::new("/usr/bin/asset-editor-window"), true).unwrap();
        assert!(is_on(config.path()));
        let path = path(config.path());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\nExec=\"/usr/bin/asset-editor-window\" --hidden\n"), "{text}");
        for off in ["Hidden=true\n", "X-GNOME-Autostart-enabled=false\n"] {
            fs::write(&path, format!("{text}{off}")).unwrap();
            assert!(!is_on(config.path()), "{off}");
        }
        for _ in 0..2 {
            set(config.path(), Path::new("/a"), false).unwrap();
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_program_s_path_may_hold_anything() {
        assert_eq!(quoted("/a b/c"), r#""/a b/c""#);
        assert_eq!(quoted(r#"/100%/$"\"#), r#""/100%%/\\$\\"\\\\""#);
    }
}
