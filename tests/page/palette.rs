//! Every action by words, and the dialogs of the window.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Page;

const CHOSEN: &str = "document.querySelector('#palette-list [aria-selected=true]')";

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_found_by_words_and_run_with_the_keyboard_alone() {
    let page = Page::open("stepMs=1").await;
    page.chord(Key::Control, "k").await;
    page.wait("document.querySelector('#palette').open").await;
    let all = page.get("document.querySelectorAll('#palette-list [role=option]').length").await;
    assert!(all.as_u64().is_some_and(|count| count > 30), "{all}");
    let input = "document.activeElement.id === 'palette-input'
        && document.activeElement.getAttribute('aria-activedescendant') === 'palette-option-0'";
    assert_eq!(page.get(input).await, json!(true));

    page.keys("night").await;
    page.wait(&format!("{CHOSEN}?.dataset.action === 'view.theme-dark'")).await;
    page.keys(Key::Enter).await;
    page.wait("document.documentElement.dataset.theme === 'dark'").await;
    assert_eq!(page.get("document.querySelector('#palette').open").await, json!(false));

    // The one used last is the first of all.
    page.chord(Key::Control, "k").await;
    page.wait(&format!("{CHOSEN}?.dataset.action === 'view.theme-dark'")).await;
    page.keys(Key::Up).await;
    page.wait(&format!("{CHOSEN} === document.querySelector('#palette-list').lastElementChild"))
        .await;
    page.keys(Key::Down).await;
    page.wait(&format!("{CHOSEN} === document.querySelector('#palette-list').firstElementChild"))
        .await;
    page.keys("xyzzy").await;
    page.wait("document.querySelectorAll('#palette-list [role=option]').length === 0").await;
    page.keys(Key::Enter).await;
    page.keys(Key::Escape).await;
    page.wait("!document.querySelector('#palette').open").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_grey_says_why_and_does_nothing() {
    let page = Page::open("stepMs=1").await;
    page.chord(Key::Control, "k").await;
    page.keys("save").await;
    page.wait(&format!("{CHOSEN}?.dataset.action === 'file.save'")).await;
    assert_eq!(page.get(&format!("{CHOSEN}.getAttribute('aria-disabled')")).await, json!("true"));
    let text = page.get(&format!("{CHOSEN}.textContent")).await.to_string();
    assert!(text.contains("There is no picture yet") && text.contains("Ctrl+S"), "{text}");
    page.keys(Key::Enter).await;
    assert_eq!(page.get("document.querySelector('#palette').open").await, json!(true));
    page.keys(Key::Escape).await;
    // The same by its key: a sentence over the canvas.
    page.chord(Key::Control, "s").await;
    page.wait("document.querySelector('#notice-error').textContent.includes('no picture yet')")
        .await;
    assert_eq!(page.calls("save_document").await.len(), 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_document_asks_for_name_size_and_background() {
    let page = Page::open("stepMs=1").await;
    page.chord(Key::Control, "n").await;
    page.wait("document.querySelector('#new-dialog').open").await;
    page.keys("Banner").await;
    page.run(
        "const p = document.querySelector('#new-preset'); p.value = 'screen-1920';
         p.dispatchEvent(new Event('change'))",
    )
    .await;
    let sides =
        "[...document.querySelectorAll('#new-width, #new-height')].map((field) => field.value)";
    assert_eq!(page.get(sides).await, json!(["1920", "1080"]));
    page.run(
        "const w = document.querySelector('#new-width'); w.value = '0'; w.dispatchEvent(new Event('input'))",
    )
    .await;
    assert_eq!(page.get("document.querySelector('#new-preset').value").await, json!(""));
    page.click("#new-create").await;
    page.wait("document.querySelector('#new-problem').textContent").await;
    assert_eq!(page.get("document.activeElement.id").await, json!("new-width"));
    page.run(
        "const w = document.querySelector('#new-width'); w.value = '300'; w.dispatchEvent(new Event('input'))",
    )
    .await;
    page.click(".choice input[value=white]").await;
    page.click("#new-create").await;
    page.wait("document.querySelector('#picture-size').textContent === '300 × 1080'").await;
    page.wait("document.title.startsWith('Banner')").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recent_files_open_and_those_that_are_gone_are_shown_so() {
    let page = Page::open("stepMs=1&recent=1").await;
    page.click(".start-recent [data-path='/home/artist/dragon.psd']").await;
    page.wait("document.title.startsWith('dragon.psd')").await;
    page.run("__MOCK__.emit('menu', 'file.open-recent')").await;
    page.wait("document.querySelector('#recent-dialog').open").await;
    let gone = "#recent-dialog [data-path$=\"castle.ora\"]";
    let text = page.text(gone).await;
    assert!(text.contains("moved, renamed or deleted"), "{text}");
    page.click(gone).await;
    assert_eq!(page.calls("open_recent").await.len(), 1, "what is gone is not opened");
    page.click("#recent-clear").await;
    page.wait("document.querySelectorAll('#recent-dialog .recent-file').length === 0").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_opens_in_one_click() {
    let page = Page::open("stepMs=1").await;
    page.click("#open-example").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_asks_about_unsaved_work_and_only_about_that() {
    let page = Page::open("stepMs=1").await;
    let requested = "__MOCK__.emit('close-requested')";
    page.make("a gem").await;
    page.run(requested).await;
    page.wait("document.querySelector('#unsaved-dialog').open").await;
    assert_eq!(page.calls("close_heard").await.len(), 1);
    assert_eq!(page.get("document.activeElement.id").await, json!("unsaved-save"));
    page.keys(Key::Escape).await;
    page.wait("!document.querySelector('#unsaved-dialog').open").await;
    assert_eq!(page.calls("close_window").await.len(), 0, "cancelled");

    page.run(requested).await;
    page.wait("document.querySelector('#unsaved-dialog').open").await;
    page.click("#unsaved-save").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'close_window')").await;
    assert_eq!(page.calls("save_document").await.len(), 1);

    // Saved: nothing is asked any more.
    page.run(requested).await;
    page.wait("__MOCK__.calls.filter((call) => call.command === 'close_window').length === 2")
        .await;
    page.make("a key").await;
    page.run(requested).await;
    page.click("#unsaved-discard").await;
    page.wait("__MOCK__.calls.filter((call) => call.command === 'close_window').length === 3")
        .await;
    page.close().await;
}
