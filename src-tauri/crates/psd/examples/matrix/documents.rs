//! The documents, each made to show one thing.

use std::sync::Arc;

use document::{Blend, Depth, Document, Layer, Lock, Mask, Plane, Raster, Recipe, Samples};
use psd::Version;

/// Names, versions and documents.
pub(crate) fn all() -> Vec<(String, Version, Document)> {
    let psd = [
        ("opaque", opaque()),
        ("alpha", alpha()),
        ("opacity", opacity()),
        ("fill", fill()),
        ("masks", masks(Depth::Eight)),
        ("masks-16", masks(Depth::Sixteen)),
        ("groups", groups()),
        ("clipping", clipping()),
        ("names", names()),
        ("places", places()),
        ("locks", locks()),
        ("recipes", recipes()),
        ("many", many()),
        ("one-pixel", finished(1, 1, vec![shape("dot", 0, 0, 1, 1)])),
        ("no-layers", Document::new(33, 17)),
        ("sixteen", sixteen(true)),
        ("sixteen-opaque", sixteen(false)),
    ];
    let blends = Blend::ALL.into_iter().filter(|mode| *mode != Blend::PassThrough);
    let mut all: Vec<(String, Version, Document)> =
        psd.into_iter().map(|(name, document)| (name.to_owned(), Version::Psd, document)).collect();
    all.extend(blends.map(|mode| (format!("blend-{}", mode.name()), Version::Psd, blended(mode))));
    let psb = [
        ("psb", groups()),
        ("psb-masks", masks(Depth::Eight)),
        ("psb-sixteen", sixteen(true)),
        ("psb-wide", wide()),
    ];
    all.extend(psb.map(|(name, document)| (name.to_owned(), Version::Psb, document)));
    all
}

fn finished(width: u32, height: u32, layers: Vec<Layer>) -> Document {
    let mut document = Document::new(width, height);
    document.layers = layers;
    document.number_layers();
    document
}

/// RGBA of a picture with hard and soft edges, gradients and noise.
fn picture(width: u32, height: u32, seed: u32, has_alpha: bool) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state >> 28;
            let across = x * 255 / width.max(2).saturating_sub(1).max(1);
            let down = y * 255 / height.max(2).saturating_sub(1).max(1);
            let is_flat = (x / 8 + y / 8 + seed).is_multiple_of(3);
            let red = if is_flat { 40 * (seed % 6) } else { across };
            let alpha = match (x / 4 + y / 4) % 4 {
                0 => 0,
                1 => 255,
                2 => (across + down) / 2,
                _ => 128 + noise,
            };
            let alpha = if has_alpha { alpha } else { 255 };
            let pixel = [red, down, (across ^ down) / 2 + noise, alpha];
            rgba.extend(pixel.map(|level| level.min(255) as u8));
        }
    }
    rgba
}

fn raster(width: u32, height: u32, seed: u32, has_alpha: bool) -> Arc<Raster> {
    let rgba = picture(width, height, seed, has_alpha);
    Arc::new(Raster::from_rgba8(width, height, rgba).expect("the picture has this size"))
}

fn shape(name: &str, x: i32, y: i32, width: u32, height: u32) -> Layer {
    let seed = name.bytes().map(u32::from).sum();
    Layer::pixels(name, x, y, raster(width, height, seed, true))
}

fn back(width: u32, height: u32) -> Layer {
    Layer::pixels("Back", 0, 0, raster(width, height, 5, false))
}

fn opaque() -> Document {
    finished(61, 47, vec![back(61, 47), shape("Shape", 7, 5, 40, 31)])
}

fn alpha() -> Document {
    finished(61, 47, vec![shape("Lower", 0, 0, 61, 47), shape("Upper", 7, 5, 40, 31)])
}

fn opacity() -> Document {
    let mut layers = vec![back(40, 40)];
    for (index, opacity) in [0, 1, 127, 128, 254, 255].into_iter().enumerate() {
        let mut layer = shape(&format!("Opacity {opacity}"), index as i32 * 6, 3, 9, 30);
        layer.opacity = opacity;
        layers.push(layer);
    }
    finished(40, 40, layers)
}

fn fill() -> Document {
    let mut half = shape("Half filled", 3, 3, 25, 25);
    half.fill = 128;
    let mut both = shape("Both halves", 12, 9, 25, 25);
    (both.fill, both.opacity) = (64, 200);
    finished(40, 40, vec![back(40, 40), half, both])
}

fn mask(x: i32, y: i32, side: u32, outside: u8, depth: Depth) -> Mask {
    let levels = (0..side * side).map(|index| (index % side * 255 / side.max(1)) as u8).collect();
    let plane = Plane::new(side, side, Samples::Eight(levels)).expect("the levels fill the square");
    let plane = Arc::new(plane.to_depth(depth));
    Mask { x, y, plane, outside, enabled: true, linked: true }
}

fn masks(depth: Depth) -> Document {
    let masked = |name: &str, mask: Mask| {
        let mut layer = shape(name, 4, 4, 50, 50);
        layer.mask = Some(mask);
        layer
    };
    let black = masked("Hidden outside", mask(10, 12, 21, 0, depth));
    let white = masked("Shown outside", mask(20, 8, 23, 255, depth));
    let mut disabled = masked("Disabled", mask(10, 12, 21, 0, depth));
    let mut unlinked = masked("Unlinked", mask(30, 30, 17, 0, depth));
    if let (Some(first), Some(second)) = (&mut disabled.mask, &mut unlinked.mask) {
        first.enabled = false;
        second.linked = false;
    }
    let nothing = masked("Empty mask", mask(0, 0, 0, 255, depth));
    let beyond = masked("Mask beyond the picture", mask(-9, 50, 30, 0, depth));
    let mut group = Layer::group("Masked group", vec![shape("Inside", 2, 30, 40, 30)]);
    group.blend = Blend::Normal;
    group.mask = Some(mask(5, 33, 25, 0, depth));
    let mut document = finished(
        64,
        64,
        vec![back(64, 64), black, white, disabled, unlinked, nothing, beyond, group],
    );
    document.depth = depth;
    document
}

fn groups() -> Document {
    let mut isolated = Layer::group(
        "Isolated",
        vec![shape("a", 3, 3, 30, 20), {
            let mut layer = shape("b", 9, 9, 30, 30);
            layer.blend = Blend::Multiply;
            layer
        }],
    );
    isolated.blend = Blend::Screen;
    isolated.opacity = 180;
    let mut through = shape("d", 20, 12, 30, 30);
    through.blend = Blend::Difference;
    let mut inner = Layer::group("Passing inside", vec![through]);
    inner.opacity = 255;
    let mut closed = Layer::group("Closed, hidden", vec![shape("c", 1, 1, 9, 9)]);
    if let document::Content::Group(group) = &mut closed.content {
        group.expanded = false;
    }
    closed.visible = false;
    let outer = Layer::group(
        "Passing",
        vec![shape("e", 0, 30, 20, 20), inner, isolated, closed, Layer::group("Empty", Vec::new())],
    );
    finished(57, 57, vec![back(57, 57), outer, shape("Above", 40, 2, 15, 50)])
}

fn clipping() -> Document {
    let mut first = shape("Clipped", 0, 0, 40, 40);
    first.clipping = true;
    let mut second = shape("Clipped too", 10, 10, 30, 30);
    second.clipping = true;
    second.blend = Blend::Multiply;
    finished(48, 48, vec![back(48, 48), shape("Base", 8, 8, 25, 25), first, second])
}

fn names() -> Document {
    let long = "n".repeat(255);
    let tall = "図".repeat(255);
    let names = [
        "",
        "Same",
        "Same",
        "図層 一",
        "🦊🎨 fox",
        "Ünïcödé <&> \"quoted\"",
        "عربي",
        &long,
        &tall,
        "tab\tand\nnewline",
        " ",
    ];
    let layers = names.iter().enumerate();
    let layers = layers.map(|(index, name)| shape(name, index as i32 * 3, 2, 5, 30)).collect();
    finished(40, 40, layers)
}

fn places() -> Document {
    let empty = Layer::pixels("Empty", 0, 0, Arc::new(Raster::empty(Depth::Eight)));
    let mut hidden = shape("Hidden", 3, 3, 9, 9);
    hidden.visible = false;
    let layers = vec![
        shape("Partly left and above", -11, -7, 30, 30),
        shape("Partly right and below", 25, 30, 31, 33),
        shape("Outside", 500, -400, 13, 11),
        shape("Larger than the picture", -20, -20, 97, 95),
        empty,
        shape("One pixel", 20, 20, 1, 1),
        shape("One row", 2, 35, 37, 1),
        shape("One column", 38, 2, 1, 35),
        hidden,
    ];
    finished(41, 43, layers)
}

fn locks() -> Document {
    let locks =
        [(true, false, false), (false, true, false), (false, false, true), (true, true, true)];
    let layers = locks.into_iter().enumerate().map(|(index, (transparency, pixels, position))| {
        let mut layer = shape(&format!("Locked {index}"), index as i32 * 8, 2, 9, 20);
        layer.lock = Lock { transparency, pixels, position };
        layer
    });
    finished(40, 24, layers.collect())
}

fn recipes() -> Document {
    let mut layer = shape("Made", 2, 2, 20, 20);
    layer.recipe = Some(Recipe {
        task: "decompose".into(),
        model: "starter".into(),
        prompt: "a <fox> & \"friends\" 🦊 図".into(),
        negative: "blur".into(),
        seed: u64::MAX,
        steps: 20,
        guidance: 3.5,
        part: Some((2, 4)),
        parent: Some(1),
        ..Default::default()
    });
    finished(24, 24, vec![back(24, 24), layer])
}

fn many() -> Document {
    let layer = |index: i32| shape(&format!("Layer {index}"), index % 20 * 3, index / 20 * 4, 7, 6);
    finished(64, 64, (0..300).map(layer).collect())
}

fn blended(mode: Blend) -> Document {
    let mut layer = shape("Blended", 6, 4, 40, 40);
    layer.blend = mode;
    let mut faint = shape("Blended, faint", 20, 20, 40, 40);
    faint.blend = mode;
    faint.opacity = 150;
    finished(64, 64, vec![shape("Base", 0, 0, 64, 30), back(64, 48), layer, faint])
}

fn sixteen(has_alpha: bool) -> Document {
    let deep = |x: i32, y: i32, side: u32, is_soft: bool| {
        let samples = (0..side * side).flat_map(|index| {
            let (across, down) = (index % side, index / side);
            let alpha = if is_soft { across * 65_535 / side } else { 65_535 };
            [across * 1_021, down * 977, (across * down) * 13, alpha].map(|level| level as u16)
        });
        let samples = Samples::Sixteen(samples.collect());
        let raster = Raster::new(side, side, samples).expect("the samples fill the square");
        Layer::pixels("Deep", x, y, Arc::new(raster))
    };
    let mut masked = deep(10, 3, 33, true);
    masked.mask = Some(mask(12, 12, 15, 255, Depth::Sixteen));
    let group = Layer::group("Group", vec![masked, shape("Eight bits in sixteen", 3, 20, 20, 20)]);
    let mut document = finished(51, 51, vec![deep(0, 0, 51, has_alpha), group]);
    document.depth = Depth::Sixteen;
    document
}

fn wide() -> Document {
    finished(30_001, 3, vec![back(30_001, 3), shape("Far right", 29_990, 0, 20, 3)])
}
