//! What is written comes back whole.

use std::{
    io::{Cursor, Read},
    sync::Arc,
};

use document::{
    Blend, Content, Depth, Document, Extra, Layer, Lock, Mask, Plane, Raster, Recipe, Samples,
};

/// Pixels that differ everywhere, also where they are transparent.
fn raster(width: u32, height: u32, depth: Depth) -> Arc<Raster> {
    let count = width * height * 4;
    let value = |index: u32| index.wrapping_mul(2_654_435_761) >> 13;
    let samples = match depth {
        Depth::Eight => Samples::Eight((0..count).map(|index| value(index) as u8).collect()),
        Depth::Sixteen => Samples::Sixteen((0..count).map(|index| value(index) as u16).collect()),
    };
    Arc::new(Raster::new(width, height, samples).expect("the size fits"))
}

fn mask(width: u32, height: u32, depth: Depth) -> Mask {
    let samples = match depth {
        Depth::Eight => Samples::Eight((0..width * height).map(|index| index as u8).collect()),
        Depth::Sixteen => {
            Samples::Sixteen((0..width * height).map(|index| index as u16 * 999).collect())
        }
    };
    let plane = Arc::new(Plane::new(width, height, samples).expect("the size fits"));
    Mask { x: -2, y: 3, plane, outside: 255, enabled: false, linked: true }
}

fn extra(key: &str, bytes: &[u8]) -> Extra {
    Extra { key: key.into(), bytes: bytes.into() }
}

/// Everything that a document can hold.
fn rich(depth: Depth) -> Document {
    let mut document = Document::new(40, 30);
    document.depth = depth;
    document.resolution = 299.999_4;
    document.icc = Some((0..2000_u32).map(|index| index as u8).collect());
    document.extra = vec![extra("psd:resource:1028", b"iptc"), extra("psd:resource:2", b"")];
    for (index, blend) in Blend::ALL.into_iter().enumerate() {
        let index = index as i32;
        let mut layer =
            Layer::pixels(format!("{blend:?}"), index - 9, 7 - index, raster(9, 5, depth));
        layer.id = 100 + index as u32;
        layer.blend = blend;
        layer.opacity = (index * 9) as u8;
        layer.fill = 255 - layer.opacity;
        layer.visible = index % 3 != 0;
        layer.clipping = index % 2 == 1;
        layer.lock =
            Lock { transparency: index % 2 == 0, pixels: index % 3 == 0, position: index % 5 == 0 };
        document.layers.push(layer);
    }
    let mut masked = Layer::pixels(
        "a\nb\u{1}<&\"'> 狐 / \\ \u{202e}",
        i32::MIN,
        i32::MAX,
        raster(3, 4, Depth::Sixteen),
    );
    masked.id = 7;
    masked.mask = Some(mask(5, 6, depth));
    masked.extra = vec![extra("psd:layer:lfx2", &[0; 300])];
    masked.recipe = Some(Recipe {
        task: "decompose".into(),
        model: "starter".into(),
        prompt: "a \"fox\" 狐".into(),
        seed: u64::MAX,
        steps: 4,
        guidance: 1.5,
        part: Some((1, 4)),
        parent: Some(100),
        step_cache: Some(0.1),
        ..Recipe::default()
    });
    let mut empty = Layer::pixels("", 4, 5, Arc::new(Raster::empty(Depth::Sixteen)));
    empty.id = 8;
    empty.mask = Some(Mask {
        plane: Arc::new(Plane::new(0, 4, Samples::Eight(vec![])).expect("the size fits")),
        ..mask(1, 1, depth)
    });
    let mut clear = Layer::pixels(
        "one",
        0,
        0,
        Arc::new(Raster::from_rgba8(1, 1, vec![9, 8, 7, 0]).expect("the size fits")),
    );
    clear.id = 9;
    let mut inner = Layer::group("inner", vec![masked, empty]);
    inner.id = 10;
    inner.blend = Blend::Multiply;
    inner.mask = Some(mask(2, 2, Depth::Sixteen));
    let mut outer = Layer::group(
        "外",
        vec![inner, clear, {
            let mut group = Layer::group("no children", vec![]);
            group.id = 11;
            group.blend = Blend::Normal;
            group.clipping = true;
            group
        }],
    );
    outer.id = 12;
    outer.opacity = 100;
    if let Content::Group(group) = &mut outer.content {
        group.expanded = false;
    }
    document.layers.push(outer);
    document
}

fn written(document: &Document) -> Vec<u8> {
    let mut sink = Cursor::new(Vec::new());
    ora::write(document, &mut sink).expect("it is written");
    sink.into_inner()
}

fn read(bytes: &[u8]) -> document::Opened {
    ora::read(Cursor::new(bytes)).expect("it opens")
}

#[test]
fn nothing_is_lost() {
    for depth in [Depth::Eight, Depth::Sixteen] {
        let document = rich(depth);
        let bytes = written(&document);
        assert!(ora::is_ora(&bytes));
        let opened = read(&bytes);
        assert_eq!(opened.notes, [""; 0]);
        for (read, given) in opened.document.walk().zip(document.walk()) {
            assert_eq!(read, given);
        }
        assert_eq!(opened.document, document);
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    assert!(written(&rich(Depth::Eight)) == written(&rich(Depth::Eight)));
}

#[test]
fn the_mimetype_comes_first_and_as_it_is() {
    let bytes = written(&rich(Depth::Eight));
    assert_eq!(&bytes[30..54], b"mimetypeimage/openraster");
    assert_eq!(bytes[8..10], [0, 0], "it is packed");
}

#[test]
fn other_programs_find_a_picture_and_a_thumbnail() {
    let mut document = Document::new(600, 300);
    let pixels = [10, 20, 30, 255].repeat(600 * 300);
    let raster = Arc::new(Raster::from_rgba8(600, 300, pixels).expect("the size fits"));
    document.layers.push(Layer::pixels("all", 0, 0, raster.clone()));
    let mut archive = zip::ZipArchive::new(Cursor::new(written(&document))).expect("a zip");
    let mut picture = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).expect("it is there").read_to_end(&mut bytes).expect("it unpacks");
        let limits = ora::pixels::Limits { side: 1000, bytes: 1 << 20 };
        ora::pixels::decode(&bytes, limits).expect("a PNG").raster
    };
    assert_eq!(picture("mergedimage.png"), *raster);
    let thumbnail = picture("Thumbnails/thumbnail.png");
    assert_eq!((thumbnail.width(), thumbnail.height()), (256, 128));
    assert_eq!(*thumbnail.samples(), Samples::Eight([10, 20, 30, 255].repeat(256 * 128)));
}

#[test]
fn layers_without_an_id_get_one_of_their_own() {
    let mut document = Document::new(4, 4);
    for id in [0, 3, 0, 3] {
        let mut layer = Layer::pixels("layer", 0, 0, raster(2, 2, Depth::Eight));
        layer.id = id;
        document.layers.push(layer);
    }
    let opened = read(&written(&document));
    let ids: Vec<u32> = opened.document.walk().map(|layer| layer.id).collect();
    assert_eq!(ids, [4, 3, 5, 6]);
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let deep =
        (0..150).fold(Layer::group("bottom", vec![]), |inner, _| Layer::group("", vec![inner]));
    let mut document = Document::new(4, 4);
    document.layers.push(deep);
    for document in
        [document, Document::new(0, 4), Document::new(400_000, 1), Document::new(100_000, 100_000)]
    {
        let result = ora::write(&document, Cursor::new(Vec::new()));
        assert!(result.is_err(), "{} × {}", document.width, document.height);
    }
}

/// A disk that takes so many bytes.
struct Small {
    bytes: Cursor<Vec<u8>>,
    room: usize,
}

impl std::io::Write for Small {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.position() as usize + bytes.len() > self.room {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Small {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_fills() {
    let document = rich(Depth::Eight);
    let length = written(&document).len();
    for room in (0..length).step_by(97) {
        let result = ora::write(&document, Small { bytes: Cursor::new(vec![]), room });
        let full = |error: &ora::Error| matches!(error, ora::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull);
        assert!(result.as_ref().is_err_and(full), "{room} of {length}: {result:?}");
    }
}

#[test]
fn deep_pixels_say_that_they_are_srgb_and_stay_without_a_profile() {
    let mut document = Document::new(4, 4);
    document.layers.push(Layer::pixels("deep", 0, 0, raster(4, 4, Depth::Sixteen)));
    let mut bytes = Vec::new();
    let Content::Pixels(pixels) = &document.layers[0].content else { panic!("it has pixels") };
    ora::pixels::encode(&mut bytes, &pixels.raster, None).expect("it is written");
    assert!(bytes.windows(4).any(|part| part == b"iCCP"));
    assert_eq!(read(&written(&document)).document.icc, None);
    let limits = ora::pixels::Limits { side: 9, bytes: 999 };
    assert_eq!(ora::pixels::decode(&bytes, limits).expect("a PNG").icc, None);
}
