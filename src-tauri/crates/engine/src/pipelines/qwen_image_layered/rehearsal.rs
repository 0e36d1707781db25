//! One transformer step on noise, for measuring.

use candle_core::{DType, Device, Result, Tensor};
use models::qwen_image_layered::{Inputs, latents::Grid};
use nn::{Unwatched, rotary::Table};

use super::Layered;
use crate::{
    noise::Noise,
    pipelines::rehearsal::{StepSizes, noise},
};

impl Layered {
    /// The velocity of one step, always the same one; the transformer is loaded.
    pub(in crate::pipelines) fn rehearse(&self, sizes: StepSizes) -> Result<Tensor> {
        let (height, width) = sizes.grid();
        let transformer = self.transformer()?;
        let config = transformer.config();
        // The whole picture is painted with its layers, and stands beside them.
        let painted = Grid { frames: sizes.layers + 1, height, width };
        let tokens = painted.tokens() + painted.frame_tokens();
        let mut source = Noise::new(0);
        let hidden_states = noise(&mut source, (1, tokens, config.in_channels))?;
        let text = noise(&mut source, (1, sizes.text_tokens, config.joint_attention_dim))?;
        let words = transformer.text_rope(painted, sizes.text_tokens)?;
        let inputs = Inputs {
            hidden_states: &hidden_states,
            encoder_hidden_states: &text,
            padding: None,
            timestep: &Tensor::full(0.5f32, 1, &Device::Cpu)?,
            additional_t_cond: &Tensor::zeros(1, DType::U32, &Device::Cpu)?,
            rope: &Table::concatenate(&[&words, &transformer.image_rope(painted)?])?,
        };
        transformer.forward(&inputs, &mut Unwatched)
    }
}
