//! Flattens a document: layers over each other, bottom first, onto nothing.
//!
//! 8-bit straight alpha, source-over. Each layer is computed in whole numbers and rounded once, to
//! nearest with halves up; opacity is first rounded to 255ths. Where the result's alpha is 0 the
//! colour is 0 too.

use std::sync::Arc;

use engine::{Image, Result};

/// A picture at a place.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// Its pixels.
    pub(crate) image: Arc<Image>,
    /// Where its left edge is, in document pixels.
    pub(crate) x: i64,
    /// Where its top edge is, in document pixels.
    pub(crate) y: i64,
    /// 0 to 1.
    pub(crate) opacity: f64,
}

/// Draws the layers into a picture of this size.
///
/// # Errors
/// If a side is zero.
pub(crate) fn flatten(width: u32, height: u32, layers: &[Layer]) -> Result<Image> {
    let mut canvas = vec![0; width as usize * height as usize * 4];
    for layer in layers {
        draw(&mut canvas, (width, height), layer);
    }
    Image::new(width, height, canvas)
}

fn draw(canvas: &mut [u8], (width, height): (u32, u32), layer: &Layer) {
    let opacity = (layer.opacity.clamp(0.0, 1.0) * 255.0).round() as u64;
    let (left, right) = overlap(layer.x, layer.image.width(), width);
    let (top, bottom) = overlap(layer.y, layer.image.height(), height);
    if opacity == 0 || left >= right || top >= bottom {
        return;
    }
    let bytes = (right - left) as usize * 4;
    for y in top..bottom {
        let start = pixel_index(left - layer.x, y - layer.y, layer.image.width());
        let source = &layer.image.rgba()[start..start + bytes];
        let start = pixel_index(left, y, width);
        let backdrop = &mut canvas[start..start + bytes];
        for (below, above) in backdrop.chunks_exact_mut(4).zip(source.chunks_exact(4)) {
            source_over(below, above, opacity);
        }
    }
}

/// The part of `0..canvas` that a layer at `offset` covers; empty if the second is not larger.
fn overlap(offset: i64, size: u32, canvas: u32) -> (i64, i64) {
    (offset.max(0), offset.saturating_add(i64::from(size)).min(i64::from(canvas)))
}

fn pixel_index(x: i64, y: i64, width: u32) -> usize {
    (y as usize * width as usize + x as usize) * 4
}

/// Alphas are kept in units of 1 / 255³, so nothing is lost before the one rounding.
fn source_over(below: &mut [u8], above: &[u8], opacity: u64) {
    const ONE: u64 = 255 * 255;
    let cover = u64::from(above[3]) * opacity;
    if cover == 0 {
        return;
    }
    let above_weight = cover * 255;
    let below_weight = u64::from(below[3]) * (ONE - cover);
    let weight = above_weight + below_weight;
    for (under, over) in below[..3].iter_mut().zip(&above[..3]) {
        let sum = u64::from(*over) * above_weight + u64::from(*under) * below_weight;
        *under = divide_to_nearest(sum, weight);
    }
    below[3] = divide_to_nearest(weight, ONE);
}

fn divide_to_nearest(value: u64, by: u64) -> u8 {
    // The quotient is a weighted mean of bytes.
    ((value + by / 2) / by) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32, pixel: [u8; 4]) -> Arc<Image> {
        Arc::new(Image::new(width, height, pixel.repeat((width * height) as usize)).unwrap())
    }

    fn check(layers: &[([u8; 4], f64)], expected: [u8; 4]) {
        let layers: Vec<Layer> = layers
            .iter()
            .map(|(pixel, opacity)| Layer {
                image: plain(1, 1, *pixel),
                x: 0,
                y: 0,
                opacity: *opacity,
            })
            .collect();
        assert_eq!(flatten(1, 1, &layers).unwrap().rgba(), expected);
    }

    #[test]
    fn one_opaque_layer_keeps_every_value() {
        for value in 0..=255 {
            for alpha in 1..=255 {
                check(&[([value, 255 - value, 7, alpha], 1.0)], [value, 255 - value, 7, alpha]);
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_leaves_no_colour() {
        check(&[([200, 100, 50, 0], 1.0)], [0; 4]);
        check(&[([200, 100, 50, 255], 0.0)], [0; 4]);
    }

    #[test]
    fn a_half_opaque_layer_mixes_halfway_and_stays_opaque_over_opaque() {
        check(&[([0, 0, 0, 255], 1.0), ([255, 255, 255, 255], 0.5)], [128, 128, 128, 255]);
        check(&[([10, 20, 30, 255], 1.0), ([10, 20, 30, 77], 0.3)], [10, 20, 30, 255]);
    }

    #[test]
    fn two_translucent_layers_follow_the_source_over_formula() {
        // a = 128/255 + 64/255 · 127/255; c = (200 · 128/255 + 100 · 64/255 · 127/255) / a.
        check(&[([100, 100, 100, 64], 1.0), ([200, 200, 200, 128], 1.0)], [180, 180, 180, 160]);
    }

    #[test]
    fn a_layer_is_cut_at_the_edges_of_the_document() {
        let image = plain(3, 3, [9, 9, 9, 255]);
        let at = |x, y| {
            let layer = Layer { image: Arc::clone(&image), x, y, opacity: 1.0 };
            let flat = flatten(4, 4, &[layer]).unwrap();
            flat.rgba().chunks_exact(4).map(|pixel| u8::from(pixel[3] > 0)).collect::<Vec<u8>>()
        };
        assert_eq!(at(-2, -2), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(at(3, 2), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!(at(4, 0), [0; 16]);
        assert_eq!(at(-3, 0), [0; 16]);
        assert_eq!(at(i64::MAX, i64::MIN), [0; 16]);
    }
}
