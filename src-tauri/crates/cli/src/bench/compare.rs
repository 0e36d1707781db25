//! The same picture from the processor in f32 and from the graphics card: how far apart they are.

use std::sync::{Arc, mpsc};

use engine::{
    DeviceChoice, Draft, Engine, Error, Image, JobEvent, Model, Precision, Request, Task,
};
use serde_json::json;

use super::{model, rounded};
use crate::{arguments::Compare, failure::Failure, say};

pub(crate) fn run(options: &Compare) -> Result<(), Failure> {
    let model = model(&options.model)?;
    engine::set_fp8_products(options.fp8_products);
    let engine = Engine::start()?;
    let paint = |device, precision| {
        let task = Task::Generate(Request::new(Draft {
            prompt: "a wooden chest, half open".into(),
            width: Some(options.size.0),
            height: Some(options.size.1),
            steps: Some(options.steps),
            precision,
            device,
            seed: 7,
            ..Draft::default()
        })?);
        picture(&engine, &model, task)
    };
    let (exact, slow) = paint(DeviceChoice::Cpu, Some(Precision::F32))?;
    let (made, fast) = paint(DeviceChoice::Cuda, options.dtype.map(Into::into))?;
    let (mean, most) = distance(exact.rgba(), made.rgba());
    let result = json!({
        "model": model.id,
        "size": options.size,
        "mean_difference": rounded(mean),
        "largest_difference": most,
        "processor_seconds": rounded(slow),
        "card_seconds": rounded(fast),
    });
    say(&format!("{result}\n"));
    if mean > options.most {
        return Err(Failure::new(
            "different",
            format!(
                "the graphics card paints another picture: levels are {mean:.2} of 255 apart on \
                 average, more than {}",
                options.most
            ),
        ));
    }
    Ok(())
}

/// Paints a picture; gives it and the seconds it took.
fn picture(engine: &Engine, model: &Model, task: Task) -> Result<(Arc<Image>, f64), Failure> {
    let (sender, events) = mpsc::channel();
    engine.submit(model.clone(), task, move |event| {
        // The receiver lives until the last event.
        let _ = sender.send(event);
    });
    let (mut picture, mut seconds) = (None, 0.0);
    for event in events {
        match event {
            JobEvent::Image { image, .. } => picture = engine.images().get(image.id),
            JobEvent::Took(took) => seconds = took.seconds,
            JobEvent::Finished => break,
            JobEvent::Cancelled => return Err(Error::Cancelled.into()),
            JobEvent::Failed(error) => return Err(error.into()),
            _ => {}
        }
    }
    let picture = picture
        .ok_or_else(|| Failure::from(Error::Panicked("the engine ended without a picture".into())));
    Ok((picture?, seconds))
}

/// Mean and largest difference of levels.
fn distance(exact: &[u8], made: &[u8]) -> (f64, u8) {
    let apart = || exact.iter().zip(made).map(|(exact, made)| exact.abs_diff(*made));
    let sum: u64 = apart().map(u64::from).sum();
    (sum as f64 / exact.len().max(1) as f64, apart().max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_compared_one_by_one() {
        assert_eq!(distance(&[0, 10, 255, 7], &[0, 14, 255, 7]), (1.0, 4));
        assert_eq!(distance(&[], &[]), (0.0, 0));
    }
}
