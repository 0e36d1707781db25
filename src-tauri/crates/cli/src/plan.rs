//! `asset-editor plan`: how a run would fit, what it would take, and how long it would be.

use engine::{
    Budgets, Catalog, Choice, DecomposeDraft, Decomposition, Draft, Family, Forecast, Measure,
    Model, Request, Result as EngineResult, Suggestion, Task,
};
use serde_json::{Value, json};

use crate::{arguments::Plan, failure::Failure, job, say};

pub(crate) fn run(options: &Plan) -> Result<(), Failure> {
    let catalog = Catalog::load(&locations::roots())?;
    let choice = Choice { model: Some(&options.model), ..Choice::default() };
    let model = catalog
        .choose(Family::Flux2Klein, &choice)
        .or_else(|_| catalog.choose(Family::QwenImageLayered, &choice))?;
    let engine = job::start()?;
    engine.set_budgets(Budgets { ram: options.budget, vram: options.budget });
    let forecast = engine.forecast(&model, &task(&model, options)?)?;
    // What is smaller and there already.
    let others: Vec<&Model> = catalog
        .models()
        .iter()
        .filter(|other| !forecast.fits && other.family == model.family && other.is_ready())
        .filter(|other| {
            let task = task(other, options);
            task.and_then(|task| engine.forecast(other, &task)).is_ok_and(|other| other.fits)
        })
        .collect();
    say(&match options.json {
        true => format!("{}\n", as_json(&model, &forecast, &others)),
        false => as_text(&forecast, &others),
    });
    Ok(())
}

fn task(model: &Model, options: &Plan) -> EngineResult<Task> {
    let (precision, device) = (options.dtype.map(Into::into), options.device.into());
    Ok(match Task::typical(model) {
        Task::Generate(request) => Task::Generate(Request::new(Draft {
            width: options.size.map(|size| size.0),
            height: options.size.map(|size| size.1),
            steps: options.steps,
            precision,
            device,
            ..(*request).clone()
        })?),
        Task::Decompose(task) => {
            let draft =
                DecomposeDraft { steps: options.steps, precision, device, ..(*task).clone() };
            Task::Decompose(Decomposition::unseen(draft))
        }
    })
}

fn as_text(forecast: &Forecast, others: &[&Model]) -> String {
    let plan = &forecast.plan;
    let mut lines = vec![match forecast.fits {
        true => format!("fits: {} of {}", size(forecast.peak), size(forecast.available)),
        false => format!(
            "does not fit: {} are needed, {} too many",
            size(forecast.peak),
            size(forecast.peak.saturating_sub(forecast.available))
        ),
    }];
    let measures = plan.measures();
    if measures.is_empty() {
        lines.push("everything stays in memory for the next picture".into());
    }
    lines.extend(measures.into_iter().map(describe));
    lines.push(format!(
        "text encoder {}, transformer {}, autoencoder {}; beside weights {} to read, {} for a step, {} to decode",
        size(plan.text_encoder.total + plan.pooled_text_encoder),
        size(plan.transformer.total),
        size(plan.autoencoder),
        size(plan.work.encode),
        size(plan.work.denoise),
        size(plan.work.decode)
    ));
    lines.push(match forecast.seconds {
        Some(seconds) => format!("about {seconds:.1} s, by runs like it on this machine"),
        None => "no run like it was measured on this machine yet".into(),
    });
    lines.extend(forecast.would_fit.iter().map(|suggestion| match suggestion {
        Suggestion::Size(picture) => {
            format!("a picture of {} × {} would fit", picture.width(), picture.height())
        }
        Suggestion::Budget(bytes) => format!("a budget of {} would do", size(*bytes)),
    }));
    lines.extend(others.iter().map(|other| format!("the model `{}` would fit", other.id)));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn describe(measure: Measure) -> String {
    match measure {
        Measure::DropTextEncoder => "the text encoder goes once it has read".into(),
        Measure::StreamTextEncoder(share) => format!(
            "{} of the text encoder's {} come from the file while it reads",
            size(share.total - share.kept),
            size(share.total)
        ),
        Measure::StreamTransformer(share) => format!(
            "{} of the transformer's {} come from the file in every step",
            size(share.total - share.kept),
            size(share.total)
        ),
    }
}

fn as_json(model: &Model, forecast: &Forecast, others: &[&Model]) -> Value {
    let plan = &forecast.plan;
    let mut suggestions = serde_json::Map::new();
    for suggestion in &forecast.would_fit {
        match suggestion {
            Suggestion::Size(size) => {
                suggestions.insert("size".into(), json!([size.width(), size.height()]));
            }
            Suggestion::Budget(bytes) => {
                suggestions.insert("budget".into(), json!(bytes));
            }
        }
    }
    if !others.is_empty() {
        let ids: Vec<&str> = others.iter().map(|other| other.id.as_str()).collect();
        suggestions.insert("models".into(), json!(ids));
    }
    json!({
        "model": model.id,
        "fits": forecast.fits,
        "peak_bytes": forecast.peak,
        "available_bytes": forecast.available,
        "seconds": forecast.seconds,
        "measures": plan.measures().into_iter().map(measure_name).collect::<Vec<_>>(),
        "text_encoder": { "bytes": plan.text_encoder.total, "kept_bytes": plan.text_encoder.kept },
        "transformer": { "bytes": plan.transformer.total, "kept_bytes": plan.transformer.kept },
        "autoencoder": { "bytes": plan.autoencoder },
        "pooled_text_encoder": { "bytes": plan.pooled_text_encoder },
        "work_bytes": {
            "encode": plan.work.encode,
            "denoise": plan.work.denoise,
            "decode": plan.work.decode,
        },
        "base_bytes": plan.base,
        "would_fit": suggestions,
    })
}

/// For programs.
pub(crate) fn measure_name(measure: Measure) -> &'static str {
    match measure {
        Measure::DropTextEncoder => "drop_text_encoder",
        Measure::StreamTextEncoder(_) => "stream_text_encoder",
        Measure::StreamTransformer(_) => "stream_transformer",
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
