//! Files that come from outside: the command line, a second start, dialogs, drops.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use engine::Image;
use tauri::{AppHandle, Emitter, Manager, Runtime};
use tauri_plugin_fs::FsExt;

use crate::{
    error::{AppError, Code, Result},
    menu,
    recent::Recent,
    shell::Shell,
    translate, window,
    wire::{ImageReply, document::OpenedReply},
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

/// Fails unless the user chose or dropped the file.
pub(crate) fn check_allowed<R: Runtime>(app: &AppHandle<R>, path: &Path) -> Result<()> {
    if app.fs_scope().is_allowed(path) {
        return Ok(());
    }
    Err(AppError::new(
        Code::FileNotAllowed,
        "this file was not chosen in a dialog and not dropped on the window",
    ))
}

/// Reads a picture file for the page. Whether it may be read is decided before.
pub(crate) fn import(shell: &Shell, path: &Path) -> Result<ImageReply> {
    let name = file_name(path);
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

/// Opens a document for the page; a flat picture is one of one layer. From then on it may be saved
/// there. Whether it may be read is decided before.
pub(crate) fn open_document(shell: &Shell, path: &Path) -> Result<OpenedReply> {
    let name = file_name(path);
    let opened = files::open(path)
        .map_err(|error| AppError::new(Code::ImageUnreadable, error.to_string()))?;
    let document = translate::to_wire(shell, opened.document)?;
    shell.allow_writing(path);
    Ok(OpenedReply { path: Some(shown(path)), name, document, notes: opened.notes })
}

/// Lists a file among those used last.
pub(crate) fn remember<R: Runtime>(app: &AppHandle<R>, shell: &Shell, path: &Path) {
    // The file itself is open or saved: a list that cannot be written is no reason to complain.
    if Recent::of(&shell.data_folder(app)).add(path).is_ok() {
        menu::show_recent(app);
    }
}

/// A path as the page has it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
            match open_document(&app.state::<Shell>(), &path) {
                // Fails only when the window is gone.
                Ok(opened) => {
                    remember(&app, &app.state::<Shell>(), &path);
                    drop(app.emit("open-file", opened));
                }
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
