//! Five hundred random actions at the controls of the real window, undone and redone.

use serde_json::{Value, json};

use crate::{
    desk::{Desk, app},
    session::{Session, until},
};

const SCRIPT: &str = include_str!("random_edits.js");
const ACTIONS: usize = 500;
/// So many at once that the driver's patience is never at its end.
const TURN: usize = 20;

#[test]
fn five_hundred_random_actions_are_undone_and_redone_to_the_same_pixels() {
    let desk = Desk::new();
    let picture = image::RgbaImage::from_fn(48, 32, |x, y| {
        image::Rgba([5 * x as u8, 7 * y as u8, if x > y { 200 } else { 40 }, 255])
    });
    picture.save(desk.folder().join("leaf.png")).expect("a file");
    let session = Session::start_program(&desk, &app(), &["leaf.png"]);
    until("the picture is open", || (session.number_of_layers() == 1).then_some(()));
    session.script(SCRIPT, &[]);
    let start = seen(&session);

    session.click("#tab-new");
    session.generate("a red potion");
    for turn in 0..ACTIONS / TURN {
        let seed = if turn == 0 { json!(2026) } else { Value::Null };
        let count = json!(TURN);
        session.promise("window.__EDITS__.run(arguments[0], arguments[1])", &[seed, count]);
    }
    all(&session, "#redo");
    let end = seen(&session);
    assert_ne!(end, start);

    let steps = all(&session, "#undo");
    assert!(steps > 50, "only {steps} steps");
    assert_eq!(seen(&session), start, "everything undone");
    assert_eq!(all(&session, "#redo"), steps);
    assert_eq!(seen(&session), end, "everything redone");
    println!("{steps} steps of {ACTIONS} actions");
}

fn all(session: &Session<'_>, css: &str) -> u64 {
    let reply = session.promise("window.__EDITS__.all(arguments[0])", &[json!(css)]);
    reply["value"].as_u64().unwrap_or_else(|| panic!("{reply}"))
}

/// The document as it would be saved, and a digest of its pixels.
fn seen(session: &Session<'_>) -> (String, String) {
    let reply = session.promise("window.__EDITS__.seen()", &[]);
    let text = |name: &str| reply["value"][name].as_str().unwrap_or_default().to_owned();
    assert!(!text("pixels").is_empty(), "{reply}");
    (text("document"), text("pixels"))
}
