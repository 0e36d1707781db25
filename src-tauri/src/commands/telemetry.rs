//! The page listens to what the machine does, or stops listening.

use tauri::{AppHandle, Runtime, State};

use crate::{gauges::MOST_A_SECOND, shell::Shell};

#[tauri::command]
pub(crate) fn start_telemetry<R: Runtime>(
    app: AppHandle<R>,
    shell: State<'_, Shell>,
    looks_a_second: Option<u32>,
) {
    shell.gauges.start(&app, looks_a_second.unwrap_or(MOST_A_SECOND));
}

#[tauri::command]
pub(crate) fn stop_telemetry(shell: State<'_, Shell>) {
    shell.gauges.stop();
}
