//! Matrix products whose factors are rounded to bf16 and summed in f32, on processors that have units
//! for that (AMX). Everything between products stays in f32.
//!
//! Off unless a run asks for it: [`scope`] turns it on for what the calling thread computes.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
pub(crate) mod attention;

use std::cell::Cell;

use half::bf16;

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this processor multiplies in bf16 several times faster than in f32.
#[must_use]
pub fn is_available() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return amx::is_available();
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    return false;
}

/// Runs `work` with products in bf16 where `wanted` and the processor has them.
pub fn scope<T>(wanted: bool, work: impl FnOnce() -> T) -> T {
    /// Puts back what was, also when `work` panics.
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            WANTED.set(self.0);
        }
    }
    let _back = Back(WANTED.replace(wanted && is_available()));
    work()
}

/// Whether products of the calling thread are to be rounded.
pub(crate) fn is_wanted() -> bool {
    WANTED.get()
}

/// Multiples that the rows and columns of a right factor have.
pub(crate) const STEP: usize = 32;

/// The left factor of products, rounded and in the order in which the units read it.
pub(crate) struct Packed {
    /// Groups of 16 rows, and in each, 32 columns at a time: pairs of columns, row beside row.
    words: Vec<u32>,
    rows: usize,
    columns: usize,
}

impl Packed {
    /// Packs `x [rows, columns]` in f32, `columns` a multiple of [`STEP`].
    pub(crate) fn new(x: &[f32], rows: usize, columns: usize) -> Self {
        use rayon::prelude::*;
        let groups = rows.div_ceil(STEP) * 2;
        let mut words = vec![0u32; groups * 16 * columns / 2];
        words.par_chunks_mut(16 * columns / 2).enumerate().for_each(|(group, words)| {
            for row in 0..16.min(rows.saturating_sub(group * 16)) {
                let x = &x[(group * 16 + row) * columns..][..columns];
                for (pair, numbers) in x.chunks_exact(2).enumerate() {
                    let [low, high] = [numbers[0], numbers[1]].map(|x| bf16::from_f32(x).to_bits());
                    words[pair * 16 + row] = u32::from(low) | u32::from(high) << 16;
                }
            }
        });
        Self { words, rows, columns }
    }

    /// `out [rows, all]`, of which columns from `first` on are the product with the transpose of
    /// `right [outputs, columns]`, in the bytes of bf16 numbers. `outputs` is a multiple of [`STEP`].
    pub(crate) fn product(
        &self,
        right: &[u8],
        outputs: usize,
        out: &mut [f32],
        all: usize,
        first: usize,
    ) {
        assert!(outputs.is_multiple_of(STEP) && self.columns.is_multiple_of(STEP));
        assert!(right.len() >= outputs * self.columns * 2 && out.len() >= self.rows * all);
        assert!(first + outputs <= all);
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        amx::product(&self.words, (self.rows, self.columns), right, outputs, (out, all, first));
        #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
        unreachable!("nobody asks for what is not available");
    }
}

/// Numbers as bf16, in bytes.
pub(crate) fn rounded(numbers: &[f32]) -> Vec<u8> {
    use rayon::prelude::*;
    let mut bytes = vec![0u8; numbers.len() * 2];
    bytes.par_chunks_mut(1 << 16).zip(numbers.par_chunks(1 << 15)).for_each(|(bytes, numbers)| {
        for (bytes, number) in bytes.chunks_exact_mut(2).zip(numbers) {
            bytes.copy_from_slice(&bf16::from_f32(*number).to_le_bytes());
        }
    });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_rounded_factors() {
        if !is_available() {
            return;
        }
        for (rows, columns, outputs) in [(1, 32, 32), (5, 64, 96), (33, 96, 32), (70, 3072, 288)] {
            let number = |i: usize, step: f32| (i as f32 * step).sin();
            let x: Vec<f32> = (0..rows * columns).map(|i| number(i, 0.37)).collect();
            let right: Vec<f32> = (0..outputs * columns).map(|i| number(i, 0.73)).collect();
            let mut made = vec![0f32; rows * outputs];
            Packed::new(&x, rows, columns).product(
                &rounded(&right),
                outputs,
                &mut made,
                outputs,
                0,
            );
            let round = |x: &f32| f64::from(bf16::from_f32(*x).to_f32());
            for row in 0..rows {
                for output in 0..outputs {
                    let expected: f64 = x[row * columns..][..columns]
                        .iter()
                        .zip(&right[output * columns..][..columns])
                        .map(|(a, b)| round(a) * round(b))
                        .sum();
                    let made = f64::from(made[row * outputs + output]);
                    assert!((made - expected).abs() < 1e-3, "{made} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn a_scope_ends_with_its_work() {
        assert!(!is_wanted());
        scope(true, || assert_eq!(is_wanted(), is_available()));
        assert!(!is_wanted());
        let panicked = std::panic::catch_unwind(|| scope(true, || panic!("on purpose")));
        assert!(panicked.is_err() && !is_wanted());
    }
}
