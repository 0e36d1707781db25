//! One step of Qwen-Image-Layered: the picture beside its layers, and guidance.

use candle_core::{D, DType, Device, IndexOp, Result as TensorResult, Tensor};
use models::qwen_image_layered::{
    Inputs,
    latents::{self, Grid},
};
use nn::{Probe, Unwatched, rotary::Table};

use super::{Conditioning, Layered, LayersJob};
use crate::{
    Error, ImageInfo, Result, denoise::Sampler, pipelines::Monitor, preprocess, scheduler::Schedule,
};

/// A preview has at most this many latent positions a side.
const PREVIEW_SIDE: usize = 16;

pub(super) struct LayersSampler<'a> {
    layered: &'a Layered,
    grid: Grid,
    picture: Tensor, // [1, tokens of a frame, channels]
    positive: Pass,
    negative: Option<Pass>,
    guidance: f64,
    normalizes: bool,
    previews: bool,
}

/// One conditioning and the positions that go with it.
struct Pass {
    text: Tensor,
    rope: Table,
}

impl<'a> LayersSampler<'a> {
    pub(super) fn new(
        layered: &'a Layered,
        grid: Grid,
        picture: Tensor,
        conditioning: Conditioning,
        job: &LayersJob<'_>,
    ) -> Result<Self> {
        let pass = |text: Tensor| {
            let transformer = layered.transformer()?;
            let words = transformer.text_rope(grid, text.dim(1)?)?;
            let rope = Table::concatenate(&[&words, &transformer.image_rope(grid)?])?;
            Ok(Pass { text, rope })
        };
        let failed = Error::compute("denoise");
        Ok(Self {
            layered,
            grid,
            picture: picture.to_dtype(layered.dtype()).map_err(&failed)?,
            positive: pass(conditioning.positive).map_err(&failed)?,
            negative: conditioning.negative.map(pass).transpose().map_err(failed)?,
            guidance: job.guidance,
            normalizes: job.normalizes_guidance,
            previews: job.previews,
        })
    }

    fn pass(
        &self,
        pass: &Pass,
        latents: &Tensor,
        timestep: &Tensor,
        probe: &mut dyn Probe,
    ) -> TensorResult<Tensor> {
        let flag = Tensor::zeros(1, DType::U32, latents.device())?;
        let velocity = self.layered.transformer()?.forward(
            &Inputs {
                hidden_states: &Tensor::cat(&[latents, &self.picture], 1)?,
                encoder_hidden_states: &pass.text,
                padding: None,
                timestep,
                additional_t_cond: &flag,
                rope: &pass.rope,
            },
            &mut Unwatched,
        )?;
        probe.see("call.timestep", timestep)?;
        probe.see("call.output", &velocity)?;
        velocity.narrow(1, 0, self.grid.tokens())
    }
}

impl Sampler for LayersSampler<'_> {
    fn velocity(
        &mut self,
        schedule: &Schedule,
        step: usize,
        latents: &Tensor,
        probe: &mut dyn Probe,
    ) -> TensorResult<Tensor> {
        let timestep = Tensor::full(schedule.timestep(step) / 1000.0, 1, latents.device())?;
        let velocity = self.pass(&self.positive, latents, &timestep, probe)?;
        let Some(negative) = &self.negative else { return Ok(velocity) };
        let unguided = self.pass(negative, latents, &timestep, probe)?;
        let guided = (&unguided + ((&velocity - &unguided)? * self.guidance)?)?;
        if !self.normalizes {
            return Ok(guided);
        }
        let length = |x: &Tensor| x.sqr()?.sum_keepdim(D::Minus1)?.sqrt();
        guided.broadcast_mul(&(length(&velocity)? / length(&guided)?)?)
    }

    fn previews(&self, clean: &Tensor, monitor: &mut Monitor<'_>) -> Vec<ImageInfo> {
        if !self.previews {
            return Vec::new();
        }
        let Grid { height, width, .. } = self.grid;
        let decode = || {
            let frames = latents::unpack(&clean.to_dtype(DType::F32)?, self.grid)?;
            let layers = frames.narrow(0, 1, self.grid.frames - 1)?;
            // The whole at a size that costs little; latents stand averaging well.
            let (h, w) = (2 * height, 2 * width);
            let factor = h.max(w).div_ceil(PREVIEW_SIDE);
            let (rows, columns) = (h / factor * factor, w / factor * factor);
            if rows == 0 || columns == 0 {
                candle_core::bail!("the picture is too long for a preview");
            }
            let layers = layers.i((.., .., ..rows, ..columns))?.contiguous()?;
            let small = if factor > 1 { layers.avg_pool2d(factor)? } else { layers };
            preprocess::to_unit(&self.layered.decode(&small)?.to_device(&Device::Cpu)?)
        };
        // Previews that fail are not worth failing the layers for.
        let Ok(unit): TensorResult<Tensor> = decode() else { return Vec::new() };
        (0..self.grid.frames - 1)
            .filter_map(|index| preprocess::to_image(&unit.i(index).ok()?).ok())
            .map(|image| monitor.images.insert(image))
            .collect()
    }
}
