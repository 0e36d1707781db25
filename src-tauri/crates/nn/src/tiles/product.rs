//! Products in blocks: what a core multiplies stays in its caches.

use std::{cell::RefCell, ops::Range};

use rayon::prelude::*;

use super::{
    GROUP, Left, PANEL, ROW, Rounding, SUMS, Unit,
    finish::{Bias, Out, Place, Sums, finish},
    lines::{self, Line},
    right::Block,
};

/// A right factor `[outputs, inputs]`, as it is stored.
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

/// What becomes of the columns of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of them, `[n, outputs]`.
    All,
    /// Behind the first, which stay: the first half of the rest through silu times the second,
    /// `[n, kept + (outputs - kept) / 2]`.
    Gated {
        /// How many stay.
        kept: usize,
    },
}

impl Ending {
    /// Columns that are left of so many.
    pub(crate) fn columns(self, outputs: usize) -> usize {
        match self {
            Self::All => outputs,
            Self::Gated { kept } => kept + (outputs - kept) / 2,
        }
    }

    /// Rows of the right factor that a task takes, a panel after the other, of about as many in each: those
    /// that meet stand beside each other.
    fn blocks(self, outputs: usize, block: usize) -> Vec<Vec<Range<usize>>> {
        let panels = |rows: Range<usize>| {
            let end = rows.end;
            rows.step_by(PANEL).map(move |start| start..end.min(start + PANEL))
        };
        let plain = |end: usize| {
            let starts = (0..end).step_by(block);
            starts.map(move |start| panels(start..end.min(start + block)).collect())
        };
        match self {
            Self::All => plain(outputs).collect(),
            Self::Gated { kept } => {
                let (width, half) = ((outputs - kept) / 2, (block / 2).next_multiple_of(PANEL));
                let pairs = (kept..kept + width).step_by(half).map(|start| {
                    let gates = panels(start..(kept + width).min(start + half));
                    gates.flat_map(|gate| [gate.clone(), gate.start + width..gate.end + width])
                });
                plain(kept).chain(pairs.map(Iterator::collect)).collect()
            }
        }
    }

    /// What becomes of a panel of the right factor that begins with a row.
    fn of(self, row: usize, outputs: usize) -> Role {
        match self {
            Self::Gated { kept } if row >= kept => {
                let width = (outputs - kept) / 2;
                if row < kept + width { Role::Gate } else { Role::Gated { column: row - width } }
            }
            _ => Role::Plain { column: row },
        }
    }
}

/// What becomes of a panel's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// They go to some columns as they are.
    Plain { column: usize },
    /// They wait for those of the next panel.
    Gate,
    /// They go there times what the panel before lets through.
    Gated { column: usize },
}

/// Rows of the right factor in a block.
const BLOCK: usize = 128;
/// Bytes of a row of a block: with the rows above, well within a core's second cache.
const BLOCK_ROW: usize = 6144;
/// Steps between two pieces of finishing: what a processor can look ahead.
const PART: usize = 6;

/// What a thread needs for its blocks, kept for the next one.
#[derive(Default)]
struct Scratch {
    block: Block,
    raw: Vec<Line>,
    kept: Vec<Line>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// `left · rightᵀ`, plus a bias for each row of the right one where nothing is gated, into `out`.
pub(crate) fn product(
    unit: Unit,
    left: &Left,
    right: &dyn Rows,
    bias: Option<&[f32]>,
    ending: Ending,
    out: &mut [f32],
) {
    let (outputs, inputs) = right.dims();
    let columns = ending.columns(outputs);
    assert!(inputs == left.columns && out.len() >= left.rows * columns);
    assert!(bias.is_none_or(|bias| bias.len() >= outputs && ending == Ending::All));
    let panels = left.rows.div_ceil(PANEL);
    let out = Out(out.as_mut_ptr());
    // Narrow factors have few blocks: they are made smaller, and at last rows are shared out as well.
    let wanted = 2 * rayon::current_num_threads();
    let block = (outputs.div_ceil(wanted).next_multiple_of(PANEL)).clamp(PANEL, BLOCK);
    let blocks = ending.blocks(outputs, block);
    let parts = wanted.div_ceil(blocks.len().max(1)).min(panels / 4).max(1);
    let share = panels.div_ceil(parts);
    (0..blocks.len() * parts).into_par_iter().for_each(|task| {
        let rows = &blocks[task / parts];
        let part = task % parts;
        let panels = (part * share).min(panels)..((part + 1) * share).min(panels);
        SCRATCH.with_borrow_mut(|scratch| {
            let job = Job { unit, left, right, bias, ending, out: &out };
            unit.with(|| job.block(rows, panels, scratch));
            lines::settle();
        });
        if parts == 1 {
            rows.iter().for_each(|rows| right.has_read(rows.clone()));
        }
    });
    if parts > 1 {
        right.has_read(0..outputs);
    }
}

struct Job<'a> {
    unit: Unit,
    left: &'a Left,
    right: &'a dyn Rows,
    bias: Option<&'a [f32]>,
    ending: Ending,
    /// Where the product goes.
    out: &'a Out,
}

impl Job<'_> {
    /// Some panels of the left factor by a block of the right one.
    fn block(&self, rows: &[Range<usize>], panels: Range<usize>, scratch: &mut Scratch) {
        let Scratch { block, raw, kept } = scratch;
        let (rounding, columns) = (self.left.rounding, self.left.columns);
        let chunks = (columns * rounding.bytes()).div_ceil(BLOCK_ROW).max(1);
        let chunk = columns.div_ceil(chunks).next_multiple_of(GROUP);
        let across = rows.len();
        // Sums stay here between the chunks; one chunk needs but those of the panel at hand, and of the gate
        // before it. Those of bf16 are added up by the unit itself, in a slot of their own.
        let is_single = chunk >= columns;
        let is_own = rounding == Rounding::Bf16 && !is_single;
        let all = panels.len() * across;
        lines::reserve(raw, if is_own { all } else { 2 } * SUMS);
        lines::reserve(kept, if is_single || is_own { 2 } else { all } * SUMS);
        for start in (0..columns.max(1)).step_by(chunk) {
            let chunk = start..columns.min(start + chunk);
            block.fill(self.right, rows, chunk.clone(), rounding);
            let mut turns = Turns { job: self, block, rows, start, raw, kept, waiting: None };
            let pairs = panels.clone().flat_map(|panel| (0..across).map(move |at| (panel, at)));
            let mut slot = 0;
            for (place, (panel, column)) in pairs.enumerate() {
                let group = if rounding == Rounding::Int8 { GROUP } else { chunk.len().max(1) };
                for from in chunk.clone().step_by(group) {
                    slot = if is_own { place } else { 1 - slot };
                    let columns = from..chunk.end.min(from + group);
                    let kept = if is_single || is_own { column % 2 } else { place };
                    turns.take(Turn { panel, column, columns, slot, kept, done: 0 });
                }
            }
            turns.finish();
        }
    }

    /// Some more rows of a turn whose sums are made.
    fn finish(
        &self,
        turn: &mut Turn,
        share: usize,
        (block, start, rows): (&Block, usize, &[Range<usize>]),
        raw: &[Line],
        kept: &mut [Line],
    ) {
        let these = turn.done..PANEL.min(turn.done + share);
        if these.is_empty() {
            return;
        }
        turn.done = these.end;
        let columns = &turn.columns;
        let is_whole = self.left.rounding == Rounding::Int8;
        let scales = is_whole.then(|| {
            let of_rows = self.left.scales(columns.start / GROUP, turn.panel);
            (of_rows, block.scales((columns.start - start) / GROUP, turn.column * PANEL))
        });
        let sums = Sums { raw, scales, adds: is_whole && columns.start > 0 };
        let (outputs, _) = self.right.dims();
        let first = rows[turn.column].start;
        let role = self.ending.of(first, outputs);
        // Panels that meet stand beside each other, and so do their slots.
        let gate = matches!(role, Role::Gated { .. }).then(|| turn.kept ^ 1);
        let (kept, gate) = pair(kept, turn.kept, gate);
        let kept = lines::numbers_mut(kept);
        let column = match role {
            Role::Plain { column } | Role::Gated { column } => column,
            Role::Gate => return finish(sums, kept, None, these),
        };
        if columns.end < self.left.columns {
            return finish(sums, kept, None, these);
        }
        let (row, width) = (turn.panel * PANEL, self.ending.columns(outputs));
        let place = row * width + column;
        let place = Place {
            // Inside of the product, by the sizes that were checked.
            start: self.out.0.wrapping_add(place),
            stride: width,
            size: (self.left.rows - row, rows[turn.column].len()),
            bias: self.bias.map_or(Bias::None, |bias| Bias::OfRight(&bias[first..])),
            gate: (!gate.is_empty()).then(|| lines::numbers(gate)),
        };
        finish(sums, kept, Some(&place), these);
    }
}

/// A panel by a panel, over some columns: those that share a scale, or a whole chunk.
struct Turn {
    panel: usize,
    /// Of the block, in panels.
    column: usize,
    columns: Range<usize>,
    /// Where its sums are, and those of the columns before.
    slot: usize,
    kept: usize,
    /// Rows that are finished.
    done: usize,
}

/// Turns one after the other: the sums of each are finished while those of the next are made, since other
/// parts of the processor do so.
struct Turns<'a> {
    job: &'a Job<'a>,
    block: &'a Block,
    /// Of the right factor, by panel.
    rows: &'a [Range<usize>],
    /// The block's first column.
    start: usize,
    raw: &'a mut [Line],
    kept: &'a mut [Line],
    waiting: Option<Turn>,
}

impl Turns<'_> {
    fn take(&mut self, turn: Turn) {
        let Self { job, block, rows, start, .. } = *self;
        let before = self.waiting.take();
        let step = job.left.rounding.step();
        let (first, from) = (turn.columns.start / step, (turn.columns.start - start) / step);
        let steps = turn.columns.len().div_ceil(step);
        let left = [0, 1].map(|tile| job.left.tiles(2 * turn.panel + tile, first));
        let right = [0, 1].map(|tile| block.tiles(2 * turn.column + tile, from));
        let (sums, there) = pair(self.raw, turn.slot, before.as_ref().map(|turn| turn.slot));
        let kept = &mut *self.kept;
        let share = PANEL.div_ceil(steps.div_ceil(PART).max(1));
        let mut before = before;
        let mut finish = |share: usize| {
            if let Some(turn) = &mut before {
                job.finish(turn, share, (block, start, rows), there, kept);
            }
        };
        match job.left.rounding {
            Rounding::Bf16 => {
                let sums = (sums, turn.columns.start > 0);
                job.unit.halves(left, right, steps, sums, (PART, &mut || finish(share)));
            }
            Rounding::Int8 => {
                job.unit.whole(left, right, steps, sums, (PART, &mut || finish(share)))
            }
        }
        finish(PANEL);
        // Sums in bf16 wait for the last chunk.
        let is_last = turn.columns.end == job.left.columns;
        if is_last || job.left.rounding == Rounding::Int8 {
            self.waiting = Some(turn);
        }
    }

    fn finish(mut self) {
        if let Some(mut turn) = self.waiting.take() {
            let sums = slot(self.raw, turn.slot);
            let of = (self.block, self.start, self.rows);
            self.job.finish(&mut turn, PANEL, of, sums, self.kept);
        }
    }
}

/// The lines of a panel's sums.
fn slot(raw: &[Line], at: usize) -> &[Line] {
    &raw[at * (SUMS / ROW)..][..SUMS / ROW]
}

/// Sums to be made, and others to be read.
fn pair(raw: &mut [Line], made: usize, read: Option<usize>) -> (&mut [Line], &[Line]) {
    let size = SUMS / ROW;
    match read {
        None => (&mut raw[made * size..][..size], &[]),
        Some(read) if read < made => {
            let (low, high) = raw.split_at_mut(made * size);
            (&mut high[..size], slot(low, read))
        }
        Some(read) => {
            let (low, high) = raw.split_at_mut(read * size);
            (&mut low[made * size..][..size], slot(high, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Part, *};

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
        for (rows, inputs, outputs) in [
            (1, 3, 1),
            (1, 32, 32),
            (5, 64, 96),
            (33, 96, 31),
            (70, 3100, 290),
            (130, 7000, 40),
            (300, 40, 33),
        ] {
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
                        product(unit, &left, &right, Some(&bias), Ending::All, &mut made);
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

    /// Against a product whose columns meet afterwards; widths that no panel divides, and one part or two.
    #[test]
    fn gates_are_applied_to_the_columns_that_they_are_for() {
        for (rows, inputs, kept, width) in [
            (1, 40, 0, 1),
            (40, 96, 33, 70),
            (70, 3100, 0, 290),
            (100, 7000, 64, 40),
            (33, 1600, 200, 128),
        ] {
            let outputs = kept + 2 * width;
            let x: Vec<f32> = wave(rows * inputs, 0.37);
            let values: Vec<f32> =
                wave(outputs * inputs, 0.73).iter().map(|x| x / (inputs as f32).sqrt()).collect();
            let right = Numbers { values, halves: None, dims: (outputs, inputs) };
            let cut = inputs / 3;
            let part =
                |start: usize, columns| Part { numbers: &x[start..], apart: inputs, columns };
            let parts = [part(0, cut), part(cut, inputs - cut)];
            for rounding in [Rounding::Bf16, Rounding::Int8] {
                let left = Left::of_parts(&parts, rows, rounding);
                for unit in Unit::all(rounding) {
                    let mut all = vec![f32::NAN; rows * outputs];
                    product(unit, &left, &right, None, Ending::All, &mut all);
                    let ending = Ending::Gated { kept };
                    let mut made = vec![f32::NAN; rows * ending.columns(outputs)];
                    product(unit, &left, &right, None, ending, &mut made);
                    let rows = all.chunks_exact(outputs).zip(made.chunks_exact(kept + width));
                    for (all, made) in rows {
                        assert_eq!(all[..kept], made[..kept], "{unit:?} {rounding:?}");
                        let (gates, values) = all[kept..].split_at(width);
                        for ((gate, value), made) in gates.iter().zip(values).zip(&made[kept..]) {
                            let expected = gate / (1.0 + (-gate).exp()) * value;
                            let far = (made - expected).abs();
                            assert!(far < 1e-5, "{unit:?} {rounding:?}: {made}, not {expected}");
                        }
                    }
                }
            }
        }
    }
}
