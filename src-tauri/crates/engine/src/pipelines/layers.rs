//! A job that takes a picture apart: the model's small layers, whether they are good enough, and the
//! layers of the picture's own pixels.

use document::{Raster, Samples};
use layering::Report;
use nn::Unwatched;

use super::{
    Monitor, Start,
    qwen_image_layered::{self, CaptionLanguage, Layered, LayersJob},
};
use crate::{
    Decomposition, Error, Image, JobEvent, Layers, Model, PlacedImage, Result, Stage, preprocess,
};

/// What the negative prompt is where nobody gave one, as the model's publisher recommends.
const EMPTY_NEGATIVE: &str = " ";

/// What one run of the model gave.
struct Attempt {
    layers: Vec<Raster>,
    report: Report,
    prompt: String,
    seed: u64,
}

/// Takes a picture apart and puts its layers into the image store; another seed is tried once where
/// the first gives layers that nobody would keep.
pub(super) fn run(
    layered: &mut Layered,
    model: &Model,
    task: &Decomposition,
    start: Start,
    monitor: &mut Monitor<'_>,
) -> Result<()> {
    let defaults = &model.defaults;
    let small = to_raster(&preprocess::bucket(&task.image, defaults.width)?)?;
    let mut attempt = |prompt: &str, seed: u64, start: Start, monitor: &mut Monitor<'_>| {
        let job = LayersJob {
            image: &task.image,
            prompt,
            negative: Some(task.negative.as_deref().unwrap_or(EMPTY_NEGATIVE)),
            caption_language: CaptionLanguage::English,
            layers: task.layers as usize,
            steps: task.steps.unwrap_or(defaults.steps),
            guidance: task.guidance.unwrap_or(defaults.guidance),
            normalizes_guidance: true,
            side: defaults.width,
            max_sequence_length: defaults.max_sequence_length,
            start,
            previews: task.previews,
        };
        let made = layered.decompose(&job, monitor, &mut Unwatched)?;
        let images = qwen_image_layered::to_images(&made)?;
        let layers = images.iter().map(to_raster).collect::<Result<Vec<_>>>()?;
        let report = layering::assess(&small, &layers);
        Ok::<_, Error>(Attempt { layers, report, prompt: made.prompt, seed })
    };

    let may_retry = task.tries_again && matches!(start, Start::Seed(_));
    let mut best = attempt(&task.prompt, task.seed, start, monitor)?;
    if !best.report.passes() && may_retry {
        monitor.check()?;
        monitor.tell(JobEvent::Retrying { reasons: best.report.sentences() });
        let seed = task.seed.wrapping_add(1);
        // What the model saw in the picture does not depend on the seed.
        let second = attempt(&best.prompt, seed, Start::Seed(seed), monitor)?;
        if failures(&second.report) < failures(&best.report) {
            best = second;
        }
    }

    monitor.check()?;
    monitor.tell(JobEvent::Stage(Stage::Rebuild));
    let placed = if task.raw {
        best.layers.into_iter().map(|raster| layering::Placed { x: 0, y: 0, raster }).collect()
    } else {
        let source = to_raster(&task.image)?;
        layering::rebuild(&source, &best.layers)
            .map_err(|error| Error::Panicked(error.to_string()))?
    };
    monitor.check()?;
    let mut layers = Vec::with_capacity(placed.len());
    for (index, layering::Placed { x, y, raster }) in (0..).zip(placed) {
        if let Some(image) = to_image(raster)? {
            layers.push(PlacedImage { image: monitor.images.insert(image), x, y, index });
        }
    }
    monitor.tell(JobEvent::Layers(Layers {
        layers,
        asked: task.layers,
        seed: best.seed,
        prompt: best.prompt,
        steps: task.steps.unwrap_or(defaults.steps),
        guidance: task.guidance.unwrap_or(defaults.guidance),
        passes: best.report.passes(),
        sentences: best.report.sentences(),
    }));
    Ok(())
}

/// How much is wrong that another try may mend.
fn failures(report: &Report) -> usize {
    report.problems().into_iter().filter(|problem| problem.is_failure()).count()
}

fn to_raster(image: &Image) -> Result<Raster> {
    Raster::from_rgba8(image.width(), image.height(), image.rgba().to_vec())
        .map_err(|error| Error::Panicked(error.to_string()))
}

/// `None` where there are no pixels.
fn to_image(raster: Raster) -> Result<Option<Image>> {
    let (width, height) = (raster.width(), raster.height());
    match raster.into_samples() {
        _ if width == 0 || height == 0 => Ok(None),
        Samples::Eight(rgba) => Image::new(width, height, rgba).map(Some),
        Samples::Sixteen(_) => Err(Error::Panicked("a layer has 16 bits a channel".into())),
    }
}
