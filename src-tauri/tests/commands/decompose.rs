//! Pictures that become layers.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    code,
    page::{Page, png},
};

#[test]
fn a_picture_becomes_layers_that_can_be_loaded() {
    let (page, _folder) = page();
    let image = imported(&page, [200, 30, 30, 255]);
    let job = decompose(&page, json!({ "image": image })).expect("queued")["jobId"].clone();
    let events = page.events_to_the_end();
    assert_eq!(events[0]["event"], "started", "{events:?}");
    assert_eq!(events[0]["data"]["jobId"], job);
    assert_eq!(events.last().expect("an end")["event"], "finished", "{events:?}");
    for step in of_kind(&events, "step") {
        assert!(step["previews"].is_array(), "{step}");
        for preview in step["previews"].as_array().into_iter().flatten() {
            let loaded = page.load(&preview["id"]).map(|_| Value::Null);
            assert_eq!(code(loaded), "image_unknown", "previews are forgotten at the end");
        }
    }
    let made = of_kind(&events, "layers")[0];
    // A second try, where the first was not good enough, has the next seed.
    let seeds = [json!("9007199254740993"), json!("9007199254740994")];
    assert!(seeds.contains(&made["seed"]), "{made}");
    assert_eq!(made["model"], LAYERED);
    for retrying in of_kind(&events, "retrying") {
        assert!(retrying["reason"][0].is_string(), "{retrying}");
    }
    assert_eq!((&made["prompt"], &made["steps"]), (&json!("a red square"), &json!(2)));
    assert!(made["report"]["passes"].is_boolean() && made["report"]["sentences"].is_array());
    let layers = made["layers"].as_array().expect("layers");
    assert!((1..=2).contains(&layers.len()), "{made}");
    assert_eq!(layers[0]["name"], "Background");
    for layer in layers {
        let (width, height, _) = page.load(&layer["id"]).expect("pixels");
        assert_eq!((&layer["width"], &layer["height"]), (&json!(width), &json!(height)));
        assert!(width > 0 && height > 0 && layer["x"].is_i64() && layer["y"].is_i64(), "{layer}");
    }
}

#[test]
fn without_a_prompt_the_model_says_what_it_sees() {
    let (page, _folder) = page();
    let image = imported(&page, [30, 200, 30, 255]);
    decompose(&page, json!({ "image": image, "prompt": "" })).expect("queued");
    let events = page.events_to_the_end();
    let caption = of_kind(&events, "caption")[0]["text"].as_str().expect("a text").to_owned();
    assert_eq!(of_kind(&events, "layers")[0]["prompt"], json!(caption));
    let stages: Vec<&Value> = of_kind(&events, "stage").iter().map(|data| &data["stage"]).collect();
    assert!(
        stages.contains(&&json!("caption")) && stages.contains(&&json!("rebuild")),
        "{stages:?}"
    );
}

#[test]
fn a_cancelled_split_leaves_no_layers() {
    let (page, _folder) = page();
    let image = imported(&page, [30, 30, 200, 255]);
    let request = json!({ "image": image, "steps": 900 });
    let job = decompose(&page, request).expect("queued")["jobId"].clone();
    page.until("step");
    page.call("cancel", json!({ "jobId": job })).expect("asked");
    let events = page.events_to_the_end();
    assert_eq!(events.last().expect("an end"), &json!({ "event": "cancelled", "data": {} }));
    assert!(of_kind(&events, "layers").is_empty());
}

#[test]
fn a_wrong_split_is_refused_before_it_is_queued() {
    let (page, _folder) = page();
    let image = imported(&page, [1, 2, 3, 255]);
    let clear = imported(&page, [1, 2, 3, 0]);
    for changes in [
        json!({ "layers": 0 }),
        json!({ "layers": 11 }),
        json!({ "layers": 2.5 }),
        json!({ "layers": null }),
        json!({ "steps": 0 }),
        json!({ "guidance": -1 }),
        json!({ "seed": "seven" }),
        json!({ "seed": -1 }),
        json!({ "image": null }),
        json!({ "image": clear }),
        json!({ "model": "starter" }),
    ] {
        let mut request = json!({ "image": image });
        merge(&mut request, &changes);
        assert_eq!(code(decompose(&page, request)), "invalid_request", "{changes}");
    }
    let unknown = json!({ "image": 99 });
    assert_eq!(code(decompose(&page, unknown)), "image_unknown");
    let missing = json!({ "image": image, "model": "layered-9" });
    assert_eq!(code(decompose(&page, missing)), "model_missing");
    let painted = page.generate(json!({ "model": LAYERED }));
    assert_eq!(code(painted), "invalid_request", "it does not paint");
}

/// The id under which the tiny model of the tests is found.
const LAYERED: &str = "starter-layered";

/// An app whose starter models are the tiny ones of the tests, and their folder.
fn page() -> (Page, TempDir) {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference");
    let folder = tempfile::tempdir().expect("a folder");
    let starter = folder.path().join("starter");
    for (model, place) in [("flux2-klein", "starter"), ("qwen-image-layered", LAYERED)] {
        std::os::unix::fs::symlink(reference.join(model), folder.path().join(place))
            .expect("a link");
    }
    let page = Page::open_with(app::Settings {
        roots: engine::Roots { starter, ..engine::Roots::default() },
        ..app::Settings::default()
    });
    (page, folder)
}

/// A small request with this and that changed.
fn decompose(page: &Page, changes: Value) -> Result<Value, Value> {
    // The seed is one that a JavaScript number does not hold.
    let mut request = json!({
        "model": LAYERED, "layers": 2, "prompt": "a red square", "negative": null,
        "seed": "9007199254740993", "steps": 2, "guidance": 1.0,
    });
    merge(&mut request, &changes);
    page.call("decompose", json!({ "request": request, "onEvent": "__CHANNEL__:1" }))
}

fn merge(request: &mut Value, changes: &Value) {
    let changes = changes.as_object().expect("changes are an object");
    request.as_object_mut().expect("an object").extend(changes.clone());
}

fn imported(page: &Page, pixel: [u8; 4]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(png(folder.path(), 64, 48, pixel)).expect("a file");
    page.import("a.png", bytes).expect("imported")["id"].take()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).map(|event| &event["data"]).collect()
}
