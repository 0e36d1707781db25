//! Files of other programs, and of nobody's friends.

use std::io::{Cursor, Write};

use document::{Blend, Content, Depth, Document, Layer, Opened, Samples};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let method = if *name == "mimetype" {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).expect("an entry");
        archive.write_all(bytes).expect("its bytes");
    }
    archive.finish().expect("a zip").into_inner()
}

fn file(stack: &str, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let start: [(&str, &[u8]); 2] =
        [("mimetype", b"image/openraster"), ("stack.xml", stack.as_bytes())];
    archive(&[&start[..], entries].concat())
}

fn open(bytes: &[u8]) -> Opened {
    ora::read(Cursor::new(bytes)).expect("it opens")
}

fn png(color: png::ColorType, depth: png::BitDepth, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        encoder.set_trns(vec![255, 7]);
    }
    encoder.write_header().expect("a header").write_image_data(values).expect("its pixels");
    bytes
}

/// Two pixels.
fn small() -> Vec<u8> {
    png(png::ColorType::Rgba, png::BitDepth::Eight, &[1, 2, 3, 4, 5, 6, 7, 8])
}

fn samples(layer: &Layer) -> &Samples {
    match &layer.content {
        Content::Pixels(pixels) => pixels.raster.samples(),
        Content::Group(_) => panic!("a group has no pixels"),
    }
}

/// As Krita 5 writes it.
const KRITA: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<image version="0.0.1" w="20" h="10" xres="300" yres="300" name="Unnamed">
 <stack name="root" opacity="1" visibility="visible" composite-op="svg:src-over" isolation="isolate">
  <layer name="Ebene &amp; 1" opacity="0.501961" visibility="hidden" edit-locked="true" selected="true"
   composite-op="krita:vivid_light" x="-3" y="4" src="data/layer0.png"/>
  <stack name="Gruppe" opacity="1" visibility="visible" composite-op="svg:src-over" isolation="auto">
   <layer name="clipped" opacity="1" composite-op="svg:src-atop" src="data/layer0.png"/>
   <filter name="Blur" type="applications:krita:blur"/>
   <layer name="mystery" composite-op="krita:tangent_normalmap" src="data/layer1.png"/>
  </stack>
  <stack name="dark" opacity="1" composite-op="svg:multiply" isolation="isolate"/>
 </stack>
</image>"#;

#[test]
fn a_file_of_krita_opens() {
    let deep =
        png(png::ColorType::GrayscaleAlpha, png::BitDepth::Sixteen, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let opened = open(&file(KRITA, &[("data/layer0.png", &small()), ("data/layer1.png", &deep)]));
    let document = opened.document;
    assert_eq!((document.width, document.height, document.resolution), (20, 10, 300.0));
    assert_eq!(document.depth, Depth::Sixteen);
    let [dark, group, top] = &document.layers[..] else { panic!("{:?}", document.layers) };
    assert_eq!((&*top.name, top.opacity, top.visible), ("Ebene & 1", 128, false));
    assert_eq!(top.blend, Blend::VividLight);
    assert!(top.lock.pixels && top.lock.position);
    assert!(matches!(&top.content, Content::Pixels(pixels) if (pixels.x, pixels.y) == (-3, 4)));
    assert_eq!((dark.blend, dark.children().len()), (Blend::Multiply, 0));
    assert_eq!(group.blend, Blend::PassThrough);
    let [mystery, clipped] = group.children() else { panic!("{group:?}") };
    assert_eq!(
        *samples(mystery),
        Samples::Sixteen(vec![258, 258, 258, 772, 1286, 1286, 1286, 1800])
    );
    assert!(clipped.clipping);
    assert_eq!(opened.notes.len(), 3, "{:?}", opened.notes);
    let mut ids: Vec<u32> = document.layers.iter().map(|layer| layer.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(&0));
}

#[test]
fn a_file_of_mypaint_opens() {
    let stack = r#"<image h="64" w="64" version="0.0.5"><stack x="2" y="3" isolation="isolate">
        <layer composite-op="svg:src-over" initially-selected="true" name="" opacity="1.0" src="data/layer000.png" visibility="visible" x="5" y="6" />
        <layer composite-op="svg:src-over" mypaint:background-tile="data/background_tile.png" name="background" opacity="1.0" src="data/background.png" visibility="visible" x="0" y="0" />
    </stack></image>"#;
    let opened =
        open(&file(stack, &[("data/layer000.png", &small()), ("data/background.png", &small())]));
    assert_eq!(opened.notes, [""; 0]);
    let top = &opened.document.layers[1];
    assert_eq!(top.name, "layer000");
    assert_eq!(opened.document.resolution, 72.0);
}

#[test]
fn every_kind_of_png_opens() {
    use png::{BitDepth, ColorType};
    let stack = r#"<image w="2" h="1"><stack><layer src="a.png"/></stack></image>"#;
    for (color, depth, values, expected) in [
        (
            ColorType::Grayscale,
            BitDepth::One,
            vec![0b0100_0000],
            vec![0, 0, 0, 255, 255, 255, 255, 255],
        ),
        (
            ColorType::Grayscale,
            BitDepth::Four,
            vec![0x1f],
            vec![17, 17, 17, 255, 255, 255, 255, 255],
        ),
        (ColorType::Indexed, BitDepth::Two, vec![0b0001_0000], vec![1, 2, 3, 255, 4, 5, 6, 7]),
        (ColorType::Rgb, BitDepth::Eight, vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3, 255, 4, 5, 6, 255]),
        (
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            vec![1, 2, 3, 4],
            vec![1, 1, 1, 2, 3, 3, 3, 4],
        ),
    ] {
        let opened = open(&file(stack, &[("a.png", &png(color, depth, &values))]));
        assert_eq!(*samples(&opened.document.layers[0]), Samples::Eight(expected), "{color:?}");
    }
    let deep = png(ColorType::Rgb, BitDepth::Sixteen, &[0, 1, 0, 2, 0, 3, 1, 0, 2, 0, 3, 0]);
    let opened = open(&file(stack, &[("a.png", &deep)]));
    let expected = vec![1, 2, 3, 65535, 256, 512, 768, 65535];
    assert_eq!(*samples(&opened.document.layers[0]), Samples::Sixteen(expected));
}

#[test]
fn layers_that_cannot_be_shown_are_kept_empty_with_a_note() {
    let stack = r#"<image w="2" h="1"><stack><layer name="good" src="a.png"/>
        <layer name="drawing" src="b.svg"/><layer name="gone" src="c.png"/><layer name="bad" src="d.png"/>
        <layer name="none"/><text name="words">hello</text></stack></image>"#;
    let mut cut = small();
    cut.truncate(44);
    let opened = open(&file(stack, &[("a.png", &small()), ("b.svg", b"<svg/>"), ("d.png", &cut)]));
    assert_eq!(opened.document.layers.len(), 5);
    let notes = opened.notes.join("\n");
    for name in ["drawing", "gone", "bad", "none", "text"] {
        assert!(notes.contains(&format!("`{name}`")), "{name}: {notes}");
    }
    assert!(!notes.contains("good"), "{notes}");
}

#[test]
fn where_another_program_changed_the_tree_the_tree_holds() {
    let mut document = Document::new(20, 20);
    let raster = std::sync::Arc::new(
        document::Raster::from_rgba8(1, 1, vec![1, 2, 3, 4]).expect("one pixel"),
    );
    for (id, name) in [(1, "bottom"), (2, "middle"), (3, "top")] {
        let mut layer = Layer::pixels(name, 5, 5, raster.clone());
        layer.id = id;
        layer.fill = 10 * id as u8;
        layer.clipping = true;
        layer.blend = Blend::HardMix;
        layer.lock.transparency = true;
        layer.mask = Some(document::Mask {
            x: 1,
            y: 1,
            plane: std::sync::Arc::new(
                document::Plane::new(1, 1, Samples::Eight(vec![9])).expect("one value"),
            ),
            outside: 0,
            enabled: true,
            linked: true,
        });
        document.layers.push(layer);
    }
    let mut sink = Cursor::new(Vec::new());
    ora::write(&document, &mut sink).expect("it is written");

    // The bottom layer is gone, the top one renamed, moved, and of another mode, twice.
    let changed = r#"<image w="20" h="20" xmlns:asset-editor="urn:veetance:asset-editor"><stack>
        <layer name="new" opacity="0.5" composite-op="svg:screen" asset-editor:id="3" x="7" y="4" src="data/layer-003.png" edit-locked="true"/>
        <layer name="twin" composite-op="krita:hard_mix_photoshop" asset-editor:id="3" x="5" y="5" src="data/layer-003.png"/>
        <layer name="middle" composite-op="krita:hard_mix_photoshop" asset-editor:id="2" x="5" y="5" src="data/layer-002.png"/>
        </stack></image>"#;
    let mut source = zip::ZipArchive::new(sink).expect("a zip");
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..source.len() {
        let entry = source.by_index_raw(index).expect("an entry");
        if entry.name().expect("a name") == "stack.xml" {
            copy.start_file("stack.xml", SimpleFileOptions::default()).expect("an entry");
            copy.write_all(changed.as_bytes()).expect("its bytes");
        } else {
            copy.raw_copy_file(entry).expect("the entry is copied");
        }
    }
    let opened = open(&copy.finish().expect("a zip").into_inner());
    assert_eq!(opened.notes, [""; 0]);
    let [middle, twin, new] = &opened.document.layers[..] else { panic!("{:?}", opened.document) };
    assert_eq!(*middle, document.layers[1]);
    assert_eq!((&*new.name, new.opacity, new.blend, new.fill), ("new", 128, Blend::Screen, 30));
    assert!(new.lock.pixels && !new.lock.transparency && !new.clipping);
    let mask = new.mask.as_ref().expect("the mask is kept");
    assert_eq!((mask.x, mask.y), (3, 0), "the mask moves with its layer");
    assert_eq!((twin.blend, twin.fill), (Blend::HardMix, 30));
    let ids: std::collections::BTreeSet<u32> =
        opened.document.walk().map(|layer| layer.id).collect();
    assert_eq!(ids.len(), 3, "every layer has an id of its own");
}

#[test]
fn traps_are_refused_and_cost_nothing() {
    let one = r#"<image w="2" h="1"><stack><layer src="a.png"/></stack></image>"#;
    // Many spaces that claim to be a tree.
    let bomb = archive(&[("mimetype", b"image/openraster"), ("stack.xml", &vec![b' '; 33 << 20])]);
    assert!(ora::read(Cursor::new(bomb)).is_err());
    // A small PNG that claims to be 60 000 × 60 000.
    let mut huge = small();
    huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let error = ora::read(Cursor::new(file(one, &[("a.png", &huge)]))).map(|opened| opened.notes);
    assert!(!error.is_ok_and(|notes| notes.is_empty()), "it was believed");
    // A long tail after a PNG.
    let mut long = small();
    long.resize(20 << 20, 0);
    assert!(ora::read(Cursor::new(file(one, &[("a.png", &long)]))).is_err());
}

#[test]
fn what_is_no_openraster_is_refused_in_one_line() {
    let real = file(KRITA, &[]);
    for bytes in [
        &b""[..],
        b"PK\x03\x04",
        b"hello",
        &real[..real.len() / 2],
        &archive(&[("mimetype", b"application/x-krita")]),
        &file("this is no XML", &[]),
        &file("<image w='1' h='1'><stack>", &[]),
    ] {
        let error = ora::read(Cursor::new(bytes)).expect_err("it is none").to_string();
        assert!(!error.contains('\n') && error.len() < 200, "{error}");
    }
    assert!(!ora::is_ora(b"PK\x03\x04"));
    assert!(!ora::is_ora(&archive(&[("mimetype", b"application/x-krita")])));
    assert!(ora::is_ora(&archive(&[("stack.xml", b"")])), "some writers leave the mimetype out");
}

#[test]
fn damaged_settings_cost_only_the_settings() {
    let bytes =
        file(KRITA, &[("data/layer0.png", &small()), ("asset-editor.json", b"{\"version\":1,")]);
    let opened = open(&bytes);
    assert_eq!(opened.document.layers.len(), 3);
    assert!(opened.notes.iter().any(|note| note.contains("settings")), "{:?}", opened.notes);
}
