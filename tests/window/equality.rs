//! The window's compositor, in the engine that ships, against Rust's; and how quick it is.

use asset_editor_tests::canvas_equality::comparison;
use serde_json::json;

use crate::{desk::Desk, session::Session};

/// Every blend mode by itself, then a few of chance.
const DOCUMENTS: u64 = 34;

#[test]
fn the_window_composites_random_documents_as_rust_does() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let with_card = session.script("return editorCanvas.stats().withCard", &[]);
    assert_eq!(with_card, json!(true), "WebGL2 is there");
    let mut faults = Vec::new();
    for seed in 0..DOCUMENTS {
        let found = session.asynchronously(&comparison(seed), &[]);
        if found["worst"].as_u64().is_none_or(|worst| worst > 1) {
            faults.push(format!("document {seed}: {found}"));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
#[ignore = "takes minutes; run by cargo xtask bench-canvas"]
fn frame_times_of_the_window() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let settings = json!({ "layers": 16, "side": 2048, "frames": 60 });
    let found = session.asynchronously(include_str!("../bench/canvas.js"), &[settings]);
    println!("WebKitGTK\n{}", asset_editor_tests::canvas_bench::table(&found));
}
