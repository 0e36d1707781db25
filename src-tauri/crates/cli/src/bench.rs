//! `asset-editor bench`: what one transformer step of a model costs on this machine.

use std::{path::PathBuf, time::Instant};

use engine::{Error, Precision, pipelines::flux2::rehearse};
use serde_json::json;

use crate::{arguments::Bench, failure::Failure, say};

pub(crate) fn run(options: &Bench) -> Result<(), Failure> {
    let folder: PathBuf = options.model.clone();
    let size = engine::Size::new(options.width, options.height)?;
    let start = Instant::now();
    let mut step =
        rehearse(&folder, size, options.max_sequence_length, Precision::from(options.dtype))?;
    let load = start.elapsed().as_secs_f64();
    let mut seconds = Vec::with_capacity(options.repeat);
    for _ in 0..options.repeat.max(1) {
        let start = Instant::now();
        step()?;
        seconds.push((start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0);
    }
    let result = json!({
        "model": folder.to_string_lossy(),
        "width": size.width(),
        "height": size.height(),
        "load_seconds": (load * 1000.0).round() / 1000.0,
        "step_seconds": seconds,
        "peak_memory_bytes": peak_memory()?,
    });
    say(&format!("{result}\n"));
    Ok(())
}

/// The most that this process held at once, as the system counts it.
fn peak_memory() -> Result<u64, Failure> {
    let unknown =
        |error: String| Failure::from(Error::Panicked(format!("peak memory is unknown: {error}")));
    let status =
        std::fs::read_to_string("/proc/self/status").map_err(|error| unknown(error.to_string()))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| unknown("no VmHWM".into()))
}
