//! `asset-editor bench`: full-size models of random weights, and what loads and runs cost on this
//! machine, as JSON.

mod compare;
mod create;
mod inventory;
mod load;
mod packing;
mod profile;
mod run;
mod soak;
mod step;

use std::{
    path::Path,
    sync::{Arc, mpsc},
};

use engine::{Catalog, Engine, Error, Image, JobEvent, Model, Task, Took};
use serde_json::Value;

use crate::{arguments::Bench, failure::Failure};

pub(crate) fn run(command: &Bench) -> Result<(), Failure> {
    match command {
        Bench::Compare(options) => compare::run(options),
        Bench::Create(options) => create::run(options),
        Bench::Load(options) => load::run(options),
        Bench::Swap(options) => load::swap(options),
        Bench::Step(options) => step::run(options),
        Bench::Autoencoder(options) => step::autoencoder(options),
        Bench::Run(options) => run::run(options),
        Bench::Soak(options) => soak::run(options),
    }
}

/// The model in a folder.
fn model(folder: &Path) -> Result<Model, Failure> {
    Ok(Catalog::load(&locations::roots())?.find(&folder.to_string_lossy())?)
}

/// The pictures of a task and what it took.
fn paint(engine: &Engine, model: &Model, task: Task) -> Result<(Vec<Arc<Image>>, Took), Error> {
    let (sender, events) = mpsc::channel();
    engine.submit(model.clone(), task, move |event| {
        // The receiver lives until the last event.
        let _ = sender.send(event);
    });
    let (mut pictures, mut took) = (Vec::new(), None);
    for event in events {
        match event {
            JobEvent::Image { image, .. } => pictures.extend(engine.images().get(image.id)),
            JobEvent::Layers(made) => {
                let ids = made.layers.iter().map(|layer| layer.image.id);
                pictures.extend(ids.filter_map(|id| engine.images().get(id)));
            }
            JobEvent::Took(all) => took = Some(all),
            JobEvent::Finished => break,
            JobEvent::Cancelled => return Err(Error::Cancelled),
            JobEvent::Failed(error) => return Err(error),
            _ => {}
        }
    }
    let took = took.ok_or_else(|| Error::Panicked("the engine ended without a word".into()))?;
    Ok((pictures, took))
}

/// Which blocks `bench create` left out of a model, in its own words.
fn cut_blocks(folder: &Path) -> Option<Value> {
    let index = std::fs::read(folder.join("model_index.json")).ok()?;
    let index: Value = serde_json::from_slice(&index).ok()?;
    index.get("_cut_blocks").filter(|cut| !cut.is_null()).cloned()
}

/// Thousandths are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
