//! Draws the example document that comes with the app: a potion in layers, with groups, a mask, clipping
//! and blend modes: `cargo run -p files --example potion src-tauri/examples/potion.ora`.

use std::{error::Error, f32::consts::TAU, path::Path, sync::Arc};

use document::{Blend, Document, Layer, Lock, Mask, Plane, Raster, Samples};
use files::Format;

const SIDE: u32 = 512;
/// Samples a pixel and direction: edges are smooth.
const FINE: u32 = 3;

/// Straight RGBA from 0 to 1.
type Colour = [f32; 4];

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("say where to write")?;
    let mut document = Document::new(SIDE, SIDE);
    document.layers = vec![
        Layer {
            lock: Lock { position: true, ..Lock::default() },
            ..painted("Background", background)
        },
        Layer { blend: Blend::Screen, opacity: 217, ..painted("Glow", glow) },
        Layer { blend: Blend::Multiply, opacity: 191, ..painted("Shadow", shadow) },
        Layer::group(
            "Potion",
            vec![
                painted("Glass", glass),
                Layer { mask: Some(level()), ..painted("Liquid", liquid) },
                Layer { clipping: true, blend: Blend::Screen, ..painted("Bubbles", bubbles) },
                painted("Cork", cork),
                Layer { blend: Blend::Screen, opacity: 230, ..painted("Highlights", highlights) },
            ],
        ),
        Layer::group(
            "Sparkles",
            vec![
                Layer { blend: Blend::LinearDodge, ..painted("Near", near_sparkles) },
                Layer { blend: Blend::LinearDodge, opacity: 153, ..painted("Far", far_sparkles) },
            ],
        ),
    ];
    document.number_layers();
    if let Some(note) = files::save(&document, Path::new(&path), Format::Ora)?.into_iter().next() {
        return Err(note.into());
    }
    Ok(())
}

/// A layer of what a function says of every point, as large as what it shows.
fn painted(name: &str, colour: impl Fn(f32, f32) -> Colour) -> Layer {
    let mut bytes = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            bytes.extend(pixel(x, y, &colour));
        }
    }
    let whole = Raster::from_rgba8(SIDE, SIDE, bytes).expect("as many as pixels");
    let (x, y, raster) = whole.crop_to_content();
    Layer::pixels(name, x as i32, y as i32, Arc::new(raster))
}

fn pixel(x: u32, y: u32, colour: &impl Fn(f32, f32) -> Colour) -> [u8; 4] {
    let mut sum = [0.0; 4];
    for point in 0..FINE * FINE {
        let at = |pixel: u32, step: u32| pixel as f32 + (step as f32 + 0.5) / FINE as f32;
        let [r, g, b, a] = colour(at(x, point % FINE), at(y, point / FINE));
        for (total, value) in sum.iter_mut().zip([r * a, g * a, b * a, a]) {
            *total += value;
        }
    }
    let alpha = sum[3] / (FINE * FINE) as f32;
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    if byte(alpha) == 0 {
        return [0; 4];
    }
    [byte(sum[0] / sum[3]), byte(sum[1] / sum[3]), byte(sum[2] / sum[3]), byte(alpha)]
}

fn background(x: f32, y: f32) -> Colour {
    let wall = mix([0.16, 0.15, 0.24], [0.30, 0.22, 0.34], y / 360.0);
    let table = mix([0.38, 0.24, 0.18], [0.20, 0.12, 0.10], (y - 372.0) / 140.0);
    let grain = 0.012 * (x * 0.21 + (y * 0.35).sin() * 2.0).sin();
    let edge = 1.0 - 0.55 * smooth(190.0, 380.0, (x - 256.0).hypot(y - 260.0));
    let [r, g, b] = if y < 372.0 { wall } else { table.map(|value| value + grain) };
    [r * edge, g * edge, b * edge, 1.0]
}

fn glow(x: f32, y: f32) -> Colour {
    let near = 1.0 - smooth(90.0, 235.0, (x - 256.0).hypot(y - 300.0));
    [0.95, 0.28, 0.42, 0.75 * near * near]
}

fn shadow(x: f32, y: f32) -> Colour {
    let far = ((x - 262.0) / 150.0).hypot((y - 424.0) / 30.0);
    [0.10, 0.04, 0.10, 0.85 * (1.0 - smooth(0.35, 1.0, far))]
}

/// How far outside of the bottle a point is, in pixels; `inset` makes the bottle smaller.
fn bottle(x: f32, y: f32, inset: f32) -> f32 {
    let body = (x - 256.0).hypot((y - 306.0) * 1.04) - 122.0;
    let neck = rounded((x - 256.0).abs() - 31.0, (y - 186.0).abs() - 62.0, 8.0);
    smooth_union(body, neck, 34.0) + inset
}

fn glass(x: f32, y: f32) -> Colour {
    let outside = bottle(x, y, 0.0);
    let rim = rounded((x - 256.0).abs() - 43.0, (y - 132.0).abs() - 9.0, 7.0);
    let inside = -outside.min(rim);
    let edge = 1.0 - smooth(2.0, 16.0, inside);
    let [r, g, b] = mix([0.52, 0.66, 0.74], [0.86, 0.95, 0.98], edge);
    [r, g, b, cover(outside.min(rim)) * (0.22 + 0.58 * edge)]
}

fn liquid(x: f32, y: f32) -> Colour {
    let inside = -bottle(x, y, 9.0);
    let depth = ((y - 246.0) / 180.0).clamp(0.0, 1.0);
    let [r, g, b] = mix([0.98, 0.32, 0.44], [0.55, 0.04, 0.22], depth);
    let round = 0.72 + 0.28 * smooth(0.0, 60.0, inside);
    let side = 1.0 + 0.12 * ((x - 256.0) / 120.0);
    [r * round * side, g * round, b * round, cover(-inside)]
}

/// The mask that shows the liquid up to its surface.
fn level() -> Mask {
    let values = (0..SIDE * SIDE)
        .map(|index| {
            let (x, y) = ((index % SIDE) as f32 + 0.5, (index / SIDE) as f32 + 0.5);
            let surface = 252.0 + 5.0 * (x / 34.0).sin() + 3.0 * (x / 13.0 + 1.0).sin();
            (smooth(-0.7, 0.7, y - surface) * 255.0).round() as u8
        })
        .collect();
    let plane = Plane::new(SIDE, SIDE, Samples::Eight(values)).expect("as many as pixels");
    Mask { x: 0, y: 0, plane: Arc::new(plane), outside: 255, enabled: true, linked: true }
}

fn bubbles(x: f32, y: f32) -> Colour {
    let all = [
        (214.0, 330.0, 15.0),
        (292.0, 352.0, 11.0),
        (262.0, 300.0, 8.0),
        (236.0, 380.0, 9.0),
        (310.0, 306.0, 6.0),
        (276.0, 272.0, 5.0),
        (196.0, 284.0, 5.0),
    ];
    let shine = all.iter().map(|(left, top, radius)| {
        let far = (x - left).hypot(y - top);
        let ring = 1.0 - smooth(1.0, 3.2, (far - radius).abs());
        let spot = 1.0
            - smooth(0.0, radius * 0.5, (x - left + 0.35 * radius).hypot(y - top + 0.35 * radius));
        let film = 0.22 * cover(far - radius);
        ring.max(spot).max(film)
    });
    [1.0, 0.78, 0.80, 0.8 * shine.fold(0.0, f32::max)]
}

fn cork(x: f32, y: f32) -> Colour {
    let wide = 24.0 + 6.0 * ((134.0 - y) / 48.0);
    let outside = rounded((x - 256.0).abs() - wide, (y - 108.0).abs() - 26.0, 6.0);
    let spots = 0.05 * ((x * 0.61).sin() * (y * 0.53).cos() + (x * 0.23 + y * 0.31).sin());
    let light = 0.86 - 0.30 * ((x - 256.0) / 34.0 + 0.15).clamp(-1.0, 1.0) + spots;
    [0.78 * light, 0.56 * light, 0.36 * light, cover(outside)]
}

fn highlights(x: f32, y: f32) -> Colour {
    let far = (x - 256.0).hypot((y - 306.0) * 1.04);
    let angle = (y - 306.0).atan2(x - 256.0);
    let long = (1.0 - smooth(5.0, 9.0, (far - 98.0).abs()))
        * (1.0 - smooth(0.42, 0.62, (angle + 2.55).abs()));
    let short = (1.0 - smooth(3.0, 6.0, (far - 99.0).abs()))
        * (1.0 - smooth(0.10, 0.24, (angle - 0.62).abs()));
    let neck = cover(rounded((x - 238.0).abs() - 3.5, (y - 186.0).abs() - 26.0, 3.5));
    let rim = cover(rounded((x - 234.0).abs() - 9.0, (y - 130.0).abs() - 2.0, 2.0));
    [1.0, 0.98, 0.96, (0.9 * long).max(0.6 * short).max(0.5 * neck).max(0.6 * rim)]
}

fn near_sparkles(x: f32, y: f32) -> Colour {
    sparkles(x, y, &[(112.0, 180.0, 30.0), (402.0, 232.0, 24.0), (356.0, 96.0, 20.0)])
}

fn far_sparkles(x: f32, y: f32) -> Colour {
    let all = [
        (160.0, 96.0, 11.0),
        (430.0, 330.0, 10.0),
        (78.0, 300.0, 12.0),
        (300.0, 52.0, 8.0),
        (446.0, 150.0, 8.0),
    ];
    sparkles(x, y, &all)
}

/// Stars of four points.
fn sparkles(x: f32, y: f32, all: &[(f32, f32, f32)]) -> Colour {
    let light = all.iter().map(|(left, top, size)| {
        let (dx, dy) = ((x - left).abs() / size, (y - top).abs() / size);
        let star = 1.0 - smooth(0.55, 1.0, (dx.sqrt() + dy.sqrt()).powi(2));
        let halo = 0.35 * (1.0 - smooth(0.0, 0.8, dx.hypot(dy)));
        star.max(halo)
    });
    // Warm and cool ones, so that the two are not of one piece.
    let warm = 0.5 + 0.5 * (x / SIDE as f32 * TAU).cos();
    [1.0, 0.86 + 0.08 * warm, 0.62 + 0.30 * warm, light.fold(0.0, f32::max)]
}

fn cover(outside: f32) -> f32 {
    1.0 - smooth(-0.5, 0.5, outside)
}

/// The distance to a box with round corners, from the distances to its sides.
fn rounded(dx: f32, dy: f32, radius: f32) -> f32 {
    let (x, y) = (dx + radius, dy + radius);
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - radius
}

fn smooth_union(a: f32, b: f32, soft: f32) -> f32 {
    let share = (0.5 + 0.5 * (b - a) / soft).clamp(0.0, 1.0);
    b + (a - b) * share - soft * share * (1.0 - share)
}

fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| a[channel] + (b[channel] - a[channel]) * share)
}
