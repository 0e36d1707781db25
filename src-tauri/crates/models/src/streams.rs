//! What transformers with a text and an image stream share: modulation by the noise level, and
//! queries, keys and values that meet in joint attention.

use candle_core::{D, DType, Result, Tensor};
use nn::{
    Linear, Params, RmsNorm,
    fused::{self, Part, Rotation},
    rotary::Table,
};

/// Shift, scale and gate for one sub-block, each `[b, 1 or n, width]`.
pub(crate) struct Modulation {
    pub(crate) shift: Tensor,
    pub(crate) scale: Tensor,
    pub(crate) gate: Tensor,
}

impl Modulation {
    /// Splits `[b, 1 or n, count · 3 · width]`.
    pub(crate) fn split(modulation: &Tensor, count: usize) -> Result<Vec<Self>> {
        let chunks = modulation.chunk(count * 3, D::Minus1)?;
        let mut sets = Vec::with_capacity(count);
        for set in chunks.chunks_exact(3) {
            sets.push(Self { shift: set[0].clone(), scale: set[1].clone(), gate: set[2].clone() });
        }
        Ok(sets)
    }
}

/// Queries, keys and values, `[b, heads, n, head_dim]`, normalised, positions applied to the first two.
pub(crate) struct Qkv {
    pub(crate) q: Tensor,
    pub(crate) k: Tensor,
    pub(crate) v: Tensor,
}

impl Qkv {
    /// Those of streams one after the other, whose positions `rope` has.
    pub(crate) fn join(streams: &[Projected<'_>], rope: &Table) -> Result<Self> {
        let count = streams.first().map_or(1, |stream| stream.heads);
        let heads = |parts: Vec<Part<'_>>, rope| fused::heads(&parts, count, rope);
        let part = |x, norm| Part { x, norm };
        let rope = Some((rope, Rotation::Pairs));
        Ok(Self {
            q: heads(streams.iter().map(|of| part(&of.q, Some(of.norm_q))).collect(), rope)?,
            k: heads(streams.iter().map(|of| part(&of.k, Some(of.norm_k))).collect(), rope)?,
            v: heads(streams.iter().map(|of| part(&of.v, None)).collect(), None)?,
        })
    }
}

/// What the tokens of one stream were projected to, `[b, n, heads · head_dim]`, and the norms of its heads.
pub(crate) struct Projected<'a> {
    pub(crate) q: Tensor,
    pub(crate) k: Tensor,
    pub(crate) v: Tensor,
    pub(crate) norm_q: &'a RmsNorm,
    pub(crate) norm_k: &'a RmsNorm,
    pub(crate) heads: usize,
}

/// How many heads, how wide, and what keeps their norms from dividing by zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    pub(crate) count: usize,
    pub(crate) dim: usize,
    pub(crate) eps: f64,
}

/// The projections of one stream with a norm over each head.
pub(crate) struct QkvProjection {
    q: Linear,
    k: Linear,
    v: Linear,
    norm_q: RmsNorm,
    norm_k: RmsNorm,
    heads: usize,
}

impl QkvProjection {
    /// `names` of q, k, v and of the norms of q and k; `linear` loads with or without bias.
    pub(crate) fn load(
        params: &Params,
        heads: Heads,
        names: [&str; 5],
        linear: fn(&Params, usize, usize) -> Result<Linear>,
    ) -> Result<Self> {
        let width = heads.count * heads.dim;
        let [q, k, v, norm_q, norm_k] = names;
        Ok(Self {
            q: linear(&params.at(q), width, width)?,
            k: linear(&params.at(k), width, width)?,
            v: linear(&params.at(v), width, width)?,
            norm_q: RmsNorm::load(&params.at(norm_q), heads.dim, heads.eps)?,
            norm_k: RmsNorm::load(&params.at(norm_k), heads.dim, heads.eps)?,
            heads: heads.count,
        })
    }

    /// `x [b, n, heads · head_dim]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Projected<'_>> {
        Ok(Projected {
            q: self.q.forward(x)?,
            k: self.k.forward(x)?,
            v: self.v.forward(x)?,
            norm_q: &self.norm_q,
            norm_k: &self.norm_k,
            heads: self.heads,
        })
    }
}

/// f16 ends at 65504; the reference clamps its streams there.
pub(crate) fn finite_in_f16(x: Tensor) -> Result<Tensor> {
    if x.dtype() == DType::F16 { x.clamp(-65504f32, 65504f32) } else { Ok(x) }
}
