//! The network: one forward pass predicts the velocity of every image token.
//!
//! Method: Black Forest Labs' FLUX.1; tensor names and order of operations as in diffusers'
//! `FluxTransformer2DModel` 0.42.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{LayerNorm, Linear, Params, Probe, rotary::Table, silu};

use super::{
    Config,
    block::{DoubleBlock, EPS, SingleBlock},
    latents::Position,
};
use crate::timestep::sinusoid;

/// Channels of a number's sinusoid.
const NUMBER_CHANNELS: usize = 256;
/// Base of the rotary frequencies.
const ROPE_THETA: f64 = 10_000.0;

/// What one forward pass reads.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Image tokens, `[b, n, in_channels]`.
    pub hidden_states: &'a Tensor,
    /// The prompt's tokens, `[b, l, joint_attention_dim]`.
    pub encoder_hidden_states: &'a Tensor,
    /// The prompt as a whole, `[b, pooled_projection_dim]`.
    pub pooled: &'a Tensor,
    /// How noisy each row is, `[b]` in f32, from 0 to 1.
    pub timestep: &'a Tensor,
    /// The guidance scale of each row, `[b]` in f32; read by models that have learned it.
    pub guidance: &'a Tensor,
    /// Positions of text, then of image tokens.
    pub rope: &'a Table,
}

/// Two layers that make one vector of another.
struct Embedder {
    linear_in: Linear,
    linear_out: Linear,
}

impl Embedder {
    fn load(params: &Params, inputs: usize, width: usize) -> Result<Self> {
        Ok(Self {
            linear_in: Linear::load_with_bias(&params.at("linear_1"), inputs, width)?,
            linear_out: Linear::load_with_bias(&params.at("linear_2"), width, width)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.linear_out.forward(&silu(&self.linear_in.forward(x)?)?)
    }

    /// `numbers [b]` by their sinusoids, in thousandths.
    fn number(&self, numbers: &Tensor, dtype: DType) -> Result<Tensor> {
        let numbers = (numbers.to_dtype(DType::F32)? * 1000.0)?;
        let device = numbers.device().clone();
        let values = numbers.to_vec1::<f32>()?;
        let sinusoid = sinusoid(&values, NUMBER_CHANNELS, |number, frequency| number * frequency);
        let shape = (values.len(), NUMBER_CHANNELS);
        self.forward(&Tensor::from_vec(sinusoid, shape, &device)?.to_dtype(dtype)?)
    }
}

/// The FLUX.1 transformer.
pub struct Transformer {
    config: Config,
    timestep: Embedder,
    guidance: Option<Embedder>,
    text: Embedder,
    x_embedder: Linear,
    context_embedder: Linear,
    double_blocks: Vec<DoubleBlock>,
    single_blocks: Vec<SingleBlock>,
    norm_out: LayerNorm,
    norm_out_linear: Linear,
    proj_out: Linear,
    dtype: DType,
    device: Device,
}

impl Transformer {
    /// Loads all blocks.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let (width, linear) = (config.width(), Linear::load_with_bias);
        let embed = params.at("time_text_embed");
        let number = |name: &str| Embedder::load(&embed.at(name), NUMBER_CHANNELS, width);
        let blocks = params.at("transformer_blocks");
        let single_blocks = params.at("single_transformer_blocks");
        Ok(Self {
            timestep: number("timestep_embedder")?,
            guidance: config.guidance_embeds.then(|| number("guidance_embedder")).transpose()?,
            text: Embedder::load(&embed.at("text_embedder"), config.pooled_projection_dim, width)?,
            x_embedder: linear(&params.at("x_embedder"), config.in_channels, width)?,
            context_embedder: linear(
                &params.at("context_embedder"),
                config.joint_attention_dim,
                width,
            )?,
            double_blocks: (0..config.num_layers)
                .map(|index| DoubleBlock::load(&blocks.at(index), &config))
                .collect::<Result<_>>()?,
            single_blocks: (0..config.num_single_layers)
                .map(|index| SingleBlock::load(&single_blocks.at(index), &config))
                .collect::<Result<_>>()?,
            norm_out: LayerNorm::new(EPS),
            norm_out_linear: linear(&params.at("norm_out.linear"), width, 2 * width)?,
            proj_out: linear(&params.at("proj_out"), width, config.out_channels())?,
            dtype: params.dtype(),
            device: params.device().clone(),
            config,
        })
    }

    /// The numbers it was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Rotary tables for tokens at `positions`.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn rope(&self, positions: &[Position]) -> Result<Table> {
        Table::new(positions, self.config.axes_dims_rope, ROPE_THETA, &self.device)
    }

    /// Velocity of every image token, `[b, n, out_channels]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, inputs: &Inputs<'_>, probe: &mut dyn Probe) -> Result<Tensor> {
        let temb = self.embed(inputs)?; // [b, width]
        probe.see("temb", &temb)?;
        let mut image = self.x_embedder.forward(&inputs.hidden_states.to_dtype(self.dtype)?)?;
        let mut text =
            self.context_embedder.forward(&inputs.encoder_hidden_states.to_dtype(self.dtype)?)?;
        probe.see("x_embedder", &image)?;
        probe.see("context_embedder", &text)?;

        for (index, block) in self.double_blocks.iter().enumerate() {
            (image, text) = block.forward((&image, &text), &temb, inputs.rope)?;
            probe.see(&format!("double.{index}.img"), &image)?;
            probe.see(&format!("double.{index}.txt"), &text)?;
        }
        let mut joint = Tensor::cat(&[&text, &image], 1)?;
        for (index, block) in self.single_blocks.iter().enumerate() {
            joint = block.forward(&joint, &temb, inputs.rope)?;
            probe.see(&format!("single.{index}"), &joint)?;
        }

        let image = joint.narrow(1, text.dim(1)?, image.dim(1)?)?.contiguous()?;
        let modulation = self.norm_out_linear.forward(&silu(&temb)?)?.unsqueeze(1)?;
        // Scale stands before shift here, unlike in the blocks.
        let modulation = modulation.chunk(2, D::Minus1)?;
        let image = self.norm_out.modulate(&image, &modulation[1], &modulation[0])?;
        probe.see("norm_out", &image)?;
        let velocity = self.proj_out.forward(&image)?;
        probe.see("output", &velocity)?;
        Ok(velocity)
    }

    /// Time, guidance and the prompt as a whole in one vector, `[b, width]`.
    fn embed(&self, inputs: &Inputs<'_>) -> Result<Tensor> {
        let mut temb = self.timestep.number(inputs.timestep, self.dtype)?;
        if let Some(guidance) = &self.guidance {
            temb = (temb + guidance.number(inputs.guidance, self.dtype)?)?;
        }
        temb + self.text.forward(&inputs.pooled.to_dtype(self.dtype)?)?
    }
}
