//! Picture files that come from outside: the command line, a second start, dialogs, drops.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use engine::Image;
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::{
    error::{AppError, Code, Result},
    shell::Shell,
    wire::ImageReply,
};

/// The files that a command line names, seen from the folder it was given in.
pub(crate) fn in_arguments(
    arguments: impl Iterator<Item = OsString>,
    folder: &Path,
) -> Vec<PathBuf> {
    arguments
        .skip(1)
        .filter(|argument| !argument.as_encoded_bytes().starts_with(b"-"))
        .map(|argument| folder.join(argument))
        .collect()
}

/// Reads a picture file for the page. Whether it may be read is decided before.
pub(crate) fn import(shell: &Shell, path: &Path) -> Result<ImageReply> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = std::fs::read(path).map_err(|error| unreadable(&name, &error.to_string()))?;
    let image = Image::decode(&bytes).map_err(|reason| unreadable(&name, &reason))?;
    shell.keep(image, name)
}

pub(crate) fn unreadable(name: &str, reason: &str) -> AppError {
    AppError::new(Code::ImageUnreadable, format!("`{name}` cannot be opened: {reason}"))
}

/// Opens files that the user named outside of the page, once the page can take them.
pub(crate) fn open_all<R: Runtime>(app: &AppHandle<R>, files: Vec<PathBuf>) {
    let files = app.state::<Shell>().files_to_open(files);
    if files.is_empty() {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        for path in files {
            match import(&app.state::<Shell>(), &path) {
                // Fails only when the window is gone.
                Ok(image) => drop(app.emit("open-file", image)),
                Err(error) => crate::window::tell(&app, &error.message),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_names_files_from_its_own_folder() {
        let arguments = ["app", "a.png", "--flag", "/b/c.png"].map(OsString::from);
        let files = in_arguments(arguments.into_iter(), Path::new("/here"));
        assert_eq!(files, [PathBuf::from("/here/a.png"), PathBuf::from("/b/c.png")]);
    }
}
