//! What people do with the app.

use std::process::Stdio;

use serde_json::json;

use crate::{
    desk::{Desk, app, telling_its_end},
    session::{Session, until},
};

const TITLE: &str = "Veetance Asset Editor";

#[test]
fn a_prompt_becomes_a_layer_that_is_saved_pixel_for_pixel() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    assert_eq!(session.number_of_layers(), 0);
    session.generate("a red potion");
    session.until_true(
        "the picture is drawn",
        "const canvas = document.querySelector('#canvas');
         const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
         const colours = new Set(new Uint32Array(data.buffer));
         return colours.size > 16;",
    );
    let painted = newest_picture(&session);

    let path = desk.folder().join("potion.png");
    let window = session.native(TITLE);
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+shift+e"]);
    session.native("Export");
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+a"]);
    desk.xdotool(&["type", "--delay", "20", &path.display().to_string()]);
    desk.xdotool(&["key", "Return"]);
    until("the file is there", || path.is_file().then_some(()));
    let saved = image::open(&path).expect("a picture").into_rgba8();
    assert_eq!((saved.width(), saved.height()), (painted.0, painted.1));
    assert!(*saved.as_raw() == painted.2, "the saved pixels are not the painted ones");
    until("the dialog is gone", || desk.window("Export").is_none().then_some(()));
    desk.focus(&window);
}

#[test]
fn a_run_stops_when_it_is_cancelled_and_the_next_one_works() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    begin_a_long_run(&session);
    session.click("#cancel");
    session.until_true("the run has ended", "return document.querySelector('#cancel').hidden");
    assert_eq!(session.number_of_layers(), 0);
    session.fill("#steps", "2");
    session.generate("a blue gem");
}

#[test]
fn a_second_start_hands_its_file_to_the_first() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let path = desk.folder().join("tree.png");
    image::RgbaImage::from_pixel(5, 3, image::Rgba([10, 200, 30, 255]))
        .save(&path)
        .expect("a file");
    let status =
        desk.command(app()).arg("tree.png").stdout(Stdio::null()).status().expect("a start");
    assert!(status.success(), "{status}");
    until("the file is a layer", || (session.number_of_layers() == 1).then_some(()));
    assert_eq!(newest_picture(&session), (5, 3, [10, 200, 30, 255].repeat(15)));
}

#[test]
fn a_file_from_the_command_line_is_copied_and_pasted_pixel_for_pixel() {
    let desk = Desk::new();
    let pixels: Vec<u8> = (0..6 * 4 * 4).map(|value| value as u8 | 0x80).collect();
    let picture = image::RgbaImage::from_raw(6, 4, pixels.clone()).expect("a picture");
    picture.save(desk.folder().join("leaf.png")).expect("a file");
    let session = Session::start_program(&desk, &app(), &["leaf.png"]);
    let layers = |number| {
        until("the layers are there", || (session.number_of_layers() == number).then_some(()));
    };
    layers(1);
    session.native(TITLE);
    session.click("#stage");
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+c"]);
    session.until_true("it is copied", "return document.querySelector('#notice').textContent");
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+v"]);
    layers(2);
    assert_eq!(newest_picture(&session), (6, 4, pixels));
}

#[test]
fn closing_while_a_picture_is_painted_ends_the_app_cleanly() {
    let desk = Desk::new();
    let (wrapper, code) = telling_its_end(&desk);
    let session = Session::start_program(&desk, &wrapper, &[]);
    begin_a_long_run(&session);
    session.native(TITLE);
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+q"]);
    let code = until("the app has ended", || {
        std::fs::read_to_string(&code).ok().filter(|code| !code.is_empty())
    });
    assert_eq!(code.trim(), "0");
}

#[test]
fn the_keys_of_text_stay_with_the_prompt() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.fill("#prompt", "red potion");
    session.native(TITLE);
    session.click("#prompt");
    for keys in ["ctrl+a", "ctrl+c", "End", "ctrl+v"] {
        desk.xdotool(&["key", "--clearmodifiers", keys]);
    }
    let prompt = || session.script("return document.querySelector('#prompt').value", &[]);
    until("the text is there twice", || (prompt() == "red potionred potion").then_some(()));
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+z"]);
    until("the second is undone", || (prompt() == "red potion").then_some(()));
    desk.xdotool(&["key", "--clearmodifiers", "ctrl+shift+z"]);
    until("it is there again", || (prompt() == "red potionred potion").then_some(()));
}

#[test]
fn the_page_may_do_only_what_it_needs() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    let file = desk.folder().join("secret.png");
    image::RgbaImage::new(1, 1).save(&file).expect("a file");
    let call = "window.__TAURI__.core.invoke(arguments[0], arguments[1])";
    for command in ["open_image_path", "open_document_path"] {
        let reply = session.promise(call, &[json!(command), json!({ "path": file })]);
        assert_eq!(reply["error"], "file_not_allowed", "{command}");
    }
    let layer = json!({ "width": 1, "height": 1, "layers": [] });
    let arguments = json!({ "document": layer, "path": desk.folder().join("mine.psd") });
    let reply = session.promise(call, &[json!("save_document"), arguments]);
    assert_eq!(reply["error"], "file_not_allowed", "save_document");
    let reply = session.promise(call, &[json!("plugin:fs|read_file"), json!({ "path": file })]);
    assert!(reply["error"].is_string(), "{reply}");
    let reply = session.promise("fetch(arguments[0])", &[json!("http://127.0.0.1:9/")]);
    assert!(reply["error"].is_string(), "{reply}");
    let evaluated = session.script(
        "try { return String(new Function('return 1')()) } catch (error) { return error.name }",
        &[],
    );
    assert_eq!(evaluated, "EvalError");
}

/// A run that would take minutes, under way.
fn begin_a_long_run(session: &Session<'_>) {
    session.fill("#width", "512");
    session.fill("#height", "512");
    session.fill("#steps", "50");
    session.fill("#prompt", "a long run");
    session.click("#generate");
    session.until_true("the run is under way", "return !document.querySelector('#cancel').hidden");
}

/// Width, height and pixels of the newest picture that the engine keeps.
fn newest_picture(session: &Session<'_>) -> (u32, u32, Vec<u8>) {
    let reply = session.promise(
        "(async () => {
            let newest = null;
            for (let id = 1; id <= 200; id += 1) {
                const body = await window.__TAURI__.core.invoke('load_image', { id }).catch(() => null);
                if (body) newest = Array.from(new Uint8Array(body));
            }
            return newest;
        })()",
        &[],
    );
    let bytes: Vec<u8> = serde_json::from_value::<Option<Vec<u8>>>(reply["value"].clone())
        .expect("bytes")
        .unwrap_or_else(|| panic!("no picture: {}", reply["error"]));
    let side = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    (side(0), side(4), bytes[8..].to_vec())
}
