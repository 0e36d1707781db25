//! Memory in whole cache lines, which tiles are.
#![expect(unsafe_code, reason = "the standard library has no vector of bytes that is aligned")]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};

/// A cache line. Vectors of lines begin at one.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([u8; 64]);

/// `bytes`, rounded up to lines, of zeros, which the system gives without writing them.
pub(super) fn zeros(bytes: usize) -> Vec<Line> {
    let count = bytes.div_ceil(64);
    let Ok(layout) = Layout::array::<Line>(count) else { return Vec::new() };
    if layout.size() == 0 {
        return Vec::new();
    }
    // SAFETY: the layout is not empty.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: allocated with the layout of a vector of as many lines, all of whose bytes are zero.
    unsafe { Vec::from_raw_parts(start.cast(), count, count) }
}

/// `bytes`, rounded up to lines, that will all be written before any is read.
#[expect(clippy::uninit_vec, reason = "zeros cost as much as writing what comes")]
pub(super) fn unwritten(bytes: usize) -> Vec<Line> {
    let count = bytes.div_ceil(64);
    let mut lines = Vec::with_capacity(count);
    // SAFETY: there is room for them, every byte is a valid one, and the caller writes them all.
    unsafe {
        lines.set_len(count);
    }
    lines
}

/// Makes room for `bytes`; what was there may be lost.
pub(super) fn reserve(lines: &mut Vec<Line>, bytes: usize) {
    if lines.len() * 64 < bytes {
        *lines = zeros(bytes);
    }
}

/// The bytes of lines.
pub(super) fn bytes(lines: &[Line]) -> &[u8] {
    // SAFETY: a line is 64 bytes without gaps, and every byte is initialised.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * 64) }
}

/// The bytes of lines, to be written.
pub(super) fn bytes_mut(lines: &mut [Line]) -> &mut [u8] {
    // SAFETY: as above; every value of a byte is valid.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 64) }
}

/// The numbers of lines.
pub(super) fn numbers(lines: &[Line]) -> &[f32] {
    // SAFETY: as above; 64 is a multiple of the size and of the alignment of f32.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * 16) }
}

/// The numbers of lines, to be written.
pub(super) fn numbers_mut(lines: &mut [Line]) -> &mut [f32] {
    // SAFETY: as above; 64 is a multiple of the size and of the alignment of f32.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 16) }
}

/// Writes two lines of numbers. Where they are whole lines of memory, past the caches: what a product
/// makes is larger than these, and is read when all of it is there.
#[inline]
pub(super) fn stream(numbers: &[f32; 32], out: &mut [f32; 32]) {
    #[cfg(target_arch = "x86_64")]
    if out.as_ptr().cast::<Line>().is_aligned() && std::is_x86_feature_detected!("avx512f") {
        let (places, _) = out.as_chunks_mut::<16>();
        for (numbers, place) in numbers.as_chunks::<16>().0.iter().zip(places) {
            // SAFETY: 16 numbers each; the place is aligned, and the processor has the instruction.
            unsafe { stream_line(numbers, place.as_mut_ptr()) };
        }
        return;
    }
    *out = *numbers;
}

/// # Safety
/// 16 numbers at `out`, which is aligned to a line.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn stream_line(numbers: &[f32; 16], out: *mut f32) {
    use std::arch::x86_64::{_mm512_loadu_ps, _mm512_stream_ps};
    // SAFETY: by the promise above.
    unsafe { _mm512_stream_ps(out, _mm512_loadu_ps(numbers.as_ptr())) }
}

/// Waits until what was streamed is where other threads find it.
pub(super) fn settle() {
    // SAFETY: every processor of this kind has it.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
