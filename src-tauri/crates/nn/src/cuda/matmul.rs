//! Products of factors in 8 bits, for weights that are stored so.
//!
//! They are made where a sample of the first one with a weight came near to the product in full, and where
//! the first one of a shape was faster.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{DType, Result, Tensor};

use super::{
    bytes::{Rows, is_wide_enough, round_rows, worth},
    driver::{capability, seconds},
    lt::{self, Numbers, Product},
    rounding::round,
    trial::{Trials, Verdict, is_near, sample},
};

/// The most that a rounded product may be off, as a share of its size.
const FAR: f64 = 0.1;
/// Fewer rows than this don't pay for what has to be done with the weight first, and the library has kernels
/// for more than 16 alone.
const LEAST_ROWS: usize = 64;

static WANTED: AtomicBool = AtomicBool::new(false);
/// Which shapes are faster so.
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
pub(super) fn can_be_bytes((outputs, inputs): (usize, usize)) -> Result<bool> {
    let fits = is_wide_enough(outputs) && is_wide_enough(inputs);
    let capability = capability()?;
    // Blackwell's second large chip has next to no units for whole numbers.
    Ok(fits && capability >= (7, 5) && capability != (10, 3) && lt::is_there())
}

/// A weight whose products may be made in 8 bits, and how they are made in full.
pub(super) struct Weight<'a> {
    pub(super) shape: (usize, usize),
    pub(super) verdict: &'a Verdict,
    pub(super) full: &'a dyn Fn(&Tensor) -> Result<Tensor>,
}

/// `x [n, in]` times the transpose of a weight `[outputs, in]`, which `rows` makes. `None` where it is not to
/// be, or cannot.
///
/// # Errors
/// If the card has no memory.
pub(super) fn of_bytes(
    x: &Tensor,
    weight: &Weight<'_>,
    rows: &dyn Fn() -> Result<Rows>,
) -> Result<Option<Tensor>> {
    let product = |x: &Tensor| weight.product(x, Numbers::Int8, DType::U32);
    let fast = |x: &Tensor| {
        let Some(rounded) = round_rows(&x.contiguous()?)? else { return Ok(None) };
        let rows = rows()?;
        let sums = lt::multiply(product(x)?, [&rounded.numbers, &rows.numbers], None)?;
        sums.map(|sums| worth(&sums, &rounded, &rows, x.dtype())).transpose()
    };
    weight.taken(x, product(x)?, &fast)
}

/// The same of a weight of F8E4M3 in bytes, times its scale `[1]` in f32. `None` also where it is not wanted.
///
/// # Errors
/// If the card has no memory.
pub(super) fn of_floats(
    x: &Tensor,
    weight: &Weight<'_>,
    (bytes, scale): (&Tensor, &Tensor),
) -> Result<Option<Tensor>> {
    let fits = is_wide_enough(weight.shape.0) && is_wide_enough(weight.shape.1);
    if !WANTED.load(Ordering::Relaxed) || !fits || capability()? < (8, 9) || !lt::is_there() {
        return Ok(None);
    }
    let product = |x: &Tensor| weight.product(x, Numbers::F8E4M3, x.dtype());
    let fast = |x: &Tensor| {
        let (numbers, x_scale) = round(x)?;
        lt::multiply(product(x)?, [&numbers, bytes], Some([&x_scale, scale]))
    };
    weight.taken(x, product(x)?, &fast)
}

impl Weight<'_> {
    fn product(&self, x: &Tensor, numbers: Numbers, dtype: DType) -> Result<Product> {
        let (outputs, inputs) = self.shape;
        Ok(Product { numbers, rows: x.dim(0)?, outputs, inputs, dtype })
    }

    fn taken(
        &self,
        x: &Tensor,
        product: Product,
        fast: &dyn Fn(&Tensor) -> Result<Option<Tensor>>,
    ) -> Result<Option<Tensor>> {
        if product.rows < LEAST_ROWS {
            return Ok(None);
        }
        let is_near = || {
            let few = sample(x)?;
            match fast(&few)? {
                Some(made) => is_near(&made, &(self.full)(&few)?, FAR),
                None => Ok(false),
            }
        };
        let is_faster = || {
            let fast = seconds(|| fast(x).map(drop))?;
            Ok(fast < seconds(|| (self.full)(x).map(drop))?)
        };
        if !self.verdict.allow(is_near) || !TRIALS.allow(product, is_faster) {
            return Ok(None);
        }
        fast(x)
    }
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
                for (rows, outputs, inputs) in [(100, 64, 128), (1, 256, 96), (300, 3072, 512)] {
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
                    // Whatever is faster here.
                    let far = distance(&packed.product(&x).unwrap(), expected.as_ref().unwrap());
                    assert!(far < 0.06, "{far} by {format:?}, {rows} × {outputs} × {inputs}");
                    let is_tried = rows >= LEAST_ROWS && capability().unwrap() >= least;
                    let worked = packed.verdict.allow(|| Ok(false));
                    assert_eq!(worked, is_tried, "{format:?}, {rows} × {outputs} × {inputs}");
                }
            }
        }
        set_wanted(false);
    }
}
