//! The block that the Qwen language models are made of.

use candle_core::{Result, Tensor};
use nn::{
    Linear, Params, RmsNorm, attention,
    fused::{self, Part, Rotation},
    rotary::Table,
};

/// The numbers of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) q_heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    pub(super) eps: f64,
    /// Whether queries, keys and values have a bias, as in Qwen2.
    pub(super) has_bias: bool,
    /// Whether queries and keys are normalised, as in Qwen3.
    pub(super) normalizes_heads: bool,
}

/// Keys and values of the tokens so far, `[b, kv_heads, n, head_dim]`, positions applied.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyValue(Option<(Tensor, Tensor)>);

impl KeyValue {
    /// Adds those of new tokens; gives all.
    fn extend(&mut self, k: Tensor, v: Tensor) -> Result<(Tensor, Tensor)> {
        let all = match self.0.take() {
            Some((old_k, old_v)) => {
                (Tensor::cat(&[&old_k, &k], 2)?, Tensor::cat(&[&old_v, &v], 2)?)
            }
            None => (k, v),
        };
        self.0 = Some(all.clone());
        Ok(all)
    }
}

pub(super) struct Block {
    shape: Shape,
    input_norm: RmsNorm,
    post_attention_norm: RmsNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    q_norm: Option<RmsNorm>,
    k_norm: Option<RmsNorm>,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Block {
    pub(super) fn load(shape: Shape, params: &Params) -> Result<Self> {
        let Shape { width, inner, head_dim, eps, .. } = shape;
        let (q_width, kv_width) = (shape.q_heads * head_dim, shape.kv_heads * head_dim);
        let (attn, mlp) = (params.at("self_attn"), params.at("mlp"));
        let project = if shape.has_bias { Linear::load_with_bias } else { Linear::load };
        let head_norm = |name: &str| {
            shape.normalizes_heads.then(|| RmsNorm::load(&attn.at(name), head_dim, eps)).transpose()
        };
        Ok(Self {
            shape,
            input_norm: RmsNorm::load(&params.at("input_layernorm"), width, eps)?,
            post_attention_norm: RmsNorm::load(&params.at("post_attention_layernorm"), width, eps)?,
            q: project(&attn.at("q_proj"), width, q_width)?,
            k: project(&attn.at("k_proj"), width, kv_width)?,
            v: project(&attn.at("v_proj"), width, kv_width)?,
            o: Linear::load(&attn.at("o_proj"), q_width, width)?,
            q_norm: head_norm("q_norm")?,
            k_norm: head_norm("k_norm")?,
            gate: Linear::load(&mlp.at("gate_proj"), width, inner)?,
            up: Linear::load(&mlp.at("up_proj"), width, inner)?,
            down: Linear::load(&mlp.at("down_proj"), inner, width)?,
        })
    }

    /// `x [b, n, width]`; what came before is in `past`, which grows by these tokens.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        mask: attention::Mask<'_>,
        rope: &Table,
        past: Option<&mut KeyValue>,
    ) -> Result<Tensor> {
        let x = (x + self.attend(&self.input_norm.forward(x)?, mask, rope, past)?)?;
        let normed = self.post_attention_norm.forward(&x)?;
        let gated = nn::gated(&self.gate, &self.up, &normed)?;
        &x + self.down.forward_beside(None, &gated)?
    }

    fn attend(
        &self,
        x: &Tensor,
        mask: attention::Mask<'_>,
        rope: &Table,
        past: Option<&mut KeyValue>,
    ) -> Result<Tensor> {
        let Shape { q_heads, kv_heads, .. } = self.shape;
        let heads = |linear: &Linear, norm: Option<&RmsNorm>, count: usize, rope| {
            fused::heads(&[Part { x: &linear.forward(x)?, norm }], count, rope)
        };
        let turned = Some((rope, Rotation::Halves));
        let q = heads(&self.q, self.q_norm.as_ref(), q_heads, turned)?;
        let k = heads(&self.k, self.k_norm.as_ref(), kv_heads, turned)?;
        let v = heads(&self.v, None, kv_heads, None)?;
        let (k, v) = match past {
            Some(past) => past.extend(k, v)?,
            None => (k, v),
        };
        let out = attention::sdpa(&q, &k, &v, mask)?;
        self.o.forward(&out.transpose(1, 2)?.flatten_from(2)?)
    }
}
