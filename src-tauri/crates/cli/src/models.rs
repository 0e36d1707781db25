//! `asset-editor models`.

use engine::{Catalog, Family, Model};
use serde_json::{Value, json};

use crate::{arguments::Models, failure::Failure, say};

pub(crate) fn run(options: &Models) -> Result<(), Failure> {
    let catalog = Catalog::load(&locations::roots())?;
    // One for each task.
    let default = |model: &Model| {
        let first = catalog.models().iter().find(|m| m.family == model.family && m.is_ready());
        first.is_some_and(|first| first.id == model.id)
    };
    if options.json {
        let models: Vec<Value> =
            catalog.models().iter().map(|model| as_json(model, default(model))).collect();
        say(&format!("{}\n", json!({ "models": models })));
    } else {
        let width = catalog.models().iter().map(|model| model.id.len()).max().unwrap_or_default();
        for model in catalog.models() {
            say(&as_line(model, default(model), width));
        }
    }
    Ok(())
}

fn as_line(model: &Model, is_default: bool, width: usize) -> String {
    let about = match model.missing.first() {
        Some(missing) => format!("not installed: {missing}"),
        None if is_default => format!("ready, used by default. {}", model.note),
        None => format!("ready. {}", model.note),
    };
    format!("{:width$}  {about}\n", model.id)
}

fn as_json(model: &Model, is_default: bool) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "note": model.note,
        "folder": (!model.folder.as_os_str().is_empty()).then(|| model.folder.to_string_lossy()),
        "ready": model.is_ready(),
        "missing": model.missing,
        "default": is_default,
        "task": task(model),
        "starter": model.is_starter,
        "distilled": model.distilled,
        "defaults": {
            "width": model.defaults.width,
            "height": model.defaults.height,
            "steps": model.defaults.steps,
            "guidance": model.defaults.guidance,
            "layers": model.defaults.layers,
            "max_sequence_length": model.defaults.max_sequence_length,
        },
    })
}

fn task(model: &Model) -> &'static str {
    match model.family {
        Family::Flux2Klein => "generate",
        Family::QwenImageLayered => "decompose",
    }
}
