//! `asset-editor generate`: arguments to a request, events to lines, the picture to a file.

use std::{
    ffi::OsStr,
    iter,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use engine::{
    Catalog, DEFAULT_SEAM, Draft, Error, Family, Image, Inpaint, JobEvent, Reference, Request,
};
use serde_json::{Value, json};

use crate::{
    arguments::Generate,
    failure::Failure,
    job::{self, random_seed},
    progress::Progress,
    say,
};

/// What the reference repaints with when it is not told.
const DEFAULT_STRENGTH: f64 = 0.8;
/// More than anybody looks through.
const MAX_VARIATIONS: u32 = 100;

pub(crate) fn run(options: &Generate) -> Result<(), Failure> {
    let start = Instant::now();
    let outs = outs(&options.out, options.variations)?;
    outs.iter().try_for_each(|out| check_out(out))?;
    let draft = draft(options)?;
    let requests = (0..)
        .zip(&outs)
        .map(|(index, _)| {
            Request::new(Draft { seed: draft.seed.wrapping_add(index), ..draft.clone() })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let model =
        Catalog::load(&locations::roots())?.choose(Family::Flux2Klein, &options.parts.choice())?;

    let mut progress = Progress::new();
    if model.is_starter && options.parts.model.is_none() {
        progress.remark("Starter model: small, for trying out");
    }
    let (mut steps, mut reused, mut made) = (0, 0, Vec::new());
    let tasks = requests.into_iter().map(Into::into);
    let engine =
        job::run(
            &model,
            tasks,
            options.parts.memory.budgets(),
            &mut progress,
            |event| match event {
                JobEvent::Started { steps: count } => steps = count,
                JobEvent::Took(took) => reused += took.reused_steps,
                JobEvent::Image { image, seed } => made.push((image, seed)),
                _ => {}
            },
        )?;
    if made.len() != outs.len() {
        return Err(Error::Panicked("the engine ended without a picture".into()).into());
    }
    for (out, (info, _)) in outs.iter().zip(&made) {
        engine.images().get(info.id).ok_or(Error::Cancelled)?.save_png(out)?;
    }

    let seconds = start.elapsed().as_secs_f64();
    let pictures = outs.iter().zip(&made);
    if options.json {
        let mut pictures: Vec<Value> = pictures
            .map(|(out, (info, seed))| {
                json!({
                    "path": out.to_string_lossy(),
                    "width": info.width,
                    "height": info.height,
                    "seed": seed,
                })
            })
            .collect();
        let mut result = json!({
            "model": model.id,
            "steps": steps,
            "guidance": draft.guidance.unwrap_or(model.defaults.guidance),
            "seconds": (seconds * 1000.0).round() / 1000.0,
            "starter": model.is_starter,
        });
        if draft.step_cache.is_some() {
            result["reused_steps"] = json!(reused);
        }
        // A single picture lies in the object itself.
        match (result.as_object_mut(), pictures.as_mut_slice()) {
            (Some(result), [Value::Object(picture)]) => result.append(picture),
            (Some(result), _) => drop(result.insert("pictures".into(), pictures.into())),
            (None, _) => {}
        }
        say(&format!("{result}\n"));
    } else {
        for (out, (info, seed)) in pictures {
            say(&format!(
                "{}: {} × {}, model {}, seed {seed}, {seconds:.1} s\n",
                out.display(),
                info.width,
                info.height,
                model.id,
            ));
        }
    }
    Ok(())
}

/// One name for each variation: `a.png`, or `a-1.png`, `a-2.png`, …
fn outs(out: &Path, variations: u32) -> Result<Vec<PathBuf>, Failure> {
    if !(1..=MAX_VARIATIONS).contains(&variations) {
        return Err(Error::InvalidRequest(format!(
            "{variations} variations are out of range: 1 to {MAX_VARIATIONS}"
        ))
        .into());
    }
    if variations == 1 {
        return Ok(vec![out.to_owned()]);
    }
    let name = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (name(out.file_stem()), name(out.extension()));
    let numbered = |number| out.with_file_name(format!("{stem}-{number}.{extension}"));
    Ok((1..=variations).map(numbered).collect())
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
    let inpaint = match (&options.init, &options.mask, options.extend) {
        (Some(init), Some(mask), _) => Some(Inpaint {
            init: open(init)?,
            mask: open(mask)?,
            strength: DEFAULT_STRENGTH,
            seam: DEFAULT_SEAM,
        }),
        (Some(init), None, Some(margins)) => Some(Inpaint::extending(&*open(init)?, margins)?),
        _ => None,
    };
    let inpaint = inpaint.map(|inpaint| Inpaint {
        strength: options.strength.unwrap_or(inpaint.strength),
        seam: options.seam.unwrap_or(inpaint.seam),
        ..inpaint
    });
    let (pictures, influences) = (options.references.len(), options.influences.len());
    if influences != 0 && influences != pictures {
        return Err(Error::InvalidRequest(format!(
            "{pictures} --ref and {influences} --ref-influence: give one for each picture, in the same order"
        ))
        .into());
    }
    let influences = options.influences.iter().copied().chain(iter::repeat(1.0));
    let references = options
        .references
        .iter()
        .zip(influences)
        .map(|(path, influence)| Ok(Reference { image: open(path)?, influence }))
        .collect::<Result<Vec<_>, Error>>()?;
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
        step_cache: options.step_cache,
    })
}
