//! Convolutions as products: the weights, by what a window of the map holds. No window is ever laid out
//! whole, only those of a block of pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    Left, ROW, ROWS, Rounding, TILE, Unit,
    finish::Bias,
    product::{Right, product},
    right::Block,
    rounding::pair,
};

/// Some rows of a map and where its windows lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// Channels, rows that there are, columns.
    pub(crate) size: (usize, usize, usize),
    /// Rows and columns of windows.
    pub(crate) windows: (usize, usize),
    /// Pixels of a window, each way.
    pub(crate) kernel: usize,
    /// Pixels between windows.
    pub(crate) stride: usize,
    /// The first window's first row and column; before the map if negative.
    pub(crate) first: (isize, isize),
}

/// Weights `[outputs, channels, kernel, kernel]` as the left factor: channels of a window's pixel side by
/// side, padded to whole steps.
pub(crate) fn weights(values: &[f32], outputs: usize, channels: usize, kernel: usize) -> Left {
    let (taps, padded) = (kernel * kernel, padded(channels));
    let mut turned = vec![0f32; outputs * taps * padded];
    turned.par_chunks_mut(taps * padded).zip(values.par_chunks(channels * taps)).for_each(
        |(turned, values)| {
            for (channel, values) in values.chunks_exact(taps).enumerate() {
                for (tap, value) in values.iter().enumerate() {
                    turned[tap * padded + channel] = *value;
                }
            }
        },
    );
    Left::new(&turned, outputs, taps * padded, Rounding::Bf16)
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
    product(unit, weights, &pixels, Bias::OfLeft(bias, plus), (out, stride));
}

fn padded(channels: usize) -> usize {
    channels.next_multiple_of(Rounding::Bf16.step())
}

/// A map in pairs of channels, with what lies around it: `[channels / 32, rows, 16, columns]`.
struct Pixels {
    pairs: Vec<u32>,
    windows: Windows,
    rows: usize,
    columns: usize,
}

impl Pixels {
    fn new(map: &[f32], windows: Windows) -> Self {
        let (channels, height, width) = windows.size;
        let Windows { kernel, stride, first, .. } = windows;
        let side = |count: usize| (count.max(1) - 1) * stride + kernel;
        let (rows, columns) = (side(windows.windows.0), side(windows.windows.1));
        let mut pairs = vec![0u32; padded(channels) / 2 * rows * columns];
        // Columns before the map stay zero.
        let skip = first.1.min(0).unsigned_abs();
        let from = first.1.max(0).unsigned_abs().min(width);
        let count = (width - from).min(columns.saturating_sub(skip));
        pairs.par_chunks_mut((ROWS * columns).max(1)).enumerate().for_each(|(line, pairs)| {
            let (group, row) = (line / rows, line % rows);
            let Some(y) = row.checked_add_signed(first.0).filter(|y| *y < height) else {
                return;
            };
            let of = |channel: usize| {
                let start = (channel * height + y) * width + from;
                if channel < channels { &map[start..start + count] } else { &[] }
            };
            for (at, out) in pairs.chunks_exact_mut(columns).enumerate() {
                let even = 2 * (group * ROWS + at);
                pair(of(even), of(even + 1), &mut out[skip..skip + count]);
            }
        });
        Self { pairs, windows, rows, columns }
    }

    /// Sixteen windows' words of a pixel and 32 channels, from window `first` on.
    fn tile(&self, first: usize, end: usize, tap: usize, channels: usize, out: &mut [u8; TILE]) {
        let Windows { windows: (_, across), kernel, stride, .. } = self.windows;
        let (lines, _) = out.as_chunks_mut::<ROW>();
        let place = |window: usize| {
            (window / across * stride + tap / kernel, window % across * stride + tap % kernel)
        };
        let group = channels / Rounding::Bf16.step();
        let is_row = stride == 1 && first % across + ROWS <= across && first + ROWS <= end;
        for (pair, line) in lines.iter_mut().enumerate() {
            let at = |(y, x): (usize, usize)| {
                &self.pairs[((group * self.rows + y) * ROWS + pair) * self.columns + x..]
            };
            if is_row {
                line.copy_from_slice(bytemuck::cast_slice(&at(place(first))[..ROWS]));
                continue;
            }
            let words = line.as_chunks_mut::<4>().0;
            for (window, word) in (first..).zip(words) {
                *word = if window < end { at(place(window))[0].to_le_bytes() } else { [0; 4] };
            }
        }
    }
}

impl Right for Pixels {
    fn dims(&self) -> (usize, usize) {
        let Windows { size: (channels, ..), windows: (down, across), kernel, .. } = self.windows;
        (down * across, kernel * kernel * padded(channels))
    }

    fn fill(
        &self,
        block: &mut Block,
        rows: Range<usize>,
        columns: Range<usize>,
        rounding: Rounding,
    ) {
        assert!(rounding == Rounding::Bf16);
        let (step, width) = (rounding.step(), padded(self.windows.size.0));
        let steps = columns.len().div_ceil(step);
        let tiles = block.prepare(rows.len(), steps).as_chunks_mut::<TILE>().0;
        for (at, tile) in tiles.iter_mut().enumerate() {
            let column = columns.start + at % steps * step;
            let first = rows.start + at / steps * ROWS;
            self.tile(first, rows.end, column / width, column % width, tile);
        }
    }
}
