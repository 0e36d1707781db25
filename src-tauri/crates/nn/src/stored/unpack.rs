//! Packed numbers to f32, as GGML's reference code computes them: in f32 throughout.
//!
//! Method and layout of the blocks: <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>.

use half::{bf16, f16, slice::HalfFloatSliceExt};

use super::Format;
use crate::vectors::widest;

/// Whole blocks of `bytes` to numbers, each times `scale`.
pub(super) fn unpack(format: Format, bytes: &[u8], scale: f32, out: &mut [f32]) {
    match format {
        Format::F64 => numbers(bytes, out, |raw| f64::from_le_bytes(raw) as f32),
        Format::F32 => match bytemuck::try_cast_slice::<u8, f32>(bytes) {
            Ok(values) => out.copy_from_slice(values),
            Err(_) => numbers(bytes, out, f32::from_le_bytes),
        },
        Format::F16 => match bytemuck::try_cast_slice::<u8, f16>(bytes) {
            Ok(values) => values.convert_to_f32_slice(out),
            Err(_) => numbers(bytes, out, |raw| f16::from_le_bytes(raw).to_f32()),
        },
        Format::Bf16 => {
            numbers(bytes, out, |raw: [u8; 2]| bf16::from_le_bytes(raw).to_bits_f32());
        }
        Format::F8E4M3 => numbers(bytes, out, |[raw]: [u8; 1]| E4M3[usize::from(raw)]),
        Format::F8E5M2 => numbers(bytes, out, |[raw]: [u8; 1]| E5M2[usize::from(raw)]),
        Format::Q4_0 => blocks(format, bytes, out, q4_0),
        Format::Q4_1 => blocks(format, bytes, out, q4_1),
        Format::Q5_0 => blocks(format, bytes, out, q5_0),
        Format::Q5_1 => blocks(format, bytes, out, q5_1),
        Format::Q8_0 => blocks(format, bytes, out, q8_0),
        Format::Q2K => blocks(format, bytes, out, q2_k),
        Format::Q3K => blocks(format, bytes, out, q3_k),
        Format::Q4K => blocks(format, bytes, out, q4_k),
        Format::Q5K => blocks(format, bytes, out, q5_k),
        Format::Q6K => blocks(format, bytes, out, q6_k),
    }
    if scale != 1.0 {
        out.iter_mut().for_each(|value| *value *= scale);
    }
}

trait Widen {
    fn to_bits_f32(self) -> f32;
}

impl Widen for bf16 {
    /// Its bits are the upper half; nothing is to be asked, so that the loop becomes vector code.
    fn to_bits_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }
}

fn numbers<const N: usize>(bytes: &[u8], out: &mut [f32], read: impl Fn([u8; N]) -> f32) {
    let (raw, _) = bytes.as_chunks::<N>();
    for (value, &raw) in out.iter_mut().zip(raw) {
        *value = read(raw);
    }
}

fn blocks(format: Format, bytes: &[u8], out: &mut [f32], read: impl Fn(&[u8], &mut [f32])) {
    let (count, size) = format.block();
    for (block, values) in bytes.chunks_exact(size).zip(out.chunks_exact_mut(count)) {
        read(block, values);
    }
}

/// The f16 at a byte of a block.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn q4_0(block: &[u8], out: &mut [f32]) {
    let d = half(block, 0);
    for (j, &q) in block[2..18].iter().enumerate() {
        out[j] = (i32::from(q & 15) - 8) as f32 * d;
        out[j + 16] = (i32::from(q >> 4) - 8) as f32 * d;
    }
}

fn q4_1(block: &[u8], out: &mut [f32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (j, &q) in block[4..20].iter().enumerate() {
        out[j] = f32::from(q & 15) * d + m;
        out[j + 16] = f32::from(q >> 4) * d + m;
    }
}

/// The fifth bits of a block's halves.
fn fifth_bits(block: &[u8], at: usize, j: usize) -> (u8, u8) {
    let high = u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    ((((high >> j) & 1) << 4) as u8, (((high >> (j + 16)) & 1) << 4) as u8)
}

fn q5_0(block: &[u8], out: &mut [f32]) {
    let d = half(block, 0);
    for (j, &q) in block[6..22].iter().enumerate() {
        let (low, high) = fifth_bits(block, 2, j);
        out[j] = (i32::from(q & 15 | low) - 16) as f32 * d;
        out[j + 16] = (i32::from(q >> 4 | high) - 16) as f32 * d;
    }
}

fn q5_1(block: &[u8], out: &mut [f32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (j, &q) in block[8..24].iter().enumerate() {
        let (low, high) = fifth_bits(block, 4, j);
        out[j] = f32::from(q & 15 | low) * d + m;
        out[j + 16] = f32::from(q >> 4 | high) * d + m;
    }
}

fn q8_0(block: &[u8], out: &mut [f32]) {
    let d = half(block, 0);
    for (value, &q) in out.iter_mut().zip(&block[2..34]) {
        *value = f32::from(q.cast_signed()) * d;
    }
}

widest!(
    /// Blocks as whole numbers with one scale for every 1536 of them, which is the largest of its blocks:
    /// what the others lose is less than half of it.
    q8_0_in_groups(bytes: &[u8], scale: f32, out: &mut [u8], scales: &mut [f32]),
    regroup
);

#[inline(always)]
fn regroup(bytes: &[u8], scale: f32, out: &mut [u8], scales: &mut [f32]) {
    let groups = bytes.chunks(34 * 48).zip(out.chunks_mut(1536)).zip(scales);
    for ((bytes, out), group) in groups {
        let blocks = bytes.as_chunks::<34>().0;
        let mut sizes = [0f32; 48];
        let mut largest = 0f32;
        let mut is_finite = true;
        for (size, block) in sizes.iter_mut().zip(blocks) {
            let bits = u16::from_le_bytes([block[0], block[1]]);
            is_finite &= bits & 0x7c00 != 0x7c00;
            *size = size_of_block(bits);
            largest = if size.abs() > largest { size.abs() } else { largest };
        }
        let inverse = if largest > 0.0 { 1.0 / largest } else { 0.0 };
        for ((block, out), size) in blocks.iter().zip(out.as_chunks_mut::<32>().0).zip(sizes) {
            // In 15 bits: what is lost is far below half of a whole number.
            let factor = (size * inverse * 32768.0).clamp(-32767.0, 32767.0) as i16;
            for (out, &q) in out.iter_mut().zip(&block[2..]) {
                // The upper half of a product in 16 bits, which processors have an instruction for: seven
                // bits of it are behind the point.
                let whole = i32::from(i16::from(q.cast_signed()) << 8);
                let fine = ((whole * i32::from(factor)) >> 16) as i16;
                // The lowest of a block with a negative size would be one too many.
                *out = ((fine + 64) >> 7).min(127) as u8;
            }
        }
        *group = if is_finite { largest * scale } else { f32::NAN };
    }
}

/// An f16 that is finite, without asking which instructions there are.
#[inline(always)]
fn size_of_block(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits >> 15) << 31, u32::from(bits & 0x7fff) << 13);
    // The exponents' zeros are 112 apart; this holds for the smallest ones too.
    f32::from_bits(sign | (f32::from_bits(rest) * f32::from_bits((112 + 127) << 23)).to_bits())
}

fn q2_k(block: &[u8], out: &mut [f32]) {
    let (scales, quants) = (&block[..16], &block[16..80]);
    let (d, m) = (half(block, 80), half(block, 82));
    for (index, values) in out.chunks_exact_mut(16).enumerate() {
        // Groups of 16: two beside each other in every 32 bytes, four bit pairs deep.
        let (half_block, shift, side) = (index / 8, index % 8 / 2 * 2, index % 2);
        let scale = scales[index];
        let (d, m) = (d * f32::from(scale & 15), m * f32::from(scale >> 4));
        let quants = &quants[half_block * 32 + side * 16..][..16];
        for (value, &q) in values.iter_mut().zip(quants) {
            *value = d * f32::from(q >> shift & 3) - m;
        }
    }
}

fn q3_k(block: &[u8], out: &mut [f32]) {
    let (mask, quants, packed) = (&block[..32], &block[32..96], &block[96..108]);
    let d = half(block, 108);
    for (index, values) in out.chunks_exact_mut(16).enumerate() {
        let low = packed[index % 8] >> (index / 8 * 4) & 15;
        let high = packed[8 + index % 4] >> (index / 4 * 2) & 3;
        let d = d * (i32::from(low | high << 4) - 32) as f32;
        let (half_block, shift, side) = (index / 8, index % 8 / 2 * 2, index % 2);
        let bit = index / 2;
        let quants = &quants[half_block * 32 + side * 16..][..16];
        let mask = &mask[side * 16..][..16];
        for ((value, &q), &mask) in values.iter_mut().zip(quants).zip(mask) {
            let below = if mask >> bit & 1 == 1 { 0 } else { 4 };
            *value = d * (i32::from(q >> shift & 3) - below) as f32;
        }
    }
}

/// Scale and minimum of group `index` of 8, 6 bits each, packed into 12 bytes.
fn scale_and_min(packed: &[u8], index: usize) -> (f32, f32) {
    let (scale, min) = if index < 4 {
        (packed[index] & 63, packed[index + 4] & 63)
    } else {
        (
            packed[index + 4] & 15 | packed[index - 4] >> 6 << 4,
            packed[index + 4] >> 4 | packed[index] >> 6 << 4,
        )
    };
    (f32::from(scale), f32::from(min))
}

fn q4_k(block: &[u8], out: &mut [f32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let (packed, quants) = (&block[4..16], &block[16..144]);
    for (index, values) in out.chunks_exact_mut(32).enumerate() {
        let (scale, min) = scale_and_min(packed, index);
        let (d, m) = (d * scale, m * min);
        let shift = index % 2 * 4;
        for (value, &q) in values.iter_mut().zip(&quants[index / 2 * 32..][..32]) {
            *value = d * f32::from(q >> shift & 15) - m;
        }
    }
}

fn q5_k(block: &[u8], out: &mut [f32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let (packed, high, quants) = (&block[4..16], &block[16..48], &block[48..176]);
    for (index, values) in out.chunks_exact_mut(32).enumerate() {
        let (scale, min) = scale_and_min(packed, index);
        let (d, m) = (d * scale, m * min);
        let shift = index % 2 * 4;
        let quants = &quants[index / 2 * 32..][..32];
        for ((value, &q), &high) in values.iter_mut().zip(quants).zip(high) {
            *value = d * f32::from(q >> shift & 15 | (high >> index & 1) << 4) - m;
        }
    }
}

fn q6_k(block: &[u8], out: &mut [f32]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let d = half(block, 208);
    for (index, values) in out.chunks_exact_mut(16).enumerate() {
        let d = d * f32::from(scales[index].cast_signed());
        // Two halves of 128 numbers; in each, four groups of 32 share bytes.
        let (half_block, group, side) = (index / 8, index % 8 / 2, index % 2);
        let low = &low[half_block * 64 + group % 2 * 32 + side * 16..][..16];
        let high = &high[half_block * 32 + side * 16..][..16];
        let (low_shift, high_shift) = (group / 2 * 4, group * 2);
        for ((value, &low), &high) in values.iter_mut().zip(low).zip(high) {
            let q = low >> low_shift & 15 | (high >> high_shift & 3) << 4;
            *value = d * (i32::from(q) - 32) as f32;
        }
    }
}

/// The value of every byte: 4 bits of exponent, 3 of fraction; all ones is not a number.
static E4M3: [f32; 256] = table(4, 3, true);
/// The value of every byte: 5 bits of exponent, 2 of fraction; infinities as in larger formats.
static E5M2: [f32; 256] = table(5, 2, false);

const fn table(exponent_bits: u32, fraction_bits: u32, finite: bool) -> [f32; 256] {
    let mut values = [0f32; 256];
    let mut raw = 0;
    while raw < 256 {
        values[raw] = tiny_float(raw as u32, exponent_bits, fraction_bits, finite);
        raw += 1;
    }
    values
}

const fn tiny_float(raw: u32, exponent_bits: u32, fraction_bits: u32, finite: bool) -> f32 {
    let sign = if raw >> 7 == 1 { -1.0 } else { 1.0 };
    let largest = (1 << exponent_bits) - 1;
    let exponent = raw >> fraction_bits & largest;
    let fraction = raw & ((1 << fraction_bits) - 1);
    let all_ones = fraction == (1 << fraction_bits) - 1;
    if exponent == largest && (!finite || all_ones) {
        return if fraction == 0 { sign * f32::INFINITY } else { f32::NAN };
    }
    let bias = (1 << (exponent_bits - 1)) - 1;
    let (mantissa, power) =
        if exponent == 0 { (fraction, 1) } else { (fraction | 1 << fraction_bits, exponent) };
    // 2^(power − bias − fraction_bits), which every f32 can be.
    let unit = f32::from_bits((127 + power - bias - fraction_bits) << 23);
    sign * mantissa as f32 * unit
}

#[cfg(test)]
mod tests {
    use candle_core::{
        DType, Device, Tensor,
        quantized::{GgmlDType, QTensor},
    };

    use super::*;

    /// Numbers of all sizes and signs.
    fn wave(count: usize) -> Tensor {
        let values: Vec<f32> =
            (0..count).map(|i| (i as f32 * 0.7).sin() * (1.0 + i as f32 * 0.01)).collect();
        Tensor::from_vec(values, (1, count), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_lowest_number_of_a_block_of_negative_size_keeps_its_sign() {
        let mut block = [0u8; 34];
        block[..2].copy_from_slice(&half::f16::from_f32(-0.5).to_le_bytes());
        block[2..5].copy_from_slice(&[-128i8, 127, -1].map(i8::cast_unsigned));
        let (mut out, mut scales) = ([0u8; 32], [0f32; 1]);
        q8_0_in_groups(&block, 1.0, &mut out, &mut scales);
        let made = out.map(|byte| f32::from(byte.cast_signed()) * scales[0]);
        assert_eq!(scales, [0.5]);
        assert_eq!(made[..4], [63.5, -63.5, 0.5, 0.0]);
    }

    #[test]
    fn blocks_hold_what_another_reader_finds_in_them() {
        for (format, theirs) in [
            (Format::Q4_0, GgmlDType::Q4_0),
            (Format::Q4_1, GgmlDType::Q4_1),
            (Format::Q5_0, GgmlDType::Q5_0),
            (Format::Q5_1, GgmlDType::Q5_1),
            (Format::Q8_0, GgmlDType::Q8_0),
            (Format::Q2K, GgmlDType::Q2K),
            (Format::Q3K, GgmlDType::Q3K),
            (Format::Q4K, GgmlDType::Q4K),
            (Format::Q5K, GgmlDType::Q5K),
            (Format::Q6K, GgmlDType::Q6K),
            (Format::Bf16, GgmlDType::BF16),
            (Format::F16, GgmlDType::F16),
        ] {
            let packed = QTensor::quantize(&wave(1024), theirs).unwrap();
            let expected = packed.dequantize(&Device::Cpu).unwrap();
            let expected = expected.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let mut values = vec![0.0; 1024];
            unpack(format, &packed.data().unwrap(), 1.0, &mut values);
            for (index, (value, expected)) in values.iter().zip(&expected).enumerate() {
                assert!(
                    (value - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                    "{format:?} {index}: {value} for {expected}"
                );
            }
        }
    }

    #[test]
    fn every_float_of_8_bits_has_its_value() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut values = vec![0.0; 256];
        unpack(Format::F8E5M2, &bytes, 1.0, &mut values);
        for (&byte, value) in bytes.iter().zip(&values) {
            let expected = f16::from_bits(u16::from(byte) << 8).to_f32();
            assert!(*value == expected || (value.is_nan() && expected.is_nan()), "{byte:02x}");
        }
        unpack(Format::F8E4M3, &bytes, 1.0, &mut values);
        let wide = Tensor::from_vec(values.clone(), 256, &Device::Cpu).unwrap();
        let again = wide.to_dtype(DType::F8E4M3).unwrap().to_dtype(DType::F32).unwrap();
        for (byte, (value, expected)) in
            values.iter().zip(again.to_vec1::<f32>().unwrap()).enumerate()
        {
            assert_eq!(value.is_nan(), byte & 0x7f == 0x7f, "{byte:02x}");
            assert!(value.is_nan() || *value == expected, "{byte:02x}: {value} for {expected}");
        }
        assert_eq!([values[0x7e], values[0x01], values[0x80]], [448.0, 0.001_953_125, 0.0]);
    }

    #[test]
    fn numbers_that_lie_between_two_addresses_are_read_alike() {
        let expected = [1.5f32, -2.25, 3.0];
        for format in [Format::F32, Format::F16, Format::Bf16, Format::F64] {
            let mut bytes = vec![0u8];
            for value in expected {
                match format {
                    Format::F32 => bytes.extend(value.to_le_bytes()),
                    Format::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
                    Format::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
                    _ => bytes.extend(f64::from(value).to_le_bytes()),
                }
            }
            let mut values = [0.0; 3];
            unpack(format, &bytes[1..], 2.0, &mut values);
            assert_eq!(values, expected.map(|value| 2.0 * value), "{format:?}");
        }
    }
}
