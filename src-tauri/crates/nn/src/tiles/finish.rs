//! What becomes of a panel's sums: scaled, added to those of the columns before, and at last written where
//! the product wants them.
#![expect(unsafe_code, reason = "threads write columns of their own in every row of the product")]

use std::ops::Range;

use super::{
    PANEL, ROWS,
    lines::{self, Line},
};
use crate::vectors::{sigmoid, widest};

/// What is added to every number of a product.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bias<'a> {
    None,
    /// One for each row of the right factor.
    OfRight(&'a [f32]),
    /// One for each row of the left factor, and numbers that lie as those of the product do.
    OfLeft(&'a [f32], Option<&'a [f32]>),
}

/// Where threads write: each its own numbers.
pub(super) struct Out(pub(super) *mut f32);

// SAFETY: those who write do so at places of their own, and nobody reads before all are done.
unsafe impl Sync for Out {}

/// Where a panel's numbers go at last, and what is added to them there.
pub(super) struct Place<'a> {
    /// Where the first of them goes. All of them are inside of the product, and this thread's alone.
    pub(super) start: *mut f32,
    /// Numbers from row to row.
    pub(super) stride: usize,
    /// Rows and columns that there are.
    pub(super) size: (usize, usize),
    /// Begins with what is this panel's.
    pub(super) bias: Bias<'a>,
    /// Those of another panel, `[32, 32]`, by whose silu each is multiplied.
    pub(super) gate: Option<&'a [f32]>,
}

/// A panel's sums, `[2, 2, 16, 16]`, as a unit leaves them.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a> {
    pub(super) raw: &'a [Line],
    /// Of every row and of every column, where sums are whole numbers.
    pub(super) scales: Option<(&'a [f32], &'a [f32])>,
    /// Whether `kept [32, 32]` has those of the columns before, to be added.
    pub(super) adds: bool,
}

widest!(
    /// Some rows of a panel's sums as numbers: to their place, or kept until the next columns' come.
    finish(sums: Sums<'_>, kept: &mut [f32], place: Option<&Place<'_>>, rows: Range<usize>),
    finish_each
);

#[inline(always)]
fn finish_each(sums: Sums<'_>, kept: &mut [f32], place: Option<&Place<'_>>, rows: Range<usize>) {
    let raw = lines::numbers(sums.raw).as_chunks::<ROWS>().0;
    let kept = kept.as_chunks_mut::<PANEL>().0;
    for row in rows {
        let mut made = [0f32; PANEL];
        let first = row / ROWS * 2 * ROWS + row % ROWS;
        let sides = [&raw[first], &raw[first + ROWS]];
        if sums.adds {
            made = kept[row];
        }
        let (halves, _) = made.as_chunks_mut::<ROWS>();
        match sums.scales {
            Some((of_rows, of_columns)) => {
                let of_columns = of_columns.as_chunks::<ROWS>().0;
                let factor = of_rows[row];
                for ((made, raw), scales) in halves.iter_mut().zip(sides).zip(of_columns) {
                    for i in 0..ROWS {
                        let whole = raw[i].to_bits().cast_signed() as f32;
                        made[i] = whole.mul_add(factor * scales[i], made[i]);
                    }
                }
            }
            None => {
                for (made, raw) in halves.iter_mut().zip(sides) {
                    for i in 0..ROWS {
                        made[i] += raw[i];
                    }
                }
            }
        }
        match place {
            Some(place) => write(made, row, place),
            None => kept[row] = made,
        }
    }
}

#[inline(always)]
fn write(mut row: [f32; PANEL], at: usize, place: &Place<'_>) {
    let (rows, columns) = place.size;
    if at >= rows {
        return;
    }
    match place.bias {
        Bias::None => {}
        Bias::OfRight(bias) => add(&mut row, bias),
        Bias::OfLeft(bias, plus) => {
            row.iter_mut().for_each(|number| *number += bias[at]);
            add(&mut row, plus.map_or(&[], |plus| &plus[at * place.stride..]));
        }
    }
    if let Some(gate) = place.gate {
        let gate = &gate.as_chunks::<PANEL>().0[at];
        row.iter_mut().zip(gate).for_each(|(row, gate)| *row *= gate * sigmoid(*gate));
    }
    // SAFETY: by what `start` promises.
    let out = unsafe {
        std::slice::from_raw_parts_mut(place.start.add(at * place.stride), columns.min(PANEL))
    };
    match out.first_chunk_mut() {
        Some(out) => lines::stream(&row, out),
        None => out.copy_from_slice(&row[..out.len()]),
    }
}

#[inline(always)]
fn add(row: &mut [f32; PANEL], numbers: &[f32]) {
    if let Some(numbers) = numbers.first_chunk::<PANEL>() {
        row.iter_mut().zip(numbers).for_each(|(row, number)| *row += number);
    } else {
        row.iter_mut().zip(numbers).for_each(|(row, number)| *row += number);
    }
}
