//! What the computer does: gauges in the status bar and the panel of the last minutes.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Page;

const AT: &str = "Number(document.querySelector('#machine-panel').dataset.at)";

#[tokio::test(flavor = "multi_thread")]
async fn gauges_open_a_panel_that_moves_and_is_told_in_words() {
    let page = Page::open("stepMs=1&gpu=1").await;
    page.wait("document.querySelectorAll('#gauges .gauge-meter').length === 4").await;
    page.run("document.querySelector('#gauges').focus()").await;
    page.keys(Key::Enter).await;
    page.wait("!document.querySelector('#machine-panel').hidden").await;
    assert_eq!(page.get("document.querySelector('#gauges').ariaExpanded").await, json!("true"));

    let first = page.get(AT).await.as_f64().expect("a time");
    page.wait(&format!("{AT} > {first} + 300")).await;
    let memory = page.text("[data-gauge=memory] .gauge-now").await;
    assert!(memory.contains(" of 16 GB"), "{memory}");
    let own = page.text("[data-gauge=card-memory-0] .gauge-ours").await;
    assert!(own.starts_with("this program ") && own.ends_with(" GB"), "{own}");
    let card = page.text("#machine-cards").await;
    assert_eq!(
        card,
        "NVIDIA GeForce RTX 4070 · 61 °C · 142 W of 200 W · 2,475 MHz · memory 10,501 MHz"
    );
    let label = page
        .get("document.querySelector('#machine-charts [data-gauge=cpu] canvas').ariaLabel")
        .await;
    let label = label.as_str().expect("a text");
    assert!(label.starts_with("Processor over the last two minutes: now "), "{label}");
    let legend = page.text("#machine-phases").await;
    assert!(legend.contains("Loading 4.0 s") && legend.contains("Finishing 4.0 s"), "{legend}");
    let live = "document.querySelectorAll('#machine-panel [aria-live], #machine-panel [role=status], #gauges [aria-live]').length";
    assert_eq!(page.get(live).await, json!(0), "nothing is read out ten times a second");
    let drawn = "[...document.querySelectorAll('#machine-panel canvas, #gauges canvas')].every((canvas) =>
        new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 1)";
    assert_eq!(page.get(drawn).await, json!(true), "a chart is empty");

    page.keys(Key::Escape).await;
    page.wait("document.querySelector('#machine-panel').hidden").await;
    assert_eq!(page.get("document.activeElement.id").await, json!("gauges"));
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_at_the_machine_while_the_window_is_hidden() {
    let page = Page::open("stepMs=1").await;
    page.wait("document.querySelectorAll('#gauges .gauge-meter').length === 2").await;
    let hide = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});
             document.dispatchEvent(new Event('visibilitychange'))"
        )
    };
    page.run(&hide(true)).await;
    assert_eq!(page.calls("stop_telemetry").await.len(), 1);
    page.run(&hide(false)).await;
    assert_eq!(page.calls("start_telemetry").await.len(), 2);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_tells_nothing_shows_no_gauges() {
    let page = Page::open("stepMs=1&telemetry=none").await;
    assert_eq!(page.get("document.querySelector('#gauges').hidden").await, json!(true));
    page.run("__MOCK__.emit('menu', 'view.machine')").await;
    page.wait("!document.querySelector('#machine-panel').hidden").await;
    page.close().await;
}

const FORECAST: &str = "document.querySelector('#forecast-text').textContent";

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_figures_and_ways_out() {
    let page = Page::open("stepMs=1").await;
    page.run(
        "const p = document.querySelector('#prompt'); p.value = 'a gem';
         p.dispatchEvent(new Event('input', { bubbles: true }))",
    )
    .await;
    page.wait(&format!("{FORECAST}.startsWith('Needs 435.2 MB of 9 GB · about 38 s')")).await;
    assert_eq!(page.get("document.querySelector('#generate').ariaDisabled").await, json!("false"));

    page.run("document.querySelector('#gauges').click()").await;
    page.wait("document.querySelector('#budget-memory')").await;
    let note = "document.querySelector('#budget-memory-note').textContent";
    page.wait(&format!("{note}.includes('what is free of 16 GB')")).await;
    set_budget(&page, "0.4").await;
    page.wait(&format!(
        "{FORECAST}.startsWith('Does not fit: it needs 435.2 MB and may have 410 MB. 25.2 MB')"
    ))
    .await;
    page.wait(&format!(
        "{note}.includes('up to 410 MB of 16 GB') && {note}.includes('needs 435.2 MB')"
    ))
    .await;
    assert_eq!(page.get("document.querySelector('#generate').ariaDisabled").await, json!("true"));
    let told = page.text("#job-text").await;
    assert!(told.starts_with("This picture does not fit into the memory."), "{told}");
    page.run("document.querySelector('#prompt').focus()").await;
    page.chord(Key::Control, Key::Enter).await;
    page.drawn().await;
    assert_eq!(page.calls("generate").await.len(), 0, "nothing is started");

    page.run("document.querySelector('#forecast-budget').click()").await;
    page.wait(&format!("{FORECAST}.startsWith('Needs 435.2 MB of 512 MB')")).await;
    assert_eq!(page.get("document.querySelector('#budget-memory').value").await, json!("0.5"));
    page.chord(Key::Control, Key::Enter).await;
    page.wait("__MOCK__.calls.some(({ command }) => command === 'generate')").await;
    page.wait("document.querySelector('#cancel').hidden").await;

    set_budget(&page, "0.4").await;
    page.wait("document.querySelector('#forecast-size')").await;
    page.run("document.querySelector('#forecast-size').click()").await;
    page.wait(&format!("{FORECAST}.startsWith('Needs 339.2 MB of 410 MB')")).await;
    assert_eq!(page.get("document.querySelector('#width').value").await, json!("64"));
    page.close().await;
}

async fn set_budget(page: &Page, gigabytes: &str) {
    page.run(&format!(
        "const b = document.querySelector('#budget-memory'); b.value = '{gigabytes}';
         b.dispatchEvent(new Event('input')); b.dispatchEvent(new Event('change'))"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_as_soon_as_they_are_changed() {
    let page = Page::open("stepMs=1").await;
    page.run("__MOCK__.emit('menu', 'edit.settings')").await;
    page.wait("document.querySelector('#settings-dialog').open").await;
    page.click("#keep-in-tray").await;
    page.click("#start-at-login").await;
    page.run(
        "const m = document.querySelector('#preload'); m.value = 'starter'; m.dispatchEvent(new Event('change'));
         const u = document.querySelector('#unload-after'); u.value = '0'; u.dispatchEvent(new Event('input'))",
    )
    .await;
    page.wait(
        "(({ preferences: p } = {}) => p && p.keepInTray && p.startAtLogin && p.preload === 'starter' && p.unloadAfter === 0)
         (__MOCK__.calls.filter(({ command }) => command === 'save_preferences').at(-1)?.args)",
    )
    .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_the_window_cannot_go_there_and_it_is_said_why() {
    let page = Page::open("stepMs=1&notray=1&problem=Line 2 is wrong.").await;
    page.wait("document.querySelector('#notice-error').textContent.includes('could not be read')")
        .await;
    page.run("__MOCK__.emit('menu', 'edit.settings')").await;
    page.wait("document.querySelector('#settings-dialog').open").await;
    assert_eq!(page.get("document.querySelector('#keep-in-tray').disabled").await, json!(true));
    let note = page.text("#keep-in-tray-note").await;
    assert!(note.contains("libayatana-appindicator3-1"), "{note}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_time_the_window_is_kept_it_is_said_where_it_goes() {
    let page = Page::open("stepMs=1").await;
    page.run("__MOCK__.emit('stays-in-tray')").await;
    page.wait("document.querySelector('#tray-dialog').open").await;
    assert_eq!(page.calls("hide_window").await.len(), 0, "first it is read");
    page.keys(Key::Enter).await;
    page.wait("__MOCK__.calls.some(({ command }) => command === 'hide_window')").await;
    page.run("__MOCK__.emit('stays-in-tray')").await;
    page.click("#tray-quit").await;
    page.wait("__MOCK__.calls.some(({ command }) => command === 'close_window')").await;
    page.close().await;
}
