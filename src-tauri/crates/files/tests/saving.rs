//! What is saved is there whole or not at all, and opens again.

use std::{
    fs,
    io::{Cursor, Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use document::{Content, Depth, Document, Layer, Raster, Samples};
use files::Format;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn raster(width: u32, height: u32, rgba: [u8; 4]) -> Arc<Raster> {
    let samples = rgba.repeat((width * height) as usize);
    Arc::new(Raster::from_rgba8(width, height, samples).expect("the size fits"))
}

/// One layer that fills the canvas.
fn plain(rgba: [u8; 4]) -> Document {
    let mut document = Document::new(6, 4);
    document.layers.push(Layer::pixels("plain", 0, 0, raster(6, 4, rgba)));
    document.layers[0].id = 1;
    document
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder can be read")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn samples(document: &Document) -> &Samples {
    match &document.layers[0].content {
        Content::Pixels(pixels) => pixels.raster.samples(),
        Content::Group(_) => panic!("a group has no pixels"),
    }
}

#[test]
fn every_format_but_the_zip_opens_again() {
    let folder = folder();
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Zip) {
        let path = folder.path().join("fox 狐").with_extension(format.extensions()[0]);
        let notes = files::save(&plain([10, 200, 30, 255]), &path, format).expect("it is saved");
        assert_eq!(notes, [""; 0], "{format:?}");
        assert_eq!(files::detect(&fs::read(&path).expect("the file")), Some(format));
        // What a file is follows from its bytes.
        let other = folder.path().join("renamed.txt");
        fs::copy(&path, &other).expect("a copy");
        let opened = files::open(&other).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!(opened.notes, [""; 0], "{format:?}");
        assert_eq!((opened.document.width, opened.document.height), (6, 4));
        let Samples::Eight(read) = samples(&opened.document) else { panic!("{format:?}") };
        for (read, given) in read.iter().zip([10, 200, 30, 255].repeat(24)) {
            let tolerance = if format == Format::Jpeg { 4 } else { 0 };
            assert!(read.abs_diff(given) <= tolerance, "{format:?}: {read} for {given}");
        }
        if matches!(format, Format::Png | Format::Jpeg | Format::WebP) {
            assert_eq!(opened.document.layers[0].name, "renamed");
        }
    }
}

#[test]
fn a_png_keeps_sixteen_bits_transparency_profile_and_resolution() {
    let folder = folder();
    let path = folder.path().join("deep.png");
    let values: Vec<u16> = (0..24).map(|index| index * 2731 + 1).collect();
    let mut document = Document::new(3, 2);
    document.depth = Depth::Sixteen;
    document.resolution = 300.0;
    let mut icc = vec![0; 200];
    icc[16..20].copy_from_slice(b"RGB ");
    document.icc = Some(icc.into());
    let raster = Raster::new(3, 2, Samples::Sixteen(values)).expect("the size fits");
    document.layers.push(Layer::pixels("deep", 0, 0, Arc::new(raster)));
    files::save(&document, &path, Format::Png).expect("it is saved");
    let opened = files::open(&path).expect("it opens").document;
    assert_eq!((opened.depth, opened.resolution), (Depth::Sixteen, 300.0));
    assert_eq!(opened.icc, document.icc);
    assert_eq!(samples(&opened), &samples_of_flat(&document));
}

fn samples_of_flat(document: &Document) -> Samples {
    document::flatten(document).into_samples()
}

#[test]
fn what_a_flat_format_cannot_hold_is_said() {
    let folder = folder();
    let mut document = plain([0, 0, 0, 128]);
    document.depth = Depth::Sixteen;
    document.layers.push(Layer::pixels("second", 1, 1, raster(2, 2, [1, 2, 3, 4])));
    let notes = |format: Format| {
        let path = folder.path().join("a").with_extension(format.extensions()[0]);
        files::save(&document, &path, format).expect("it is saved")
    };
    assert_eq!(notes(Format::Png), ["PNG holds one flat picture: 2 layers became one"]);
    assert_eq!(notes(Format::WebP).len(), 2);
    let jpeg = notes(Format::Jpeg);
    assert!(jpeg.iter().any(|note| note.contains("white")), "{jpeg:?}");
    assert!(jpeg.iter().any(|note| note.contains("8 bits")), "{jpeg:?}");
    assert_eq!(notes(Format::Ora), [""; 0]);
    let mut wide = Document::new(70_000, 1);
    wide.layers.push(Layer::pixels("wide", 0, 0, raster(1, 1, [1; 4])));
    let error =
        files::save(&wide, &folder.path().join("a.jpg"), Format::Jpeg).expect_err("too wide");
    assert!(error.to_string().contains("65535"), "{error}");
}

#[test]
fn layers_become_pngs_with_a_list() {
    let folder = folder();
    let path = folder.path().join("layers.zip");
    let mut document = Document::new(20, 20);
    let mut spot = vec![0; 10 * 10 * 4];
    spot[(3 * 10 + 4) * 4..][..8].copy_from_slice(&[1, 2, 3, 255, 4, 5, 6, 255]);
    let spot = Arc::new(Raster::from_rgba8(10, 10, spot).expect("the size fits"));
    let same = |name: &str| Layer::pixels(name, -2, 5, spot.clone());
    let empty = Layer::pixels("empty", 0, 0, raster(3, 3, [9, 9, 9, 0]));
    document.layers = vec![
        same("a/b"),
        Layer::group("群", vec![same("A_B"), same("狐"), empty]),
        same("nul"),
        same("layers.json"),
    ];
    document.layers[2].opacity = 51;
    files::save(&document, &path, Format::Zip).expect("it is saved");

    let mut archive =
        zip::ZipArchive::new(fs::File::open(&path).expect("the file")).expect("a zip");
    let mut bytes = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).expect("it is there").read_to_end(&mut bytes).expect("it unpacks");
        bytes
    };
    let list: serde_json::Value = serde_json::from_slice(&bytes("layers.json")).expect("JSON");
    assert_eq!(list["layers"][0]["file"], "a_b.png");
    assert_eq!(list["layers"][1]["kind"], "group");
    assert_eq!(list["layers"][1]["children"][0]["file"], "A_B (2).png");
    assert_eq!(list["layers"][1]["children"][1]["file"], "狐.png");
    assert_eq!(list["layers"][1]["children"][2]["file"], serde_json::Value::Null);
    assert_eq!(list["layers"][2]["file"], "_nul.png");
    assert_eq!(list["layers"][2]["opacity"], 0.2);
    assert_eq!(list["layers"][0]["x"], 2);
    assert_eq!(list["layers"][0]["y"], 8);
    assert_eq!(list["layers"][0]["width"], 2);
    let picture = image::load_from_memory(&bytes("狐.png")).expect("a PNG").into_rgba8();
    assert_eq!(picture.dimensions(), (2, 1));
    assert_eq!(picture.into_raw(), [1, 2, 3, 255, 4, 5, 6, 255]);
}

#[test]
fn a_photograph_stands_upright() {
    // A JPEG of 6 × 4 with an EXIF block that says: turn it to the right.
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg)
        .encode(&[128; 72], 6, 4, image::ExtendedColorType::Rgb8)
        .expect("a JPEG");
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let folder = folder();
    let path = folder.path().join("photo.jpg");
    fs::write(&path, jpeg).expect("a file");
    let document = files::open(&path).expect("it opens").document;
    assert_eq!((document.width, document.height), (4, 6));
}

#[test]
fn what_is_no_document_is_refused_with_its_name() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.psd"), "").expect("a file");
    fs::write(path("text.png"), "this is text").expect("a file");
    fs::write(path("other.gif"), b"GIF89a\x01\0\x01\0\x80\0\0").expect("a file");
    fs::write(path("head.psd"), b"8BPS\0\x01\0\0\0\0\0\0").expect("a file");
    fs::write(path("head.png"), b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR").expect("a file");
    fs::write(path("head.jpg"), b"\xff\xd8\xff\xe0").expect("a file");
    fs::write(path("head.webp"), b"RIFF\x10\0\0\0WEBPVP8L").expect("a file");
    fs::write(path("zip.ora"), b"PK\x03\x04").expect("a file");
    fs::create_dir(path("folder.ora")).expect("a folder");
    let status = std::process::Command::new("mkfifo").arg(path("pipe.png")).status();
    assert!(status.expect("mkfifo runs").success());
    symlink("/dev/zero", path("device.png")).expect("a link");
    let mut all = names(folder.path());
    all.push("missing.png".into());
    for name in all {
        let error = files::open(&path(&name)).expect_err(&name).to_string();
        assert!(error.starts_with("cannot read `") && error.contains(&name), "{error}");
        assert!(!error.contains('\n') && error.len() < 300, "{error}");
    }
}

#[test]
fn a_new_file_is_readable_and_an_old_one_keeps_its_permissions() {
    let folder = folder();
    let path = folder.path().join("a.ora");
    let mode = || fs::metadata(&path).expect("the file").permissions().mode() & 0o777;
    files::save(&plain([1; 4]), &path, Format::Ora).expect("it is saved");
    assert_eq!(mode(), 0o644);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("they are set");
    files::save(&plain([2; 4]), &path, Format::Ora).expect("it is saved");
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("they are set");
    let error = files::save(&plain([3; 4]), &path, Format::Ora).expect_err("it is protected");
    assert!(error.to_string().contains("write-protected"), "{error}");
    assert_eq!(names(folder.path()), ["a.ora"]);
}

#[test]
fn a_link_stays_one() {
    let folder = folder();
    let [link, target] = ["link.png", "real.png"].map(|name| folder.path().join(name));
    symlink("real.png", &link).expect("a link");
    for _ in 0..2 {
        files::save(&plain([1, 2, 3, 255]), &link, Format::Png).expect("it is saved");
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert!(fs::symlink_metadata(&target).expect("the file").is_file());
    }
    let circle = folder.path().join("circle.png");
    symlink("circle.png", &circle).expect("a link");
    let error = files::save(&plain([1; 4]), &circle, Format::Png).expect_err("it leads nowhere");
    assert!(error.to_string().contains("circle"), "{error}");
}

#[test]
fn a_save_that_fails_leaves_the_file_and_nothing_else() {
    let folder = folder();
    let path = folder.path().join("a.png");
    fs::write(&path, "before").expect("a file");
    let error = files::atomic::write(&path, |file| {
        file.write_all(b"half of a")?;
        Err::<(), _>(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
    })
    .expect_err("the disk is full");
    assert!(error.to_string().ends_with("the disk is full"), "{error}");
    assert!(error.to_string().contains("a.png"), "{error}");
    assert_eq!(fs::read(&path).expect("the file"), b"before");
    assert_eq!(names(folder.path()), ["a.png"]);
    for (name, words) in [
        ("", "cannot write"),
        ("no/where.png", "folder does not exist"),
        (".", "folder"),
        ("a.png/b.png", "cannot write"),
    ] {
        let path = folder.path().join(name);
        let error = files::save(&plain([1; 4]), &path, Format::Png).expect_err("no place");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_a_killed_program_left_goes_and_what_another_writes_stays() {
    let folder = folder();
    let make = |name: &str, seconds: u64| {
        let file = fs::File::create(folder.path().join(name)).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("its time");
        file
    };
    drop(make(".asset-editor-killed", 3600));
    drop(make(".asset-editor-new", 1));
    drop(make("notes.txt", 999_999));
    let busy = make(".asset-editor-busy", 3600);
    busy.lock().expect("it is locked");
    files::save(&plain([1; 4]), &folder.path().join("a.png"), Format::Png).expect("it is saved");
    assert_eq!(
        names(folder.path()),
        [".asset-editor-busy", ".asset-editor-new", "a.png", "notes.txt"]
    );
}

#[test]
fn large_claims_cost_nothing() {
    let folder = folder();
    let path = folder.path().join("claim.png");
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(Cursor::new(&mut png));
    for (width, height) in [(40_000_u32, 10_u32), (29_999, 29_999), (0, 5)] {
        let mut chunk = b"IHDR".to_vec();
        chunk.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        chunk.extend([16, 6, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        let mut crc = u32::MAX;
        for byte in &chunk {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        file.extend(chunk);
        file.extend((!crc).to_be_bytes());
        file.extend(b"\0\0\0\x0aIDAT\x78\x9c\x63\x00\x00\x00\x02\x00\x01\0\0\0\0");
        fs::write(&path, file).expect("a file");
        let error = files::open(&path).expect_err("it is a lie").to_string();
        assert!(error.contains("claim.png"), "{error}");
    }
}
