//! Attention, 32 queries of a head at a time: products in bf16, the softmax between them in f32.
#![expect(unsafe_code, reason = "threads write heads of their own in every row of the result")]

use std::cell::RefCell;

use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::*;

use super::{
    PANEL, ROW, ROWS, Rounding, SUMS, TILE, Unit,
    finish::Out,
    left,
    lines::{self, Line},
    right::{turn, upright},
    rounding::halve,
    softmax::{BLOCKS, KEYS, Known, Lane, NUMBERS, Softening, length, place, scale},
};
use crate::slices::{buffer, read};

/// Panels of queries that a thread takes at a time.
const PANELS: usize = 12;
/// Keys that all panels of a thread are compared with before the next ones: with their values, within a
/// core's second cache.
const SPAN: usize = 768;
/// Steps of products between two pieces of softmax, and queries in such a piece: what a processor can look
/// ahead.
const STEPS: usize = 2;
const QUERIES: usize = 2;
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
    let keys = read(k, |k| read(v, |v| Keys::new(k, v, (batch * kv_heads, m, d))))??;
    let mut out = buffer(batch * n * heads * d);
    let place = Out(out.as_mut_ptr());
    let blocks = n.div_ceil(PANELS * PANEL);
    read(q, |q| {
        let place = &place;
        (0..batch * heads * blocks).into_par_iter().for_each(|task| {
            let (row, block) = (task / blocks, task % blocks);
            let (batch, head) = (row / heads, row % heads);
            let keys = keys.head(batch * kv_heads + head / (heads / kv_heads));
            SCRATCH.with_borrow_mut(|scratch| {
                unit.with(|| {
                    let first = block * PANELS * PANEL;
                    let count = n.min(first + PANELS * PANEL) - first;
                    let q = &q[(row * n + first) * d..][..count * d];
                    let bias =
                        |line: usize| bias.as_ref().map(|bias| bias.row(batch, first + line));
                    let task = Task { unit, keys, scale: scale as f32, bias: &bias, count };
                    task.run(q, scratch, &|line| {
                        let row = (batch * n + first + line) * heads + head;
                        // SAFETY: inside the result; this head of this row is this thread's, and it
                        // has but one of these at a time.
                        unsafe { std::slice::from_raw_parts_mut(place.0.add(row * d), d) }
                    });
                });
            });
        });
    })?;
    // Heads stand side by side in memory already, where the next product wants them.
    Tensor::from_vec(out, (batch, n, heads, d), &Device::Cpu)?.transpose(1, 2).map(Some)
}

/// What a thread needs for its queries, kept for the next ones.
#[derive(Default)]
struct Scratch {
    /// Of every panel: its tiles, the sums of values, `[d / 32, 2, 2, 16, 16]`, and what is known so far.
    queries: Vec<Line>,
    sums: Vec<Line>,
    known: Vec<Known>,
    lanes: [Lane; 2],
    row: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What queries look at, in tiles, head after head.
struct Keys {
    tiles: Vec<Line>,
    /// Of every head, the length of the longest key.
    longest: Vec<f32>,
    count: usize,
    d: usize,
}

/// One head of them.
#[derive(Clone, Copy)]
struct Head<'a> {
    /// By 16 keys, then by 32 numbers of each.
    keys: &'a [u8],
    /// By 16 numbers of each key, then by 32 keys.
    values: &'a [u8],
    longest: f32,
    count: usize,
    d: usize,
}

impl Keys {
    /// `keys` and `values [heads, count, d]`. All in one piece of memory, which is kept for the next time.
    fn new(keys: &[f32], values: &[f32], (heads, count, d): (usize, usize, usize)) -> Self {
        let (of_keys, of_values) = Self::sizes(count, d);
        let mut tiles = lines::unwritten(heads * (of_keys + of_values));
        let longest = lines::bytes_mut(&mut tiles)
            .par_chunks_mut(of_keys + of_values)
            .zip(keys.par_chunks(count * d).zip(values.par_chunks(count * d)))
            .map_init(Vec::new, |rows, (tiles, (keys, values))| {
                let (key_tiles, value_tiles) = tiles.split_at_mut(of_keys);
                let width = d.next_multiple_of(Rounding::Bf16.step()) * 2;
                rows.resize(ROWS * width, 0u8);
                for (at, tiles) in key_tiles.chunks_exact_mut(ROWS * width).enumerate() {
                    rows.fill(0);
                    let keys = keys.chunks_exact(d).skip(at * ROWS);
                    for (key, row) in keys.zip(rows.chunks_exact_mut(width)) {
                        halve(key, row);
                    }
                    turn(rows, width, width / ROW, tiles);
                }
                upright(values, d, count.next_multiple_of(KEYS) / PANEL, value_tiles);
                keys.chunks_exact(d)
                    .map(length)
                    .fold(0.0, |most, length| if length > most { length } else { most })
            })
            .collect();
        Self { tiles, longest, count, d }
    }

    /// Bytes of a head's keys and values.
    fn sizes(count: usize, d: usize) -> (usize, usize) {
        let count = count.next_multiple_of(KEYS);
        let width = d.next_multiple_of(Rounding::Bf16.step());
        (count * width * 2, count * d.next_multiple_of(ROWS) * 2)
    }

    fn head(&self, at: usize) -> Head<'_> {
        let (of_keys, of_values) = Self::sizes(self.count, self.d);
        let bytes = &lines::bytes(&self.tiles)[at * (of_keys + of_values)..];
        let (keys, values) = bytes[..of_keys + of_values].split_at(of_keys);
        Head { keys, values, longest: self.longest[at], count: self.count, d: self.d }
    }
}

/// Some queries of a head.
struct Task<'a> {
    unit: Unit,
    keys: Head<'a>,
    scale: f32,
    bias: &'a (dyn Fn(usize) -> Option<&'a [f32]> + 'a),
    count: usize,
}

/// A panel of queries beside some keys, the first of which is a multiple of [`KEYS`].
#[derive(Clone, Copy)]
struct Turn {
    panel: usize,
    key: usize,
}

impl Task<'_> {
    /// While tiles' units make the scores of one turn and the sums of the last but one, vector units make
    /// weights of the one between. Weights are relative to the largest score so far (FlashAttention, Dao et
    /// al. 2022), and sums scaled anew only where that grows much.
    fn run<'a>(&self, q: &[f32], scratch: &mut Scratch, out: &dyn Fn(usize) -> &'a mut [f32]) {
        self.prepare(q, scratch);
        let Scratch { queries, sums, known, lanes: [even, odd], .. } = scratch;
        let (mut here, mut there) = (even, odd);
        let panels = self.count.div_ceil(PANEL);
        let turns = (0..self.keys.count).step_by(SPAN).flat_map(|span| {
            let keys = span..self.keys.count.min(span + SPAN);
            (0..panels).flat_map(move |panel| {
                keys.clone().step_by(KEYS).map(move |key| Turn { panel, key })
            })
        });
        let (mut before, mut last) = (None, None);
        for next in turns.map(Some).chain([None, None]) {
            let mut softening =
                before.map(|turn: Turn| self.soften(turn, &mut known[turn.panel], &mut *there));
            let mut between = || {
                if let Some(softening) = &mut softening {
                    softening.advance(QUERIES);
                }
            };
            if let Some(turn) = next {
                self.score(turn, queries, &mut here.scores, &mut between);
            }
            if let Some(turn) = last {
                self.sum(turn, here, sums, &mut between);
            }
            if let Some(mut softening) = softening {
                softening.advance(PANEL);
            }
            if let Some(Turn { panel, key }) = last
                && key + KEYS >= self.keys.count
            {
                self.write(panel, sums, &known[panel], out);
            }
            (last, before) = (before, next);
            std::mem::swap(&mut here, &mut there);
        }
    }

    /// Makes room, and tiles of the queries.
    fn prepare(&self, q: &[f32], scratch: &mut Scratch) {
        let Scratch { queries, sums, known, lanes, row } = scratch;
        let (d, panels) = (self.keys.d, self.count.div_ceil(PANEL));
        let steps = self.steps();
        lines::reserve(queries, panels * 2 * steps * TILE);
        lines::reserve(sums, panels * self.sum_lines() * ROW);
        for lane in lanes {
            lane.prepare();
        }
        known.clear();
        let longest = (self.bias)(0).is_none().then_some(self.keys.longest);
        let scale = self.scale * std::f32::consts::LOG2_E;
        known.extend(q.chunks(PANEL * d).map(|q| Known::new(q, d, longest, scale)));
        row.clear();
        row.resize(steps * ROW, 0);
        let all = lines::bytes_mut(queries);
        for (tile, q) in q.chunks(ROWS * d).enumerate() {
            left::fill(q, d, Rounding::Bf16, row, &mut all[tile * steps * TILE..], |_, _, _| ());
        }
    }

    /// Tiles of a key or a query.
    fn steps(&self) -> usize {
        self.keys.d.div_ceil(Rounding::Bf16.step())
    }

    /// Lines of a panel's sums.
    fn sum_lines(&self) -> usize {
        self.keys.d.div_ceil(PANEL) * (SUMS / ROW)
    }

    fn score(&self, turn: Turn, queries: &[Line], scores: &mut [Line], between: &mut dyn FnMut()) {
        let size = self.steps() * TILE;
        let queries = &lines::bytes(queries)[turn.panel * 2 * size..];
        let left = [&queries[..size], &queries[size..]];
        for (block, scores) in scores.chunks_exact_mut(SUMS / ROW).take(BLOCKS).enumerate() {
            let first = turn.key / ROWS + 2 * block;
            let right = [0, 1].map(|tile| &self.keys.keys[(first + tile) * size..]);
            self.unit.halves(left, right, self.steps(), (scores, false), (STEPS, &mut *between));
        }
    }

    fn soften<'a>(&self, turn: Turn, known: &'a mut Known, lane: &'a mut Lane) -> Softening<'a> {
        let first = turn.panel * PANEL;
        let size = (PANEL.min(self.count - first), self.keys.count - turn.key);
        Softening::new(known, lane, self.scale, size, |line| {
            (self.bias)(first + line).map_or(&[], |bias| &bias[turn.key..])
        })
    }

    /// Adds the values of a turn's keys by their weights to what the keys before gave.
    fn sum(&self, turn: Turn, lane: &Lane, sums: &mut [Line], between: &mut dyn FnMut()) {
        let weights = lines::bytes(&lane.weights);
        let left = [&weights[..BLOCKS * TILE], &weights[BLOCKS * TILE..]];
        let sums = &mut sums[turn.panel * self.sum_lines()..][..self.sum_lines()];
        let is_first = turn.key == 0;
        if !is_first && lane.factors != [1.0; PANEL] {
            scale(lines::numbers_mut(sums), &lane.factors);
        }
        let all = self.keys.count.next_multiple_of(KEYS) / PANEL;
        for (column, sums) in sums.chunks_exact_mut(SUMS / ROW).enumerate() {
            // A last tile of 16 columns is taken twice.
            let tile = |side: usize| (2 * column + side).min(self.keys.d.div_ceil(ROWS) - 1);
            let place = |side: usize| (tile(side) * all + turn.key / PANEL) * TILE;
            let right = [0, 1].map(|side| &self.keys.values[place(side)..]);
            let sums = (sums, !is_first);
            self.unit.halves(left, right, BLOCKS, sums, (STEPS, &mut *between));
        }
    }

    /// A panel's results, when all keys are through.
    fn write<'a>(
        &self,
        panel: usize,
        sums: &[Line],
        known: &Known,
        out: &dyn Fn(usize) -> &'a mut [f32],
    ) {
        let first = panel * PANEL;
        let sums = lines::numbers(&sums[panel * self.sum_lines()..]);
        for line in 0..PANEL.min(self.count - first) {
            let by = known.share(line);
            for (column, out) in out(first + line)[..self.keys.d].chunks_mut(ROWS).enumerate() {
                let sums = &sums[column / 2 * NUMBERS + place(line, column % 2)..];
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum * by);
            }
        }
    }
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
        let long = [vec![false; 1600], [vec![false; 1590], vec![true; 10]].concat()];
        let long = causal_mask(&long, &Device::Cpu).unwrap();
        let late = [vec![f32::NEG_INFINITY; 1800], vec![0.5; 1400]].concat();
        let late = Tensor::from_vec(late, (1, 1, 1, 3200), &Device::Cpu).unwrap();
        for unit in Unit::all(Rounding::Bf16) {
            for (n, m, d, mask) in [
                (300, 77, 64, None),
                (45, 45, 128, Some(&causal)),
                (1, 32, 64, None),
                (33, 1, 40, None),
                (64, 130, 16, None),
                // More keys than are looked at at a time.
                (40, 3200, 32, None),
                (40, 3200, 32, Some(&late)),
                (1600, 1600, 16, Some(&long)),
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

    #[test]
    fn scores_that_grow_far_and_what_is_no_number_come_through() {
        let (n, m, d) = (40, 700, 64);
        // As the units see them, so that large scores are compared exactly.
        let wave = |rows: usize, step: f32, size: fn(usize) -> f32| {
            let values: Vec<f32> = (0..rows * d)
                .map(|at| half::bf16::from_f32((at as f32 * step).sin() * size(at / d)).to_f32())
                .collect();
            values
        };
        let q = wave(n, 0.7, |_| 6.0);
        let mut k = wave(m, 0.3, |key| 0.2 + key as f32 * 0.02);
        let v = wave(m, 0.9, |_| 1.0);
        let tensor = |values: &[f32]| {
            Tensor::from_slice(values, (1, 1, values.len() / d, d), &Device::Cpu).unwrap()
        };
        for unit in Unit::all(Rounding::Bf16) {
            let attend = |k: &[f32]| {
                let (q, k, v) = (tensor(&q), tensor(k), tensor(&v));
                let exact = sdpa(&q, &k, &v, Mask::Full).unwrap();
                let made = attend(unit, (&q, &k, &v), 0.125, None).unwrap().expect("it fits");
                (made, exact)
            };
            let (made, exact) = attend(&k);
            let far = (made - exact).unwrap().abs().unwrap().max_all().unwrap();
            assert!(far.to_scalar::<f32>().unwrap() < 0.02, "{far} by {unit:?}");
        }
        k[650 * d] = f32::NAN;
        for unit in Unit::all(Rounding::Bf16) {
            let (q, k, v) = (tensor(&q), tensor(&k), tensor(&v));
            let made = attend(unit, (&q, &k, &v), 0.125, None).unwrap().expect("it fits");
            let made = made.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert!(made.iter().all(|number| number.is_nan()), "{unit:?}");
        }
    }
}
