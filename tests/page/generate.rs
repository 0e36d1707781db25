use serde_json::{Value, json};
use thirtyfour::Key;

use crate::browser::{Look, Page};

/// Where every panel is; generating must not move any of them.
const LAYOUT: &str = "['#toolbar', '#create', '#stage', '#side', '#footer', '#prompt', '#references', '#model', '#seed']
    .map((part) => Object.values(document.querySelector(part).getBoundingClientRect().toJSON()).join())";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_offers_three_examples_and_one_click_makes_a_picture() {
    let page = Page::open("stepMs=5").await;
    let examples =
        page.get("[...document.querySelectorAll('.example')].map((e) => e.dataset.example)").await;
    assert_eq!(examples.as_array().map(Vec::len), Some(3));

    page.click(".example").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    assert_eq!(page.get("document.querySelector('#prompt').value").await, examples[0]);
    assert_eq!(page.get("document.querySelector('#start').hidden").await, json!(true));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_offers_a_completion_that_tab_accepts() {
    let page = Page::open("").await;
    let rest = "document.querySelector('.prompt-ghost-rest')?.textContent ?? null";
    page.click("#prompt").await;
    page.keys("a glass").await;
    assert_eq!(page.get(rest).await, Value::Null, "nothing is offered before the space");
    page.keys(" ").await;
    assert_eq!(page.get(rest).await, json!("potion"));
    assert!(page.text("#prompt-suggestion").await.contains("potion"), "a screen reader hears it");

    page.keys("po").await;
    assert_eq!(page.get(rest).await, json!("tion"), "typing along keeps the offer");
    page.keys(Key::Tab).await;
    assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("a glass potion"));
    assert_eq!(page.get("document.activeElement.id").await, json!("prompt"));

    page.keys(" ").await;
    assert_eq!(page.get(rest).await, json!("on a dark background"));
    page.keys(Key::Escape).await;
    assert_eq!(page.get(rest).await, Value::Null);
    page.keys(Key::Tab).await;
    assert_eq!(
        page.get("document.activeElement.id").await,
        json!("generate"),
        "Tab moves on when nothing is offered"
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_becomes_a_layer_with_the_right_pixels() {
    let page = Page::open("stepMs=1&hold=1").await;
    let before = page.get(LAYOUT).await;
    page.click("#prompt").await;
    page.keys("a red potion").await;
    page.click("#generate").await;

    page.wait("Number(document.querySelector('#progress').getAttribute('aria-valuenow')) > 20")
        .await;
    assert_eq!(
        page.get("document.querySelector('#progress').getAttribute('role')").await,
        json!("progressbar")
    );
    let said = page.text("#job-text").await;
    assert!(said.starts_with("Step ") && said.contains(" of 8") && said.contains("left"), "{said}");
    assert_eq!(page.get(LAYOUT).await, before, "generating moves nothing");
    assert_eq!(page.get("document.querySelector('#generating').hidden").await, json!(false));
    let place = page.picture().await;
    let (x, y) = (place.0 + place.2 / 2, place.1 + place.3 / 2);
    assert_eq!(page.pixel(x, y).await[3], 255, "the preview is seen");
    assert_eq!(page.layer_count().await, 0, "and it is no layer yet");
    page.run("__MOCK__.hold = false").await;

    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    page.wait("document.querySelector('#cancel').hidden").await;
    page.drawn().await;
    assert_eq!(page.get(LAYOUT).await, before, "and nor does the result");
    assert_eq!(page.picture().await, place, "the picture is where the preview was");
    assert_eq!(page.pixel(place.0, place.1).await, [200, 100, 50, 255]);
    assert_eq!(page.text(".layer-name").await, "a red potion");
    assert_eq!(
        page.get("document.querySelector('#progress').classList.contains('is-active')").await,
        json!(false)
    );

    let request = &page.calls("generate").await[0]["request"];
    let seed = page.get("Number(document.querySelector('#seed').value)").await;
    assert_eq!(
        *request,
        json!({
            "model": "starter", "prompt": "a red potion", "negative": null, "width": 128, "height": 128,
            "steps": 8, "seed": seed, "guidance": null, "references": [], "init": null, "mask": null, "strength": 1, "loras": [],
        })
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_cancels_and_keeps_the_prompt() {
    let page = Page::open("stepMs=1&hold=1").await;
    page.click("#prompt").await;
    page.keys("a red potion").await;
    page.keys(Key::Enter).await;
    page.wait("Number(document.querySelector('#progress').getAttribute('aria-valuenow')) > 0")
        .await;
    page.keys(Key::Escape).await;
    page.wait("document.querySelector('#cancel').hidden").await;
    assert_eq!(page.calls("cancel").await, [json!({ "jobId": 1 })]);
    assert_eq!(page.layer_count().await, 0);
    assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("a red potion"));
    assert!(page.text("#job-text").await.contains("Cancelled"));
    assert_eq!(
        page.get("document.querySelector('#start').hidden").await,
        json!(false),
        "the empty canvas is back"
    );

    page.click("#generate").await;
    page.wait("!document.querySelector('#cancel').hidden").await;
    page.click("#cancel").await;
    page.wait("document.querySelector('#cancel').hidden").await;
    assert_eq!(page.calls("cancel").await.len(), 2, "the button cancels too");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_shows_the_error_and_keeps_the_prompt() {
    let page =
        Page::open("stepMs=5&fail=internal|The%20model%20made%20nothing.%20Try%20again.").await;
    page.click("#prompt").await;
    page.keys("a red potion").await;
    page.click("#generate").await;
    page.wait("document.querySelector('#error').textContent").await;
    assert!(page.text("#error").await.contains("The model made nothing. Try again."));
    assert_eq!(
        page.get("document.querySelector('#error').getAttribute('role')").await,
        json!("alert")
    );
    assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("a red potion"));
    assert_eq!(page.get("document.querySelector('#generate').hidden").await, json!(false));

    page.run("__MOCK__.options.fail = ''").await;
    page.click("#error .button-plain").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    assert_eq!(page.text("#error").await, "", "trying again takes the error away");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_memory_offers_a_smaller_size() {
    let page = Page::open("refuse=out_of_memory|Not%20enough%20memory.").await;
    page.click("#prompt").await;
    page.keys("a gem").await;
    page.click("#generate").await;
    page.wait("document.querySelector('#error .button-plain')").await;
    page.run("__MOCK__.options.refuse = ''").await;
    page.click("#error .button-plain").await;
    page.wait("__MOCK__.request").await;
    let request = page.get("__MOCK__.request").await;
    assert_eq!((&request["width"], &request["height"]), (&json!(96), &json!(96)));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_says_what_the_model_can_use() {
    let page = Page::open("stepMs=1").await;
    assert!(page.text("#model-note").await.contains("Starter model: small, for trying out"));
    let shown = "['#guidance', '#reuse', '#negative'].map((part) => document.querySelector(part).checkVisibility())";
    assert_eq!(page.get(shown).await, json!([false, false, false]), "the starter is distilled");

    page.run("const m = document.querySelector('#model'); m.value = 'klein-base'; m.dispatchEvent(new Event('change'))").await;
    assert_eq!(page.get(shown).await, json!([true, true, true]));
    let numbers = "['width', 'height', 'steps', 'guidance'].map((id) => Number(document.getElementById(id).value))";
    assert_eq!(page.get(numbers).await, json!([512, 512, 28, 4]));

    for (field, text) in
        [("#width", "300"), ("#height", "9999"), ("#steps", "3"), ("#seed", "9007199254740991")]
    {
        page.run(&format!("const f = document.querySelector('{field}'); f.focus(); f.select()"))
            .await;
        page.keys(text).await;
    }
    page.click("#reuse").await;
    page.click("#negative").await;
    page.keys("blur").await;
    page.make("a gem").await;
    let request = &page.calls("generate").await[0]["request"];
    let sent = ["width", "height", "steps", "seed", "guidance", "stepCache", "negative"]
        .map(|field| request[field].clone());
    assert_eq!(json!(sent), json!([304, 2048, 3, 9_007_199_254_740_991_u64, 4, 0.1, "blur"]));

    page.make("a gem").await;
    assert_eq!(
        page.calls("generate").await[1]["request"]["seed"],
        request["seed"],
        "a typed seed is kept"
    );
    page.click("#lock-seed").await;
    page.make("a gem").await;
    let shuffled = page.calls("generate").await[2]["request"]["seed"].as_u64();
    assert!(shuffled.is_some_and(|seed| seed <= u64::from(u32::MAX)), "{shuffled:?}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_splash_stays_until_the_engine_is_ready() {
    let page = Page::start("start=held", Look::default()).await;
    page.wait("document.querySelector('#splash-text').textContent").await;
    assert_eq!(page.calls("engine_status").await.len(), 1);
    page.wait("__MOCK__.calls.some((call) => call.command === 'ui_ready')").await;
    page.run("__MOCK__.options.start = ''").await;
    page.wait("!document.querySelector('#splash')").await;
    assert!(page.text("#status").await.contains("CPU (2 threads)"));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_start_is_told_where_generate_is() {
    let page = Page::open("engine=failed&models=none").await;
    assert!(page.text("#error").await.contains("The processor is too old."));
    assert_eq!(
        page.get("document.querySelector('#generate').getAttribute('aria-disabled')").await,
        json!("true")
    );
    assert_eq!(page.text("#status").await, "The engine did not start");
    page.click("#prompt").await;
    page.keys("a gem").await;
    page.keys(Key::Enter).await;
    assert_eq!(page.calls("generate").await.len(), 0);
    page.close().await;
}
