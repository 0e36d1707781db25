//! Products of rounded factors with weights as files hold them, of one file's matrix or several.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};

use super::Stored;
use crate::{
    profile,
    slices::{buffer, read_rows},
    tiles::{self, Ending, Left, Part, Rounding, Rows},
};

/// `x · weightᵀ`, plus `bias [outputs]` where nothing is gated, of rounded factors, if that is wanted: rows of
/// `x [n, inputs]` are those of `parts [.., n, columns]` beside each other, and `ending` says what is made.
/// Numbers that were packed in blocks have little to lose by being rounded to bytes; all others are rounded
/// to bf16.
///
/// # Errors
/// If parts are not on the processor.
pub(crate) fn rounded_product(
    weight: &dyn Matrix,
    parts: &[&Tensor],
    bias: Option<&[f32]>,
    ending: Ending,
) -> Result<Option<Tensor>> {
    let (outputs, inputs) = weight.dims();
    let rounding = weight.rounding();
    let Some(unit) = tiles::wanted(rounding) else { return Ok(None) };
    let columns = |part: &Tensor| part.dims().last().copied().unwrap_or(0);
    let rows = |part: &Tensor| part.elem_count().checked_div(columns(part)).unwrap_or(0);
    let count = parts.first().map_or(0, |part| rows(part));
    let all: usize = parts.iter().map(|part| columns(part)).sum();
    if inputs == 0 || all != inputs || parts.iter().any(|part| rows(part) != count) {
        return Ok(None);
    }
    weight.fetch();
    let numbers = (count * inputs) as f64;
    let left = profile::count(
        || format!("round {count} x {inputs} to {rounding:?}"),
        (0.0, numbers * (4 + rounding.bytes()) as f64),
        || match *parts {
            [x] => read_rows(x, |numbers, apart| {
                Left::of_parts(&[Part { numbers, apart, columns: inputs }], count, rounding)
            }),
            [x, y] => read_rows(x, |numbers, apart| {
                let x = Part { numbers, apart, columns: columns(x) };
                read_rows(y, |numbers, apart| {
                    let y = Part { numbers, apart, columns: columns(y) };
                    Left::of_parts(&[x, y], count, rounding)
                })
            })?,
            _ => candle_core::bail!("one part or two, not {}", parts.len()),
        },
    )?;
    let width = ending.columns(outputs);
    let mut products = buffer(count * width);
    let out = products.as_mut_slice();
    let bytes = weight.byte_count() as f64 + numbers * rounding.bytes() as f64;
    let kind = if ending == Ending::All { "product" } else { "gated product" };
    profile::count(
        || format!("{kind} {rounding:?} {count} x {inputs} x {outputs}"),
        (2.0 * numbers * outputs as f64, bytes + 4.0 * (count * width) as f64),
        || tiles::product(unit, &left, weight, bias, ending, out),
    );
    Tensor::from_vec(products, (count, width), &Device::Cpu).map(Some)
}

/// A right factor in the bytes of files.
pub(crate) trait Matrix: Rows {
    /// What its products are rounded to.
    fn rounding(&self) -> Rounding;

    /// Of all of it.
    fn byte_count(&self) -> usize;

    /// Tells the memory that all of it is about to be read.
    fn fetch(&self);
}

impl Matrix for Stored {
    fn rounding(&self) -> Rounding {
        if self.format.block().0 > 1 { Rounding::Int8 } else { Rounding::Bf16 }
    }

    fn byte_count(&self) -> usize {
        Self::byte_count(self)
    }

    fn fetch(&self) {
        Self::fetch(self);
    }
}

/// Matrices whose rows stand one below the other.
pub(crate) struct Stack<'a>(&'a [&'a Stored]);

impl<'a> Stack<'a> {
    /// None if rows differ in length, or products with them in what they are rounded to.
    pub(crate) fn of(all: &'a [&'a Stored]) -> Option<Self> {
        let kind = |stored: &Stored| (stored.dims().1, stored.rounding());
        let is_one_kind = all.windows(2).all(|two| kind(two[0]) == kind(two[1]));
        (is_one_kind && !all.is_empty()).then_some(Self(all))
    }

    /// Which matrix a row is of, and which of its rows.
    fn place_of(&self, row: usize) -> (&Stored, usize) {
        let mut row = row;
        for stored in self.0 {
            if row < stored.rows() {
                return (stored, row);
            }
            row -= stored.rows();
        }
        unreachable!("rows are asked for by the dimensions that are told")
    }

    /// The parts of some rows.
    fn parts(&self, rows: Range<usize>) -> impl Iterator<Item = (&Stored, Range<usize>)> {
        let mut start = 0;
        self.0.iter().filter_map(move |stored| {
            let (from, to) = (rows.start.max(start), rows.end.min(start + stored.rows()));
            let part = (from < to).then(|| (*stored, from - start..to - start));
            start += stored.rows();
            part
        })
    }
}

impl Rows for Stack<'_> {
    fn dims(&self) -> (usize, usize) {
        let inputs = self.0.first().map_or(0, |stored| stored.dims().1);
        (self.0.iter().map(|stored| stored.dims().0).sum(), inputs)
    }

    fn halves(&self, rows: Range<usize>) -> Option<(&[u8], usize)> {
        let (stored, start) = self.place_of(rows.start);
        let end = start + rows.len();
        if end <= stored.rows() { stored.halves(start..end) } else { None }
    }

    fn values(&self, rows: Range<usize>, columns: Range<usize>, mut out: &mut [f32]) {
        for (stored, rows) in self.parts(rows) {
            let (these, rest) = out.split_at_mut(rows.len() * columns.len());
            stored.values(rows, columns.clone(), these);
            out = rest;
        }
    }

    fn whole(&self, row: usize, columns: Range<usize>, out: &mut [u8], scales: &mut [f32]) -> bool {
        let (stored, row) = self.place_of(row);
        stored.whole(row, columns, out, scales)
    }

    fn has_read(&self, rows: Range<usize>) {
        self.parts(rows).for_each(|(stored, rows)| stored.has_read(rows));
    }
}

impl Matrix for Stack<'_> {
    fn rounding(&self) -> Rounding {
        self.0.first().map_or(Rounding::Bf16, |stored| stored.rounding())
    }

    fn byte_count(&self) -> usize {
        self.0.iter().map(|stored| Stored::byte_count(stored)).sum()
    }

    fn fetch(&self) {
        self.0.iter().for_each(|stored| Stored::fetch(stored));
    }
}
