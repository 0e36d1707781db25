//! Picture files that come from outside: the command line, a second start, dialogs, drops.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use engine::Image;
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::{
    error::{AppError, Code, Result},
    shell::Shell,
    window,
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
    let about = fs::metadata(path).map_err(|error| unreadable(&name, &plain(&error)))?;
    if !about.is_file() {
        return Err(unreadable(&name, "it is not a file"));
    }
    let image = Image::open(path).map_err(|error| match error {
        engine::Error::Unreadable { reason, .. } => unreadable(&name, &reason),
        other => other.into(),
    })?;
    shell.keep(image, name)
}

pub(crate) fn unreadable(name: &str, reason: &str) -> AppError {
    AppError::new(Code::ImageUnreadable, format!("`{name}` cannot be opened: {reason}"))
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "you may not read it".into(),
        _ => error.to_string(),
    }
}

/// Opens files that the user named outside of the page, once the page can take them.
pub(crate) fn open_all<R: Runtime>(app: &AppHandle<R>, files: Vec<PathBuf>) {
    let files = app.state::<Shell>().files_to_open(files);
    if files.is_empty() {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let mut problems = Vec::new();
        for path in files {
            match import(&app.state::<Shell>(), &path) {
                // Fails only when the window is gone.
                Ok(image) => drop(app.emit("open-file", image)),
                Err(error) => problems.push(error.message),
            }
        }
        if !problems.is_empty() {
            window::tell(&app, &problems.join("\n"));
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
