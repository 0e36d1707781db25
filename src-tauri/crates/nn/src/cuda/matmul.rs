//! Products of factors in 8 bits, for weights that are stored so.
//!
//! The first product of every shape is made in full as well: numbers may be such that they cannot be rounded
//! so coarsely.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{DType, Result, Tensor};

use super::{
    bytes::{Rows, is_wide_enough, round_rows, worth},
    driver::capability,
    lt::{self, Numbers, Product},
    rounding::round,
    trial::Trials,
};

/// The most that a rounded product may be off, as a share of its size.
const FAR: f64 = 0.1;

static WANTED: AtomicBool = AtomicBool::new(false);
static TRIALS: Trials<Product> = Trials::new();

/// Whether products with weights of 8-bit floats are to be in 8 bits: activations are rounded to 8 bits too,
/// with one scale for all, which moves every product by about 3 % of its size at random.
pub(crate) fn set_wanted(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
}

/// Whether products of whole numbers can be tried for a weight of that shape.
///
/// # Errors
/// If there is no card.
pub(crate) fn can_be_bytes((outputs, inputs): (usize, usize)) -> Result<bool> {
    let fits = is_wide_enough(outputs) && is_wide_enough(inputs);
    Ok(fits && capability()? >= (7, 5) && lt::is_there())
}

/// `x [n, in]` times the transpose of a weight `[outputs, in]`, which `rows` makes; `full` makes the product of
/// unpacked numbers. `None` where it cannot be.
///
/// # Errors
/// If the card has no memory.
pub(crate) fn of_bytes(
    x: &Tensor,
    (outputs, inputs): (usize, usize),
    rows: impl FnOnce() -> Result<Rows>,
    full: impl FnOnce() -> Result<Tensor>,
) -> Result<Option<Tensor>> {
    let numbers = Numbers::Int8;
    let product = Product { numbers, rows: x.dim(0)?, outputs, inputs, dtype: DType::U32 };
    let make = || {
        let Some(rounded) = round_rows(&x.contiguous()?)? else { return Ok(None) };
        let weight = rows()?;
        let sums = lt::multiply(product, [&rounded.numbers, &weight.numbers], None)?;
        sums.map(|sums| worth(&sums, &rounded, &weight, x.dtype())).transpose()
    };
    TRIALS.run(product, FAR, make, full)
}

/// The same of a weight of F8E4M3 in bytes, times its scale `[1]` in f32. `None` also where it is not wanted.
///
/// # Errors
/// If the card has no memory.
pub(crate) fn of_floats(
    x: &Tensor,
    (weight, scale): (&Tensor, &Tensor),
    (outputs, inputs): (usize, usize),
    full: impl FnOnce() -> Result<Tensor>,
) -> Result<Option<Tensor>> {
    let fits = is_wide_enough(outputs) && is_wide_enough(inputs);
    if !WANTED.load(Ordering::Relaxed) || !fits || capability()? < (8, 9) || !lt::is_there() {
        return Ok(None);
    }
    let numbers = Numbers::F8E4M3;
    let product = Product { numbers, rows: x.dim(0)?, outputs, inputs, dtype: x.dtype() };
    let make = || {
        let (numbers, x_scale) = round(x)?;
        lt::multiply(product, [&numbers, weight], Some([&x_scale, scale]))
    };
    TRIALS.run(product, FAR, make, full)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{
        testing::{FORMATS, distance, machine, noise, placed, rounded},
        unpack::Packed,
    };
    use super::*;
    use crate::{Format, Stored};

    /// A matrix whose numbers are small, in the bytes of a file.
    fn stored(format: Format, shape: [usize; 2]) -> Stored {
        let length = format.bytes(&shape).unwrap();
        let bytes: Vec<u8> = (0..length)
            .map(|i| match (format, i % 34) {
                (Format::Q8_0, 0) => 0,
                (Format::Q8_0, 1) => 0x20,
                // Numbers of up to 15 in size; the largest exponents would end the sums.
                (Format::F8E4M3, _) => ((i * 37 % 251) as u8) & 0xbf | 0x20,
                _ => (i * 37 % 251) as u8,
            })
            .collect();
        Stored::new(Arc::new(bytes), 0..length, format, shape.to_vec()).unwrap()
    }

    #[test]
    fn products_in_8_bits_are_near_those_in_16_and_are_really_made() {
        let machine = machine();
        set_wanted(true);
        for (format, least) in [(Format::Q8_0, (7, 5)), (Format::F8E4M3, (8, 9))] {
            for dtype in FORMATS {
                if dtype == DType::BF16 && capability().unwrap() < (8, 0) {
                    continue;
                }
                for (rows, outputs, inputs) in [(100, 64, 128), (1, 256, 96), (33, 3072, 512)] {
                    let stored = stored(format, [outputs, inputs]).scaled(0.01);
                    let x = noise((rows, inputs), 1, 0.0);
                    let weight = Tensor::from_vec(
                        stored.to_f32(),
                        (outputs, inputs),
                        &candle_core::Device::Cpu,
                    );
                    let expected = rounded(&x, dtype).matmul(&weight.unwrap().t().unwrap());
                    let packed = Packed::new(&stored, dtype).unwrap().expect("there are kernels");
                    let x = placed(&x, dtype, &machine);
                    // The first is made in full as well, the second is not.
                    for _ in 0..2 {
                        let far =
                            distance(&packed.product(&x).unwrap(), expected.as_ref().unwrap());
                        assert!(far < 0.06, "{far} by {format:?}, {rows} × {outputs} × {inputs}");
                    }
                    let (numbers, made) = match format {
                        Format::Q8_0 => (Numbers::Int8, DType::U32),
                        _ => (Numbers::F8E4M3, dtype),
                    };
                    let product = Product { numbers, rows, outputs, inputs, dtype: made };
                    assert_eq!(TRIALS.is_taken(&product), capability().unwrap() >= least);
                }
            }
        }
        set_wanted(false);
    }
}
