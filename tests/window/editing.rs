//! One sitting from an empty document to files and back: make, repaint, split, arrange, mask, undo, save, reopen.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    desk::{Desk, app},
    layers::{rows, save_as},
    session::{Session, until},
};

const HOOKS: &str = include_str!("random_edits.js");
const TITLE: &str = "Veetance Asset Editor";

#[test]
fn a_picture_is_made_repainted_split_arranged_masked_undone_saved_and_reopened() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.script(HOOKS, &[]);
    let keys = |keys: &str| {
        session.native(TITLE);
        // Not by a click, which is a dab of the brush.
        session.script("document.querySelector('#stage').focus()", &[]);
        desk.xdotool(&["key", "--clearmodifiers", keys]);
    };

    keys("ctrl+n");
    session.fill("#new-width", "128");
    session.fill("#new-height", "128");
    session.click("#new-create");
    session.until_true(
        "the document is there",
        "return document.querySelector('#layers').checkVisibility()",
    );
    let (start, layers) = (rows(&session), session.number_of_layers());
    session.fill("#seed", "7");
    session.generate("a red gem");
    assert_eq!(session.number_of_layers(), layers + 1);
    let made = picture(&session);
    assert_eq!((made.width, made.height), (128, 128));

    // A selection of the middle, repainted into the layer.
    keys("m");
    session.drag_over("#stage", (0.47, 0.45), (0.53, 0.55));
    session.click("#tab-repaint");
    session.until_true(
        "something is selected",
        "return document.querySelector('#repaint-selected').checkVisibility()",
    );
    let selected = numbers(
        &session.script("return document.querySelector('#repaint-selected').textContent", &[]),
    );
    choose(&session, "#repaint-into", "layer");
    session.fill("#prompt", "a blue gem");
    session.click("#generate");
    until("the picture has changed", || (picture(&session).pixels != made.pixels).then_some(()));
    session.until_true("the run has ended", "return document.querySelector('#cancel').hidden");
    let repainted = picture(&session);
    let [left, top, right, bottom] = difference(&made, &repainted);
    assert!(
        right - left <= selected[0] && bottom - top <= selected[1],
        "{selected:?}: {left} {top} {right} {bottom}"
    );
    assert!(
        right - left < 128 && bottom - top < 128,
        "a part of the picture was selected: {selected:?}"
    );
    assert_eq!(session.number_of_layers(), layers + 1, "into the layer");
    keys("ctrl+d");

    session.click("#tab-split");
    session.fill("#split-count", "2");
    session.split();
    session.click("#split-keep");
    until("the layers are kept", || (session.number_of_layers() > layers + 2).then_some(()));

    // The last row goes over the first, then the first into a new group.
    let before = rows(&session);
    session.click("[data-action='layer.new']");
    session.click("[data-action='layer.group']");
    let grouped = rows(&session);
    let last = grouped.len();
    session.drag(
        &format!("#layers li:nth-child({last}) .layer-words"),
        "#layers li:nth-child(1)",
        (0.6, 0.5),
    );
    let nested = rows(&session);
    assert_ne!(nested, grouped, "nested by drag: {before:#?}");
    session.drag("#layers li:nth-child(3) .layer-words", "#layers li:nth-child(1)", (0.6, 0.1));
    assert_ne!(rows(&session), nested, "reordered by drag");

    // A mask on what is seen, painted with the brush.
    let shown = picture(&session);
    let target = session.script(
        "const rows = [...document.querySelectorAll('#layers li')];
         return 2 + rows.findIndex((row) => /Group of [3-9]/.test(row.getAttribute('aria-label')));",
        &[],
    );
    session.click(&format!("#layers li:nth-child({target}) .layer-words"));
    session.click("#layer-more");
    session.click(".action-menu [data-action='layer.mask-add']");
    keys("b");
    keys("d");
    for _ in 0..2 {
        session.drag_over("#stage", (0.44, 0.42), (0.56, 0.58));
        session.drag_over("#stage", (0.56, 0.42), (0.44, 0.58));
    }
    until("the mask hides something", || (picture(&session).pixels != shown.pixels).then_some(()));

    let end = seen(&session);
    let steps = all(&session, "#undo");
    assert!(steps >= 8, "only {steps} steps");
    assert_eq!(rows(&session), start, "everything undone");
    assert_eq!(all(&session, "#redo"), steps);
    assert_eq!(seen(&session), end, "everything redone");

    // Into files, and back from them.
    let tree = rows(&session);
    let document = document(&session);
    let last_look = picture(&session);
    let project = desk.folder().join("sitting.ora");
    keys("ctrl+s");
    save_as(&desk, &session, "Save", &project);
    session.until_true("it is saved", "return document.title.startsWith('sitting.ora')");
    let exported = desk.folder().join("sitting.psd");
    session.click("#export");
    session.click("[data-format='psd']");
    save_as(&desk, &session, "Export", &exported);
    for file in [&project, &exported] {
        keys("ctrl+w");
        session.until_true("it is closed", "return !document.title.startsWith('sitting')");
        open(&desk, &session, file);
        assert_eq!(rows(&session), tree, "{}", file.display());
        assert_eq!(self::document(&session), document, "{}", file.display());
        assert!(picture(&session).pixels == last_look.pixels, "{}", file.display());
    }
}

/// A file is handed to the window that is there.
fn open(desk: &Desk, session: &Session<'_>, file: &Path) {
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    let status = desk.command(app()).arg(&name).status().expect("a start that hands over its file");
    assert!(status.success(), "{status}");
    session.until_true("the file is open", &format!("return document.title.startsWith('{name}')"));
}

#[derive(Debug, PartialEq)]
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// What the document looks like, by the compositor in Rust.
fn picture(session: &Session<'_>) -> Picture {
    let reply = session.promise("window.__EDITS__.picture()", &[]);
    let bytes: Vec<u8> =
        serde_json::from_value(reply["value"].clone()).unwrap_or_else(|_| panic!("{reply}"));
    let side = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    Picture { width: side(0), height: side(4), pixels: bytes[8..].to_vec() }
}

/// The rectangle in which two pictures differ.
fn difference(a: &Picture, b: &Picture) -> [u32; 4] {
    let mut found = [u32::MAX, u32::MAX, 0, 0];
    for (at, (old, new)) in (0..).zip(a.pixels.chunks_exact(4).zip(b.pixels.chunks_exact(4))) {
        if old != new {
            let (x, y) = (at % a.width, at / a.width);
            found = [found[0].min(x), found[1].min(y), found[2].max(x + 1), found[3].max(y + 1)];
        }
    }
    assert_ne!(found[2], 0, "nothing differs");
    found
}

/// The tree as a file holds it, with recipes, and without what this window knows its parts by.
fn document(session: &Session<'_>) -> Value {
    let reply = session.promise("window.__EDITS__.seen()", &[]);
    let text = reply["value"]["document"].as_str().unwrap_or_else(|| panic!("{reply}"));
    let mut document = serde_json::from_str(text).expect("JSON");
    forget_numbers(&mut document);
    document
}

fn forget_numbers(value: &mut Value) {
    match value {
        Value::Object(parts) => {
            for name in ["id", "image", "keep", "expanded", "selected"] {
                parts.remove(name);
            }
            // What is not there is left out or null.
            parts.retain(|_, part| !part.is_null() && *part != json!([]));
            parts.values_mut().for_each(forget_numbers);
        }
        Value::Array(parts) => parts.iter_mut().for_each(forget_numbers),
        _ => {}
    }
}

fn seen(session: &Session<'_>) -> Value {
    let value = session.promise("window.__EDITS__.seen()", &[])["value"].clone();
    assert!(value["pixels"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
    value
}

fn all(session: &Session<'_>, css: &str) -> u64 {
    let reply = session.promise("window.__EDITS__.all(arguments[0])", &[json!(css)]);
    reply["value"].as_u64().unwrap_or_else(|| panic!("{reply}"))
}

fn choose(session: &Session<'_>, css: &str, value: &str) {
    session.script(
        "const field = document.querySelector(arguments[0]);
         field.value = arguments[1];
         field.dispatchEvent(new Event('change', { bubbles: true }));",
        &[json!(css), json!(value)],
    );
}

/// The numbers in a text.
fn numbers(text: &Value) -> Vec<u32> {
    let text = text.as_str().expect("a text");
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}
