use std::fs;

use serde_json::Value;

use crate::{
    model_folder::{model, reference, tensor_file},
    program::Bench,
};

fn refuses(more: &[&str], words: &str) {
    let model = model();
    let mut arguments =
        vec!["generate", "--model", &model, "--prompt", "a fox", "--out", "out.png"];
    arguments.extend(more);
    Bench::new().refuses(&arguments, words);
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for side in ["--width", "--height"] {
        refuses(&[side, "0"], "0 is too small");
        refuses(&[side, "7"], "7 is too small");
        refuses(&[side, "100000"], "100000 is too large");
        for text in ["-1", "nan", "1e99", "16.5", "", "99999999999999999999"] {
            refuses(&[side, text], "whole number");
        }
    }
}

#[test]
fn a_wrong_side_is_called_by_its_name() {
    refuses(&["--width", "7"], "width");
    refuses(&["--height", "7"], "height");
}

#[test]
fn a_size_beyond_memory_is_refused_before_it_is_tried() {
    let size = ["--width", "4096", "--height", "4096"];
    refuses(&[&size[..], &["--ram-budget", "1GiB"]].concat(), "would fit");
    refuses(&["--ram-budget", "1MB"], "more memory");
    refuses(&["--ram-budget", "much"], "GiB");
}

#[test]
fn numbers_out_of_range_are_refused() {
    refuses(&["--steps", "0"], "steps");
    refuses(&["--steps", "1000000"], "steps");
    refuses(&["--steps", "-3"], "whole number");
    refuses(&["--guidance", "-1"], "guidance");
    for text in ["nan", "inf", "1e999", "much"] {
        refuses(&["--guidance", text], "number");
    }
    refuses(&["--guidance", "1e99"], "guidance");
    refuses(&["--step-cache", "-0.1"], "step cache");
    refuses(&["--step-cache", "1.5"], "0 to 1");
    refuses(&["--step-cache", "nan"], "number");
    refuses(&["--variations", "0"], "0 variations");
    refuses(&["--variations", "1000000"], "1000000 variations");
    refuses(&["--seed", "-1"], "whole number");
    refuses(&["--seed", "18446744073709551616"], "whole number");
    refuses(&["--max-sequence-length", "0"], "sequence length");
    refuses(&["--max-sequence-length", "1000000"], "sequence length");
    refuses(&["--dtype", "int4"], "int4");
    refuses(&["--device", "toaster"], "toaster");
}

#[test]
fn influences_that_cannot_be_are_refused() {
    let picture = reference("flux2-golden/images/ref0.png").to_string_lossy().into_owned();
    for text in ["-0.1", "2.1", "1e99"] {
        refuses(&["--ref", &picture, "--ref-influence", text], "out of range: 0 to 2");
    }
    for text in ["nan", "inf", "much", ""] {
        refuses(&["--ref", &picture, "--ref-influence", text], "a number is needed");
    }
    refuses(&["--ref-influence", "1"], "--ref");
    refuses(
        &["--ref", &picture, "--ref", &picture, "--ref-influence", "1"],
        "2 --ref and 1 --ref-influence",
    );
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    refuses(&["--device", "cuda"], "CUDA");
}

#[test]
fn what_is_missing_on_the_command_line_is_named() {
    let bench = Bench::new();
    for (arguments, words) in [
        (&["generate"][..], "--prompt"),
        (&["generate", "--prompt", "a fox"], "--out"),
        (&["generate", "--out", "out.png"], "--prompt"),
        (&["generate", "--prompt", "a fox", "--out", "out.png", "--frobnicate"], "--frobnicate"),
        (&["paint"], "paint"),
        (&["nothing-here.png"], "nothing-here.png"),
    ] {
        let run = bench.refuses(arguments, words);
        assert_eq!(run.code, Some(2), "{run:?}");
    }
}

#[test]
fn prompts_that_cannot_be_read_are_refused() {
    let model = model();
    for (prompt, words) in
        [("", "empty"), (" \n\t ", "empty"), (&*"fox ".repeat(2500), "10000 characters")]
    {
        let arguments = ["generate", "--model", &model, "--prompt", prompt, "--out", "out.png"];
        Bench::new().refuses(&arguments, words);
    }
    let long = "fox ".repeat(2500);
    refuses(&["--negative", &long], "10000 characters");
}

#[test]
fn any_other_prompt_paints() {
    let model = model();
    for prompt in [
        "🦊🧪 ＡＢ\u{202e}ab\u{0} 一只猫".replace('\0', "").as_str(),
        "<|im_start|><|im_end|><|endoftext|><think></think>",
        "{{ '{%' }} \\ \" ' \u{feff}",
        "-1",
    ] {
        let arguments = [
            "generate",
            "--model",
            &model,
            "--prompt",
            prompt,
            "--width",
            "32",
            "--height",
            "32",
            "--steps",
            "1",
            "--max-sequence-length",
            "24",
            "--out",
            "out.png",
        ];
        Bench::new().paints(&arguments, &[]);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_run() {
    let model = model();
    for (place, words) in [
        ("nowhere/out.png", "folder does not exist"),
        ("/proc/out.png", "cannot write `/proc/out.png`"),
        ("/dev/null/out.png", "folder does not exist"),
        ("out.jpg", ".png"),
        (".", "cannot write"),
        ("", "--out"),
    ] {
        let bench = Bench::new();
        let arguments = ["generate", "--model", &model, "--prompt", "a fox", "--out", place];
        let run = bench.refuses(&arguments, words);
        assert!(!run.stderr.contains("Loading"), "it began to work: {run:?}");
        assert!(
            !run.stderr.contains(".tmp"),
            "it tells of a file that the user does not know: {run:?}"
        );
    }
}

#[test]
fn a_folder_called_like_a_picture_is_not_replaced() {
    let model = model();
    let bench = Bench::new();
    fs::create_dir(bench.path("out.png")).expect("a folder");
    let arguments = ["generate", "--model", &model, "--prompt", "a fox", "--out", "out.png"];
    bench.refuses(&arguments, "folder");
    assert!(bench.path("out.png").is_dir());
}

#[test]
fn a_failed_run_leaves_the_picture_that_was_there() {
    let bench = Bench::new();
    fs::write(bench.path("out.png"), "before").expect("a file");
    let arguments =
        ["generate", "--model", "no-such-model", "--prompt", "a fox", "--out", "out.png"];
    bench.refuses(&arguments, "no-such-model");
    assert_eq!(fs::read(bench.path("out.png")).expect("it is there"), b"before");
}

#[test]
fn models_that_are_none_are_refused() {
    let bench = Bench::new();
    let other = reference("qwen-image-layered").to_string_lossy().into_owned();
    let empty = tempfile::tempdir().expect("a temporary folder");
    let empty = empty.path().to_string_lossy().into_owned();
    for (model, words) in [
        ("klein-5b", "klein-4b"),
        ("klein-4b", "FLUX.2-klein-4B"),
        ("", "no model"),
        ("/dev/null", "/dev/null"),
        (&*empty, "model_index.json"),
        (&*other, "splits pictures into layers"),
    ] {
        bench.refuses(
            &["generate", "--model", model, "--prompt", "a fox", "--out", "out.png"],
            words,
        );
    }
}

#[test]
fn latents_of_another_shape_or_none_are_refused() {
    let model = model();
    let bench = Bench::new();
    let size = ["--width", "64", "--height", "32", "--max-sequence-length", "24"];
    fs::write(bench.path("shape.safetensors"), tensor_file("latents", &[1, 32, 4, 4], 0.5))
        .expect("a file");
    fs::write(bench.path("packed.safetensors"), tensor_file("latents", &[1, 8, 32], 0.5))
        .expect("a file");
    fs::write(bench.path("name.safetensors"), tensor_file("noise", &[1, 32, 2, 4], 0.5))
        .expect("a file");
    fs::write(bench.path("nan.safetensors"), tensor_file("latents", &[1, 32, 2, 4], f32::NAN))
        .expect("a file");
    fs::write(bench.path("text.safetensors"), "these are no latents").expect("a file");
    fs::write(bench.path("empty.safetensors"), "").expect("a file");
    for (file, words) in [
        ("shape.safetensors", "shape"),
        ("packed.safetensors", "shape"),
        ("name.safetensors", "latents"),
        ("nan.safetensors", "latents"),
        ("text.safetensors", "text.safetensors"),
        ("empty.safetensors", "empty"),
        ("missing.safetensors", "missing"),
        ("/dev/zero", "/dev/zero"),
        (".", "cannot read"),
    ] {
        let mut arguments =
            vec!["generate", "--model", &model, "--prompt", "a fox", "--out", "out.png"];
        arguments.extend(size);
        arguments.extend(["--init-latents", file]);
        bench.refuses(&arguments, words);
    }
}

#[test]
fn with_json_the_error_is_an_object_too() {
    let bench = Bench::new();
    let check = |arguments: &[&str], code: &str| {
        let run = bench.refuses(arguments, "");
        let object: Value = serde_json::from_str(&run.stdout).expect("one JSON object on stdout");
        assert_eq!(object["error"]["code"], code, "{run:?}");
        let message = object["error"]["message"].as_str().expect("a message");
        assert_eq!(
            run.stderr.lines().last(),
            Some(format!("error: {message}").as_str()),
            "{run:?}"
        );
    };
    check(
        &["generate", "--json", "--prompt", "a fox", "--out", "out.png", "--width", "7"],
        "invalid_request",
    );
    check(
        &["generate", "--json", "--prompt", "a fox", "--out", "out.png", "--model", "none"],
        "model_missing",
    );
    check(&["generate", "--json", "--prompt", "a fox", "--out", "/proc/out.png"], "unwritable");
    check(&["generate", "--json"], "usage");
}
