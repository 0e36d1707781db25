//! Pictures in and out.

use serde_json::json;
use tauri_plugin_fs::FsExt;

use crate::{
    code,
    page::{Page, png},
};

#[test]
fn an_imported_picture_comes_back_pixel_for_pixel() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = png(folder.path(), 3, 2, [10, 20, 30, 128]);
    let bytes = std::fs::read(path).expect("a file");
    let reply = page.import("Schwert%20%C3%BC.png", bytes).expect("imported");
    assert_eq!(reply["name"], "Schwert ü.png");
    assert_eq!((&reply["width"], &reply["height"]), (&json!(3), &json!(2)));
    let pixels = [10, 20, 30, 128].repeat(6);
    assert_eq!(page.load(&reply["id"]).expect("pixels"), (3, 2, pixels));
}

#[test]
fn what_is_no_picture_is_refused() {
    let page = Page::open();
    assert_eq!(code(page.import("a.png", b"not a picture".to_vec())), "image_unreadable");
    assert_eq!(code(page.import("", Vec::new())), "image_unreadable");
    assert_eq!(code(page.call("import_image", json!({ "bytes": [1, 2] }))), "invalid_request");
}

#[test]
fn a_path_is_read_only_if_the_user_gave_it() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = png(folder.path(), 1, 1, [1, 2, 3, 255]);
    let open = || page.call("open_image_path", json!({ "path": path }));
    assert_eq!(code(open()), "file_not_allowed");
    let sneaky = folder.path().join("x/../picture.png");
    assert_eq!(code(page.call("open_image_path", json!({ "path": sneaky }))), "file_not_allowed");
    // What a drop or a dialog does.
    page.app().fs_scope().allow_file(&path).expect("a path");
    assert_eq!(open().expect("opened")["name"], "picture.png");
    std::fs::remove_file(&path).expect("a file");
    assert_eq!(code(open()), "image_unreadable");
}

#[test]
fn pictures_that_the_page_knows_and_does_not_list_are_forgotten() {
    let page = Page::open();
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(png(folder.path(), 1, 1, [1, 2, 3, 255])).expect("a file");
    let import = || page.import("a.png", bytes.clone()).expect("imported")["id"].clone();
    let (kept, dropped, on_its_way) = (import(), import(), import());
    page.load(&kept).expect("pixels");
    page.load(&dropped).expect("pixels");
    page.call("retain_images", json!({ "ids": [kept] })).expect("done");
    assert_eq!(code(page.load(&dropped).map(|_| json!(null))), "image_unknown");
    page.load(&kept).expect("listed");
    page.load(&on_its_way).expect("the page may not have heard of it yet");
    page.call("retain_images", json!({ "ids": [] })).expect("done");
    for id in [kept, on_its_way] {
        assert_eq!(code(page.load(&id).map(|_| json!(null))), "image_unknown");
    }
}

#[test]
fn files_that_were_given_at_the_start_wait_for_the_page() {
    use std::sync::mpsc;
    use tauri::Listener;

    let folder = tempfile::tempdir().expect("a folder");
    let files = vec![png(folder.path(), 2, 1, [1, 2, 3, 255])];
    let page = Page::open_with(app::Settings { files, ..app::Settings::default() });
    let (sender, opened) = mpsc::channel();
    page.app().listen_any("open-file", move |event| {
        let _ = sender.send(event.payload().to_owned());
    });
    assert!(opened.try_recv().is_err(), "told before the page was ready");
    page.call("ui_ready", json!({})).expect("done");
    let payload = opened.recv_timeout(std::time::Duration::from_secs(30)).expect("told");
    let payload: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
    assert_eq!(payload["name"], "picture.png");
    assert_eq!(payload["notes"], json!([]));
    let layer = &payload["document"]["layers"][0];
    let pixels = page.load(&layer["image"]).expect("pixels");
    assert_eq!(pixels, (2, 1, [1, 2, 3, 255].repeat(2)));
}
