//! Files of kinds that the writer does not make.

mod builder;

use builder::{File, Layer, block, raw, zipped};
use document::{Content, Depth, Document, Raster, Samples};

fn flat(mode: u16, bits: u16, channels: u16, width: u32, height: u32, merged: &[u8]) -> File {
    File { mode, bits, channels, width, height, merged: merged.to_vec(), ..File::default() }
}

fn raster(document: &Document, index: usize) -> &Raster {
    match &document.layers[index].content {
        Content::Pixels(pixels) => &pixels.raster,
        Content::Group(_) => panic!("a group instead of pixels"),
    }
}

fn check(file: &File, wanted: &[u8]) -> Vec<String> {
    let opened = psd::read(&file.bytes()).expect("the file is sound");
    assert_eq!(*raster(&opened.document, 0).samples(), Samples::Eight(wanted.to_vec()));
    opened.notes
}

#[test]
fn a_flat_picture_is_one_layer() {
    let file = flat(3, 8, 3, 2, 1, &raw(&[1, 2, 3, 4, 5, 6]));
    assert!(check(&file, &[1, 3, 5, 255, 2, 4, 6, 255]).is_empty());
    assert_eq!(psd::read(&file.bytes()).unwrap().document.layers[0].name, "Background");
}

#[test]
fn a_saved_selection_is_not_transparency() {
    let mut file = flat(3, 8, 4, 1, 1, &raw(&[1, 2, 3, 77]));
    assert_eq!(check(&file, &[1, 2, 3, 255]).len(), 1);
    file.resources = vec![(1006, b"\x0cTransparency".to_vec())];
    // Half of it over white.
    file.merged = raw(&[255, 191, 127, 128]);
    assert!(check(&file, &[255, 128, 0, 128]).is_empty());
}

#[test]
fn gray_bitmap_and_indexed_pictures_become_rgb() {
    assert_eq!(check(&flat(1, 8, 1, 1, 1, &raw(&[9])), &[9, 9, 9, 255]).len(), 1);
    let bitmap = flat(0, 1, 1, 2, 1, &raw(&[0b1000_0000]));
    check(&bitmap, &[0, 0, 0, 255, 255, 255, 255, 255]);
    let mut indexed = flat(2, 8, 1, 2, 1, &raw(&[3, 0]));
    indexed.table = (0..768).map(|index| (index % 256) as u8).collect();
    indexed.resources = vec![(1047, vec![0, 0])];
    check(&indexed, &[3, 3, 3, 255, 0, 0, 0, 0]);
}

#[test]
fn cmyk_is_converted_plainly() {
    let file = flat(4, 8, 4, 1, 1, &raw(&[255, 128, 0, 128]));
    assert!(check(&file, &[128, 64, 0, 255])[0].contains("CMYK"));
}

#[test]
fn lab_and_separate_channels_are_refused() {
    for mode in [7, 9] {
        let refused = psd::read(&flat(mode, 8, 3, 1, 1, &raw(&[0; 3])).bytes());
        assert!(matches!(refused, Err(psd::Error::Unsupported(_))));
    }
}

#[test]
fn floats_become_sixteen_bits() {
    let values = [0.0_f32, 0.5, 7.0].map(f32::to_be_bytes).concat();
    let opened = psd::read(&flat(3, 32, 3, 1, 1, &raw(&values)).bytes()).unwrap();
    assert_eq!(opened.document.depth, Depth::Sixteen);
    let wanted = Samples::Sixteen(vec![0, 48_192, 65_535, 65_535]);
    assert_eq!(*raster(&opened.document, 0).samples(), wanted);
    assert_eq!(opened.notes.len(), 1);
}

/// A file of 2 x 2 with one layer of that size.
fn layered(bits: u16, channels: Vec<(i16, Vec<u8>)>) -> File {
    let layer = Layer { rect: [0, 0, 2, 2], channels, name: b"\x80", ..Layer::default() };
    let mut file = flat(3, bits, 3, 2, 2, &[]);
    file.layers = vec![layer];
    file
}

#[test]
fn layers_without_alpha_are_opaque_and_old_names_are_mac_roman() {
    let channels = vec![(0, raw(&[1; 4])), (1, zipped(2, &[2; 4])), (2, zipped(3, &[3, 0, 3, 0]))];
    let file = layered(8, channels);
    assert!(check(&file, &[1, 2, 3, 255].repeat(4)).is_empty());
    assert_eq!(psd::read(&file.bytes()).unwrap().document.layers[0].name, "Ä");
}

#[test]
fn differences_of_sixteen_bits_are_added_up() {
    let plane = zipped(3, &[0x12, 0x34, 0, 1, 0xff, 0xff, 0, 2]);
    let file = layered(16, vec![(0, plane.clone()), (1, plane.clone()), (2, plane)]);
    let opened = psd::read(&file.bytes()).unwrap();
    let level = |level: u16| [level, level, level, 65_535];
    let wanted = [level(0x1234), level(0x1235), level(0xffff), level(1)].concat();
    assert_eq!(*raster(&opened.document, 0).samples(), Samples::Sixteen(wanted));
}

#[test]
fn differences_of_floats_are_added_up_and_put_together() {
    let ones = 1.0_f32.to_be_bytes();
    let row: Vec<u8> = ones.iter().flat_map(|byte| [*byte; 2]).collect();
    let differences = |row: &[u8]| {
        let before = [0].iter().chain(row);
        row.iter().zip(before).map(|(byte, before)| byte.wrapping_sub(*before)).collect::<Vec<_>>()
    };
    let plane = zipped(3, &differences(&row).repeat(2));
    let file = layered(32, vec![(0, plane.clone()), (1, plane.clone()), (2, plane)]);
    let opened = psd::read(&file.bytes()).unwrap();
    assert_eq!(*raster(&opened.document, 0).samples(), Samples::Sixteen(vec![65_535; 16]));
}

#[test]
fn a_damaged_channel_costs_one_layer() {
    let sound = vec![(0, raw(&[1; 4])), (1, raw(&[2; 4])), (2, raw(&[3; 4]))];
    let mut file = layered(8, sound.clone());
    let mut broken = file.layers[0].clone();
    broken.channels[1].1 = raw(&[2; 3]);
    file.layers.push(broken);
    let opened = psd::read(&file.bytes()).unwrap();
    assert_eq!(opened.notes, ["1 layer is damaged and was opened empty."]);
    assert_eq!(raster(&opened.document, 0).width(), 2);
    assert_eq!(raster(&opened.document, 1).width(), 0);
}

#[test]
fn what_is_kept_without_being_shown_is_said_and_kept() {
    let mut file = layered(8, vec![(0, raw(&[1; 4])), (1, raw(&[2; 4])), (2, raw(&[3; 4]))]);
    file.layers[0].blocks = [block(b"TySh", b"text"), block(b"lfx2", b"glow")].concat();
    let mut curves = Layer { name: b"Curves", ..Layer::default() };
    curves.blocks = block(b"curv", b"bent");
    file.layers.extend([curves.clone(), curves]);
    let opened = psd::read(&file.bytes()).unwrap();
    let wanted = [
        "1 text layer was opened as pixels.",
        "2 adjustment layers have no effect here.",
        "1 layer has effects that are kept but not shown here.",
    ];
    assert_eq!(opened.notes, wanted);
    let keys: Vec<&str> =
        opened.document.layers[0].extra.iter().map(|extra| extra.key.as_str()).collect();
    assert_eq!(keys, ["psd:layer:TySh", "psd:layer:lfx2"]);
}

#[test]
fn groups_may_lie_deep_and_lack_their_ends() {
    let part = |kind: u8| {
        let blocks = block(b"lsct", &[0, 0, 0, kind]);
        Layer { blocks, name: b"part", ..Layer::default() }
    };
    let mut file = layered(8, vec![(0, raw(&[1; 4])), (1, raw(&[2; 4])), (2, raw(&[3; 4]))]);
    let inside = file.layers.clone();
    file.layers = [vec![part(3); 5000], inside.clone(), vec![part(1); 5000]].concat();
    let opened = psd::read(&file.bytes()).unwrap();
    assert_eq!(opened.document.walk().count(), 65);
    file.layers = [vec![part(3)], inside.clone()].concat();
    assert_eq!(psd::read(&file.bytes()).unwrap().document.layers[0].name, "Ä");
    file.layers = [inside, vec![part(1)]].concat();
    let opened = psd::read(&file.bytes()).unwrap();
    assert_eq!(opened.document.layers.len(), 2);
    assert!(opened.document.layers[1].children().is_empty());
}
