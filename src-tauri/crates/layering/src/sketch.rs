//! What is known of a layer at the size of the model, ready to be asked at any place of the source.

use std::ops::Range;

use rayon::prelude::*;

use crate::{
    fill,
    guide::Guide,
    resize::{Small, Tap, between},
    solve::snap,
};

/// How much a colour counts beside an edge, against one away from it.
const AT_AN_EDGE: f32 = 0.02;

/// A layer at the model's size.
#[derive(Debug)]
pub(crate) struct Sketch {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pixels: Vec<Stroke>,
}

/// Alpha; how alpha changes with red, green and blue; the estimated colour; 1 where alpha is surely right.
pub(crate) type Stroke = [f32; 8];

/// Surely nothing.
pub(crate) const NOTHING: Stroke = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];

pub(crate) fn alpha([alpha, ..]: Stroke) -> f32 {
    alpha
}

pub(crate) fn slope([_, red, green, blue, ..]: Stroke) -> [f32; 3] {
    [red, green, blue]
}

pub(crate) fn color([_, _, _, _, red, green, blue, _]: Stroke) -> [f32; 3] {
    [red, green, blue]
}

/// Between surely right pixels only the roundings are missing.
pub(crate) fn is_sure([.., sure]: Stroke) -> bool {
    sure > 0.999
}

/// Sketches of all layers, from the bottom, with haze removed and colours matched to the source.
pub(crate) fn sketch(source: &Small, layers: &mut [Small], guide: &Guide) -> Vec<Sketch> {
    for pixel in layers.iter_mut().flat_map(|layer| &mut layer.pixels) {
        *pixel = without_haze(*pixel);
    }
    let mut colors: Vec<Vec<[f32; 3]>> = layers
        .par_iter()
        .map(|layer| fill::spread(layer.width, layer.height, &layer.pixels))
        .collect();
    let faults = faults(source, layers, &colors);
    let mut above = vec![1.0; source.pixels.len()];
    let mut slopes = Vec::with_capacity(layers.len());
    for (index, (layer, colors)) in layers.iter().zip(&mut colors).enumerate().rev() {
        let alphas: Vec<f32> = layer.pixels.iter().map(|pixel| pixel[3]).collect();
        // The background shows wherever nothing is in front of it, whatever the model's alpha.
        let is_background = index == 0;
        let seen = above
            .iter()
            .zip(&alphas)
            .map(|(above, alpha)| if is_background { *above } else { alpha * above })
            .collect::<Vec<f32>>();
        match_colors(source, &faults, &seen, colors);
        for (above, alpha) in above.iter_mut().zip(&alphas) {
            *above *= 1.0 - alpha;
        }
        slopes.push(match is_background {
            true => vec![[0.0; 3]; alphas.len()],
            false => guide.slopes(&alphas),
        });
    }
    slopes.reverse();
    let parts = layers.par_iter().zip(slopes).zip(colors);
    parts.map(|((layer, slopes), colors)| Sketch::new(layer, &slopes, &colors)).collect()
}

impl Sketch {
    fn new(layer: &Small, slopes: &[[f32; 3]], colors: &[[f32; 3]]) -> Self {
        let (width, height) = (layer.width, layer.height);
        let mut pixels = Vec::with_capacity(layer.pixels.len());
        for (y, row) in layer.pixels.chunks_exact(width.max(1)).enumerate() {
            for (x, pixel) in row.iter().enumerate() {
                let index = y * width + x;
                let ([s_red, s_green, s_blue], [red, green, blue]) = (slopes[index], colors[index]);
                let sure = f32::from(u8::from(is_plain(layer, x, y)));
                pixels.push([pixel[3], s_red, s_green, s_blue, red, green, blue, sure]);
            }
        }
        Self { width, height, pixels }
    }

    /// One row at the place of a row of the source.
    pub(crate) fn row(&self, tap: Tap, row: &mut [Stroke]) {
        let from = |y: usize| &self.pixels[y * self.width..(y + 1) * self.width];
        for (target, (first, second)) in
            row.iter_mut().zip(from(tap.first).iter().zip(from(tap.second)))
        {
            *target = between(*first, *second, tap.share);
        }
    }

    /// The columns and rows where the layer can have any alpha: first and last; none if it is empty.
    pub(crate) fn bounds(&self) -> Option<[(usize, usize); 2]> {
        let mut bounds = None;
        for (index, stroke) in self.pixels.iter().enumerate() {
            if alpha(*stroke) <= 0.0 && is_sure(*stroke) {
                continue;
            }
            let (x, y) = (index % self.width, index / self.width);
            let [columns, rows] = bounds.get_or_insert([(x, x), (y, y)]);
            *columns = (columns.0.min(x), columns.1.max(x));
            *rows = (rows.0.min(y), rows.1.max(y));
        }
        bounds
    }
}

/// Premultiplied, with haze gone and near opacity full.
pub(crate) fn without_haze(pixel: [f32; 4]) -> [f32; 4] {
    match snap((pixel[3] * 255.0 + 0.5) as u8) {
        0 => [0.0; 4],
        255 => pixel.map(|value| value / pixel[3]),
        _ => pixel,
    }
}

/// Whether alpha is all or nothing all around.
fn is_plain(layer: &Small, x: usize, y: usize) -> bool {
    let center = layer.pixels[y * layer.width + x][3];
    let is_end = center <= 0.0 || center >= 1.0 - 1e-6;
    is_end
        && near(y, layer.height).all(|y| {
            near(x, layer.width)
                .all(|x| (layer.pixels[y * layer.width + x][3] - center).abs() < 1e-6)
        })
}

/// How far the model's picture is off, straight.
fn faults(source: &Small, layers: &[Small], colors: &[Vec<[f32; 3]>]) -> Vec<[f32; 3]> {
    let mut stack = vec![[0.0; 3]; source.pixels.len()];
    for (index, (layer, colors)) in layers.iter().zip(colors).enumerate() {
        for ((sum, pixel), color) in stack.iter_mut().zip(&layer.pixels).zip(colors) {
            *sum = between(*sum, *color, if index == 0 { 1.0 } else { pixel[3] });
        }
    }
    let pairs = source.pixels.iter().zip(stack);
    pairs
        .map(|(&[red, green, blue, alpha], stack)| {
            let scale = 1.0 / alpha.max(1e-6);
            [red * scale - stack[0], green * scale - stack[1], blue * scale - stack[2]]
        })
        .collect()
}

/// Moves a layer's colours by how far the picture is off where the layer is what one sees, and behind
/// other layers by what that comes to beside them.
fn match_colors(source: &Small, faults: &[[f32; 3]], seen: &[f32], colors: &mut [[f32; 3]]) {
    let (width, height) = (source.width, source.height);
    let ramp = |seen: f32| ((seen - 0.75) * 4.0).clamp(0.0, 1.0);
    let weighted: Vec<[f32; 4]> = faults
        .iter()
        .enumerate()
        .map(|(index, &[red, green, blue])| {
            let (x, y) = (index % width, index / width);
            let least = near(y, height)
                .flat_map(|y| near(x, width).map(move |x| seen[y * width + x]))
                .fold(1.0, f32::min);
            // At an edge the fault may be another layer's, or that of a soft alpha.
            let trust = ramp(least).max(ramp(seen[index]) * AT_AN_EDGE);
            let weight = trust * source.pixels[index][3];
            [red * weight, green * weight, blue * weight, weight]
        })
        .collect();
    for (color, shift) in colors.iter_mut().zip(fill::spread(width, height, &weighted)) {
        for (value, shift) in color.iter_mut().zip(shift) {
            *value += shift;
        }
    }
}

/// A place and its neighbours.
fn near(place: usize, length: usize) -> Range<usize> {
    place.saturating_sub(1)..(place + 2).min(length)
}
