//! Qwen-Image-Layered: a picture to its layers.
//!
//! As diffusers' `QwenImageLayeredPipeline` 0.42.

mod caption;
mod components;
mod rehearsal;
mod sampler;

use candle_core::{Device, IndexOp, Tensor};
use models::qwen_image_layered::latents::{self, Grid};
use nn::Probe;

use self::{components::Conditioning, sampler::LayersSampler};
use super::{Monitor, Start};
use crate::{
    Error, Image, JobEvent, Result, Stage, denoise, noise::Noise, preprocess, scheduler::Schedule,
};

pub use caption::CaptionLanguage;
pub use components::Layered;
pub(crate) use components::outline;

/// Everything that decides the layers of a picture, but for the model.
pub struct LayersJob<'a> {
    /// The picture.
    pub image: &'a Image,
    /// What is in it; where that is empty, the model looks.
    pub prompt: &'a str,
    /// What to stay away from, under guidance; none means no guidance.
    pub negative: Option<&'a str>,
    /// In which language the model is asked what it sees.
    pub caption_language: CaptionLanguage,
    /// Layers to make.
    pub layers: usize,
    /// Steps of the sampling loop.
    pub steps: usize,
    /// Classifier-free guidance scale.
    pub guidance: f64,
    /// Whether guided velocities keep the length of those of the prompt.
    pub normalizes_guidance: bool,
    /// The picture is taken apart at about this side squared, in pixels.
    pub side: u32,
    /// Conditioning tokens that are read at most.
    pub max_sequence_length: usize,
    /// What the layers start from.
    pub start: Start,
    /// Whether steps show where the layers are heading.
    pub previews: bool,
}

/// What a job gives.
#[derive(Debug)]
pub struct UnitLayers {
    /// From the bottom, straight alpha: values from 0 to 1, `[layers, 4, h, w]` in f32 on the CPU.
    pub unit: Tensor,
    /// What the layers were conditioned on: the prompt or the caption.
    pub prompt: String,
}

impl Layered {
    /// Takes a picture apart.
    ///
    /// # Errors
    /// Whatever stops it; [`Error::Cancelled`] when asked to.
    pub fn decompose(
        &mut self,
        job: &LayersJob<'_>,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<UnitLayers> {
        monitor.check()?;
        let image = preprocess::bucket(job.image, job.side)?;
        let (h, w) = (image.height() as usize / 16, image.width() as usize / 16);
        let grid = Grid { frames: job.layers + 1, height: h, width: w };
        let schedule = Schedule::layered(self.scheduler(), grid.frame_tokens(), job.steps);
        monitor.tell(JobEvent::Started { steps: schedule.steps() });

        let prompt = self.prompt(job, &image, monitor)?;
        let conditioning = self.condition(job, &prompt, monitor, probe)?;
        self.release_text_encoder();
        monitor.check()?;
        self.load_picture_parts(monitor)?;
        monitor.check()?;

        let failed = Error::compute("encode");
        monitor.tell(JobEvent::Stage(Stage::Encode));
        let picture = self.encode_image(&image).map_err(&failed)?;
        denoise::check_numbers(&picture, "autoencoder")?;
        probe.see("picture_latents", &picture).map_err(&failed)?;
        let picture = latents::pack(&picture).map_err(&failed)?;
        let start = self.start(job, grid)?.to_dtype(self.dtype()).map_err(&failed)?;

        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Denoise));
        let mut sampler = LayersSampler::new(self, grid, picture, conditioning, job)?;
        let tokens = denoise::denoise(start, &schedule, &mut sampler, monitor, probe)?;

        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Decode));
        Ok(UnitLayers { unit: self.decode_layers(&tokens, grid, monitor)?, prompt })
    }

    /// What was asked for, or what the model sees.
    fn prompt(
        &mut self,
        job: &LayersJob<'_>,
        image: &Image,
        monitor: &mut Monitor<'_>,
    ) -> Result<String> {
        if !job.prompt.trim().is_empty() {
            self.load_text_encoder(false, monitor)?;
            return Ok(job.prompt.to_owned());
        }
        self.load_text_encoder(true, monitor)?;
        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Caption));
        let caption = self.caption(image, job.caption_language, monitor)?;
        monitor.tell(JobEvent::Caption(caption.clone()));
        Ok(caption)
    }

    fn condition(
        &self,
        job: &LayersJob<'_>,
        prompt: &str,
        monitor: &mut Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Conditioning> {
        monitor.check()?;
        monitor.tell(JobEvent::Stage(Stage::Encode));
        let positive = self.encode_prompt(prompt, job.max_sequence_length)?;
        probe.see("prompt_embeds", &positive).map_err(Error::compute("encode"))?;
        let negative = match job.negative {
            Some(negative) if job.guidance > 1.0 => {
                Some(self.encode_prompt(negative, job.max_sequence_length)?)
            }
            _ => None,
        };
        Ok(Conditioning { positive, negative })
    }

    /// Noise or given latents, packed: `[1, tokens, channels]` in f32.
    fn start(&self, job: &LayersJob<'_>, grid: Grid) -> Result<Tensor> {
        let failed = Error::compute("encode");
        let channels = self.latent_channels();
        match &job.start {
            Start::Seed(seed) => {
                let shape = (grid.frames, channels, 2 * grid.height, 2 * grid.width);
                let count = grid.tokens() * 4 * channels;
                Tensor::from_vec(Noise::new(*seed).normal(count), shape, &Device::Cpu)
                    .and_then(|noise| latents::pack(&noise))
                    .and_then(|noise| noise.to_device(self.device()))
                    .map_err(failed)
            }
            Start::Noise(given) | Start::Latents(given) => {
                let shape = [1, grid.tokens(), 4 * channels];
                if given.dims() != shape {
                    return Err(Error::InvalidRequest(format!(
                        "the initial latents have the shape {:?}, these layers need {shape:?}",
                        given.dims()
                    )));
                }
                denoise::check_numbers(given, "file of initial latents")?;
                given.to_device(self.device()).map_err(failed)
            }
        }
    }

    /// Layer by layer, since pixels take more memory than latents; the first frame, the whole
    /// picture, is left out.
    fn decode_layers(&self, tokens: &Tensor, grid: Grid, monitor: &Monitor<'_>) -> Result<Tensor> {
        let failed = Error::compute("decode");
        let frames = latents::unpack(tokens, grid).map_err(&failed)?;
        let mut layers = Vec::with_capacity(grid.frames - 1);
        for frame in 1..grid.frames {
            monitor.check()?;
            let pixels = frames
                .narrow(0, frame, 1)
                .and_then(|frame| self.decode(&frame.contiguous()?))
                .map_err(&failed)?;
            denoise::check_numbers(&pixels, "autoencoder")?;
            layers.push(preprocess::to_unit(&pixels).map_err(&failed)?);
        }
        Tensor::cat(&layers, 0).map_err(failed)
    }
}

/// The layers as pictures, from the bottom.
///
/// # Errors
/// If shapes do not fit.
pub fn to_images(layers: &UnitLayers) -> Result<Vec<Image>> {
    let count = layers.unit.dim(0).map_err(Error::compute("decode"))?;
    (0..count)
        .map(|index| preprocess::to_image(&layers.unit.i(index).map_err(Error::compute("decode"))?))
        .collect()
}
