//! `asset-editor models list`: what is there, what can be had, and what cannot be used.

use downloads::free_space;
use engine::{Catalog, Contents, Finding, Model, Root, RootState, Roots};
use library::Plan;
use serde_json::{Value, json};

use crate::{failure::Failure, say};

pub(super) fn run(json: bool) -> Result<(), Failure> {
    let roots = locations::roots();
    let catalog = Catalog::load(&roots)?;
    if json {
        say(&format!("{}\n", as_object(&catalog, &roots)));
        return Ok(());
    }
    let width = catalog.models().iter().map(|model| model.id.len()).max().unwrap_or_default();
    for model in catalog.models() {
        say(&as_line(model, &catalog, &roots, width));
    }
    for root in catalog.linked() {
        say(&linked_lines(root));
    }
    for lora in catalog.loras() {
        let fits = match lora.fits.as_slice() {
            [] => "fits no model that is ready".to_owned(),
            fits => format!("fits {}", fits.join(", ")),
        };
        say(&format!("LoRA {}: {fits}\n", lora.path.display()));
    }
    for notice in catalog.notices() {
        say(&format!("notice: {notice}\n"));
    }
    Ok(())
}

/// Whether it is the one that is used by default: one for each task.
fn is_default(model: &Model, catalog: &Catalog) -> bool {
    let first = catalog.models().iter().find(|m| task(m) == task(model) && m.is_ready());
    first.is_some_and(|first| first.id == model.id)
}

fn as_line(model: &Model, catalog: &Catalog, roots: &Roots, width: usize) -> String {
    let about = match model.missing.first() {
        Some(_) if is_offered(model, catalog) => {
            let size = offer(model, catalog, roots).map(|plan| size_of(&plan)).unwrap_or_default();
            format!(
                "not installed: asset-editor models download {} gets it ({size}). {}",
                model.id, model.note
            )
        }
        Some(missing) => format!("not installed: {missing}"),
        None if is_default(model, catalog) => format!("ready, used by default. {}", model.note),
        None => format!("ready. {}", model.note),
    };
    format!("{:width$}  {about}\n", model.id)
}

fn is_offered(model: &Model, catalog: &Catalog) -> bool {
    !model.is_ready() && !catalog.parts_of(&model.id).is_empty()
}

fn offer(model: &Model, catalog: &Catalog, roots: &Roots) -> Option<Plan> {
    Plan::new(catalog, roots, &locations::endpoint(), &model.id).ok()
}

/// What is to come, as far as it is known.
pub(super) fn size_of(plan: &Plan) -> String {
    let (bytes, is_known) = plan.bytes();
    let at_least = if is_known { "" } else { "more than " };
    format!("{at_least}{}", size(bytes))
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn linked_lines(root: &Root) -> String {
    let path = root.path.display();
    let mut lines = match &root.state {
        RootState::There => {
            format!(
                "linked {path}: {} files and folders of models\n",
                root.findings.len() + root.folders.len()
            )
        }
        state => format!("linked {path}: {}\n", trouble(root, state)),
    };
    if root.is_cut {
        lines +=
            &format!("  there is more in `{path}` than was looked at; link its folder of models\n");
    }
    for finding in &root.findings {
        if let Contents::Unusable(reason) = &finding.contents {
            lines += &format!("  `{}`: {reason}\n", finding.path.display());
        }
    }
    lines
}

/// Why a linked folder cannot be looked into, and what helps.
pub(super) fn trouble(root: &Root, state: &RootState) -> String {
    let path = root.path.display();
    match state {
        RootState::There => String::new(),
        RootState::Gone => format!("`{path}` is not there; plug the drive in or unlink it"),
        RootState::Silent => format!("`{path}` does not answer; wake the drive or unlink it"),
        RootState::Refused(reason) => format!("`{path}` cannot be read: {reason}"),
    }
}

fn as_object(catalog: &Catalog, roots: &Roots) -> Value {
    let models: Vec<Value> =
        catalog.models().iter().map(|model| as_json(model, catalog, roots)).collect();
    let linked: Vec<Value> = catalog.linked().iter().map(root_as_json).collect();
    let loras: Vec<Value> = catalog
        .loras()
        .iter()
        .map(|lora| json!({ "path": lora.path.to_string_lossy(), "name": lora.name, "fits": lora.fits }))
        .collect();
    json!({
        "models": models,
        "linked": linked,
        "loras": loras,
        "notices": catalog.notices(),
        "free_bytes": roots.downloads().and_then(free_space),
    })
}

fn root_as_json(root: &Root) -> Value {
    let findings: Vec<Value> = root.findings.iter().map(finding_as_json).collect();
    json!({
        "folder": root.path.to_string_lossy(),
        "problem": (root.state != RootState::There).then(|| trouble(root, &root.state)),
        "models": root.folders.iter().map(|folder| folder.to_string_lossy()).collect::<Vec<_>>(),
        "files": findings,
        "cut": root.is_cut,
    })
}

fn finding_as_json(finding: &Finding) -> Value {
    let (holds, problem) = match &finding.contents {
        Contents::Part { kind, .. } => (Some(kind.to_string()), None),
        Contents::Lora => (Some("a LoRA".to_owned()), None),
        Contents::Unusable(reason) => (None, Some(reason)),
    };
    json!({
        "path": finding.path.to_string_lossy(),
        "bytes": finding.size,
        "holds": holds,
        "problem": problem,
    })
}

fn as_json(model: &Model, catalog: &Catalog, roots: &Roots) -> Value {
    let plan = is_offered(model, catalog).then(|| offer(model, catalog, roots)).flatten();
    let licences: Vec<Value> = catalog
        .licences_of(&model.id)
        .into_iter()
        .map(|licence| json!({ "name": licence.name, "url": licence.url, "commercial": licence.commercial }))
        .collect();
    json!({
        "id": model.id,
        "name": model.name,
        "note": model.note,
        "folder": (!model.folder.as_os_str().is_empty()).then(|| model.folder.to_string_lossy()),
        "ready": model.is_ready(),
        "missing": model.missing,
        "default": is_default(model, catalog),
        "download": plan.map(|plan| {
            let (bytes, is_known) = plan.bytes();
            json!({ "files": plan.files.len(), "bytes": bytes, "bytes_known": is_known, "gated": plan.gated })
        }),
        "licences": licences,
        "memory_gib": catalog.recommended_memory(&model.id),
        "places": model.places().iter().map(|place| place.to_string_lossy()).collect::<Vec<_>>(),
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
    if model.family.paints() { "generate" } else { "decompose" }
}
