//! The two kinds of transformer blocks.

use candle_core::{Result, Tensor};
use nn::{LayerNorm, Linear, Params, attention, fused, rotary::Table, silu};

use super::Config;
use crate::streams::{Heads, Modulation, Qkv, QkvProjection, finite_in_f16};

/// Of every normalisation; no configuration says it.
pub(super) const EPS: f64 = 1e-6;

/// Normalisation of a stream, shifted and scaled by the conditioning.
struct Modulated {
    linear: Linear,
    norm: LayerNorm,
    sets: usize,
}

impl Modulated {
    fn load(params: &Params, width: usize, sets: usize) -> Result<Self> {
        Ok(Self {
            linear: Linear::load_with_bias(&params.at("linear"), width, sets * 3 * width)?,
            norm: LayerNorm::new(EPS),
            sets,
        })
    }

    /// Of `temb [b, width]`.
    fn modulation(&self, temb: &Tensor) -> Result<Vec<Modulation>> {
        Modulation::split(&self.linear.forward(&silu(temb)?)?.unsqueeze(1)?, self.sets)
    }

    fn forward(&self, x: &Tensor, modulation: &Modulation) -> Result<Tensor> {
        self.norm.modulate(x, &modulation.shift, &modulation.scale)
    }
}

struct FeedForward {
    linear_in: Linear,
    linear_out: Linear,
}

impl FeedForward {
    fn load(params: &Params, config: &Config) -> Result<Self> {
        let (width, inner) = (config.width(), config.mlp_width());
        Ok(Self {
            linear_in: Linear::load_with_bias(&params.at("net.0.proj"), width, inner)?,
            linear_out: Linear::load_with_bias(&params.at("net.2"), inner, width)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        // `gelu` is the approximation by tanh, as in the reference.
        self.linear_out.forward(&fused::gelu(&self.linear_in.forward(x)?, None)?)
    }
}

/// What one stream has of its own in a double block.
struct Stream {
    norm: Modulated,
    qkv: QkvProjection,
    out: Linear,
    ff: FeedForward,
}

/// A stream's names in a double block: of the norm, of q, k, v and their norms, of what follows.
struct Names {
    norm: &'static str,
    qkv: [&'static str; 5],
    out: &'static str,
    ff: &'static str,
}

const IMAGE: Names = Names {
    norm: "norm1",
    qkv: ["to_q", "to_k", "to_v", "norm_q", "norm_k"],
    out: "to_out.0",
    ff: "ff",
};
const TEXT: Names = Names {
    norm: "norm1_context",
    qkv: ["add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"],
    out: "to_add_out",
    ff: "ff_context",
};

impl Stream {
    fn load(params: &Params, config: &Config, names: &Names) -> Result<Self> {
        let (width, attn) = (config.width(), params.at("attn"));
        Ok(Self {
            norm: Modulated::load(&params.at(names.norm), width, 2)?,
            qkv: QkvProjection::load(&attn, heads(config), names.qkv, Linear::load_with_bias)?,
            out: Linear::load_with_bias(&attn.at(names.out), width, width)?,
            ff: FeedForward::load(&params.at(names.ff), config)?,
        })
    }

    /// What is left after attention: `x [b, n, width]` and what it attended to.
    fn finish(&self, x: &Tensor, attended: &Tensor, modulation: &[Modulation]) -> Result<Tensor> {
        let [attn, mlp] = modulation else { candle_core::bail!("two modulations") };
        let x = fused::gated_residual(x, &self.out.forward(attended)?, &attn.gate)?;
        let fed = self.ff.forward(&self.norm.forward(&x, mlp)?)?;
        fused::gated_residual(&x, &fed, &mlp.gate)
    }
}

/// Text and image in streams of their own that meet in attention.
pub(super) struct DoubleBlock {
    image: Stream,
    text: Stream,
}

impl DoubleBlock {
    pub(super) fn load(params: &Params, config: &Config) -> Result<Self> {
        Ok(Self {
            image: Stream::load(params, config, &IMAGE)?,
            text: Stream::load(params, config, &TEXT)?,
        })
    }

    /// Image and text tokens, `[b, n, width]` each.
    pub(super) fn forward(
        &self,
        (image, text): (&Tensor, &Tensor),
        temb: &Tensor,
        rope: &Table,
    ) -> Result<(Tensor, Tensor)> {
        let (of_image, of_text) =
            (self.image.norm.modulation(temb)?, self.text.norm.modulation(temb)?);
        let image_qkv = self.image.qkv.forward(&self.image.norm.forward(image, &of_image[0])?)?;
        let text_qkv = self.text.qkv.forward(&self.text.norm.forward(text, &of_text[0])?)?;
        let attended = attend(&Qkv::join(&[text_qkv, image_qkv], rope)?)?;
        let (text_length, image_length) = (text.dim(1)?, image.dim(1)?);
        let part = |start, length| attended.narrow(1, start, length)?.contiguous();
        let image = self.image.finish(image, &part(text_length, image_length)?, &of_image)?;
        let text = self.text.finish(text, &part(0, text_length)?, &of_text)?;
        Ok((image, finite_in_f16(text)?))
    }
}

/// Text and image in one stream; attention and feed-forward side by side.
pub(super) struct SingleBlock {
    norm: Modulated,
    qkv: QkvProjection,
    proj_mlp: Linear,
    proj_out: Linear,
}

impl SingleBlock {
    pub(super) fn load(params: &Params, config: &Config) -> Result<Self> {
        let (width, inner) = (config.width(), config.mlp_width());
        let (attn, linear) = (params.at("attn"), Linear::load_with_bias);
        Ok(Self {
            norm: Modulated::load(&params.at("norm"), width, 1)?,
            qkv: QkvProjection::load(&attn, heads(config), IMAGE.qkv, linear)?,
            proj_mlp: linear(&params.at("proj_mlp"), width, inner)?,
            proj_out: linear(&params.at("proj_out"), width + inner, width)?,
        })
    }

    /// `x [b, text + image, width]`.
    pub(super) fn forward(&self, x: &Tensor, temb: &Tensor, rope: &Table) -> Result<Tensor> {
        let modulation = self.norm.modulation(temb)?;
        let normed = self.norm.forward(x, &modulation[0])?;
        let attended = attend(&Qkv::join(&[self.qkv.forward(&normed)?], rope)?)?;
        let mlp = self.proj_mlp.forward(&normed)?;
        let out = self.proj_out.forward(&fused::gelu(&mlp, Some(&attended))?)?;
        finite_in_f16(fused::gated_residual(x, &out, &modulation[0].gate)?)
    }
}

fn heads(config: &Config) -> Heads {
    Heads { count: config.num_attention_heads, dim: config.attention_head_dim, eps: EPS }
}

/// Attention of everything to everything, heads joined again: `[b, n, width]`.
fn attend(Qkv { q, k, v }: &Qkv) -> Result<Tensor> {
    attention::sdpa(q, k, v, attention::Mask::Full)?.transpose(1, 2)?.flatten_from(2)
}
