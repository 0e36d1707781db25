//! What a run will take, before it is started.

use std::sync::Arc;

use engine::{
    Catalog, DEFAULT_SEAM, Draft, Family, Image, Inpaint, MAX_SIDE, Model, Request, Task,
};
use tauri::{AppHandle, Runtime};

use super::{decompose, generate, off_the_main_thread};
use crate::{
    error::{AppError, Result},
    shell::Shell,
    wire::{
        self,
        forecast::{ForecastReply, ForecastRequest},
        jobs::DecomposeRequest,
    },
};

#[tauri::command]
pub(crate) async fn forecast<R: Runtime>(
    app: AppHandle<R>,
    request: serde_json::Value,
) -> Result<ForecastReply> {
    let ForecastRequest { request, region } = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let model = generate::model(shell, Family::Flux2Klein, request.model.as_deref())?;
        let mut draft = generate::draft(shell, request, &model)?;
        if region {
            draft.inpaint = blank(&draft, &model)?;
        }
        foresee(shell, &model, &|model| {
            let draft = Draft { model: Some(model.id.clone()), ..draft.clone() };
            Ok(Request::new(draft)?.into())
        })
    })
    .await
}

#[tauri::command]
pub(crate) async fn forecast_layers<R: Runtime>(
    app: AppHandle<R>,
    request: serde_json::Value,
) -> Result<ForecastReply> {
    let request: DecomposeRequest = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let model = generate::model(shell, Family::QwenImageLayered, request.model.as_deref())?;
        let decomposition = decompose::decomposition(shell, request)?;
        foresee(shell, &model, &|_| Ok(decomposition.clone().into()))
    })
    .await
}

/// What a model will take for a task, and which other one would fit where it does not.
fn foresee(
    shell: &Shell,
    model: &Model,
    task_for: &dyn Fn(&Model) -> Result<Task>,
) -> Result<ForecastReply> {
    let engine = shell.engine()?;
    let forecast = |model: &Model| Ok::<_, AppError>(engine.forecast(model, &task_for(model)?)?);
    let foreseen = forecast(model)?;
    if foreseen.fits {
        return Ok(ForecastReply::new(&foreseen, None));
    }
    let catalog = Catalog::load(&shell.roots)?;
    // A model that cannot be asked does not help.
    let fits = |other: &&Model| {
        let is_other = other.family == model.family && other.id != model.id && other.is_ready();
        is_other && forecast(other).is_ok_and(|foreseen| foreseen.fits)
    };
    Ok(ForecastReply::new(&foreseen, catalog.models().iter().find(fits)))
}

/// A part of a picture to be painted anew: only its size matters.
fn blank(draft: &Draft, model: &Model) -> Result<Option<Inpaint>> {
    let side = |asked: Option<u32>, usual: u32| asked.unwrap_or(usual).clamp(1, MAX_SIDE);
    let width = side(draft.width, model.defaults.width);
    let height = side(draft.height, model.defaults.height);
    let pixels = vec![255; 4 * width as usize * height as usize];
    let image = Arc::new(Image::new(width, height, pixels)?);
    let mask = Arc::clone(&image);
    Ok(Some(Inpaint { init: image, mask, strength: 1.0, seam: DEFAULT_SEAM }))
}
