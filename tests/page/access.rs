use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Look, Page};

/// Text whose contrast with the colour behind it is below AA, as "text: ratio".
const LOW_CONTRAST: &str = r"
  // Colours on their way from one state to the next are nobody's; what has no end stays as it is.
  for (const animation of document.getAnimations()) try { animation.finish(); } catch { continue; }
  const parse = (colour) => { const c = colour.match(/[\d.]+/g).map(Number); return c.length === 3 ? [...c, 1] : c; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const low = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (!text || !node.checkVisibility({ visibilityProperty: true }) || node.closest('.sr-only, [aria-disabled=true], :disabled, option')) continue;
    const ground = behind(node);
    const [a, b] = [light(over(parse(getComputedStyle(node).color), ground)), light(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return low;";

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_a_name_and_every_state_a_readable_contrast() {
    for dark in [false, true] {
        let page = Page::open_as("stepMs=1", Look { dark, ..Look::default() }).await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "empty, dark: {dark}");
        page.make("a gem").await;
        page.click("#tab-edit").await;
        page.click("#reference-from-layer").await;
        page.run("const m = document.querySelector('#model'); m.value = 'klein-base'; m.dispatchEvent(new Event('change'))").await;
        page.run("__MOCK__.options.fail = 'internal|No.'").await;
        page.click("#generate").await;
        page.wait("document.querySelector('#error').textContent").await;
        page.click("#save").await;
        page.wait("document.querySelector('#notice').textContent").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "full, dark: {dark}");
        assert_eq!(unnamed_controls(&page).await, Vec::<String>::new());
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn splitting_has_names_and_a_readable_contrast_at_every_moment() {
    for dark in [false, true] {
        let look = Look { dark, ..Look::default() };
        let page =
            Page::open_as("stepMs=1&hold=1&recovered=1&report=failing&notes=A note.", look).await;
        page.wait("document.querySelector('#recovery')").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "recovery, dark: {dark}");
        page.click("#recovery [data-part='recover']").await;
        page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 4").await;
        page.click("[data-layer-id='3'] .layer-select").await;
        page.click("#layer-split").await;
        page.click("#split-settings summary").await;
        page.click("#split-start").await;
        page.wait("document.querySelectorAll('#split-layers li').length === 4").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "running, dark: {dark}");
        page.run("__MOCK__.hold = false").await;
        page.wait("document.querySelector('#split-keep').checkVisibility()").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "waiting, dark: {dark}");
        assert_eq!(unnamed_controls(&page).await, Vec::<String>::new());
        page.click("#split-keep").await;
        page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 9").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "kept, dark: {dark}");
        assert_eq!(unnamed_controls(&page).await, Vec::<String>::new());
        page.click("#export").await;
        assert_eq!(page.run(LOW_CONTRAST).await, json!([]), "exporting, dark: {dark}");
        page.close().await;
    }
}

/// Controls that a screen reader would announce without a name.
async fn unnamed_controls(page: &Page) -> Vec<String> {
    page.devtools("Accessibility.enable", json!({})).await;
    let tree = page.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().expect("a tree");
    let text = |node: &serde_json::Value, part: &str| {
        node[part]["value"].as_str().unwrap_or_default().to_owned()
    };
    let roles = [
        "button",
        "textbox",
        "combobox",
        "slider",
        "spinbutton",
        "progressbar",
        "alert",
        "list",
        "tab",
        "tablist",
        "tabpanel",
        "tree",
        "treeitem",
        "main",
        "complementary",
        "image",
    ];
    let controls: Vec<_> = nodes
        .iter()
        .filter(|node| !node["ignored"].as_bool().unwrap_or_default())
        .filter(|node| roles.contains(&text(node, "role").as_str()))
        .collect();
    assert!(controls.len() > 30, "the tree has the page's controls: {}", controls.len());
    controls
        .iter()
        .filter(|node| text(node, "name").trim().is_empty() && text(node, "role") != "alert")
        .map(|node| format!("{} {}", text(node, "role"), node["backendDOMNodeId"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_done_by_keyboard_alone() {
    let page = Page::open("stepMs=1").await;
    let focus = "document.activeElement.id || document.activeElement.className";
    assert_eq!(page.get(focus).await, json!("prompt"), "writing can start at once");
    page.keys("a red potion").await;
    page.keys(Key::Enter).await;
    page.wait("document.querySelectorAll('#layers [data-layer-id]').length === 1").await;
    page.wait("document.querySelector('#cancel').hidden").await;

    // With everything that a mode shows.
    page.chord(Key::Alt, "2").await;

    // Once around: every stop can be seen, and every control is one.
    let mut stops = Vec::new();
    for _ in 0..100 {
        let stop = page.get(focus).await.as_str().unwrap_or_default().to_owned();
        if stops.first() == Some(&stop) && stops.len() > 3 {
            break;
        }
        if stop != "prompt" && !stop.is_empty() {
            let seen = page.get("getComputedStyle(document.activeElement).outlineStyle").await;
            assert_eq!(seen, json!("solid"), "the focus is seen on {stop}");
        }
        stops.push(stop);
        page.keys(Key::Tab).await;
    }
    for control in [
        "generate",
        "reference-from-layer",
        "reference-from-file",
        "reference-from-clipboard",
        "model",
        "size-preset",
        "width",
        "height",
        "steps",
        "seed",
        "shuffle-seed",
        "lock-seed",
        "stage",
        "blend",
        "opacity",
        "layer-split",
        "tab-edit",
        "new",
        "open",
        "save",
        "export",
        "undo",
        "zoom-out",
        "zoom",
        "zoom-in",
        "zoom-fit",
        "theme",
        "shortcuts",
    ] {
        assert!(stops.iter().any(|stop| stop == control), "{control} is not reached: {stops:?}");
    }
    for part in ["layer-eye", "layer-lock", "layer is-selected"] {
        assert!(stops.iter().any(|stop| stop.contains(part)), "{part} is not reached: {stops:?}");
    }

    page.run("document.querySelector('#stage').focus()").await;
    page.keys("1").await;
    assert_eq!(page.text("#zoom").await, "100 %");
    page.keys("+").await;
    assert_eq!(page.text("#zoom").await, "150 %");
    page.keys("?").await;
    page.wait("document.querySelector('#shortcuts-dialog').open").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_theme_follows_the_system_until_one_is_chosen_and_stays_chosen() {
    let page = Page::open("stepMs=1").await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.get(ground).await;
    page.set_look(&Look { dark: true, ..Look::default() }).await;
    let dark = page.get(ground).await;
    assert_ne!(light, dark);

    page.click("#theme").await;
    assert_eq!(page.get(ground).await, light, "light is chosen");
    page.make("a gem").await;
    let (x, y, ..) = page.picture().await;
    let board = page.pixel(x + 60, y).await;
    page.click("#theme").await;
    page.drawn().await;
    assert_eq!(page.get(ground).await, dark, "dark is chosen");
    assert_ne!(page.pixel(x + 60, y).await, board, "the checkerboard follows");

    page.set_look(&Look { dark: false, ..Look::default() }).await;
    page.run("location.reload()").await;
    page.wait("document.readyState === 'complete' && !document.querySelector('#splash')").await;
    assert_eq!(page.get(ground).await, dark, "it is remembered");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_size_and_scale_nothing_is_cut_off() {
    let looks =
        [(1280, 800, 1.0), (1920, 1080, 1.0), (900, 600, 1.0), (640, 400, 2.0), (853, 533, 1.5)];
    for (width, height, scale) in looks {
        let page =
            Page::open_as("stepMs=1", Look { width, height, scale, ..Look::default() }).await;
        page.make("a gem").await;
        let wide = "[...document.querySelectorAll('body, #toolbar, #create, #side, #layers, #footer')]
            .filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.id || part.tagName)";
        assert_eq!(page.get(wide).await, json!([]), "{width} × {height}");
        let outside = "[...document.querySelectorAll('#toolbar button, #generate, #prompt, #layers .layer-select, #opacity')]
            .filter((part) => { const b = part.getBoundingClientRect();
              return b.width < 20 || b.height < 20 || b.left < 0 || b.top < 0 || b.right > innerWidth || b.bottom > innerHeight; })
            .map((part) => part.id || part.className)";
        assert_eq!(page.get(outside).await, json!([]), "{width} × {height}");
        let stage = page.get("document.querySelector('#stage').clientWidth").await;
        assert!(stage.as_u64().is_some_and(|pixels| pixels >= 300), "the canvas has room: {stage}");
        page.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reduced_motion_is_kept_still() {
    let page = Page::open_as("stepMs=300", Look { calm: true, ..Look::default() }).await;
    page.click(".example").await;
    page.wait("!document.querySelector('#generating').hidden").await;
    assert_eq!(page.get("document.getAnimations().length").await, json!(0));
    page.set_look(&Look::default()).await;
    page.wait("document.getAnimations().length > 0").await;
    page.close().await;
}
