//! The left factor of products: whole, rounded, in tiles.

use rayon::prelude::*;

use super::{
    GROUP, PANEL, ROW, ROWS, Rounding, TILE,
    lines::{self, Line},
    rounding::round,
};

/// Up to 16 rows of numbers to tiles; `row` is as long as a row of them all.
pub(super) fn fill(
    x: &[f32],
    columns: usize,
    rounding: Rounding,
    row: &mut [u8],
    out: &mut [u8],
    mut scale: impl FnMut(usize, usize, f32),
) {
    for (line, numbers) in x.chunks_exact(columns.max(1)).enumerate() {
        round(numbers, rounding, row, |group, value| scale(line, group, value));
        put(row, line, out);
    }
}

/// A rounded row to its line of every tile.
fn put(row: &[u8], line: usize, out: &mut [u8]) {
    let tiles = out.as_chunks_mut::<TILE>().0;
    for (row, tile) in row.as_chunks::<ROW>().0.iter().zip(tiles) {
        tile.as_chunks_mut::<ROW>().0[line] = *row;
    }
}

/// Some columns of rows that lie so many numbers apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) numbers: &'a [f32],
    pub(crate) apart: usize,
    pub(crate) columns: usize,
}

impl<'a> Part<'a> {
    fn row(&self, row: usize) -> &'a [f32] {
        &self.numbers[row * self.apart..][..self.columns]
    }
}

/// Rows that a left factor is made of.
pub(super) trait Source: Sync {
    /// Numbers of a row.
    fn columns(&self) -> usize;

    /// One of them, made in `place` if it does not lie anywhere.
    fn row<'a>(&'a self, row: usize, place: &'a mut Vec<f32>) -> &'a [f32];
}

impl Source for &[Part<'_>] {
    fn columns(&self) -> usize {
        self.iter().map(|part| part.columns).sum()
    }

    fn row<'a>(&'a self, row: usize, place: &'a mut Vec<f32>) -> &'a [f32] {
        if let [part] = self {
            return part.row(row);
        }
        place.clear();
        self.iter().for_each(|part| place.extend_from_slice(part.row(row)));
        place
    }
}

/// Rows of numbers that a product reads, in tiles: 16 rows, and in each, 64 bytes of columns at a time.
pub(crate) struct Left {
    tiles: Vec<Line>,
    /// Of each row in each group of columns, `[groups, padded rows]`; empty without groups.
    scales: Vec<f32>,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) rounding: Rounding,
}

impl Left {
    /// Rounds `x [rows, columns]`.
    #[cfg(test)]
    pub(crate) fn new(x: &[f32], rows: usize, columns: usize, rounding: Rounding) -> Self {
        Self::of_parts(&[Part { numbers: x, apart: columns, columns }], rows, rounding)
    }

    /// Rounds rows whose parts stand beside each other.
    pub(crate) fn of_parts(parts: &[Part<'_>], rows: usize, rounding: Rounding) -> Self {
        Self::of(&parts, rows, rounding)
    }

    /// Rounds rows.
    pub(super) fn of(source: &impl Source, rows: usize, rounding: Rounding) -> Self {
        let columns = source.columns();
        let (padded, steps) = (rows.next_multiple_of(PANEL), columns.div_ceil(rounding.step()));
        let mut tiles = lines::unwritten(padded * steps * ROW);
        let groups = if rounding == Rounding::Int8 { columns.div_ceil(GROUP) } else { 0 };
        // By tile first, so that threads write places of their own.
        let mut by_tile = vec![0f32; (groups * ROWS).max(1) * (padded / ROWS)];
        lines::bytes_mut(&mut tiles)
            .par_chunks_mut(steps * TILE)
            .zip(by_tile.par_chunks_mut((groups * ROWS).max(1)))
            .enumerate()
            .for_each_init(
                || (vec![0u8; steps * ROW], Vec::with_capacity(columns)),
                |(row, place), (tile, (out, scales))| {
                    let here = tile * ROWS..rows.min((tile + 1) * ROWS);
                    if here.len() < ROWS {
                        out.fill(0);
                    }
                    for (line, at) in here.enumerate() {
                        round(source.row(at, place), rounding, row, |group, scale| {
                            scales[group * ROWS + line] = scale;
                        });
                        put(row, line, out);
                    }
                },
            );
        let mut scales = vec![0f32; groups * padded];
        for (tile, found) in by_tile.chunks_exact((groups * ROWS).max(1)).enumerate() {
            for (group, found) in found.chunks_exact(ROWS).enumerate() {
                scales[group * padded + tile * ROWS..][..ROWS].copy_from_slice(found);
            }
        }
        Self { tiles, scales, rows, columns, rounding }
    }

    /// Tiles side by side.
    pub(super) fn steps(&self) -> usize {
        self.columns.div_ceil(self.rounding.step())
    }

    /// The tiles of 16 rows from a step on.
    pub(super) fn tiles(&self, tile: usize, step: usize) -> &[u8] {
        let start = (tile * self.steps() + step) * TILE;
        &lines::bytes(&self.tiles)[start..(tile + 1) * self.steps() * TILE]
    }

    /// The scales of a panel's rows in a group of columns.
    pub(super) fn scales(&self, group: usize, panel: usize) -> &[f32] {
        let padded = self.rows.next_multiple_of(PANEL);
        &self.scales[group * padded + panel * PANEL..][..PANEL]
    }
}
