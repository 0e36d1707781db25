//! What the user has set, and the window that may stay in the tray.

use tauri::{AppHandle, Runtime};

use super::off_the_main_thread;
use crate::{
    autostart,
    error::{AppError, Code, Result},
    pool,
    shell::Shell,
    window,
    wire::{
        self,
        preferences::{PreferencesMessage, PreferencesReply},
    },
};

#[tauri::command]
pub(crate) async fn load_preferences<R: Runtime>(app: AppHandle<R>) -> Result<PreferencesReply> {
    off_the_main_thread(&app, |_, shell| Ok(reply(shell))).await
}

/// Keeps what is set, and makes the engine and the desktop keep to it.
#[tauri::command]
pub(crate) async fn save_preferences<R: Runtime>(
    app: AppHandle<R>,
    preferences: serde_json::Value,
) -> Result<PreferencesReply> {
    let wanted: PreferencesMessage = wire::parse(preferences)?;
    off_the_main_thread(&app, move |_, shell| {
        start_at_login(shell, wanted.start_at_login)?;
        shell.preferences.set(wanted.kept(shell.preferences.get()))?;
        pool::apply(shell.engine()?, &shell.preferences.get());
        Ok(reply(shell))
    })
    .await
}

/// The user has read where the window goes.
#[tauri::command]
pub(crate) async fn hide_window<R: Runtime>(app: AppHandle<R>) -> Result<()> {
    off_the_main_thread(&app, |app, shell| {
        let mut preferences = shell.preferences.get();
        preferences.tray_explained = true;
        // Explained again next time, where it cannot be kept.
        drop(shell.preferences.set(preferences));
        window::hide(app);
        Ok(())
    })
    .await
}

/// The page has something to ask.
#[tauri::command]
pub(crate) fn show_window<R: Runtime>(app: AppHandle<R>) {
    window::show(&app);
}

fn reply(shell: &Shell) -> PreferencesReply {
    let at_login = shell.config.as_deref().is_some_and(autostart::is_on);
    PreferencesReply {
        preferences: PreferencesMessage::new(shell.preferences.get(), at_login),
        problem: shell
            .preferences
            .problem()
            .map(|problem| AppError::new(Code::Internal, problem).message),
        has_tray: shell.tray.is_there(),
    }
}

/// Writes or removes the entry, only where it is not so already.
fn start_at_login(shell: &Shell, wanted: bool) -> Result<()> {
    let Some(config) = shell.config.as_deref() else { return Ok(()) };
    if autostart::is_on(config) == wanted {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(AppError::internal)?;
    autostart::set(config, &program, wanted)
}
