//! Whole pictures under a budget: what was foreseen, and what each phase took.

use std::sync::Arc;

use engine::{
    DecomposeDraft, Decomposition, Draft, Engine, Error, Family, Image, Model, Request, Size,
    Stage, Task, Took,
};
use serde_json::{Value, json};

use super::{compare::distance, cut_blocks, model, paint, profile, rounded};
use crate::{arguments::Run, failure::Failure, plan::measure_name, say};

pub(crate) fn run(options: &Run) -> Result<(), Failure> {
    let model = model(&options.model)?;
    engine::set_fp8_products(options.fp8_products);
    engine::set_ordinary_kernels(options.ordinary_kernels);
    let engine = Engine::start()?;
    engine.set_budgets(options.memory.budgets());
    if let Some(file) = &options.measured {
        engine.remember_in(file.clone());
    }
    for index in 0..options.repeat.max(1) {
        let task = task(&model, options, index, options.step_cache)?;
        let forecast = engine.forecast(&model, &task)?;
        let (made, profile) = profile::around(options.profile, || paint(&engine, &model, task));
        let (pictures, took) = made?;
        let cost = match options.step_cache {
            Some(threshold) => {
                let (whole, its_own) =
                    paint(&engine, &model, self::task(&model, options, index, None)?)?;
                Some(reuse(threshold, (&pictures, &took), (&whole, &its_own)))
            }
            None => None,
        };
        let measures: Vec<&str> = forecast.plan.measures().into_iter().map(measure_name).collect();
        let result = json!({
            "model": model.id,
            "cut_blocks": cut_blocks(&model.folder),
            "size": options.size,
            "budget_bytes": forecast.available,
            "measures": measures,
            "transformer_kept_bytes": forecast.plan.transformer.kept,
            "foreseen": { "peak_bytes": forecast.peak, "seconds": forecast.seconds },
            "took": as_json(&took),
            "step_cache": cost,
            "picture": format!("{:016x}", fingerprint(&pictures)),
            "profile": profile,
        });
        say(&format!("{result}\n"));
    }
    Ok(())
}

/// A picture or the layers of one, with what shows in the text kept short.
fn task(
    model: &Model,
    options: &Run,
    index: usize,
    step_cache: Option<f64>,
) -> Result<Task, Error> {
    // It is checked before a picture of that size is made.
    let size = Size::new(options.size.0, options.size.1)?;
    let picture = || Arc::new(Image::gradient(size.width(), size.height()));
    let prompt = format!("a picture of the number {index}");
    let precision = options.dtype.map(Into::into);
    if model.family == Family::QwenImageLayered {
        if step_cache.is_some() {
            let reason = format!("{} takes nothing from the step before", model.name);
            return Err(Error::InvalidRequest(reason));
        }
        return Ok(Task::Decompose(Decomposition::new(DecomposeDraft {
            prompt,
            seed: index as u64,
            steps: Some(options.steps),
            // Nobody would keep what random weights paint.
            tries_again: false,
            precision,
            ..DecomposeDraft::new(picture(), options.layers)
        })?));
    }
    Ok(Task::Generate(Request::new(Draft {
        prompt,
        width: Some(size.width()),
        height: Some(size.height()),
        steps: Some(options.steps),
        max_sequence_length: options.max_sequence_length,
        references: (0..options.references).map(|_| picture().into()).collect(),
        step_cache,
        precision,
        seed: index as u64,
        ..Draft::default()
    })?))
}

type Painted<'a> = (&'a [Arc<Image>], &'a Took);

/// What taking from earlier steps saved, and how far it led from the picture whose steps are whole.
fn reuse(threshold: f64, (made, took): Painted<'_>, (whole, its_own): Painted<'_>) -> Value {
    let apart: Vec<(f64, u8)> =
        made.iter().zip(whole).map(|(a, b)| distance(b.rgba(), a.rgba())).collect();
    let denoise = |took: &Took| {
        let phases = took.phases.iter().filter(|phase| phase.stage == Stage::Denoise);
        rounded(phases.map(|phase| phase.seconds).sum())
    };
    json!({
        "threshold": threshold,
        "reused_steps": took.reused_steps,
        "denoise_seconds": denoise(took),
        "denoise_seconds_without": denoise(its_own),
        "mean_difference": apart.first().map(|(mean, _)| rounded(*mean)),
        "largest_difference": apart.iter().map(|(_, most)| most).max(),
    })
}

fn as_json(took: &Took) -> Value {
    let mut reads = 0;
    let phases: Vec<Value> = took
        .phases
        .iter()
        .map(|phase| {
            reads += u32::from(phase.stage == Stage::Encode);
            json!({
                // Pictures are encoded after the prompt.
                "phase": if reads == 2 && phase.stage == Stage::Encode {
                    "encode_pictures"
                } else {
                    stage_name(phase.stage)
                },
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

/// Says whether pictures are the same: FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fingerprint(pictures: &[Arc<Image>]) -> u64 {
    pictures.iter().flat_map(|picture| picture.rgba()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
