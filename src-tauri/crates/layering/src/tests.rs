//! Layers that are known, made small as a model's would be, and rebuilt.

use document::{Document, Layer, Raster, Samples, flatten};

use crate::{Error, Placed, assess, rebuild};

#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn level(&mut self) -> u8 {
        self.next() as u8
    }

    fn raster(&mut self, width: u32, height: u32) -> Raster {
        let rgba = (0..width * height * 4).map(|_| self.level()).collect();
        Raster::from_rgba8(width, height, rgba).unwrap()
    }
}

/// A picture of `pixel(x, y)`, with x and y of 0 to 1 at the centers of pixels.
fn draw(width: u32, height: u32, pixel: impl Fn(f32, f32) -> [f32; 4]) -> Raster {
    let mut rgba = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let at = |place: u32, length: u32| (place as f32 + 0.5) / length as f32;
            let values = pixel(at(x, width), at(y, height));
            rgba.extend(values.map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
        }
    }
    Raster::from_rgba8(width, height, rgba).unwrap()
}

fn levels(raster: &Raster) -> &[[u8; 4]] {
    match raster.samples() {
        Samples::Eight(samples) => samples.as_chunks::<4>().0,
        Samples::Sixteen(_) => panic!("8 bits"),
    }
}

/// Fine grain that no small copy holds.
fn grain(x: f32, y: f32, seed: u64) -> f32 {
    let place = ((x * 4096.0) as u64) << 20 | (y * 4096.0) as u64;
    Random(place ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).clone().next() as u8 as f32 / 255.0
        - 0.5
}

/// 1 inside of a shape, 0 outside, soft over `soft` around the distance 0.
fn inside(distance: f32, soft: f32) -> f32 {
    (0.5 - distance / soft).clamp(0.0, 1.0)
}

/// A landscape, a spiky star, a disc with a soft side that the star partly hides, and thin blades.
fn scene(width: u32, height: u32) -> Vec<Raster> {
    let sharp = 1.5 / width as f32;
    let background = draw(width, height, |x, y| {
        let wave = (x * 9.0).sin() * 0.1 + (y * 7.0 + x * 3.0).cos() * 0.1;
        let dirt = grain(x, y, 1) * 0.06;
        [0.3 + wave + dirt, 0.5 + 0.3 * y + dirt, 0.75 - 0.3 * y + wave + dirt, 1.0]
    });
    let disc = draw(width, height, |x, y| {
        let distance = ((x - 0.62).powi(2) + (y - 0.45).powi(2)).sqrt() - 0.2;
        let soft = if x > 0.62 { 0.02 } else { sharp };
        let dirt = grain(x, y, 2) * 0.08;
        [0.9 + dirt, 0.75 - y * 0.3 + dirt, 0.15 + dirt, inside(distance, soft)]
    });
    let star = draw(width, height, |x, y| {
        let (dx, dy) = (x - 0.42, y - 0.55);
        let angle = dy.atan2(dx);
        let distance = (dx * dx + dy * dy).sqrt() - 0.17 - 0.06 * (angle * 9.0).sin();
        let dirt = grain(x, y, 3) * 0.08;
        [
            0.6 + dirt,
            0.1 + dirt,
            0.35 + 0.3 * (x * 20.0).sin() * 0.3 + dirt,
            inside(distance, sharp),
        ]
    });
    let blades = draw(width, height, |x, y| {
        let lean = x + 0.1 * (1.0 - y) * (x * 13.0).sin();
        let blade = ((lean * 24.0).fract() - 0.5).abs() / 24.0 - 0.012 * (y - 0.72) / 0.28;
        let alpha = if y > 0.72 { inside(blade, sharp) } else { 0.0 };
        [0.05, 0.25 + grain(x, y, 4) * 0.1, 0.08, alpha]
    });
    vec![background, disc, star, blades]
}

fn stack(layers: &[Raster]) -> Raster {
    let mut document = Document::new(layers[0].width(), layers[0].height());
    document.layers =
        layers.iter().map(|layer| Layer::pixels("", 0, 0, layer.clone().into())).collect();
    flatten(&document)
}

fn show(placed: &[Placed], width: u32, height: u32) -> Raster {
    let mut document = Document::new(width, height);
    document.layers = placed
        .iter()
        .map(|placed| Layer::pixels("", placed.x, placed.y, placed.raster.clone().into()))
        .collect();
    flatten(&document)
}

/// The mean of each block, by alpha: what a perfect model would give.
fn smaller(raster: &Raster, width: u32, height: u32) -> Raster {
    let small = crate::resize::shrink(raster, width as usize, height as usize);
    let rgba = small.pixels.iter().flat_map(|&[red, green, blue, alpha]| {
        let color = [red, green, blue].map(|value| value / alpha.max(1e-6));
        [color[0], color[1], color[2], alpha].map(|value| (value * 255.0 + 0.5) as u8)
    });
    Raster::from_rgba8(width, height, rgba.collect()).unwrap()
}

#[track_caller]
fn check_shows(source: &Raster, placed: &[Placed]) {
    let shown = show(placed, source.width(), source.height());
    let mut worst = 0;
    for (found, wanted) in levels(&shown).iter().zip(levels(source)) {
        for channel in 0..4 {
            // Colour under no alpha is nothing that one sees.
            if channel == 3 || wanted[3] > 0 {
                worst = worst.max(found[channel].abs_diff(wanted[channel]));
            }
        }
    }
    assert!(worst <= 2, "{worst} levels off");
}

/// Alphas of a placed layer over the whole picture, 0 to 1.
fn alphas(placed: &Placed, width: u32, height: u32) -> Vec<f32> {
    let mut all = vec![0.0; (width * height) as usize];
    for (index, pixel) in levels(&placed.raster).iter().enumerate() {
        let x = index as u32 % placed.raster.width() + placed.x as u32;
        let y = index as u32 / placed.raster.width() + placed.y as u32;
        all[(y * width + x) as usize] = f32::from(pixel[3]) / 255.0;
    }
    all
}

fn enlarged(raster: &Raster, width: u32, height: u32) -> Vec<f32> {
    let (across, down) = (raster.width() as usize, raster.height() as usize);
    let mut all = Vec::new();
    for y in 0..height as usize {
        let row = crate::resize::tap(y, height as usize, down);
        for x in 0..width as usize {
            let column = crate::resize::tap(x, width as usize, across);
            let at = |x: usize, y: usize| [f32::from(levels(raster)[y * across + x][3]) / 255.0];
            let between = crate::resize::between;
            let upper =
                between(at(column.first, row.first), at(column.second, row.first), column.share);
            let lower =
                between(at(column.first, row.second), at(column.second, row.second), column.share);
            all.push(between(upper, lower, row.share)[0]);
        }
    }
    all
}

fn soft_overlap(one: &[f32], other: &[f32]) -> f64 {
    let pairs = || one.iter().zip(other);
    let shared: f64 = pairs().map(|(one, other)| f64::from(one.min(*other))).sum();
    let both: f64 = pairs().map(|(one, other)| f64::from(one.max(*other))).sum();
    shared / both
}

fn true_alphas(layer: &Raster) -> Vec<f32> {
    levels(layer).iter().map(|pixel| f32::from(pixel[3]) / 255.0).collect()
}

#[test]
fn small_layers_become_the_source_with_sharper_edges_than_enlarged_ones() {
    let (width, height) = (1024, 1024);
    let layers = scene(width, height);
    let source = stack(&layers);
    let model: Vec<Raster> = layers.iter().map(|layer| smaller(layer, 128, 128)).collect();
    let placed = rebuild(&source, &model).unwrap();
    assert_eq!(placed.len(), layers.len());
    check_shows(&source, &placed);
    for index in 1..layers.len() {
        // What is hidden is not known: the model's alpha is the best there is.
        let truth = true_alphas(&layers[index]);
        let rebuilt = soft_overlap(&alphas(&placed[index], width, height), &truth);
        let plain = soft_overlap(&enlarged(&model[index], width, height), &truth);
        let [least, most] = [[0.99, 0.99], [0.985, 0.93], [0.95, 0.66]][index - 1];
        assert!(rebuilt > least && plain < most, "layer {index}: {rebuilt} after {plain}");
    }
}

/// A cut-out: the scene's disc, star and blades on nothing.
fn cut_out(width: u32, height: u32) -> Vec<Raster> {
    let mut layers = scene(width, height);
    layers[0] = draw(width, height, |_, _| [0.0; 4]);
    layers
}

#[test]
fn a_transparent_source_is_rebuilt_with_its_alpha() {
    let layers = cut_out(400, 300);
    let source = stack(&layers);
    let model: Vec<Raster> = layers.iter().map(|layer| smaller(layer, 80, 60)).collect();
    let placed = rebuild(&source, &model).unwrap();
    check_shows(&source, &placed);
    let background = alphas(&placed[0], 400, 300).iter().sum::<f32>() / 120_000.0;
    assert!(background < 0.01, "{background} of the background is opaque, but it was empty");
}

#[test]
fn noise_for_layers_still_shows_the_source() {
    let mut random = Random(1);
    let opaque = stack(&scene(150, 110));
    let clear = stack(&cut_out(150, 110));
    let noise = random.raster(150, 110);
    for source in [opaque, clear, noise] {
        for (width, height) in [(150, 110), (40, 30), (7, 31), (1, 1), (300, 50)] {
            let model: Vec<Raster> = (0..4).map(|_| random.raster(width, height)).collect();
            check_shows(&source, &rebuild(&source, &model).unwrap());
        }
    }
}

#[test]
fn ten_layers_and_a_size_of_another_shape_still_show_the_source() {
    let mut random = Random(5);
    let layers = scene(301, 173);
    let source = stack(&layers);
    let mut model: Vec<Raster> = layers.iter().map(|layer| smaller(layer, 64, 40)).collect();
    model.extend((0..6).map(|_| random.raster(64, 40)));
    let placed = rebuild(&source, &model).unwrap();
    assert_eq!(placed.len(), 10);
    check_shows(&source, &placed);
}

#[test]
fn one_pixel_is_a_picture() {
    for rgba in [[10, 200, 30, 255], [10, 200, 30, 90], [0, 0, 0, 0]] {
        let source = Raster::from_rgba8(1, 1, rgba.to_vec()).unwrap();
        let mut random = Random(9);
        for side in [1, 16] {
            let model: Vec<Raster> = (0..3).map(|_| random.raster(side, side)).collect();
            check_shows(&source, &rebuild(&source, &model).unwrap());
        }
    }
}

#[test]
fn empty_layers_leave_the_source_as_the_background() {
    let source = stack(&scene(60, 40));
    let nothing = Raster::from_rgba8(30, 20, vec![0; 30 * 20 * 4]).unwrap();
    let none = Raster::empty(document::Depth::Eight);
    for model in [vec![nothing.clone(), nothing.clone(), none.clone()], vec![none.clone(), none]] {
        let placed = rebuild(&source, &model).unwrap();
        assert_eq!(placed[0], Placed { x: 0, y: 0, raster: source.clone() });
        assert!(placed[1..].iter().all(|placed| placed.raster.samples().is_empty()));
    }
}

#[test]
fn a_source_of_the_model_s_size_keeps_the_model_s_alpha() {
    let layers = scene(120, 90);
    let placed = rebuild(&stack(&layers), &layers).unwrap();
    check_shows(&stack(&layers), &placed);
    for (layer, placed) in layers.iter().zip(&placed) {
        for (found, wanted) in alphas(placed, 120, 90).iter().zip(true_alphas(layer)) {
            assert!((found - wanted).abs() < 4.5 / 255.0, "{found} for {wanted}");
        }
    }
}

#[test]
fn what_is_hidden_comes_from_the_model_in_the_source_s_colours() {
    let (width, height) = (240, 240);
    let background = draw(width, height, |x, _| [0.2 + 0.4 * x, 0.5, 0.6, 1.0]);
    let square = draw(width, height, |x, y| {
        let is_inside = (0.3..0.7).contains(&x) && (0.3..0.7).contains(&y);
        [0.9, 0.1, 0.1, f32::from(u8::from(is_inside))]
    });
    let source = stack(&[background.clone(), square.clone()]);
    // The model paints everything a good deal too dark.
    let darker = draw(30, 30, |x, _| [0.1 + 0.4 * x, 0.4, 0.5, 1.0]);
    let placed = rebuild(&source, &[darker, smaller(&square, 30, 30)]).unwrap();
    check_shows(&source, &placed);
    let mut worst = 0;
    for (found, wanted) in levels(&placed[0].raster).iter().zip(levels(&background)) {
        for (found, wanted) in found.iter().zip(wanted) {
            worst = worst.max(found.abs_diff(*wanted));
        }
    }
    assert!(worst <= 8, "{worst} levels off");
    assert_eq!((placed[1].x, placed[1].y), (72, 72));
    assert_eq!((placed[1].raster.width(), placed[1].raster.height()), (96, 96));
    assert!(levels(&placed[1].raster).iter().all(|pixel| pixel[0].abs_diff(230) <= 2));
}

#[test]
fn layers_of_several_sizes_are_refused() {
    let mut random = Random(2);
    let source = random.raster(4, 4);
    let error = rebuild(&source, &[random.raster(4, 4), random.raster(2, 4)]).unwrap_err();
    assert_eq!(error.to_string(), "layer 2 is 2 × 4, but the others are 4 × 4");
    assert_eq!(rebuild(&source, &[]), Err(Error::NoLayers));
}

#[test]
fn a_source_without_pixels_gives_layers_without_pixels() {
    let source = Raster::empty(document::Depth::Eight);
    let placed = rebuild(&source, &[source.clone(), Random(3).raster(4, 4)]).unwrap();
    assert_eq!(placed.len(), 2);
    assert!(placed.iter().all(|placed| placed.raster.samples().is_empty()));
}

#[test]
fn sixteen_bits_are_taken_as_eight() {
    let source = stack(&scene(50, 40));
    let model: Vec<Raster> = scene(50, 40).iter().map(|layer| smaller(layer, 20, 16)).collect();
    let deep = source.to_depth(document::Depth::Sixteen);
    assert_eq!(rebuild(&deep, &model), rebuild(&source, &model));
}

#[test]
fn good_layers_of_a_scene_pass() {
    let layers = scene(256, 256);
    let model: Vec<Raster> = layers.iter().map(|layer| smaller(layer, 64, 64)).collect();
    let report = assess(&stack(&layers), &model);
    assert!(report.passes(), "{:?}", report.sentences());
}
