//! The document as one picture: into a file, to the clipboard and back.

use std::path::{Path, PathBuf};

use engine::Image;
use tauri::{AppHandle, Runtime, WebviewWindow};
use tauri_plugin_clipboard_manager::ClipboardExt;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};

use super::off_the_main_thread;
use crate::{
    composite::{self, Layer},
    error::{AppError, Code, Result},
    shell::Shell,
    wire::{self, Document, ImageReply, LayerRequest, SavedReply},
};

/// The longest side of a document.
const MAX_SIDE: u32 = 30_000;
/// The most pixels of a document: 1 GiB.
const MAX_PIXELS: u64 = 1 << 28;

#[tauri::command]
pub(crate) async fn save_png_dialog<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
    document: serde_json::Value,
) -> Result<Option<SavedReply>> {
    let document: Document = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        save_png(app, &window, shell, "Save As PNG", &document)
    })
    .await
}

#[tauri::command]
pub(crate) async fn export_dialog<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
    document: serde_json::Value,
    format: String,
) -> Result<Option<SavedReply>> {
    if format != "png" {
        return Err(AppError::new(
            Code::InvalidRequest,
            format!("cannot export as `{format}`; png is possible"),
        ));
    }
    let document: Document = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| save_png(app, &window, shell, "Export", &document))
        .await
}

#[tauri::command]
pub(crate) async fn copy_image<R: Runtime>(
    app: AppHandle<R>,
    document: serde_json::Value,
) -> Result<()> {
    let document: Document = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        let flat = flatten(shell, &document)?;
        let image = tauri::image::Image::new(flat.rgba(), flat.width(), flat.height());
        app.clipboard().write_image(&image).map_err(|_error| {
            AppError::new(
                Code::Clipboard,
                "the picture could not be copied: the clipboard does not answer",
            )
        })
    })
    .await
}

#[tauri::command]
pub(crate) async fn paste_image<R: Runtime>(app: AppHandle<R>) -> Result<Option<ImageReply>> {
    off_the_main_thread(&app, |app, shell| {
        // The clipboard gives the same error for text, for nothing, and for its own failure.
        let Ok(image) = app.clipboard().read_image() else { return Ok(None) };
        let image = Image::new(image.width(), image.height(), image.rgba().to_vec())?;
        shell.keep(image, "Pasted".into()).map(Some)
    })
    .await
}

fn save_png<R: Runtime>(
    app: &AppHandle<R>,
    window: &WebviewWindow<R>,
    shell: &Shell,
    title: &str,
    document: &Document,
) -> Result<Option<SavedReply>> {
    // Before the dialog: what cannot be drawn should not be named first.
    let flat = flatten(shell, document)?;
    let path = {
        let _open = shell.dialog()?;
        app.dialog()
            .file()
            .set_parent(window)
            .set_title(title)
            .set_file_name("Untitled.png")
            .add_filter("PNG", &["png"])
            .blocking_save_file()
    };
    let Some(chosen) = path.and_then(|path| path.into_path().ok()) else { return Ok(None) };
    let path = with_png_extension(&chosen);
    if path != chosen && path.exists() && !may_replace(app, window, &path) {
        return Ok(None);
    }
    let _saving = shell.saving();
    flat.save_png(&path)?;
    Ok(Some(SavedReply { path: path.display().to_string() }))
}

/// The system's dialog asks about the name that was typed, not about the one with an extension.
fn may_replace<R: Runtime>(app: &AppHandle<R>, window: &WebviewWindow<R>, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    app.dialog()
        .message(format!("“{name}” already exists. Replace it?"))
        .title("Replace File")
        .kind(MessageDialogKind::Warning)
        .parent(window)
        .buttons(MessageDialogButtons::OkCancelCustom("Replace".into(), "Cancel".into()))
        .blocking_show()
}

fn with_png_extension(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return path.to_owned();
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".png");
    path.with_file_name(name)
}

fn flatten(shell: &Shell, document: &Document) -> Result<Image> {
    let &Document { width, height, .. } = document;
    let pixels = u64::from(width) * u64::from(height);
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) || pixels > MAX_PIXELS
    {
        return Err(AppError::new(
            Code::InvalidRequest,
            format!("a picture of {width} × {height} cannot be made"),
        ));
    }
    let visible = document.layers.iter().filter(|layer| layer.visible);
    let layers = visible.map(|layer| to_layer(shell, *layer)).collect::<Result<Vec<_>>>()?;
    Ok(composite::flatten(width, height, &layers)?)
}

fn to_layer(shell: &Shell, layer: LayerRequest) -> Result<Layer> {
    Ok(Layer {
        image: shell.image(layer.image)?,
        x: layer.x.round() as i64,
        y: layer.y.round() as i64,
        opacity: layer.opacity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_png_gets_it() {
        let check = |path: &str, expected: &str| {
            assert_eq!(with_png_extension(Path::new(path)), Path::new(expected));
        };
        check("/a/sword", "/a/sword.png");
        check("/a/sword.PNG", "/a/sword.PNG");
        check("/a/v1.2", "/a/v1.2.png");
        check("/a/photo.jpg", "/a/photo.jpg.png");
    }
}
