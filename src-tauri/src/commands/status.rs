//! What the page asks when it starts.

use engine::Catalog;
use tauri::{AppHandle, Runtime, State};

use super::off_the_main_thread;
use crate::{
    arrivals,
    error::Result,
    shell::Shell,
    window,
    wire::{EngineStatus, ModelReply},
};

#[tauri::command]
pub(crate) fn engine_status(shell: State<'_, Shell>) -> EngineStatus {
    shell.status()
}

#[tauri::command]
pub(crate) async fn list_models<R: Runtime>(app: AppHandle<R>) -> Result<Vec<ModelReply>> {
    off_the_main_thread(&app, |_, shell| {
        let catalog = Catalog::load(&shell.roots)?;
        shell.ready_models.set(&catalog);
        Ok(catalog.models().iter().map(ModelReply::from).collect())
    })
    .await
}

#[tauri::command]
pub(crate) fn ui_ready<R: Runtime>(app: AppHandle<R>, shell: State<'_, Shell>) {
    shell.closing.page_is_there();
    window::show_at_start(&app);
    arrivals::open_all(&app, shell.take_waiting_files());
}
