//! The document as one picture to the clipboard, and pictures back.

use engine::Image;
use tauri::{AppHandle, Runtime};
use tauri_plugin_clipboard_manager::ClipboardExt;

use super::off_the_main_thread;
use crate::{
    error::{AppError, Code, Result},
    translate, view,
    wire::{self, ImageReply, document::DocumentWire},
};

#[tauri::command]
pub(crate) async fn copy_image<R: Runtime>(
    app: AppHandle<R>,
    document: serde_json::Value,
) -> Result<()> {
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        let flat = view::flatten(translate::to_shown(shell, &document)?)?;
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
