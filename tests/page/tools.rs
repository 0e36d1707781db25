//! Every tool through real pointers and keys: what it asks of Rust, what the document then is, and the pixels.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::browser::{Look, Page};

/// The place of the layers of `scene`, in the order of the document.
const SCENE: &str = r#"
    const make = (width, height, colour) => {
      const body = new ArrayBuffer(8 + width * height * 4);
      const view = new DataView(body);
      view.setUint32(0, width, true);
      view.setUint32(4, height, true);
      const bytes = new Uint8Array(body, 8);
      for (let at = 0; at < bytes.length; at += 4) bytes.set(colour, at);
      const id = __MOCK__.images.size + 1;
      __MOCK__.images.set(id, body);
      return id;
    };
    const layer = (id, name, x, y, width, height, colour, more = {}) =>
      ({ id, kind: "pixels", name, image: make(width, height, colour), x, y, width, height, ...more });
    const layers = [
      layer(1, "Paper", 0, 0, 400, 300, [240, 235, 220, 255]),
      layer(2, "Blue", 60, 50, 100, 80, [60, 120, 220, 255]),
      layer(3, "Red", 220, 140, 90, 90, [214, 52, 58, 255]),
    ];
    __MOCK__.emit("open-file", {
      path: "/home/artist/scene.ora", name: "scene.ora", notes: [], document: { width: 400, height: 300, layers },
    });"#;

/// A page with a document of 400 × 300 at 100 %: paper, a blue layer and a red one.
async fn scene() -> (Page, Place) {
    scene_as("stepMs=1").await
}

pub(crate) async fn scene_as(options: &str) -> (Page, Place) {
    let page = Page::open_as(options, Look { width: 1280, height: 720, ..Look::default() }).await;
    page.run(SCENE).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 3").await;
    page.drawn().await;
    let place = Place::of(&page).await;
    (page, place)
}

/// Where the document's corner is in the window.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    left: f64,
    top: f64,
}

impl Place {
    async fn of(page: &Page) -> Self {
        let script = "const stage = document.querySelector('#stage').getBoundingClientRect(); \
                      const half = (room, side) => Math.round((Math.round(room) - side) / 2); \
                      return [stage.left + half(stage.width, 400), stage.top + half(stage.height, 300)];";
        let corner: [f64; 2] = serde_json::from_value(page.run(script).await).expect("two numbers");
        Self { left: corner[0], top: corner[1] }
    }

    pub(crate) fn at(self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x, self.top + y)
    }
}

const SHIFT: u8 = 8;
const ALT: u8 = 1;
const CONTROL: u8 = 2;

pub(crate) async fn mouse(page: &Page, kind: &str, (x, y): (f64, f64), buttons: u8, modifiers: u8) {
    let button = if kind == "mouseMoved" && buttons == 0 { "none" } else { "left" };
    let event = json!({
        "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1, "modifiers": modifiers,
    });
    page.devtools("Input.dispatchMouseEvent", event).await;
}

async fn drag(page: &Page, from: (f64, f64), to: (f64, f64), modifiers: u8) {
    mouse(page, "mouseMoved", from, 0, modifiers).await;
    mouse(page, "mousePressed", from, 1, modifiers).await;
    for step in [0.25, 0.5, 0.75, 1.0] {
        let at = (from.0 + (to.0 - from.0) * step, from.1 + (to.1 - from.1) * step);
        mouse(page, "mouseMoved", at, 1, modifiers).await;
    }
    mouse(page, "mouseReleased", to, 0, modifiers).await;
    page.drawn().await;
}

pub(crate) async fn click(page: &Page, at: (f64, f64), modifiers: u8) {
    mouse(page, "mouseMoved", at, 0, modifiers).await;
    mouse(page, "mousePressed", at, 1, modifiers).await;
    mouse(page, "mouseReleased", at, 0, modifiers).await;
    page.drawn().await;
}

/// Where the layers are, as a file would have it.
async fn layers(page: &Page) -> Vec<Value> {
    page.chord(Key::Control, "s").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'save_document')").await;
    let saved = page.calls("save_document").await.pop().expect("it was saved");
    page.run("__MOCK__.calls = __MOCK__.calls.filter((call) => call.command !== 'save_document')")
        .await;
    saved["document"]["layers"].as_array().expect("layers").clone()
}

fn rect(layer: &Value) -> [i64; 4] {
    ["x", "y", "width", "height"].map(|key| layer[key].as_i64().expect("a number"))
}

async fn wait_for_calls(page: &Page, command: &str, count: usize) -> Vec<Value> {
    page.wait(&format!(
        "__MOCK__.calls.filter((call) => call.command === '{command}').length >= {count}"
    ))
    .await;
    page.drawn().await;
    page.calls(command).await
}

/// The colour of a pixel of a layer's own image.
async fn image_pixel(page: &Page, layer: &Value, x: i64, y: i64) -> [u8; 4] {
    let script = format!(
        "const body = __MOCK__.images.get({}); const width = new DataView(body).getUint32(0, true); \
         return [...new Uint8Array(body, 8 + 4 * ({y} * width + {x}), 4)];",
        layer["image"]
    );
    serde_json::from_value(page.run(&script).await).expect("four numbers")
}

async fn selected_name(page: &Page) -> String {
    page.text("#layers [aria-selected=true]").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_move_tool_takes_the_layer_under_the_pointer_and_undo_puts_it_back() {
    let (page, place) = scene().await;
    drag(&page, place.at(100.0, 90.0), place.at(131.0, 118.0), 0).await;
    assert!(selected_name(&page).await.contains("Blue"));
    assert_eq!(rect(&layers(&page).await[1]), [91, 78, 100, 80]);
    page.chord(Key::Control, "z").await;
    assert_eq!(rect(&layers(&page).await[1]), [60, 50, 100, 80]);
    assert!(page.calls("transform_layer").await.is_empty(), "no pixels were made for a move");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_layer_catches_on_edges_unless_control_is_held() {
    let (page, place) = scene().await;
    // Three pixels short of the left edge of the canvas.
    drag(&page, place.at(100.0, 90.0), place.at(43.0, 91.0), 0).await;
    assert_eq!(rect(&layers(&page).await[1])[0], 0);
    page.chord(Key::Control, "z").await;
    drag(&page, place.at(100.0, 90.0), place.at(43.0, 91.0), CONTROL).await;
    assert_eq!(rect(&layers(&page).await[1])[0], 3);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arrows_nudge_by_one_and_with_shift_by_ten_as_one_step() {
    let (page, place) = scene().await;
    click(&page, place.at(100.0, 90.0), 0).await;
    page.keys(Key::Right + Key::Right + Key::Down).await;
    page.chord(Key::Shift, Key::Left).await;
    assert_eq!(rect(&layers(&page).await[1]), [52, 51, 100, 80]);
    page.chord(Key::Control, "z").await;
    assert_eq!(rect(&layers(&page).await[1]), [60, 50, 100, 80]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_scales_and_enter_makes_it_one_step_with_the_matrix_that_was_shown() {
    let (page, place) = scene().await;
    click(&page, place.at(100.0, 90.0), 0).await;
    drag(&page, place.at(160.0, 130.0), place.at(192.0, 162.0), CONTROL).await;
    assert!(page.calls("transform_layer").await.is_empty(), "not before Enter");
    assert_eq!(page.get("document.querySelector('#transform-width').value").await, "132");
    page.keys(Key::Enter).await;
    let calls = wait_for_calls(&page, "transform_layer", 1).await;
    let matrix: [f64; 6] =
        serde_json::from_value(calls[0]["transform"]["matrix"].clone()).expect("six numbers");
    let expected = [1.32, 0.0, 0.0, 1.4, 60.0 - 60.0 * 1.32, 50.0 - 50.0 * 1.4];
    for (actual, wanted) in matrix.iter().zip(expected) {
        assert!((actual - wanted).abs() < 1e-9, "{matrix:?}");
    }
    page.wait("document.querySelector('#transform-apply').closest('[hidden]')").await;
    assert_eq!(rect(&layers(&page).await[1]), [60, 50, 132, 112]);
    page.chord(Key::Control, "z").await;
    assert_eq!(rect(&layers(&page).await[1]), [60, 50, 100, 80]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_forgets_a_transform_and_control_z_takes_it_back_before_the_document() {
    let (page, place) = scene().await;
    drag(&page, place.at(100.0, 90.0), place.at(120.0, 112.0), CONTROL).await;
    click(&page, place.at(250.0, 180.0), 0).await;
    for back in ["escape", "undo"] {
        page.chord(Key::Control, "t").await;
        drag(&page, place.at(310.0, 230.0), place.at(360.0, 280.0), CONTROL).await;
        assert_eq!(
            page.get("document.querySelector('#transform-width').value").await,
            "140",
            "{back}"
        );
        if back == "escape" {
            page.keys(Key::Escape).await;
        } else {
            page.chord(Key::Control, "z").await;
        }
        page.drawn().await;
        assert_eq!(
            page.get("document.querySelector('#transform-width').value").await,
            "90",
            "{back}"
        );
    }
    assert!(page.calls("transform_layer").await.is_empty());
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_place_size_and_turn_a_layer() {
    let (page, place) = scene().await;
    click(&page, place.at(250.0, 180.0), 0).await;
    let write = async |id: &str, value: &str| {
        page.run(&format!(
            "const field = document.querySelector('#transform-{id}'); field.focus(); field.select()"
        ))
        .await;
        page.keys(value).await;
        page.keys(Key::Enter).await;
        page.drawn().await;
    };
    write("x", "7").await;
    assert_eq!(rect(&layers(&page).await[2]), [7, 140, 90, 90]);
    write("angle", "90").await;
    page.click("#transform-apply").await;
    let calls = wait_for_calls(&page, "transform_layer", 1).await;
    let matrix: [f64; 6] =
        serde_json::from_value(calls[0]["transform"]["matrix"].clone()).expect("six numbers");
    assert_eq!(
        matrix,
        [0.0, 1.0, -1.0, 0.0, 52.0 + 185.0, 185.0 - 52.0],
        "a quarter turn about the middle"
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_layers_align_to_each_other_and_one_to_the_canvas_as_one_step() {
    let (page, place) = scene().await;
    click(&page, place.at(100.0, 90.0), 0).await;
    click(&page, place.at(250.0, 180.0), SHIFT).await;
    page.click("#align").await;
    page.click("[data-command='layer.align-bottom']").await;
    let after = layers(&page).await;
    assert_eq!([rect(&after[1])[1], rect(&after[2])[1]], [150, 140]);
    page.click("[data-command='layer.align-left']").await;
    let after = layers(&page).await;
    assert_eq!([rect(&after[1])[0], rect(&after[2])[0]], [60, 60]);
    page.run("document.querySelector('#stage').focus()").await;
    page.chord(Key::Control, "z").await;
    page.chord(Key::Control, "z").await;
    click(&page, place.at(100.0, 90.0), 0).await;
    page.click("#align").await;
    page.click("[data-command='layer.align-right']").await;
    assert_eq!(rect(&layers(&page).await[1]), [300, 50, 100, 80]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rectangle_selects_and_held_keys_add_subtract_and_intersect() {
    let (page, place) = scene().await;
    page.keys(Key::Escape).await;
    page.run("document.querySelector('#stage').focus()").await;
    page.keys("m").await;
    drag(&page, place.at(20.0, 21.0), place.at(121.0, 103.0), CONTROL).await;
    let calls = wait_for_calls(&page, "select", 1).await;
    assert_eq!(calls[0]["request"]["op"], "replace");
    let shape = json!({ "kind": "rect", "x": 20, "y": 21, "width": 101, "height": 82 });
    assert_eq!(calls[0]["request"]["shape"], shape);
    for (index, (modifiers, op)) in
        [(SHIFT, "add"), (ALT, "subtract"), (SHIFT | ALT, "intersect")].into_iter().enumerate()
    {
        drag(&page, place.at(50.0, 51.0), place.at(90.0, 81.0), modifiers).await;
        let calls = wait_for_calls(&page, "select", index + 2).await;
        assert_eq!(calls[index + 1]["request"]["op"], op);
        assert!(
            calls[index + 1]["request"]["base"]["id"].as_i64().is_some(),
            "{op} starts from what was"
        );
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drag_inside_moves_the_selection_and_a_click_beside_drops_it() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.keys("m").await;
    drag(&page, place.at(20.0, 20.0), place.at(120.0, 100.0), CONTROL).await;
    wait_for_calls(&page, "selection_outline", 1).await;
    drag(&page, place.at(60.0, 60.0), place.at(75.0, 72.0), 0).await;
    page.keys(Key::Right).await;
    // What is then filled shows where it is.
    page.keys("v").await;
    click(&page, place.at(390.0, 290.0), 0).await;
    page.chord(Key::Shift, Key::F5).await;
    let filled = wait_for_calls(&page, "fill_selected", 1).await;
    let selection = &filled[0]["request"]["selection"];
    assert_eq!(rect(selection), [36, 32, 100, 80]);
    page.keys("m").await;
    click(&page, place.at(300.0, 250.0), 0).await;
    page.keys("v").await;
    page.keys(Key::Delete).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 2").await;
    assert!(page.calls("clear_selected").await.is_empty(), "nothing was selected any more");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ellipse_and_both_lassos_give_their_shapes() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.chord(Key::Shift, "m").await;
    drag(&page, place.at(20.0, 21.0), place.at(121.0, 103.0), CONTROL).await;
    let calls = wait_for_calls(&page, "select", 1).await;
    let shape = json!({ "kind": "ellipse", "x": 20, "y": 21, "width": 101, "height": 82 });
    assert_eq!(calls[0]["request"]["shape"], shape);

    page.keys("l").await;
    drag(&page, place.at(200.0, 200.0), place.at(240.0, 240.0), 0).await;
    let calls = wait_for_calls(&page, "select", 2).await;
    let points = calls[1]["request"]["shape"]["points"].as_array().expect("points").len();
    assert!(points >= 6 && points.is_multiple_of(2), "{points} numbers");

    page.chord(Key::Shift, "l").await;
    for (x, y) in [(300.0, 200.0), (380.0, 200.0), (380.0, 280.0)] {
        click(&page, place.at(x, y), 0).await;
    }
    page.keys(Key::Enter).await;
    let calls = wait_for_calls(&page, "select", 3).await;
    assert_eq!(calls[2]["request"]["shape"]["points"].as_array().expect("points").len(), 6);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selection_commands_have_their_keys_and_ask_for_amounts() {
    let (page, _) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.chord(Key::Control, "a").await;
    wait_for_calls(&page, "select", 1).await;
    page.control_shift("i").await;
    let inverted = wait_for_calls(&page, "modify_selection", 1).await;
    assert_eq!(inverted[0]["request"]["change"]["kind"], "invert");
    // Everything was selected; its inverse is nothing.
    page.control_shift("i").await;
    wait_for_calls(&page, "select", 2).await;
    page.chord(Key::Shift, Key::F6).await;
    page.wait("document.querySelector('#amount-dialog').open").await;
    page.keys("12").await;
    page.keys(Key::Enter).await;
    let feathered = wait_for_calls(&page, "modify_selection", 2).await;
    assert_eq!(feathered[1]["request"]["change"], json!({ "kind": "feather", "by": 12 }));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stroke_is_painted_within_the_selection_and_undone_as_one_step() {
    let (page, place) = scene().await;
    click(&page, place.at(100.0, 90.0), 0).await;
    page.keys("m").await;
    drag(&page, place.at(80.0, 60.0), place.at(120.0, 120.0), CONTROL).await;
    wait_for_calls(&page, "select", 1).await;
    page.keys("b").await;
    drag(&page, place.at(65.0, 90.0), place.at(155.0, 90.0), 0).await;
    let patches = wait_for_calls(&page, "patch_image", 1).await;
    assert_eq!(patches.len(), 1);
    let after = layers(&page).await;
    let blue = &after[1];
    assert_eq!(rect(blue), [60, 50, 100, 80], "nothing was painted outside of the layer");
    assert_eq!(image_pixel(&page, blue, 40, 40).await, [0, 0, 0, 255]);
    assert_eq!(image_pixel(&page, blue, 10, 40).await, [60, 120, 220, 255], "not selected");
    assert_eq!(image_pixel(&page, blue, 40, 10).await, [60, 120, 220, 255], "not under the brush");
    let image = blue["image"].clone();
    page.chord(Key::Control, "z").await;
    let before = layers(&page).await;
    assert_ne!(before[1]["image"], image);
    assert_eq!(image_pixel(&page, &before[1], 40, 40).await, [60, 120, 220, 255]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn painting_beside_a_layer_makes_it_larger_and_half_opacity_is_half() {
    let (page, place) = scene().await;
    click(&page, place.at(250.0, 180.0), 0).await;
    page.keys("b").await;
    page.keys("5").await;
    assert_eq!(page.get("document.querySelector('#brush-opacity').value").await, "50");
    click(&page, place.at(100.0, 200.0), 0).await;
    wait_for_calls(&page, "patch_image", 1).await;
    let after = layers(&page).await;
    let red = &after[2];
    let [left, top, width, height] = rect(red);
    assert_eq!([left + width, top + height], [310, 230], "the right and the lower edge stay");
    assert!(left <= 88 && top == 140, "{left}, {top}");
    assert_eq!(image_pixel(&page, red, 100 - left, 200 - top).await, [0, 0, 0, 128]);
    assert_eq!(image_pixel(&page, red, 250 - left, 180 - top).await, [214, 52, 58, 255]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strokes_wait_for_a_late_answer_and_undo_waits_for_them() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    click(&page, place.at(20.0, 20.0), 0).await;
    page.keys("b").await;
    page.run("__MOCK__.holdPatches = true").await;
    drag(&page, place.at(30.0, 30.0), place.at(200.0, 30.0), 0).await;
    drag(&page, place.at(30.0, 80.0), place.at(200.0, 80.0), 0).await;
    page.chord(Key::Control, "z").await;
    page.run("__MOCK__.holdPatches = false").await;
    wait_for_calls(&page, "patch_image", 2).await;
    // Both strokes arrived; the undo that was asked for while they were on their way took back the second.
    page.wait("!document.querySelector('#redo').matches('[aria-disabled=true]')").await;
    let paper = layers(&page).await[0].clone();
    assert_eq!(image_pixel(&page, &paper, 100, 30).await, [0, 0, 0, 255]);
    assert_eq!(image_pixel(&page, &paper, 100, 80).await, [240, 235, 220, 255]);
    page.chord(Key::Control, "y").await;
    let paper = layers(&page).await[0].clone();
    assert_eq!(image_pixel(&page, &paper, 100, 80).await, [0, 0, 0, 255]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eraser_takes_away_and_a_locked_layer_says_so() {
    let (page, place) = scene().await;
    click(&page, place.at(250.0, 180.0), 0).await;
    page.keys("e").await;
    click(&page, place.at(265.0, 185.0), 0).await;
    wait_for_calls(&page, "patch_image", 1).await;
    let red = layers(&page).await[2].clone();
    assert_eq!(image_pixel(&page, &red, 45, 45).await, [214, 52, 58, 0]);
    assert_eq!(image_pixel(&page, &red, 5, 5).await, [214, 52, 58, 255]);

    page.chord(Key::Control, "/").await;
    page.drawn().await;
    if page.get("document.querySelector('.is-locked, [data-locked]') !== null").await == json!(true)
    {
        click(&page, place.at(230.0, 150.0), 0).await;
        page.wait("document.querySelector('.notice.is-error')").await;
        assert_eq!(page.calls("patch_image").await.len(), 1);
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shift_paints_a_straight_line_and_brackets_change_the_size() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    click(&page, place.at(20.0, 20.0), 0).await;
    page.keys("b").await;
    page.keys("]").await;
    assert_eq!(page.get("document.querySelector('#brush-size').value").await, "30");
    page.keys("[[").await;
    click(&page, place.at(30.0, 250.0), 0).await;
    wait_for_calls(&page, "patch_image", 1).await;
    click(&page, place.at(230.0, 250.0), SHIFT).await;
    wait_for_calls(&page, "patch_image", 2).await;
    let paper = layers(&page).await[0].clone();
    for x in [30, 90, 130, 229] {
        assert_eq!(image_pixel(&page, &paper, x, 250).await, [0, 0, 0, 255], "at {x}");
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eyedropper_takes_what_is_seen_also_with_alt_under_the_brush() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.keys("i").await;
    click(&page, place.at(100.0, 90.0), 0).await;
    page.wait("document.querySelector('#colour').title.includes('#3c78dc')").await;
    page.keys("b").await;
    click(&page, place.at(250.0, 180.0), ALT).await;
    page.wait("document.querySelector('#colour').title.includes('#d6343a')").await;
    assert!(page.calls("patch_image").await.is_empty(), "Alt did not paint");
    page.keys("x").await;
    page.drawn().await;
    assert!(
        page.get("document.querySelector('#other-colour').title.includes('#d6343a')").await
            == json!(true)
    );
    page.keys("d").await;
    page.drawn().await;
    assert!(
        page.get("document.querySelector('#colour').title.includes('#000000')").await
            == json!(true)
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_colour_panel_works_by_pointer_and_keyboard() {
    let (page, _) = scene().await;
    page.click("#colour").await;
    page.wait("!document.querySelector('#colour-panel').hidden").await;
    page.run("const field = document.querySelector('#colour-hex'); field.focus(); field.select()")
        .await;
    page.keys("#ff8000").await;
    page.drawn().await;
    assert!(
        page.get("document.querySelector('#colour').title.includes('#ff8000')").await
            == json!(true)
    );
    page.run("document.querySelector('#colour-square').focus()").await;
    for _ in 0..10 {
        page.keys(Key::Left).await;
    }
    page.drawn().await;
    let value =
        page.get("document.querySelector('#colour-square').getAttribute('aria-valuetext')").await;
    assert_eq!(value, "Saturation 90 %, brightness 100 %");
    page.keys(Key::Escape).await;
    page.wait("document.querySelector('#colour-panel').hidden").await;
    assert_eq!(page.get("document.activeElement.id").await, "colour");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crop_cuts_the_canvas_at_enter_and_keeps_what_lies_outside() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.keys("c").await;
    drag(&page, place.at(30.0, 41.0), place.at(301.0, 251.0), CONTROL).await;
    assert_eq!(page.get("document.querySelector('#crop-width').value").await, "271");
    page.keys(Key::Enter).await;
    page.wait("document.querySelector('#picture-size').textContent.includes('271 × 210')").await;
    let after = layers(&page).await;
    assert_eq!(rect(&after[0]), [-30, -41, 400, 300], "measured from the new corner, nothing lost");
    page.chord(Key::Control, "z").await;
    page.wait("document.querySelector('#picture-size').textContent.includes('400 × 300')").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_canvas_gets_another_size_around_the_place_that_was_chosen() {
    let (page, _) = scene().await;
    let chain = "document.querySelector('#stage').focus()";
    page.run(chain).await;
    let keys = json!({ "type": "rawKeyDown", "key": "c", "code": "KeyC", "modifiers": ALT | CONTROL, "windowsVirtualKeyCode": 67 });
    page.devtools("Input.dispatchKeyEvent", keys).await;
    page.wait("document.querySelector('#canvas-size-dialog').open").await;
    page.keys("500").await;
    page.click(".anchor-grid [aria-label='Bottom right']").await;
    page.click("#canvas-size-done").await;
    page.wait("document.querySelector('#picture-size').textContent.includes('500 × 300')").await;
    assert_eq!(rect(&layers(&page).await[0]), [100, 0, 400, 300]);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guides_come_out_of_the_rulers_and_go_back_into_them() {
    let (page, place) = scene().await;
    page.run("document.querySelector('#stage').focus()").await;
    page.chord(Key::Control, "r").await;
    page.wait("!document.querySelector('.ruler-left').hidden").await;
    let edge: [f64; 2] = serde_json::from_value(
        page.run("const box = document.querySelector('#stage').getBoundingClientRect(); return [box.left + 8, box.top + 8]").await,
    )
    .expect("two numbers");
    let middle = place.at(150.0, 150.0).1;
    drag(&page, (edge[0], middle), (place.at(210.0, 0.0).0, middle), 0).await;
    // The blue layer's right edge, 160, catches on the guide.
    drag(&page, place.at(100.0, 90.0), place.at(148.0, 92.0), 0).await;
    assert_eq!(rect(&layers(&page).await[1])[0], 110);
    page.chord(Key::Control, "z").await;
    drag(&page, place.at(210.0, 20.0), (edge[0], place.at(0.0, 20.0).1), 0).await;
    drag(&page, place.at(100.0, 90.0), place.at(148.0, 92.0), 0).await;
    assert_eq!(rect(&layers(&page).await[1])[0], 108, "the guide is gone");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_one_stop_of_the_keyboard_and_have_names_and_keys() {
    let (page, _) = scene().await;
    let stops =
        page.get("document.querySelectorAll('#toolbox [role=radio][tabindex=\"0\"]').length").await;
    assert_eq!(stops, 1);
    page.run("document.querySelector('#toolbox [role=radio][tabindex=\"0\"]').focus()").await;
    page.keys(Key::Down).await;
    assert_eq!(page.get("document.activeElement.getAttribute('aria-checked')").await, "true");
    assert_eq!(page.get("document.activeElement.getAttribute('aria-label')").await, "Rectangle");
    let untitled = page.get("[...document.querySelectorAll('#toolbox [role=radio]')].filter((button) => !button.title).length").await;
    assert_eq!(untitled, 0);
    page.close().await;
}
