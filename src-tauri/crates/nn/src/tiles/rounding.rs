//! Rows of f32 to rows of rounded numbers. Loops without branches, compiled once more for processors
//! with wider vectors.

use super::Rounding;
use crate::vectors::{NEAREST, widest};

widest!(
    /// Numbers as bf16 in bytes, the nearest ones, even ones between two.
    halve(numbers: &[f32], out: &mut [u8]),
    halve_all
);
widest!(
    /// Numbers times `factor` as whole numbers, one byte each.
    quantize(numbers: &[f32], factor: f32, out: &mut [u8]),
    quantize_all
);
widest!(
    /// The largest magnitude.
    largest(numbers: &[f32]) -> f32,
    largest_of
);

widest!(
    /// Two rows as bf16, number beside number, the first one low; a second that is not there is zero.
    pair(even: &[f32], odd: &[f32], out: &mut [u32]),
    pair_all
);

#[inline(always)]
fn pair_all(even: &[f32], odd: &[f32], out: &mut [u32]) {
    if odd.is_empty() {
        for (out, even) in out.iter_mut().zip(even) {
            *out = u32::from(half_bits(*even));
        }
    }
    for ((out, even), odd) in out.iter_mut().zip(even).zip(odd) {
        *out = u32::from(half_bits(*even)) | u32::from(half_bits(*odd)) << 16;
    }
}

#[inline(always)]
fn halve_all(numbers: &[f32], out: &mut [u8]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (out, number) in pairs.iter_mut().zip(numbers) {
        *out = half_bits(*number).to_le_bytes();
    }
}

/// The bits of the nearest bf16.
#[inline(always)]
fn half_bits(number: f32) -> u16 {
    let bits = number.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    // What is not a number may not become infinite by rounding.
    let kept = (bits >> 16) as u16 | 0x40;
    if number.is_nan() { kept } else { rounded }
}

#[inline(always)]
fn quantize_all(numbers: &[f32], factor: f32, out: &mut [u8]) {
    for (out, number) in out.iter_mut().zip(numbers) {
        *out = (number * factor + NEAREST).to_bits() as u8;
    }
}

#[inline(always)]
fn largest_of(numbers: &[f32]) -> f32 {
    // As bits, so that what is not a number is larger than all that are.
    let magnitude = |number: &f32| number.to_bits() & 0x7fff_ffff;
    let mut most = [0u32; 32];
    let (chunks, rest) = numbers.as_chunks::<32>();
    for chunk in chunks {
        for (most, number) in most.iter_mut().zip(chunk) {
            *most = (*most).max(magnitude(number));
        }
    }
    let rest = rest.iter().map(magnitude);
    f32::from_bits(most.into_iter().chain(rest).fold(0, u32::max))
}

/// A row as tiles hold it, `step`s padded with zeros; gives the scale of each group where there are some.
pub(super) fn round(
    numbers: &[f32],
    rounding: Rounding,
    out: &mut [u8],
    mut scale: impl FnMut(usize, f32),
) {
    match rounding {
        Rounding::Bf16 => halve(numbers, out),
        Rounding::Int8 => {
            let groups = numbers.chunks(super::GROUP).zip(out.chunks_mut(super::GROUP));
            for (group, (numbers, out)) in groups.enumerate() {
                let most = largest(numbers);
                let is_usable = most.is_finite() && most > f32::MIN_POSITIVE * 128.0;
                let factor = if is_usable { 127.0 / most } else { 0.0 };
                quantize(numbers, factor, out);
                // A row with something that is not a number stays one.
                scale(
                    group,
                    if is_usable {
                        most / 127.0
                    } else if most.is_finite() {
                        0.0
                    } else {
                        f32::NAN
                    },
                );
            }
        }
    }
    let used = numbers.len() * rounding.bytes();
    if let Some(rest) = out.get_mut(used..) {
        rest.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn halves_are_the_nearest() {
        let mut numbers: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.7).sin() * 1e3).collect();
        numbers.extend([
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NAN,
            1e-40,
            3.0e38,
            f32::from_bits(0x7f80_0001),
        ]);
        let mut out = vec![0; numbers.len() * 2];
        halve(&numbers, &mut out);
        for (number, raw) in numbers.iter().zip(out.as_chunks::<2>().0) {
            let (made, expected) = (bf16::from_le_bytes(*raw), bf16::from_f32(*number));
            assert!(made == expected || made.is_nan() && expected.is_nan(), "{number}: {made}");
        }
    }

    #[test]
    fn whole_numbers_are_the_nearest_of_their_group() {
        let numbers: Vec<f32> =
            (0..1900).map(|i| (i as f32 * 0.7).sin() * (1 + i / 1536) as f32).collect();
        let mut out = vec![1; 1920];
        let mut scales = Vec::new();
        round(&numbers, Rounding::Int8, &mut out, |_, scale| scales.push(scale));
        assert_eq!(scales.len(), 2);
        for (i, number) in numbers.iter().enumerate() {
            let scale = scales[i / 1536];
            let made = f32::from(out[i].cast_signed()) * scale;
            assert!((made - number).abs() <= scale * 0.501, "{number} became {made}");
        }
        assert_eq!(out[1900..], [0; 20]);
    }

    #[test]
    fn what_is_not_a_number_stays_one_and_nothing_stays_nothing() {
        let mut out = [1; 3];
        for (numbers, expected) in [
            ([0.0; 3], 0.0),
            ([1.0, f32::INFINITY, 2.0], f32::NAN),
            ([1.0, f32::NAN, 2.0], f32::NAN),
        ] {
            let mut found = 1.0;
            round(&numbers, Rounding::Int8, &mut out, |_, scale| found = scale);
            assert_eq!(found.to_bits(), f32::to_bits(expected));
        }
    }
}
