//! Matrices of whole numbers in 8 bits with a scale for each row: products of them run on units that
//! every card since Turing has, twice to four times as fast as those for 16 bits.

use candle_core::{DType, Result, Tensor};

use super::{
    launch::{Launch, has_whole_rows, is_half},
    unpack::name,
};
use crate::Format;

/// The most that a row of a weight may lose, as a share of its size.
const MOST_LOST: f32 = 0.03;

/// A matrix `[rows, width]`.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// In bytes of its shape.
    pub(super) numbers: Tensor,
    /// `[rows]` in f32.
    pub(super) scales: Tensor,
}

/// Whether matrices of rows as wide can be multiplied: the units take 16 numbers at a time.
pub(crate) fn is_wide_enough(width: usize) -> bool {
    width > 0 && width.is_multiple_of(16)
}

/// A matrix of 16-bit numbers, rounded. `None` where it is not whole.
///
/// # Errors
/// If the card refuses.
pub(crate) fn round_rows(x: &Tensor) -> Result<Option<Rows>> {
    let (rows, width) = x.dims2()?;
    if !is_half(x) || !is_wide_enough(width) || !x.is_contiguous() || !has_whole_rows(x) {
        return Ok(None);
    }
    let mut made = Launch::for_format("round_rows", x.dtype())
        .tensor(x)
        .output((rows, width), DType::U8)
        .output(rows, DType::F32)
        .int(width)?
        .grid(rows, 1)?
        .run()?;
    match (made.pop(), made.pop()) {
        (Some(scales), Some(numbers)) => Ok(Some(Rows { numbers, scales })),
        _ => candle_core::bail!("rounding makes numbers and scales"),
    }
}

/// The one scale that each row of a matrix in packed blocks gets, `[rows]`, every number times `scale`. Usually
/// that moves numbers by 0.9 % of their size, where blocks of Q8_0 moved them by 0.5 %; `None` where a row
/// would lose too much, since some of its blocks are far larger than others.
///
/// # Errors
/// If the bytes are not those of such a matrix, or the card refuses.
pub(crate) fn scales_of(
    packed: &Tensor,
    format: Format,
    (rows, width): (usize, usize),
    scale: f32,
) -> Result<Option<Tensor>> {
    let name = name_of(packed, format, (rows, width))?;
    let mut made = Launch::of(&format!("scales_of_{name}"))
        .tensor(packed)
        .output(rows, DType::F32)
        .output(rows, DType::F32)
        .int(width)?
        .float(scale)
        .grid(rows, 1)?
        .run()?;
    let (Some(costs), Some(scales)) = (made.pop(), made.pop()) else {
        candle_core::bail!("scales come with what they cost")
    };
    let dearest = costs.to_vec1::<f32>()?.into_iter().fold(0f32, f32::max);
    // What is no number is not cheap.
    Ok((dearest <= MOST_LOST * MOST_LOST).then_some(scales))
}

/// A matrix in packed blocks as rows with those scales.
///
/// # Errors
/// As [`scales_of`].
pub(crate) fn rows_of(
    packed: &Tensor,
    format: Format,
    (shape, scale): ((usize, usize), f32),
    scales: Tensor,
) -> Result<Rows> {
    let name = name_of(packed, format, shape)?;
    let numbers = Launch::of(&format!("rows_of_{name}"))
        .tensor(packed)
        .tensor(&scales)
        .output(shape, DType::U8)
        .int(shape.1)?
        .float(scale)
        .grid(shape.0, 1)?
        .make()?;
    Ok(Rows { numbers, scales })
}

/// What kernels call the format of a matrix.
fn name_of(packed: &Tensor, format: Format, shape: (usize, usize)) -> Result<&'static str> {
    let bytes = packed.elem_count();
    let is_whole = format.bytes(&[shape.0, shape.1]) == Some(bytes);
    match name(format) {
        Some(name) if is_whole && is_in_blocks(format) => Ok(name),
        _ => candle_core::bail!("{bytes} bytes are no {shape:?} numbers as blocks of {format:?}"),
    }
}

/// Whether a format packs several numbers under one scale: those have little to lose by being rounded again.
pub(crate) fn is_in_blocks(format: Format) -> bool {
    format.block().0 > 1
}

/// What sums of products `[n, outputs]` in 32 bits are worth, those of `x [n, inputs]` and `weight
/// [outputs, inputs]`.
///
/// # Errors
/// If the card refuses.
pub(crate) fn worth(sums: &Tensor, x: &Rows, weight: &Rows, dtype: DType) -> Result<Tensor> {
    let (_, width) = sums.dims2()?;
    let count = sums.elem_count();
    Launch::for_format("worth", dtype)
        .tensor(sums)
        .tensor(&x.scales)
        .tensor(&weight.scales)
        .output(sums.shape(), dtype)
        .int(width)?
        .long(count)
        .covering(count / 8)?
        .make()
}

impl Rows {
    /// All numbers.
    ///
    /// # Errors
    /// If the card has no memory.
    pub(crate) fn unpacked(&self, dtype: DType) -> Result<Tensor> {
        let (_, width) = self.numbers.dims2()?;
        let count = self.numbers.elem_count();
        Launch::for_format("unpack_rows", dtype)
            .tensor(&self.numbers)
            .tensor(&self.scales)
            .output(self.numbers.shape(), dtype)
            .int(width)?
            .long(count)
            .covering(count / 8)?
            .make()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::Device;

    use super::super::testing::{
        FORMATS, PACKED, bytes, distance, machine, noise, placed, rounded,
    };
    use super::*;
    use crate::Stored;

    /// Random bytes without the exponents of large 16-bit floats: wherever scales lie, they are below 2 in
    /// size.
    fn blocks(format: Format, shape: [usize; 2]) -> Vec<u8> {
        let random = bytes(format.bytes(&shape).unwrap());
        random.into_iter().map(|byte| byte & 0xbf).collect()
    }

    /// The sums that the card's units make, here by the processor.
    fn sums(x: &Rows, weight: &Rows, machine: &Device) -> Tensor {
        let whole = |rows: &Rows| {
            let (n, width) = rows.numbers.dims2().unwrap();
            let bytes = rows.numbers.to_device(&Device::Cpu).unwrap().flatten_all().unwrap();
            let values = bytes.to_vec1::<u8>().unwrap();
            let values: Vec<f64> = values.into_iter().map(|x| f64::from(x as i8)).collect();
            Tensor::from_vec(values, (n, width), &Device::Cpu).unwrap()
        };
        let sums = whole(x).matmul(&whole(weight).t().unwrap()).unwrap();
        let shape = sums.shape().clone();
        let sums = sums.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let bits: Vec<u32> = sums.into_iter().map(|sum| (sum as i32).cast_unsigned()).collect();
        Tensor::from_vec(bits, shape, machine).unwrap()
    }

    fn stored(format: Format, shape: [usize; 2], scale: f32) -> (Stored, Tensor) {
        let bytes = blocks(format, shape);
        let length = bytes.len();
        let packed = Tensor::from_vec(bytes.clone(), length, &machine()).unwrap();
        let stored = Stored::new(Arc::new(bytes), 0..length, format, shape.to_vec()).unwrap();
        (stored.scaled(scale), packed)
    }

    #[test]
    fn every_packed_format_becomes_rows_of_bytes() {
        for format in PACKED.into_iter().filter(|format| is_in_blocks(*format)) {
            let (stored, packed) = stored(format, [8, 512], 0.01);
            let exact = Tensor::from_vec(stored.to_f32(), (8, 512), &Device::Cpu).unwrap();
            let scales = scales_of(&packed, format, (8, 512), 0.01).unwrap().expect("it is even");
            let rows = rows_of(&packed, format, ((8, 512), 0.01), scales).unwrap();
            let made = rows.unpacked(DType::BF16).unwrap();
            for row in 0..8 {
                let row = |x: &Tensor| x.narrow(0, row, 1).unwrap();
                let most = row(&exact).abs().unwrap().max_all().unwrap().to_scalar::<f32>();
                let step = most.unwrap() / 127.0;
                let made = row(&made).to_device(&Device::Cpu).unwrap().to_dtype(DType::F32);
                let far = (made.unwrap() - row(&exact)).unwrap().abs().unwrap().max_all().unwrap();
                let far = far.to_scalar::<f32>().unwrap();
                // Half a step, and as much by bf16 where there are 127 steps.
                assert!(far <= step, "{far} of steps of {step} in {format:?}");
            }
        }
    }

    #[test]
    fn products_of_bytes_are_near_those_of_the_numbers() {
        let machine = machine();
        let (n, outputs, inputs) = (5, 32, 320);
        let (stored, packed) = stored(Format::Q8_0, [outputs, inputs], 0.01);
        let exact = Tensor::from_vec(stored.to_f32(), (outputs, inputs), &Device::Cpu).unwrap();
        let scales = scales_of(&packed, Format::Q8_0, (outputs, inputs), 0.01).unwrap();
        let kind = ((outputs, inputs), 0.01);
        let weight = rows_of(&packed, Format::Q8_0, kind, scales.expect("it is even")).unwrap();
        for dtype in FORMATS {
            // Rows of other sizes, and one of nothing.
            let sizes = Tensor::new(&[1f32, 1e-3, 80.0, 0.0, 3.0], &Device::Cpu).unwrap();
            let x = noise((n, inputs), 1, 0.1).broadcast_mul(&sizes.reshape((n, 1)).unwrap());
            let x = x.unwrap();
            let rows = round_rows(&placed(&x, dtype, &machine)).unwrap().expect("it fits");
            let far = distance(&rows.unpacked(dtype).unwrap(), &rounded(&x, dtype));
            assert!(far < 0.015, "{far} of the activations");
            let made = worth(&sums(&rows, &weight, &machine), &rows, &weight, dtype).unwrap();
            let expected = rounded(&x, dtype).matmul(&exact.t().unwrap()).unwrap();
            for row in 0..n {
                let row = |x: &Tensor| x.narrow(0, row, 1).unwrap();
                let (made, expected) = (row(&made), row(&expected));
                let size = expected.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                if size > 0.0 {
                    let far = distance(&made, &expected);
                    assert!(far < 0.03, "{far} of a product");
                } else {
                    let made = made.to_dtype(DType::F32).unwrap().abs().unwrap();
                    assert_eq!(made.max_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_to_others() {
        let machine = machine();
        let x = placed(&noise((3, 40), 1, 0.0), DType::F16, &machine);
        assert!(round_rows(&x).unwrap().is_none(), "not sixteen at a time");
        let x = placed(&noise((32, 3), 1, 0.0), DType::F16, &machine).t().unwrap();
        assert!(round_rows(&x).unwrap().is_none(), "turned");
        let bytes = Tensor::zeros(33, DType::U8, &machine).unwrap();
        assert!(scales_of(&bytes, Format::Q8_0, (1, 32), 1.0).is_err(), "not whole");
        let bytes = Tensor::zeros(32, DType::U8, &machine).unwrap();
        assert!(scales_of(&bytes, Format::F8E4M3, (1, 32), 1.0).is_err(), "not in blocks");
        // One block is a thousand times as large as the other: of that, one scale would leave nothing.
        let block = |exponent: u8| [[0, exponent].as_slice(), &[100; 32]].concat();
        let bytes = [block(0x3c), block(0x14)].concat();
        let uneven = Tensor::from_vec(bytes, 68, &machine).unwrap();
        assert!(scales_of(&uneven, Format::Q8_0, (2, 32), 1.0).unwrap().is_some(), "two rows");
        let bytes = [block(0x3c), block(0x14), vec![block(0x14); 30].concat()].concat();
        let uneven = Tensor::from_vec(bytes, 32 * 34, &machine).unwrap();
        assert!(
            scales_of(&uneven, Format::Q8_0, (1, 1024), 1.0).unwrap().is_some(),
            "small ones count little"
        );
        let bytes = [block(0x3c), vec![block(0x25); 127].concat()].concat();
        let uneven = Tensor::from_vec(bytes, 128 * 34, &machine).unwrap();
        assert!(
            scales_of(&uneven, Format::Q8_0, (1, 4096), 1.0).unwrap().is_none(),
            "many small ones"
        );
    }
}
