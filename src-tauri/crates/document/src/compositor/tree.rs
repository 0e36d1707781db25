//! The order in which layers meet: stacks, groups and clipping.

use super::{
    canvas::{Canvas, Pixel, Rect, coverage_row, load_row, reach},
    modes,
};
use crate::{Blend, Layer, Mask, layer::Content};

/// Draws layers, from the bottom, over what `canvas` shows.
pub(super) fn draw(layers: &[Layer], canvas: &mut Canvas) {
    let mut rest = layers;
    while let Some((base, above)) = rest.split_first() {
        let count = above.iter().take_while(|layer| layer.clipping).count();
        let (clipped, next) = above.split_at(count);
        rest = next;
        let area = reach(base).meet(canvas.area());
        if !base.visible || area.is_empty() {
            continue;
        }
        if clipped.iter().any(|layer| layer.visible) {
            draw_with_clipped(base, clipped, area, canvas);
        } else {
            draw_alone(base, area, canvas);
        }
    }
}

fn draw_alone(layer: &Layer, area: Rect, canvas: &mut Canvas) {
    match &layer.content {
        Content::Pixels(pixels) => {
            let place = Rect::at(pixels.x, pixels.y, pixels.raster.width(), pixels.raster.height());
            let load = |y, row: &mut [Pixel]| load_row(&pixels.raster, place, area, y, row);
            merge(layer, area, load, canvas);
        }
        Content::Group(group) if layer.blend == Blend::PassThrough => {
            if shown_mask(layer).is_none() && layer.opacity == 255 && layer.fill == 255 {
                draw(&group.children, canvas);
                return;
            }
            let mut after = canvas.cut(area);
            draw(&group.children, &mut after);
            fade(layer, &after, canvas);
        }
        Content::Group(group) => {
            let mut inside = Canvas::clear(area);
            draw(&group.children, &mut inside);
            merge(layer, area, |y, row| load_straight(&inside, y, row), canvas);
        }
    }
}

/// The clipped layers change the colour of the base, not its alpha.
fn draw_with_clipped(base: &Layer, clipped: &[Layer], area: Rect, canvas: &mut Canvas) {
    let mut alone = alone(base, area, canvas);
    let mut together = alone.clone();
    for layer in clipped.iter().filter(|layer| layer.visible) {
        let reached = reach(layer).meet(area);
        if !reached.is_empty() {
            draw_alone(layer, reached, &mut together);
        }
    }
    for (pixel, over) in alone.pixels_mut().iter_mut().zip(together.pixels()) {
        let [red, green, blue, _] = modes::straight(*over);
        let alpha = pixel[3];
        *pixel = [red * alpha, green * alpha, blue * alpha, alpha];
    }
    merge(base, area, |y, row| load_straight(&alone, y, row), canvas);
}

/// A layer's own colour and alpha, without its mask and opacity.
fn alone(layer: &Layer, area: Rect, canvas: &Canvas) -> Canvas {
    let mut result = Canvas::clear(area);
    match &layer.content {
        Content::Pixels(pixels) => {
            let place = Rect::at(pixels.x, pixels.y, pixels.raster.width(), pixels.raster.height());
            for y in area.top..area.bottom {
                let row = result.row_mut(area, y);
                load_row(&pixels.raster, place, area, y, row);
                for pixel in row {
                    let [red, green, blue, alpha] = *pixel;
                    *pixel = [red * alpha, green * alpha, blue * alpha, alpha];
                }
            }
        }
        Content::Group(group) => {
            draw(&group.children, &mut result);
            if layer.blend == Blend::PassThrough {
                let before = canvas.cut(area);
                let mut after = before.clone();
                draw(&group.children, &mut after);
                take_out(&before, &after, &mut result);
            }
        }
    }
    result
}

/// What a group added to its backdrop; `result` holds the group's alpha.
fn take_out(before: &Canvas, after: &Canvas, result: &mut Canvas) {
    let both = before.pixels().iter().zip(after.pixels());
    for (pixel, (before, after)) in result.pixels_mut().iter_mut().zip(both) {
        let alpha = pixel[3];
        for channel in 0..3 {
            let added = after[channel] - before[channel] * (1.0 - alpha);
            pixel[channel] = added.clamp(0.0, alpha);
        }
    }
}

fn shown_mask(layer: &Layer) -> Option<&Mask> {
    layer.mask.as_ref().filter(|mask| mask.enabled)
}

fn load_straight(canvas: &Canvas, y: i64, row: &mut [Pixel]) {
    for (pixel, source) in row.iter_mut().zip(canvas.row(canvas.area(), y)) {
        *pixel = modes::straight(*source);
    }
}

/// Blends straight rows that `load` gives with what is on the canvas.
fn merge(layer: &Layer, area: Rect, load: impl Fn(i64, &mut [Pixel]), canvas: &mut Canvas) {
    let opacity = f32::from(layer.opacity) / 255.0;
    let fill = f32::from(layer.fill) / 255.0;
    let (full, fill) =
        if modes::fades_itself(layer.blend) { (opacity, fill) } else { (opacity * fill, 1.0) };
    let mut source = vec![[0.0; 4]; area.width()];
    let mut coverage = vec![0.0; area.width()];
    for y in area.top..area.bottom {
        load(y, &mut source);
        coverage_row(shown_mask(layer), full, area, y, &mut coverage);
        let backdrop = canvas.row_mut(area, y);
        if layer.blend == Blend::Dissolve {
            modes::dissolve_row(area.left, y, backdrop, &source, &coverage);
        } else {
            modes::blend_row(layer.blend, fill, backdrop, &source, &coverage);
        }
    }
}

/// Moves the canvas towards what it would be with the group in full.
fn fade(layer: &Layer, after: &Canvas, canvas: &mut Canvas) {
    let area = after.area();
    let full = f32::from(layer.opacity) / 255.0 * f32::from(layer.fill) / 255.0;
    let mut coverage = vec![0.0; area.width()];
    for y in area.top..area.bottom {
        coverage_row(shown_mask(layer), full, area, y, &mut coverage);
        let rows = canvas.row_mut(area, y).iter_mut().zip(after.row(area, y));
        for ((before, after), share) in rows.zip(&coverage) {
            for (before, after) in before.iter_mut().zip(after) {
                *before = *before * (1.0 - share) + after * share;
            }
        }
    }
}
