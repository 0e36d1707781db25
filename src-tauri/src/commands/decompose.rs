//! A picture becomes layers; told and stopped as any run.

use engine::{DecomposeDraft, Decomposition, Family};
use tauri::{AppHandle, Runtime, ipc::Channel};

use super::{generate, off_the_main_thread};
use crate::{
    error::Result,
    shell::Shell,
    wire::{
        self,
        jobs::{DecomposeRequest, JobMessage, JobReply},
    },
};

#[tauri::command]
pub(crate) async fn decompose<R: Runtime>(
    app: AppHandle<R>,
    request: serde_json::Value,
    on_event: Channel<JobMessage>,
) -> Result<JobReply> {
    let request: DecomposeRequest = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let model = generate::model(shell, Family::QwenImageLayered, request.model.as_deref())?;
        let prompt = request.prompt.clone();
        generate::submit(shell, model, prompt, decomposition(shell, request)?.into(), on_event)
    })
    .await
}

pub(super) fn decomposition(shell: &Shell, request: DecomposeRequest) -> Result<Decomposition> {
    Ok(Decomposition::new(DecomposeDraft {
        prompt: request.prompt,
        negative: request.negative,
        seed: request.seed,
        steps: request.steps,
        guidance: request.guidance,
        previews: true,
        ..DecomposeDraft::new(shell.image(request.image)?, request.layers)
    })?)
}
