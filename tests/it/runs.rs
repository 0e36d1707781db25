use std::{
    io::{BufRead, BufReader},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    model_folder::model,
    program::{Bench, finish},
};

fn arguments<'a>(model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "generate",
        "--model",
        model,
        "--prompt",
        "the red fox",
        "--width",
        "64",
        "--height",
        "64",
        "--max-sequence-length",
        "64",
        "--dtype",
        "f32",
        "--out",
        "out.png",
    ];
    arguments.extend(more);
    arguments
}

#[test]
fn the_same_seed_gives_the_same_file_on_any_number_of_threads() {
    let model = model();
    let bench = Bench::new();
    let paint = |seed: &str, threads: &str| {
        bench.paints(&arguments(&model, &["--seed", seed]), &[("RAYON_NUM_THREADS", threads)])
    };
    let one = paint("7", "1");
    assert!(one == paint("7", "2"), "two threads give another picture than one");
    assert!(one == paint("7", "2"), "a second run gives another picture");
    assert!(one != paint("8", "2"), "another seed gives the same picture");
}

#[test]
fn the_result_is_told_in_json() {
    let model = model();
    let bench = Bench::new();
    let run = bench.run(&arguments(&model, &["--steps", "2", "--seed", "4294967296", "--json"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    let result: Value = serde_json::from_str(&run.stdout).expect("one JSON object on stdout");
    assert_eq!(result["path"], "out.png");
    assert_eq!((&result["width"], &result["height"]), (&64.into(), &64.into()));
    assert_eq!(result["seed"], 4_294_967_296_u64);
    assert_eq!(result["steps"], 2);
    assert_eq!(result["starter"], false);
    assert!(result["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{result}");
    let picture = image::open(bench.path("out.png")).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (64, 64));
    assert_eq!(bench.left(), ["out.png"], "nothing but the picture is left");
}

#[test]
fn a_seed_that_was_not_given_is_told_and_gives_the_picture_again() {
    let model = model();
    let bench = Bench::new();
    let run = bench.run(&arguments(&model, &["--steps", "1", "--json"]));
    let result: Value = serde_json::from_str(&run.stdout).expect("one JSON object on stdout");
    let seed = result["seed"].as_u64().expect("a seed").to_string();
    let first = std::fs::read(bench.path("out.png")).expect("the picture");
    assert!(first == bench.paints(&arguments(&model, &["--steps", "1", "--seed", &seed]), &[]));
}

#[test]
fn variations_are_the_pictures_of_the_next_seeds() {
    let model = model();
    let bench = Bench::new();
    let steps = ["--steps", "1", "--seed", "7"];
    let run =
        bench.run(&arguments(&model, &[&steps[..], &["--variations", "3", "--json"]].concat()));
    assert_eq!(run.code, Some(0), "{run:?}");
    let result: Value = serde_json::from_str(&run.stdout).expect("one JSON object on stdout");
    let told: Vec<(&Value, &Value)> = result["pictures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|picture| (&picture["path"], &picture["seed"]))
        .collect();
    let names = ["out-1.png", "out-2.png", "out-3.png"].map(Value::from);
    let seeds = [7, 8, 9].map(Value::from);
    assert_eq!(told, names.iter().zip(&seeds).collect::<Vec<_>>());
    assert_eq!(bench.left(), ["out-1.png", "out-2.png", "out-3.png"]);
    let third = std::fs::read(bench.path("out-3.png")).expect("a picture");
    let alone = bench.paints(&arguments(&model, &["--steps", "1", "--seed", "9"]), &[]);
    assert!(third == alone, "a variation is another picture than its seed alone gives");
}

#[test]
fn without_a_terminal_progress_is_a_line_a_stage() {
    let model = model();
    let bench = Bench::new();
    let run = bench.run(&arguments(&model, &["--steps", "3"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stderr.contains(['\r', '\x1b']), "{run:?}");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        lines.contains(&"Reading the prompt") && lines.contains(&"Painting, 3 steps"),
        "{lines:?}"
    );
    assert!(run.stdout.starts_with("out.png: 64 × 64"), "{run:?}");
}

#[test]
fn interrupting_a_run_ends_it_within_a_step_and_leaves_nothing() {
    let model = model();
    let bench = Bench::new();
    let mut child = bench.start(&arguments(&model, &["--steps", "1000"]), &[]);
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.starts_with("Painting") {
        line.clear();
        assert_ne!(
            said.read_line(&mut line).expect("text"),
            0,
            "the run ended before it was interrupted"
        );
    }
    let start = Instant::now();
    let signal =
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(signal.success());
    let code = child.wait().expect("it ends").code();
    assert!(start.elapsed() < Duration::from_secs(10), "it went on for {:?}", start.elapsed());
    assert_eq!(code, Some(130));
    assert_eq!(bench.left(), [""; 0], "something is left behind");
}

#[test]
fn interrupting_before_the_first_step_leaves_nothing() {
    let model = model();
    for wait in [1, 5, 20, 60] {
        let bench = Bench::new();
        let child = bench.start(&arguments(&model, &["--steps", "1000"]), &[]);
        std::thread::sleep(Duration::from_millis(wait));
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
        let run = finish(child);
        // A signal that comes before anything listens for it ends the program at once.
        assert!(matches!(run.code, Some(130) | None), "{run:?}");
        assert_eq!(bench.left(), [""; 0], "something is left behind");
    }
}

#[test]
fn headless_commands_need_no_display_and_the_window_says_so() {
    let bench = Bench::new();
    for arguments in [&["--version"][..], &["--help"], &["generate", "--help"], &["models"]] {
        let run = bench.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {run:?}");
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{arguments:?}: {run:?}");
    }
    assert!(bench.run(&["--version"]).stdout.starts_with("Veetance Asset Editor "));
    bench.refuses(&[], "`asset-editor generate` works without");
}
