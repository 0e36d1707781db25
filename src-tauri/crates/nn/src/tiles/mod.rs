//! Matrix products whose factors are rounded, on processors with units for that: to bf16 with sums in
//! f32, or to 8-bit integers with a scale for every few hundred columns of a row. Everything between
//! products stays in f32.
//!
//! Factors are brought into tiles of 16 rows of 64 bytes first, the left one whole ([`Left`]), the right
//! one, which a model stores, a block at a time while all rows of the left one go by (`product`). Where
//! blocks end is chosen so that a block stays in a core's second cache.
//!
//! Off unless a run asks for it: [`scope`] turns it on for what the calling thread computes.

pub(crate) mod attention;
pub(crate) mod convolution;
mod finish;
mod kernels;
mod left;
mod lines;
mod product;
mod right;
mod rounding;
mod softmax;

use std::cell::Cell;

pub(crate) use self::{
    kernels::Unit,
    left::{Left, Part},
    product::{Ending, Rows, product},
};

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// What numbers are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// 8 bits of mantissa, summed in f32.
    Bf16,
    /// Whole numbers from −127 to 127, a scale for every [`GROUP`] columns of a row.
    Int8,
}

impl Rounding {
    /// Bytes of a number.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Bf16 => 2,
            Self::Int8 => 1,
        }
    }

    /// Numbers in a tile's row.
    const fn step(self) -> usize {
        ROW / self.bytes()
    }
}

/// Bytes of a tile's row.
const ROW: usize = 64;
/// Rows of a tile.
const ROWS: usize = 16;
/// Bytes of a tile.
const TILE: usize = ROW * ROWS;
/// Rows of both factors that a kernel multiplies at a time: two tiles of each.
const PANEL: usize = 2 * ROWS;
/// Bytes of a panel's sums by a panel: four tiles, `[2, 2, 16, 16]`.
const SUMS: usize = 4 * TILE;
/// Columns that share a scale where numbers are rounded to whole ones.
const GROUP: usize = 1536;

/// Whether this processor multiplies rounded numbers several times faster than those of 32 bits: in bf16,
/// as bytes, or both.
#[must_use]
pub fn is_available() -> bool {
    Unit::best(Rounding::Bf16).or(Unit::best(Rounding::Int8)).is_some()
}

/// Runs `work` with rounded products where `wanted` and the processor has units for them.
pub fn scope<T>(wanted: bool, work: impl FnOnce() -> T) -> T {
    /// Puts back what was, also when `work` panics.
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            WANTED.set(self.0);
        }
    }
    let _back = Back(WANTED.replace(wanted));
    work()
}

/// What the fastest unit does in a second, on all threads: tiles that stay in a core's first cache.
pub(crate) fn ceiling(rounding: Rounding) -> Option<f64> {
    const STEPS: usize = 7;
    const TIMES: usize = 20_000;
    let unit = Unit::best(rounding)?;
    let seconds = rayon::broadcast(|_| {
        let tiles = lines::zeros(4 * STEPS * TILE);
        let mut sums = lines::zeros(SUMS);
        let (left, right) = lines::bytes(&tiles).split_at(2 * STEPS * TILE);
        let (left, right) = (left.split_at(STEPS * TILE), right.split_at(STEPS * TILE));
        let mut none = || ();
        let start = std::time::Instant::now();
        unit.with(|| {
            for _ in 0..TIMES {
                match rounding {
                    Rounding::Bf16 => {
                        let sums = (sums.as_mut_slice(), false);
                        unit.halves(left.into(), right.into(), STEPS, sums, (STEPS, &mut none));
                    }
                    Rounding::Int8 => {
                        unit.whole(left.into(), right.into(), STEPS, &mut sums, (STEPS, &mut none));
                    }
                }
            }
        });
        std::hint::black_box(&sums);
        start.elapsed().as_secs_f64()
    });
    let each = 2.0 * (PANEL * PANEL * rounding.step() * STEPS * TIMES) as f64;
    Some(seconds.into_iter().map(|seconds| each / seconds).sum())
}

/// The unit for products of the calling thread, if they are to be rounded so and there is one.
pub(crate) fn wanted(rounding: Rounding) -> Option<Unit> {
    if WANTED.get() { Unit::best(rounding) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_ends_with_its_work() {
        let is_wanted = || wanted(Rounding::Bf16).is_some();
        assert!(!is_wanted());
        let has_unit = Unit::best(Rounding::Bf16).is_some();
        scope(true, || assert_eq!(is_wanted(), has_unit));
        assert!(!is_wanted());
        let panicked = std::panic::catch_unwind(|| scope(true, || panic!("on purpose")));
        assert!(panicked.is_err() && !is_wanted());
    }
}
