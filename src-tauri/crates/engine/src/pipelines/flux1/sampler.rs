//! One step of FLUX.1.

use candle_core::{Result, Tensor};
use models::flux1::{Inputs, latents};
use nn::{Probe, Unwatched, rotary::Table};

use super::{Conditioning, Flux1, Flux1Job};
use crate::{
    ImageInfo,
    denoise::Sampler,
    pipelines::{Monitor, preview},
    scheduler::Schedule,
};

pub(super) struct Flux1Sampler<'a> {
    model: &'a Flux1,
    grid: (usize, usize),
    conditioning: Conditioning,
    rope: Table,
    guidance: f32,
    previews: bool,
}

impl<'a> Flux1Sampler<'a> {
    pub(super) fn new(
        model: &'a Flux1,
        grid: (usize, usize),
        conditioning: Conditioning,
        job: &Flux1Job<'_>,
    ) -> Result<Self> {
        let length = conditioning.words.dim(1)?;
        let rope = model.transformer()?.rope(&latents::positions(length, grid.0, grid.1))?;
        let guidance = job.guidance as f32;
        Ok(Self { model, grid, conditioning, rope, guidance, previews: job.previews })
    }
}

impl Sampler for Flux1Sampler<'_> {
    fn velocity(
        &mut self,
        schedule: &Schedule,
        step: usize,
        latents: &Tensor,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let number = |value: f32| Tensor::full(value, latents.dim(0)?, latents.device());
        let timestep = number(schedule.timestep(step) / 1000.0)?;
        probe.see("call.hidden_states", latents)?;
        probe.see("call.timestep", &timestep)?;
        let inputs = Inputs {
            hidden_states: latents,
            encoder_hidden_states: &self.conditioning.words,
            pooled: &self.conditioning.whole,
            timestep: &timestep,
            guidance: &number(self.guidance)?,
            rope: &self.rope,
        };
        let velocity = self.model.transformer()?.forward(&inputs, &mut Unwatched)?;
        probe.see("call.output", &velocity)?;
        Ok(velocity)
    }

    fn previews(&self, clean: &Tensor, monitor: &mut Monitor<'_>) -> Vec<ImageInfo> {
        if !self.previews {
            return Vec::new();
        }
        preview::show(clean, self.grid, |tokens, grid| self.model.decode(tokens, grid), monitor)
    }
}
