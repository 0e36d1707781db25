//! One block: text and image in streams of their own that meet in attention.

use candle_core::{Result, Tensor};
use nn::{LayerNorm, Linear, Params, attention, fused, rotary::Table};

use super::{Config, config::EPS};
use crate::streams::{Heads, Modulation, Qkv, QkvProjection, finite_in_f16};

/// What all blocks of a forward pass see alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// `silu` of the time embedding, `[b, width]`.
    pub(super) time: &'a Tensor,
    /// Positions of text, then of image tokens.
    pub(super) rope: &'a Table,
    /// Which keys count.
    pub(super) mask: attention::Mask<'a>,
}

/// What a block leaves behind; the attention outputs are for parity tests.
pub(super) struct Output {
    pub(super) image: Tensor,
    pub(super) text: Tensor,
    pub(super) image_attention: Tensor,
    pub(super) text_attention: Tensor,
}

pub(super) struct Block {
    norm: LayerNorm,
    image: Stream,
    text: Stream,
}

/// The weights of one stream.
struct Stream {
    modulation: Linear,
    qkv: QkvProjection,
    out: Linear,
    mlp_in: Linear,
    mlp_out: Linear,
}

impl Stream {
    fn load(params: &Params, config: &Config, names: &Names) -> Result<Self> {
        let width = config.width();
        let attn = params.at("attn");
        let mlp = params.at(names.mlp).at("net");
        let heads =
            Heads { count: config.num_attention_heads, dim: config.attention_head_dim, eps: EPS };
        let linear = Linear::load_with_bias;
        Ok(Self {
            modulation: linear(&params.at(names.modulation).at(1), width, 6 * width)?,
            qkv: QkvProjection::load(&attn, heads, names.qkv, linear)?,
            out: linear(&attn.at(names.out), width, width)?,
            mlp_in: linear(&mlp.at("0.proj"), width, 4 * width)?,
            mlp_out: linear(&mlp.at(2), 4 * width, width)?,
        })
    }

    fn modulations(&self, time: &Tensor) -> Result<[Modulation; 2]> {
        let modulation = self.modulation.forward(time)?.unsqueeze(1)?;
        match <[Modulation; 2]>::try_from(Modulation::split(&modulation, 2)?) {
            Ok(modulations) => Ok(modulations),
            Err(_) => candle_core::bail!("a block needs two modulations"),
        }
    }

    /// Adds what attention found, then what the feed-forward part makes of it.
    fn finish(
        &self,
        norm: &LayerNorm,
        x: &Tensor,
        attention: &Tensor,
        [first, second]: &[Modulation; 2],
    ) -> Result<Tensor> {
        let x = fused::gated_residual(x, attention, &first.gate)?;
        let normed = norm.modulate(&x, &second.shift, &second.scale)?;
        // `gelu` is the tanh approximation, as the reference uses it.
        let inner = fused::gelu(&self.mlp_in.forward(&normed)?, None)?;
        finite_in_f16(fused::gated_residual(&x, &self.mlp_out.forward(&inner)?, &second.gate)?)
    }
}

/// What a stream's weights are called.
struct Names {
    modulation: &'static str,
    qkv: [&'static str; 5],
    out: &'static str,
    mlp: &'static str,
}

const IMAGE: Names = Names {
    modulation: "img_mod",
    qkv: ["to_q", "to_k", "to_v", "norm_q", "norm_k"],
    out: "to_out.0",
    mlp: "img_mlp",
};
const TEXT: Names = Names {
    modulation: "txt_mod",
    qkv: ["add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"],
    out: "to_add_out",
    mlp: "txt_mlp",
};

impl Block {
    pub(super) fn load(params: &Params, config: &Config) -> Result<Self> {
        Ok(Self {
            norm: LayerNorm::new(EPS),
            image: Stream::load(params, config, &IMAGE)?,
            text: Stream::load(params, config, &TEXT)?,
        })
    }

    /// `image [b, n, width]`, `text [b, l, width]`.
    pub(super) fn forward(
        &self,
        image: &Tensor,
        text: &Tensor,
        scene: Scene<'_>,
    ) -> Result<Output> {
        let (text_length, image_length) = (text.dim(1)?, image.dim(1)?);
        let image_modulations = self.image.modulations(scene.time)?;
        let text_modulations = self.text.modulations(scene.time)?;
        let modulate = |x: &Tensor, modulation: &Modulation| {
            self.norm.modulate(x, &modulation.shift, &modulation.scale)
        };
        let streams = [
            self.text.qkv.forward(&modulate(text, &text_modulations[0])?)?,
            self.image.qkv.forward(&modulate(image, &image_modulations[0])?)?,
        ];
        let Qkv { q, k, v } = Qkv::join(&streams, scene.rope)?;
        let attended = attention::sdpa(&q, &k, &v, scene.mask)?;
        let attended = attended.transpose(1, 2)?.flatten_from(2)?;
        let part = |stream: &Stream, start: usize, length: usize| {
            stream.out.forward(&attended.narrow(1, start, length)?.contiguous()?)
        };
        let text_attention = part(&self.text, 0, text_length)?;
        let image_attention = part(&self.image, text_length, image_length)?;
        Ok(Output {
            image: self.image.finish(&self.norm, image, &image_attention, &image_modulations)?,
            text: self.text.finish(&self.norm, text, &text_attention, &text_modulations)?,
            image_attention,
            text_attention,
        })
    }
}
