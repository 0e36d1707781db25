//! The numbers come from psd-tools 1.26's `composite`, at float precision and rounded once.

use std::sync::Arc;

use super::{canvas::Pixel, flatten, flatten_rows, modes};
use crate::{Blend, Content, Depth, Document, Layer, Mask, Plane, Raster, Samples};

type Rgba = [u8; 4];

const BELOW: Rgba = [204, 76, 25, 200];
const ABOVE: Rgba = [51, 153, 230, 180];
const THIRD: Rgba = [120, 200, 90, 128];

fn dot(rgba: Rgba, blend: Blend) -> Layer {
    block(rgba, 1, 1, 0, 0, blend)
}

fn block(rgba: Rgba, width: u32, height: u32, x: i32, y: i32, blend: Blend) -> Layer {
    let raster = Raster::from_rgba8(width, height, rgba.repeat((width * height) as usize)).unwrap();
    Layer { blend, ..Layer::pixels("", x, y, Arc::new(raster)) }
}

fn clipped(layer: Layer) -> Layer {
    Layer { clipping: true, ..layer }
}

fn opacity(opacity: u8, layer: Layer) -> Layer {
    Layer { opacity, ..layer }
}

fn document(width: u32, height: u32, layers: Vec<Layer>) -> Document {
    Document { layers, ..Document::new(width, height) }
}

fn pixels(document: &Document) -> Vec<Rgba> {
    let Samples::Eight(samples) = flatten(document).into_samples() else { panic!("8 bits") };
    samples.as_chunks::<4>().0.to_vec()
}

#[track_caller]
fn check(layers: Vec<Layer>, expected: Rgba) {
    assert_eq!(pixels(&document(1, 1, layers)), [expected]);
}

#[test]
fn every_mode_gives_the_reference_s_numbers() {
    #[rustfmt::skip]
    let table = [
        ("normal", [96, 130, 170, 255], [77, 140, 195, 218]),
        ("darken", [96, 76, 25, 255], [77, 108, 109, 218]),
        ("multiply", [89, 55, 23, 255], [73, 95, 108, 218]),
        ("color-burn", [60, 22, 7, 255], [56, 76, 99, 218]),
        ("linear-burn", [60, 22, 7, 255], [56, 76, 99, 218]),
        ("darker-color", [204, 76, 25, 255], [141, 108, 109, 218]),
        ("lighten", [204, 130, 170, 255], [141, 140, 195, 218]),
        ("screen", [211, 152, 171, 255], [145, 152, 196, 218]),
        ("color-dodge", [240, 156, 187, 255], [162, 155, 205, 218]),
        ("linear-dodge", [240, 184, 187, 255], [162, 171, 205, 218]),
        ("lighter-color", [96, 130, 170, 255], [77, 140, 195, 218]),
        ("overlay", [182, 87, 39, 255], [128, 114, 118, 218]),
        ("soft-light", [187, 85, 53, 255], [131, 113, 126, 218]),
        ("hard-light", [118, 101, 156, 255], [90, 123, 186, 218]),
        ("vivid-light", [150, 89, 97, 255], [109, 116, 152, 218]),
        ("linear-light", [96, 112, 170, 255], [77, 129, 195, 218]),
        ("pin-light", [132, 76, 152, 255], [99, 108, 184, 218]),
        ("hard-mix", [240, 22, 7, 255], [162, 76, 99, 218]),
        ("difference", [168, 77, 152, 255], [120, 108, 184, 218]),
        ("exclusion", [182, 120, 156, 255], [128, 133, 186, 218]),
        ("subtract", [168, 22, 7, 255], [120, 76, 99, 218]),
        ("divide", [240, 112, 27, 255], [162, 129, 111, 218]),
        ("hue", [80, 115, 154, 255], [68, 131, 185, 218]),
        ("saturation", [204, 76, 25, 255], [141, 108, 109, 218]),
        ("color", [80, 115, 154, 255], [68, 131, 185, 218]),
        ("luminosity", [220, 92, 41, 255], [150, 117, 119, 218]),
    ];
    let [red, green, blue, _] = BELOW;
    for (name, over_opaque, over_half) in table {
        let blend = Blend::named(name).unwrap();
        for (alpha, expected) in [(255, over_opaque), (128, over_half)] {
            let below = dot([red, green, blue, alpha], Blend::Normal);
            let found = pixels(&document(1, 1, vec![below, dot(ABOVE, blend)]));
            assert_eq!(found, [expected], "{name} over alpha {alpha}");
        }
    }
}

#[test]
fn every_mode_leaves_a_layer_over_nothing_as_it_is() {
    for blend in Blend::ALL.into_iter().filter(|blend| *blend != Blend::Dissolve) {
        check(vec![dot(ABOVE, blend)], ABOVE);
    }
}

#[test]
fn the_short_way_for_normal_equals_the_general_one() {
    let levels = [0.0, 0.1, 0.5, 0.9, 1.0];
    for (alpha, share) in levels.iter().flat_map(|a| levels.map(|share| (*a, share))) {
        for below in levels {
            let start: Pixel = [0.3 * below, 0.9 * below, below, below];
            let source = [[0.8, 0.2, 0.6, alpha]];
            let (mut short, mut general) = ([start], [start]);
            modes::blend_row(Blend::Normal, 1.0, &mut short, &source, &[share]);
            modes::mix(&mut general, &source, &[share], 1.0, |_, source| source);
            for (short, general) in short[0].iter().zip(general[0]) {
                assert!((short - general).abs() < 1e-6, "{short} and {general}");
            }
        }
    }
}

#[test]
fn a_pass_through_group_fades_between_before_and_after() {
    let inner = || vec![dot(ABOVE, Blend::Multiply), clipped(dot(THIRD, Blend::Screen))];
    let below = || dot(BELOW, Blend::Normal);
    check(vec![below(), opacity(140, Layer::group("", inner()))], [152, 81, 41, 221]);

    let isolated = Layer { blend: Blend::Screen, ..Layer::group("", inner()) };
    check(vec![below(), opacity(140, isolated)], [201, 135, 109, 221]);
}

#[test]
fn fill_and_opacity_of_a_pass_through_group_are_one() {
    let group = Layer { fill: 140, ..Layer::group("", vec![dot(ABOVE, Blend::Multiply)]) };
    check(vec![dot(BELOW, Blend::Normal), group], [132, 73, 44, 221]);
}

#[test]
fn a_clipped_layer_blends_inside_of_its_base() {
    let base = opacity(200, dot(ABOVE, Blend::Overlay));
    let above = clipped(dot(THIRD, Blend::Difference));
    check(vec![dot(BELOW, Blend::Normal), base, above], [175, 78, 48, 230]);
}

#[test]
fn a_pass_through_group_can_be_a_base() {
    let group = opacity(140, Layer::group("", vec![dot(ABOVE, Blend::Multiply)]));
    let above = clipped(dot(THIRD, Blend::Screen));
    check(vec![dot(BELOW, Blend::Normal), group, above], [157, 110, 58, 221]);
}

#[test]
fn clipped_layers_go_with_a_hidden_base_and_stand_alone_without_one() {
    let hidden = Layer { visible: false, ..dot(ABOVE, Blend::Normal) };
    let above = || clipped(dot(THIRD, Blend::Normal));
    check(vec![dot(BELOW, Blend::Normal), hidden, above()], BELOW);
    check(vec![above()], THIRD);
    let unseen = Layer { visible: false, ..above() };
    check(vec![dot(BELOW, Blend::Normal), unseen], BELOW);
}

#[test]
fn a_mask_shows_what_is_white_and_its_outside_value_elsewhere() {
    let plane = Plane::new(2, 1, Samples::Eight(vec![255, 51])).unwrap();
    let mask = Mask { x: 1, y: 0, plane: Arc::new(plane), outside: 0, enabled: true, linked: true };
    let alphas = |mask: Mask| {
        let layer = block([9, 9, 9, 255], 4, 1, 0, 0, Blend::Normal);
        let document = document(4, 1, vec![Layer { mask: Some(mask), ..layer }]);
        pixels(&document).iter().map(|pixel| pixel[3]).collect::<Vec<_>>()
    };
    assert_eq!(alphas(mask.clone()), [0, 255, 51, 0]);
    assert_eq!(alphas(Mask { outside: 102, ..mask.clone() }), [102, 255, 51, 102]);
    assert_eq!(alphas(Mask { x: 3, ..mask.clone() }), [0, 0, 0, 255]);
    assert_eq!(alphas(Mask { y: -1, ..mask.clone() }), [0, 0, 0, 0]);
    assert_eq!(alphas(Mask { enabled: false, ..mask }), [255; 4]);
}

#[test]
fn fill_is_opacity_except_where_the_mode_itself_fades() {
    let over_grey = |blend, fill| {
        let layer = Layer { fill, ..dot([100, 100, 100, 255], blend) };
        pixels(&document(1, 1, vec![dot([60, 60, 60, 255], Blend::Normal), layer]))[0][0]
    };
    assert_eq!(over_grey(Blend::Normal, 51), 68, "60 + (100 - 60) / 5");
    assert_eq!(over_grey(Blend::LinearDodge, 51), 80, "60 + 100 / 5");
    assert_eq!(over_grey(Blend::Difference, 51), 40, "60 - 100 / 5");
    assert_eq!(over_grey(Blend::LinearBurn, 51), 29, "60 - (255 - 100) / 5");
    assert_eq!(over_grey(Blend::HardMix, 51), 36, "(60 - 155 / 5) / 0.8");
    for blend in Blend::ALL {
        assert_eq!(over_grey(blend, 0), 60, "{} without fill", blend.name());
    }
}

#[test]
fn dissolve_shows_whole_pixels_by_place() {
    let with = |alpha| {
        pixels(&document(64, 64, vec![block([9, 8, 7, alpha], 64, 64, 0, 0, Blend::Dissolve)]))
    };
    let quarter = with(64);
    assert_eq!(quarter, with(64));
    assert!(quarter.iter().all(|pixel| *pixel == [9, 8, 7, 255] || *pixel == [0; 4]));
    let shown = quarter.iter().filter(|pixel| pixel[3] == 255).count();
    assert!((900..1150).contains(&shown), "{shown} of 4096");
    assert!(with(255).iter().all(|pixel| pixel[3] == 255));
    assert!(with(0).iter().all(|pixel| pixel[3] == 0));
}

#[test]
fn layers_may_lie_partly_or_wholly_outside_and_be_empty() {
    let empty = Layer::pixels("", 3, 3, Arc::new(Raster::empty(Depth::Sixteen)));
    let layers = vec![
        block(BELOW, 2, 2, -1, -1, Blend::Normal),
        block(ABOVE, 2, 2, i32::MIN, i32::MAX, Blend::Normal),
        block(ABOVE, 2, 2, 2, 1, Blend::Normal),
        empty,
        Layer::group("", vec![]),
    ];
    let found = pixels(&document(3, 2, layers));
    assert_eq!(found, [BELOW, [0; 4], [0; 4], [0; 4], [0; 4], ABOVE]);
    assert!(flatten(&document(0, 5, vec![])).samples().is_empty());
}

#[test]
fn bands_make_the_whole() {
    let layers = vec![
        block(BELOW, 700, 300, 0, 0, Blend::Normal),
        block(ABOVE, 300, 200, 100, 50, Blend::Dissolve),
        opacity(99, Layer::group("", vec![block(THIRD, 90, 290, 5, 5, Blend::Overlay)])),
    ];
    let document = document(700, 300, layers);
    let mut bands = Vec::new();
    for start in (0..330).step_by(33) {
        let Samples::Eight(band) = flatten_rows(&document, start..start + 33).into_samples() else {
            panic!("8 bits")
        };
        bands.extend(band);
    }
    assert_eq!(flatten(&document).into_samples(), Samples::Eight(bands));
}

#[test]
fn sixteen_bits_stay_and_depths_may_be_mixed() {
    let fine = Raster::new(2, 1, Samples::Sixteen(vec![1, 40_001, 65_534, 3, 5, 6, 7, 0])).unwrap();
    let layer = Layer::pixels("", 0, 0, Arc::new(fine));
    let mut document = document(2, 1, vec![layer, block(ABOVE, 1, 1, 1, 0, Blend::Normal)]);
    document.depth = Depth::Sixteen;
    let [red, green, blue, alpha] = ABOVE.map(|level| u16::from(level) * 257);
    let expected = vec![1, 40_001, 65_534, 3, red, green, blue, alpha];
    assert_eq!(flatten(&document).into_samples(), Samples::Sixteen(expected));
}

#[test]
fn colour_under_no_alpha_is_black() {
    check(vec![dot([200, 100, 50, 0], Blend::Normal)], [0; 4]);
    check(vec![opacity(0, dot([200, 100, 50, 255], Blend::Screen))], [0; 4]);
}

#[test]
fn hidden_groups_hide_their_children() {
    let group = Layer::group("", vec![dot(ABOVE, Blend::Normal)]);
    assert!(matches!(group.content, Content::Group(_)));
    check(vec![dot(BELOW, Blend::Normal), Layer { visible: false, ..group }], BELOW);
}
