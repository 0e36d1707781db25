//! What one transformer step of a model costs.

use std::time::Instant;

use engine::{Precision, Size, pipelines::flux2::rehearse};
use serde_json::json;

use super::{profile, rounded, status};
use crate::{arguments::Step, failure::Failure, say};

pub(crate) fn run(options: &Step) -> Result<(), Failure> {
    let size = Size::new(options.size.0, options.size.1)?;
    let start = Instant::now();
    let precision = Precision::from(options.dtype);
    let mut step = rehearse(&options.model, size, options.max_sequence_length, precision)?;
    let load = start.elapsed().as_secs_f64();
    let mut seconds = Vec::with_capacity(options.repeat);
    for _ in 1..options.repeat.max(1) {
        let start = Instant::now();
        step()?;
        seconds.push(rounded(start.elapsed().as_secs_f64()));
    }
    // Of the last one, when everything is warm.
    let (last, profile) = profile::around(options.profile, || {
        let start = Instant::now();
        step().map(|()| start.elapsed().as_secs_f64())
    });
    seconds.push(rounded(last?));
    let result = json!({
        "model": options.model.to_string_lossy(),
        "width": size.width(),
        "height": size.height(),
        "load_seconds": rounded(load),
        "step_seconds": seconds,
        "peak_memory_bytes": status("VmHWM"),
        "profile": profile,
    });
    say(&format!("{result}\n"));
    Ok(())
}
