//! Scaled dot-product attention, computed in blocks of queries so that the scores stay small.

use candle_core::{D, DType, Result, Tensor};

#[cfg(feature = "cuda")]
use crate::cuda::{self, attention::Variant};
use crate::{
    device::widens,
    profile, stop,
    tiles::{self, Rounding},
};

/// The most scores held at once. CUDA kernels index elements with i32, and a CPU has caches.
pub const MAX_SCORES: usize = 64 << 20;

/// Which keys a query may see.
#[derive(Debug, Clone, Copy)]
pub enum Mask<'a> {
    /// All of them.
    Full,
    /// Added to the scores: 0 or −∞, broadcast to `[b, heads, queries, keys]`.
    Additive(&'a Tensor),
}

/// Neighbouring queries that weigh the keys alike.
#[derive(Debug, Clone)]
pub struct QueryRun {
    /// How many queries.
    pub count: usize,
    /// Added to their scores, `[1, 1, 1, keys]`; none is 0 everywhere.
    pub bias: Option<Tensor>,
}

/// `softmax(q · kᵀ / √head_dim + mask) · v`.
///
/// `q [b, heads, n, d]`, `k` and `v` `[b, kv_heads, m, d]`, each of whose heads serves as many heads of
/// queries; the result is `[b, heads, n, d]`. What a query gives that sees nothing at all is not said:
/// no number on a processor, zeros on a card.
///
/// # Errors
/// If shapes do not fit.
pub fn sdpa(q: &Tensor, k: &Tensor, v: &Tensor, mask: Mask<'_>) -> Result<Tensor> {
    if widens(q) {
        let [q_wide, k, v] = [q, k, v].map(|x| x.to_dtype(DType::F32));
        return sdpa(&q_wide?, &k?, &v?, mask)?.to_dtype(q.dtype());
    }
    stop::check()?;
    let (batch, heads, queries, head_dim) = q.dims4()?;
    let (kv_heads, keys) = (k.dim(1)?, k.dim(2)?);
    let scale = 1.0 / (head_dim as f64).sqrt();
    let additive = match mask {
        Mask::Full => None,
        Mask::Additive(mask) => Some(mask),
    };
    #[cfg(feature = "cuda")]
    if q.device().is_cuda() {
        let variant = Variant::of(cuda::capability()?, keys, additive.is_some());
        if let Some(made) = cuda::attention::attend(q, k, v, additive, variant)? {
            return Ok(made);
        }
    }
    if let Some(unit) = tiles::wanted(Rounding::Bf16)
        && q.device().is_cpu()
    {
        let scores = (batch * heads * queries * keys) as f64;
        let numbers = (2 * batch * head_dim * (heads * queries + kv_heads * keys)) as f64;
        let made = profile::count(
            || format!("attention of {heads} x {queries} to {keys}"),
            (4.0 * scores * head_dim as f64, 4.0 * numbers),
            || tiles::attention::attend(unit, (q, k, v), scale, additive),
        );
        if let Some(made) = made? {
            return Ok(made);
        }
    }
    let shared = |x: &Tensor| {
        if kv_heads == heads {
            return Ok(x.clone());
        }
        let group = heads.checked_div(kv_heads).unwrap_or(0);
        let each = (batch, kv_heads, group, keys, head_dim);
        x.unsqueeze(2)?.expand(each)?.reshape((batch, heads, keys, head_dim))
    };
    let (k, v) = (&shared(k)?, &shared(v)?);
    // Scaling the queries costs less than scaling the scores.
    let q = (q * scale)?.contiguous()?;
    let k_t = k.t()?.contiguous()?;
    let v = v.contiguous()?;
    let block = (MAX_SCORES / (batch * heads * keys).max(1)).clamp(1, queries.max(1));
    if block >= queries {
        return attend(&q, &k_t, &v, mask);
    }
    let mut outputs = Vec::with_capacity(queries.div_ceil(block));
    for start in (0..queries).step_by(block) {
        let length = block.min(queries - start);
        let q = q.narrow(2, start, length)?.contiguous()?;
        outputs.push(match mask {
            Mask::Full => attend(&q, &k_t, &v, mask)?,
            Mask::Additive(mask) if mask.dim(D::Minus2)? == 1 => {
                attend(&q, &k_t, &v, Mask::Additive(mask))?
            }
            Mask::Additive(mask) => {
                let rows = mask.narrow(D::Minus2, start, length)?;
                attend(&q, &k_t, &v, Mask::Additive(&rows))?
            }
        });
    }
    Tensor::cat(&outputs, 2)
}

/// As [`sdpa`] where `runs` of queries, one after the other, have a bias of their own on the keys.
/// Without runs there is no bias at all.
///
/// # Errors
/// If shapes do not fit, or the runs are not all queries.
pub fn sdpa_in_runs(q: &Tensor, k: &Tensor, v: &Tensor, runs: &[QueryRun]) -> Result<Tensor> {
    if runs.is_empty() {
        return sdpa(q, k, v, Mask::Full);
    }
    let (count, queries) = (runs.iter().map(|run| run.count).sum::<usize>(), q.dim(2)?);
    if count != queries {
        candle_core::bail!("the runs have {count} queries, there are {queries}");
    }
    let mut outputs = Vec::with_capacity(runs.len());
    let mut start = 0;
    // A bias of each run is a row of keys; one of each query would be as large as the scores.
    for QueryRun { count, bias } in runs {
        let q = q.narrow(2, start, *count)?;
        outputs.push(sdpa(&q, k, v, bias.as_ref().map_or(Mask::Full, Mask::Additive))?);
        start += count;
    }
    Tensor::cat(&outputs, 2)
}

fn attend(q: &Tensor, k_t: &Tensor, v: &Tensor, mask: Mask<'_>) -> Result<Tensor> {
    let scores = q.matmul(k_t)?;
    let scores = match mask {
        Mask::Full => scores,
        Mask::Additive(mask) => scores.broadcast_add(&mask.to_dtype(scores.dtype())?)?,
    };
    candle_nn::ops::softmax_last_dim(&scores)?.matmul(v)
}

/// The mask of a language model: a query sees itself and what stands before it, but no padding.
///
/// `padding[row][key]` says whether a key is padding; the result is `[b, 1, n, n]` in f32.
///
/// # Errors
/// If the device has no memory.
pub fn causal_mask(padding: &[Vec<bool>], device: &candle_core::Device) -> Result<Tensor> {
    let batch = padding.len();
    let length = padding.first().map_or(0, Vec::len);
    let mut mask = Vec::with_capacity(batch * length * length);
    for row in padding {
        for query in 0..length {
            mask.extend(
                (0..length).map(
                    |key| {
                        if key <= query && !row[key] { 0f32 } else { f32::NEG_INFINITY }
                    },
                ),
            );
        }
    }
    Tensor::from_vec(mask, (batch, 1, length, length), device)?.to_dtype(DType::F32)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn wave(shape: (usize, usize, usize, usize), step: f32) -> Tensor {
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * step).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn blocks_of_queries_give_what_one_product_gives() {
        let (q, k, v) =
            (wave((2, 3, 50, 8), 0.7), wave((2, 3, 60, 8), 0.3), wave((2, 3, 60, 8), 0.9));
        let whole = sdpa(&q, &k, &v, Mask::Full).unwrap();
        for start in (0..50).step_by(7) {
            let length = 7.min(50 - start);
            let part = sdpa(&q.narrow(2, start, length).unwrap(), &k, &v, Mask::Full).unwrap();
            let difference =
                (whole.narrow(2, start, length).unwrap() - part).unwrap().abs().unwrap();
            assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-6);
        }
    }

    #[test]
    fn runs_of_queries_have_a_bias_of_their_own_and_without_runs_there_is_none() {
        let (q, k, v) = (wave((2, 3, 5, 8), 0.7), wave((2, 3, 4, 8), 0.3), wave((2, 3, 4, 8), 0.9));
        let bits = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let full = sdpa(&q, &k, &v, Mask::Full).unwrap();
        assert_eq!(bits(&sdpa_in_runs(&q, &k, &v, &[]).unwrap()), bits(&full));

        let bias = Tensor::new(&[0f32, f32::NEG_INFINITY, 0.0, 0.0], &Device::Cpu).unwrap();
        let bias = Some(bias.reshape((1, 1, 1, 4)).unwrap());
        let runs = [QueryRun { count: 2, bias }, QueryRun { count: 3, bias: None }];
        let biased = sdpa_in_runs(&q, &k, &v, &runs).unwrap();
        assert_eq!(
            bits(&biased.narrow(2, 2, 3).unwrap()),
            bits(&full.narrow(2, 2, 3).unwrap()),
            "these queries have no bias"
        );
        let left = |x: &Tensor| {
            Tensor::cat(&[x.narrow(2, 0, 1).unwrap(), x.narrow(2, 2, 2).unwrap()], 2).unwrap()
        };
        let without = sdpa(&q, &left(&k), &left(&v), Mask::Full).unwrap().narrow(2, 0, 2).unwrap();
        let difference = (biased.narrow(2, 0, 2).unwrap() - without).unwrap().abs().unwrap();
        assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-6, "a key is left");

        assert!(sdpa_in_runs(&q, &k, &v, &runs[..1]).is_err(), "three queries have no run");
    }

    #[test]
    fn a_causal_query_sees_neither_the_future_nor_padding() {
        let mask = causal_mask(&[vec![false, true, false]], &Device::Cpu).unwrap();
        let rows = mask.squeeze(0).unwrap().squeeze(0).unwrap().to_vec2::<f32>().unwrap();
        let seen: Vec<Vec<bool>> =
            rows.iter().map(|row| row.iter().map(|v| *v == 0.0).collect()).collect();
        assert_eq!(
            seen,
            [[true, false, false], [true, false, false], [true, false, true]].map(Vec::from)
        );
    }
}
