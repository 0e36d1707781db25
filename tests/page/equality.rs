//! The page's compositor against Rust's.

use std::time::Duration;

use asset_editor_tests::{canvas_bench, canvas_equality::comparison};
use serde_json::json;

use crate::browser::Page;

/// Every blend mode by itself, then whatever chance makes.
const DOCUMENTS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_composites_random_documents_as_rust_does() {
    let page = Page::open("stepMs=1").await;
    assert_eq!(page.get("editorCanvas.stats().withCard").await, json!(true), "WebGL2 is there");
    let mut faults = Vec::new();
    for seed in 0..DOCUMENTS {
        let found = page.asynchronously(&comparison(seed)).await;
        if found["worst"].as_u64().is_none_or(|worst| worst > 1) {
            faults.push(format!("document {seed}: {found}"));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run by cargo xtask bench-canvas"]
async fn frame_times_of_the_page() {
    let page = Page::open("stepMs=1").await;
    let settings = json!({ "layers": 16, "side": 2048, "frames": 60 });
    page.run(&canvas_bench::start(&settings)).await;
    let found = loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let found = page.run(canvas_bench::FOUND).await;
        if !found.is_null() {
            break found;
        }
    };
    println!("Chromium\n{}", canvas_bench::table(&found));
    page.close().await;
}
