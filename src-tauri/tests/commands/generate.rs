//! Runs.

use serde_json::{Value, json};

use crate::{code, page::Page};

#[test]
fn a_run_tells_its_story_in_order_and_leaves_a_picture() {
    let page = Page::open();
    let job = page.generate(json!({})).expect("queued")["jobId"].clone();
    let events = page.events_to_the_end();
    assert_eq!(events[0], json!({ "event": "started", "data": { "jobId": job, "steps": 2 } }));
    let stages: Vec<&Value> = of_kind(&events, "stage").iter().map(|data| &data["stage"]).collect();
    assert_eq!(stages[0], "load");
    // Parts of a model are loaded when they are needed.
    let work: Vec<&Value> = stages.into_iter().filter(|stage| *stage != "load").collect();
    assert_eq!(work, ["encode", "denoise", "decode"], "{events:?}");
    let steps = of_kind(&events, "step");
    let done: Vec<(&Value, &Value)> =
        steps.iter().map(|step| (&step["done"], &step["total"])).collect();
    assert_eq!(done, [(&json!(1), &json!(2)), (&json!(2), &json!(2))]);
    assert!(steps.iter().all(|step| step["secondsLeft"].is_f64()), "{steps:?}");
    let image = of_kind(&events, "image")[0];
    assert_eq!(image["seed"], 7);
    assert_eq!(image["prompt"], "a red potion");
    assert_eq!(image["model"], "starter");
    let (width, height, pixels) = page.load(&image["id"]).expect("pixels");
    assert_eq!((width, height, pixels.len()), (32, 32, 32 * 32 * 4));
    let end = events.last().expect("an end");
    assert_eq!(end["event"], "finished");
    assert!(end["data"]["seconds"].as_f64().expect("seconds") > 0.0, "{end}");
    for step in steps {
        if let Some(preview) = step["preview"].as_object() {
            assert_eq!(code(page.load(&preview["id"]).map(|_| Value::Null)), "image_unknown");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_pixels() {
    let page = Page::open();
    let paint = |seed: u64| {
        page.generate(json!({ "seed": seed })).expect("queued");
        let events = page.events_to_the_end();
        page.load(&of_kind(&events, "image")[0]["id"]).expect("pixels")
    };
    let first = paint(7);
    assert_eq!(first, paint(7));
    assert_ne!(first, paint(8));
}

#[test]
fn a_cancelled_run_ends_within_a_step_and_leaves_no_picture() {
    let page = Page::open();
    let job = page.generate(json!({ "steps": 900 })).expect("queued")["jobId"].clone();
    page.until("step");
    page.call("cancel", json!({ "jobId": job })).expect("asked");
    let events = page.events_to_the_end();
    assert_eq!(events.last().expect("an end"), &json!({ "event": "cancelled", "data": {} }));
    assert!(of_kind(&events, "step").len() < 100, "went on for {} events", events.len());
    assert!(of_kind(&events, "image").is_empty());
}

#[test]
fn a_waiting_run_can_be_cancelled_while_another_runs() {
    let page = Page::open();
    let first = page.generate(json!({ "steps": 900 })).expect("queued")["jobId"].clone();
    let second = page.generate(json!({})).expect("queued")["jobId"].clone();
    for job in [&second, &first] {
        page.call("cancel", json!({ "jobId": job })).expect("asked");
    }
    for _ in 0..2 {
        assert_eq!(page.events_to_the_end().last().expect("an end")["event"], "cancelled");
    }
}

#[test]
fn a_wrong_request_is_refused_before_it_is_queued() {
    let page = Page::open();
    for changes in [
        json!({ "prompt": "  " }),
        json!({ "width": 8 }),
        json!({ "width": -32 }),
        json!({ "height": 1_000_000 }),
        json!({ "steps": 0 }),
        json!({ "steps": "four" }),
        json!({ "guidance": -1 }),
        json!({ "seed": 1.5 }),
        json!({ "stepCache": 2 }),
        json!({ "init": 1 }),
        json!({ "references": ["1"] }),
        json!({ "references": [{ "influence": 0.5 }] }),
    ] {
        assert_eq!(code(page.generate(changes.clone())), "invalid_request", "{changes}");
    }
    assert_eq!(code(page.generate(json!({ "references": [99] }))), "image_unknown");
    assert_eq!(code(page.generate(json!({ "model": "klein-4b" }))), "model_missing");
    assert_eq!(code(page.generate(json!({ "model": "/etc" }))), "model_missing");
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).map(|event| &event["data"]).collect()
}
