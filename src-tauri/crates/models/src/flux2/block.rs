//! The two kinds of transformer blocks and the attention they share.

use candle_core::{D, Result, Tensor};
use nn::{LayerNorm, Linear, Params, RmsNorm, attention, fused, rotary::Table};

use super::{Config, influence::Influence};
use crate::streams::{Heads, Modulation, Projected, Qkv, QkvProjection, finite_in_f16};

/// How reference pictures take part. Their tokens, where present, stand between text and image.
#[derive(Debug)]
pub enum References<'a> {
    /// Like any other image token: everything sees everything.
    Joint,
    /// `count` tokens see only each other; their keys and values go into `cache`.
    Extract {
        /// Reference tokens at the start of the image stream.
        count: usize,
        /// Receives one entry per block, in order.
        cache: &'a mut Vec<KeyValue>,
    },
    /// Not in the sequence; text and image see the keys and values extracted before.
    Cached {
        /// One entry per block, in order.
        cache: &'a [KeyValue],
    },
}

/// Keys and values of reference tokens in one block, `[b, heads, n, head_dim]`, positions applied.
#[derive(Debug, Clone)]
pub struct KeyValue {
    k: Tensor,
    v: Tensor,
}

/// Where a block stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Positions of text, then of image-side tokens.
    pub(super) rope: &'a Table,
    /// Text tokens at the start of the sequence.
    pub(super) text_length: usize,
    /// Which block of its kind.
    pub(super) index: usize,
    /// How much references are heard.
    pub(super) influence: &'a Influence,
}

/// SwiGLU: the first half of the inner width is the gate.
struct FeedForward {
    linear_in: Linear,
    linear_out: Linear,
}

impl FeedForward {
    fn load(params: &Params, config: &Config) -> Result<Self> {
        let (width, inner) = (config.width(), config.mlp_width());
        Ok(Self {
            linear_in: Linear::load(&params.at("linear_in"), width, 2 * inner)?,
            linear_out: Linear::load(&params.at("linear_out"), inner, width)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, gated) = self.linear_in.forward_gated(x, 0)?;
        self.linear_out.forward_beside(None, &gated)
    }
}

/// Text and image in streams of their own that meet in attention.
pub(super) struct DoubleBlock {
    norm: LayerNorm,
    image_qkv: QkvProjection,
    text_qkv: QkvProjection,
    image_out: Linear,
    text_out: Linear,
    image_ff: FeedForward,
    text_ff: FeedForward,
}

/// What a double block leaves behind; the attention outputs are for parity tests.
pub(super) struct DoubleOutput {
    pub(super) image: Tensor,
    pub(super) text: Tensor,
    pub(super) image_attention: Tensor,
    pub(super) text_attention: Tensor,
}

impl DoubleBlock {
    pub(super) fn load(params: &Params, config: &Config) -> Result<Self> {
        let attn = params.at("attn");
        let width = config.width();
        let heads = Heads {
            count: config.num_attention_heads,
            dim: config.attention_head_dim,
            eps: config.eps,
        };
        let image_names = ["to_q", "to_k", "to_v", "norm_q", "norm_k"];
        let text_names = ["add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"];
        Ok(Self {
            norm: LayerNorm::new(config.eps),
            image_qkv: QkvProjection::load(&attn, heads, image_names, Linear::load)?,
            text_qkv: QkvProjection::load(&attn, heads, text_names, Linear::load)?,
            image_out: Linear::load(&attn.at("to_out.0"), width, width)?,
            text_out: Linear::load(&attn.at("to_add_out"), width, width)?,
            image_ff: FeedForward::load(&params.at("ff"), config)?,
            text_ff: FeedForward::load(&params.at("ff_context"), config)?,
        })
    }

    pub(super) fn forward(
        &self,
        image: &Tensor,
        text: &Tensor,
        (image_modulation, text_modulation): (&[Modulation], &[Modulation]),
        place: Place<'_>,
        references: &mut References<'_>,
    ) -> Result<DoubleOutput> {
        let text_length = place.text_length;
        let [image_attn, image_mlp] = image_modulation else {
            candle_core::bail!("two modulations")
        };
        let [text_attn, text_mlp] = text_modulation else { candle_core::bail!("two modulations") };

        let qkv_image = self.image_qkv.forward(&self.norm.modulate(
            image,
            &image_attn.shift,
            &image_attn.scale,
        )?)?;
        let qkv_text = self.text_qkv.forward(&self.norm.modulate(
            text,
            &text_attn.shift,
            &text_attn.scale,
        )?)?;
        let attended = attend(&Qkv::join(&[qkv_text, qkv_image], place.rope)?, place, references)?;
        let text_attention =
            self.text_out.forward(&attended.narrow(1, 0, text_length)?.contiguous()?)?;
        let image_length = attended.dim(1)? - text_length;
        let image_attention = self
            .image_out
            .forward(&attended.narrow(1, text_length, image_length)?.contiguous()?)?;

        let image = fused::gated_residual(image, &image_attention, &image_attn.gate)?;
        let normed = self.norm.modulate(&image, &image_mlp.shift, &image_mlp.scale)?;
        let image =
            fused::gated_residual(&image, &self.image_ff.forward(&normed)?, &image_mlp.gate)?;

        let text = fused::gated_residual(text, &text_attention, &text_attn.gate)?;
        let normed = self.norm.modulate(&text, &text_mlp.shift, &text_mlp.scale)?;
        let text = fused::gated_residual(&text, &self.text_ff.forward(&normed)?, &text_mlp.gate)?;
        Ok(DoubleOutput { image, text: finite_in_f16(text)?, image_attention, text_attention })
    }
}

/// Text and image in one stream; attention and feed-forward side by side.
pub(super) struct SingleBlock {
    norm: LayerNorm,
    to_qkv_mlp: Linear,
    to_out: Linear,
    norm_q: RmsNorm,
    norm_k: RmsNorm,
    heads: usize,
}

impl SingleBlock {
    pub(super) fn load(params: &Params, config: &Config) -> Result<Self> {
        let attn = params.at("attn");
        let (width, inner) = (config.width(), config.mlp_width());
        Ok(Self {
            norm: LayerNorm::new(config.eps),
            to_qkv_mlp: Linear::load(&attn.at("to_qkv_mlp_proj"), width, 3 * width + 2 * inner)?,
            to_out: Linear::load(&attn.at("to_out"), width + inner, width)?,
            norm_q: RmsNorm::load(&attn.at("norm_q"), config.attention_head_dim, config.eps)?,
            norm_k: RmsNorm::load(&attn.at("norm_k"), config.attention_head_dim, config.eps)?,
            heads: config.num_attention_heads,
        })
    }

    pub(super) fn forward(
        &self,
        x: &Tensor,
        modulation: &Modulation,
        place: Place<'_>,
        references: &mut References<'_>,
    ) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        let normed = self.norm.modulate(x, &modulation.shift, &modulation.scale)?;
        // [b, n, 3 width], and what the feed-forward's gate lets through: [b, n, inner]
        let (projected, gated) = self.to_qkv_mlp.forward_gated(&normed, 3 * width)?;
        let part = |index: usize| projected.narrow(D::Minus1, index * width, width);
        let stream = Projected {
            q: part(0)?,
            k: part(1)?,
            v: part(2)?,
            norm_q: &self.norm_q,
            norm_k: &self.norm_k,
            heads: self.heads,
        };
        let attended = attend(&Qkv::join(&[stream], place.rope)?, place, references)?;
        let out = self.to_out.forward_beside(Some(&attended), &gated)?;
        finite_in_f16(fused::gated_residual(x, &out, &modulation.gate)?)
    }
}

/// Attention over `[text | references | image]`, heads joined again: `[b, n, width]`.
fn attend(qkv: &Qkv, place: Place<'_>, references: &mut References<'_>) -> Result<Tensor> {
    let Place { text_length, index, influence, .. } = place;
    let Qkv { q, k, v } = qkv;
    let attended = match references {
        References::Joint => attention::sdpa_in_runs(q, k, v, &influence.all)?,
        References::Extract { count, cache } => {
            let (start, end) = (text_length, text_length + *count);
            let rest = q.dim(2)? - end;
            let kept = KeyValue {
                k: k.narrow(2, start, *count)?.contiguous()?,
                v: v.narrow(2, start, *count)?.contiguous()?,
            };
            let own = q.narrow(2, start, *count)?;
            let own = attention::sdpa_in_runs(&own, &kept.k, &kept.v, &influence.own)?;
            cache.push(kept);
            let others = Tensor::cat(&[q.narrow(2, 0, start)?, q.narrow(2, end, rest)?], 2)?;
            let others = attention::sdpa_in_runs(&others, k, v, &influence.all)?;
            Tensor::cat(&[others.narrow(2, 0, start)?, own, others.narrow(2, start, rest)?], 2)?
        }
        References::Cached { cache } => {
            let Some(kept) = cache.get(index) else {
                candle_core::bail!("the reference cache has no entry for block {index}");
            };
            let rest = k.dim(2)? - text_length;
            let between = |own: &Tensor, kept: &Tensor| {
                let (text, image) =
                    (own.narrow(2, 0, text_length)?, own.narrow(2, text_length, rest)?);
                Tensor::cat(&[&text, kept, &image], 2)
            };
            let (k, v) = (between(k, &kept.k)?, between(v, &kept.v)?);
            attention::sdpa_in_runs(q, &k, &v, &influence.all)?
        }
    };
    attended.transpose(1, 2)?.flatten_from(2)
}
