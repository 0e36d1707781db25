//! The dialogs in which people name files.

use std::path::{Path, PathBuf};

use files::Format;
use tauri::{AppHandle, Runtime, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};

use crate::{
    error::Result,
    shell::Shell,
    words::{self, Words},
};

/// What can be opened, as people know it.
const OPENABLE: &[Format] =
    &[Format::Ora, Format::Psd, Format::Psb, Format::Png, Format::Jpeg, Format::WebP];

/// Asks which document to open.
pub(crate) fn document_to_open<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    shell: &Shell,
) -> Result<Option<PathBuf>> {
    let _open = shell.dialog()?;
    let words = words::of(shell.language(app));
    let all: Vec<&str> = OPENABLE.iter().flat_map(|format| format.extensions()).copied().collect();
    let mut dialog = app
        .dialog()
        .file()
        .set_parent(window)
        .set_title(words.open)
        .add_filter(words.documents, &all);
    for format in OPENABLE {
        dialog = dialog.add_filter(words.format(*format), format.extensions());
    }
    Ok(dialog.blocking_pick_file().and_then(|path| path.into_path().ok()))
}

/// Asks for a folder that has models.
pub(crate) fn folder_of_models<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    shell: &Shell,
) -> Result<Option<PathBuf>> {
    let _open = shell.dialog()?;
    let words = words::of(shell.language(app));
    let dialog = app.dialog().file().set_parent(window).set_title(words.folder_of_models);
    Ok(dialog.blocking_pick_folder().and_then(|path| path.into_path().ok()))
}

/// What is asked when a file is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) title: &'a str,
    /// The document's name.
    pub(crate) name: Option<&'a str>,
    /// The format of a name without a known extension.
    pub(crate) usual: Format,
    /// Formats that may be typed as well.
    pub(crate) others: &'a [Format],
}

/// Asks where to write, and whether a file there may be replaced.
pub(crate) fn file_to_save<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    shell: &Shell,
    question: &Question<'_>,
) -> Result<Option<PathBuf>> {
    let _open = shell.dialog()?;
    let words = words::of(shell.language(app));
    let mut dialog = app
        .dialog()
        .file()
        .set_parent(window)
        .set_title(question.title)
        .set_file_name(suggestion(question.name, words.untitled, question.usual))
        .add_filter(words.format(question.usual), question.usual.extensions());
    for format in question.others {
        dialog = dialog.add_filter(words.format(*format), format.extensions());
    }
    let chosen = dialog.blocking_save_file().and_then(|path| path.into_path().ok());
    let Some(chosen) = chosen else { return Ok(None) };
    let path = with_extension(&chosen, question.usual, question.others);
    if path != chosen && path.exists() && !may_replace(app, window, words, &path) {
        return Ok(None);
    }
    Ok(Some(path))
}

/// The system's dialog asks about the name that was typed, not about the one with an extension.
fn may_replace<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    words: &Words,
    path: &Path,
) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    app.dialog()
        .message(words.replace_question.replace('#', &name))
        .title(words.replace_title)
        .kind(MessageDialogKind::Warning)
        .parent(window)
        .buttons(MessageDialogButtons::OkCancelCustom(words.replace.into(), words.cancel.into()))
        .blocking_show()
}

/// The document's name with the format's extension, and without folders: it comes from the page.
fn suggestion(name: Option<&str>, untitled: &str, format: Format) -> String {
    let name = name.unwrap_or_default().replace(['/', '\\', '\0'], " ");
    let path = Path::new(name.trim());
    // `v1.2` has no extension that anybody knows.
    let stem = if Format::from_path(path).is_some() {
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    } else {
        name.trim().to_owned()
    };
    let stem = if stem.is_empty() { untitled } else { &stem };
    format!("{stem}.{}", first_extension(format))
}

/// The path, with the extension of `usual` unless it has one that is meant.
fn with_extension(path: &Path, usual: Format, others: &[Format]) -> PathBuf {
    let given = Format::from_path(path);
    if given.is_some_and(|given| given == usual || others.contains(&given)) {
        return path.to_owned();
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(first_extension(usual));
    path.with_file_name(name)
}

fn first_extension(format: Format) -> &'static str {
    format.extensions().first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_meant_extension_gets_it() {
        let check = |path: &str, expected: &str| {
            let path = with_extension(Path::new(path), Format::Ora, &[Format::Psd]);
            assert_eq!(path, Path::new(expected));
        };
        check("/a/sword", "/a/sword.ora");
        check("/a/sword.ORA", "/a/sword.ORA");
        check("/a/sword.psd", "/a/sword.psd");
        check("/a/v1.2", "/a/v1.2.ora");
        check("/a/photo.jpg", "/a/photo.jpg.ora");
        let jpeg = with_extension(Path::new("/a/photo.jpeg"), Format::Jpeg, &[]);
        assert_eq!(jpeg, Path::new("/a/photo.jpeg"));
    }

    #[test]
    fn a_suggested_name_is_the_document_s_in_the_other_format() {
        assert_eq!(suggestion(Some("hero.psd"), "Untitled", Format::Png), "hero.png");
        assert_eq!(suggestion(Some("v1.2"), "Untitled", Format::Ora), "v1.2.ora");
        assert_eq!(suggestion(Some("../../x"), "Untitled", Format::Ora), ".. .. x.ora");
        assert_eq!(suggestion(Some(" "), "Untitled", Format::Ora), "Untitled.ora");
        assert_eq!(suggestion(None, "Untitled", Format::Psd), "Untitled.psd");
    }
}
