//! The right factor of products, a block of rows at a time: in tiles whose columns are its rows, four
//! bytes of each side by side, as the units read them.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vectors of words are loaded from where they lie")
)]

use std::ops::Range;

use super::{
    GROUP, PANEL, ROW, ROWS, Rounding, TILE,
    lines::{self, Line},
    product::Rows,
    rounding::{pair, round},
};

/// Some rows and columns of a right factor in tiles: 16 rows, and in each, 64 bytes of columns at a time.
#[derive(Default)]
pub(crate) struct Block {
    tiles: Vec<Line>,
    /// Of each row in each group of columns, `[groups, rows]`.
    scales: Vec<f32>,
    rows: usize,
    steps: usize,
    values: Vec<f32>,
    row: Vec<u8>,
}

impl Block {
    /// Fills it anew, a panel of up to 32 rows after the other. Those of each are padded to whole tiles,
    /// columns to whole steps, both with zeros.
    pub(super) fn fill(
        &mut self,
        right: &dyn Rows,
        panels: &[Range<usize>],
        columns: Range<usize>,
        rounding: Rounding,
    ) {
        self.rows = panels.len() * PANEL;
        self.steps = columns.len().div_ceil(rounding.step());
        lines::reserve(&mut self.tiles, self.rows * self.steps * ROW);
        let groups = if rounding == Rounding::Int8 { columns.len().div_ceil(GROUP) } else { 0 };
        self.scales.clear();
        self.scales.resize(groups * self.rows, 0.0);
        for tile in 0..self.rows / ROWS {
            let rows = &panels[tile * ROWS / PANEL];
            let start = (rows.start + tile * ROWS % PANEL).min(rows.end);
            let here = start..rows.end.min(start + ROWS);
            self.fill_tile(tile, right, here, columns.clone(), rounding);
        }
    }

    fn fill_tile(
        &mut self,
        tile: usize,
        right: &dyn Rows,
        rows: Range<usize>,
        columns: Range<usize>,
        rounding: Rounding,
    ) {
        let (width, count) = (self.steps * ROW, columns.len());
        let place = tile * self.steps * TILE;
        let is_whole = rows.len() == ROWS && count.is_multiple_of(rounding.step());
        if rounding == Rounding::Bf16
            && is_whole
            && let Some((bytes, stride)) = right.halves(rows.clone())
        {
            let out = &mut lines::bytes_mut(&mut self.tiles)[place..];
            return turn(&bytes[columns.start * 2..], stride, self.steps, out);
        }
        self.row.clear();
        self.row.resize(ROWS * width, 0);
        let is_taken = rounding == Rounding::Int8
            && self.take_whole(tile, right, rows.clone(), columns.clone());
        if !is_taken {
            self.values.resize(ROWS * count, 0.0);
            right.values(rows.clone(), columns, &mut self.values[..rows.len() * count]);
            for line in 0..rows.len() {
                let numbers = &self.values[line * count..][..count];
                round(numbers, rounding, &mut self.row[line * width..][..width], |group, scale| {
                    self.scales[group * self.rows + tile * ROWS + line] = scale;
                });
            }
        }
        turn(&self.row, width, self.steps, &mut lines::bytes_mut(&mut self.tiles)[place..]);
    }

    /// Rows as whole numbers, if they are to be had so.
    fn take_whole(
        &mut self,
        tile: usize,
        right: &dyn Rows,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> bool {
        let width = self.steps * ROW;
        let mut scales = vec![0f32; columns.len().div_ceil(GROUP)];
        for (line, row) in rows.enumerate() {
            let out = &mut self.row[line * width..][..columns.len()];
            if !right.whole(row, columns.clone(), out, &mut scales) {
                return false;
            }
            for (group, scale) in scales.iter().enumerate() {
                self.scales[group * self.rows + tile * ROWS + line] = *scale;
            }
        }
        true
    }

    /// The tiles of 16 rows from a step on.
    pub(super) fn tiles(&self, tile: usize, step: usize) -> &[u8] {
        let start = (tile * self.steps + step) * TILE;
        &lines::bytes(&self.tiles)[start..(tile + 1) * self.steps * TILE]
    }

    /// The scales of a group of columns for 32 rows from `row` on.
    pub(super) fn scales(&self, group: usize, row: usize) -> &[f32] {
        &self.scales[group * self.rows + row..][..PANEL]
    }
}

/// Numbers `[count, columns]` as the right factor of a product over `count`: `columns` are the tile's
/// columns, and rows that are 16 apart stand side by side. In bf16; tiles go by 16 columns, then by 32 rows,
/// of which `out` has `steps`. What is not there becomes zero.
pub(super) fn upright(numbers: &[f32], columns: usize, steps: usize, out: &mut [u8]) {
    let mut words = vec![0u32; columns];
    let row = |at: usize| {
        let start = (at * columns).min(numbers.len());
        &numbers[start..numbers.len().min(start + columns)]
    };
    for (step, line) in (0..steps).flat_map(|step| (0..ROWS).map(move |line| (step, line))) {
        let (low, high) = (row(step * 2 * ROWS + line), row(step * 2 * ROWS + ROWS + line));
        match low {
            [] => words.fill(0),
            _ => pair(low, high, &mut words),
        }
        for (tile, words) in words.chunks(ROWS).enumerate() {
            let out = &mut out[(tile * steps + step) * TILE + line * ROW..][..ROW];
            let (used, rest) = out.split_at_mut(words.len() * 4);
            used.copy_from_slice(bytemuck::cast_slice(words));
            rest.fill(0);
        }
    }
}

/// 16 rows of `steps` times 16 words, a stride of bytes apart, to tiles of which each row has a word of
/// every one of them.
pub(super) fn turn(rows: &[u8], stride: usize, steps: usize, out: &mut [u8]) {
    assert!(rows.len() >= (ROWS - 1) * stride + steps * ROW && out.len() >= steps * TILE);
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has what the function was compiled for; the lengths were checked.
        return unsafe { turn_wide(rows.as_ptr(), stride, steps, out.as_mut_ptr()) };
    }
    for (step, out) in out.chunks_exact_mut(TILE).take(steps).enumerate() {
        for row in 0..ROWS {
            let words = rows[row * stride + step * ROW..][..ROW].as_chunks::<4>().0;
            for (word, value) in words.iter().enumerate() {
                out[word * ROW + row * 4..][..4].copy_from_slice(value);
            }
        }
    }
}

/// # Safety
/// 16 rows of `steps` lines at `rows`, as many tiles at `out`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn turn_wide(rows: *const u8, stride: usize, steps: usize, out: *mut u8) {
    use std::arch::x86_64::{
        _mm512_loadu_si512, _mm512_shuffle_i32x4, _mm512_storeu_si512, _mm512_unpackhi_epi32,
        _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
    };
    for step in 0..steps {
        let row = |row: usize| {
            // SAFETY: inside of the rows, by the promise above; no alignment is needed.
            unsafe { _mm512_loadu_si512(rows.add(row * stride + step * ROW).cast()) }
        };
        // Four rows at a time: vector w has word 4 · l + w of each of them in lane l.
        let four = |first: usize| {
            let (a, b, c, d) = (row(first), row(first + 1), row(first + 2), row(first + 3));
            let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let (low_too, high_too) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            [
                _mm512_unpacklo_epi64(low, low_too),
                _mm512_unpackhi_epi64(low, low_too),
                _mm512_unpacklo_epi64(high, high_too),
                _mm512_unpackhi_epi64(high, high_too),
            ]
        };
        let fours = [four(0), four(4), four(8), four(12)];
        for word in 0..4 {
            let [a, b, c, d] = fours.map(|vectors| vectors[word]);
            let (even, odd) =
                (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
            let (even_too, odd_too) =
                (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
            let lanes = [
                _mm512_shuffle_i32x4::<0x88>(even, even_too),
                _mm512_shuffle_i32x4::<0xdd>(even, even_too),
                _mm512_shuffle_i32x4::<0x88>(odd, odd_too),
                _mm512_shuffle_i32x4::<0xdd>(odd, odd_too),
            ];
            for (lane, vector) in lanes.into_iter().enumerate() {
                // SAFETY: inside of the tile; no alignment is needed.
                unsafe {
                    let to = out.add(step * TILE + (lane * 4 + word) * ROW);
                    _mm512_storeu_si512(to.cast(), vector);
                }
            }
        }
    }
}
