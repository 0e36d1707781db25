//! What the page remembers from one start to the next: its form, its prompts, its runs and their pictures.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use engine::Image;
use tauri::{AppHandle, Runtime};

use super::off_the_main_thread;
use crate::{
    error::{AppError, Code, Result},
    shell::Shell,
    wire::ImageReply,
};

/// What may be kept under a name of its own.
const NAMES: &[&str] = &["form", "prompts", "runs"];
/// Far more than the page writes.
const MAX_CHARS: usize = 4 * 1024 * 1024;
/// As many as the page's list of runs can name: a result, its small copy and references.
const MAX_PICTURES: usize = 2000;

/// Null where nothing was kept, or what was kept is no JSON any more.
#[tauri::command]
pub(crate) async fn load_kept<R: Runtime>(
    app: AppHandle<R>,
    name: String,
) -> Result<Option<serde_json::Value>> {
    off_the_main_thread(&app, move |app, shell| {
        let text = match fs::read_to_string(path(app, shell, &name)?) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AppError::new(Code::ImageUnreadable, error.to_string())),
        };
        Ok(serde_json::from_str(&text).ok())
    })
    .await
}

#[tauri::command]
pub(crate) async fn save_kept<R: Runtime>(
    app: AppHandle<R>,
    name: String,
    value: serde_json::Value,
    pictures: Option<Vec<String>>,
) -> Result<()> {
    off_the_main_thread(&app, move |app, shell| {
        let text = value.to_string();
        if text.len() > MAX_CHARS || pictures.as_ref().is_some_and(|all| all.len() > MAX_PICTURES) {
            return Err(AppError::new(Code::InvalidRequest, "this is too much to keep"));
        }
        let path = path(app, shell, &name)?;
        let _saving = shell.saving();
        write(&path, text.as_bytes())?;
        if let Some(pictures) = pictures {
            forget_others(&folder(app, shell).join("pictures"), &pictures);
        }
        Ok(())
    })
    .await
}

/// Writes a picture beside the list of runs; equal ones are written once. Gives the name of the file.
#[tauri::command]
pub(crate) async fn keep_picture<R: Runtime>(
    app: AppHandle<R>,
    id: u64,
    max_side: Option<u32>,
) -> Result<String> {
    off_the_main_thread(&app, move |app, shell| {
        let image = shell.image(id)?;
        let largest = image.width().max(image.height());
        let png = match max_side {
            Some(side @ 1..) if largest > side => {
                let small = |length: u32| (length * side / largest).max(1);
                engine::scaled(&image, small(image.width()), small(image.height()))?.encode_png()
            }
            _ => image.encode_png(),
        }
        .map_err(AppError::internal)?;
        let name = format!("{:016x}.png", fingerprint(&png));
        let path = folder(app, shell).join("pictures").join(&name);
        let _saving = shell.saving();
        if !path.exists() {
            write(&path, &png)?;
        }
        Ok(name)
    })
    .await
}

/// Null where the picture is not there any more.
#[tauri::command]
pub(crate) async fn open_kept_picture<R: Runtime>(
    app: AppHandle<R>,
    file: String,
    name: String,
) -> Result<Option<ImageReply>> {
    off_the_main_thread(&app, move |app, shell| {
        if !is_picture_name(&file) {
            return Err(AppError::new(Code::InvalidRequest, "this is no picture of a run"));
        }
        let path = folder(app, shell).join("pictures").join(&file);
        let Ok(bytes) = fs::read(path) else { return Ok(None) };
        let Ok(image) = Image::decode(&bytes) else { return Ok(None) };
        shell.keep(image, name).map(Some)
    })
    .await
}

/// The picture in another size; where `fill` is set, without transparency.
#[tauri::command]
pub(crate) async fn fit_image<R: Runtime>(
    app: AppHandle<R>,
    image: u64,
    width: u32,
    height: u32,
    fill: bool,
) -> Result<ImageReply> {
    off_the_main_thread(&app, move |_, shell| {
        if !(1..=engine::MAX_SIDE).contains(&width) || !(1..=engine::MAX_SIDE).contains(&height) {
            return Err(AppError::new(Code::InvalidRequest, "this size is out of range"));
        }
        let image = shell.image(image)?;
        let image = if fill { engine::filled(&image)? } else { Image::clone(&image) };
        shell.keep(engine::scaled(&image, width, height)?, String::new())
    })
    .await
}

fn path<R: Runtime>(app: &AppHandle<R>, shell: &Shell, name: &str) -> Result<PathBuf> {
    if !NAMES.contains(&name) {
        return Err(AppError::new(Code::InvalidRequest, "nothing is kept under this name"));
    }
    Ok(folder(app, shell).join(format!("{name}.json")))
}

fn folder<R: Runtime>(app: &AppHandle<R>, shell: &Shell) -> PathBuf {
    shell.data_folder(app).join("kept")
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |reason: String| AppError::new(Code::FileWriteFailed, reason);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    }
    files::atomic::write(path, |file| file.write_all(bytes).map_err(Into::into))
        .map_err(|error| failed(error.to_string()))
}

/// What is not listed may go; that some of it stays does no harm.
fn forget_others(folder: &Path, pictures: &[String]) {
    let listed: BTreeSet<&str> = pictures.iter().map(String::as_str).collect();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_picture_name(&name) && !listed.contains(name.as_ref()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_picture_name(name: &str) -> bool {
    name.strip_suffix(".png").is_some_and(|stem| {
        stem.len() == 16 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// FNV-1a, which is the same at every start.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
