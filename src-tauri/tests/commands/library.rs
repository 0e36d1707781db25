//! Models: folders that are linked, LoRAs in them, and terms that come first.

use std::path::{Path, PathBuf};

use engine::{LinkedFolders, Roots};
use serde_json::{Value, json};

use crate::{code, page::Page};

/// An app whose settings lie in `home`.
fn start(home: &Path) -> (Page, Roots) {
    let roots = Roots {
        starter: Path::new(env!("CARGO_MANIFEST_DIR")).join("starter"),
        models: vec![home.join("models")],
        config: Some(home.join("config")),
        cache: Some(home.join("cache")),
    };
    let settings = app::Settings {
        roots: roots.clone(),
        data: Some(home.join("data")),
        ..app::Settings::default()
    };
    (Page::open_with(settings), roots)
}

fn reference(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference").join(name);
    path.canonicalize().expect("a fixture")
}

fn find<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|item| item[key] == value);
    found.unwrap_or_else(|| panic!("no `{value}` in {list:#}"))
}

#[test]
fn a_linked_folder_brings_models_and_loras_that_pictures_are_made_with() {
    let home = tempfile::tempdir().expect("a folder");
    let models = home.path().join("drive");
    std::fs::create_dir(&models).expect("a folder");
    for (name, target) in [("tiny", "flux2-klein"), ("loras", "lora/flux2")] {
        std::os::unix::fs::symlink(reference(target), models.join(name)).expect("a link");
    }
    let (page, roots) = start(home.path());
    LinkedFolders::link(&roots, &models).expect("linked");
    let library = page.call("list_library", json!({})).expect("a list");
    assert_eq!(find(&library["models"], "id", "tiny")["ready"], true);
    let lora = find(&library["loras"], "name", "kohya");
    assert!(lora["fits"].to_string().contains("\"tiny\""), "{lora}");
    assert_eq!(library["linked"][0]["problem"], Value::Null);

    let picture = |loras: Value| {
        page.generate(json!({ "model": "tiny", "loras": loras })).expect("queued");
        let events = page.events_to_the_end();
        let image = events.iter().find(|event| event["event"] == "image");
        let image = image.unwrap_or_else(|| panic!("no picture in {events:#?}"));
        page.load(&image["data"]["id"]).expect("pixels")
    };
    let plain = picture(json!([]));
    let changed = picture(json!([{ "path": lora["path"], "strength": 1.0 }]));
    assert!(plain != changed, "a LoRA changes nothing");
    let elsewhere = reference("lora/qwen_image/kohya.safetensors");
    let asked = json!([{ "path": elsewhere, "strength": 1.0 }]);
    assert_eq!(code(page.generate(json!({ "model": "tiny", "loras": asked }))), "model_missing");

    std::fs::remove_dir_all(&models).expect("it was there");
    let library = page.call("list_library", json!({})).expect("a list");
    assert_eq!(library["linked"][0]["problem"], "gone");
    let folder = json!({ "folder": library["linked"][0]["folder"] });
    let library = page.call("unlink_models_folder", folder.clone()).expect("unlinked");
    assert_eq!(library["linked"], json!([]));
    assert_eq!(code(page.call("unlink_models_folder", folder)), "invalid_request");
}

#[test]
fn a_model_is_not_fetched_before_its_terms_are_accepted() {
    let home = tempfile::tempdir().expect("a folder");
    let (page, _) = start(home.path());
    let library = page.call("list_library", json!({})).expect("a list");
    let model = find(&library["models"], "id", "klein-9b");
    assert_eq!(model["offer"]["gated"], true);
    assert!(model["licences"].to_string().contains("\"commercial\":false"), "{model:#}");
    assert!(library["free"].as_u64().is_some_and(|bytes| bytes > 0));
    let asked = json!({ "id": "klein-9b", "accepted": ["apache-2.0"], "onEvent": "__CHANNEL__:1" });
    page.call("get_model", asked).expect("it ends");
    let events = page.events_to_the_end();
    let last = events.last().expect("an end");
    assert_eq!(
        (&last["event"], &last["data"]["code"]),
        (&json!("failed"), &json!("licence_needed"))
    );
    assert!(!home.path().join("models").exists(), "something was fetched");
    let asked = json!({ "id": "nothing", "accepted": [], "onEvent": "__CHANNEL__:1" });
    page.call("get_model", asked).expect("it ends");
    assert_eq!(page.events_to_the_end().last().expect("an end")["data"]["code"], "model_missing");
}
