//! What a document looks like: the tree becomes one picture.
//!
//! Method: ISO 32000-1 (PDF 1.7), chapter 11 "Transparency", with the variants of Photoshop's modes as
//! psd-tools' `composite` has them. Numbers are `f32`, premultiplied, and rounded once at the end.
//!
//! What a document leaves open is decided here:
//! - Fill multiplies opacity, but for the eight modes that Photoshop treats otherwise (color and linear
//!   burn and dodge, vivid and linear light, hard mix, difference) it moves the layer's colour towards
//!   the one that changes nothing, so that the mode itself fades.
//! - A pass-through group fades between what was below it and what its children made of that.
//! - Clipped layers blend with the base's colour inside of its alpha; the base's mask, opacity, fill and
//!   mode then apply to the result. A clipped layer without a base below it is drawn as it is.
//! - Dissolve compares the alpha with a number that depends on nothing but the place.

mod canvas;
mod modes;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::Range;

use rayon::prelude::*;

use crate::{Depth, Document, Raster, Samples};
use canvas::{Canvas, Pixel, Rect};

/// Pixels of a band: a canvas of 1 MiB, so that it stays near the core that works on it.
const BAND_PIXELS: usize = 1 << 16;

/// The document as one picture in its own depth, straight alpha; where alpha is 0 so is the colour.
#[must_use]
pub fn flatten(document: &Document) -> Raster {
    flatten_rows(document, 0..document.height)
}

/// The rows `rows` of [`flatten`], as wide as the document; rows beyond its height are left out.
///
/// Takes the memory of the result and a few bands of about a megabyte for each thread.
#[must_use]
pub fn flatten_rows(document: &Document, rows: Range<u32>) -> Raster {
    flatten_area(document, 0..document.width, rows)
}

/// A rectangle of [`flatten`]; what reaches beyond the document is left out.
#[must_use]
pub fn flatten_area(document: &Document, columns: Range<u32>, rows: Range<u32>) -> Raster {
    let (right, bottom) = (columns.end.min(document.width), rows.end.min(document.height));
    let (left, top) = (columns.start.min(right), rows.start.min(bottom));
    let (width, height) = (right - left, bottom - top);
    let area = Rect {
        left: i64::from(left),
        top: i64::from(top),
        right: i64::from(right),
        bottom: i64::from(bottom),
    };
    let samples = match document.depth {
        Depth::Eight => Samples::Eight(render(document, area, to_eight)),
        Depth::Sixteen => Samples::Sixteen(render(document, area, to_sixteen)),
    };
    Raster::new(width, height, samples).unwrap_or_else(|_| Raster::empty(document.depth))
}

fn render<T: Copy + Default + Send>(
    document: &Document,
    whole: Rect,
    narrow: fn(Pixel) -> [T; 4],
) -> Vec<T> {
    let width = whole.width();
    let mut result = vec![T::default(); width * (whole.bottom - whole.top) as usize * 4];
    if result.is_empty() {
        return result;
    }
    let band_rows = (BAND_PIXELS / width).max(1);
    result.par_chunks_mut(band_rows * width * 4).enumerate().for_each(|(band, samples)| {
        let top = whole.top + (band * band_rows) as i64;
        let rows = samples.len() / (width * 4);
        let area = Rect { top, bottom: top + rows as i64, ..whole };
        let mut canvas = Canvas::clear(area);
        tree::draw(&document.layers, &mut canvas);
        for (pixel, target) in canvas.pixels().iter().zip(samples.as_chunks_mut::<4>().0) {
            *target = narrow(*pixel);
        }
    });
    result
}

fn to_eight(pixel: Pixel) -> [u8; 4] {
    quantize(pixel, 255.0).map(|level| level as u8)
}

fn to_sixteen(pixel: Pixel) -> [u16; 4] {
    quantize(pixel, 65535.0).map(|level| level as u16)
}

/// Premultiplied to straight levels of 0 to `most`.
fn quantize(pixel: Pixel, most: f32) -> [f32; 4] {
    let [red, green, blue, alpha] = pixel;
    let level = (alpha * most + 0.5).floor().min(most);
    if level < 1.0 {
        return [0.0; 4];
    }
    let scale = most / alpha;
    let [red, green, blue] =
        [red, green, blue].map(|value| (value * scale + 0.5).floor().clamp(0.0, most));
    [red, green, blue, level]
}
