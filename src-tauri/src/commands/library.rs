//! Models: what is there, getting more, and folders that have some.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use downloads::{Client, Token};
use engine::{Catalog, LinkedFolders};
use library::Plan;
use tauri::{AppHandle, Runtime, WebviewWindow, ipc::Channel};

use super::off_the_main_thread;
use crate::{
    arrivals, dialogs,
    error::{AppError, Code, Result},
    shell::Shell,
    wire::library::{DownloadMessage, EntryReply, LibraryReply},
};

#[tauri::command]
pub(crate) async fn list_library<R: Runtime>(app: AppHandle<R>) -> Result<LibraryReply> {
    off_the_main_thread(&app, |_, shell| listed(shell)).await
}

/// Gets a model under terms that the user has just accepted. Resolves when it ends, however it does.
#[tauri::command]
pub(crate) async fn get_model<R: Runtime>(
    app: AppHandle<R>,
    id: String,
    accepted: Vec<String>,
    on_event: Channel<DownloadMessage>,
) -> Result<()> {
    off_the_main_thread(&app, move |_, shell| {
        let stop = shell.begin_download(&id)?;
        let ended = get(shell, &id, &accepted, &stop, &on_event);
        shell.end_download(&id);
        // The page may be gone.
        let _ = on_event.send(match ended {
            Ok(()) => DownloadMessage::Finished {},
            Err(error) if error.code == Code::Cancelled => DownloadMessage::Paused {},
            Err(error) => DownloadMessage::Failed(error),
        });
        Ok(())
    })
    .await
}

/// Stops a download; what has come is kept.
#[tauri::command]
pub(crate) async fn pause_download<R: Runtime>(app: AppHandle<R>, id: String) -> Result<()> {
    off_the_main_thread(&app, move |_, shell| {
        shell.stop_download(&id);
        Ok(())
    })
    .await
}

/// Removes what has come of a model that is not wanted any more.
#[tauri::command]
pub(crate) async fn discard_download<R: Runtime>(
    app: AppHandle<R>,
    id: String,
) -> Result<LibraryReply> {
    off_the_main_thread(&app, move |_, shell| {
        let catalog = Catalog::load(&shell.roots)?;
        let plan = Plan::new(&catalog, &shell.roots, &locations::endpoint(), &id)?;
        library::forget_partial(&plan)?;
        listed(shell)
    })
    .await
}

/// Asks for a folder and links it; nothing if the question was cancelled.
#[tauri::command]
pub(crate) async fn link_models_folder<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
) -> Result<Option<LibraryReply>> {
    off_the_main_thread(&app, move |app, shell| {
        let Some(folder) = dialogs::folder_of_models(app, &window, shell)? else {
            return Ok(None);
        };
        LinkedFolders::link(&shell.roots, &folder)?;
        listed(shell).map(Some)
    })
    .await
}

#[tauri::command]
pub(crate) async fn unlink_models_folder<R: Runtime>(
    app: AppHandle<R>,
    folder: String,
) -> Result<LibraryReply> {
    off_the_main_thread(&app, move |_, shell| {
        let linked = LinkedFolders::read(&shell.roots)?;
        let meant = linked.folders().iter().find(|path| arrivals::shown(path) == folder);
        let path = meant.map_or_else(|| Path::new(&folder), |path| path.as_path());
        LinkedFolders::unlink(&shell.roots, path)?;
        listed(shell)
    })
    .await
}

/// Keeps an access token in the system's keychain; an empty one takes it out.
#[tauri::command]
pub(crate) async fn keep_access_token<R: Runtime>(app: AppHandle<R>, token: String) -> Result<()> {
    off_the_main_thread(&app, move |_, _| {
        if token.trim().is_empty() {
            return Ok(downloads::forget_token()?);
        }
        let token = Token::new(&token);
        let token = token.map_err(|reason| AppError::new(Code::InvalidRequest, reason))?;
        Ok(downloads::keep_token(&token)?)
    })
    .await
}

fn listed(shell: &Shell) -> Result<LibraryReply> {
    let (roots, endpoint) = (&shell.roots, locations::endpoint());
    let catalog = Catalog::load(roots)?;
    let models = catalog
        .models()
        .iter()
        .map(|model| {
            let is_offered = !model.is_ready() && !catalog.parts_of(&model.id).is_empty();
            let plan = is_offered.then(|| Plan::new(&catalog, roots, &endpoint, &model.id).ok());
            EntryReply::new(model, &catalog, plan.flatten().as_ref(), |licence| {
                library::is_accepted(roots, licence)
            })
        })
        .collect();
    let folder = roots.downloads().map(arrivals::shown).unwrap_or_default();
    let free = roots.downloads().and_then(downloads::free_space);
    Ok(LibraryReply { free, ..LibraryReply::new(&catalog, models, folder) })
}

fn get(
    shell: &Shell,
    id: &str,
    accepted: &[String],
    stop: &Arc<AtomicBool>,
    on_event: &Channel<DownloadMessage>,
) -> Result<()> {
    let roots = &shell.roots;
    let catalog = Catalog::load(roots)?;
    let endpoint = locations::endpoint();
    let plan = Plan::new(&catalog, roots, &endpoint, id)?;
    for licence in plan.open_licences(roots) {
        if accepted.contains(&licence.id) {
            library::accept(roots, licence)?;
        }
    }
    let client = Client::new(&endpoint, token()?)?;
    library::download(plan, &catalog, roots, &client, stop, &mut |step| {
        // A page that is gone needs no model.
        if DownloadMessage::of(step).is_some_and(|message| on_event.send(message).is_err()) {
            stop.store(true, Ordering::Relaxed);
        }
    })?;
    Ok(())
}

/// That of the environment, else the one in the keychain; without a keychain there is none.
fn token() -> Result<Option<Token>> {
    match locations::token() {
        Some(text) => {
            let wrong = |reason| AppError::new(Code::InvalidRequest, format!("HF_TOKEN: {reason}"));
            Token::new(&text).map(Some).map_err(wrong)
        }
        None => Ok(downloads::kept_token().unwrap_or_default()),
    }
}
