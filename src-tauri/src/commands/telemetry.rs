//! The page listens to what the machine does, or stops listening.

use tauri::{AppHandle, Runtime, State};

use crate::shell::Shell;

#[tauri::command]
pub(crate) fn start_telemetry<R: Runtime>(app: AppHandle<R>, shell: State<'_, Shell>) {
    shell.gauges.start(&app);
}

#[tauri::command]
pub(crate) fn stop_telemetry(shell: State<'_, Shell>) {
    shell.gauges.stop();
}
