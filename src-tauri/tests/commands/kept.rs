//! What the page remembers from one start to the next.

use std::path::Path;

use serde_json::{Value, json};

use crate::{code, page::Page};

#[test]
fn the_next_start_finds_what_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = page(folder.path());
    let form = json!({ "prompt": "a füchsin, “red”", "seed": 7 });
    assert_eq!(first.call("load_kept", json!({ "name": "form" })), Ok(Value::Null));
    first.call("save_kept", json!({ "name": "form", "value": form })).expect("kept");
    // Nothing of it is told when it ends.
    std::mem::drop(first);

    let next = page(folder.path());
    assert_eq!(next.call("load_kept", json!({ "name": "form" })), Ok(form));
    std::fs::write(folder.path().join("kept/form.json"), "{ half").expect("damaged");
    assert_eq!(next.call("load_kept", json!({ "name": "form" })), Ok(Value::Null));
    for name in ["", "other", "../form", "/etc/passwd"] {
        assert_eq!(code(next.call("load_kept", json!({ "name": name }))), "invalid_request");
        let save = json!({ "name": name, "value": 1 });
        assert_eq!(code(next.call("save_kept", save)), "invalid_request");
    }
}

#[test]
fn pictures_of_runs_stay_for_as_long_as_they_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = page(folder.path());
    let image = picture(&first);
    let keep = |side: Value| {
        let file = first.call("keep_picture", json!({ "id": image, "maxSide": side }));
        file.expect("kept").as_str().expect("a name").to_owned()
    };
    let (whole, small) = (keep(Value::Null), keep(json!(2)));
    assert_eq!(keep(Value::Null), whole, "equal ones are written once");
    assert_ne!(whole, small);
    let save = json!({ "name": "runs", "value": [], "pictures": [small] });
    first.call("save_kept", save).expect("kept");
    std::mem::drop(first);

    let next = page(folder.path());
    let open =
        |file: &str| next.call("open_kept_picture", json!({ "file": file, "name": "a gem" }));
    assert_eq!(open(&whole), Ok(Value::Null), "it was not listed");
    let opened = open(&small).expect("opened");
    assert_eq!((&opened["width"], &opened["height"]), (&json!(2), &json!(1)));
    assert_eq!(opened["name"], "a gem");
    for file in ["", "../form.json", "0123456789abcdef.txt", "/etc/passwd"] {
        assert_eq!(code(open(file)), "invalid_request", "{file}");
    }
}

#[test]
fn a_picture_is_fitted_and_filled() {
    let page = Page::open();
    let image = picture(&page);
    let fit = |width: u32, fill: bool| {
        page.call(
            "fit_image",
            json!({ "image": image, "width": width, "height": 16, "fill": fill }),
        )
    };
    let fitted = fit(32, true).expect("fitted");
    assert_eq!((&fitted["width"], &fitted["height"]), (&json!(32), &json!(16)));
    assert_ne!(fitted["id"], image);
    assert_eq!(code(fit(0, false)), "invalid_request");
    assert_eq!(code(fit(100_000, false)), "invalid_request");
}

fn page(data: &Path) -> Page {
    Page::open_with(app::Settings { data: Some(data.to_owned()), ..app::Settings::default() })
}

fn picture(page: &Page) -> Value {
    let rgba: Vec<u8> = (0..32).map(|index| index * 8 + 7).collect();
    let png = engine::Image::new(4, 2, rgba).expect("a picture").encode_png().expect("a file");
    page.import("a.png", png).expect("a picture")["id"].clone()
}
