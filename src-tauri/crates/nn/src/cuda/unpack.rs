//! Packed weights on the card: as small there as in the file, unpacked a matrix at a time for a product.

use candle_core::{DType, Result, Tensor};

use super::launch::Launch;
#[cfg(feature = "cuda")]
use super::{
    bytes::{Rows, is_in_blocks, rows_of, scales_of},
    matmul,
    trial::{Verdict, are_forbidden},
};
use crate::Format;
#[cfg(feature = "cuda")]
use crate::Stored;

/// A matrix on the card, about as small as in the file.
#[cfg(feature = "cuda")]
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    numbers: Numbers,
    shape: (usize, usize),
    dtype: DType,
    /// Whether products with it may be in 8 bits.
    pub(super) verdict: Verdict,
}

#[cfg(feature = "cuda")]
#[derive(Debug, Clone)]
enum Numbers {
    /// The bytes of the file.
    Blocks {
        bytes: Tensor,
        format: Format,
        scale: f32,
        /// The same, `[1]` on the card.
        factor: Tensor,
        /// One for each row, where products of whole numbers can be made.
        scales: Option<Tensor>,
    },
    /// Those of Q8_0, arranged for products of whole numbers.
    Rows(Rows),
}

#[cfg(feature = "cuda")]
impl Packed {
    /// None where there is no kernel for the format, or for numbers like these.
    ///
    /// # Errors
    /// If it is no matrix, or the card has no memory.
    pub(crate) fn new(stored: &Stored, dtype: DType) -> Result<Option<Self>> {
        let format = stored.format();
        if name(format).is_none() || !matches!(dtype, DType::BF16 | DType::F16) {
            return Ok(None);
        }
        let shape = match *stored.shape() {
            [outputs, inputs] => (outputs, inputs),
            ref shape => candle_core::bail!("a product needs a matrix, not {shape:?}"),
        };
        let bytes = bytes_of(stored)?;
        let (scale, _) = stored.scale_and_bytes();
        let can_be_rows = is_in_blocks(format) && !are_forbidden() && matmul::can_be_bytes(shape)?;
        let scales = match can_be_rows {
            true => scales_of(&bytes, format, shape, scale)?,
            false => None,
        };
        let numbers = match scales {
            Some(scales) if format == Format::Q8_0 => {
                Numbers::Rows(rows_of(&bytes, format, (shape, scale), scales)?)
            }
            scales => {
                let factor = Tensor::new(&[scale], bytes.device())?;
                Numbers::Blocks { bytes, format, scale, factor, scales }
            }
        };
        Ok(Some(Self { numbers, shape, dtype, verdict: Verdict::default() }))
    }

    pub(crate) fn dims2(&self) -> (usize, usize) {
        self.shape
    }

    /// `x [n, in]` to `[n, out]`.
    ///
    /// # Errors
    /// If shapes do not fit, or the card has no memory.
    pub(crate) fn product(&self, x: &Tensor) -> Result<Tensor> {
        let full = |x: &Tensor| x.matmul(&self.unpacked()?.t()?);
        let weight = matmul::Weight { shape: self.shape, verdict: &self.verdict, full: &full };
        let made = match &self.numbers {
            Numbers::Rows(rows) => matmul::of_bytes(x, &weight, &|| Ok(rows.clone()))?,
            // A pass over the packed bytes costs little beside a product, and memory stays as small.
            Numbers::Blocks { bytes, format, scale, scales: Some(scales), .. } => {
                let kind = (self.shape, *scale);
                let rows = || rows_of(bytes, *format, kind, scales.clone());
                matmul::of_bytes(x, &weight, &rows)?
            }
            Numbers::Blocks { bytes, format: Format::F8E4M3, factor, .. } => {
                matmul::of_floats(x, &weight, (bytes, factor))?
            }
            Numbers::Blocks { .. } => None,
        };
        made.map_or_else(|| full(x), Ok)
    }

    /// All numbers, until the product is done.
    fn unpacked(&self) -> Result<Tensor> {
        match &self.numbers {
            Numbers::Rows(rows) => rows.unpacked(self.dtype),
            Numbers::Blocks { bytes, format, scale, .. } => {
                let (outputs, inputs) = self.shape;
                unpack(bytes, (*format, &[outputs, inputs]), *scale, self.dtype)
            }
        }
    }
}

/// All numbers of a tensor that is packed in a file. None where there is no kernel for its format, or for
/// numbers like these.
///
/// # Errors
/// If the card has no memory.
#[cfg(feature = "cuda")]
pub(crate) fn unpacked(stored: &Stored, dtype: DType) -> Result<Option<Tensor>> {
    let format = stored.format();
    if name(format).is_none() || !matches!(dtype, DType::BF16 | DType::F16) {
        return Ok(None);
    }
    let (scale, _) = stored.scale_and_bytes();
    unpack(&bytes_of(stored)?, (format, stored.shape()), scale, dtype).map(Some)
}

#[cfg(feature = "cuda")]
fn bytes_of(stored: &Stored) -> Result<Tensor> {
    let (_, length) = stored.scale_and_bytes();
    stored.upload(DType::U8, &[length])
}

/// What kernels call a packed format.
pub(super) fn name(format: Format) -> Option<&'static str> {
    match format {
        Format::F64 | Format::F32 | Format::F16 | Format::Bf16 => None,
        Format::F8E4M3 => Some("f8e4m3"),
        Format::F8E5M2 => Some("f8e5m2"),
        Format::Q4_0 => Some("q4_0"),
        Format::Q4_1 => Some("q4_1"),
        Format::Q5_0 => Some("q5_0"),
        Format::Q5_1 => Some("q5_1"),
        Format::Q8_0 => Some("q8_0"),
        Format::Q2K => Some("q2_k"),
        Format::Q3K => Some("q3_k"),
        Format::Q4K => Some("q4_k"),
        Format::Q5K => Some("q5_k"),
        Format::Q6K => Some("q6_k"),
    }
}

/// The numbers of `packed`, bytes of whole blocks, each times `scale`.
///
/// # Errors
/// If the bytes are not those of a tensor of that shape, or the card has no memory.
pub(crate) fn unpack(
    packed: &Tensor,
    (format, shape): (Format, &[usize]),
    scale: f32,
    dtype: DType,
) -> Result<Tensor> {
    let bytes = packed.elem_count();
    let Some(name) = name(format).filter(|_| format.bytes(shape) == Some(bytes)) else {
        candle_core::bail!("{bytes} bytes are no {shape:?} numbers as {format:?}");
    };
    let count: usize = shape.iter().product();
    Launch::for_format(&format!("unpack_{name}"), dtype)
        .tensor(packed)
        .output(shape, dtype)
        .long(count)
        .float(scale)
        .covering(count.div_ceil(2))?
        .make()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::Device;

    use super::super::testing::{PACKED, bytes, machine};
    use super::*;
    use crate::Stored;

    /// Every byte there is, in all places: bits, not values near each other, are compared.
    #[test]
    fn every_format_gives_the_numbers_that_the_processor_reads() {
        let machine = machine();
        for format in PACKED {
            let shape = [6, 512];
            let length = format.bytes(&shape).unwrap();
            // All values of a byte come first.
            let random = bytes(length).into_iter().enumerate();
            let bytes: Vec<u8> =
                random.map(|(i, byte)| if i < 256 { i as u8 } else { byte }).collect();
            let expected =
                Stored::new(Arc::new(bytes.clone()), 0..length, format, shape.to_vec()).unwrap();
            let expected = Tensor::from_vec(expected.scaled(0.5).to_f32(), &shape, &Device::Cpu);
            let expected = expected.unwrap().to_dtype(DType::BF16).unwrap();
            let packed = Tensor::from_vec(bytes, length, &machine).unwrap();
            let made = unpack(&packed, (format, &shape), 0.5, DType::BF16).unwrap();
            let bits = |x: &Tensor| -> Vec<u16> {
                let x = x.to_device(&Device::Cpu).unwrap().flatten_all().unwrap();
                let values = x.to_vec1::<half::bf16>().unwrap();
                // One not-a-number is as good as another, and so is one zero.
                let plain = |x: half::bf16| match x {
                    x if x.is_nan() => half::bf16::NAN.to_bits(),
                    x if x == half::bf16::ZERO => 0,
                    x => x.to_bits(),
                };
                values.into_iter().map(plain).collect()
            };
            let (made, expected) = (bits(&made), bits(&expected));
            let wrong = made.iter().zip(&expected).position(|(a, b)| a != b);
            assert_eq!(wrong, None, "{format:?}");
        }
    }

    #[test]
    fn bytes_of_another_length_are_refused() {
        let packed = Tensor::zeros(33, DType::U8, &Device::Cpu).unwrap();
        assert!(unpack(&packed, (Format::Q8_0, &[1, 32]), 1.0, DType::BF16).is_err());
    }
}
