//! Runs: started here, told through a channel, stopped by number.

use std::sync::Arc;

use engine::{
    Catalog, DEFAULT_SEAM, Draft, Family, Inpaint, JobId, LoraChoice, Model, Reference, Request,
    Task,
};
use tauri::{AppHandle, Runtime, ipc::Channel};

use super::off_the_main_thread;
use crate::{
    arrivals,
    error::{AppError, Code, Result},
    progress::Progress,
    shell::Shell,
    wire::{
        self,
        jobs::{GenerateRequest, JobMessage, JobReply, LoraRequest, ReferenceRequest},
    },
};

#[tauri::command]
pub(crate) async fn generate<R: Runtime>(
    app: AppHandle<R>,
    request: serde_json::Value,
    on_event: Channel<JobMessage>,
) -> Result<JobReply> {
    let request: GenerateRequest = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let catalog = Catalog::load(&shell.roots)?;
        let model = find(&catalog, Family::Flux2Klein, request.model.as_deref())?;
        let loras = loras(&catalog, &request.loras)?;
        let prompt = request.prompt.clone();
        let request = Request::new(Draft { loras, ..draft(shell, request, &model)? })?;
        submit(shell, model, prompt, request.into(), on_event)
    })
    .await
}

#[tauri::command]
pub(crate) async fn cancel<R: Runtime>(app: AppHandle<R>, job_id: u64) -> Result<()> {
    off_the_main_thread(&app, move |_, shell| {
        shell.engine()?.cancel(JobId(job_id));
        Ok(())
    })
    .await
}

/// Queues a run and follows it.
pub(super) fn submit(
    shell: &Shell,
    model: Model,
    prompt: String,
    task: Task,
    on_event: Channel<JobMessage>,
) -> Result<JobReply> {
    let engine = shell.engine()?;
    let mut progress = Progress::new(prompt, model.id.clone(), Arc::clone(engine.images()));
    let known_id = Arc::clone(&progress.job_id);
    let gauges = Arc::clone(&shell.gauges);
    let JobId(job_id) = engine.submit(model, task, move |event| {
        gauges.note(&event);
        // The page may be gone; the run ends on its own or is cancelled when the window closes.
        let _ = on_event.send(progress.tell(event));
    });
    let _ = known_id.set(job_id);
    Ok(JobReply { job_id })
}

/// The page names models by their id only: a folder of its choice would let it read any file.
pub(super) fn model(shell: &Shell, family: Family, id: Option<&str>) -> Result<Model> {
    find(&Catalog::load(&shell.roots)?, family, id)
}

fn find(catalog: &Catalog, family: Family, id: Option<&str>) -> Result<Model> {
    if let Some(id) = id
        && !catalog.models().iter().any(|model| model.id == id)
    {
        return Err(AppError::new(Code::ModelMissing, format!("there is no model called `{id}`")));
    }
    Ok(catalog.find_for(family, id)?)
}

/// The page names LoRAs as they were listed, for the same reason.
fn loras(catalog: &Catalog, asked: &[LoraRequest]) -> Result<Vec<LoraChoice>> {
    let choice = |LoraRequest { path, strength }: &LoraRequest| {
        let found = catalog.loras().iter().find(|lora| arrivals::shown(&lora.path) == *path);
        let file = found.map(|lora| lora.path.clone()).ok_or_else(|| {
            AppError::new(Code::ModelMissing, format!("the LoRA `{path}` is not there any more"))
        })?;
        Ok(LoraChoice { file, strength: *strength })
    };
    asked.iter().map(choice).collect()
}

pub(super) fn draft(shell: &Shell, request: GenerateRequest, model: &Model) -> Result<Draft> {
    let references = request
        .references
        .iter()
        .map(|&ReferenceRequest { image, influence }| {
            Ok(Reference { image: shell.image(image)?, influence })
        })
        .collect::<Result<Vec<_>>>()?;
    let inpaint = match (request.init, request.mask, request.extend) {
        (None, None, None) => None,
        (Some(init), Some(mask), None) => Some(Inpaint {
            init: shell.image(init)?,
            mask: shell.image(mask)?,
            strength: 1.0,
            seam: DEFAULT_SEAM,
        }),
        (Some(init), None, Some(margins)) => {
            Some(Inpaint::extending(&*shell.image(init)?, margins.into())?)
        }
        _ => {
            return Err(AppError::new(
                Code::InvalidRequest,
                "repainting needs a picture and a mask, extending a picture and how far",
            ));
        }
    };
    let inpaint = inpaint.map(|inpaint| Inpaint {
        strength: request.strength.unwrap_or(inpaint.strength),
        seam: request.seam.unwrap_or(inpaint.seam),
        ..inpaint
    });
    Ok(Draft {
        model: Some(model.id.clone()),
        prompt: request.prompt,
        negative: request.negative.unwrap_or_default(),
        width: request.width,
        height: request.height,
        steps: request.steps,
        guidance: request.guidance,
        seed: request.seed.unwrap_or_default(),
        references,
        inpaint,
        step_cache: request.step_cache,
        previews: true,
        ..Draft::default()
    })
}
