//! Products in blocks: what a core multiplies stays in its caches.
#![expect(unsafe_code, reason = "threads write columns of their own in every row of the product")]

use std::{cell::RefCell, ops::Range};

use rayon::prelude::*;

use super::{
    GROUP, Left, PANEL, ROW, Rounding, TILE, Unit,
    lines::{self, Line},
    right::Block,
};

use crate::vectors::widest;

/// A right factor `[outputs, inputs]`, as it is stored.
pub(crate) trait Right: Sync {
    /// `(outputs, inputs)`.
    fn dims(&self) -> (usize, usize);

    /// Fills a block anew with some rows and columns.
    fn fill(
        &self,
        block: &mut Block,
        rows: Range<usize>,
        columns: Range<usize>,
        rounding: Rounding,
    );

    /// Told when some rows are not needed any more.
    fn has_read(&self, _rows: Range<usize>) {}
}

/// A right factor of rows that lie somewhere, packed or not.
pub(crate) trait Rows: Sync {
    /// `(outputs, inputs)`.
    fn dims(&self) -> (usize, usize);

    /// Some rows in bf16 where they lie so, and how many bytes apart they are.
    fn halves(&self, rows: Range<usize>) -> Option<(&[u8], usize)>;

    /// The numbers of some rows and columns. Columns begin and end at multiples of 1536, or where the
    /// rows do.
    fn values(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f32]);

    /// A row's columns as whole numbers, with the scale of each group of 1536 of them, if it is stored so
    /// that this takes less than by way of [`Self::values`].
    fn whole(
        &self,
        _row: usize,
        _columns: Range<usize>,
        _out: &mut [u8],
        _scales: &mut [f32],
    ) -> bool {
        false
    }

    /// Told when some rows are not needed any more.
    fn has_read(&self, _rows: Range<usize>) {}
}

impl<T: Rows> Right for T {
    fn dims(&self) -> (usize, usize) {
        Rows::dims(self)
    }

    fn fill(
        &self,
        block: &mut Block,
        rows: Range<usize>,
        columns: Range<usize>,
        rounding: Rounding,
    ) {
        block.fill(self, rows, columns, rounding);
    }

    fn has_read(&self, rows: Range<usize>) {
        Rows::has_read(self, rows);
    }
}

/// What is added to every number of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bias<'a> {
    None,
    /// One for each row of the right factor.
    OfRight(&'a [f32]),
    /// One for each row of the left factor, and numbers that lie as those of the product do.
    OfLeft(&'a [f32], Option<&'a [f32]>),
}

/// Rows of the right factor in a block.
const BLOCK: usize = 128;
/// Bytes of a row of a block: with the rows above, well within a core's second cache.
const BLOCK_ROW: usize = 6144;
/// Sums of a panel by a panel: four tiles.
const SUMS: usize = 4 * TILE;

/// What a thread needs for its blocks, kept for the next one.
#[derive(Default)]
struct Scratch {
    block: Block,
    sums: Vec<Line>,
    whole: Vec<Line>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Where threads write sums: each its own columns of every row.
struct Out {
    start: *mut f32,
    columns: usize,
}

// SAFETY: threads write disjoint columns, and nobody reads before all are done.
unsafe impl Sync for Out {}

/// `left · rightᵀ + bias` into `out`, `stride` numbers from row to row.
pub(crate) fn product(
    unit: Unit,
    left: &Left,
    right: &dyn Right,
    bias: Bias<'_>,
    (out, stride): (&mut [f32], usize),
) {
    let (outputs, inputs) = right.dims();
    let needed = left.rows.saturating_sub(1) * stride + outputs;
    assert!(inputs == left.columns && outputs <= stride && out.len() >= needed);
    assert!(match bias {
        Bias::None => true,
        Bias::OfRight(bias) => bias.len() >= outputs,
        Bias::OfLeft(bias, plus) => {
            bias.len() >= left.rows && plus.is_none_or(|plus| plus.len() >= needed)
        }
    });
    let panels = left.rows.div_ceil(PANEL);
    let out = Out { start: out.as_mut_ptr(), columns: stride };
    // Narrow factors have few blocks: they are made smaller, and at last rows are shared out as well.
    let wanted = 2 * rayon::current_num_threads();
    let block = (outputs.div_ceil(wanted).next_multiple_of(PANEL)).clamp(PANEL, BLOCK);
    let blocks = outputs.div_ceil(block);
    let parts = wanted.div_ceil(blocks.max(1)).min(panels / 4).max(1);
    let share = panels.div_ceil(parts);
    (0..blocks * parts).into_par_iter().for_each(|task| {
        let start = task / parts * block;
        let rows = start..outputs.min(start + block);
        let part = task % parts;
        let panels = (part * share).min(panels)..((part + 1) * share).min(panels);
        SCRATCH.with_borrow_mut(|scratch| {
            let job = Job { unit, left, right, bias, out: &out };
            unit.with(|| job.block(rows.clone(), panels, scratch));
            lines::settle();
        });
        if parts == 1 {
            right.has_read(rows);
        }
    });
    if parts > 1 {
        right.has_read(0..outputs);
    }
}

struct Job<'a> {
    unit: Unit,
    left: &'a Left,
    right: &'a dyn Right,
    bias: Bias<'a>,
    out: &'a Out,
}

impl Job<'_> {
    /// All panels of the left factor by a block of the right one.
    fn block(&self, rows: Range<usize>, panels: Range<usize>, scratch: &mut Scratch) {
        let Scratch { block, sums, whole } = scratch;
        let (rounding, columns) = (self.left.rounding, self.left.columns);
        let chunks = (columns * rounding.bytes()).div_ceil(BLOCK_ROW).max(1);
        let chunk = columns.div_ceil(chunks).next_multiple_of(GROUP);
        let across = rows.len().div_ceil(PANEL);
        // Sums stay here between the chunks; one chunk needs but one panel's.
        let is_single = chunk >= columns;
        let kept = if is_single { 1 } else { panels.len() * across };
        lines::reserve(sums, kept * SUMS);
        lines::reserve(whole, 2 * SUMS);
        for start in (0..columns.max(1)).step_by(chunk) {
            let end = columns.min(start + chunk);
            self.right.fill(block, rows.clone(), start..end, rounding);
            for panel in panels.clone() {
                for column in 0..across {
                    let at = if is_single { 0 } else { (panel - panels.start) * across + column };
                    let sums = &mut sums[at * (SUMS / ROW)..][..SUMS / ROW];
                    self.panel(block, panel, column, start..end, (sums, whole));
                    if end == columns {
                        self.write(
                            lines::numbers_mut(sums),
                            panel,
                            rows.start + column * PANEL,
                            rows.end,
                        );
                    }
                }
            }
        }
    }

    /// Adds a panel by a panel, over some columns, to sums that are zero before the first of them.
    fn panel(
        &self,
        block: &Block,
        panel: usize,
        column: usize,
        columns: Range<usize>,
        (sums, whole): (&mut [Line], &mut [Line]),
    ) {
        let step = self.left.rounding.step();
        let (first, steps) = (columns.start / step, columns.len().div_ceil(step));
        let left = |from: usize| [0, 1].map(|tile| self.left.tiles(2 * panel + tile, first + from));
        let right = |from: usize| [0, 1].map(|tile| block.tiles(2 * column + tile, from));
        match self.left.rounding {
            Rounding::Bf16 => {
                self.unit.halves(left(0), right(0), steps, sums, columns.start > 0);
            }
            Rounding::Int8 => {
                let per = GROUP / step;
                let (even, odd) = whole.split_at_mut(SUMS / ROW);
                let (mut here, mut before) = (even, odd);
                let mut add = |group: usize, whole: &[Line]| {
                    let rows = self.left.scales(columns.start / GROUP + group, panel);
                    let scales = block.scales(group, column * PANEL);
                    let is_first = columns.start == 0 && group == 0;
                    scale(whole, rows, scales, is_first, lines::numbers_mut(sums));
                };
                let groups = steps.div_ceil(per);
                for group in 0..groups {
                    let from = group * per;
                    self.unit.whole(left(from), right(from), per.min(steps - from), here);
                    // The sums of a group are read while the next ones are made.
                    if group > 0 {
                        add(group - 1, before);
                    }
                    std::mem::swap(&mut here, &mut before);
                }
                add(groups - 1, before);
            }
        }
    }

    /// Sums of a panel by a panel to their places.
    fn write(&self, sums: &[f32], panel: usize, first: usize, end: usize) {
        let count = PANEL.min(end - first);
        for row in 0..PANEL.min(self.left.rows - panel * PANEL) {
            let place = (panel * PANEL + row) * self.out.columns + first;
            // SAFETY: inside the product, by the sizes that were checked; these columns of these rows are
            // this thread's.
            let out = unsafe { std::slice::from_raw_parts_mut(self.out.start.add(place), count) };
            let sums = &sums[row / 16 * 512 + row % 16 * 16..];
            let (bias, plus) = match self.bias {
                Bias::None => (0.0, None),
                Bias::OfRight(bias) => (0.0, Some(&bias[first..])),
                Bias::OfLeft(bias, plus) => {
                    (bias[panel * PANEL + row], plus.map(|plus| &plus[place..]))
                }
            };
            write_row(sums, bias, plus, out);
        }
    }
}

/// A row of two tiles side by side, 256 numbers apart, plus one number and a number each.
#[inline]
fn write_row(sums: &[f32], bias: f32, plus: Option<&[f32]>, out: &mut [f32]) {
    let mut row = [0f32; PANEL];
    row[..16].copy_from_slice(&sums[..16]);
    row[16..].copy_from_slice(&sums[256..272]);
    for number in &mut row {
        *number += bias;
    }
    for (number, plus) in row.iter_mut().zip(plus.unwrap_or(&[])) {
        *number += plus;
    }
    match out.first_chunk_mut() {
        Some(out) => lines::stream(&row, out),
        None => out.copy_from_slice(&row[..out.len()]),
    }
}

/// Adds whole sums, times the scales of their row and column.
fn scale(whole: &[Line], rows: &[f32], columns: &[f32], is_first: bool, sums: &mut [f32]) {
    let whole: &[i32] = bytemuck::cast_slice(lines::bytes(whole));
    scale_all(whole, rows, columns, is_first, sums);
}

widest!(
    scale_all(whole: &[i32], rows: &[f32], columns: &[f32], is_first: bool, sums: &mut [f32]),
    scale_each
);

#[inline(always)]
fn scale_each(whole: &[i32], rows: &[f32], columns: &[f32], is_first: bool, sums: &mut [f32]) {
    let (whole, _) = whole.as_chunks::<16>();
    let (sums, _) = sums.as_chunks_mut::<16>();
    let (columns, _) = columns.as_chunks::<16>();
    for tile in 0..4 {
        for row in 0..16 {
            let factor = rows[tile / 2 * 16 + row];
            let (whole, sums) = (&whole[tile * 16 + row], &mut sums[tile * 16 + row]);
            let before = if is_first { [0.0; 16] } else { *sums };
            for i in 0..16 {
                sums[i] = (whole[i] as f32).mul_add(factor * columns[tile % 2][i], before[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of numbers, in f32 alone or in bf16 too.
    struct Numbers {
        values: Vec<f32>,
        halves: Option<Vec<u8>>,
        dims: (usize, usize),
    }

    impl Rows for Numbers {
        fn dims(&self) -> (usize, usize) {
            self.dims
        }

        fn halves(&self, rows: Range<usize>) -> Option<(&[u8], usize)> {
            let row = self.dims.1 * 2;
            let halves = self.halves.as_ref()?;
            Some((&halves[rows.start * row..rows.end * row], row))
        }

        fn values(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f32]) {
            for (row, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
                out.copy_from_slice(&self.values[row * self.dims.1..][columns.clone()]);
            }
        }
    }

    fn wave(count: usize, step: f64) -> Vec<f32> {
        (0..count).map(|i| (i as f64 * step).sin() as f32).collect()
    }

    #[test]
    fn products_are_those_of_the_factors_nearly() {
        for (rows, inputs, outputs) in
            [(1, 3, 1), (1, 32, 32), (5, 64, 96), (33, 96, 31), (70, 3100, 290), (130, 7000, 40)]
        {
            let (x, values) = (wave(rows * inputs, 0.37), wave(outputs * inputs, 0.73));
            let bias = wave(outputs, 1.9);
            let exact = |row: usize, output: usize| -> f64 {
                let (x, y) = (&x[row * inputs..][..inputs], &values[output * inputs..][..inputs]);
                let sum: f64 = x.iter().zip(y).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                sum + f64::from(bias[output])
            };
            for rounding in [Rounding::Bf16, Rounding::Int8] {
                let left = Left::new(&x, rows, inputs, rounding);
                for unit in Unit::all(rounding) {
                    let mut results = Vec::new();
                    for is_stored in [false, true] {
                        let mut halves = vec![0; outputs * inputs * 2];
                        super::super::rounding::halve(&values, &mut halves);
                        let halves = is_stored.then_some(halves);
                        let right =
                            Numbers { values: values.clone(), halves, dims: (outputs, inputs) };
                        let mut made = vec![f32::NAN; rows * outputs];
                        product(unit, &left, &right, Bias::OfRight(&bias), (&mut made, outputs));
                        results.push(made);
                    }
                    assert_eq!(results[0], results[1], "stored halves are what is rounded");
                    // Errors of single products are independent: they grow as the root of their count.
                    let most = 0.01 * (inputs as f64).sqrt() + 1e-4;
                    for (at, made) in results[0].iter().enumerate() {
                        let expected = exact(at / outputs, at % outputs);
                        let far = (f64::from(*made) - expected).abs();
                        assert!(
                            far < most,
                            "{unit:?} {rounding:?} {rows} x {inputs} x {outputs}: {made}, not {expected}"
                        );
                    }
                }
            }
        }
    }
}
