//! Work that was not saved.

use std::path::Path;

use serde_json::{Value, json};

use crate::{code, page::Page};

#[test]
fn what_was_not_saved_is_offered_by_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let killed = page(folder.path());
    assert_eq!(killed.call("list_recovered", json!({})).expect("a list"), json!([]));
    let first = json!({ "document": document(1), "slot": "a-1", "title": "Füchse.psd" });
    killed.call("autosave", first).expect("saved");
    let again = json!({ "document": document(2), "slot": "a-1", "title": "Füchse.psd" });
    killed.call("autosave", again).expect("saved");
    // Nothing of it is told when it ends.
    std::mem::drop(killed);

    let next = page(folder.path());
    let list = next.call("list_recovered", json!({})).expect("a list");
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!((&list[0]["slot"], &list[0]["title"]), (&json!("a-1"), &json!("Füchse.psd")));
    assert!(list[0]["secondsAgo"].as_u64().expect("seconds") < 600, "{list}");
    let opened = next.call("open_recovered", json!({ "slot": "a-1" })).expect("opened");
    assert_eq!((&opened["name"], &opened["path"]), (&json!("Füchse.psd"), &Value::Null));
    assert_eq!(opened["notes"], json!([]));
    let layers = opened["document"]["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 2, "the last copy");
    assert_eq!(layers[1]["name"], "layer 1");

    next.call("forget_recovered", json!({ "slot": "a-1" })).expect("forgotten");
    assert_eq!(next.call("list_recovered", json!({})).expect("a list"), json!([]));
    let files = std::fs::read_dir(folder.path().join("recovered")).expect("a folder");
    assert_eq!(files.count(), 0);
    next.call("forget_recovered", json!({ "slot": "a-1" })).expect("nothing is no mistake");
    assert_eq!(code(next.call("open_recovered", json!({ "slot": "a-1" }))), "image_unreadable");
}

#[test]
fn a_slot_leads_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.ora"), "mine").expect("a file");
    let page = page(folder.path());
    let long = "a".repeat(1000);
    for slot in ["", ".", "../a", "a/b", "a.ora", "/etc/passwd", "a\\b", "a\0", &long] {
        let saved =
            page.call("autosave", json!({ "document": document(1), "slot": slot, "title": "" }));
        assert_eq!(code(saved), "file_write_failed", "{slot}");
        assert_eq!(code(page.call("open_recovered", json!({ "slot": slot }))), "image_unreadable");
        assert_eq!(
            code(page.call("forget_recovered", json!({ "slot": slot }))),
            "file_write_failed"
        );
    }
    assert_eq!(std::fs::read(folder.path().join("a.ora")).expect("a file"), b"mine");
}

#[test]
fn a_copy_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = page(folder.path());
    let wrong = json!({ "width": 0, "height": 4, "layers": [] });
    let saved = page.call("autosave", json!({ "document": wrong, "slot": "a", "title": "" }));
    assert_eq!(code(saved), "invalid_request");
    std::fs::write(folder.path().join("recovered"), "in the way").expect("a file");
    let saved = page.call("autosave", json!({ "document": document(1), "slot": "a", "title": "" }));
    assert_eq!(code(saved), "file_write_failed");
    assert_eq!(code(page.call("list_recovered", json!({}))), "image_unreadable");
}

fn page(data: &Path) -> Page {
    Page::open_with(app::Settings { data: Some(data.to_owned()), ..app::Settings::default() })
}

fn document(layers: u32) -> Value {
    let layer =
        |index: u32| json!({ "id": index + 1, "kind": "pixels", "name": format!("layer {index}") });
    let layers: Vec<Value> = (0..layers).map(layer).collect();
    json!({ "width": 8, "height": 8, "layers": layers })
}
