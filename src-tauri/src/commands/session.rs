//! What concerns the window as a whole: its language, recent files, the example, its end.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Serialize;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_fs::FsExt;

use super::off_the_main_thread;
use crate::{
    arrivals, closing,
    error::{AppError, Code, Result},
    language::Language,
    menu,
    recent::Recent,
    shell::Shell,
    translate,
    wire::document::OpenedReply,
};

/// A file that was used lately, as the page lists it.
#[derive(Debug, Serialize)]
pub(crate) struct RecentReply {
    path: String,
    name: String,
    folder: String,
    missing: bool,
}

#[tauri::command]
pub(crate) async fn list_recent<R: Runtime>(app: AppHandle<R>) -> Result<Vec<RecentReply>> {
    off_the_main_thread(&app, |app, shell| {
        let files = Recent::of(&shell.data_folder(app)).list();
        let reply = |file: crate::recent::RecentFile| RecentReply {
            path: arrivals::shown(&file.path),
            name: arrivals::file_name(&file.path),
            folder: file.path.parent().map(arrivals::shown).unwrap_or_default(),
            missing: file.missing,
        };
        Ok(files.into_iter().map(reply).collect())
    })
    .await
}

#[tauri::command]
pub(crate) async fn open_recent<R: Runtime>(
    app: AppHandle<R>,
    path: PathBuf,
) -> Result<OpenedReply> {
    off_the_main_thread(&app, move |app, shell| {
        // The list is the shell's own: whatever is in it was opened or saved by the user.
        if !Recent::of(&shell.data_folder(app)).contains(&path) {
            arrivals::check_allowed(app, &path)?;
        }
        let opened = arrivals::open_document(shell, &path)?;
        app.fs_scope().allow_file(&path).map_err(AppError::internal)?;
        arrivals::remember(app, shell, &path);
        Ok(opened)
    })
    .await
}

#[tauri::command]
pub(crate) async fn clear_recent<R: Runtime>(app: AppHandle<R>) -> Result<()> {
    off_the_main_thread(&app, |app, shell| {
        Recent::of(&shell.data_folder(app)).clear()?;
        menu::show_recent(app);
        Ok(())
    })
    .await
}

/// The document that shows what the editor can do. It is nobody's file: saving asks where to.
#[tauri::command]
pub(crate) async fn open_example<R: Runtime>(app: AppHandle<R>) -> Result<OpenedReply> {
    off_the_main_thread(&app, |_, shell| {
        let path = locations::example();
        let unreadable = |error: files::Error| {
            AppError::new(Code::ImageUnreadable, format!("the example cannot be opened: {error}"))
        };
        let opened = files::open(&path).map_err(unreadable)?;
        let document = translate::to_wire(shell, opened.document)?;
        Ok(OpenedReply { path: None, name: stem(&path), document, notes: opened.notes })
    })
    .await
}

#[tauri::command]
pub(crate) async fn choose_language<R: Runtime>(app: AppHandle<R>, language: String) -> Result<()> {
    let language = Language::with_code(&language)
        .ok_or_else(|| AppError::new(Code::InvalidRequest, "this language is not there"))?;
    off_the_main_thread(&app, move |app, shell| {
        language.choose(&shell.data_folder(app))?;
        shell.speak(language);
        menu::rebuild(app).map_err(AppError::internal)
    })
    .await
}

/// Opens the folder in which models are looked for in the system's file manager.
#[tauri::command]
pub(crate) async fn show_models_folder<R: Runtime>(app: AppHandle<R>) -> Result<String> {
    off_the_main_thread(&app, |_, shell| {
        let Some(folder) = shell.roots.models.last() else {
            return Err(AppError::new(Code::Internal, "no folder for models is known"));
        };
        std::fs::create_dir_all(folder).map_err(|error| {
            AppError::new(
                Code::FileWriteFailed,
                format!("`{}` cannot be made: {error}", folder.display()),
            )
        })?;
        // Where there is no file manager, the page still says where the folder is.
        drop(file_manager().arg(folder).spawn());
        Ok(arrivals::shown(folder))
    })
    .await
}

/// The page asks the user now whether anything may be lost.
#[tauri::command]
pub(crate) fn close_heard(shell: State<'_, Shell>) {
    shell.closing.hear();
}

/// Nothing is lost by closing.
#[tauri::command]
pub(crate) fn close_window<R: Runtime>(app: AppHandle<R>) {
    closing::close(&app);
}

fn file_manager() -> Command {
    Command::new(if cfg!(target_os = "windows") {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    })
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
