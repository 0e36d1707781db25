//! What one transformer step of a model costs, and its autoencoder, each alone.

use std::time::Instant;

use engine::{
    Model, Precision, Size,
    pipelines::{Rehearsal, StepSizes, rehearse_autoencoder, rehearse_step},
};
use serde_json::{Value, json};

use super::{cut_blocks, model, profile, rounded, status};
use crate::{
    arguments::{Autoencoder, Measured, Step},
    failure::Failure,
    say,
};

pub(crate) fn run(options: &Step) -> Result<(), Failure> {
    let measured = &options.measured;
    let (model, size) = of(measured)?;
    let sizes = StepSizes {
        size,
        text_tokens: options.max_sequence_length,
        layers: options.layers as usize,
    };
    let start = Instant::now();
    let load = |precision| rehearse_step(&model, sizes, precision);
    let mut step = load(Precision::from(measured.dtype))?;
    let ready = start.elapsed().as_secs_f64();
    let times = time(&mut step, measured)?;
    let peak = status("VmHWM");
    let nearness = match options.compare {
        true => Some(cosine(&times.made, &load(Precision::F32)?()?)),
        false => None,
    };
    let result = json!({
        "model": measured.model.to_string_lossy(),
        "cut_blocks": cut_blocks(&model.folder),
        "width": size.width(),
        "height": size.height(),
        "load_seconds": rounded(ready),
        "step_seconds": times.seconds,
        "peak_memory_bytes": peak,
        "cosine_to_f32": nearness,
        "profile": times.profile,
    });
    say(&format!("{result}\n"));
    Ok(())
}

pub(crate) fn autoencoder(options: &Autoencoder) -> Result<(), Failure> {
    let measured = &options.measured;
    let (model, size) = of(measured)?;
    let start = Instant::now();
    let [mut encode, mut decode] = rehearse_autoencoder(&model, size, measured.dtype.into())?;
    let ready = start.elapsed().as_secs_f64();
    let (encode, decode) = (time(&mut encode, measured)?, time(&mut decode, measured)?);
    let result = json!({
        "model": measured.model.to_string_lossy(),
        "width": size.width(),
        "height": size.height(),
        "load_seconds": rounded(ready),
        "encode_seconds": encode.seconds,
        "decode_seconds": decode.seconds,
        "peak_memory_bytes": status("VmHWM"),
        "profile": { "encode": encode.profile, "decode": decode.profile },
    });
    say(&format!("{result}\n"));
    Ok(())
}

fn of(measured: &Measured) -> Result<(Model, Size), Failure> {
    Ok((model(&measured.model)?, Size::new(measured.size.0, measured.size.1)?))
}

/// What was measured of one thing.
struct Times {
    /// Of each time.
    seconds: Vec<f64>,
    /// The result of the last time.
    made: Vec<f32>,
    /// Of the last time, when everything is warm.
    profile: Option<Value>,
}

fn time(work: &mut Rehearsal, measured: &Measured) -> Result<Times, Failure> {
    let mut timed = || {
        let start = Instant::now();
        work().map(|made| (made, rounded(start.elapsed().as_secs_f64())))
    };
    let mut seconds = Vec::with_capacity(measured.repeat);
    for _ in 1..measured.repeat.max(1) {
        seconds.push(timed()?.1);
    }
    let (last, profile) = profile::around(measured.profile, &mut timed);
    let (made, took) = last?;
    seconds.push(took);
    Ok(Times { seconds, made, profile })
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
