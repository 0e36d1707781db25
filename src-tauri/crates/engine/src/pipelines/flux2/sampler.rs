//! One step of FLUX.2-klein: guidance, references, repainting.

use candle_core::{Result, Tensor};
use models::flux2::{Inputs, ReferenceCache, StepCache, latents};
use nn::{Probe, Unwatched, rotary::Table};

use super::{Conditioning, Klein, ReferenceTokens, Repaint, mix};
use crate::{
    ImageInfo,
    denoise::Sampler,
    pipelines::{Monitor, preview},
    scheduler::Schedule,
};

pub(super) struct KleinSampler<'a> {
    klein: &'a Klein,
    grid: (usize, usize),
    guidance: Option<f64>,
    conditioning: Option<Conditioning>,
    references: Option<ReferenceTokens>,
    repaint: Option<Repaint>,
    previews: bool,
    ropes: Option<Ropes>,
    /// Of the guided and of the unguided pass.
    caches: [Option<ReferenceCache>; 2],
    /// Of both passes, where steps may take from the one before.
    steps: [Option<StepCache>; 2],
}

/// Positions of whole sequences, text first.
struct Ropes {
    /// `[text | image | references]`.
    joint: Table,
    /// `[text | references | image]`.
    extract: Table,
    /// `[text | image]`.
    plain: Table,
}

impl<'a> KleinSampler<'a> {
    pub(super) fn new(klein: &'a Klein, grid: (usize, usize), guidance: Option<f64>) -> Self {
        Self {
            klein,
            grid,
            guidance,
            conditioning: None,
            references: None,
            repaint: None,
            previews: false,
            ropes: None,
            caches: [None, None],
            steps: [None, None],
        }
    }

    pub(super) fn with_conditioning(self, conditioning: Conditioning) -> Self {
        Self { conditioning: Some(conditioning), ..self }
    }

    pub(super) fn with_references(self, references: Option<ReferenceTokens>) -> Self {
        Self { references, ..self }
    }

    pub(super) fn with_repaint(self, repaint: Option<Repaint>) -> Self {
        Self { repaint, ..self }
    }

    pub(super) fn with_previews(self, previews: bool) -> Self {
        Self { previews, ..self }
    }

    /// See [`StepCache::new`].
    pub(super) fn with_step_cache(self, threshold: Option<f64>) -> Self {
        let cache = || threshold.map(StepCache::new);
        Self { steps: [cache(), cache()], ..self }
    }

    pub(super) fn prepare(mut self) -> Result<Self> {
        let transformer = self.klein.transformer()?;
        let length = match &self.conditioning {
            Some(conditioning) => conditioning.positive.dim(1)?,
            None => 0,
        };
        let text = transformer.rope(&latents::text_positions(length))?;
        let image = transformer.rope(&latents::image_positions(self.grid.0, self.grid.1))?;
        let plain = Table::concatenate(&[&text, &image])?;
        self.ropes = Some(match &self.references {
            Some(references) => {
                let references = transformer.rope(&references.positions)?;
                Ropes {
                    joint: Table::concatenate(&[&text, &image, &references])?,
                    extract: Table::concatenate(&[&text, &references, &image])?,
                    plain,
                }
            }
            None => Ropes { joint: plain.clone(), extract: plain.clone(), plain },
        });
        Ok(self)
    }

    /// Velocity of the image tokens under one conditioning; `pass` is 0 for the prompt, 1 for its negative.
    fn pass(
        &mut self,
        pass: usize,
        latents: &Tensor,
        timestep: &Tensor,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let transformer = self.klein.transformer()?;
        let (Some(ropes), Some(conditioning)) = (&self.ropes, &self.conditioning) else {
            candle_core::bail!("the sampler is not prepared");
        };
        let text = match (&conditioning.negative, pass) {
            (Some(negative), 1) => negative,
            _ => &conditioning.positive,
        };
        let inputs = |hidden_states, rope| Inputs {
            hidden_states,
            encoder_hidden_states: text,
            timestep,
            rope,
            references: self.references.as_ref().map_or(&[], |references| &references.runs),
        };
        let batch = latents.dim(0)?;
        let reuse = self.steps[pass].as_mut();
        let (velocity, cache) = match (&self.references, &self.caches[pass]) {
            (Some(_), Some(cache)) if self.klein.keeps_references() => {
                let inputs = inputs(latents, &ropes.plain);
                (transformer.forward_cached(&inputs, cache, reuse, &mut Unwatched)?, None)
            }
            (Some(references), None) if self.klein.keeps_references() => {
                let tokens = with_batch(&references.tokens, batch)?.to_dtype(latents.dtype())?;
                let count = tokens.dim(1)?;
                let hidden_states = Tensor::cat(&[&tokens, latents], 1)?;
                probe.see("call.hidden_states", &hidden_states)?;
                let inputs = inputs(&hidden_states, &ropes.extract);
                let (velocity, cache) =
                    transformer.forward_extract(&inputs, count, reuse, &mut Unwatched)?;
                (velocity, Some(cache))
            }
            (Some(references), _) => {
                let tokens = with_batch(&references.tokens, batch)?.to_dtype(latents.dtype())?;
                let hidden_states = Tensor::cat(&[latents, &tokens], 1)?;
                probe.see("call.hidden_states", &hidden_states)?;
                let inputs = inputs(&hidden_states, &ropes.joint);
                (transformer.forward_reusing(&inputs, reuse, &mut Unwatched)?, None)
            }
            (None, _) => {
                probe.see("call.hidden_states", latents)?;
                let inputs = inputs(latents, &ropes.plain);
                (transformer.forward_reusing(&inputs, reuse, &mut Unwatched)?, None)
            }
        };
        if cache.is_some() {
            self.caches[pass] = cache;
        }
        probe.see("call.timestep", timestep)?;
        probe.see("call.output", &velocity)?;
        velocity.narrow(1, 0, latents.dim(1)?)
    }
}

impl Sampler for KleinSampler<'_> {
    fn velocity(
        &mut self,
        schedule: &Schedule,
        step: usize,
        latents: &Tensor,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let timestep =
            Tensor::full(schedule.timestep(step) / 1000.0, latents.dim(0)?, latents.device())?;
        let velocity = self.pass(0, latents, &timestep, probe)?;
        let Some(guidance) = self.guidance else { return Ok(velocity) };
        let unguided = self.pass(1, latents, &timestep, probe)?;
        &unguided + ((velocity - &unguided)? * guidance)?
    }

    fn was_reused(&self) -> bool {
        let passes = if self.guidance.is_some() { 2 } else { 1 };
        self.steps
            .iter()
            .take(passes)
            .all(|cache| cache.as_ref().is_some_and(StepCache::was_reused))
    }

    fn constrain(&self, latents: Tensor, sigma: f32) -> Result<Tensor> {
        let Some(Repaint { clean, noise, mask }) = &self.repaint else { return Ok(latents) };
        let kept = mix(noise, clean, sigma)?;
        kept.broadcast_mul(&(1.0 - mask)?)? + latents.broadcast_mul(mask)?
    }

    fn previews(&self, clean: &Tensor, monitor: &mut Monitor<'_>) -> Vec<ImageInfo> {
        if !self.previews {
            return Vec::new();
        }
        // What stays is known; nobody wants to see the model's guess of it.
        let clean = self.constrain(clean.clone(), 0.0);
        let clean = clean.and_then(|clean| clean.to_dtype(self.klein.dtype()));
        let decode = |tokens: &Tensor, grid| self.klein.decode(tokens, grid);
        clean.map_or_else(|_| Vec::new(), |clean| preview::show(&clean, self.grid, decode, monitor))
    }
}

fn with_batch(tokens: &Tensor, batch: usize) -> Result<Tensor> {
    if batch == 1 { Ok(tokens.clone()) } else { tokens.repeat((batch, 1, 1)) }
}
