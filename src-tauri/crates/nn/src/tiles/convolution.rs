//! Convolutions as products: the weights, by what a window of the map holds. No window is laid out: tiles
//! are read where the pixels lie.

use rayon::prelude::*;

use super::{
    Left, PANEL, ROWS, Rounding, SUMS, Unit,
    finish::{Bias, Out, Place, Sums, finish},
    kernels,
    left::Source,
    lines::{self, Line},
    rounding::pair,
};

/// Pixels that a thread takes at a time, with those around them within a core's second cache.
const PIXELS: usize = 512;
/// Steps between two pieces of finishing, and rows in such a piece.
const STEPS: usize = 4;
const LINES: usize = 4;

/// Some rows of a map and where its windows lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// Channels, rows that there are, columns.
    pub(crate) size: (usize, usize, usize),
    /// Numbers from a channel to the next.
    pub(crate) plane: usize,
    /// Rows and columns of windows.
    pub(crate) windows: (usize, usize),
    /// Pixels of a window, each way.
    pub(crate) kernel: usize,
    /// Pixels between windows.
    pub(crate) stride: usize,
    /// The first window's first row and column; before the map if negative.
    pub(crate) first: (isize, isize),
}

/// Weights `[outputs, channels, kernel, kernel]` as the left factor: by 32 channels, padded with zeros,
/// then by a window's pixels.
pub(crate) fn weights(values: &[f32], outputs: usize, channels: usize, kernel: usize) -> Left {
    Left::of(&Weights { values, channels, taps: kernel * kernel }, outputs, Rounding::Bf16)
}

struct Weights<'a> {
    values: &'a [f32],
    channels: usize,
    taps: usize,
}

impl Source for Weights<'_> {
    fn columns(&self) -> usize {
        groups(self.channels) * self.taps * Rounding::Bf16.step()
    }

    fn row<'a>(&'a self, row: usize, place: &'a mut Vec<f32>) -> &'a [f32] {
        let (taps, group) = (self.taps, Rounding::Bf16.step());
        let values = &self.values[row * self.channels * taps..][..self.channels * taps];
        place.resize(self.columns(), 0.0);
        for (turned, values) in
            place.chunks_exact_mut(taps * group).zip(values.chunks(taps * group))
        {
            for (tap, turned) in turned.chunks_exact_mut(group).enumerate() {
                // What is beyond the last channel stays zero.
                for (turned, values) in turned.iter_mut().zip(values.chunks_exact(taps)) {
                    *turned = values[tap];
                }
            }
        }
        place
    }
}

fn groups(channels: usize) -> usize {
    channels.div_ceil(Rounding::Bf16.step())
}

/// What every window holds by `weights`, plus the bias of each output and what `plus` has there, into
/// planes that are `stride` numbers apart.
pub(crate) fn convolve(
    unit: Unit,
    map: &[f32],
    windows: Windows,
    (weights, bias, plus): (&Left, &[f32], Option<&[f32]>),
    (out, stride): (&mut [f32], usize),
) {
    let pixels = Pixels::new(map, windows);
    let (down, across) = windows.windows;
    let needed = weights.rows.saturating_sub(1) * stride + down * across;
    assert!(stride >= down * across && out.len() >= needed && bias.len() >= weights.rows);
    assert!(plus.is_none_or(|plus| plus.len() >= needed));
    assert!(weights.steps() == pixels.steps.len());
    let job =
        Job { unit, weights, pixels: &pixels, bias, plus, out: Out(out.as_mut_ptr()), stride };
    let pieces = pixels.pieces();
    // So that every thread has some.
    let share =
        (PIXELS / PANEL).min(pieces.len().div_ceil(2 * rayon::current_num_threads())).max(1);
    pieces.par_chunks(share).for_each_init(
        || [lines::zeros(SUMS), lines::zeros(SUMS)],
        |sums, pieces| unit.with(|| job.pieces(pieces, sums)),
    );
}

struct Job<'a> {
    unit: Unit,
    weights: &'a Left,
    pixels: &'a Pixels,
    bias: &'a [f32],
    plus: Option<&'a [f32]>,
    /// Where pixels of their own go in every plane.
    out: Out,
    stride: usize,
}

/// Up to 32 windows, which follow one another in the result.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The first one.
    window: usize,
    count: usize,
    /// Where two tiles of 16 pixels begin.
    starts: [usize; 2],
}

impl Job<'_> {
    /// All outputs of some windows. The sums of some are written while those of the next are made.
    fn pieces(&self, pieces: &[Piece], [even, odd]: &mut [Vec<Line>; 2]) {
        let (mut here, mut there) = (even, odd);
        let mut before: Option<(usize, Piece)> = None;
        let panels = self.weights.rows.div_ceil(PANEL);
        for (panel, piece) in
            (0..panels).flat_map(|panel| pieces.iter().map(move |piece| (panel, *piece)))
        {
            let right = kernels::Apart {
                bytes: lines::bytes(&self.pixels.pairs),
                row: self.pixels.row,
                starts: piece.starts,
                steps: &self.pixels.steps,
            };
            let left = [0, 1].map(|tile| self.weights.tiles(2 * panel + tile, 0));
            let mut done = 0;
            let mut finish = |rows: usize| {
                if let Some((panel, piece)) = before {
                    let these = done..PANEL.min(done + rows);
                    done = these.end;
                    self.finish(panel, piece, there, these);
                }
            };
            self.unit.halves_apart(left, &right, here, (STEPS, &mut || finish(LINES)));
            finish(PANEL);
            before = Some((panel, piece));
            std::mem::swap(&mut here, &mut there);
        }
        if let Some((panel, piece)) = before {
            self.finish(panel, piece, there, 0..PANEL);
        }
        lines::settle();
    }

    fn finish(&self, panel: usize, piece: Piece, raw: &[Line], rows: std::ops::Range<usize>) {
        let row = panel * PANEL;
        let place = row * self.stride + piece.window;
        let place = Place {
            // Inside of the result, by the sizes that were checked.
            start: self.out.0.wrapping_add(place),
            stride: self.stride,
            size: (self.weights.rows - row, piece.count),
            bias: Bias::OfLeft(&self.bias[row..], self.plus.map(|plus| &plus[place..])),
            gate: None,
        };
        finish(Sums { raw, scales: None, adds: false }, &mut [], Some(&place), rows);
    }
}

/// A map in pairs of channels, with what lies around it: `[channels / 32, rows, 16, columns]` words of two
/// numbers in bf16. Of columns, every `stride`th one comes first, then those beside them, so that what
/// windows side by side begin with lies side by side.
struct Pixels {
    pairs: Vec<Line>,
    windows: Windows,
    /// Bytes from a row of columns to the next.
    row: usize,
    /// Where the pixels of each step of a window lie, from its first one on.
    steps: Vec<usize>,
}

impl Pixels {
    fn new(map: &[f32], windows: Windows) -> Self {
        let (channels, height, width) = windows.size;
        let Windows { kernel, stride, first, windows: (down, across), .. } = windows;
        let side = |count: usize| (count.max(1) - 1) * stride + kernel;
        let (rows, columns) = (side(down), side(across));
        // Of each phase: where windows begin, and what a tile reads beyond.
        let phase = columns.div_ceil(stride) + ROWS;
        // An odd number of lines, so that rows do not compete for the same places of a cache.
        let width_of_row = ((phase * stride).div_ceil(ROWS) | 1) * ROWS;
        let mut pairs = lines::unwritten(groups(channels) * rows * ROWS * width_of_row * 4);
        let words: &mut [u32] = bytemuck::cast_slice_mut(lines::bytes_mut(&mut pairs));
        let skip = first.1.min(0).unsigned_abs();
        let from = first.1.max(0).unsigned_abs().min(width);
        let count = (width - from).min(columns.saturating_sub(skip));
        words.par_chunks_mut(ROWS * width_of_row).enumerate().for_each_init(
            || vec![0u32; count],
            |line_words, (line, words)| {
                let (group, row) = (line / rows, line % rows);
                let y = row.checked_add_signed(first.0).filter(|y| *y < height);
                let Some(y) = y else { return words.fill(0) };
                let of = |channel: usize| {
                    let start = channel * windows.plane + y * width + from;
                    if channel < channels { &map[start..start + count] } else { &[] }
                };
                for (at, out) in words.chunks_exact_mut(width_of_row).enumerate() {
                    let even = 2 * (group * ROWS + at);
                    if even >= channels {
                        out.fill(0);
                        continue;
                    }
                    if stride == 1 {
                        out[..skip].fill(0);
                        pair(of(even), of(even + 1), &mut out[skip..skip + count]);
                        out[skip + count..].fill(0);
                        continue;
                    }
                    pair(of(even), of(even + 1), line_words);
                    out.fill(0);
                    for (column, word) in (skip..).zip(&*line_words) {
                        out[column % stride * phase + column / stride] = *word;
                    }
                }
            },
        );
        let row = width_of_row * 4;
        let steps = (0..groups(channels))
            .flat_map(|group| {
                (0..kernel * kernel).map(move |tap| (group, tap / kernel, tap % kernel))
            })
            .map(|(group, y, x)| {
                (group * rows + y) * ROWS * row + (x % stride * phase + x / stride) * 4
            })
            .collect();
        Self { pairs, windows, row, steps }
    }

    /// All windows.
    fn pieces(&self) -> Vec<Piece> {
        let Windows { windows: (down, across), stride, .. } = self.windows;
        let tiles = (0..down).flat_map(|y| (0..across).step_by(ROWS).map(move |x| (y, x)));
        let tiles: Vec<Piece> = tiles
            .map(|(y, x)| Piece {
                window: y * across + x,
                count: ROWS.min(across - x),
                starts: [y * stride * ROWS * self.row + x * 4; 2],
            })
            .collect();
        let mut pieces: Vec<Piece> = Vec::with_capacity(tiles.len());
        for tile in tiles {
            // Two that follow one another make a piece.
            match pieces.last_mut().filter(|piece| piece.count == ROWS) {
                Some(piece) => {
                    piece.count += tile.count;
                    piece.starts[1] = tile.starts[0];
                }
                None => pieces.push(tile),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn every_unit_convolves_as_its_numbers_tell() {
        let number = |at: usize, step: f32| bf16::from_f32((at as f32 * step).sin()).to_f32();
        for (channels, (height, width), kernel, stride) in
            [(33, (6, 40), 3, 1), (2, (5, 16), 3, 1), (5, (9, 13), 3, 2), (64, (3, 7), 1, 1)]
        {
            let outputs = 35;
            let map: Vec<f32> = (0..channels * height * width).map(|at| number(at, 0.37)).collect();
            let values: Vec<f32> =
                (0..outputs * channels * kernel * kernel).map(|at| number(at, 0.91)).collect();
            let bias: Vec<f32> = (0..outputs).map(|at| at as f32).collect();
            let around = kernel / 2;
            let side = |side: usize| (side + 2 * around - kernel) / stride + 1;
            let windows = Windows {
                size: (channels, height, width),
                plane: height * width,
                windows: (side(height), side(width)),
                kernel,
                stride,
                first: (-(around as isize), -(around as isize)),
            };
            let count = side(height) * side(width);
            let exact = |output: usize, window: usize| -> f64 {
                let (y, x) = (window / side(width) * stride, window % side(width) * stride);
                let mut sum = f64::from(bias[output]);
                for at in 0..channels * kernel * kernel {
                    let (channel, tap) = (at / (kernel * kernel), at % (kernel * kernel));
                    let row = (y + tap / kernel).wrapping_sub(around);
                    let column = (x + tap % kernel).wrapping_sub(around);
                    if row < height && column < width {
                        let pixel = map[(channel * height + row) * width + column];
                        let weight = values[output * channels * kernel * kernel + at];
                        sum += f64::from(pixel) * f64::from(weight);
                    }
                }
                sum
            };
            let left = weights(&values, outputs, channels, kernel);
            for unit in Unit::all(Rounding::Bf16) {
                let mut made = vec![f32::NAN; outputs * count];
                convolve(unit, &map, windows, (&left, &bias, None), (&mut made, count));
                for (at, made) in made.iter().enumerate() {
                    let expected = exact(at / count, at % count);
                    assert!(
                        (f64::from(*made) - expected).abs() < 1e-3,
                        "{unit:?}, {channels} channels by {kernel}: {made}, not {expected}"
                    );
                }
            }
        }
    }
}
