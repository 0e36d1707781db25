//! The network: one forward pass predicts the velocity of every token of every layer.
//!
//! Method: Qwen-Image-Layered (arXiv 2512.15603); tensor names and order of operations as in
//! diffusers' `QwenImageTransformer2DModel` 0.42.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{Embedding, LayerNorm, Linear, Params, Probe, RmsNorm, attention, rotary::Table, silu};

use super::{
    Config,
    block::{Block, Scene},
    config::{EPS, ROPE_THETA, TIMESTEP_CHANNELS},
    latents::Grid,
};
use crate::timestep::sinusoid;

/// What one forward pass reads.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Tokens of the painted frames, then of the picture they are made from, `[b, n, in_channels]`.
    pub hidden_states: &'a Tensor,
    /// The prompt's conditioning, `[b, l, joint_attention_dim]`.
    pub encoder_hidden_states: &'a Tensor,
    /// Which text tokens are padding, one row each of the batch; none if no token is.
    pub padding: Option<&'a [Vec<bool>]>,
    /// How noisy each row is, `[b]` in f32, from 0 to 1.
    pub timestep: &'a Tensor,
    /// The flag beside the time, `[b]` in u32: 0 for pictures with alpha, 1 without.
    pub additional_t_cond: &'a Tensor,
    /// Positions of text, then of image tokens.
    pub rope: &'a Table,
}

/// The Qwen-Image-Layered transformer.
pub struct Transformer {
    config: Config,
    timestep_in: Linear,
    timestep_out: Linear,
    addition: Embedding,
    txt_norm: RmsNorm,
    img_in: Linear,
    txt_in: Linear,
    blocks: Vec<Block>,
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
        let width = config.width();
        let time = params.at("time_text_embed");
        let embedder = time.at("timestep_embedder");
        let blocks = params.at("transformer_blocks");
        let linear = Linear::load_with_bias;
        Ok(Self {
            timestep_in: linear(&embedder.at("linear_1"), TIMESTEP_CHANNELS, width)?,
            timestep_out: linear(&embedder.at("linear_2"), width, width)?,
            addition: Embedding::load(&time.at("addition_t_embedding"), 2, width)?,
            txt_norm: RmsNorm::load(&params.at("txt_norm"), config.joint_attention_dim, EPS)?,
            img_in: linear(&params.at("img_in"), config.in_channels, width)?,
            txt_in: linear(&params.at("txt_in"), config.joint_attention_dim, width)?,
            blocks: (0..config.num_layers)
                .map(|index| Block::load(&blocks.at(index), &config))
                .collect::<Result<_>>()?,
            norm_out: LayerNorm::new(EPS),
            norm_out_linear: linear(&params.at("norm_out.linear"), width, 2 * width)?,
            proj_out: linear(&params.at("proj_out"), width, 4 * config.out_channels)?,
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

    /// The number format of weights and activations.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Rotary tables of image tokens, `[frames and picture]`.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn image_rope(&self, grid: Grid) -> Result<Table> {
        self.rope(&grid.image_positions())
    }

    /// Rotary tables of `length` text tokens.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn text_rope(&self, grid: Grid, length: usize) -> Result<Table> {
        self.rope(&grid.text_positions(length))
    }

    /// Positions times frequencies in f32, as the reference rounds them.
    fn rope(&self, positions: &[[i32; 3]]) -> Result<Table> {
        let frequencies = self.config.axes_dims_rope.map(|dim| {
            (0..dim / 2)
                .map(|j| 1.0 / ROPE_THETA.powf((2 * j) as f32 / dim as f32))
                .collect::<Vec<f32>>()
        });
        let angles: Vec<f32> = positions
            .iter()
            .flat_map(|token| {
                token.iter().zip(&frequencies).flat_map(|(&position, frequencies)| {
                    frequencies.iter().map(move |frequency| position as f32 * frequency)
                })
            })
            .collect();
        Table::from_angles(&angles, self.config.attention_head_dim / 2, &self.device)
    }

    /// Velocity of every image token, `[b, n, 4 · out_channels]`, those of the picture among them.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, inputs: &Inputs<'_>, probe: &mut dyn Probe) -> Result<Tensor> {
        let temb = self.embed_time(inputs)?; // [b, width]
        probe.see("temb", &temb)?;
        let time = silu(&temb)?;
        let mut image = self.img_in.forward(&inputs.hidden_states.to_dtype(self.dtype)?)?;
        let text = self.txt_norm.forward(&inputs.encoder_hidden_states.to_dtype(self.dtype)?)?;
        probe.see("txt_norm", &text)?;
        let mut text = self.txt_in.forward(&text)?;

        let mask = match inputs.padding {
            Some(padding) => Some(self.mask(padding, image.dim(1)?)?),
            None => None,
        };
        let mask = mask.as_ref().map_or(attention::Mask::Full, attention::Mask::Additive);
        let scene = Scene { time: &time, rope: inputs.rope, mask };
        for (index, block) in self.blocks.iter().enumerate() {
            let out = block.forward(&image, &text, scene)?;
            probe.see(&format!("block.{index}.attn_img"), &out.image_attention)?;
            probe.see(&format!("block.{index}.attn_txt"), &out.text_attention)?;
            probe.see(&format!("block.{index}.img"), &out.image)?;
            probe.see(&format!("block.{index}.txt"), &out.text)?;
            (image, text) = (out.image, out.text);
        }

        let modulation = self.norm_out_linear.forward(&time)?.unsqueeze(1)?.chunk(2, D::Minus1)?;
        // Scale stands before shift here, unlike in the blocks.
        let image = self.norm_out.modulate(&image, &modulation[1], &modulation[0])?;
        probe.see("norm_out", &image)?;
        let velocity = self.proj_out.forward(&image)?;
        probe.see("output", &velocity)?;
        Ok(velocity)
    }

    /// `[b]` from 0 to 1 and the flag to `[b, width]`.
    fn embed_time(&self, inputs: &Inputs<'_>) -> Result<Tensor> {
        let times = inputs.timestep.to_dtype(DType::F32)?.to_vec1::<f32>()?;
        let values =
            sinusoid(&times, TIMESTEP_CHANNELS, |time, frequency| 1000.0 * (time * frequency));
        let sinusoid = Tensor::from_vec(values, (times.len(), TIMESTEP_CHANNELS), &self.device)?
            .to_dtype(self.dtype)?;
        let embedded = self.timestep_out.forward(&silu(&self.timestep_in.forward(&sinusoid)?)?)?;
        embedded + self.addition.forward(&inputs.additional_t_cond.unsqueeze(1)?)?.squeeze(1)?
    }

    /// `[b, 1, 1, text and image]`: padding is seen by nobody.
    fn mask(&self, padding: &[Vec<bool>], image_length: usize) -> Result<Tensor> {
        let length = padding.first().map_or(0, Vec::len) + image_length;
        let mut mask = Vec::with_capacity(padding.len() * length);
        for row in padding {
            mask.extend(row.iter().map(|&padding| if padding { f32::NEG_INFINITY } else { 0.0 }));
            mask.resize(mask.len() + image_length, 0.0);
        }
        Tensor::from_vec(mask, (padding.len(), 1, 1, length), &self.device)
    }
}
