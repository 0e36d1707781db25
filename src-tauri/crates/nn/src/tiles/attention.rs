//! Attention, 32 queries of a head at a time: products in bf16, the softmax between them in f32.
#![expect(unsafe_code, reason = "threads write heads of their own in every row of the result")]

use std::cell::RefCell;

use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::*;

use super::{
    PANEL, ROW, ROWS, Rounding, TILE, Unit, left,
    lines::{self, Line},
    product::Rows,
    right::{Block, upright},
};
use crate::{
    slices::{buffer, read},
    vectors::{exp, widest},
};

/// Panels of queries that a thread takes at a time.
const PANELS: usize = 4;

/// An additive mask, `[b or 1, 1, queries or 1, keys]`.
struct Bias {
    values: Vec<f32>,
    batches: usize,
    queries: usize,
    keys: usize,
}

impl Bias {
    /// `None` if it is not of that shape.
    fn new(mask: &Tensor, (batch, n, m): (usize, usize, usize)) -> Result<Option<Self>> {
        let [batches, heads, queries, keys] = *mask.dims() else { return Ok(None) };
        let fits = heads == 1
            && keys == m
            && (queries == 1 || queries == n)
            && (batches == 1 || batches == batch);
        if !fits {
            return Ok(None);
        }
        let values = mask.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        Ok(Some(Self { values, batches, queries, keys }))
    }

    fn row(&self, batch: usize, query: usize) -> &[f32] {
        let row = batch.min(self.batches - 1) * self.queries + query.min(self.queries - 1);
        &self.values[row * self.keys..][..self.keys]
    }
}

/// `softmax(q · kᵀ · scale + mask) · v` for `q [b, heads, n, d]`, `k` and `v` `[b, kv_heads, m, d]`, each
/// of whose heads serves as many heads of queries, all in f32; `None` where masks are of another shape.
pub(crate) fn attend(
    unit: Unit,
    (q, k, v): (&Tensor, &Tensor, &Tensor),
    scale: f64,
    mask: Option<&Tensor>,
) -> Result<Option<Tensor>> {
    let (batch, heads, n, d) = q.dims4()?;
    let (_, kv_heads, m, _) = k.dims4()?;
    let is_fitting = k.dims() == [batch, kv_heads, m, d] && v.dims() == k.dims();
    if m == 0 || n == 0 || d == 0 || !is_fitting || !heads.is_multiple_of(kv_heads) {
        return Ok(None);
    }
    let bias = match mask.map(|mask| Bias::new(mask, (batch, n, m))).transpose()? {
        Some(None) => return Ok(None),
        bias => bias.flatten(),
    };
    let keys: Vec<Keys> = read(k, |k| {
        read(v, |v| {
            let heads = k.par_chunks(m * d).zip(v.par_chunks(m * d));
            heads.map(|(k, v)| Keys::new(k, v, m, d)).collect()
        })
    })??;
    let mut out = buffer(batch * n * heads * d);
    let place = Out(out.as_mut_ptr());
    let blocks = n.div_ceil(PANELS * PANEL);
    read(q, |q| {
        let place = &place;
        (0..batch * heads * blocks).into_par_iter().for_each(|task| {
            let (row, block) = (task / blocks, task % blocks);
            let (batch, head) = (row / heads, row % heads);
            let keys = &keys[batch * kv_heads + head / (heads / kv_heads)];
            SCRATCH.with_borrow_mut(|scratch| {
                unit.with(|| {
                    let end = n.min((block + 1) * PANELS * PANEL);
                    for start in (block * PANELS * PANEL..end).step_by(PANEL) {
                        let count = PANEL.min(end - start);
                        let q = &q[(row * n + start) * d..][..count * d];
                        let bias =
                            |line: usize| bias.as_ref().map(|bias| bias.row(batch, start + line));
                        keys.attend((unit, scale as f32), q, &bias, scratch, &|line| {
                            let row = (batch * n + start + line) * heads + head;
                            // SAFETY: inside the result; this head of this row is this thread's, and it
                            // has but one of these at a time.
                            unsafe { std::slice::from_raw_parts_mut(place.0.add(row * d), d) }
                        });
                    }
                });
            });
        });
    })?;
    // Heads stand side by side in memory already, where the next product wants them.
    Tensor::from_vec(out, (batch, n, heads, d), &Device::Cpu)?.transpose(1, 2).map(Some)
}

/// Where threads write: each its own head of its own rows.
struct Out(*mut f32);

// SAFETY: threads write disjoint numbers, and nobody reads before all are done.
unsafe impl Sync for Out {}

/// What a thread needs for its queries, kept for the next ones.
#[derive(Default)]
struct Scratch {
    queries: Vec<Line>,
    scores: Vec<Line>,
    weights: Vec<Line>,
    sums: Vec<Line>,
    row: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Rows of numbers as a right factor.
struct Numbers<'a> {
    numbers: &'a [f32],
    columns: usize,
}

impl Rows for Numbers<'_> {
    fn dims(&self) -> (usize, usize) {
        (self.numbers.len() / self.columns, self.columns)
    }

    fn halves(&self, _rows: std::ops::Range<usize>) -> Option<(&[u8], usize)> {
        None
    }

    fn values(
        &self,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        out: &mut [f32],
    ) {
        for (row, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
            out.copy_from_slice(&self.numbers[row * self.columns..][columns.clone()]);
        }
    }
}

/// What a head's queries look at, in tiles.
struct Keys {
    keys: Block,
    values: Vec<Line>,
    count: usize,
    d: usize,
}

impl Keys {
    fn new(keys: &[f32], values: &[f32], count: usize, d: usize) -> Self {
        let mut block = Block::default();
        let rows = Numbers { numbers: keys, columns: d };
        block.fill(&rows, 0..count, 0..d, Rounding::Bf16);
        let mut tiles = Vec::new();
        upright(values, d, &mut tiles);
        Self { keys: block, values: tiles, count, d }
    }

    fn attend<'a>(
        &self,
        (unit, scale): (Unit, f32),
        q: &[f32],
        bias: &dyn Fn(usize) -> Option<&'a [f32]>,
        scratch: &mut Scratch,
        out: &dyn Fn(usize) -> &'a mut [f32],
    ) {
        let Scratch { queries, scores, weights, sums, row } = scratch;
        let (d, blocks) = (self.d, self.count.div_ceil(PANEL));
        let steps = d.div_ceil(Rounding::Bf16.step());
        lines::reserve(queries, 2 * steps * TILE);
        lines::reserve(scores, blocks * 4 * TILE);
        lines::reserve(weights, 2 * blocks * TILE);
        lines::reserve(sums, 4 * TILE);
        row.resize(steps * ROW, 0);
        let all = lines::bytes_mut(queries);
        for (tile, q) in q.chunks(ROWS * d).enumerate() {
            left::fill(q, d, Rounding::Bf16, row, &mut all[tile * steps * TILE..], |_, _, _| ());
        }
        for block in 0..blocks {
            let queries = lines::bytes(queries);
            let left = [&queries[..steps * TILE], &queries[steps * TILE..]];
            let right = [0, 1].map(|tile| self.keys.tiles(2 * block + tile, 0));
            let scores = &mut scores[block * 4 * TILE / ROW..][..4 * TILE / ROW];
            unit.halves(left, right, steps, (scores, false), &mut || ());
        }
        let count = q.len() / d;
        let scores = lines::numbers_mut(scores);
        let mut totals = [0f32; PANEL];
        for (line, total) in totals.iter_mut().enumerate().take(count) {
            let weights = &mut lines::bytes_mut(weights)[line / ROWS * blocks * TILE..];
            *total = soften(scores, line, self.count, scale, bias(line).unwrap_or(&[]), weights);
        }
        for column in (0..d).step_by(PANEL) {
            let weights = lines::bytes(weights);
            let left = [&weights[..blocks * TILE], &weights[blocks * TILE..]];
            // A last tile of 16 columns is taken twice.
            let tile = |side: usize| (column / ROWS + side).min(d.div_ceil(ROWS) - 1);
            let values = lines::bytes(&self.values);
            let right = [0, 1].map(|side| &values[tile(side) * blocks * TILE..]);
            unit.halves(left, right, blocks, (sums, false), &mut || ());
            let sums = lines::numbers_mut(sums);
            for (line, total) in totals.iter().enumerate().take(count) {
                let out = &mut out(line)[column..d.min(column + PANEL)];
                for (side, out) in out.chunks_mut(ROWS).enumerate() {
                    let sums = &sums[(line / ROWS * 2 + side) * 256 + line % ROWS * ROWS..];
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out = sum / total;
                    }
                }
            }
        }
    }
}

widest!(
    /// The exponentials of a query's scores, relative to the largest, as weights in tiles; gives their sum.
    /// Scores are `[keys / 32, 2, 2, 16, 16]` of 32 queries; the bias has a number for each key or none.
    soften(
        scores: &mut [f32], line: usize, count: usize, scale: f32, bias: &[f32], weights: &mut [u8]
    ) -> f32,
    soften_row
);

#[inline(always)]
fn soften_row(
    scores: &mut [f32],
    line: usize,
    count: usize,
    scale: f32,
    bias: &[f32],
    weights: &mut [u8],
) -> f32 {
    // A block of 32 keys has two rows of 16 scores for this query, 256 apart.
    let first = line / 16 * 512 + line % 16 * 16;
    let blocks = count.div_ceil(PANEL);
    let (all, _) = scores.as_chunks_mut::<1024>();
    let sides = |block: &mut [f32; 1024], side: usize| -> [f32; 16] {
        *block[first + side * 256..].first_chunk().unwrap_or(&[0.0; 16])
    };
    if !bias.is_empty() {
        // Scaled later, but for the bias, which is not.
        let inverse = 1.0 / scale;
        for (block, bias) in all.iter_mut().zip(bias.chunks(PANEL)) {
            for (side, bias) in bias.chunks(16).enumerate() {
                let scores = &mut block[first + side * 256..][..16];
                scores.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias * inverse);
            }
        }
    }
    if let Some(last) = all.get_mut(blocks - 1) {
        // Padding is not seen.
        for key in count..blocks * PANEL {
            last[first + key % PANEL / 16 * 256 + key % 16] = f32::NEG_INFINITY;
        }
    }
    let mut most = [f32::NEG_INFINITY; 32];
    for block in all.iter_mut().take(blocks) {
        let (low, high) = (sides(block, 0), sides(block, 1));
        for i in 0..16 {
            most[i] = if low[i] > most[i] { low[i] } else { most[i] };
            most[16 + i] = if high[i] > most[16 + i] { high[i] } else { most[16 + i] };
        }
    }
    let largest = most.iter().fold(f32::NEG_INFINITY, |most, score| most.max(*score));
    let mut sums = [0f32; 16];
    let (tiles, _) = weights.as_chunks_mut::<TILE>();
    for (block, tile) in all.iter_mut().zip(tiles).take(blocks) {
        let Some(out) = tile[line % 16 * ROW..].first_chunk_mut::<ROW>() else { break };
        let (halves, _) = out.as_chunks_mut::<32>();
        for (side, out) in halves.iter_mut().enumerate() {
            let scores = sides(block, side);
            let mut made = [0f32; 16];
            for i in 0..16 {
                made[i] = exp((scores[i] - largest) * scale);
                sums[i] += made[i];
            }
            let mut rounded = [0u16; 16];
            for i in 0..16 {
                // Never infinite, and what is not a number stays so.
                rounded[i] = ((made[i].to_bits() + 0x8000) >> 16) as u16;
            }
            out.copy_from_slice(bytemuck::cast_slice(&rounded));
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::attention::{Mask, causal_mask, sdpa};

    #[test]
    fn attention_is_close_to_the_exact_one() {
        let wave = |heads: usize, n: usize, d: usize, step: f32| {
            let count = 2 * heads * n * d;
            let values: Vec<f32> = (0..count).map(|i| (i as f32 * step).sin()).collect();
            Tensor::from_vec(values, (2, heads, n, d), &Device::Cpu).unwrap()
        };
        let padding = [vec![false; 45], [vec![false; 40], vec![true; 5]].concat()];
        let causal = causal_mask(&padding, &Device::Cpu).unwrap();
        for unit in Unit::all(Rounding::Bf16) {
            for (n, m, d, mask) in [
                (300, 77, 64, None),
                (45, 45, 128, Some(&causal)),
                (1, 32, 64, None),
                (33, 1, 40, None),
                (64, 130, 16, None),
            ] {
                let (q, k, v) = (wave(4, n, d, 0.7), wave(2, m, d, 0.3), wave(2, m, d, 0.9));
                let exact = sdpa(&q, &k, &v, mask.map_or(Mask::Full, Mask::Additive)).unwrap();
                let scale = 1.0 / (d as f64).sqrt();
                let made = attend(unit, (&q, &k, &v), scale, mask).unwrap().expect("it fits");
                let far = (made - exact).unwrap().abs().unwrap();
                let far = far.max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(far < 0.02, "{far} at {n} queries and {m} keys of {d} by {unit:?}");
            }
        }
    }
}
