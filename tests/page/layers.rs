use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Look, Page};

const FOCUSED: &str = "Number(document.activeElement.dataset.layerId)";
const SHOWN: &str = "[...document.querySelectorAll('#layers [data-layer-id]')].map((row) => row.querySelector('.layer-name').textContent)";

/// Opens a file with a locked layer and a group of two, of which one multiplies.
async fn open_layered(options: &str) -> Page {
    let look = Look { width: 1160, height: 740, ..Look::default() };
    let page = Page::open_as(&format!("{options}&open=/a/hero.psd"), look).await;
    page.run("__MOCK__.emit('menu', 'file.open')").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
    page
}

async fn attribute(page: &Page, id: u64, name: &str) -> serde_json::Value {
    page.get(&format!("document.querySelector('[data-layer-id=\"{id}\"]').getAttribute('{name}')"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_is_walked_opened_and_closed_by_keys() {
    let page = open_layered("stepMs=1").await;
    assert_eq!(page.get(SHOWN).await, json!(["Figure", "Hat", "Shadow", "Paper"]));
    for (id, level, position, count) in [(7, "1", "1", "2"), (9, "2", "1", "2"), (3, "1", "2", "2")]
    {
        assert_eq!(attribute(&page, id, "aria-level").await, json!(level));
        assert_eq!(attribute(&page, id, "aria-posinset").await, json!(position));
        assert_eq!(attribute(&page, id, "aria-setsize").await, json!(count));
    }
    assert_eq!(attribute(&page, 7, "aria-expanded").await, json!("true"));
    assert_eq!(attribute(&page, 3, "aria-label").await, json!("Paper, 64 × 48, locked"));
    assert_eq!(attribute(&page, 7, "aria-label").await, json!("Figure, Group of 2"));

    page.click("[data-layer-id='5'] .layer-select").await;
    assert_eq!(page.get(FOCUSED).await, json!(5));
    for (key, id) in [(Key::Up, 9), (Key::Left, 7), (Key::End, 3), (Key::Home, 7), (Key::Right, 9)]
    {
        page.keys(key).await;
        assert_eq!(page.get(FOCUSED).await, json!(id));
        assert_eq!(attribute(&page, id, "aria-selected").await, json!("true"));
    }
    page.keys(Key::Left).await;
    page.keys(Key::Left).await;
    assert_eq!(page.get(SHOWN).await, json!(["Figure", "Paper"]));
    assert_eq!(attribute(&page, 7, "aria-expanded").await, json!("false"));
    assert_eq!(
        page.get("document.title.startsWith('•')").await,
        json!(false),
        "closing a group is nothing to save"
    );
    page.keys(Key::Right).await;
    assert_eq!(page.get(SHOWN).await, json!(["Figure", "Hat", "Shadow", "Paper"]));

    // Space hides, and the name says so.
    page.keys(" ").await;
    assert_eq!(attribute(&page, 7, "aria-label").await, json!("Figure, Group of 2, hidden"));
    page.chord(Key::Control, "z").await;
    assert_eq!(attribute(&page, 7, "aria-label").await, json!("Figure, Group of 2"));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_move_out_of_groups_and_back_and_locked_ones_stay() {
    let page = open_layered("stepMs=1").await;
    page.click("[data-layer-id='9'] .layer-select").await;
    page.chord(Key::Alt, Key::Up).await;
    assert_eq!(page.get(SHOWN).await, json!(["Hat", "Figure", "Shadow", "Paper"]));
    assert_eq!(attribute(&page, 9, "aria-level").await, json!("1"));
    assert_eq!(page.get(FOCUSED).await, json!(9), "the keyboard moves along");
    page.chord(Key::Alt, Key::Down).await;
    assert_eq!(attribute(&page, 9, "aria-level").await, json!("2"));

    page.keys(Key::End).await;
    page.keys(Key::Delete).await;
    page.wait("document.querySelector('#notice-error').textContent.includes('Paper is locked')")
        .await;
    page.click("[data-layer-id='3'] .layer-lock").await;
    page.click("[data-layer-id='3'] .layer-select").await;
    page.keys(Key::Delete).await;
    assert_eq!(page.get(SHOWN).await, json!(["Figure", "Hat", "Shadow"]));
    assert_eq!(page.get(FOCUSED).await, json!(7), "the neighbour takes over");
    page.keys(Key::Delete).await;
    assert_eq!(page.layer_count().await, 0, "a group goes with what is in it");
    page.chord(Key::Control, "z").await;
    page.chord(Key::Control, "z").await;
    assert_eq!(page.get(SHOWN).await, json!(["Figure", "Hat", "Shadow", "Paper"]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_graphics_card_rust_composites_and_the_old_picture_stays_meanwhile() {
    let page = open_layered("stepMs=500&canvas=cpu").await;
    page.wait("__MOCK__.calls.some((call) => call.command === 'render_tiles')").await;
    page.wait(
        "document.querySelector('#canvas').getContext('2d').getImageData(300, 300, 1, 1).data[3]",
    )
    .await;
    let (x, y, width, height) = page.picture().await;
    let at = (x + width * 26 / 64, y + height * 30 / 48);
    let shade = async || page.pixel(at.0, at.1).await;
    page.wait(&format!("document.querySelector('#canvas').getContext('2d').getImageData({}, {}, 1, 1).data[2] < 215", at.0, at.1)).await;
    let multiplied = shade().await;

    page.click("[data-layer-id='5'] .layer-select").await;
    let before = page.calls("render_tiles").await.len();
    page.run("const b = document.querySelector('#blend'); b.value = 'screen'; b.dispatchEvent(new Event('change'))").await;
    page.drawn().await;
    assert_eq!(shade().await, multiplied, "the old picture stays until the new one is there");
    page.wait(&format!("JSON.stringify([...document.querySelector('#canvas').getContext('2d').getImageData({}, {}, 1, 1).data]) !== '{}'", at.0, at.1, json!(multiplied))).await;
    let calls = page.calls("render_tiles").await;
    assert_eq!(calls.len(), before + 1);
    let sent = &calls[before]["document"]["layers"][1]["children"][0];
    assert_eq!(json!([sent["id"], sent["blend"], sent["opacity"]]), json!([5, "screen", 0.5]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphics_card_composites_every_mode_and_asks_rust_only_for_what_it_lacks() {
    let page = open_layered("stepMs=1").await;
    page.wait("editorCanvas.stats().made > 0 && editorCanvas.stats().tiles.waiting === 0").await;
    page.drawn().await;
    let calls = async |page: &Page| {
        page.calls("render_tiles").await.len() + page.calls("load_tiles").await.len()
    };
    let before = calls(&page).await;
    page.click("[data-layer-id='5'] .layer-select").await;
    for mode in ["screen", "color-burn", "luminosity", "normal"] {
        page.run(&format!("const b = document.querySelector('#blend'); b.value = '{mode}'; b.dispatchEvent(new Event('change'))")).await;
        page.drawn().await;
    }
    page.click("[data-layer-id='5'] .layer-eye").await;
    page.drawn().await;
    assert_eq!(calls(&page).await, before);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_picture_is_seen_at_once_and_never_comes_here_whole() {
    let page = Page::open("stepMs=1&open=/a/large.png&side=4100").await;
    page.run("__MOCK__.longest = 0; let last = performance.now();
        (function turn() { const now = performance.now(); __MOCK__.longest = Math.max(__MOCK__.longest, now - last); last = now; requestAnimationFrame(turn); })()").await;
    page.run("__MOCK__.emit('menu', 'file.open')").await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    page.wait(
        "document.querySelector('#canvas').getContext('2d').getImageData(300, 300, 1, 1).data[3]",
    )
    .await;
    page.drawn().await;
    assert_eq!(page.calls("load_image").await.len(), 0, "only what is seen is fetched");
    assert_eq!(page.calls("render_document").await.len(), 0);
    let levels: Vec<_> = [page.calls("load_tiles").await, page.calls("render_tiles").await]
        .iter()
        .flatten()
        .map(|call| call["level"].as_u64().expect("a level"))
        .collect();
    assert!(levels.contains(&6), "a small one for the list: {levels:?}");
    assert!(levels.iter().all(|level| *level >= 2), "no more pixels than are seen: {levels:?}");
    page.close().await;
}
