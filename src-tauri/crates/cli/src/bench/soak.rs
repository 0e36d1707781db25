//! Many runs in turn over models, sizes, LoRAs and cancels: what is left behind.

use std::sync::mpsc;

use engine::{Draft, Engine, Error, JobEvent, LoraChoice, Model, Request, Task};
use serde_json::json;

use super::{model, status};
use crate::{arguments::Soak, failure::Failure, say};

/// Every so manieth run is cancelled after its first step.
const CANCELLED: usize = 7;
/// The first runs fill caches and pools.
const SETTLED: usize = 20;

pub(crate) fn run(options: &Soak) -> Result<(), Failure> {
    let models =
        options.models.iter().map(|folder| model(folder)).collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::start()?;
    engine.set_budgets(options.memory.budgets());
    let mut held = Vec::with_capacity(options.rounds);
    let mut cancelled = 0;
    for round in 0..options.rounds {
        let which = round % models.len();
        let size = options.sizes[round / models.len() % options.sizes.len()];
        // The last model is the one that the LoRAs are for; every third time it goes without.
        let turn = round / models.len() % (options.loras.len() + 1);
        let lora = options.loras.get(turn).filter(|_| which + 1 == models.len());
        let task = Task::Generate(Request::new(Draft {
            prompt: format!("picture number {round}"),
            width: Some(size.0),
            height: Some(size.1),
            steps: Some(options.steps),
            seed: round as u64,
            loras: lora
                .map(|file| LoraChoice { file: file.clone(), strength: 0.5 })
                .into_iter()
                .collect(),
            ..Draft::default()
        })?);
        let is_cancelled = round % CANCELLED == CANCELLED - 1;
        cancelled += u32::from(paint(&engine, &models[which], task, is_cancelled)?);
        held.push(status("VmRSS").unwrap_or(0));
    }
    let settled = held.get(SETTLED.min(held.len()) - 1).copied().unwrap_or(0);
    let result = json!({
        "rounds": options.rounds,
        "cancelled": cancelled,
        "memory_bytes_settled": settled,
        "memory_bytes_last": held.last(),
        "memory_bytes_most": held.iter().max(),
    });
    say(&format!("{result}\n"));
    Ok(())
}

/// Paints a picture and forgets it; says whether it was cancelled.
fn paint(engine: &Engine, model: &Model, task: Task, cancels: bool) -> Result<bool, Failure> {
    let (sender, events) = mpsc::channel();
    let job = engine.submit(model.clone(), task, move |event| {
        // The receiver lives until the last event.
        let _ = sender.send(event);
    });
    for event in events {
        match event {
            JobEvent::Step { .. } if cancels => engine.cancel(job),
            JobEvent::Image { image, .. } => engine.images().remove(image.id),
            JobEvent::Finished => return Ok(false),
            JobEvent::Cancelled => return Ok(true),
            JobEvent::Failed(error) => return Err(error.into()),
            _ => {}
        }
    }
    Err(Error::Panicked("the engine ended".into()).into())
}
