//! The block that the Qwen language models are made of.

use candle_core::{Result, Tensor};
use nn::{Linear, Params, RmsNorm, attention, rotary::Table, silu};

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
        let inner = (silu(&self.gate.forward(&normed)?)? * self.up.forward(&normed)?)?;
        &x + self.down.forward(&inner)?
    }

    fn attend(
        &self,
        x: &Tensor,
        mask: attention::Mask<'_>,
        rope: &Table,
        past: Option<&mut KeyValue>,
    ) -> Result<Tensor> {
        let (b, n, _) = x.dims3()?;
        let Shape { q_heads, kv_heads, head_dim, .. } = self.shape;
        let heads = |x: Tensor, count: usize| {
            x.reshape((b, n, count, head_dim))?.transpose(1, 2)?.contiguous()
        };
        let normed = |norm: &Option<RmsNorm>, x: Tensor| match norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        };
        let q = normed(&self.q_norm, heads(self.q.forward(x)?, q_heads)?)?;
        let k = normed(&self.k_norm, heads(self.k.forward(x)?, kv_heads)?)?;
        let q = rope.rotate_halves(&q)?;
        let k = rope.rotate_halves(&k)?;
        let v = heads(self.v.forward(x)?, kv_heads)?;
        let (k, v) = match past {
            Some(past) => past.extend(k, v)?,
            None => (k, v),
        };
        let shared = |x: Tensor| {
            let (group, length) = (q_heads / kv_heads, x.dim(2)?);
            x.unsqueeze(2)?
                .expand((b, kv_heads, group, length, head_dim))?
                .reshape((b, q_heads, length, head_dim))
        };
        let out = attention::sdpa(&q, &shared(k)?, &shared(v)?, mask)?;
        self.o.forward(&out.transpose(1, 2)?.flatten_from(2)?)
    }
}
