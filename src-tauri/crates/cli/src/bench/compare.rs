//! The same picture from the processor in f32 and from the graphics card: how far apart they are.

use engine::{DeviceChoice, Draft, Engine, Precision, Request, Task};
use serde_json::json;

use super::{model, paint, rounded};
use crate::{arguments::Compare, failure::Failure, say};

pub(crate) fn run(options: &Compare) -> Result<(), Failure> {
    let model = model(&options.model)?;
    engine::set_fp8_products(options.fp8_products);
    engine::set_ordinary_kernels(options.ordinary_kernels);
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
        paint(&engine, &model, task).map_err(Failure::from)
    };
    let (exact, slow) = paint(DeviceChoice::Cpu, Some(Precision::F32))?;
    let (made, fast) = paint(DeviceChoice::Cuda, options.dtype.map(Into::into))?;
    let [exact, made] = [exact, made].map(|pictures| {
        pictures.into_iter().next().ok_or_else(|| Failure::new("nothing", "nothing was painted"))
    });
    let (mean, most) = distance(exact?.rgba(), made?.rgba());
    let result = json!({
        "model": model.id,
        "size": options.size,
        "mean_difference": rounded(mean),
        "largest_difference": most,
        "processor_seconds": rounded(slow.seconds),
        "card_seconds": rounded(fast.seconds),
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

/// Mean and largest difference of levels.
pub(super) fn distance(exact: &[u8], made: &[u8]) -> (f64, u8) {
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
