//! `asset-editor bench`, on the tiny models.

use serde_json::Value;

use crate::{
    model_folder::{model, reference},
    program::Bench,
};

fn layered() -> String {
    reference("qwen-image-layered").to_string_lossy().into_owned()
}

fn measured(arguments: &[&str]) -> Value {
    let run = Bench::new().run(arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(run.stdout.trim()).expect("one JSON line")
}

#[test]
fn parts_are_measured_alone() {
    for model in [model(), layered()] {
        let place = ["--model", &model, "--size", "64x80", "--repeat", "2"];
        let step = ["bench", "step", "--max-sequence-length", "8", "--layers", "2", "--compare"];
        let step = measured(&[&step[..], &place].concat());
        assert_eq!(step["step_seconds"].as_array().map(Vec::len), Some(2), "{step}");
        assert!(step["cosine_to_f32"].as_f64().is_some_and(|near| near > 0.99), "{step}");
        let autoencoder = measured(&[&["bench", "autoencoder"][..], &place].concat());
        for phase in ["encode_seconds", "decode_seconds"] {
            assert_eq!(autoencoder[phase].as_array().map(Vec::len), Some(2), "{autoencoder}");
        }
    }
}

#[test]
fn a_run_says_what_reading_pictures_took() {
    let (model, layered) = (model(), layered());
    let edit = ["bench", "run", "--model", &model, "--size", "64x64", "--references", "1"];
    let split = ["bench", "run", "--model", &layered, "--size", "64x64", "--layers", "2"];
    for arguments in [edit, split] {
        let run = measured(&[&arguments[..], &["--steps", "1"]].concat());
        let phases = run["took"]["phases"].as_array().expect("phases");
        let times = |name: &str| phases.iter().filter(|phase| phase["phase"] == name).count();
        for phase in ["encode", "encode_pictures", "denoise", "decode"] {
            assert_eq!(times(phase), 1, "{phase} in {run}");
        }
        assert!(run["cut_blocks"].is_null(), "the model is whole");
    }
}

#[test]
fn steps_that_are_reused_are_counted_and_say_what_they_cost() {
    let run = |model: &str, steps: &str, threshold: &str| {
        let what = ["bench", "run", "--model", model, "--size", "64x64", "--steps", steps];
        measured(&[&what[..], &["--step-cache", threshold]].concat())["step_cache"].clone()
    };
    let none = run(&model(), "3", "0");
    assert_eq!((&none["reused_steps"], &none["largest_difference"]), (&0.into(), &0.into()));
    let some = run("starter", "24", "0.4");
    let reused = some["reused_steps"].as_u64().expect("a number");
    assert!((1..24).contains(&reused), "{some}");
    assert!(some["mean_difference"].as_f64().is_some_and(|levels| levels > 0.0), "{some}");
}

#[test]
fn only_what_can_be_cut_is() {
    let create = ["bench", "create", "--out", "model", "--blocks"];
    let bench = Bench::new();
    bench.refuses(&[&create[..], &["1", "--shape", "klein-4b"]].concat(), "qwen-image-layered");
    bench.refuses(&[&create[..], &["0", "--shape", "qwen-image-layered"]].concat(), "1..");
    assert!(!bench.path("model").exists());
}
