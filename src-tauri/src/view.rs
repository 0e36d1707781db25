//! What a document looks like: for the page and for the clipboard.

use document::{Depth, Document, Raster, Samples};
use engine::Image;

use crate::error::{AppError, Result};

/// How much of a large document is flattened at once to be shrunk.
const BAND_BYTES: u64 = 64 << 20;

/// The document as one picture, as large as it is.
pub(crate) fn flatten(mut document: Document) -> Result<Image> {
    // Rounded once, by the compositor.
    document.depth = Depth::Eight;
    to_image(document::flatten(&document))
}

/// The document as one picture with no side longer than `max_side`.
pub(crate) fn flatten_within(mut document: Document, max_side: u32) -> Result<Image> {
    let (width, height) = (document.width, document.height);
    let longest = width.max(height);
    if longest <= max_side {
        return flatten(document);
    }
    document.depth = Depth::Eight;
    let shrunk = |side: u32| {
        let side = u64::from(side) * u64::from(max_side) / u64::from(longest);
        // Not longer than `max_side`, so it fits.
        side.max(1) as u32
    };
    let mut shrinking = Shrinking::new((width, height), (shrunk(width), shrunk(height)));
    let band = (BAND_BYTES / (u64::from(width) * 4)).clamp(1, u64::from(height)) as u32;
    for top in (0..height).step_by(band as usize) {
        let rows = document::flatten_rows(&document, top..(top + band).min(height));
        let Samples::Eight(samples) = rows.into_samples() else {
            return Err(AppError::internal("8 bits were asked for"));
        };
        for row in samples.chunks_exact(width as usize * 4) {
            shrinking.add(row);
        }
    }
    Ok(Image::new(shrinking.target.0, shrinking.target.1, shrinking.rgba)?)
}

/// A picture as the page reads it: width and height, little-endian, then the pixels.
pub(crate) fn with_size(image: &Image) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + image.rgba().len());
    bytes.extend(image.width().to_le_bytes());
    bytes.extend(image.height().to_le_bytes());
    bytes.extend(image.rgba());
    bytes
}

fn to_image(raster: Raster) -> Result<Image> {
    let (width, height) = (raster.width(), raster.height());
    let Samples::Eight(rgba) = raster.into_samples() else {
        return Err(AppError::internal("8 bits were asked for"));
    };
    Ok(Image::new(width, height, rgba)?)
}

/// Averages the pixels of each area, weighted by alpha, row by row.
struct Shrinking {
    target: (u32, u32),
    columns: Vec<Share>,
    rows: std::vec::IntoIter<Share>,
    /// Sums of the row that is being made and of the next: red, green, blue by alpha, and alpha.
    sums: [Vec<[f32; 4]>; 2],
    row: usize,
    rgba: Vec<u8>,
}

/// A pixel's share in one pixel of the target and in the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share {
    first: usize,
    weights: [f32; 2],
}

/// How `source` pixels fall on fewer `target` pixels; the weights of each of those add up to 1.
fn shares(source: u32, target: u32) -> Vec<Share> {
    let (length, target) = (u64::from(source), u64::from(target));
    let share = |index: u64| {
        // In units of 1 / source of a target pixel.
        let (start, end) = (index * target, (index + 1) * target);
        let first = start / length;
        let inside = end.min((first + 1) * length) - start;
        let weight = |part: u64| part as f32 / length as f32;
        Share { first: first as usize, weights: [weight(inside), weight(target - inside)] }
    };
    (0..length).map(share).collect()
}

impl Shrinking {
    fn new(source: (u32, u32), target: (u32, u32)) -> Self {
        let empty = vec![[0.0; 4]; target.0 as usize];
        Self {
            target,
            columns: shares(source.0, target.0),
            rows: shares(source.1, target.1).into_iter(),
            sums: [empty.clone(), empty],
            row: 0,
            rgba: Vec::with_capacity(target.0 as usize * target.1 as usize * 4),
        }
    }

    /// Takes the next row of the source.
    fn add(&mut self, pixels: &[u8]) {
        let Some(row) = self.rows.next() else { return };
        for (sums, weight) in self.sums.iter_mut().zip(row.weights) {
            if weight > 0.0 {
                add_row(sums, &self.columns, pixels, weight);
            }
        }
        let next = self.rows.as_slice().first().map(|next| next.first);
        if next != Some(self.row) {
            self.finish_row();
        }
    }

    fn finish_row(&mut self) {
        self.rgba.extend(self.sums[0].iter().flat_map(|sum| to_pixel(*sum)));
        self.sums[0].fill([0.0; 4]);
        self.sums.swap(0, 1);
        self.row += 1;
    }
}

fn add_row(sums: &mut [[f32; 4]], columns: &[Share], pixels: &[u8], weight: f32) {
    for (share, pixel) in columns.iter().zip(pixels.chunks_exact(4)) {
        let alpha = f32::from(pixel[3]);
        let [red, green, blue] =
            [pixel[0], pixel[1], pixel[2]].map(|level| f32::from(level) * alpha);
        for (sum, part) in sums[share.first..].iter_mut().zip(share.weights) {
            let part = part * weight;
            for (sum, value) in sum.iter_mut().zip([red, green, blue, alpha]) {
                *sum += value * part;
            }
        }
    }
}

fn to_pixel([red, green, blue, alpha]: [f32; 4]) -> [u8; 4] {
    // Conversion from f32 stays within a byte.
    let level = |value: f32| value.round() as u8;
    match level(alpha) {
        0 => [0; 4],
        visible => [level(red / alpha), level(green / alpha), level(blue / alpha), visible],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrink(source: (u32, u32), target: (u32, u32), pixels: &[[u8; 4]]) -> Vec<u8> {
        let mut shrinking = Shrinking::new(source, target);
        for row in pixels.concat().chunks_exact(source.0 as usize * 4) {
            shrinking.add(row);
        }
        shrinking.rgba
    }

    #[test]
    fn every_pixel_is_shared_out_whole() {
        for (source, target) in [(7, 3), (1, 1), (5, 5), (300_000, 17), (1000, 999)] {
            let mut sums = vec![0.0; target as usize + 1];
            for Share { first, weights } in shares(source, target) {
                sums[first] += f64::from(weights[0]);
                sums[first + 1] += f64::from(weights[1]);
            }
            assert_eq!(sums.pop(), Some(0.0));
            // f32 weights: 1e-7 each, of which up to 18 000 add up.
            assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-3), "{source} to {target}");
        }
    }

    #[test]
    fn one_colour_stays_that_colour() {
        let pixel = [201, 102, 53, 254];
        let shrunk = shrink((7, 5), (3, 2), &[pixel; 35]);
        assert_eq!(shrunk, pixel.repeat(6));
    }

    #[test]
    fn what_is_transparent_does_not_colour_what_is_not() {
        let pixels = [[255, 0, 0, 255], [0, 255, 0, 0], [255, 0, 0, 255], [0, 255, 0, 0]];
        assert_eq!(shrink((2, 2), (1, 1), &pixels), [255, 0, 0, 128]);
        assert_eq!(shrink((2, 2), (1, 1), &[[9, 9, 9, 0]; 4]), [0; 4]);
    }

    #[test]
    fn three_pixels_become_two_by_area() {
        let pixels = [[0, 0, 0, 255], [90, 90, 90, 255], [255, 255, 255, 255]];
        // (0 · 2/3 + 90 · 1/3) and (90 · 1/3 + 255 · 2/3).
        assert_eq!(shrink((3, 1), (2, 1), &pixels), [30, 30, 30, 255, 200, 200, 200, 255]);
    }
}
