//! Work that was not saved when the app ended: written now and then, offered at the next start.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use files::recovery;
use tauri::{AppHandle, Runtime};

use super::off_the_main_thread;
use crate::{
    error::{AppError, Code, Result},
    shell::Shell,
    translate,
    wire::{
        self,
        document::{DocumentWire, OpenedReply, RecoveredReply},
    },
};

#[tauri::command]
pub(crate) async fn autosave<R: Runtime>(
    app: AppHandle<R>,
    document: serde_json::Value,
    slot: String,
    title: String,
) -> Result<()> {
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |app, shell| {
        let folder = folder(app, shell);
        let document = translate::to_document(shell, &document)?.document;
        let _saving = shell.saving();
        recovery::save(&folder, &slot, &title, &document)
            .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
    })
    .await
}

#[tauri::command]
pub(crate) async fn list_recovered<R: Runtime>(app: AppHandle<R>) -> Result<Vec<RecoveredReply>> {
    off_the_main_thread(&app, |app, shell| {
        let now = SystemTime::now();
        let slots = recovery::list(&folder(app, shell))
            .map_err(|error| AppError::new(Code::ImageUnreadable, error.to_string()))?;
        let reply = |found: recovery::Recovered| RecoveredReply {
            slot: found.slot,
            title: found.title,
            seconds_ago: age(found.saved, now).as_secs(),
        };
        Ok(slots.into_iter().map(reply).collect())
    })
    .await
}

#[tauri::command]
pub(crate) async fn open_recovered<R: Runtime>(
    app: AppHandle<R>,
    slot: String,
) -> Result<OpenedReply> {
    off_the_main_thread(&app, move |app, shell| {
        let unreadable =
            |error: files::Error| AppError::new(Code::ImageUnreadable, error.to_string());
        let folder = folder(app, shell);
        let opened = recovery::open(&folder, &slot).map_err(unreadable)?;
        let slots = recovery::list(&folder).map_err(unreadable)?;
        let title = slots.into_iter().find(|found| found.slot == slot).map(|found| found.title);
        let document = translate::to_wire(shell, opened.document)?;
        // It is nobody's file yet: saving asks where to.
        Ok(OpenedReply {
            path: None,
            name: title.unwrap_or_default(),
            document,
            notes: opened.notes,
        })
    })
    .await
}

#[tauri::command]
pub(crate) async fn forget_recovered<R: Runtime>(app: AppHandle<R>, slot: String) -> Result<()> {
    off_the_main_thread(&app, move |app, shell| {
        recovery::forget(&folder(app, shell), &slot)
            .map_err(|error| AppError::new(Code::FileWriteFailed, error.to_string()))
    })
    .await
}

fn folder<R: Runtime>(app: &AppHandle<R>, shell: &Shell) -> PathBuf {
    shell.data_folder(app).join("recovered")
}

/// A clock that was set back makes nothing older than it is.
fn age(saved: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(saved).unwrap_or_default()
}
