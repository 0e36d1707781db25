//! The window's compositor, in the engine that ships, against Rust's; and how quick it is.

use std::time::Duration;

use asset_editor_tests::{canvas_bench, canvas_equality::comparison_with_rust};
use serde_json::json;

use crate::{desk::Desk, session::Session};

/// Every blend mode by itself, then a few of chance.
const DOCUMENTS: u64 = 32;
/// Without a graphics card it is Rust that composites, in tiles.
const WITHOUT_CARD: u64 = 6;

#[test]
fn the_window_composites_random_documents_as_rust_does_with_a_graphics_card_and_without() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let with_card = || session.script("return editorCanvas.stats().withCard", &[]);
    assert_eq!(with_card(), json!(true), "WebGL2 is there");
    let mut faults: Vec<String> = (0..DOCUMENTS).filter_map(|seed| fault(&session, seed)).collect();

    session.script("globalThis.giveBack = editorCanvas.loseCard()", &[]);
    session.until_true("the card is gone", "return !editorCanvas.stats().withCard");
    faults.extend((0..WITHOUT_CARD).filter_map(|seed| fault(&session, DOCUMENTS + seed)));
    assert_eq!(with_card(), json!(false));

    session.script("giveBack()", &[]);
    session.until_true("the card is back", "return editorCanvas.stats().withCard");
    faults.extend(fault(&session, 0));
    assert_eq!(faults, Vec::<String>::new());
}

fn fault(session: &Session<'_>, seed: u64) -> Option<String> {
    let found = session.asynchronously(&comparison_with_rust(seed), &[]);
    let is_fault = found["worst"].as_u64().is_none_or(|worst| worst > 1);
    is_fault.then(|| format!("document {seed}: {found}"))
}

#[test]
#[ignore = "takes minutes; run by cargo xtask bench-canvas"]
fn frame_times_of_the_window() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let settings = json!({ "layers": 16, "side": 2048, "frames": 60, "rust": true });
    session.script(&canvas_bench::start(&settings), &[]);
    let found = loop {
        std::thread::sleep(Duration::from_secs(1));
        let found = session.script(canvas_bench::FOUND, &[]);
        if !found.is_null() {
            break found;
        }
    };
    println!("WebKitGTK\n{}", canvas_bench::table(&found));
    for (program, mebibytes) in session.memory() {
        println!("{program}: {mebibytes} MiB");
    }
}
