//! FLUX.1 schnell and dev: prompt to a picture.
//!
//! As diffusers' `FluxPipeline` 0.42.

mod components;
mod sampler;

use candle_core::{Device, Tensor};
use models::flux1::latents;
use nn::Probe;

use self::{components::Conditioning, sampler::Flux1Sampler};
use super::{Monitor, Start};
use crate::{
    Error, JobEvent, Model, Request, Result, Size, Stage, denoise, noise::Noise, preprocess,
    scheduler::Schedule,
};

pub use components::Flux1;
pub(crate) use components::outline;

/// Everything that decides a picture, but for the model. Prompts of one batch share the rest.
pub struct Flux1Job<'a> {
    /// What to paint, one picture each.
    pub prompts: &'a [&'a str],
    /// Pixels.
    pub size: Size,
    /// Steps of the whole schedule.
    pub steps: usize,
    /// How closely to follow the prompt; an input of dev, which schnell does not have.
    pub guidance: f64,
    /// Tokens that prompts are padded or cut to.
    pub max_sequence_length: usize,
    /// What the picture starts from.
    pub start: Start,
    /// Whether steps show where the picture is heading.
    pub previews: bool,
}

impl<'a> Flux1Job<'a> {
    /// What a request asks of a model.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] if it asks for what FLUX.1 cannot do.
    pub(crate) fn of(
        model: &Model,
        request: &Request,
        prompts: &'a [&'a str],
        start: Start,
    ) -> Result<Self> {
        let refused = |what: &str| {
            Err(Error::InvalidRequest(format!(
                "`{}` is a FLUX.1 model, which {what}; FLUX.2-klein does",
                model.name
            )))
        };
        if request.inpaint.is_some() {
            return refused("does not repaint or extend pictures");
        }
        if !request.references.is_empty() {
            return refused("takes no reference pictures");
        }
        if !model.distilled && !request.negative.trim().is_empty() {
            return Err(Error::InvalidRequest(format!(
                "`{}` is a FLUX.1 model, which reads no negative prompt: say in the prompt what is to be there instead",
                model.name
            )));
        }
        if request.step_cache.is_some() {
            return refused("takes nothing from the step before");
        }
        let defaults = &model.defaults;
        let given = match &start {
            Start::Noise(given) | Start::Latents(given) => match given.dims() {
                [_, _, h, w] => Some((*w as u32 * 8, *h as u32 * 8)),
                _ => None,
            },
            Start::Seed(_) => None,
        };
        let (width, height) = given.unwrap_or((defaults.width, defaults.height));
        Ok(Self {
            prompts,
            size: Size::new(request.width.unwrap_or(width), request.height.unwrap_or(height))?,
            steps: request.steps.unwrap_or(defaults.steps),
            guidance: request.guidance.unwrap_or(defaults.guidance),
            max_sequence_length: request
                .max_sequence_length
                .unwrap_or(defaults.max_sequence_length),
            start,
            previews: request.previews,
        })
    }
}

impl Flux1 {
    /// Makes the pictures of a job: values from 0 to 1, `[b, 3, h, w]` in f32.
    ///
    /// # Errors
    /// Whatever stops it; [`Error::Cancelled`] when asked to.
    pub fn generate(
        &mut self,
        job: &Flux1Job<'_>,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        monitor.check()?;
        let (h, w) = (job.size.height() as usize / 16, job.size.width() as usize / 16);
        let schedule = Schedule::flux1(self.scheduler(), h * w, job.steps);
        let noise = self.start(job, (h, w))?;

        monitor.tell(JobEvent::Started { steps: schedule.steps() });
        let conditioning = self.encode_prompts(job, monitor, probe)?;
        monitor.check()?;
        self.load_picture_parts(monitor)?;
        monitor.check()?;

        monitor.tell(JobEvent::Stage(Stage::Denoise));
        let failed = Error::compute("denoise");
        let start = latents::patchify(&noise)
            .and_then(|patches| latents::pack(&patches)?.to_dtype(self.dtype()))
            .map_err(&failed)?;
        let mut sampler = Flux1Sampler::new(self, (h, w), conditioning, job).map_err(&failed)?;
        let tokens = denoise::denoise(start, &schedule, &mut sampler, monitor, probe)?;

        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Decode));
        let pixels = self.decode(&tokens, (h, w)).map_err(Error::compute("decode"))?;
        denoise::check_numbers(&pixels, "autoencoder")?;
        preprocess::to_unit(&pixels).map_err(Error::compute("decode"))
    }

    fn encode_prompts(
        &mut self,
        job: &Flux1Job<'_>,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Conditioning> {
        let length = job.max_sequence_length;
        let known = self.readings().recall(job.prompts, length).cloned();
        if known.is_none() {
            self.load_text_encoders(monitor)?;
            monitor.check()?;
        }
        monitor.tell(JobEvent::Stage(Stage::Encode));
        let conditioning = match known {
            Some(known) => known,
            None => self.encode(job.prompts, length, probe)?,
        };
        self.readings().remember(job.prompts, length, conditioning.clone());
        self.release_text_encoders();
        Ok(conditioning)
    }

    /// Noise or given latents, `[b, latent_channels, 2 h, 2 w]` in f32.
    fn start(&self, job: &Flux1Job<'_>, (h, w): (usize, usize)) -> Result<Tensor> {
        let shape = [job.prompts.len(), self.latent_channels(), 2 * h, 2 * w];
        let noise = match &job.start {
            Start::Seed(seed) => {
                let count = shape.iter().product();
                Tensor::from_vec(Noise::new(*seed).normal(count), &shape[..], &Device::Cpu)
                    .map_err(Error::compute("encode"))?
            }
            Start::Noise(given) | Start::Latents(given) if given.dims() == shape => {
                denoise::check_numbers(given, "file of initial latents")?;
                given.clone()
            }
            Start::Noise(given) | Start::Latents(given) => {
                return Err(Error::InvalidRequest(format!(
                    "the initial latents have the shape {:?}, this picture needs {shape:?}",
                    given.dims()
                )));
            }
        };
        noise.to_device(self.device()).map_err(Error::compute("encode"))
    }
}
