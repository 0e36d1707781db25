//! Lanczos resampling, level for level as Pillow does it: the reference pictures of a seed must not
//! depend on the program that scaled them.
//!
//! Method: Pillow's `Resample.c`: two passes, across first, each rounded to 8 bits, with
//! coefficients in 22-bit fixed point; colours are weighted by their alpha.

use crate::{Image, Result};

const LOBES: f64 = 3.0;
const PRECISION: u32 = 32 - 8 - 2;

/// The picture in another size.
///
/// # Errors
/// If a side is zero.
pub(crate) fn lanczos(image: &Image, width: u32, height: u32) -> Result<Image> {
    if (image.width(), image.height()) == (width, height) {
        return Ok(image.clone());
    }
    let mut pixels = image.rgba().to_vec();
    let opaque = pixels.chunks_exact(4).all(|pixel| pixel[3] == 255);
    if !opaque {
        pixels.chunks_exact_mut(4).for_each(premultiply);
    }
    let (from_width, from_height) = (image.width() as usize, image.height() as usize);
    let (to_width, to_height) = (width as usize, height as usize);
    let across = taps(from_width, to_width);
    let mut rows = Vec::with_capacity(to_width * from_height * 4);
    for row in pixels.chunks_exact(from_width * 4) {
        for tap in &across {
            rows.extend(weigh(tap, |index| &row[index * 4..index * 4 + 4]));
        }
    }
    let mut pixels = Vec::with_capacity(to_width * to_height * 4);
    for tap in &taps(from_height, to_height) {
        for x in 0..to_width {
            let start = |y: usize| (y * to_width + x) * 4;
            pixels.extend(weigh(tap, |y| &rows[start(y)..start(y) + 4]));
        }
    }
    if !opaque {
        pixels.chunks_exact_mut(4).for_each(unpremultiply);
    }
    Image::new(width, height, pixels)
}

/// The inputs of one output position and their weights.
struct Tap {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = LOBES * stretch;
    (0..to)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            // Truncation towards zero, then clamping, as the reference does.
            let first = ((centre - support + 0.5) as i64).max(0) as usize;
            let end = ((centre + support + 0.5) as i64).clamp(0, from as i64) as usize;
            let raw: Vec<f64> =
                (first..end).map(|x| kernel((x as f64 - centre + 0.5) / stretch)).collect();
            let sum: f64 = raw.iter().sum();
            let weights = raw
                .iter()
                .map(|weight| {
                    let fixed = weight / sum * f64::from(1 << PRECISION);
                    if fixed < 0.0 { (fixed - 0.5) as i32 } else { (fixed + 0.5) as i32 }
                })
                .collect();
            Tap { first, weights }
        })
        .collect()
}

fn kernel(x: f64) -> f64 {
    if !(-LOBES..LOBES).contains(&x) {
        return 0.0;
    }
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x == 0.0 { 1.0 } else { x.sin() / x }
    };
    sinc(x) * sinc(x / LOBES)
}

fn weigh<'a>(tap: &Tap, pixel: impl Fn(usize) -> &'a [u8]) -> [u8; 4] {
    let mut sums = [1i32 << (PRECISION - 1); 4];
    for (offset, weight) in tap.weights.iter().enumerate() {
        for (sum, level) in sums.iter_mut().zip(pixel(tap.first + offset)) {
            *sum += i32::from(*level) * weight;
        }
    }
    sums.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8)
}

fn premultiply(pixel: &mut [u8]) {
    let alpha = u32::from(pixel[3]);
    for level in &mut pixel[..3] {
        let product = u32::from(*level) * alpha + 128;
        *level = (((product >> 8) + product) >> 8) as u8;
    }
}

fn unpremultiply(pixel: &mut [u8]) {
    let alpha = u32::from(pixel[3]);
    if alpha == 0 || alpha == 255 {
        return;
    }
    for level in &mut pixel[..3] {
        *level = (255 * u32::from(*level) / alpha).min(255) as u8;
    }
}
