//! The window as a whole: recent files, the example, the language, closing.

use std::path::Path;

use document::Document;
use files::Format;
use serde_json::{Value, json};
use tauri_plugin_fs::FsExt;

use crate::{code, page::Page};

#[test]
fn files_that_were_opened_or_saved_are_listed_and_open_again_after_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (first, second) = (written(folder.path(), "a.ora"), written(folder.path(), "b.psd"));
    let page = start(&data);
    assert_eq!(recent(&page), json!([]));
    for path in [&first, &second] {
        page.app().fs_scope().allow_file(path).expect("a path");
        page.open_document(path).expect("opened");
    }
    let document = json!({ "width": 2, "height": 2, "layers": [] });
    page.call("save_document", json!({ "document": document, "path": first })).expect("saved");
    drop(page);

    std::fs::remove_file(&second).expect("it was there");
    let page = start(&data);
    let expected = json!([
        { "path": first, "name": "a.ora", "folder": folder.path(), "missing": false },
        { "path": second, "name": "b.psd", "folder": folder.path(), "missing": true },
    ]);
    assert_eq!(recent(&page), expected);
    let opened = page.call("open_recent", json!({ "path": first })).expect("opened");
    assert_eq!((&opened["name"], &opened["path"]), (&json!("a.ora"), &json!(first)));
    // From then on it is as if it had been chosen in a dialog.
    page.call("save_document", json!({ "document": document, "path": first })).expect("saved");
    assert_eq!(code(page.call("open_recent", json!({ "path": second }))), "image_unreadable");
    page.call("clear_recent", json!({})).expect("cleared");
    assert_eq!(recent(&page), json!([]));
}

#[test]
fn only_files_of_the_list_are_opened_as_recent_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "secret.ora");
    let page = start(&folder.path().join("data"));
    assert_eq!(code(page.call("open_recent", json!({ "path": path }))), "file_not_allowed");
}

#[test]
fn the_example_is_nobody_s_file_and_shows_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = start(folder.path());
    let opened = page.call("open_example", json!({})).expect("opened");
    assert_eq!((&opened["path"], &opened["notes"]), (&Value::Null, &json!([])));
    let layers = opened["document"]["layers"].as_array().expect("layers").clone();
    let text = opened["document"].to_string();
    assert!(layers.iter().any(|layer| layer["kind"] == "group"), "a group");
    assert!(text.contains(r#""blend":"multiply""#), "a blend mode");
    assert!(text.contains(r#""mask":{"#), "a mask");
    assert_eq!(recent(&page), json!([]), "it is not among the user's files");
}

#[test]
fn a_language_that_is_chosen_is_kept_and_others_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = start(folder.path());
    page.call("choose_language", json!({ "language": "de" })).expect("chosen");
    let kept = std::fs::read_to_string(folder.path().join("language")).expect("a file");
    assert_eq!(kept, "de");
    assert_eq!(code(page.call("choose_language", json!({ "language": "xx" }))), "invalid_request");
}

fn start(data: &Path) -> Page {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/flux2-klein");
    Page::open_with(app::Settings {
        roots: engine::Roots { starter, ..engine::Roots::default() },
        data: Some(data.to_owned()),
        ..app::Settings::default()
    })
}

fn recent(page: &Page) -> Value {
    page.call("list_recent", json!({})).expect("a list")
}

fn written(folder: &Path, name: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    let format = if name.ends_with("psd") { Format::Psd } else { Format::Ora };
    files::save(&Document::new(2, 2), &path, format).expect("a file");
    path
}
