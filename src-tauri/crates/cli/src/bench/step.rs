//! What one transformer step of a model costs.

use std::time::Instant;

use engine::{Precision, Size, pipelines::flux2::rehearse};
use serde_json::json;

use super::{profile, rounded, status};
use crate::{arguments::Step, failure::Failure, say};

pub(crate) fn run(options: &Step) -> Result<(), Failure> {
    let size = Size::new(options.size.0, options.size.1)?;
    let start = Instant::now();
    let load = |precision| rehearse(&options.model, size, options.max_sequence_length, precision);
    let mut step = load(Precision::from(options.dtype))?;
    let ready = start.elapsed().as_secs_f64();
    let mut timed = || {
        let start = Instant::now();
        step().map(|velocity| (velocity, rounded(start.elapsed().as_secs_f64())))
    };
    let mut seconds = Vec::with_capacity(options.repeat);
    for _ in 1..options.repeat.max(1) {
        seconds.push(timed()?.1);
    }
    // Of the last one, when everything is warm.
    let (last, profile) = profile::around(options.profile, &mut timed);
    let (velocity, took) = last?;
    seconds.push(took);
    let peak = status("VmHWM");
    let nearness = match options.compare {
        true => Some(cosine(&velocity, &load(Precision::F32)?()?)),
        false => None,
    };
    let result = json!({
        "model": options.model.to_string_lossy(),
        "width": size.width(),
        "height": size.height(),
        "load_seconds": rounded(ready),
        "step_seconds": seconds,
        "peak_memory_bytes": peak,
        "cosine_to_f32": nearness,
        "profile": profile,
    });
    say(&format!("{result}\n"));
    Ok(())
}

/// The cosine of the angle between two results: 1 where they differ in nothing but length.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::cosine;

    #[test]
    fn a_cosine_knows_the_same_and_the_opposite() {
        assert_eq!(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        assert_eq!(cosine(&[3.0, 4.0], &[-3.0, -4.0]), -1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 1.0]), 0.0);
    }
}
