use serde_json::{Value, json};
use thirtyfour::Key;

use crate::browser::Page;

const LAYERS: &str = "document.querySelectorAll('#layers [data-layer-id]').length";

/// Chooses a rectangle of the picture, as a tool does.
async fn select(page: &Page, (x, y, width, height): (i64, i64, i64, i64)) {
    let shape = json!({ "kind": "rect", "x": x, "y": y, "width": width, "height": height });
    page.run(&format!(
        "return Promise.all([import('/state/actions.js'), import('/ipc/commands.js')]).then(async ([{{ selectionChanged }}, {{ select }}]) => \
         __STORE__.dispatch(selectionChanged(await select({{ base: null, op: 'replace', shape: {shape}, feather: 0, antialias: false }}))))"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_go_by_arrow_keys_and_share_their_fields() {
    let page = Page::open("").await;
    page.click("#tab-new").await;
    let mut shown = Vec::new();
    for _ in 0..5 {
        shown.push(page.get("document.activeElement.id").await);
        page.keys(Key::Right).await;
    }
    let tabs = ["tab-new", "tab-edit", "tab-repaint", "tab-extend", "tab-split"];
    assert_eq!(shown, tabs.map(|tab| json!(tab)));
    assert_eq!(page.get("document.activeElement.id").await, json!("tab-new"), "and around");
    page.click("#prompt").await;
    page.keys("a gem").await;
    for (tab, panel, size) in [
        ("edit", "references-section", true),
        ("repaint", "mode-repaint", false),
        ("extend", "mode-extend", false),
    ] {
        page.click(&format!("#tab-{tab}")).await;
        assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("a gem"));
        let visible = format!("document.querySelector('#{panel}').checkVisibility()");
        assert_eq!(page.get(&visible).await, json!(true), "{panel}");
        let visible = page.get("document.querySelector('#width').checkVisibility()").await;
        assert_eq!(visible, json!(size), "{tab}");
        let labelled = "document.querySelector('#make').getAttribute('aria-labelledby')";
        assert_eq!(page.get(labelled).await, json!(format!("tab-{tab}")));
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repainting_needs_a_selection_and_changes_nothing_outside_of_it() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    page.click("#tab-repaint").await;
    assert!(page.text("#mode-repaint .mode-missing").await.contains("Draw a selection"));
    assert_eq!(
        page.get("document.querySelector('#generate').getAttribute('aria-disabled')").await,
        json!("true")
    );
    select(&page, (40, 30, 20, 24)).await;
    page.wait("document.querySelector('#repaint-selected').textContent.includes('20 × 24')").await;
    page.click("#generate").await;
    page.wait(&format!("{LAYERS} === 2")).await;
    page.wait("document.querySelector('#cancel').hidden").await;

    let request = &page.calls("generate").await[1]["request"];
    let sizes = format!(
        "[{}, {}].map((id) => [...new Uint32Array(__MOCK__.images.get(id), 0, 2)])",
        request["init"], request["mask"]
    );
    let size = json!([request["width"], request["height"]]);
    assert_eq!(page.get(&sizes).await, json!([size, size]), "the model gets both in its size");
    let white = format!(
        "const m = new Uint8Array(__MOCK__.images.get({})); return m.filter((level, at) => at >= 8 && at % 4 === 0 && level === 255).length",
        request["mask"]
    );
    assert_eq!(page.run(&white).await, json!(20 * 24), "white is what is selected");
    let layer = page.run("const l = __STORE__.getState().document.present.layers[1]; return [l.x, l.y, l.width, l.height, l.recipe.task, l.recipe.strength]").await;
    assert_eq!(layer, json!([40, 30, 20, 24, "repaint", 1]));

    // Into the layer: its other pixels stay as they are.
    page.run("return import('/state/actions.js').then(({ layerSelected, formChanged, layersChanged }) => {
        __STORE__.dispatch(layerSelected(1));
        __STORE__.dispatch(layersChanged([1], { opacity: 0.5 }, 'opacity'));
        __STORE__.dispatch(formChanged({ repaintInto: 'layer', strength: 0.5 })); })").await;
    let before = page.run("return __STORE__.getState().document.present.layers[0].imageId").await;
    page.click("#generate").await;
    page.wait(&format!(
        "__STORE__.getState().document.present.layers[0].imageId !== {before} && document.querySelector('#cancel').hidden"
    ))
    .await;
    assert_eq!(page.calls("generate").await[2]["request"]["strength"], json!(0.5));
    let same = page
        .run(&format!(
            "
        const {{ imageId, opacity, x, y }} = __STORE__.getState().document.present.layers[0];
        const [a, b] = [{before}, imageId].map((id) => new Uint32Array(__MOCK__.images.get(id), 8));
        let outside = 0;
        for (let i = 0; i < a.length; i += 1) {{
          const [px, py] = [i % 128, Math.floor(i / 128)];
          if (!(px >= 40 && px < 60 && py >= 30 && py < 54) && a[i] !== b[i]) outside += 1;
        }}
        return [outside, a.length === b.length, opacity, x, y];"
        ))
        .await;
    assert_eq!(same, json!([0, true, 0.5, 0, 0]));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extending_grows_the_picture_and_paints_only_the_new_part() {
    let page = Page::open("stepMs=1").await;
    page.make("a gem").await;
    page.click("#tab-extend").await;
    page.run("const f = document.querySelector('#extend-left'); f.focus(); f.select()").await;
    page.keys("32").await;
    page.run("document.querySelector('.extend-handle-right').focus()").await;
    page.keys(Key::Left).await;
    assert!(page.text("#extend-becomes").await.contains("208 × 128"), "32 left, 48 right");
    page.click("#generate").await;
    page.wait(&format!("{LAYERS} === 2")).await;
    let picture = page.run("const p = __STORE__.getState().document.present; return [p.x, p.width, p.height, p.layers[1].recipe.task]").await;
    assert_eq!(picture, json!([-32, 208, 128, "extend"]));
    let inside = page
        .run(
            "
        const l = __STORE__.getState().document.present.layers[1];
        const m = new Uint8Array(__MOCK__.images.get(l.imageId));
        let there = 0;
        for (let y = 0; y < l.height; y += 1) for (let x = 0; x < l.width; x += 1) {
          const dx = l.x + x;
          if (dx >= 0 && dx < 128) there += m[8 + 4 * (y * l.width + x) + 3];
        }
        return there;",
        )
        .await;
    assert_eq!(inside, json!(0), "the old picture is not painted over");
    page.chord(Key::Control, "z").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variations_are_compared_and_kept_by_keys() {
    let page = Page::open("stepMs=1").await;
    page.run("const f = document.querySelector('#batch'); f.focus(); f.select()").await;
    page.keys("3").await;
    page.click("#prompt").await;
    page.keys("a gem").await;
    page.keys(Key::Enter).await;
    page.wait("document.querySelectorAll('.variation[role=option]').length === 3").await;
    assert_eq!(page.layer_count().await, 0, "nothing is kept yet");
    let seeds: Vec<Value> =
        page.calls("generate").await.iter().map(|call| call["request"]["seed"].clone()).collect();
    let first = seeds[0].as_u64().expect("a seed");
    assert_eq!(seeds, [json!(first), json!(first + 1), json!(first + 2)]);

    page.run("document.querySelector('.variation').focus()").await;
    page.keys(Key::Right).await;
    page.keys(" ").await;
    page.keys(Key::Right).await;
    page.keys(" ").await;
    assert_eq!(page.text("#variations-keep").await, "Keep 2");
    page.keys(Key::Enter).await;
    page.wait(&format!("{LAYERS} === 2")).await;
    let kept = page
        .run(
            "return __STORE__.getState().document.present.layers.map((l) => Number(l.recipe.seed))",
        )
        .await;
    assert_eq!(kept, json!([first + 1, first + 2]));
    assert_eq!(page.get("document.querySelector('#variations').hidden").await, json!(true));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_wait_in_a_queue_and_go_to_the_document_they_were_asked_from() {
    let page = Page::open("stepMs=1&hold=1").await;
    for prompt in ["first", "second", "third", "fourth"] {
        page.run("const p = document.querySelector('#prompt'); p.focus(); p.select()").await;
        page.keys(prompt).await;
        page.keys(Key::Enter).await;
    }
    let waiting =
        "[...document.querySelectorAll('#queue .queue-prompt')].map((p) => p.textContent)";
    page.wait("document.querySelectorAll('#queue li').length === 3").await;
    assert_eq!(page.get(waiting).await, json!(["second", "third", "fourth"]));
    page.run("document.querySelector('#queue li').focus()").await;
    page.chord(Key::Alt, Key::Down).await;
    assert_eq!(page.get(waiting).await, json!(["third", "second", "fourth"]));
    page.keys(Key::Down).await;
    page.keys(Key::Delete).await;
    assert_eq!(page.get(waiting).await, json!(["third", "second"]));
    page.run("return import('/state/actions.js').then(({ tabOpened }) => __STORE__.dispatch(tabOpened()))").await;
    page.run("__MOCK__.hold = false").await;
    page.wait("__STORE__.getState().queue.list.length === 0 && !__STORE__.getState().jobs.current")
        .await;
    let prompts: Vec<Value> =
        page.calls("generate").await.iter().map(|call| call["request"]["prompt"].clone()).collect();
    assert_eq!(prompts, ["first", "third", "second"].map(|prompt| json!(prompt)));
    assert_eq!(page.layer_count().await, 0, "the tab in view stays empty");
    page.run("return import('/state/actions.js').then(({ tabShown }) => __STORE__.dispatch(tabShown(1)))").await;
    page.wait(&format!("{LAYERS} === 3")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_brought_back_whole_after_a_restart() {
    let page = Page::open("stepMs=1").await;
    page.click("#tab-edit").await;
    page.click("#reference-from-file").await;
    page.wait("document.querySelectorAll('#references [data-reference-id]').length === 1").await;
    page.run("const s = document.querySelector('.influence'); s.value = 0.5; s.dispatchEvent(new Event('input'))").await;
    page.make("a special gem").await;
    let sent = page.calls("generate").await[0]["request"].clone();
    assert_eq!(sent["references"][0]["influence"], json!(0.5));
    page.run("const p = document.querySelector('#prompt'); p.focus(); p.select()").await;
    page.keys("half a thou").await;
    page.wait("(localStorage.getItem('kept form') ?? '').includes('half a thou') && localStorage.getItem('kept runs')").await;

    page.run("location.reload()").await;
    page.wait("document.querySelector('#prompt')?.value === 'half a thou' && !document.querySelector('#splash')").await;
    page.run("document.querySelector('#runs-fold').open = true").await;
    page.wait("document.querySelectorAll('.run').length === 1").await;
    page.click(".run .button-small").await;
    page.wait("document.querySelector('#prompt').value === 'a special gem'").await;
    page.wait("document.querySelectorAll('#references [data-reference-id]').length === 1").await;
    let form = "[document.querySelector('#seed').value, document.querySelector('.influence-value').textContent, __STORE__.getState().task]";
    assert_eq!(page.get(form).await, json!([sent["seed"].to_string(), "50 %", "edit"]));
    page.click(".run .button-small + .button-small").await;
    page.wait(&format!("{LAYERS} === 1")).await;

    page.run("const p = document.querySelector('#prompt'); p.focus(); p.setSelectionRange(0, 0)")
        .await;
    page.make("another").await;
    page.run("const p = document.querySelector('#prompt'); p.focus(); p.setSelectionRange(0, 0)")
        .await;
    page.keys(Key::Up).await;
    assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("a special gem"));
    page.keys(Key::Down).await;
    assert_eq!(page.get("document.querySelector('#prompt').value").await, json!("another"));
    page.close().await;
}
