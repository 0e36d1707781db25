//! The one window: made hidden, shown when there is something to see, closed when work has ended.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use tauri::{
    AppHandle, CloseRequestApi, Emitter, Manager, Runtime, Theme, WebviewWindow,
    WebviewWindowBuilder, Window, webview::PageLoadEvent, window::Color,
};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::{closing, shell::Shell};

/// The window's label in `tauri.conf.json` and in the capabilities.
pub(crate) const MAIN: &str = "main";
/// How long closing waits for a step to end; a large picture's step can take longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is behind the page until it has painted: `--bg` of `ui/styles/tokens.css`.
const DARK: Color = Color(0x19, 0x1b, 0x1e, 0xff);
const LIGHT: Color = Color(0xf5, 0xf6, 0xf7, 0xff);

/// Makes the window of `tauri.conf.json`, hidden.
pub(crate) fn create<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == MAIN);
    let config = config.ok_or(tauri::Error::WindowNotFound)?.clone();
    let window = WebviewWindowBuilder::from_config(app, &config)?
        .background_color(DARK)
        .initialization_script(start_script(app))
        .on_page_load(|window, payload| {
            if payload.event() == PageLoadEvent::Finished {
                show_at_start(window.app_handle());
            }
        })
        // The page's title says what is open and whether it is saved.
        .on_document_title_changed(|window, title| {
            // Fails only when the window is gone.
            let _ = window.set_title(&title);
        })
        .build()?;
    if matches!(window.theme(), Ok(Theme::Light)) {
        window.set_background_color(Some(LIGHT))?;
    }
    Ok(())
}

/// What the page must know before it builds anything.
fn start_script<R: Runtime>(app: &AppHandle<R>) -> String {
    let language = app.state::<Shell>().language(app).code();
    let start = serde_json::json!({ "language": language, "version": app.package_info().version.to_string() });
    format!("window.__ASSET_EDITOR__ = Object.freeze({start});")
}

/// Shows the window, unless the program was started without it.
pub(crate) fn show_at_start<R: Runtime>(app: &AppHandle<R>) {
    if !app.state::<Shell>().starts_hidden.load(Ordering::SeqCst) {
        show(app);
    }
}

/// Shows the window, in front.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = shown(app) else { return };
    // Each fails only when the window is gone.
    let _ = window.show();
    let _ = window.unminimize();
    let _ = window.set_focus();
}

/// Shows the window where it disturbs nobody.
pub(crate) fn show_minimized<R: Runtime>(app: &AppHandle<R>) {
    if app.state::<Shell>().starts_hidden.load(Ordering::SeqCst)
        && let Some(window) = shown(app)
    {
        let _ = window.minimize();
        let _ = window.show();
    }
}

/// Leaves the icon in the panel alone.
pub(crate) fn hide<R: Runtime>(app: &AppHandle<R>) {
    if let Some(window) = app.get_webview_window(MAIN) {
        app.state::<Shell>().gauges.set_hidden(true);
        let _ = window.hide();
    }
}

/// The window, which is seen from now on.
fn shown<R: Runtime>(app: &AppHandle<R>) -> Option<WebviewWindow<R>> {
    let shell = app.state::<Shell>();
    shell.starts_hidden.store(false, Ordering::SeqCst);
    shell.gauges.set_hidden(false);
    app.get_webview_window(MAIN)
}

/// Tells what went wrong outside of the page.
pub(crate) fn tell<R: Runtime>(app: &AppHandle<R>, message: &str) {
    let mut dialog = app.dialog().message(message).title("Veetance Asset Editor");
    if let Some(window) = app.get_webview_window(MAIN) {
        dialog = dialog.parent(&window);
    }
    dialog.kind(MessageDialogKind::Error).show(|_| {});
}

/// Whether closing the window only hides it.
fn stays_in_tray(shell: &Shell) -> bool {
    let closes = shell.closing.take_quitting() || !shell.closing.must_ask();
    !closes && shell.preferences.get().keep_in_tray && shell.tray.is_seen()
}

/// Hides the window; the first time, the page tells where it goes and hides it then.
fn leave<R: Runtime>(app: &AppHandle<R>) {
    if app.state::<Shell>().preferences.get().tray_explained {
        hide(app);
    } else {
        // Fails only when the window is gone.
        let _ = app.emit("stays-in-tray", ());
    }
}

/// Asks the page whether something is unsaved, then lets a run or a save end before the app does.
pub(crate) fn close_requested<R: Runtime>(window: &Window<R>, close: &CloseRequestApi) {
    let app = window.app_handle().clone();
    if stays_in_tray(&app.state::<Shell>()) {
        close.prevent_close();
        leave(&app);
        return;
    }
    if app.state::<Shell>().closing.must_ask() {
        close.prevent_close();
        closing::ask(&app);
        return;
    }
    if !app.state::<Shell>().is_busy() {
        return;
    }
    close.prevent_close();
    let _ = window.hide();
    app.state::<Shell>().cancel_all();
    thread::spawn(move || {
        let began = Instant::now();
        while app.state::<Shell>().is_busy() && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
        app.exit(0);
    });
}
