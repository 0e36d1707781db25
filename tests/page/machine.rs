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
    let label = page.get("document.querySelector('#machine-charts [data-gauge=cpu] canvas').ariaLabel").await;
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
