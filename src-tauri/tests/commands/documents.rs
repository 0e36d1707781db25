//! Documents: opened, changed by the page, saved, drawn.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use document::{Blend, Content, Depth, Document, Extra, Layer, Mask, Plane, Raster, Samples};
use files::Format;
use serde_json::{Value, json};
use tauri_plugin_fs::FsExt;

use crate::{
    code,
    page::{Page, png},
};

#[test]
fn a_psd_that_is_opened_and_saved_keeps_every_layer_and_all_that_the_page_does_not_see() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(&page, folder.path(), "hero.psd", Format::Psd, &rich(Extras::Psd));
    let before = files::open(&path).expect("a PSD").document;
    assert_eq!(before.extra.len(), 1, "the PSD keeps what it does not know");
    let reply = page.open_document(&path).expect("opened");
    assert_eq!((&reply["name"], &reply["path"]), (&json!("hero.psd"), &json!(path)));
    assert_eq!(reply["document"]["depth"], 16);
    save(&page, &reply["document"], &path);
    assert_eq!(files::open(&path).expect("a PSD").document, before);
}

#[test]
fn hiding_a_layer_changes_nothing_else_in_the_file() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    for (name, format) in [("a.psd", Format::Psd), ("a.psb", Format::Psb), ("a.ora", Format::Ora)] {
        let path = written(&page, folder.path(), name, format, &rich(Extras::None));
        let mut expected = files::open(&path).expect("a document").document;
        let mut document = page.open_document(&path).expect("opened")["document"].take();
        document["layers"][1]["visible"] = json!(false);
        expected.layers[1].visible = false;
        save(&page, &document, &path);
        assert_eq!(files::open(&path).expect("a document").document, expected, "{name}");
    }
}

#[test]
fn a_saved_project_of_new_layers_holds_their_pixels_and_recipes() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let empty = Document::new(4, 4);
    let path = written(&page, folder.path(), "new.ora", Format::Ora, &empty);
    page.open_document(&path).expect("opened");
    let image = imported(&page, 2, 1, [9, 8, 7, 200]);
    let recipe = json!({
        "task": "decompose", "model": "layered", "prompt": "a fox", "negative": "",
        "seed": "18446744073709551615", "steps": 20, "guidance": 4.0, "part": [1, 3], "parent": null,
    });
    let layer = json!({
        "id": 3, "kind": "pixels", "name": "fox", "image": image, "x": 1, "y": 2, "width": 2,
        "height": 1, "opacity": 0.5, "blend": "multiply", "recipe": recipe,
    });
    let group = json!({ "id": 1, "kind": "group", "name": "all", "children": [layer] });
    let document = json!({
        "width": 4, "height": 4, "depth": 8, "keep": null, "layers": [group],
    });
    save(&page, &document, &path);
    let saved = files::open(&path).expect("a project").document;
    let fox = &saved.layers[0].children()[0];
    assert_eq!(
        (fox.name.as_str(), fox.id, fox.opacity, fox.blend),
        ("fox", 3, 128, Blend::Multiply)
    );
    let Content::Pixels(pixels) = &fox.content else { panic!("pixels") };
    assert_eq!((pixels.x, pixels.y), (1, 2));
    assert_eq!(pixels.raster.samples(), &Samples::Eight([9, 8, 7, 200].repeat(2)));
    assert_eq!(fox.recipe.as_ref().expect("a recipe").seed, u64::MAX);
    let reopened = page.open_document(&path).expect("opened");
    assert_eq!(reopened["document"]["layers"][0]["children"][0]["recipe"], recipe);
}

#[test]
fn a_flat_picture_is_a_document_of_one_layer() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = png(folder.path(), 3, 2, [10, 20, 30, 255]);
    page.app().fs_scope().allow_file(&path).expect("a path");
    let document = page.open_document(&path).expect("opened")["document"].take();
    assert_eq!((&document["width"], &document["height"]), (&json!(3), &json!(2)));
    assert_eq!((&document["depth"], &document["keep"]), (&json!(8), &Value::Null));
    let layers = document["layers"].as_array().expect("layers");
    assert_eq!((layers.len(), &layers[0]["kind"]), (1, &json!("pixels")));
    let (width, height, pixels) = page.load(&layers[0]["image"]).expect("pixels");
    assert_eq!((width, height, pixels), (3, 2, [10, 20, 30, 255].repeat(6)));
}

#[test]
fn a_document_is_read_and_written_only_where_the_user_said() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.ora");
    files::save(&Document::new(2, 2), &path, Format::Ora).expect("a project");
    let document = json!({ "width": 2, "height": 2, "layers": [] });
    let save = |path: &Path| {
        code(page.call("save_document", json!({ "document": document, "path": path })))
    };
    assert_eq!(code(page.open_document(&path)), "file_not_allowed");
    assert_eq!(save(&path), "file_not_allowed");
    // Dropped, but not opened: it may be read and not replaced.
    page.app().fs_scope().allow_directory(folder.path(), true).expect("a folder");
    assert_eq!(save(&path), "file_not_allowed");
    page.open_document(&path).expect("opened");
    let saved = page.call("save_document", json!({ "document": document, "path": path }));
    assert_eq!(saved.expect("saved"), json!({ "path": path, "notes": [] }));
    assert_eq!(save(&folder.path().join("other.ora")), "file_not_allowed");
    assert_eq!(save(&folder.path().join("x/../secret.ora")), "file_not_allowed");
}

#[test]
fn files_that_cannot_be_opened_say_why() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    page.app().fs_scope().allow_directory(folder.path(), true).expect("a folder");
    let path = folder.path().join("a.psd");
    assert_eq!(code(page.open_document(&path)), "image_unreadable");
    for bytes in [&b""[..], b"8BPS\0\x01\0\0", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
        std::fs::write(&path, bytes).expect("a file");
        assert_eq!(code(page.open_document(&path)), "image_unreadable", "{bytes:?}");
    }
    assert_eq!(code(page.open_document(folder.path())), "image_unreadable");
}

#[test]
fn what_cannot_be_written_leaves_the_file_that_was_there() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(&page, folder.path(), "a.ora", Format::Ora, &rich(Extras::None));
    let before = std::fs::read(&path).expect("a file");
    let document = page.open_document(&path).expect("opened")["document"].take();
    let mut lost = document.clone();
    lost["layers"][0]["image"] = json!(99);
    let mut wrong = document.clone();
    wrong["width"] = json!(0);
    for (document, expected) in [(lost, "image_unknown"), (wrong, "invalid_request")] {
        let saved = page.call("save_document", json!({ "document": document, "path": path }));
        assert_eq!(code(saved), expected);
    }
    assert_eq!(std::fs::read(&path).expect("a file"), before);
    std::fs::remove_dir_all(folder.path()).expect("a folder");
    let saved = page.call("save_document", json!({ "document": document, "path": path }));
    assert_eq!(code(saved), "file_write_failed");
}

#[test]
fn what_cannot_be_exported_is_refused_before_a_dialog_opens() {
    let page = Page::open();
    let export = |document: Value, format: &str| {
        code(page.call("export_document", json!({ "document": document, "format": format })))
    };
    let document = json!({ "width": 2, "height": 2, "layers": [] });
    assert_eq!(export(document, "gif"), "invalid_request");
    let layer = json!({ "id": 1, "kind": "pixels", "image": 99 });
    for format in ["psd", "psb", "ora", "png", "webp", "jpeg", "zip"] {
        let sized =
            |width: u32, layers: Value| json!({ "width": width, "height": 4, "layers": layers });
        assert_eq!(export(sized(0, json!([])), format), "invalid_request");
        assert_eq!(export(sized(400_000, json!([])), format), "invalid_request");
        assert_eq!(export(sized(4, json!([layer])), format), "image_unknown");
        assert_eq!(export(json!({ "width": 4 }), format), "invalid_request");
    }
}

#[test]
fn what_the_page_is_shown_is_what_the_compositor_makes() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(&page, folder.path(), "a.ora", Format::Ora, &rich(Extras::None));
    let mut document = files::open(&path).expect("a project").document;
    let wire = page.open_document(&path).expect("opened")["document"].take();
    document.depth = Depth::Eight;
    let Samples::Eight(expected) = document::flatten(&document).into_samples() else {
        panic!("8 bits")
    };
    assert!(expected.iter().any(|value| *value != 0), "something is seen");
    let whole = page.render(&wire, Value::Null).expect("a picture");
    assert_eq!(whole, (document.width, document.height, expected));
    assert_eq!(page.render(&wire, json!(4096)).expect("a picture"), whole);
    let (width, height, pixels) = page.render(&wire, json!(20)).expect("a picture");
    assert_eq!((width, height, pixels.len()), (20, 15, 20 * 15 * 4));
    for side in [json!(0), json!(-1), json!("large")] {
        assert!(page.render(&wire, side.clone()).is_err(), "{side}");
    }
}

#[test]
fn pictures_and_fine_pixels_of_a_document_go_when_the_page_names_them_no_more() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(&page, folder.path(), "a.ora", Format::Ora, &rich(Extras::None));
    let wire = page.open_document(&path).expect("opened")["document"].take();
    let (image, mask) = (&wire["layers"][0]["image"], &wire["layers"][0]["mask"]["id"]);
    assert_eq!(code(page.load(mask).map(|_| Value::Null)), "image_unknown", "a mask is no picture");
    page.call("retain_images", json!({ "ids": [image, mask] })).expect("done");
    page.render(&wire, Value::Null).expect("all is there");
    page.call("retain_images", json!({ "ids": [] })).expect("done");
    assert_eq!(code(page.render(&wire, Value::Null).map(|_| Value::Null)), "image_unknown");
}

enum Extras {
    None,
    Psd,
}

/// 40 × 30 with 16-bit pixels, a mask, a group and modes; all of it survives every layered format.
fn rich(extras: Extras) -> Document {
    let samples = (0..16 * 16 * 4).map(|index: u32| (index * 2417 % 65536) as u16).collect();
    let fine = Arc::new(Raster::new(16, 16, Samples::Sixteen(samples)).expect("a raster"));
    let plane = (0..16 * 16).map(|index: u32| (index * 257) as u16).collect();
    let plane = Plane::new(16, 16, Samples::Sixteen(plane)).expect("a plane");
    let mask = Mask { x: 4, y: 4, plane: plane.into(), outside: 255, enabled: true, linked: true };
    let mut bottom = Layer { mask: Some(mask), ..Layer::pixels("fine", 4, 4, Arc::clone(&fine)) };
    let inner = Layer { blend: Blend::Screen, opacity: 100, ..Layer::pixels("inner", 10, 8, fine) };
    let group = Layer::group("group", vec![inner]);
    let mut document =
        Document { depth: Depth::Sixteen, resolution: 300.0, ..Document::new(40, 30) };
    if let Extras::Psd = extras {
        bottom.extra.push(Extra { key: "psd:layer:lfx2".into(), bytes: vec![0, 0, 0, 1] });
        document.extra.push(Extra { key: "psd:resource:1037".into(), bytes: vec![0, 0, 0, 90] });
    }
    document.layers = vec![bottom, group];
    document.number_layers();
    document
}

/// A file that the user chose.
fn written(page: &Page, folder: &Path, name: &str, format: Format, document: &Document) -> PathBuf {
    let path = folder.join(name);
    let notes = files::save(document, &path, format).expect("written");
    assert!(notes.is_empty(), "{notes:?}");
    page.app().fs_scope().allow_file(&path).expect("a path");
    path
}

fn save(page: &Page, document: &Value, path: &Path) {
    let saved = page.call("save_document", json!({ "document": document, "path": path }));
    assert_eq!(saved.expect("saved"), json!({ "path": path, "notes": [] }));
}

fn imported(page: &Page, width: u32, height: u32, pixel: [u8; 4]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(png(folder.path(), width, height, pixel)).expect("a file");
    page.import("a.png", bytes).expect("imported")["id"].take()
}
