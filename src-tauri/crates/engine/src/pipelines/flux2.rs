//! FLUX.2-klein: prompt and references to a picture.
//!
//! As diffusers' `Flux2KleinPipeline`, `Flux2KleinInpaintPipeline` and `Flux2KleinKVPipeline` 0.42.

mod components;
mod rehearsal;
mod sampler;

use candle_core::{DType, Device, IndexOp, Tensor};
use models::flux2::{ReferenceRun, latents};
use nn::Probe;

use self::{components::Conditioning, sampler::KleinSampler};
use super::{Monitor, Start};
use crate::{
    Error, Image, Inpaint, JobEvent, Reference, Result, Size, Stage, denoise, noise::Noise,
    preprocess, preprocess::Rgb, scheduler::Schedule,
};

pub(crate) use components::outline;
pub use components::{Klein, Variant};

/// Everything that decides a picture, but for the model. Prompts of one batch share the rest.
pub struct Job<'a> {
    /// What to paint, one picture each.
    pub prompts: &'a [&'a str],
    /// What to stay away from, under guidance.
    pub negative: &'a str,
    /// Pixels; each side falls back to the first reference's, then to `default_size`.
    pub size: (Option<u32>, Option<u32>),
    /// When neither request nor references say.
    pub default_size: (u32, u32),
    /// Steps of the whole schedule.
    pub steps: usize,
    /// Classifier-free guidance scale.
    pub guidance: f64,
    /// Tokens that prompts are padded or cut to.
    pub max_sequence_length: usize,
    /// Pictures to edit or to take from, in order.
    pub references: &'a [Reference],
    /// Repaint instead of painting anew.
    pub inpaint: Option<&'a Inpaint>,
    /// What the picture starts from.
    pub start: Start,
    /// Whether steps show where the picture is heading.
    pub previews: bool,
    /// Steps take from the one before what would change by less than about this share; none where
    /// everything is computed.
    pub step_cache: Option<f64>,
}

/// Tokens of reference pictures and where they stand.
struct ReferenceTokens {
    tokens: Tensor, // [1, n, c]
    positions: Vec<latents::Position>,
    runs: Vec<ReferenceRun>,
}

/// The clean picture, its noise and what may change.
struct Repaint {
    clean: Tensor, // packed
    noise: Tensor, // packed
    mask: Tensor,  // [1, n, 1]; 1 is repainted
}

impl Klein {
    /// Makes the pictures of a job: values from 0 to 1, `[b, 3, h, w]` in f32.
    ///
    /// # Errors
    /// Whatever stops it; [`Error::Cancelled`] when asked to.
    pub fn generate(
        &mut self,
        job: &Job<'_>,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        monitor.check()?;
        let references = job
            .references
            .iter()
            .map(|reference| {
                Ok((preprocess::reference(&reference.image)?, reference.influence as f32))
            })
            .collect::<Result<Vec<_>>>()?;
        let init = job.inpaint.map(|inpaint| preprocess::initial(&inpaint.init)).transpose()?;
        let size = job.size(&references, init.as_ref())?;
        let (h, w) = (size.height() as usize / 16, size.width() as usize / 16);
        let schedule = Schedule::new(self.scheduler(), h * w, job.steps);
        let schedule = match job.inpaint {
            Some(inpaint) => schedule.skip(inpaint.strength)?,
            None => schedule,
        };

        monitor.tell(JobEvent::Started { steps: schedule.steps() });
        let guided = !self.is_distilled() && job.guidance > 1.0;
        let conditioning = self.encode_prompts(job, guided, monitor, probe)?;
        monitor.check()?;
        self.load_picture_parts(monitor)?;
        monitor.check()?;

        let failed = Error::compute("encode");
        let noise = self.start(job, (h, w))?;
        if init.is_some() || !references.is_empty() {
            monitor.tell(JobEvent::Stage(Stage::Encode));
        }
        let reference_tokens = self.encode_references(init.as_ref(), &references, probe)?;
        let repaint = match (job.inpaint, &init) {
            (Some(inpaint), Some(init)) => {
                Some(self.prepare_repaint(inpaint, init, &noise, &reference_tokens, probe)?)
            }
            _ => None,
        };
        let start = match (&repaint, &job.start) {
            (Some(repaint), Start::Seed(_) | Start::Noise(_)) => {
                mix(&repaint.noise, &repaint.clean, schedule.sigmas()[0]).map_err(&failed)?
            }
            _ => latents::pack(&noise).map_err(&failed)?,
        };
        let start = start.to_dtype(self.dtype()).map_err(&failed)?;

        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Denoise));
        let mut sampler = KleinSampler::new(self, (h, w), guided.then_some(job.guidance))
            .with_conditioning(conditioning)
            .with_references(reference_tokens)
            .with_repaint(repaint)
            .with_previews(job.previews)
            .with_step_cache(job.step_cache)
            .prepare()
            .map_err(&failed)?;
        let tokens = denoise::denoise(start, &schedule, &mut sampler, monitor, probe)?;

        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Decode));
        let pixels = self.decode(&tokens, (h, w)).map_err(Error::compute("decode"))?;
        denoise::check_numbers(&pixels, "autoencoder")?;
        preprocess::to_unit(&pixels).map_err(Error::compute("decode"))
    }

    fn encode_prompts(
        &mut self,
        job: &Job<'_>,
        guided: bool,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Conditioning> {
        let negatives = vec![job.negative; if guided { job.prompts.len() } else { 0 }];
        let length = job.max_sequence_length;
        let wanted = [job.prompts, negatives.as_slice()];
        let mut wanted = wanted.iter().filter(|prompts| !prompts.is_empty());
        if !wanted.all(|prompts| self.readings().recall(prompts, length).is_some()) {
            self.load_text_encoder(monitor)?;
            monitor.check()?;
        }
        monitor.tell(JobEvent::Stage(Stage::Encode));
        let positive = self.read_prompts(job.prompts, length, probe)?;
        probe.see("prompt_embeds", &positive).map_err(Error::compute("encode"))?;
        let negative = match guided {
            true => Some(self.read_prompts(&negatives, length, probe)?),
            false => None,
        };
        self.release_text_encoder();
        Ok(Conditioning { positive, negative })
    }

    /// Conditioning of prompts, remembered where they were read before.
    fn read_prompts(
        &mut self,
        prompts: &[&str],
        length: usize,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        if let Some(conditioning) = self.readings().recall(prompts, length) {
            return Ok(conditioning.clone());
        }
        let conditioning = self.encode_tokens(&self.tokenize(prompts, length)?, probe)?;
        self.readings().remember(prompts, length, conditioning.clone());
        Ok(conditioning)
    }

    /// Noise or given latents, `[b, c, h, w]` in f32.
    fn start(&self, job: &Job<'_>, (h, w): (usize, usize)) -> Result<Tensor> {
        let shape = (job.prompts.len(), self.latent_channels() * 4, h, w);
        match &job.start {
            Start::Seed(seed) => {
                let count = shape.0 * shape.1 * h * w;
                Tensor::from_vec(Noise::new(*seed).normal(count), shape, &Device::Cpu)
                    .and_then(|noise| noise.to_device(self.device()))
                    .map_err(Error::compute("encode"))
            }
            Start::Noise(given) | Start::Latents(given)
                if given.dims() == [shape.0, shape.1, h, w] =>
            {
                denoise::check_numbers(given, "file of initial latents")?;
                given.to_device(self.device()).map_err(Error::compute("encode"))
            }
            Start::Noise(given) | Start::Latents(given) => Err(Error::InvalidRequest(format!(
                "the initial latents have the shape {:?}, this picture needs {:?}",
                given.dims(),
                [shape.0, shape.1, h, w]
            ))),
        }
    }

    /// Tokens of the picture to repaint, then of the references, at times 10, 20, …
    ///
    /// A reference without influence is left out, and the others stay where they are: the next
    /// one is still the second, and nothing jumps when the last bit of influence is taken away.
    fn encode_references(
        &self,
        init: Option<&Rgb>,
        references: &[(Rgb, f32)],
        probe: &mut dyn Probe,
    ) -> Result<Option<ReferenceTokens>> {
        let failed = Error::compute("encode");
        let (mut tokens, mut positions, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        let references = references.iter().map(|(image, influence)| (image, *influence));
        let pictures = init.map(|init| (init, 1.0)).into_iter().chain(references).enumerate();
        for (index, (image, influence)) in pictures.filter(|(_, (_, influence))| *influence > 0.0) {
            let patches = self.encode_image(image).map_err(&failed)?;
            denoise::check_numbers(&patches, "autoencoder")?;
            let (_, _, h, w) = patches.dims4().map_err(&failed)?;
            tokens.push(latents::pack(&patches).map_err(&failed)?);
            positions.extend(latents::reference_positions(index, h, w));
            runs.push(ReferenceRun { count: h * w, influence });
        }
        if tokens.is_empty() {
            return Ok(None);
        }
        let tokens = Tensor::cat(&tokens, 1).map_err(&failed)?;
        probe.see("ref_latents", &tokens).map_err(&failed)?;
        Ok(Some(ReferenceTokens { tokens, positions, runs }))
    }

    fn prepare_repaint(
        &self,
        inpaint: &Inpaint,
        init: &Rgb,
        noise: &Tensor,
        references: &Option<ReferenceTokens>,
        probe: &mut dyn Probe,
    ) -> Result<Repaint> {
        let failed = Error::compute("encode");
        let (h, w) = (init.height as usize / 16, init.width as usize / 16);
        let Some(references) = references else {
            return Err(Error::Panicked("a picture to repaint was not encoded".into()));
        };
        // The picture itself is always the first reference.
        let clean = references.tokens.narrow(1, 0, h * w).map_err(&failed)?;
        let mask = preprocess::mask(&inpaint.mask, init.width, init.height)?;
        let mask =
            preprocess::shrink_mask(&mask, (init.width as usize, init.height as usize), (w, h));
        let mask = Tensor::from_vec(mask, (1, h * w, 1), self.device()).map_err(&failed)?;
        let repaint = Repaint {
            clean: clean.to_dtype(DType::F32).map_err(&failed)?,
            noise: latents::pack(noise).map_err(&failed)?,
            mask,
        };
        probe.see("image_latents_packed", &repaint.clean).map_err(&failed)?;
        probe.see("mask_packed", &repaint.mask).map_err(&failed)?;
        Ok(repaint)
    }
}

impl Job<'_> {
    fn size(&self, references: &[(Rgb, f32)], init: Option<&Rgb>) -> Result<Size> {
        if let Some(init) = init {
            if self.size.0.is_some_and(|width| width / 16 * 16 != init.width)
                || self.size.1.is_some_and(|height| height / 16 * 16 != init.height)
            {
                return Err(Error::InvalidRequest(format!(
                    "repainting keeps the size of the picture, {} × {}",
                    init.width, init.height
                )));
            }
            return Size::new(init.width, init.height);
        }
        let given = match &self.start {
            Start::Noise(given) | Start::Latents(given) => match given.dims() {
                [_, _, h, w] if references.is_empty() => Some((*w as u32 * 16, *h as u32 * 16)),
                _ => None,
            },
            Start::Seed(_) => None,
        };
        let first = references.first().map(|(image, _)| (image.width, image.height));
        let (width, height) = given.or(first).unwrap_or(self.default_size);
        Size::new(self.size.0.unwrap_or(width), self.size.1.unwrap_or(height))
    }
}

/// The pictures of a batch.
///
/// # Errors
/// If shapes do not fit.
pub fn to_images(unit: &Tensor) -> Result<Vec<Image>> {
    let batch = unit.dim(0).map_err(Error::compute("decode"))?;
    (0..batch)
        .map(|index| preprocess::to_image(&unit.i(index).map_err(Error::compute("decode"))?))
        .collect()
}

/// Clean latents at a noise level: `sigma · noise + (1 − sigma) · clean`, in f32.
fn mix(noise: &Tensor, clean: &Tensor, sigma: f32) -> candle_core::Result<Tensor> {
    let noise = (noise.to_dtype(DType::F32)? * f64::from(sigma))?;
    noise.broadcast_add(&(clean.to_dtype(DType::F32)? * f64::from(1.0 - sigma))?)
}
