//! Vectors that multiply pairs of bf16 numbers or four bytes at a time: AVX-512 with BF16 and VNNI, and
//! AVX-VNNI on processors without AVX-512.
#![expect(unsafe_code, reason = "instructions of some processors, and vectors from where they lie")]

use std::arch::x86_64::*;

use super::{Apart, Line, ROW, Rounding, TILE};

/// Whether there are products of 64 bytes at a time.
pub(super) fn is_wide(rounding: Rounding) -> bool {
    std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vl")
        && match rounding {
            Rounding::Bf16 => std::is_x86_feature_detected!("avx512bf16"),
            Rounding::Int8 => std::is_x86_feature_detected!("avx512vnni"),
        }
}

/// Whether there are products of 32 bytes at a time.
pub(super) fn is_narrow() -> bool {
    std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("avxvnni")
}

/// Rows of the left factor whose sums stay in registers.
const BAND: usize = 8;

/// Where a word of the left factor lies, and a tile's row of the right one.
#[inline(always)]
fn word(left: [&[u8]; 2], row: usize, at: usize) -> i32 {
    let place = at / 16 * TILE + row % 16 * ROW + at % 16 * 4;
    let bytes = &left[row / 16][place..place + 4];
    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

pub(super) fn halves(
    left: [&[u8]; 2],
    right: [&[u8]; 2],
    steps: usize,
    sums: &mut [Line],
    adds: bool,
) {
    halves_of(left, &|side, at| &right[side][at * ROW..][..ROW], steps, sums, adds);
}

pub(super) fn halves_apart(left: [&[u8]; 2], right: &Apart<'_>, sums: &mut [Line]) {
    let line = |side: usize, at: usize| {
        &right.bytes[right.starts[side] + right.steps[at / 16] + at % 16 * right.row..][..ROW]
    };
    halves_of(left, &line, right.steps.len(), sums, false);
}

/// `right` gives a tile's row of each side.
fn halves_of<'a>(
    left: [&[u8]; 2],
    right: &impl Fn(usize, usize) -> &'a [u8],
    steps: usize,
    sums: &mut [Line],
    adds: bool,
) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
    fn inner<'a>(
        left: [&[u8]; 2],
        right: &impl Fn(usize, usize) -> &'a [u8],
        steps: usize,
        sums: &mut [Line],
        adds: bool,
    ) {
        let sums = super::super::lines::numbers_mut(sums).as_mut_ptr();
        for band in (0..32).step_by(BAND) {
            let place = |row: usize, side: usize| {
                let row = band + row;
                // SAFETY: one of the 4 · 256 sums.
                unsafe { sums.add((row / 16 * 2 + side) * 256 + row % 16 * 16) }
            };
            let mut kept = [[_mm512_setzero_ps(); 2]; BAND];
            if adds {
                for (row, kept) in kept.iter_mut().enumerate() {
                    // SAFETY: 16 sums each.
                    *kept = [0, 1].map(|side| unsafe { _mm512_loadu_ps(place(row, side)) });
                }
            }
            for at in 0..steps * 16 {
                let right = [0, 1].map(|side| as_halves(load(right(side, at), 0)));
                for (row, kept) in kept.iter_mut().enumerate() {
                    let pair = as_halves(_mm512_set1_epi32(word(left, band + row, at)));
                    for (kept, right) in kept.iter_mut().zip(right) {
                        *kept = _mm512_dpbf16_ps(*kept, pair, right);
                    }
                }
            }
            for (row, kept) in kept.iter().enumerate() {
                for (side, kept) in kept.iter().enumerate() {
                    // SAFETY: 16 sums each.
                    unsafe { _mm512_storeu_ps(place(row, side), *kept) };
                }
            }
        }
    }
    // SAFETY: this unit is chosen only where the processor has these instructions.
    unsafe { inner(left, right, steps, sums, adds) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn as_halves(words: __m512i) -> __m512bh {
    // SAFETY: both are 64 bytes, of which all values are valid.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(words) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(tiles: &[u8], at: usize) -> __m512i {
    let line = &tiles[at * ROW..][..ROW];
    // SAFETY: 64 bytes, which need not be aligned.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

/// Products take one factor without a sign: 128 is added to the left one, and 128 times the right one
/// subtracted from the sums.
const SHIFT: i32 = 0x8080_8080_u32.cast_signed();

pub(super) fn whole_wide(left: [&[u8]; 2], right: [&[u8]; 2], steps: usize, sums: &mut [Line]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn inner(left: [&[u8]; 2], right: [&[u8]; 2], steps: usize, sums: &mut [Line]) {
        let out = sums.as_mut_ptr().cast::<i32>();
        let shift = _mm512_set1_epi32(SHIFT);
        for band in (0..32).step_by(BAND) {
            let mut kept = [[_mm512_setzero_si512(); 2]; BAND];
            let mut excess = [_mm512_setzero_si512(); 2];
            for at in 0..steps * 16 {
                let right = right.map(|tiles| load(tiles, at));
                for (excess, right) in excess.iter_mut().zip(right) {
                    *excess = _mm512_dpbusd_epi32(*excess, shift, right);
                }
                for (row, kept) in kept.iter_mut().enumerate() {
                    let four = _mm512_set1_epi32(word(left, band + row, at) ^ SHIFT);
                    for (kept, right) in kept.iter_mut().zip(right) {
                        *kept = _mm512_dpbusd_epi32(*kept, four, right);
                    }
                }
            }
            for (row, kept) in kept.iter().enumerate() {
                let row = band + row;
                for side in 0..2 {
                    let sum = _mm512_sub_epi32(kept[side], excess[side]);
                    let place = (row / 16 * 2 + side) * 256 + row % 16 * 16;
                    // SAFETY: 16 of the 4 · 256 sums.
                    unsafe { _mm512_storeu_si512(out.add(place).cast(), sum) };
                }
            }
        }
    }
    // SAFETY: this unit is chosen only where the processor has these instructions.
    unsafe { inner(left, right, steps, sums) }
}

pub(super) fn whole_narrow(left: [&[u8]; 2], right: [&[u8]; 2], steps: usize, sums: &mut [Line]) {
    /// Rows of the left factor whose sums stay in registers, of which there are half as many.
    const BAND: usize = 4;

    #[target_feature(enable = "avx2,avxvnni")]
    fn inner(left: [&[u8]; 2], right: [&[u8]; 2], steps: usize, sums: &mut [Line]) {
        let out = sums.as_mut_ptr().cast::<i32>();
        let shift = _mm256_set1_epi32(SHIFT);
        for (side, right) in right.into_iter().enumerate() {
            for band in (0..32).step_by(BAND) {
                let mut kept = [[_mm256_setzero_si256(); 2]; BAND];
                let mut excess = [_mm256_setzero_si256(); 2];
                for at in 0..steps * 16 {
                    let line = &right[at * ROW..][..ROW];
                    let right = [0, 32].map(|half| {
                        // SAFETY: 32 of 64 bytes, which need not be aligned.
                        unsafe { _mm256_loadu_si256(line.as_ptr().add(half).cast()) }
                    });
                    for (excess, right) in excess.iter_mut().zip(right) {
                        *excess = _mm256_dpbusd_avx_epi32(*excess, shift, right);
                    }
                    for (row, kept) in kept.iter_mut().enumerate() {
                        let four = _mm256_set1_epi32(word(left, band + row, at) ^ SHIFT);
                        for (kept, right) in kept.iter_mut().zip(right) {
                            *kept = _mm256_dpbusd_avx_epi32(*kept, four, right);
                        }
                    }
                }
                for (row, kept) in kept.iter().enumerate() {
                    let row = band + row;
                    for half in 0..2 {
                        let sum = _mm256_sub_epi32(kept[half], excess[half]);
                        let place = (row / 16 * 2 + side) * 256 + row % 16 * 16 + half * 8;
                        // SAFETY: 8 of the 4 · 256 sums.
                        unsafe { _mm256_storeu_si256(out.add(place).cast(), sum) };
                    }
                }
            }
        }
    }
    // SAFETY: this unit is chosen only where the processor has these instructions.
    unsafe { inner(left, right, steps, sums) }
}
