//! Attention of one head at a time, its two products in bf16 and the softmax between them in f32.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::{Packed, STEP, rounded};

/// Queries that are attended to at a time: their scores stay in a cache.
const QUERIES: usize = 128;

/// An additive mask, `[b or 1, 1, queries or 1, keys]`.
struct Bias {
    values: Vec<f32>,
    batches: usize,
    queries: usize,
    keys: usize,
}

impl Bias {
    fn new(mask: &Tensor) -> Result<Option<Self>> {
        let (batches, heads, queries, keys) = mask.dims4()?;
        if heads != 1 {
            return Ok(None);
        }
        let values = mask.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()?;
        Ok(Some(Self { values, batches, queries, keys }))
    }

    fn row(&self, batch: usize, query: usize) -> &[f32] {
        let row = batch.min(self.batches - 1) * self.queries + query.min(self.queries - 1);
        &self.values[row * self.keys..][..self.keys]
    }
}

/// `softmax(q · kᵀ + mask) · v` for `q [b, heads, n, d]`, scaled already, and `k`, `v`
/// `[b, heads, m, d]`, all in f32; `None` where the shapes are not for these units.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
) -> Result<Option<Tensor>> {
    let (batch, heads, n, d) = q.dims4()?;
    let m = k.dim(2)?;
    let bias = match mask.map(Bias::new).transpose()? {
        Some(None) => return Ok(None),
        bias => bias.flatten(),
    };
    let fits_mask = bias.as_ref().is_none_or(|bias| {
        bias.keys == m
            && (bias.queries == 1 || bias.queries == n)
            && (bias.batches == 1 || bias.batches == batch)
    });
    if !d.is_multiple_of(STEP) || !fits_mask || m == 0 {
        return Ok(None);
    }
    let [q, k, v] = [q, k, v].map(|x| x.contiguous()?.flatten_all()?.to_vec1::<f32>());
    let (q, k, v) = (q?, k?, v?);
    let mut out = vec![0f32; batch * heads * n * d];
    out.par_chunks_mut(n * d).enumerate().for_each(|(head, out)| {
        let of = |x: &[f32], length: usize| x[head * length * d..][..length * d].to_vec();
        let keys = Keys::new(of(&k, m), &of(&v, m), m, d);
        let q = of(&q, n);
        out.par_chunks_mut(QUERIES * d).enumerate().for_each(|(block, out)| {
            let start = block * QUERIES;
            let count = out.len() / d;
            let bias = |row: usize| bias.as_ref().map(|bias| bias.row(head / heads, start + row));
            keys.attend(&q[start * d..][..count * d], &bias, out);
        });
    });
    Tensor::from_vec(out, (batch, heads, n, d), &candle_core::Device::Cpu).map(Some)
}

/// What a head's queries look at, rounded; keys are padded to a multiple of [`STEP`].
struct Keys {
    keys: Vec<u8>,   // [padded, d]
    values: Vec<u8>, // [d, padded]
    count: usize,
    padded: usize,
    d: usize,
}

impl Keys {
    fn new(mut keys: Vec<f32>, values: &[f32], count: usize, d: usize) -> Self {
        let padded = count.next_multiple_of(STEP);
        keys.resize(padded * d, 0.0);
        let mut turned = vec![0f32; d * padded];
        for (row, value) in values.chunks_exact(d).enumerate() {
            for (channel, value) in value.iter().enumerate() {
                turned[channel * padded + row] = *value;
            }
        }
        Self { keys: rounded(&keys), values: rounded(&turned), count, padded, d }
    }

    fn attend<'a>(&self, q: &[f32], bias: &dyn Fn(usize) -> Option<&'a [f32]>, out: &mut [f32]) {
        let rows = q.len() / self.d;
        let mut scores = vec![0f32; rows * self.padded];
        Packed::new(q, rows, self.d).product(&self.keys, self.padded, &mut scores, self.padded, 0);
        let mut sums = Vec::with_capacity(rows);
        for (row, scores) in scores.chunks_exact_mut(self.padded).enumerate() {
            let (scores, padding) = scores.split_at_mut(self.count);
            padding.fill(0.0);
            if let Some(bias) = bias(row) {
                scores.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias);
            }
            sums.push(exponentials(scores));
        }
        Packed::new(&scores, rows, self.padded).product(&self.values, self.d, out, self.d, 0);
        for (out, sum) in out.chunks_exact_mut(self.d).zip(sums) {
            out.iter_mut().for_each(|value| *value /= sum);
        }
    }
}

/// Replaces scores by their exponentials, relative to the largest; gives their sum.
fn exponentials(scores: &mut [f32]) -> f32 {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |most, score| most.max(*score));
    // A row that sees nothing is a row of nothing, as in the exact softmax: not a number.
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    scores.iter().sum()
}

/// `eˣ` for x ≤ 0, to seven digits: a power of two times a polynomial, without branches so that
/// compilers make vectors of it. Coefficients: the Taylor series over ±ln 2 / 2.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Below, the result is smaller than any number that counts beside 1.
    let x = if x < -87.0 { -87.0 } else { x };
    let whole = (x * std::f32::consts::LOG2_E + 0.5).floor();
    // ln 2 in two parts, so that the difference is exact.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (1.0 / 6.0
                                + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    series * f32::from_bits(((whole as i32 + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::attention::{Mask, causal_mask, sdpa};

    #[test]
    fn exponentials_are_right_to_seven_digits() {
        for step in 0..8700 {
            let x = -step as f32 / 100.0;
            let (made, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((made / expected - 1.0).abs() < 3e-7, "{x}: {made} is not {expected}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn attention_is_close_to_the_exact_one() {
        if !super::super::is_available() {
            return;
        }
        let wave = |n: usize, step: f32| {
            let values: Vec<f32> = (0..2 * 3 * n * 64).map(|i| (i as f32 * step).sin()).collect();
            Tensor::from_vec(values, (2, 3, n, 64), &Device::Cpu).unwrap()
        };
        let padding = [vec![false; 45], [vec![false; 40], vec![true; 5]].concat()];
        let causal = causal_mask(&padding, &Device::Cpu).unwrap();
        for (n, m, mask) in [(300, 77, None), (45, 45, Some(&causal)), (1, 32, None)] {
            let (q, k, v) = (wave(n, 0.7), wave(m, 0.3), wave(m, 0.9));
            let exact = sdpa(&q, &k, &v, mask.map_or(Mask::Full, Mask::Additive)).unwrap();
            let made = attend(&(q / 8.0).unwrap(), &k, &v, mask).unwrap().expect("it fits");
            let far = (made - exact).unwrap().abs().unwrap();
            let far = far.max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(far < 0.02, "{far} at {n} queries and {m} keys");
        }
    }
}
