//! What the page may call: each command checks, converts and calls.

pub(crate) mod clipboard;
pub(crate) mod decompose;
pub(crate) mod documents;
pub(crate) mod forecast;
pub(crate) mod generate;
pub(crate) mod images;
pub(crate) mod kept;
pub(crate) mod library;
pub(crate) mod pixels;
pub(crate) mod recovery;
pub(crate) mod selections;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod telemetry;

use tauri::{AppHandle, Manager, Runtime};

use crate::{
    error::{AppError, Result},
    shell::Shell,
};

/// Runs `work` where waiting harms nobody; a panic in it becomes an error.
async fn off_the_main_thread<R: Runtime, T: Send + 'static>(
    app: &AppHandle<R>,
    work: impl FnOnce(&AppHandle<R>, &Shell) -> Result<T> + Send + 'static,
) -> Result<T> {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || work(&app, &app.state::<Shell>()))
        .await
        .unwrap_or_else(|error| Err(AppError::internal(error)))
}
