//! `asset-editor generate`: arguments to a request, events to lines, the picture to a file.

use std::{
    hash::{BuildHasher, RandomState},
    path::Path,
    sync::{Arc, atomic::Ordering, mpsc},
    time::Instant,
};

use engine::{Catalog, Draft, Engine, Error, Image, ImageId, Inpaint, JobEvent, Model, Request};
use serde_json::json;

use crate::{
    arguments::Generate, failure::Failure, interrupt::on_interrupt, progress::Progress, say,
};

/// What the reference repaints with when it is not told.
const DEFAULT_STRENGTH: f64 = 0.8;

pub(crate) fn run(options: &Generate) -> Result<(), Failure> {
    let start = Instant::now();
    check_out(&options.out)?;
    let request = Request::new(draft(options)?)?;
    let model = Catalog::load(&locations::roots())?.find(request.model.as_deref())?;

    let mut progress = Progress::new();
    if model.is_starter && options.model.is_none() {
        progress.remark("Starter model: small, for trying out");
    }
    let (done, engine) = paint(&model, &request, &mut progress)?;
    let image = engine.images().get(done.image).ok_or(Error::Cancelled)?;
    image.save_png(&options.out)?;

    let seconds = start.elapsed().as_secs_f64();
    let path = options.out.display();
    if options.json {
        let result = json!({
            "path": options.out.to_string_lossy(),
            "width": image.width(),
            "height": image.height(),
            "seed": done.seed,
            "model": model.id,
            "steps": done.steps,
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
            done.seed
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
        model: options.model.clone(),
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
    })
}

/// Short enough to be typed again.
fn random_seed() -> u64 {
    // The standard library keys its hash maps with the system's randomness.
    RandomState::new().hash_one(()) & u64::from(u32::MAX)
}

/// What a finished job told.
struct Painted {
    image: ImageId,
    seed: u64,
    steps: usize,
}

fn paint(
    model: &Model,
    request: &Request,
    progress: &mut Progress,
) -> Result<(Painted, Engine), Failure> {
    let engine = Engine::start()?;
    let (sender, events) = mpsc::channel();
    let stopper = engine.clone();
    let stopped = on_interrupt(move || stopper.cancel_all())?;
    engine.submit(model.clone(), request.clone(), move |event| {
        // The receiver lives until the last event.
        let _ = sender.send(event);
    });
    // Ctrl+C between listening for it and the job found nothing to cancel.
    if stopped.load(Ordering::Relaxed) {
        engine.cancel_all();
    }

    let mut steps = 0;
    let mut result = None;
    for event in events {
        progress.show(&event);
        match event {
            JobEvent::Started { steps: count } => steps = count,
            JobEvent::Image { image, seed } => result = Some((image.id, seed)),
            JobEvent::Finished => break,
            JobEvent::Cancelled => return Err(Error::Cancelled.into()),
            JobEvent::Failed(error) => return Err(error.into()),
            JobEvent::Stage(_) | JobEvent::Step { .. } => {}
        }
    }
    // Ctrl+C after the last step: the picture is there, but nobody wants it.
    if stopped.load(Ordering::Relaxed) {
        return Err(Error::Cancelled.into());
    }
    let (image, seed) =
        result.ok_or_else(|| Error::Panicked("the engine ended without a picture".into()))?;
    Ok((Painted { image, seed, steps }, engine))
}
