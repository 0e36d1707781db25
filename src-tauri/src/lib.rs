//! The desktop shell: one window, its menu, and the commands that the page may call.
//!
//! The only user of Tauri, of the environment and of the clock.

mod arrivals;
mod autostart;
mod closing;
mod commands;
mod dialogs;
mod error;
mod gauges;
mod graphics;
mod keeps;
mod language;
mod memory;
mod menu;
mod native;
mod pool;
mod preferences;
mod progress;
mod recent;
mod shell;
mod translate;
mod tray;
mod view;
mod window;
mod wire;
mod words;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use tauri::{Builder, Context, Emitter, Manager, RunEvent, Runtime, WindowEvent};

use crate::commands::{
    clipboard, decompose, documents, forecast, generate, images, kept, library, pixels, recovery,
    selections, session, settings, status, telemetry,
};

/// Where models lie and what to open; the rest is found out.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where models lie.
    pub roots: engine::Roots,
    /// Documents to open at the start.
    pub files: Vec<PathBuf>,
    /// Where the app keeps what is not saved yet; `None` is its folder in the user's data.
    pub data: Option<PathBuf>,
    /// Where settings of all programs are kept; `None` keeps nothing.
    pub config: Option<PathBuf>,
    /// Starts without its window, with the icon in the panel alone.
    pub hidden: bool,
}

/// Opens the window and runs until it is closed.
#[must_use]
#[expect(clippy::print_stderr, reason = "without a window there is no other place to say why")]
pub fn run() -> ExitCode {
    if cfg!(target_os = "linux") && !has_display() {
        eprintln!("asset-editor: there is no display to open a window on");
        return ExitCode::FAILURE;
    }
    graphics::prepare();
    let folder = env::current_dir().unwrap_or_default();
    let settings = Settings {
        roots: locations::roots(),
        files: arrivals::in_arguments(env::args_os(), &folder),
        data: None,
        config: config_home(),
        hidden: env::args_os().any(|argument| argument == autostart::HIDDEN),
    };
    let starts_hidden = settings.hidden;
    // First, so that a second start ends before it makes anything.
    let single = tauri_plugin_single_instance::init(|app, arguments, folder| {
        window::show(app);
        let arguments = arguments.into_iter().map(OsString::from);
        arrivals::open_all(app, arrivals::in_arguments(arguments, Path::new(&folder)));
    });
    let builder = configure(Builder::default().plugin(single), settings)
        .menu(menu::build)
        .on_menu_event(|app, event| menu::chosen(app, &event));
    match builder.build(context()) {
        Ok(app) => {
            app.run(move |app, event| match event {
                RunEvent::Ready => tray::create(app, starts_hidden),
                RunEvent::Exit => native::exit_at_once(app),
                _ => {}
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("asset-editor: the window cannot be opened: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything but the menu and the guard against a second start, which need a real display.
pub fn configure<R: Runtime>(builder: Builder<R>, settings: Settings) -> Builder<R> {
    builder
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_fs::init())
        .manage(shell::Shell::new(settings))
        .invoke_handler(tauri::generate_handler![
            clipboard::copy_image,
            clipboard::paste_image,
            decompose::decompose,
            documents::export_document,
            documents::open_document_dialog,
            documents::open_document_path,
            documents::render_document,
            documents::save_document,
            forecast::forecast,
            forecast::forecast_layers,
            generate::cancel,
            generate::generate,
            images::import_image,
            images::load_image,
            images::open_image_dialog,
            images::open_image_path,
            images::retain_images,
            pixels::apply_mask,
            pixels::clear_selected,
            pixels::copy_selected,
            pixels::create_image,
            pixels::fill_selected,
            pixels::flatten_layers,
            pixels::grow_image,
            pixels::load_tiles,
            pixels::lock_pixels,
            pixels::patch_image,
            pixels::patch_mask,
            pixels::render_tiles,
            pixels::sample_pixel,
            pixels::transform_layer,
            pixels::trim_image,
            selections::mask_of,
            selections::modify_selection,
            selections::select,
            selections::selection_outline,
            kept::fit_image,
            kept::keep_picture,
            kept::load_kept,
            kept::open_kept_picture,
            kept::save_kept,
            library::discard_download,
            library::get_model,
            library::keep_access_token,
            library::link_models_folder,
            library::list_library,
            library::pause_download,
            library::unlink_models_folder,
            settings::hide_window,
            settings::load_preferences,
            settings::save_preferences,
            settings::show_window,
            recovery::autosave,
            recovery::forget_recovered,
            recovery::list_recovered,
            recovery::open_recovered,
            session::choose_language,
            session::clear_recent,
            session::close_heard,
            session::close_window,
            session::list_recent,
            session::open_example,
            session::open_recent,
            session::show_models_folder,
            status::engine_status,
            status::list_models,
            status::ui_ready,
            telemetry::start_telemetry,
            telemetry::stop_telemetry,
        ])
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                window::close_requested(window, api);
            }
        })
        .setup(|app| {
            let handle = app.handle().clone();
            thread::Builder::new().name("engine-start".into()).spawn(move || {
                let shell = handle.state::<shell::Shell>();
                // Fails only when the window is gone.
                let _ = handle.emit("engine-status", shell.start_engine());
                shell.preload();
            })?;
            window::create(app.handle())?;
            Ok(())
        })
}

/// The page, the permissions and the settings that are built in.
#[must_use]
pub fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// The XDG rule: an absolute `$XDG_CONFIG_HOME`, else `~/.config`.
fn config_home() -> Option<PathBuf> {
    let absolute =
        |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
