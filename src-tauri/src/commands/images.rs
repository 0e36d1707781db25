//! Pictures in and out, as raw bytes.

use std::path::PathBuf;

use engine::Image;
use tauri::{
    AppHandle, Runtime, WebviewWindow,
    ipc::{InvokeBody, Request, Response},
};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_fs::FsExt;

use super::off_the_main_thread;
use crate::{
    arrivals,
    error::{AppError, Code, Result},
    view,
    wire::ImageReply,
    words,
};

/// What people may open.
const EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "webp"];

#[tauri::command]
pub(crate) async fn load_image<R: Runtime>(app: AppHandle<R>, id: u64) -> Result<Response> {
    let bytes =
        off_the_main_thread(&app, move |_, shell| Ok(view::with_size(&*shell.image(id)?))).await?;
    Ok(Response::new(bytes))
}

#[tauri::command]
pub(crate) async fn import_image<R: Runtime>(
    app: AppHandle<R>,
    request: Request<'_>,
) -> Result<ImageReply> {
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(AppError::new(Code::InvalidRequest, "a picture must come as bytes"));
    };
    let bytes = bytes.clone();
    let name = request.headers().get("x-image-name").map_or(&b""[..], |value| value.as_bytes());
    let name = percent_decoded(name);
    off_the_main_thread(&app, move |_, shell| {
        let image = Image::decode(&bytes).map_err(|reason| {
            arrivals::unreadable(if name.is_empty() { "the picture" } else { &name }, &reason)
        })?;
        shell.keep(image, name)
    })
    .await
}

#[tauri::command]
pub(crate) async fn open_image_dialog<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
) -> Result<Option<ImageReply>> {
    off_the_main_thread(&app, move |app, shell| {
        let words = words::of(shell.language(app));
        let path = {
            let _open = shell.dialog()?;
            app.dialog()
                .file()
                .set_parent(&window)
                .set_title(words.open)
                .add_filter(words.pictures, EXTENSIONS)
                .blocking_pick_file()
        };
        let Some(path) = path.and_then(|path| path.into_path().ok()) else { return Ok(None) };
        // Chosen by the user: the page may ask for it again.
        app.fs_scope().allow_file(&path).map_err(AppError::internal)?;
        arrivals::import(shell, &path).map(Some)
    })
    .await
}

#[tauri::command]
pub(crate) async fn open_image_path<R: Runtime>(
    app: AppHandle<R>,
    path: PathBuf,
) -> Result<ImageReply> {
    off_the_main_thread(&app, move |app, shell| {
        arrivals::check_allowed(app, &path)?;
        arrivals::import(shell, &path)
    })
    .await
}

#[tauri::command]
pub(crate) async fn retain_images<R: Runtime>(
    app: AppHandle<R>,
    ids: Vec<u64>,
    keeps: Option<Vec<String>>,
) -> Result<()> {
    let tokens = keeps.unwrap_or_default();
    off_the_main_thread(&app, move |_, shell| shell.retain(&ids, &tokens)).await
}

/// Undoes `encodeURIComponent`; what is not valid stays as it is.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_name_is_read_back() {
        assert_eq!(percent_decoded(b"Schwert%20%C3%BC.png"), "Schwert ü.png");
        assert_eq!(percent_decoded(b"100%"), "100%");
        assert_eq!(percent_decoded(b"%zz%4"), "%zz%4");
    }
}
