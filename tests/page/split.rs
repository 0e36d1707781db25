use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Look, Page};

const SHOWN: &str = "[...document.querySelectorAll('#layers [data-layer-id]')].map((row) => row.getAttribute('aria-label').replace(/, \\d+ × \\d+/, ''))";
const WAITS: &str = "document.querySelector('#split-keep').checkVisibility()";

async fn open_picture(options: &str) -> Page {
    let look = Look { width: 1280, height: 800, ..Look::default() };
    let page = Page::open_as(options, look).await;
    page.run("__MOCK__.emit('menu', 'file.open')").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    page
}

/// Notes everything that a line says from now on, however short it is seen.
async fn note_down(page: &Page, selector: &str) {
    let script = format!(
        "window.said = []; const line = document.querySelector('{selector}');
         new MutationObserver(() => said.push(line.textContent)).observe(line, {{ childList: true, characterData: true, subtree: true }});"
    );
    page.run(&script).await;
}

/// What was said, without repetitions.
async fn said(page: &Page) -> Vec<String> {
    let said: Vec<String> =
        serde_json::from_value(page.get("[...new Set(said)]").await).expect("texts");
    said
}

async fn split(page: &Page) {
    page.click("#split-start").await;
    page.wait(WAITS).await;
    page.drawn().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_becomes_layers_that_are_kept_in_one_step_of_undo() {
    let page = open_picture("stepMs=20").await;
    let tab = "document.querySelector('#tab-split').getAttribute('aria-selected')";
    assert_eq!(page.get(tab).await, json!("true"));
    assert!(page.text("#split-target").await.contains("opened.png"));
    assert_eq!(page.get("document.querySelector('#split-count').value").await, json!("4"));
    let note = page.text("#split-model-note").await;
    assert!(note.contains("Starter model: small, for trying out"), "{note}");

    note_down(&page, "#split-text").await;
    page.click("#split-start").await;
    page.wait(WAITS).await;
    let said = said(&page).await;
    let stages = [
        "Loading the model…",
        "Looking at the picture…",
        "Getting ready to separate…",
        "Separating… · Step ",
        "Drawing the layers…",
        "Rebuilding at full size…",
    ];
    let mut rest = said.iter();
    for stage in stages {
        assert!(rest.any(|line| line.starts_with(stage)), "{stage} in its turn: {said:?}");
    }
    assert!(
        said.iter().any(|line| line.starts_with("Separating") && line.ends_with(" left")),
        "{said:?}"
    );
    assert!(page.text("#split-caption").await.contains("a blue disc on yellow"));
    let names = "[...document.querySelectorAll('#split-layers .layer-name')].map((name) => name.textContent)";
    assert_eq!(
        page.get(names).await,
        json!(["Layer 3", "Layer 2", "Layer 1", "Background"]),
        "the top layer is first"
    );
    assert!(page.text("#split-report").await.contains("0.4 levels of 255"));
    assert_eq!(page.layer_count().await, 1, "nothing is changed yet");
    let request = &page.calls("decompose").await[0]["request"];
    assert_eq!(
        json!([
            request["model"],
            request["image"],
            request["layers"],
            request["prompt"],
            request["steps"],
            request["guidance"]
        ]),
        json!(["starter-layered", 1, 4, "", 5, 2])
    );

    page.click("#split-keep").await;
    assert_eq!(
        page.get(SHOWN).await,
        json!(["Layer 3", "Layer 2", "Layer 1", "Background", "opened.png, hidden, locked"])
    );
    assert!(
        page.text("#recipe").await.starts_with("Made by Layered starter, seed "),
        "{}",
        page.text("#recipe").await
    );
    assert!(page.text("#recipe").await.contains("Starter model"));
    page.chord(Key::Control, "z").await;
    assert_eq!(page.get(SHOWN).await, json!(["opened.png"]), "one step");
    page.chord(Key::Control, "y").await;
    assert_eq!(page.layer_count().await, 5);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_appear_in_the_list_while_they_come_into_being() {
    let page = open_picture("stepMs=1&hold=1").await;
    page.click("#split-start").await;
    page.wait("document.querySelector('#split-text').textContent.includes('Step 2 of 5')").await;
    assert_eq!(page.get("document.querySelectorAll('#split-layers li').length").await, json!(4));
    let progress = "document.querySelector('#progress').getAttribute('aria-valuenow')";
    assert_eq!(page.get(progress).await, json!("40"));
    assert_eq!(page.layer_count().await, 1, "previews are no layers");
    assert_eq!(page.get("document.querySelector('#generating').hidden").await, json!(false));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_seen_before_it_is_kept_and_gone_when_it_is_discarded() {
    let page = open_picture("stepMs=1").await;
    page.drawn().await;
    let (x, y, width, height) = page.picture().await;
    let corner = (x + width - 4, y + height - 4);
    let before = page.pixel(corner.0, corner.1).await;
    assert_eq!(before, [240, 240, 200, 255]);
    split(&page).await;
    assert_eq!(page.pixel(corner.0, corner.1).await, [200, 200, 190, 255], "the new background");
    page.click("#split-discard").await;
    page.drawn().await;
    assert_eq!(page.pixel(corner.0, corner.1).await, before);
    assert_eq!(
        page.get("document.querySelector('#undo').getAttribute('aria-disabled')").await,
        json!("true"),
        "opening begins a document, which has nothing to undo"
    );
    assert_eq!(
        page.get("document.title.startsWith('•')").await,
        json!(false),
        "and nothing else has happened"
    );
    page.wait("document.querySelector('#split-start').checkVisibility()").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_by_keyboard_alone_and_split_again_makes_a_group() {
    let page = open_picture("stepMs=1").await;
    page.control_shift("l").await;
    assert_eq!(page.get("document.activeElement.id").await, json!("split-start"));
    page.keys(Key::Enter).await;
    page.wait(WAITS).await;
    assert_eq!(
        page.get("document.activeElement.id").await,
        json!("split-keep"),
        "the keyboard goes on where the work does"
    );
    page.keys(Key::Enter).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 5").await;

    page.run("document.querySelector('#layers [tabindex=\"0\"]').focus()").await;
    page.keys(Key::Down).await;
    page.control_shift("l").await;
    assert!(page.text("#split-target").await.contains("Layer 2"));
    page.chord(Key::Control, Key::Enter).await;
    page.wait(WAITS).await;
    page.chord(Key::Control, Key::Enter).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 10").await;
    assert_eq!(
        page.get(SHOWN).await,
        json!([
            "Layer 3",
            "Layer 2, Group of 5",
            "Layer 3",
            "Layer 2",
            "Layer 1",
            "Background",
            "Layer 2, hidden, locked",
            "Layer 1",
            "Background",
            "opened.png, hidden, locked",
        ])
    );
    page.chord(Key::Control, "z").await;
    assert_eq!(page.layer_count().await, 5);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_cancels_within_a_step_and_changes_nothing() {
    let page = open_picture("stepMs=1&hold=1").await;
    page.click("#split-prompt").await;
    page.keys("a disc").await;
    page.click("#split-start").await;
    page.wait("Number(document.querySelector('#progress').getAttribute('aria-valuenow')) > 0")
        .await;
    assert_eq!(
        page.text("#generate span:not(.icon)").await,
        "Queue up",
        "a picture would be made after it"
    );
    page.keys(Key::Escape).await;
    page.wait("document.querySelector('#split-start').checkVisibility()").await;
    assert_eq!(page.calls("cancel").await, [json!({ "jobId": 1 })]);
    assert_eq!(page.text("#split-text").await, "Cancelled. Nothing has changed.");
    assert_eq!(page.get("document.querySelector('#split-prompt').value").await, json!("a disc"));
    assert_eq!(page.layer_count().await, 1);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_fails_is_told_and_trying_again_takes_another_seed() {
    let page = open_picture("stepMs=20&report=failing").await;
    split(&page).await;
    let report = page.text("#split-report").await;
    assert!(report.contains("This did not come out well."), "{report}");
    assert!(report.contains("Layer 2 is empty."), "{report}");
    assert_eq!(
        page.get("document.querySelector('#split-error').textContent").await,
        json!(""),
        "it is no error"
    );

    page.run("__MOCK__.options.report = 'retry'").await;
    note_down(&page, "#split-text").await;
    page.click("#split-again").await;
    page.wait(
        "document.querySelector('#split-report').textContent.includes('give your picture back')",
    )
    .await;
    page.wait(WAITS).await;
    let said = said(&page).await;
    assert!(said.iter().any(|line| line.starts_with("Trying once more. Separating…")), "{said:?}");
    let calls = page.calls("decompose").await;
    assert_eq!(calls[0]["request"]["image"], calls[1]["request"]["image"]);
    assert_ne!(calls[0]["request"]["seed"], calls[1]["request"]["seed"]);

    // A second try that is cancelled brings back what was there.
    page.run("__MOCK__.options.report = ''; __MOCK__.hold = true").await;
    page.click("#split-again").await;
    page.wait("document.querySelector('#split-cancel').checkVisibility()").await;
    page.keys(Key::Escape).await;
    page.wait(WAITS).await;
    page.click("#split-keep").await;
    assert_eq!(page.layer_count().await, 5);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_says_why_and_offers_a_way_out() {
    let page = open_picture("stepMs=1&fail=out_of_memory|Not enough memory for 4 layers.").await;
    page.click("#split-start").await;
    page.wait("document.querySelector('#split-error').textContent").await;
    assert!(page.text("#split-error").await.contains("Not enough memory for 4 layers."));
    assert_eq!(page.text("#error").await, "", "not where pictures are made");
    page.run("__MOCK__.options.fail = ''").await;
    page.click("#split-error .error-actions button").await;
    page.wait(WAITS).await;
    assert_eq!(page.calls("decompose").await[1]["request"]["layers"], json!(2));
    assert_eq!(page.text("#split-error").await, "");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_split_says_why() {
    let page = Page::open("stepMs=1&hold=1").await;
    let text = async || page.text("#split-text").await;
    page.click("#tab-split").await;
    assert_eq!(text().await, "Open a picture first, or drop one on the canvas.");
    page.click("#split-start").await;
    page.click("#tab-new").await;
    page.click("#prompt").await;
    page.keys("a gem").await;
    page.keys(Key::Enter).await;
    page.click("#tab-split").await;
    page.wait(
        "document.querySelector('#split-text').textContent.startsWith('A picture is being made.')",
    )
    .await;
    page.run("__MOCK__.hold = false").await;
    page.wait("document.querySelector('#split-text').textContent.startsWith('Makes 4 layers.')")
        .await;

    page.run("__MOCK__.options.open = '/a/hero.psd'; __MOCK__.emit('menu', 'file.open')").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    assert_eq!(text().await, "Choose one layer in the list at the right. A group cannot be split.");
    assert_eq!(
        page.get("document.querySelector('#layer-split').checkVisibility()").await,
        json!(false)
    );
    page.run("__MOCK__.options.open = '/a/tiny.png'; __MOCK__.options.side = 8; __MOCK__.emit('menu', 'file.open')").await;
    page.wait(
        "document.querySelector('#split-text').textContent.startsWith('This layer is too small')",
    )
    .await;
    assert_eq!(page.calls("decompose").await.len(), 0);
    page.close().await;

    let page = Page::open("models=none").await;
    page.click("#tab-split").await;
    assert!(page.text("#split-text").await.starts_with("No model here can separate pictures."));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_in_the_fold_are_sent_and_only_models_that_split_are_offered() {
    let page = open_picture("stepMs=1").await;
    let models =
        "[...document.querySelectorAll('#split-model option')].map((option) => option.textContent)";
    assert_eq!(page.get(models).await, json!(["Layered starter", "Qwen-Image-Layered"]));
    assert_eq!(page.get("[...document.querySelectorAll('#model option')].length").await, json!(3));
    page.run("const m = document.querySelector('#split-model'); m.value = 'layered'; m.dispatchEvent(new Event('change'))").await;
    let numbers = "['split-count', 'split-steps', 'split-guidance'].map((id) => Number(document.getElementById(id).value))";
    assert_eq!(page.get(numbers).await, json!([6, 50, 4]));
    page.click("#split-settings summary").await;
    for (field, text) in [
        ("#split-count", "2"),
        ("#split-steps", "3"),
        ("#split-seed", "42"),
        ("#split-negative", "dust"),
        ("#split-prompt", "a hat"),
    ] {
        page.run(&format!("const f = document.querySelector('{field}'); f.focus(); f.select()"))
            .await;
        page.keys(text).await;
    }
    page.click("#split-start").await;
    page.wait(WAITS).await;
    let request = &page.calls("decompose").await[0]["request"];
    let sent = ["model", "layers", "steps", "seed", "negative", "prompt", "guidance"]
        .map(|field| request[field].clone());
    assert_eq!(json!(sent), json!(["layered", 2, 3, 42, "dust", "a hat", 4]));
    page.close().await;
}
