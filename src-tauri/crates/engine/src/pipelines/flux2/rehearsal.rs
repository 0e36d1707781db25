//! One transformer step on noise, for measuring.

use candle_core::{Device, Result, Tensor};
use models::flux2::{Inputs, latents};
use nn::Unwatched;

use super::Klein;
use crate::{
    noise::Noise,
    pipelines::rehearsal::{StepSizes, noise},
};

impl Klein {
    /// The velocity of one step, always the same one; the transformer is loaded.
    pub(in crate::pipelines) fn rehearse(&self, sizes: StepSizes) -> Result<Tensor> {
        let (h, w) = sizes.grid();
        let transformer = self.transformer()?;
        let config = transformer.config();
        let mut source = Noise::new(0);
        let hidden_states = noise(&mut source, (1, h * w, config.in_channels))?;
        let text = noise(&mut source, (1, sizes.text_tokens, config.joint_attention_dim))?;
        let positions =
            [latents::text_positions(sizes.text_tokens), latents::image_positions(h, w)].concat();
        let inputs = Inputs {
            hidden_states: &hidden_states,
            encoder_hidden_states: &text,
            timestep: &Tensor::full(0.5f32, 1, &Device::Cpu)?,
            rope: &transformer.rope(&positions)?,
            references: &[],
        };
        transformer.forward(&inputs, &mut Unwatched)
    }
}
