//! Between the size of the source and that of the model.

use document::{Raster, Samples};
use rayon::prelude::*;

/// Premultiplied red, green, blue and alpha, 0 to 1; rows from the top.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<[f32; 4]>,
}

impl Small {
    /// Transparent all over.
    pub(crate) fn empty(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }
}

/// A raster made smaller, or kept as large: each pixel is the mean of the area that it covers.
///
/// Neither side may be 0 or larger than the raster's. Takes one row of `f32` pixels for each thread.
pub(crate) fn shrink(raster: &Raster, width: usize, height: usize) -> Small {
    let (from_width, from_height) = (raster.width() as usize, raster.height() as usize);
    let mut pixels = vec![[0.0; 4]; width * height];
    pixels.par_chunks_mut(width.max(1)).enumerate().for_each_init(
        || vec![[0.0; 4]; from_width],
        |sums, (y, target)| {
            sums.fill([0.0; 4]);
            let (rows, scale) = spans(y, from_height, height);
            for (row, weight) in rows {
                add_row(raster, row, weight * scale, sums);
            }
            for (x, pixel) in target.iter_mut().enumerate() {
                let (columns, scale) = spans(x, from_width, width);
                for (column, weight) in columns {
                    for (value, sum) in pixel.iter_mut().zip(sums[column]) {
                        *value += sum * weight * scale;
                    }
                }
            }
        },
    );
    Small { width, height, pixels }
}

/// What pixel `index` of `to` covers of `from`: places with their shares, and what makes the shares add up to 1.
fn spans(index: usize, from: usize, to: usize) -> (impl Iterator<Item = (usize, f32)>, f32) {
    // In parts of a `to`th of a pixel everything is whole.
    let (start, end) = (index * from, (index + 1) * from);
    let places = start / to..end.div_ceil(to).min(from);
    let shares = places.map(move |place| {
        let share = end.min((place + 1) * to) - start.max(place * to);
        (place, share as f32)
    });
    (shares, 1.0 / from as f32)
}

fn add_row(raster: &Raster, row: usize, weight: f32, sums: &mut [[f32; 4]]) {
    let values = row * sums.len() * 4..(row + 1) * sums.len() * 4;
    match raster.samples() {
        Samples::Eight(samples) => {
            for (sum, levels) in sums.iter_mut().zip(samples[values].as_chunks::<4>().0) {
                add(sum, levels.map(f32::from), 255.0, weight);
            }
        }
        Samples::Sixteen(samples) => {
            for (sum, levels) in sums.iter_mut().zip(samples[values].as_chunks::<4>().0) {
                add(sum, levels.map(f32::from), 65535.0, weight);
            }
        }
    }
}

fn add(sum: &mut [f32; 4], levels: [f32; 4], most: f32, weight: f32) {
    let [red, green, blue, alpha] = levels.map(|level| level / most);
    for (sum, value) in sum.iter_mut().zip([red * alpha, green * alpha, blue * alpha, alpha]) {
        *sum += value * weight;
    }
}

/// Where a pixel of the large side lies between two of the small side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    pub(crate) first: usize,
    pub(crate) second: usize,
    /// How much the second one counts, 0 to 1.
    pub(crate) share: f32,
}

/// The place of pixel `index` of `large` among `small` ones; both cover the same length.
pub(crate) fn tap(index: usize, large: usize, small: usize) -> Tap {
    let place = (index as f64 + 0.5) * small as f64 / large as f64 - 0.5;
    let last = small.saturating_sub(1);
    let place = place.clamp(0.0, last as f64);
    let first = place.floor() as usize;
    Tap { first, second: (first + 1).min(last), share: (place - place.floor()) as f32 }
}

/// Between two values.
pub(crate) fn between<const N: usize>(first: [f32; N], second: [f32; N], share: f32) -> [f32; N] {
    let mut result = first;
    for (value, second) in result.iter_mut().zip(second) {
        *value += (second - *value) * share;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_takes_the_mean_of_what_a_pixel_covers() {
        let rgba: Vec<u8> = (0..3u8).flat_map(|x| [x * 100, 0, 0, 255]).collect();
        let small = shrink(&Raster::from_rgba8(3, 1, rgba).unwrap(), 2, 1);
        let reds: Vec<f32> = small.pixels.iter().map(|pixel| pixel[0] * 255.0).collect();
        assert!((reds[0] - 100.0 / 3.0).abs() < 1e-3, "two thirds of 0, one third of 100");
        assert!((reds[1] - 500.0 / 3.0).abs() < 1e-3, "one third of 100, two thirds of 200");
        assert!((small.pixels[0][3] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_picture_of_the_same_size_stays() {
        let rgba: Vec<u8> = (0..5 * 3 * 4).map(|value| value * 4).collect();
        let small = shrink(&Raster::from_rgba8(5, 3, rgba.clone()).unwrap(), 5, 3);
        for (pixel, levels) in small.pixels.iter().zip(rgba.as_chunks::<4>().0) {
            let alpha = f32::from(levels[3]) / 255.0;
            assert!((pixel[0] - f32::from(levels[0]) / 255.0 * alpha).abs() < 1e-6);
        }
        for index in 0..5 {
            let tap = tap(index, 5, 5);
            assert_eq!((tap.first, tap.share), (index, 0.0));
        }
    }
}
