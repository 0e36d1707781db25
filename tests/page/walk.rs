//! Every action, found and run through the palette with the keyboard alone.

use std::time::{Duration, Instant};

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Page;

/// Everything that an action can change and a person can notice, as one text.
const NOTICEABLE: &str = "(() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('#palette, script').forEach((part) => part.remove());
  const fields = [...document.querySelectorAll('input, select, textarea')].filter(({ id }) => id !== 'palette-input').map(({ value, checked }) => [value, checked]);
  const pixels = [...document.querySelectorAll('#canvas, #overlay')].map((canvas) => canvas.width ? canvas.toDataURL() : '');
  const { theme, lang } = document.documentElement.dataset;
  return JSON.stringify([copy.innerHTML, fields, pixels, theme, lang, document.title, document.activeElement?.id,
    [...document.querySelectorAll('dialog')].map(({ open }) => open), __MOCK__.calls.length, getComputedStyle(document.documentElement).colorScheme]);
})()";
const CHOSEN: &str = "document.querySelector('#palette-list [aria-selected=true]')";

/// What must be done before, so that the action has something to change.
const BEFORE: &[(&str, &str)] = &[
    ("view.fit", "view.actual-size"),
    ("view.actual-size", "view.fit"),
    ("edit.undo", "layer.visibility"),
    ("edit.redo", "edit.undo"),
    ("layer.raise", "layer.duplicate"),
    ("layer.lower", "layer.duplicate"),
    ("layer.above", "layer.duplicate"),
    ("layer.below", "layer.duplicate"),
    ("tool.move", "tool.brush"),
    ("tool.default-colours", "tool.swap-colours"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_or_says_why_not() {
    let page = Page::open("stepMs=1&open=/home/artist/hero.psd").await;
    let actions = actions(&page).await;
    assert!(actions.len() > 60, "{}", actions.len());

    // With an empty window: whatever cannot be done says so in a sentence.
    let mut never: Vec<&str> = Vec::new();
    for (name, label) in &actions {
        if let Some(reason) = find(&page, name, label).await {
            assert!(reason.ends_with('.') && reason.len() > 12, "{name}: {reason}");
        }
        page.keys(Key::Escape).await;
    }

    // With layers and a selection: what can be done has an effect.
    page.run("__MOCK__.emit('menu', 'view.theme-dark')").await;
    for (name, label) in &actions {
        prepare(&page, name).await;
        if let Some(reason) = find(&page, name, label).await {
            assert!(!reason.is_empty(), "{name} says why not");
            page.keys(Key::Escape).await;
            never.push(name);
            continue;
        }
        page.keys(Key::Escape).await;
        let before = page.get(NOTICEABLE).await;
        find(&page, name, label).await;
        page.keys(Key::Enter).await;
        let began = Instant::now();
        while page.get(NOTICEABLE).await == before {
            assert!(began.elapsed() < Duration::from_secs(20), "{name} changes nothing");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    never.sort_unstable();
    println!("never possible here: {never:?}");
    assert!(never.len() < 20, "{never:?}");
    page.close().await;
}

/// Names and labels, as the palette lists them.
async fn actions(page: &Page) -> Vec<(String, String)> {
    page.chord(Key::Control, "k").await;
    let list = page
        .get(
            "[...document.querySelectorAll('#palette-list [role=option]')]
               .map((option) => [option.dataset.action, option.querySelector('.palette-label').textContent])",
        )
        .await;
    page.keys(Key::Escape).await;
    serde_json::from_value(list).expect("pairs of texts")
}

/// Opens the palette and chooses an action by its label. Gives why it cannot be done.
async fn find(page: &Page, name: &str, label: &str) -> Option<String> {
    page.chord(Key::Control, "k").await;
    page.wait("document.querySelector('#palette').open").await;
    page.keys(label.trim_end_matches('…')).await;
    let is_it = format!("{CHOSEN}?.dataset.action === '{name}'");
    let count = page.get("document.querySelectorAll('#palette-list [role=option]').length").await;
    for _ in 0..count.as_u64().unwrap_or_default() {
        if page.get(&is_it).await == json!(true) {
            break;
        }
        page.keys(Key::Down).await;
    }
    assert_eq!(page.get(&is_it).await, json!(true), "{name} is found as “{label}”");
    let reason = page
        .get(&format!(
            "{CHOSEN}.getAttribute('aria-disabled') === 'true' ? {CHOSEN}.querySelector('.palette-menu').textContent : null"
        ))
        .await;
    reason.as_str().map(str::to_owned)
}

/// A document with a selected layer and a selection, and nothing in the way.
async fn prepare(page: &Page, name: &str) {
    for _ in 0..3 {
        let busy = page.get("Boolean(document.querySelector('dialog[open], [role=menu]'))").await;
        if busy == json!(false) {
            break;
        }
        page.keys(Key::Escape).await;
    }
    let has_layers = "document.querySelectorAll('#layers [data-layer-id]').length > 1";
    if page.get(has_layers).await == json!(false) {
        page.run("__MOCK__.emit('menu', 'file.open')").await;
        page.wait(has_layers).await;
    }
    // Neither a group nor locked, where there is one like that.
    page.run(
        "document.activeElement?.closest('.layer-rename')?.blur();
         const rows = [...document.querySelectorAll('#layers [data-layer-id]')];
         const row = rows.find((row) => !row.hasAttribute('aria-expanded') && !row.classList.contains('is-locked')) ?? rows[0];
         row.querySelector('.layer-select').click();",
    )
    .await;
    for (action, first) in BEFORE {
        if *action == name {
            page.run(&format!("__MOCK__.emit('menu', '{first}')")).await;
        }
    }
    if !name.starts_with("select.all") {
        page.run("__MOCK__.emit('menu', 'select.all')").await;
    }
    page.drawn().await;
    page.drawn().await;
}
