//! Numbers of 8 bits, 4 of them exponent, for products on cards that have units for them.

use candle_core::{DType, Result, Tensor};

use super::launch::Launch;

/// Blocks that look at a tensor.
const BLOCKS: usize = 512;

/// `x` as F8E4M3 in bytes of its shape, and the scale of all, `[1]` in f32.
///
/// # Errors
/// If the card refuses.
pub(crate) fn round(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let x = x.contiguous()?;
    let count = x.elem_count();
    let blocks = count.div_ceil(256).clamp(1, BLOCKS);
    let pieces = Launch::for_format("largest", x.dtype())
        .tensor(&x)
        .output(blocks, DType::F32)
        .long(count)
        .grid(blocks, 1)?
        .make()?;
    let mut made = Launch::for_format("round_all", x.dtype())
        .tensor(&x)
        .tensor(&pieces)
        .output(x.shape(), DType::U8)
        .output(1, DType::F32)
        .int(blocks)?
        .long(count)
        .grid(blocks, 1)?
        .run()?;
    match (made.pop(), made.pop()) {
        (Some(scale), Some(numbers)) => Ok((numbers, scale)),
        _ => candle_core::bail!("rounding makes numbers and a scale"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::testing::{FORMATS, distance, machine, noise, placed, rounded};
    use super::super::unpack::unpack;
    use super::*;
    use crate::Format;

    #[test]
    fn rounded_numbers_are_the_nearest_there_are() {
        let machine = machine();
        for dtype in FORMATS {
            // From very small to large.
            let x = noise((40, 50), 1, 0.0);
            let sizes = (noise((40, 1), 2, 0.0) * 3.0).unwrap().exp().unwrap();
            let x = x.broadcast_mul(&sizes).unwrap();
            let (numbers, scale) = round(&placed(&x, dtype, &machine)).unwrap();
            let scale = scale.to_device(&Device::Cpu).unwrap().to_vec1::<f32>().unwrap()[0];
            let wide = rounded(&x, dtype);
            let most = wide.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!((scale * 448.0 / most - 1.0).abs() < 1e-6, "the largest is the largest");
            let flat = numbers.flatten_all().unwrap();
            let made = unpack(&flat, (Format::F8E4M3, &[40, 50]), scale, dtype).unwrap();
            let nearest = (&wide * f64::from(448.0 / most)).unwrap();
            let nearest = nearest.to_dtype(DType::F8E4M3).unwrap().to_dtype(DType::F32).unwrap();
            let nearest = (nearest * f64::from(scale)).unwrap();
            let far = distance(&made, &nearest);
            assert!(far < 3e-3, "{far} from the processor's rounding");
            let far = distance(&made, &wide);
            assert!(far < 0.04, "{far} from the numbers themselves");
        }
    }
}
