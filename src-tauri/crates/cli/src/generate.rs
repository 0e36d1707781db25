//! `asset-editor generate`: arguments to a request, events to lines, the picture to a file.

use std::{path::Path, sync::Arc, time::Instant};

use engine::{Catalog, Draft, Error, Family, Image, Inpaint, JobEvent, Request};
use serde_json::json;

use crate::{
    arguments::Generate,
    failure::Failure,
    job::{self, random_seed},
    progress::Progress,
    say,
};

/// What the reference repaints with when it is not told.
const DEFAULT_STRENGTH: f64 = 0.8;

pub(crate) fn run(options: &Generate) -> Result<(), Failure> {
    let start = Instant::now();
    check_out(&options.out)?;
    let request = Request::new(draft(options)?)?;
    let model =
        Catalog::load(&locations::roots())?.choose(Family::Flux2Klein, &options.parts.choice())?;

    let mut progress = Progress::new();
    if model.is_starter && options.parts.model.is_none() {
        progress.remark("Starter model: small, for trying out");
    }
    let (mut steps, mut result) = (0, None);
    let engine = job::run(&model, request.clone(), &mut progress, |event| match event {
        JobEvent::Started { steps: count } => steps = count,
        JobEvent::Image { image, seed } => result = Some((image.id, seed)),
        _ => {}
    })?;
    let (image, seed) =
        result.ok_or_else(|| Error::Panicked("the engine ended without a picture".into()))?;
    let image = engine.images().get(image).ok_or(Error::Cancelled)?;
    image.save_png(&options.out)?;

    let seconds = start.elapsed().as_secs_f64();
    let path = options.out.display();
    if options.json {
        let result = json!({
            "path": options.out.to_string_lossy(),
            "width": image.width(),
            "height": image.height(),
            "seed": seed,
            "model": model.id,
            "steps": steps,
            "guidance": request.guidance.unwrap_or(model.defaults.guidance),
            "seconds": (seconds * 1000.0).round() / 1000.0,
            "starter": model.is_starter,
        });
        say(&format!("{result}\n"));
    } else {
        say(&format!(
            "{path}: {} × {}, model {}, seed {}, {seconds:.1} s\n",
            image.width(),
            image.height(),
            model.id,
            seed
        ));
    }
    Ok(())
}

/// Before minutes are spent on a picture that cannot be kept.
fn check_out(out: &Path) -> Result<(), Failure> {
    let is_png = out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if !is_png && !out.is_dir() {
        return Err(Failure::new(
            "unwritable",
            format!("cannot write `{}`: the name must end in .png", out.display()),
        ));
    }
    Ok(engine::check_writable(out)?)
}

fn draft(options: &Generate) -> Result<Draft, Failure> {
    let open = |path: &Path| Image::open(path).map(Arc::new);
    let inpaint = match (&options.init, &options.mask) {
        (Some(init), Some(mask)) => Some(Inpaint {
            init: open(init)?,
            mask: open(mask)?,
            strength: options.strength.unwrap_or(DEFAULT_STRENGTH),
        }),
        _ => None,
    };
    let references =
        options.references.iter().map(|path| open(path)).collect::<Result<Vec<_>, Error>>()?;
    Ok(Draft {
        model: options.parts.model.clone(),
        prompt: options.prompt.clone(),
        negative: options.negative.clone(),
        width: options.width,
        height: options.height,
        steps: options.steps,
        guidance: options.guidance,
        seed: options.seed.unwrap_or_else(random_seed),
        max_sequence_length: options.max_sequence_length,
        references,
        inpaint,
        initial_latents: options.init_latents.clone(),
        precision: options.dtype.map(Into::into),
        device: options.device.into(),
        previews: false,
        loras: options.parts.loras.clone(),
    })
}
