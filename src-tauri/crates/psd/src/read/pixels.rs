//! Channels of any kind of file become interleaved RGBA.

use document::{Plane, Raster, Samples};

use super::planes::{Packed, Shape};
use crate::header::Mode;

/// Pixels while channels arrive, four samples each.
pub(super) struct Canvas {
    samples: Samples,
    shape: Shape,
    mode: Mode,
}

impl Canvas {
    /// Black and transparent; takes the memory.
    pub(super) fn new(shape: Shape, mode: Mode) -> Self {
        let count = shape.width * shape.height * 4;
        let samples = match shape.bits {
            16 | 32 => Samples::Sixteen(vec![0; count]),
            _ => Samples::Eight(vec![0; count]),
        };
        Self { samples, shape, mode }
    }

    /// Puts a row of a channel into a place of every pixel.
    pub(super) fn put(&mut self, row: usize, bytes: &[u8], place: usize) {
        let is_color = place < 3;
        put(&mut self.samples, self.shape, row, bytes, (4, place), is_color);
    }

    /// Unpacks a channel into a place; false if it is damaged.
    pub(super) fn take(&mut self, packed: Packed, place: usize) -> bool {
        let shape = self.shape;
        packed.unpack(shape, |row, bytes| self.put(row, bytes, place))
    }

    /// Makes RGB of the colours that have arrived, and the pixels opaque.
    pub(super) fn finish_colors(&mut self) {
        match (&mut self.samples, self.mode) {
            (Samples::Eight(samples), mode) => {
                for pixel in samples.as_chunks_mut::<4>().0 {
                    let ink = |light: u8, black: u8| {
                        ((u32::from(light) * u32::from(black) + 127) / 255) as u8
                    };
                    let [a, b, c, d] = *pixel;
                    *pixel = match mode {
                        Mode::Gray | Mode::Duotone | Mode::Bitmap => [a, a, a, u8::MAX],
                        Mode::Cmyk => [ink(a, d), ink(b, d), ink(c, d), u8::MAX],
                        _ => [a, b, c, u8::MAX],
                    };
                }
            }
            (Samples::Sixteen(samples), mode) => {
                for pixel in samples.as_chunks_mut::<4>().0 {
                    let ink = |light: u16, black: u16| {
                        ((u64::from(light) * u64::from(black) + 32_767) / 65_535) as u16
                    };
                    let [a, b, c, d] = *pixel;
                    *pixel = match mode {
                        Mode::Gray | Mode::Duotone | Mode::Bitmap => [a, a, a, u16::MAX],
                        Mode::Cmyk => [ink(a, d), ink(b, d), ink(c, d), u16::MAX],
                        _ => [a, b, c, u16::MAX],
                    };
                }
            }
        }
    }

    /// Replaces the numbers in the first place by the colours of a table, red, green and blue one after another.
    pub(super) fn look_up(&mut self, table: &[u8; 768], transparent: Option<u16>) {
        let Samples::Eight(samples) = &mut self.samples else { return };
        for pixel in samples.as_chunks_mut::<4>().0 {
            let index = usize::from(pixel[0]);
            let alpha = if transparent == Some(u16::from(pixel[0])) { 0 } else { u8::MAX };
            *pixel = [table[index], table[256 + index], table[512 + index], alpha];
        }
    }

    /// Takes the white out that a merged picture is blended with.
    pub(super) fn take_white_out(&mut self) {
        match &mut self.samples {
            Samples::Eight(samples) => {
                for [red, green, blue, alpha] in samples.as_chunks_mut::<4>().0 {
                    let alpha = i32::from(*alpha);
                    for level in [red, green, blue] {
                        let over = (i32::from(*level) - 255 + alpha).max(0) * 255;
                        let whole = (over + alpha / 2).checked_div(alpha).unwrap_or(0);
                        *level = whole.min(255) as u8;
                    }
                }
            }
            Samples::Sixteen(samples) => {
                for [red, green, blue, alpha] in samples.as_chunks_mut::<4>().0 {
                    let alpha = i64::from(*alpha);
                    for level in [red, green, blue] {
                        let over = (i64::from(*level) - 65_535 + alpha).max(0) * 65_535;
                        let whole = (over + alpha / 2).checked_div(alpha).unwrap_or(0);
                        *level = whole.min(65_535) as u16;
                    }
                }
            }
        }
    }

    pub(super) fn is_transparent(&self) -> bool {
        match &self.samples {
            Samples::Eight(samples) => samples.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0),
            Samples::Sixteen(samples) => {
                samples.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0)
            }
        }
    }

    pub(super) fn into_raster(self) -> Option<Raster> {
        let (width, height) = (self.shape.width as u32, self.shape.height as u32);
        Raster::new(width, height, self.samples).ok()
    }
}

/// A mask; none if it is damaged.
pub(super) fn plane(packed: Packed, shape: Shape) -> Option<Plane> {
    let count = shape.width * shape.height;
    let mut samples = match shape.bits {
        16 | 32 => Samples::Sixteen(vec![0; count]),
        _ => Samples::Eight(vec![0; count]),
    };
    let is_whole =
        packed.unpack(shape, |row, bytes| put(&mut samples, shape, row, bytes, (1, 0), false));
    if !is_whole {
        return None;
    }
    Plane::new(shape.width as u32, shape.height as u32, samples).ok()
}

/// Puts a row into every `step`th sample from `place` on.
fn put(
    samples: &mut Samples,
    shape: Shape,
    row: usize,
    bytes: &[u8],
    (step, place): (usize, usize),
    is_color: bool,
) {
    let range = row * shape.width * step..(row + 1) * shape.width * step;
    match (samples, shape.bits) {
        (Samples::Eight(samples), 1) => {
            for (column, pixel) in samples[range].chunks_exact_mut(step).enumerate() {
                let is_black = bytes[column / 8] >> (7 - column % 8) & 1 == 1;
                pixel[place] = if is_black { 0 } else { 255 };
            }
        }
        (Samples::Eight(samples), _) => {
            spread::<_, 1>(&mut samples[range], bytes, (step, place), |[level]| level);
        }
        (Samples::Sixteen(samples), 32) => {
            let narrow = |value| from_float(f32::from_be_bytes(value), is_color);
            spread::<_, 4>(&mut samples[range], bytes, (step, place), narrow);
        }
        (Samples::Sixteen(samples), _) => {
            spread::<_, 2>(&mut samples[range], bytes, (step, place), u16::from_be_bytes);
        }
    }
}

fn spread<T, const N: usize>(
    samples: &mut [T],
    bytes: &[u8],
    (step, place): (usize, usize),
    of: impl Fn([u8; N]) -> T,
) {
    let values = bytes.as_chunks::<N>().0;
    // A constant distance is faster.
    if step == 4 {
        let place = place % 4;
        for (pixel, value) in samples.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            pixel[place] = of(*value);
        }
    } else {
        for (sample, value) in samples.iter_mut().zip(values) {
            *sample = of(*value);
        }
    }
}

/// Colours of 32 bits are linear light.
fn from_float(value: f32, is_color: bool) -> u16 {
    let value = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let encoded = match (is_color, value <= 0.003_130_8) {
        (false, _) => value,
        (true, true) => value * 12.92,
        (true, false) => 1.055 * value.powf(1.0 / 2.4) - 0.055,
    };
    (encoded * 65_535.0).round() as u16
}
