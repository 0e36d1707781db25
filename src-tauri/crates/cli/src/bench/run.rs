//! Whole pictures under a budget: what was foreseen, and what each phase took.

use engine::{Draft, Engine, Request, Stage, Task, Took};
use serde_json::{Value, json};

use super::{model, paint, profile, rounded};
use crate::{arguments::Run, failure::Failure, plan::measure_name, say};

pub(crate) fn run(options: &Run) -> Result<(), Failure> {
    let model = model(&options.model)?;
    engine::set_fp8_products(options.fp8_products);
    let engine = Engine::start()?;
    engine.set_budgets(options.memory.budgets());
    if let Some(file) = &options.measured {
        engine.remember_in(file.clone());
    }
    for index in 0..options.repeat.max(1) {
        let task = Task::Generate(Request::new(Draft {
            prompt: format!("a picture of the number {index}"),
            width: Some(options.size.0),
            height: Some(options.size.1),
            steps: Some(options.steps),
            max_sequence_length: options.max_sequence_length,
            precision: options.dtype.map(Into::into),
            seed: index as u64,
            ..Draft::default()
        })?);
        let forecast = engine.forecast(&model, &task)?;
        let (made, profile) = profile::around(options.profile, || paint(&engine, &model, task));
        let (picture, took) = made?;
        let measures: Vec<&str> = forecast.plan.measures().into_iter().map(measure_name).collect();
        let result = json!({
            "model": model.id,
            "size": options.size,
            "budget_bytes": forecast.available,
            "measures": measures,
            "transformer_kept_bytes": forecast.plan.transformer.kept,
            "foreseen": { "peak_bytes": forecast.peak, "seconds": forecast.seconds },
            "took": as_json(&took),
            "picture": format!("{:016x}", fingerprint(picture.rgba())),
            "profile": profile,
        });
        say(&format!("{result}\n"));
    }
    Ok(())
}

fn as_json(took: &Took) -> Value {
    let phases: Vec<Value> = took
        .phases
        .iter()
        .map(|phase| {
            json!({
                "phase": stage_name(phase.stage),
                "seconds": rounded(phase.seconds),
                "peak_bytes": phase.peak,
            })
        })
        .collect();
    json!({ "peak_bytes": took.peak, "seconds": rounded(took.seconds), "phases": phases })
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Load => "load",
        Stage::Caption => "caption",
        Stage::Encode => "encode",
        Stage::Denoise => "denoise",
        Stage::Decode => "decode",
        Stage::Rebuild => "rebuild",
    }
}

/// Says whether two pictures are the same: FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
