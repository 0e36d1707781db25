use serde_json::json;
use thirtyfour::Key;

use crate::browser::Page;

/// Opens the dialog of models as the menu does.
async fn open(options: &str) -> Page {
    let page = Page::open(options).await;
    page.run("__MOCK__.emit('menu', 'model.manage')").await;
    page.wait("document.querySelectorAll('#models-offered li').length === 2").await;
    page
}

/// Accepts the terms that are shown.
async fn accept(page: &Page) {
    page.wait("document.querySelector('#licence-dialog').open").await;
    page.click("#licence-agree").await;
    page.click("#licence-get").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_before_the_terms_are_read_and_accepted() {
    let page = open("stepMs=1").await;
    let asked = "__MOCK__.calls.filter(({ command }) => command === 'get_model').length";
    page.click("#get-klein-9b").await;
    page.wait("document.querySelector('#licence-dialog').open").await;
    let said = page.text("#licence-dialog").await;
    for words in ["FLUX Non-Commercial License", "LICENSE.md", "Apache License 2.0", "access token"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    page.click("#licence-get").await;
    assert_eq!(page.get("document.activeElement.id").await, json!("licence-agree"));
    assert_eq!(page.get(asked).await, json!(0));
    page.click("#licence-agree").await;
    page.click("#licence-get").await;
    page.wait("!document.querySelector('#licence-dialog').open").await;
    let args = page.get("__MOCK__.calls.find(({ command }) => command === 'get_model').args").await;
    assert_eq!(args["id"], json!("klein-9b"));
    assert_eq!(args["accepted"], json!(["flux-non-commercial", "apache-2.0"]));
    page.wait("document.querySelector('#models-there [data-model=\"klein-9b\"]')").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_shows_how_far_it_is_and_can_be_paused_continued_and_cancelled() {
    let page = open("stepMs=1&hold=1").await;
    page.click("#get-klein-4b").await;
    accept(&page).await;
    let row = "[data-model=klein-4b]";
    let said = format!("document.querySelector(\"{row} .model-progress\").textContent");
    page.wait(&format!("{said}.includes('left')")).await;
    let text = page.text(&format!("{row} .model-progress")).await;
    assert!(text.contains(" of ") && text.contains("a second"), "{text}");
    let value = format!(
        "document.querySelector(\"{row} [role=progressbar]\").getAttribute('aria-valuenow')"
    );
    assert_eq!(page.get(&value).await, json!("13"));
    page.click("#pause-klein-4b").await;
    page.wait(&format!("{said}.startsWith('Paused at')")).await;
    assert_eq!(page.get("document.activeElement.id").await, json!("get-klein-4b"));
    page.keys(Key::Enter).await;
    page.wait(&format!("{said}.includes('left')")).await;
    page.click("#pause-klein-4b").await;
    page.wait(&format!("{said}.startsWith('Paused at')")).await;
    page.click("#discard-klein-4b").await;
    page.wait("document.querySelector('#discard-klein-4b').hidden").await;
    assert_eq!(page.text("#get-klein-4b").await, "Get");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_wants_to_know_who_asks_gets_a_token_which_the_page_forgets() {
    let page = open("stepMs=1&access=1").await;
    page.click("#get-klein-9b").await;
    accept(&page).await;
    page.wait("document.querySelector('#token-klein-9b').checkVisibility()").await;
    assert!(page.text("[data-model=klein-9b] .model-progress").await.contains("signed in"));
    page.click("#token-klein-9b").await;
    page.keys("hf_secret").await;
    page.keys(Key::Enter).await;
    page.wait("document.querySelector('#models-there [data-model=\"klein-9b\"]')").await;
    assert_eq!(page.get("__MOCK__.token").await, json!(9));
    let seen = page.get("document.documentElement.outerHTML.includes('hf_secret')").await;
    assert_eq!(seen, json!(false));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_linked_and_unlinked_and_their_troubles_told() {
    let page = open("stepMs=1").await;
    let said = page.text("#models-linked").await;
    for words in ["/media/artist/old drive", "not there", "1 model, 3 single parts, 2 LoRAs"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    page.click("#models-linked summary").await;
    assert!(page.text("#models-linked").await.contains("Stable Diffusion"));
    page.click("#models-add-folder").await;
    page.wait("document.querySelectorAll('#models-linked > li').length === 3").await;
    page.click("[data-folder='/media/artist/old drive'] button").await;
    page.wait("document.querySelectorAll('#models-linked > li').length === 2").await;
    assert!(!page.text("#models-linked").await.contains("old drive"));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loras_that_fit_the_model_are_offered_with_a_strength_each() {
    let page = Page::open("stepMs=1").await;
    page.wait("document.querySelector('#lora-add')").await;
    assert_eq!(
        page.get("document.querySelector('#lora-add').checkVisibility()").await,
        json!(false)
    );
    let choose = |id: &str, value: &str| {
        format!(
            "const field = document.querySelector('#{id}'); field.value = '{value}';
             field.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        )
    };
    page.run(&choose("model", "klein-base")).await;
    page.wait("document.querySelector('#lora-add').checkVisibility()").await;
    for name in ["ink", "clay"] {
        page.run(&choose("lora-add", &format!("/mnt/models/loras/{name}.safetensors"))).await;
    }
    page.run(
        "const slider = document.querySelector('[data-lora=clay] input'); slider.value = 0.4;
         slider.dispatchEvent(new Event('input', { bubbles: true }))",
    )
    .await;
    assert_eq!(page.text("[data-lora=clay] output").await, "40 %");
    page.click("[data-lora=ink] button").await;
    page.click("#prompt").await;
    page.keys("a red gem").await;
    page.click("#generate").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    let asked = json!([{ "path": "/mnt/models/loras/clay.safetensors", "strength": 0.4 }]);
    assert_eq!(page.get("__MOCK__.request.loras").await, asked);
    page.close().await;
}
