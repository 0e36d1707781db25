use serde_json::{Value, json};
use thirtyfour::Key;

use crate::browser::{Look, Page};

const SELECTED: &str = "[...document.querySelectorAll('#layers [aria-selected=true]')].map((row) => Number(row.dataset.layerId))";
const TREE: &str = "[...document.querySelectorAll('#layers li')].map((row) => '>'.repeat(row.getAttribute('aria-level') - 1) + row.querySelector('.layer-name').textContent)";
const STEPS: &str = "[...document.querySelectorAll('#history li')].map((step) => step.textContent)";
const DOCUMENTS: &str = "[...document.querySelectorAll('#documents [role=tab]')].map((tab) => tab.getAttribute('aria-label'))";

/// Opens a file with a locked layer (3) and a group (7) of two (5 below 9).
async fn open_layered(options: &str) -> Page {
    let look = Look { width: 1200, height: 760, ..Look::default() };
    let page = Page::open_as(&format!("{options}&open=/a/hero.psd"), look).await;
    menu(&page, "file.open").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    page
}

async fn menu(page: &Page, name: &str) {
    page.run(&format!("__MOCK__.emit('menu', '{name}')")).await;
}

/// A click on a row with keys held.
async fn click_with(page: &Page, id: u64, keys: &str) {
    page.run(&format!(
        "document.querySelector('[data-layer-id=\"{id}\"] .layer-words').dispatchEvent(
            new MouseEvent('click', {{ bubbles: true, {keys} }}))"
    ))
    .await;
}

/// A point of a row, by shares of its width and height.
async fn point(page: &Page, id: u64, across: f64, down: f64) -> (f64, f64) {
    let script = format!(
        "(() => {{ const r = document.querySelector('[data-layer-id=\"{id}\"]').getBoundingClientRect();
            return [r.left + r.width * {across}, r.top + r.height * {down}]; }})()"
    );
    serde_json::from_value(page.get(&script).await).expect("two numbers")
}

#[tokio::test(flavor = "multi_thread")]
async fn several_layers_are_selected_as_in_lists_everywhere() {
    let page = open_layered("stepMs=1").await;
    assert_eq!(
        page.get("document.querySelector('#layers').getAttribute('aria-multiselectable')").await,
        json!("true")
    );
    page.click("[data-layer-id='9'] .layer-words").await;
    assert_eq!(page.get(SELECTED).await, json!([9]));
    click_with(&page, 3, "ctrlKey: true").await;
    assert_eq!(page.get(SELECTED).await, json!([9, 3]));
    click_with(&page, 3, "ctrlKey: true").await;
    assert_eq!(page.get(SELECTED).await, json!([9]));
    click_with(&page, 3, "shiftKey: true").await;
    assert_eq!(page.get(SELECTED).await, json!([9, 5, 3]));

    page.click("[data-layer-id='7'] .layer-words").await;
    page.chord(Key::Shift, Key::Down).await;
    page.chord(Key::Shift, Key::Down).await;
    assert_eq!(page.get(SELECTED).await, json!([7, 9, 5]));
    page.chord(Key::Shift, Key::Up).await;
    assert_eq!(page.get(SELECTED).await, json!([7, 9]));

    // What is changed is changed of all.
    page.click("[data-layer-id='9'] .layer-words").await;
    click_with(&page, 5, "ctrlKey: true").await;
    page.run("const o = document.querySelector('#opacity'); o.value = 40; o.dispatchEvent(new Event('input'))").await;
    page.chord(Key::Control, "g").await;
    assert_eq!(
        page.get(TREE).await,
        json!(["Figure", ">Group", ">>Hat", ">>Shadow", "Paper"]),
        "grouped where they were"
    );
    page.control_shift("g").await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Hat", ">Shadow", "Paper"]));
    assert_eq!(page.get(SELECTED).await, json!([9, 5]));
    assert_eq!(page.text(".layer-several").await, "2 layers selected");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_dragged_above_into_and_out_of_groups() {
    let page = open_layered("stepMs=1").await;
    let (from, to) = (point(&page, 3, 0.6, 0.5).await, point(&page, 9, 0.6, 0.1).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Paper", ">Hat", ">Shadow"]));
    assert_eq!(page.get(SELECTED).await, json!([3]), "what is dragged is selected");
    let (from, to) = (point(&page, 9, 0.6, 0.5).await, point(&page, 7, 0.6, 0.1).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Hat", "Figure", ">Paper", ">Shadow"]));

    // Below the lowest of a group, farther out is below the group.
    let (from, to) = (point(&page, 9, 0.6, 0.5).await, point(&page, 5, 0.1, 0.95).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Paper", ">Shadow", "Hat"]));
    let (from, to) = (point(&page, 9, 0.6, 0.5).await, point(&page, 7, 0.6, 0.5).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Hat", ">Paper", ">Shadow"]));

    // Two at once, and a group never into itself.
    click_with(&page, 5, "ctrlKey: true").await;
    let (from, to) = (point(&page, 5, 0.6, 0.5).await, point(&page, 7, 0.6, 0.1).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Hat", "Shadow", "Figure", ">Paper"]));
    let (from, to) = (point(&page, 7, 0.6, 0.5).await, point(&page, 3, 0.6, 0.1).await);
    page.drag("left", from, to).await;
    assert_eq!(page.get(TREE).await, json!(["Hat", "Shadow", "Figure", ">Paper"]));

    // Escape lets everything where it was; the same by keys.
    page.click("[data-layer-id='9'] .layer-words").await;
    page.chord(Key::Alt, Key::Right).await;
    assert_eq!(page.get(TREE).await, json!(["Shadow", "Figure", ">Hat", ">Paper"]));
    page.chord(Key::Alt, Key::Left).await;
    assert_eq!(page.get(TREE).await, json!(["Shadow", "Hat", "Figure", ">Paper"]));
    for _ in 0..7 {
        page.chord(Key::Control, "z").await;
    }
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Hat", ">Shadow", "Paper"]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_of_a_layer_is_used_by_mouse_and_keyboard_and_says_what_cannot_be_done() {
    let page = open_layered("stepMs=1").await;
    page.click("[data-layer-id='9'] .layer-words").await;
    page.chord(Key::Shift, Key::F10).await;
    page.wait("document.activeElement.dataset.action === 'layer.new'").await;
    let state = "(name) => document.querySelector(`.action-menu [data-action=\"${name}\"]`).getAttribute('aria-disabled')";
    for (name, blocked) in
        [("layer.ungroup", "true"), ("layer.mask-toggle", "false"), ("layer.use-recipe", "true")]
    {
        assert_eq!(page.get(&format!("({state})('{name}')")).await, json!(blocked), "{name}");
    }
    page.keys(Key::Down).await;
    page.keys(Key::Enter).await;
    assert_eq!(page.get("document.querySelector('.action-menu')").await, Value::Null);
    assert_eq!(
        page.get(TREE).await,
        json!(["Figure", ">Hat copy", ">Hat", ">Shadow", "Paper"]),
        "the second entry duplicates"
    );
    page.click("#layer-more").await;
    page.keys(Key::Escape).await;
    assert_eq!(page.get("document.activeElement.id").await, json!("layer-more"));

    // Alt and the eye show one alone, and the second time the others come back.
    let hidden = "[...document.querySelectorAll('#layers .is-hidden')].length";
    let alone = "document.querySelector('[data-layer-id=\"5\"] .layer-eye').dispatchEvent(new MouseEvent('click', { altKey: true }))";
    page.run(alone).await;
    assert_eq!(page.get(hidden).await, json!(3));
    page.run(alone).await;
    assert_eq!(page.get(hidden).await, json!(0));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mask_is_chosen_and_switched_at_its_picture_and_locks_are_set_one_by_one() {
    let page = open_layered("stepMs=1").await;
    let aim = "document.querySelector('#layers .is-aim').classList.contains('layer-mask')";
    page.click("[data-layer-id='9'] canvas:not(.layer-mask)").await;
    assert_eq!(page.get(aim).await, json!(false));
    page.click("[data-layer-id='9'] .layer-mask").await;
    assert_eq!(page.get(aim).await, json!(true));
    let off =
        "document.querySelector('[data-layer-id=\"9\"] .layer-mask').classList.contains('is-off')";
    assert_eq!(page.get(off).await, json!(true), "the file has it off");
    menu(&page, "layer.mask-toggle").await;
    assert_eq!(page.get(off).await, json!(false));
    menu(&page, "layer.mask-remove").await;
    assert_eq!(
        page.get("document.querySelector('[data-layer-id=\"9\"] .layer-mask').hidden").await,
        json!(true)
    );

    page.click("[data-lock='position']").await;
    let pressed = "[...document.querySelectorAll('[data-lock]')].map((lock) => lock.getAttribute('aria-pressed'))";
    assert_eq!(page.get(pressed).await, json!(["false", "false", "true", "false"]));
    page.click("[data-lock='all']").await;
    assert_eq!(page.get(pressed).await, json!(["true", "true", "true", "true"]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_listed_and_one_click_goes_there() {
    let page = open_layered("stepMs=1").await;
    page.click("[data-layer-id='5'] .layer-eye").await;
    page.click("[data-layer-id='5'] .layer-words").await;
    page.chord(Key::Control, "j").await;
    menu(&page, "view.history").await;
    assert_eq!(page.get(STEPS).await, json!(["Open", "Hide", "Duplicate"]));
    assert_eq!(page.get("document.activeElement.id").await, json!("history"));
    assert!(page.text(".history-memory").await.starts_with("Steps use "));
    let now = "document.querySelector('#history [aria-selected=true]').textContent";
    assert_eq!(page.get(now).await, json!("Duplicate"));
    page.click("#history li").await;
    assert_eq!(page.get(now).await, json!("Open"));
    page.click("#side-layers").await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Hat", ">Shadow", "Paper"]));
    page.click("#side-history").await;
    page.run("document.querySelector('#history').focus()").await;
    page.keys(Key::Down).await;
    assert_eq!(page.get(now).await, json!("Hide"));
    page.keys(Key::End).await;
    assert_eq!(page.get(now).await, json!("Duplicate"));
    assert_eq!(page.get("document.querySelector('#history').getAttribute('aria-activedescendant') === document.querySelector('#history [aria-selected=true]').id").await, json!(true));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_tabs_and_layers_are_pasted_from_one_into_the_other() {
    let page = open_layered("stepMs=1&clipboard=empty").await;
    assert_eq!(page.get("document.querySelector('#documents-bar').hidden").await, json!(true));
    page.click("[data-layer-id='5'] .layer-words").await;
    menu(&page, "edit.copy").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'copy_image')").await;
    menu(&page, "file.open").await;
    page.wait("document.querySelectorAll('#documents [role=tab]').length === 2").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    menu(&page, "edit.paste").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 5").await;
    assert_eq!(page.get(DOCUMENTS).await, json!(["hero.psd", "hero.psd, not saved"]));

    page.chord(Key::Control, Key::Tab).await;
    menu(&page, "view.next-tab").await;
    let active = "[...document.querySelectorAll('#documents [role=tab]')].findIndex((tab) => tab.getAttribute('aria-selected') === 'true')";
    let first = page.get(active).await;
    menu(&page, "view.next-tab").await;
    assert_ne!(page.get(active).await, first);
    page.click("#documents [data-tab='1']").await;
    assert_eq!(page.get(TREE).await, json!(["Figure", ">Hat", ">Shadow", "Paper"]));
    page.keys(Key::Right).await;
    assert_eq!(page.layer_count().await, 5, "the arrows of the keyboard change the tab");

    // One that is saved closes at once; one that is not asks first.
    page.click("#documents .document-close").await;
    page.wait("document.querySelector('#documents-bar').hidden").await;
    assert_eq!(page.layer_count().await, 5);
    // The menu's echo of the same press would not count.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    menu(&page, "file.close").await;
    page.wait("document.querySelector('dialog[open]')").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_layers_are_listed_and_changed_quickly() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    for _ in 0..9 {
        menu(&page, "layer.select-all").await;
        menu(&page, "layer.duplicate").await;
    }
    assert_eq!(page.layer_count().await, 512);
    // Only rows that change are touched: a slider of one layer leaves the others alone.
    page.click("#layers li .layer-words").await;
    page.run(
        "__MOCK__.touched = new Set();
         new MutationObserver((changes) => changes.forEach(({ target }) =>
            __MOCK__.touched.add((target.closest ? target : target.parentElement).closest('li')?.dataset.layerId)))
            .observe(document.querySelector('#layers'), { subtree: true, attributes: true, childList: true, characterData: true });
         const o = document.querySelector('#opacity'); o.value = 40; o.dispatchEvent(new Event('input'))",
    )
    .await;
    page.drawn().await;
    let touched = page.get("__MOCK__.touched.size").await;
    assert!(touched.as_u64().is_some_and(|rows| rows <= 1), "{touched} rows were touched");
    page.close().await;
}
