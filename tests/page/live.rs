//! What a hand does is seen at once, on the graphics card and without one, and stays as it was seen.

use serde_json::{Value, json};

use crate::{
    browser::Page,
    tools::{Place, click, mouse, scene_as},
};

/// In the middle of the red layer, whose colour this is.
const SPOT: (f64, f64) = (265.0, 185.0);
const RED: [u8; 4] = [214, 52, 58, 255];
const PAPER: [u8; 4] = [240, 235, 220, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];

const CARD: &str = "stepMs=1";
const NO_CARD: &str = "stepMs=60&canvas=cpu";

/// Writes down what a pixel of the canvas becomes, frame after frame, and what it is in the frame after a press.
async fn watch(page: &Page, place: Place) {
    let (x, y) = place.at(SPOT.0, SPOT.1);
    page.run(&format!(
        "const canvas = document.querySelector('#canvas');
         const box = canvas.getBoundingClientRect();
         const read = () => String([...canvas.getContext('2d').getImageData({x} - box.left, {y} - box.top, 1, 1).data]);
         const seen = globalThis.seen = {{ colours: [], afterPress: null }};
         const look = () => {{ const colour = read(); if (seen.colours.at(-1) !== colour) seen.colours.push(colour); }};
         (function turn() {{ setTimeout(look); requestAnimationFrame(turn); }})();
         addEventListener('pointerdown', () => requestAnimationFrame(() => setTimeout(() => (seen.afterPress = read()))), {{ capture: true, once: true }});"
    ))
    .await;
    page.drawn().await;
}

async fn press(page: &Page, place: Place) {
    let at = place.at(SPOT.0, SPOT.1);
    mouse(page, "mouseMoved", at, 0, 0).await;
    mouse(page, "mousePressed", at, 1, 0).await;
    page.drawn().await;
}

async fn release(page: &Page, place: Place) {
    mouse(page, "mouseReleased", place.at(SPOT.0, SPOT.1), 0, 0).await;
    page.wait("__MOCK__.calls.some(({ command }) => command.startsWith('patch_'))").await;
    page.wait("editorCanvas.stats().stale === 0").await;
    // Longer than Rust takes for a tile here.
    page.promise("new Promise((done) => setTimeout(done, 300))").await;
}

fn colours(list: &[[u8; 4]]) -> Value {
    let texts = list.iter().map(|colour| colour.map(|level| level.to_string()).join(","));
    json!(texts.collect::<Vec<_>>())
}

/// One dab; the picture goes from one colour to the other and never back.
async fn dab(page: &Page, place: Place, to: [u8; 4], at_once: bool) {
    watch(page, place).await;
    press(page, place).await;
    if at_once {
        assert_eq!(page.get("[seen.afterPress]").await, colours(&[to]), "in the next frame");
    } else {
        page.wait(&format!(
            "seen.colours.at(-1) === '{}'",
            to.map(|level| level.to_string()).join(",")
        ))
        .await;
    }
    release(page, place).await;
    assert_eq!(page.get("seen.colours").await, colours(&[RED, to]), "nothing in between");
}

async fn red_layer(options: &str) -> (Page, Place) {
    let (page, place) = scene_as(options).await;
    click(&page, place.at(SPOT.0, SPOT.1), 0).await;
    settled(&page).await;
    (page, place)
}

/// Waits until the tiles of the layers have come too, which do so while nothing else is to do.
async fn settled(page: &Page) {
    page.wait("editorCanvas.stats().stale === 0").await;
    let mut before = json!(null);
    loop {
        page.drawn().await;
        let tiles = page.get("editorCanvas.stats().tiles").await;
        if tiles["waiting"] == 0 && tiles == before {
            return;
        }
        before = tiles;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dab_of_the_brush_is_there_in_the_next_frame_and_stays() {
    for options in [CARD, NO_CARD] {
        let (page, place) = red_layer(options).await;
        page.keys("b").await;
        dab(&page, place, BLACK, true).await;
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dab_of_the_eraser_shows_what_lies_below() {
    for options in [CARD, NO_CARD] {
        let (page, place) = red_layer(options).await;
        page.keys("e").await;
        dab(&page, place, PAPER, options == CARD).await;
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dab_on_a_mask_hides_at_once() {
    for options in [CARD, NO_CARD] {
        let (page, place) = red_layer(options).await;
        page.click("[data-action='layer.mask-add']").await;
        page.wait("!document.querySelector(\"[data-layer-id='3'] .layer-mask\").hidden").await;
        page.click("[data-layer-id='3'] .layer-mask").await;
        page.keys("b").await;
        settled(&page).await;
        dab(&page, place, PAPER, options == CARD).await;
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_graphics_card_is_stood_in_for_and_taken_back() {
    let (page, place) = red_layer(CARD).await;
    page.keys("b").await;
    page.run("globalThis.giveBack = editorCanvas.loseCard()").await;
    page.wait("!editorCanvas.stats().withCard").await;
    let rendered = "__MOCK__.calls.filter(({ command }) => command === 'render_tiles').length";
    let before = page.get(rendered).await.as_u64().expect("a number");
    dab(&page, place, BLACK, true).await;
    assert!(page.get(rendered).await.as_u64().is_some_and(|calls| calls > before), "by Rust");

    page.run("giveBack()").await;
    page.wait("editorCanvas.stats().withCard").await;
    let made = page.get("editorCanvas.stats().made").await;
    page.chord(thirtyfour::Key::Control, "z").await;
    page.wait(&format!(
        "seen.colours.at(-1) === '{}'",
        RED.map(|level| level.to_string()).join(",")
    ))
    .await;
    assert!(page.get("editorCanvas.stats().made").await.as_f64() > made.as_f64(), "by the card");
    page.close().await;
}
