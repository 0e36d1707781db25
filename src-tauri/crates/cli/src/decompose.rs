//! `asset-editor decompose`: a picture to a layered file.

use std::{sync::Arc, time::Instant};

use document::{Document, Layer, Raster, Recipe};
use engine::{
    Catalog, DecomposeDraft, Decomposition, Error, Family, Image, ImageStore, JobEvent, Layers,
    Model,
};
use serde_json::json;

use crate::{
    arguments::Decompose,
    convert,
    failure::Failure,
    job::{self, random_seed},
    progress::Progress,
    say,
};

pub(crate) fn run(options: &Decompose) -> Result<(), Failure> {
    let start = Instant::now();
    let format = convert::format_of(&options.out)?;
    engine::check_writable(&options.out)?;
    let image = Arc::new(Image::open(&options.input)?);
    let model = Catalog::load(&locations::roots())?
        .choose(Family::QwenImageLayered, &options.parts.choice())?;
    let task = Decomposition::new(DecomposeDraft {
        prompt: options.prompt.clone(),
        negative: options.negative.clone(),
        seed: options.seed.unwrap_or_else(random_seed),
        steps: options.steps,
        guidance: options.guidance,
        initial_latents: options.init_latents.clone(),
        raw: options.raw,
        precision: options.dtype.map(Into::into),
        device: options.device.into(),
        loras: options.parts.loras.clone(),
        ..DecomposeDraft::new(
            Arc::clone(&image),
            options.layers.unwrap_or(model.defaults.layers.max(1)),
        )
    })?;

    let mut progress = Progress::new();
    if model.is_starter && options.parts.model.is_none() {
        progress.remark("Starter model: small, for trying out");
    }
    let mut made = None;
    let engine =
        job::run(&model, [task.into()], options.parts.memory.budgets(), &mut progress, |event| {
            if let JobEvent::Layers(layers) = event {
                made = Some(layers);
            }
        })?;
    let made = made.ok_or_else(|| Error::Panicked("the engine ended without layers".into()))?;
    let original = (!options.raw).then_some((&*image, options.input.file_stem()));
    let document = layered(&made, &model, engine.images(), original)?;
    let notes = files::save(&document, &options.out, format)?;

    convert::tell(&notes);
    let seconds = start.elapsed().as_secs_f64();
    if options.json {
        let result = json!({
            "path": options.out.to_string_lossy(),
            "width": document.width,
            "height": document.height,
            "layers": made.layers.len(),
            "asked": made.asked,
            "prompt": made.prompt,
            "seed": made.seed,
            "model": model.id,
            "steps": made.steps,
            "guidance": made.guidance,
            "passes": made.passes,
            "report": made.sentences,
            "notes": notes,
            "seconds": (seconds * 1000.0).round() / 1000.0,
            "starter": model.is_starter,
        });
        say(&format!("{result}\n"));
    } else {
        for sentence in &made.sentences {
            say(&format!("{sentence}\n"));
        }
        say(&format!(
            "{}: {} × {}, {} layers, model {}, seed {}, {seconds:.1} s\n",
            options.out.display(),
            document.width,
            document.height,
            made.layers.len(),
            model.id,
            made.seed
        ));
    }
    Ok(())
}

/// The layers over the original, which is hidden and locked; without it where they are the model's
/// own small ones.
fn layered(
    made: &Layers,
    model: &Model,
    images: &ImageStore,
    original: Option<(&Image, Option<&std::ffi::OsStr>)>,
) -> Result<Document, Failure> {
    let mut document = Document::new(1, 1);
    let mut parent = None;
    if let Some((image, name)) = original {
        (document.width, document.height) = (image.width(), image.height());
        let name =
            name.map_or_else(|| "Original".into(), |name| name.to_string_lossy().into_owned());
        let mut layer = Layer::pixels(name, 0, 0, raster(image)?);
        layer.id = 1;
        layer.visible = false;
        layer.lock.pixels = true;
        layer.lock.position = true;
        layer.lock.transparency = true;
        parent = Some(layer.id);
        document.layers.push(layer);
    }
    for placed in &made.layers {
        let image = images.get(placed.image.id).ok_or(Error::Cancelled)?;
        let name = match placed.index {
            0 => "Background".to_owned(),
            index => format!("Layer {index}"),
        };
        let mut layer = Layer::pixels(name, placed.x, placed.y, raster(&image)?);
        layer.id = placed.index + 2;
        layer.recipe = Some(Recipe {
            task: "decompose".into(),
            model: model.id.clone(),
            prompt: made.prompt.clone(),
            negative: String::new(),
            seed: made.seed,
            steps: u32::try_from(made.steps).unwrap_or(u32::MAX),
            guidance: made.guidance,
            part: Some((placed.index, made.asked)),
            parent,
            ..Recipe::default()
        });
        if original.is_none() {
            (document.width, document.height) = (image.width(), image.height());
        }
        document.layers.push(layer);
    }
    Ok(document)
}

fn raster(image: &Image) -> Result<Arc<Raster>, Failure> {
    Raster::from_rgba8(image.width(), image.height(), image.rgba().to_vec())
        .map(Arc::new)
        .map_err(|error| Error::Panicked(error.to_string()).into())
}
