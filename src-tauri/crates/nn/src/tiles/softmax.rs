//! From scores to weights, a few queries at a time, while units for tiles are busy with others.

use std::ops::Range;

use super::{
    PANEL, ROW, ROWS, SUMS, TILE,
    lines::{self, Line},
};
use crate::vectors::{power, sum, widest};

/// Keys that a panel is compared with at a time. With 64, sums are read and written again too often.
pub(super) const KEYS: usize = 256;
/// Blocks of 32 of these.
pub(super) const BLOCKS: usize = KEYS / PANEL;
/// Scores or sums of a panel by a panel.
pub(super) const NUMBERS: usize = SUMS / 4;
/// By how many powers of two weights may grow beyond one before all that was added up is scaled anew.
const SLACK: f32 = 8.0;
/// As many that weights may be away from one, both ways, without losing any that count.
const REACH: f32 = 60.0;

/// What is known of the weights of a panel's queries so far.
#[derive(Clone)]
pub(super) struct Known {
    /// The score of which the weight is one: about the largest, or not too far from it.
    one: [f32; PANEL],
    /// Whether that is for good.
    is_bounded: bool,
    /// Sums of weights.
    totals: [[f32; ROWS]; PANEL],
}

/// A panel of queries beside some keys: two of them are on their way at a time.
#[derive(Default)]
pub(super) struct Lane {
    /// `[blocks, 2, 2, 16, 16]`.
    pub(super) scores: Vec<Line>,
    /// In tiles.
    pub(super) weights: Vec<Line>,
    /// What the sums of keys before are to be multiplied by.
    pub(super) factors: [f32; PANEL],
}

impl Known {
    /// Of a panel's queries: from their lengths and that of the `longest` key, if no bias comes to what
    /// they give; no product is larger than that of the lengths. `scale` goes from scores to powers of two.
    pub(super) fn new(q: &[f32], d: usize, longest: Option<f32>, scale: f32) -> Self {
        let mut one = [f32::NEG_INFINITY; PANEL];
        let is_bounded = longest.is_some_and(|longest| {
            q.chunks_exact(d).zip(&mut one).all(|(q, one)| {
                let most = length(q) * longest;
                *one = most - REACH / scale;
                // What is not a number is not.
                most * scale <= REACH
            })
        });
        let one = if is_bounded { one } else { [f32::NEG_INFINITY; PANEL] };
        Self { one, is_bounded, totals: [[0.0; ROWS]; PANEL] }
    }

    /// What a query's sums are to be multiplied by at last; not a number if it sees nothing.
    pub(super) fn share(&self, line: usize) -> f32 {
        let is_blind = self.one[line] == f32::NEG_INFINITY;
        if is_blind { f32::NAN } else { 1.0 / self.totals[line].iter().sum::<f32>() }
    }
}

impl Lane {
    pub(super) fn prepare(&mut self) {
        lines::reserve(&mut self.scores, BLOCKS * SUMS);
        lines::reserve(&mut self.weights, 2 * BLOCKS * TILE);
    }
}

/// Where 16 numbers of a row are in `[2, 2, 16, 16]`.
#[inline(always)]
pub(super) fn place(line: usize, side: usize) -> usize {
    (line / ROWS * 2 + side) * ROWS * ROWS + line % ROWS * ROWS
}

/// Scores on their way to weights, a few queries at a time.
pub(super) struct Softening<'a> {
    known: &'a mut Known,
    lane: &'a mut Lane,
    /// From scores to powers of two.
    scale: f32,
    /// Queries that there are, and those that are done.
    count: usize,
    done: usize,
}

impl<'a> Softening<'a> {
    /// `bias` has what is added to scores of a query from the lane's first key on, or nothing. `scale` is
    /// that of the scores, `size` how many queries and keys there are.
    pub(super) fn new<'b>(
        known: &'a mut Known,
        lane: &'a mut Lane,
        scale: f32,
        (count, keys): (usize, usize),
        bias: impl Fn(usize) -> &'b [f32],
    ) -> Self {
        let (blocks, _) = lines::numbers_mut(&mut lane.scores).as_chunks_mut::<NUMBERS>();
        let inverse = 1.0 / scale;
        for line in 0..count {
            for (at, bias) in bias(line).chunks(ROWS).enumerate().take(KEYS / ROWS) {
                let scores = &mut blocks[at / 2][place(line, at % 2)..][..ROWS];
                // Scaled later, but for the bias, which is not.
                scores.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias * inverse);
            }
            // Padding is not seen.
            for key in keys..KEYS {
                let side = place(line, key % PANEL / ROWS);
                blocks[key / PANEL][side + key % ROWS] = f32::NEG_INFINITY;
            }
        }
        lane.factors = [1.0; PANEL];
        Self { known, lane, scale: scale * std::f32::consts::LOG2_E, count, done: 0 }
    }

    /// Some more queries.
    pub(super) fn advance(&mut self, queries: usize) {
        let these = self.done..self.count.min(self.done + queries);
        if !these.is_empty() {
            self.done = these.end;
            match self.known.is_bounded {
                true => weigh(self.lane, self.known, these, self.scale),
                false => soften(self.lane, self.known, these, self.scale),
            }
        }
    }
}

widest!(
    /// The weights of some queries' scores: two to the power of `scale` times their distance to the largest.
    soften(lane: &mut Lane, known: &mut Known, lines: Range<usize>, scale: f32),
    soften_lines
);
widest!(
    /// As [`soften`], of scores whose largest is near enough to what is known.
    weigh(lane: &mut Lane, known: &mut Known, lines: Range<usize>, scale: f32),
    weigh_lines
);
widest!(
    /// A panel's sums, `[blocks, 2, 2, 16, 16]`, times a factor for every query.
    scale(sums: &mut [f32], factors: &[f32; PANEL]),
    scale_lines
);
widest!(length(numbers: &[f32]) -> f32, length_of);

#[inline(always)]
fn soften_lines(lane: &mut Lane, known: &mut Known, lines: Range<usize>, scale: f32) {
    soften_each::<false>(lane, known, lines, scale);
}

#[inline(always)]
fn weigh_lines(lane: &mut Lane, known: &mut Known, lines: Range<usize>, scale: f32) {
    soften_each::<true>(lane, known, lines, scale);
}

#[inline(always)]
fn soften_each<const IS_BOUNDED: bool>(
    lane: &mut Lane,
    known: &mut Known,
    lines: Range<usize>,
    scale: f32,
) {
    let (scores, _) = lines::numbers(&lane.scores).as_chunks::<NUMBERS>();
    let (tiles, _) = lines::bytes_mut(&mut lane.weights).as_chunks_mut::<TILE>();
    for line in lines {
        let sides = [place(line, 0), place(line, 1)];
        let mut vectors = [[0f32; ROWS]; 2 * BLOCKS];
        for (block, pair) in scores.iter().zip(vectors.as_chunks_mut::<2>().0) {
            for (side, vector) in sides.into_iter().zip(pair) {
                vector.copy_from_slice(&block[side..][..ROWS]);
            }
        }
        let mut one = known.one[line];
        let mut total = known.totals[line];
        if !IS_BOUNDED {
            let largest = largest(&vectors);
            let grows = (largest - one) * scale > SLACK;
            let factor = if grows { power((one - largest) * scale) } else { 1.0 };
            one = if grows { largest } else { one };
            (known.one[line], lane.factors[line]) = (one, factor);
            total = total.map(|total| total * factor);
            // Where nothing is seen yet, weights are as good as nothing.
            one = if one == f32::NEG_INFINITY { 0.0 } else { one };
        }
        let offset = -one * scale;
        for (block, [low, high]) in vectors.as_chunks::<2>().0.iter().enumerate() {
            // Number beside number, as values lie too.
            let mut words = [0u32; ROWS];
            for i in 0..ROWS {
                let low = power(low[i].mul_add(scale, offset));
                let high = power(high[i].mul_add(scale, offset));
                total[i] += low + high;
                words[i] = half(low) >> 16 | half(high) & 0xffff_0000;
            }
            tiles[line / ROWS * BLOCKS + block][line % ROWS * ROW..][..ROW]
                .copy_from_slice(bytemuck::cast_slice(&words));
        }
        known.totals[line] = total;
    }
}

#[inline(always)]
fn length_of(numbers: &[f32]) -> f32 {
    sum(numbers, |number| number * number).sqrt()
}

/// A number whose upper 16 bits are the nearest bf16; what is not a number stays so.
#[inline(always)]
fn half(number: f32) -> u32 {
    number.to_bits().wrapping_add(0x8000)
}

/// The largest of all. Where one is not a number, so is every weight of the row, whatever this gives.
#[inline(always)]
fn largest(vectors: &[[f32; ROWS]; 2 * BLOCKS]) -> f32 {
    let mut most = vectors[0];
    for vector in &vectors[1..] {
        for i in 0..ROWS {
            most[i] = if vector[i] > most[i] { vector[i] } else { most[i] };
        }
    }
    let mut width = ROWS / 2;
    while width > 0 {
        for i in 0..width {
            most[i] = if most[i + width] > most[i] { most[i + width] } else { most[i] };
        }
        width /= 2;
    }
    most[0]
}

#[inline(always)]
fn scale_lines(sums: &mut [f32], factors: &[f32; PANEL]) {
    for sums in sums.as_chunks_mut::<NUMBERS>().0 {
        for (line, factor) in factors.iter().enumerate() {
            for side in 0..2 {
                sums[place(line, side)..][..ROWS].iter_mut().for_each(|sum| *sum *= factor);
            }
        }
    }
}
