//! `asset-editor models`.

use engine::{Catalog, Model};
use serde_json::{Value, json};

use crate::{arguments::Models, failure::Failure, say};

pub(crate) fn run(options: &Models) -> Result<(), Failure> {
    let catalog = Catalog::load(&locations::roots())?;
    let default =
        catalog.models().iter().find(|model| model.is_ready()).map(|model| model.id.as_str());
    if options.json {
        let models: Vec<Value> =
            catalog.models().iter().map(|model| as_json(model, default)).collect();
        say(&format!("{}\n", json!({ "models": models })));
    } else {
        let width = catalog.models().iter().map(|model| model.id.len()).max().unwrap_or_default();
        for model in catalog.models() {
            say(&as_line(model, default, width));
        }
    }
    Ok(())
}

fn as_line(model: &Model, default: Option<&str>, width: usize) -> String {
    let about = match model.missing.first() {
        Some(missing) => format!("not installed: {missing}"),
        None if default == Some(&model.id) => format!("ready, used by default. {}", model.note),
        None => format!("ready. {}", model.note),
    };
    format!("{:width$}  {about}\n", model.id)
}

fn as_json(model: &Model, default: Option<&str>) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "note": model.note,
        "folder": (!model.folder.as_os_str().is_empty()).then(|| model.folder.to_string_lossy()),
        "ready": model.is_ready(),
        "missing": model.missing,
        "default": default == Some(&model.id),
        "starter": model.is_starter,
        "distilled": model.distilled,
        "defaults": {
            "width": model.defaults.width,
            "height": model.defaults.height,
            "steps": model.defaults.steps,
            "guidance": model.defaults.guidance,
            "max_sequence_length": model.defaults.max_sequence_length,
        },
    })
}
