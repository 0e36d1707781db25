//! Documents: opened, saved, exported, drawn.

use std::path::{Path, PathBuf};

use document::Document;
use files::Format;
use tauri::{AppHandle, Runtime, WebviewWindow, ipc::Response};
use tauri_plugin_fs::FsExt;

use super::off_the_main_thread;
use crate::{
    arrivals, dialogs,
    error::{AppError, Code, Result},
    shell::Shell,
    translate::{self, Incoming},
    view,
    wire::{
        self,
        document::{DocumentWire, OpenedReply, SavedReply},
    },
    words,
};

/// What a project is saved as when nobody says otherwise.
const PROJECT: Format = Format::Ora;
/// What else a project can be saved as: saving loses no layer.
const OTHER_PROJECTS: &[Format] = &[Format::Psd, Format::Psb];

#[tauri::command]
pub(crate) async fn open_document_dialog<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
) -> Result<Option<OpenedReply>> {
    off_the_main_thread(&app, move |app, shell| {
        let Some(path) = dialogs::document_to_open(app, &window, shell)? else { return Ok(None) };
        // Chosen by the user: the page may ask for it again.
        app.fs_scope().allow_file(&path).map_err(AppError::internal)?;
        let opened = arrivals::open_document(shell, &path)?;
        arrivals::remember(app, shell, &path);
        Ok(Some(opened))
    })
    .await
}

#[tauri::command]
pub(crate) async fn open_document_path<R: Runtime>(
    app: AppHandle<R>,
    path: PathBuf,
) -> Result<OpenedReply> {
    off_the_main_thread(&app, move |app, shell| {
        arrivals::check_allowed(app, &path)?;
        let opened = arrivals::open_document(shell, &path)?;
        arrivals::remember(app, shell, &path);
        Ok(opened)
    })
    .await
}

#[tauri::command]
pub(crate) async fn save_document<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
    document: serde_json::Value,
    path: Option<String>,
    name: Option<String>,
) -> Result<Option<SavedReply>> {
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        let known = path.map(|path| shell.writable(&path)).transpose()?;
        let incoming = translate::to_document(shell, &document)?;
        let layered = known.as_deref().and_then(layered_format);
        if let (Some(path), Some(format)) = (&known, layered) {
            let saved = save(shell, path, format, incoming)?;
            arrivals::remember(app, shell, path);
            return Ok(Some(saved));
        }
        // A flat format would lose the layers: its file stays as it is and a project is made.
        let name = known.as_deref().map(arrivals::file_name).or(name);
        let asked = dialogs::Question {
            title: words::of(shell.language(app)).save,
            name: name.as_deref(),
            usual: PROJECT,
            others: OTHER_PROJECTS,
        };
        let Some(path) = dialogs::file_to_save(app, &window, shell, &asked)? else {
            return Ok(None);
        };
        let format = layered_format(&path).unwrap_or(PROJECT);
        let saved = save_as(app, shell, &path, format, incoming)?;
        arrivals::remember(app, shell, &path);
        Ok(Some(saved))
    })
    .await
}

#[tauri::command]
pub(crate) async fn export_document<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
    document: serde_json::Value,
    format: String,
    name: Option<String>,
) -> Result<Option<SavedReply>> {
    let format = format_named(&format)?;
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        // Before the dialog: what cannot be written should not be named first.
        let incoming = translate::to_document(shell, &document)?;
        let asked = dialogs::Question {
            title: words::of(shell.language(app)).export,
            name: name.as_deref(),
            usual: format,
            others: &[],
        };
        let Some(path) = dialogs::file_to_save(app, &window, shell, &asked)? else {
            return Ok(None);
        };
        save_as(app, shell, &path, format, incoming).map(Some)
    })
    .await
}

#[tauri::command]
pub(crate) async fn render_document<R: Runtime>(
    app: AppHandle<R>,
    document: serde_json::Value,
    max_side: Option<u32>,
) -> Result<Response> {
    let document: DocumentWire = wire::parse(document)?;
    if max_side == Some(0) {
        return Err(AppError::new(Code::InvalidRequest, "a picture has a side of at least 1"));
    }
    let bytes = off_the_main_thread(&app, move |_, shell| {
        let document = translate::to_shown(shell, &document)?;
        let picture = match max_side {
            Some(side) => view::flatten_within(document, side)?,
            None => view::flatten(document)?,
        };
        Ok(view::with_size(&picture))
    })
    .await?;
    Ok(Response::new(bytes))
}

/// Writes to a file that a dialog gave; from then on saving needs no dialog.
fn save_as<R: Runtime>(
    app: &AppHandle<R>,
    shell: &Shell,
    path: &Path,
    format: Format,
    incoming: Incoming,
) -> Result<SavedReply> {
    let saved = save(shell, path, format, incoming)?;
    app.fs_scope().allow_file(path).map_err(AppError::internal)?;
    shell.allow_writing(path);
    Ok(saved)
}

fn save(shell: &Shell, path: &Path, format: Format, incoming: Incoming) -> Result<SavedReply> {
    let Incoming { document, mut notes } = incoming;
    notes.extend(write(shell, &document, path, format)?);
    Ok(SavedReply { path: arrivals::shown(path), notes })
}

fn write(shell: &Shell, document: &Document, path: &Path, format: Format) -> Result<Vec<String>> {
    let _saving = shell.saving();
    files::save(document, path, format)
        .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
}

fn layered_format(path: &Path) -> Option<Format> {
    Format::from_path(path).filter(|format| *format == PROJECT || OTHER_PROJECTS.contains(format))
}

fn format_named(name: &str) -> Result<Format> {
    Ok(match name {
        "psd" => Format::Psd,
        "psb" => Format::Psb,
        "ora" => Format::Ora,
        "png" => Format::Png,
        "webp" => Format::WebP,
        "jpeg" => Format::Jpeg,
        "zip" => Format::Zip,
        _ => {
            let message = format!(
                "cannot export as `{name}`; psd, psb, ora, png, webp, jpeg and zip are possible"
            );
            return Err(AppError::new(Code::InvalidRequest, message));
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Settings;

    #[test]
    fn every_format_that_the_page_may_name_is_written_as_itself() {
        let shell = Shell::new(Settings::default());
        shell.start_engine();
        let folder = tempfile::tempdir().unwrap();
        let picture = engine::Image::new(3, 2, [9, 8, 7, 128].repeat(6)).unwrap();
        let id = shell.images().unwrap().insert(picture).id.0;
        let layers = json!([{ "id": 1, "name": "a", "image": id }, { "id": 2, "kind": "group" }]);
        let wire = json!({ "width": 3, "height": 2, "layers": layers });
        let wire: DocumentWire = wire::parse(wire).unwrap();
        for name in ["psd", "psb", "ora", "png", "webp", "jpeg", "zip"] {
            let path = folder.path().join(name);
            let format = format_named(name).unwrap();
            let incoming = translate::to_document(&shell, &wire).unwrap();
            let saved = save(&shell, &path, format, incoming).unwrap();
            assert_eq!(saved.path, path.display().to_string());
            let bytes = std::fs::read(&path).unwrap();
            match name {
                "zip" => assert!(bytes.starts_with(b"PK\x03\x04")),
                _ => assert_eq!(files::detect(&bytes), Some(format), "{name}"),
            }
            // What is half transparent is not so in a JPEG, which is said.
            assert_eq!(!saved.notes.is_empty(), name == "jpeg", "{name}: {:?}", saved.notes);
        }
        assert!(!shell.is_busy());
    }
}
