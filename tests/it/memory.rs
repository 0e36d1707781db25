//! Budgets and forecasts, as a user or developer meets them.

use serde_json::Value;

use crate::{
    model_folder::{model, reference},
    program::{Bench, Run},
};

fn json(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn every_budget_paints_the_same_picture_or_is_refused() {
    let bench = Bench::new();
    let model = model();
    let plan = |budget: &str| {
        let run = bench.run(&["plan", &model, "--budget", budget, "--size", "64x64", "--json"]);
        json(&run).remove(0)
    };
    let measures = |budget: &str| plan(budget)["measures"].as_array().map(Vec::len);
    assert_eq!(measures("20GiB"), Some(0), "everything stays");
    // One byte less than all needs: the text encoder goes. The smallest that runs streams everything.
    let all = plan("20GiB")["peak_bytes"].as_u64().expect("a peak");
    let least = plan("1MiB")["peak_bytes"].as_u64().expect("a peak");
    let middle = (all - 1).to_string();
    assert_eq!(plan(&middle)["measures"][0], "drop_text_encoder");

    // What the program takes anyway differs a little from run to run.
    let least = (least + least / 32 + (8 << 20)).to_string();
    let paints = |budget: &str| {
        let arguments = ["--size", "64x64", "--steps", "2", "--ram-budget", budget];
        let run = bench.run(&[&["bench", "run", "--model", &model][..], &arguments].concat());
        json(&run).remove(0)
    };
    let pictures: Vec<Value> = ["20GiB", &middle, &least].map(paints).into();
    assert!(pictures.iter().all(|made| made["picture"] == pictures[0]["picture"]), "{pictures:#?}");
    bench.refuses(
        &["bench", "run", "--model", &model, "--size", "64x64", "--ram-budget", "1MiB"],
        "more memory",
    );
}

#[test]
fn a_forecast_says_what_would_fit() {
    let bench = Bench::new();
    let run = bench.run(&["plan", "starter", "--budget", "400MB", "--size", "4096x2048", "--json"]);
    let forecast = json(&run).remove(0);
    assert_eq!(forecast["fits"], false);
    let side = |index: usize| forecast["would_fit"]["size"][index].as_u64().expect("pixels");
    assert!(side(0) < 4096 && side(0) / side(1) == 2, "{forecast:#}");
    let fitting = format!("{}x{}", side(0), side(1));
    let run = bench.run(&["plan", "starter", "--budget", "400MB", "--size", &fitting, "--json"]);
    assert_eq!(json(&run)[0]["fits"], true);
    for words in ["lots", "-1GiB", "1e300GB", ""] {
        bench.refuses(&["plan", "starter", "--budget", words], "9GiB");
    }
    bench.refuses(&["plan", "klein-4b"], "not ready");
}

#[test]
fn runs_on_this_machine_say_how_long_the_next_will_be() {
    let bench = Bench::new();
    let seconds = || json(&bench.run(&["plan", "starter", "--json"]))[0]["seconds"].as_f64();
    assert_eq!(seconds(), None, "nothing was measured yet");
    let arguments = ["generate", "--model", "starter", "--prompt", "a potion", "--out", "out.png"];
    bench.paints(&arguments, &[]);
    assert!(seconds().is_some_and(|seconds| seconds > 0.0));
}

#[test]
fn two_hundred_pictures_leave_nothing_behind() {
    let bench = Bench::new();
    let lora = |name: &str| reference("lora/flux2").join(name).to_string_lossy().into_owned();
    let run = bench.run(&[
        "bench",
        "soak",
        "--models",
        "starter",
        &model(),
        "--loras",
        &lora("kohya.safetensors"),
        &lora("peft_diffusers.safetensors"),
    ]);
    let result = json(&run).remove(0);
    assert!(result["cancelled"].as_u64() > Some(10), "{result}");
    let bytes = |name: &str| result[name].as_f64().expect("bytes");
    let growth = bytes("memory_bytes_last") / bytes("memory_bytes_settled");
    assert!(growth <= 1.02, "{growth}: {result}");
}
