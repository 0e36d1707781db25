//! From a flat picture to layers, to a file, and back.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use crate::{
    desk::{Desk, app},
    session::{Session, until},
};

#[test]
fn a_picture_is_separated_exported_as_psd_and_comes_back_the_same() {
    let desk = Desk::new();
    let (width, height) = (96, 64);
    paint(width, height).save(desk.folder().join("badge.png")).expect("a file");
    let session = Session::start_program(&desk, &app(), &["badge.png"]);
    until("the picture is open", || (session.number_of_layers() == 1).then_some(()));

    session.fill("#split-count", "3");
    session.script("document.querySelector('#split-settings').open = true", &[]);
    session.fill("#split-steps", "2");
    session.split();
    session.click("#split-keep");
    until("the layers are kept", || (session.number_of_layers() > 1).then_some(()));
    assert!(rows(&session).last().is_some_and(|row| row == "badge, hidden, locked"));

    // The top layer is hidden, so that a file must know more than pixels.
    session.click("#layers li .layer-eye");
    let before = rows(&session);
    assert!(before[0].ends_with(", hidden"), "{before:?}");
    let pictures = pictures(&session);
    let seen = canvas(&session);

    let path = desk.folder().join("badge.psd");
    session.click("#export");
    session.click("[data-format='psd']");
    save_as(&desk, &session, "Export", &path);

    // A file of its own start is opened by the window that is there.
    let status =
        desk.command(app()).arg("badge.psd").status().expect("a start that hands over its file");
    assert!(status.success(), "{status}");
    session.until_true("the file is open", "return document.title.startsWith('badge.psd')");
    assert_eq!(rows(&session), before, "the same tree");
    until("the same picture", || (canvas(&session) == seen).then_some(()));
    let reopened = self::pictures(&session);
    let new: BTreeSet<_> =
        reopened.iter().filter(|(id, _)| !pictures.iter().any(|(old, _)| old == id)).collect();
    assert!(new.len() >= before.len(), "every layer has pixels of its own: {}", new.len());
    for (id, pixels) in new {
        assert!(pictures.iter().any(|(_, old)| old == pixels), "picture {id} is not as it was");
    }
}

#[test]
fn work_that_was_not_saved_is_offered_at_the_next_start() {
    let desk = Desk::new();
    paint(32, 32).save(desk.folder().join("leaf.png")).expect("a file");
    let session = Session::start_program(&desk, &app(), &["leaf.png"]);
    until("the picture is open", || (session.number_of_layers() == 1).then_some(()));
    session.click("#layers li .layer-eye");
    session.until_true("it is not saved", "return document.title.startsWith('• leaf.png')");
    until("a copy is written", || holds_files(&desk.folder().join("data")).then_some(()));
    // Ends the app as a crash does.
    drop(session);

    let session = Session::start(&desk);
    session.until_true("the work is offered", "return document.querySelector('#recovery')");
    session.click("#recovery [data-part='recover']");
    until("it is open", || (session.number_of_layers() == 1).then_some(()));
    assert_eq!(rows(&session), ["leaf, hidden"]);
    session.until_true("and still not saved", "return document.title.startsWith('• leaf')");
}

#[test]
fn layers_are_dragged_over_and_into_each_other() {
    let desk = Desk::new();
    paint(32, 32).save(desk.folder().join("leaf.png")).expect("a file");
    let session = Session::start_program(&desk, &app(), &["leaf.png"]);
    until("the picture is open", || (session.number_of_layers() == 1).then_some(()));
    session.click("#layers li .layer-words");
    session.click("[data-action='layer.duplicate']");
    session.click("[data-action='layer.duplicate']");
    session.click("[data-action='layer.group']");
    assert_eq!(
        rows(&session),
        ["Group, group", "  leaf copy copy", "leaf copy", "leaf"],
        "the newest copy is selected"
    );
    session.drag("#layers li:nth-child(4) .layer-words", "#layers li:nth-child(1)", (0.6, 0.5));
    assert_eq!(
        rows(&session),
        ["Group, group", "  leaf", "  leaf copy copy", "leaf copy"],
        "into the group"
    );
    session.drag("#layers li:nth-child(4) .layer-words", "#layers li:nth-child(1)", (0.6, 0.1));
    assert_eq!(
        rows(&session),
        ["leaf copy", "Group, group", "  leaf", "  leaf copy copy"],
        "above the group"
    );
    session.click("#undo");
    session.click("#undo");
    assert_eq!(rows(&session), ["Group, group", "  leaf copy copy", "leaf copy", "leaf"]);
}

/// A yellow ground with a red disc and a blue bar.
fn paint(width: u32, height: u32) -> image::RgbaImage {
    image::RgbaImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 - width as f32 / 3.0, y as f32 - height as f32 / 2.0);
        if dx.hypot(dy) < height as f32 / 3.0 {
            image::Rgba([210, 40, 50, 255])
        } else if x > width * 2 / 3 && y > height / 4 && y < height * 3 / 4 {
            image::Rgba([40, 90, 200, 255])
        } else {
            image::Rgba([240, 220, 120, 255])
        }
    })
}

/// What the list says of every layer, without sizes and numbers.
pub(crate) fn rows(session: &Session<'_>) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#layers li')].map((row) =>
        '  '.repeat(row.getAttribute('aria-level') - 1) + row.getAttribute('aria-label')
            .replace(/, [0-9]+ × [0-9]+/, '').replace(/Group of [0-9]+/, 'group'))";
    serde_json::from_value(session.script(script, &[])).expect("texts")
}

/// Every picture that the engine keeps: its id, and its size and pixels in one text.
fn pictures(session: &Session<'_>) -> Vec<(u64, String)> {
    let reply = session.promise(
        "(async () => {
            const found = [];
            for (let id = 1; id <= 400; id += 1) {
                const body = await window.__TAURI__.core.invoke('load_image', { id }).catch(() => null);
                if (body) found.push([id, Array.from(new Uint8Array(body)).join()]);
            }
            return found;
        })()",
        &[],
    );
    serde_json::from_value(reply["value"].clone()).expect("ids and bytes")
}

/// The picture's pixels on the screen, once they stand still: how many, and their sum. The place does not count,
/// since tabs take some of it once there are two documents.
fn canvas(session: &Session<'_>) -> Value {
    let look = || {
        session.script(
            "const canvas = document.querySelector('#canvas');
             const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
             let [count, sum] = [0, 0];
             for (let at = 0; at < data.length; at += 4) {
                 if (data[at + 3] === 0) continue;
                 count += 1;
                 for (let c = 0; c < 4; c += 1) sum = (sum * 31 + data[at + c]) % 4294967291;
             }
             return [count, sum];",
            &[],
        )
    };
    let mut before = json!(null);
    until("the canvas stands still", || {
        let now = look();
        let still = now == before && now[0] != 0;
        before = now.clone();
        still.then_some(now)
    })
}

/// Types a path into the native dialog for saving.
pub(crate) fn save_as(desk: &Desk, session: &Session<'_>, title: &str, path: &Path) {
    session.native(title);
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+a"]);
    desk.xdotool(&["type", "--delay", "20", &path.display().to_string()]);
    desk.xdotool(&["key", "Return"]);
    until("the file is there", || path.is_file().then_some(()));
    until("the dialog is gone", || desk.window(title).is_none().then_some(()));
}

/// Whether a project lies anywhere below a folder.
fn holds_files(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        (path.is_dir() && holds_files(&path)) || path.extension().is_some_and(|kind| kind == "ora")
    })
}
