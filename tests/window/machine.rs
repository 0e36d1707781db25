//! What the computer does, and what a budget forbids, in the real window.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{desk::Desk, session::Session};

const FORECAST: &str = "return document.querySelector('#forecast-text').textContent";

/// Times at which the panel showed another look, in milliseconds, over three seconds.
const LOOKS: &str = "
    const done = arguments[arguments.length - 1];
    const panel = document.querySelector('#machine-panel');
    const times = [];
    const watch = new MutationObserver(() => times.push(Number(panel.dataset.at)));
    watch.observe(panel, { attributes: true, attributeFilter: ['data-at'] });
    setTimeout(() => { watch.disconnect(); done(times); }, 3000);";

#[test]
fn a_budget_is_set_refused_raised_and_kept_while_the_gauges_move() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.fill("#prompt", "a red gem");
    session.fill("#steps", "2");
    let until_foreseen = |what: &str, start: &str| {
        let script = format!("{FORECAST}.startsWith({})", json!(start));
        session.until_true(what, &script);
    };
    until_foreseen("it is foreseen", "Needs ");
    session.until_true("there are gauges", "return !document.querySelector('#gauges').hidden");
    session.click("#gauges");
    let times: Vec<u64> =
        serde_json::from_value(session.asynchronously(LOOKS, &[])).expect("times");
    let rises = times.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(rises && (12..=36).contains(&times.len()), "ten times a second: {times:?}");
    let memory = session.script(
        "return document.querySelector('#machine-charts [data-gauge=memory] .gauge-ours').textContent",
        &[],
    );
    assert!(memory.as_str().is_some_and(|text| text.starts_with("this program ")), "{memory}");

    session.fill("#budget-memory", "0.1");
    until_foreseen("it is refused", "Does not fit: it needs ");
    session.click("#generate");
    let told = session.script("return document.querySelector('#job-text').textContent", &[]);
    assert_eq!(told, "This picture does not fit into the memory.");
    assert_eq!(session.number_of_layers(), 0);
    assert_eq!(refusal_of_the_engine(&session), "out_of_memory");

    session.fill("#budget-memory", "4");
    until_foreseen("it fits", "Needs ");
    let text = session.script(FORECAST, &[]);
    assert!(text.as_str().is_some_and(|text| text.contains(" of 4 GB")), "{text}");
    session.generate("a red gem");
    drop(session);

    let session = Session::start(&desk);
    session.click("#gauges");
    session.until_true(
        "the budget is kept",
        "return document.querySelector('#budget-memory')?.value === '4'",
    );
}

/// The code with which the engine itself ends a run that the page would not have started.
fn refusal_of_the_engine(session: &Session<'_>) -> Value {
    session.asynchronously(
        "const done = arguments[arguments.length - 1];
         const { Channel, invoke } = window.__TAURI__.core;
         const onEvent = new Channel();
         onEvent.onmessage = ({ event, data }) => { if (event === 'failed' || event === 'finished') done(data.code ?? event); };
         invoke('generate', { request: { prompt: 'a gem', steps: 2 }, onEvent }).catch((error) => done(error.code));",
        &[],
    )
}

#[test]
#[ignore = "takes two minutes; prints what the gauges cost"]
fn what_the_gauges_cost() {
    let desk = Desk::new();
    let session = Session::start(&desk);
    session.until_true("there are gauges", "return !document.querySelector('#gauges').hidden");
    let measure = |what: &str| {
        thread::sleep(Duration::from_secs(3));
        let before = session.processor_time();
        thread::sleep(Duration::from_secs(15));
        let taken = session.processor_time() - before;
        println!("{what}: {:.2} % of one processor", taken.as_secs_f64() / 15.0 * 100.0);
    };
    measure("gauges in the status bar");
    session.click("#gauges");
    measure("the panel open, ten looks a second");
    session.script("document.querySelector('#machine-panel').style.display = 'none'", &[]);
    measure("the same, not drawn");
    session.script("window.__TAURI__.core.invoke('stop_telemetry')", &[]);
    measure("none");
}
