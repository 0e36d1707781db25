use std::{fs, path::Path};

use document::{Content, Document, Samples};
use serde_json::Value;

use crate::{
    model_folder::{model, reference},
    program::Bench,
};

fn picture() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("starter-layered/held-out");
    folder.join("01/source.png").to_string_lossy().into_owned()
}

fn tiny() -> String {
    reference("qwen-image-layered").to_string_lossy().into_owned()
}

fn split(bench: &Bench, more: &[&str], out: &str) -> Value {
    let picture = picture();
    let mut arguments = vec!["decompose", &picture, "--json", "--out", out];
    arguments.extend(more);
    let run = bench.run(&arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}\n{run:#?}");
    serde_json::from_str(&run.stdout).expect("one JSON object")
}

fn open(bench: &Bench, name: &str) -> Document {
    files::open(&bench.path(name)).expect("a document").document
}

/// Largest difference of what is seen; nothing where both are transparent.
fn largest_difference(a: &document::Raster, b: &document::Raster) -> u8 {
    let (Samples::Eight(a), Samples::Eight(b)) = (a.samples(), b.samples()) else {
        panic!("8 bits a channel")
    };
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn a_picture_becomes_a_psd_whose_layers_together_are_the_picture() {
    let bench = Bench::new();
    let told = split(&bench, &["--layers", "3", "--seed", "5"], "out.psd");
    assert_eq!(told["starter"], true);
    assert_eq!(told["asked"], 3);
    assert!(!told["prompt"].as_str().expect("what the model saw").is_empty(), "{told}");

    let document = open(&bench, "out.psd");
    let source = files::open(Path::new(&picture())).expect("the picture").document;
    assert_eq!((document.width, document.height), (source.width, source.height));
    let original = &document.layers[0];
    assert!(!original.visible && original.lock.pixels && original.lock.position);
    assert_eq!(document.layers.len() as u64, told["layers"].as_u64().expect("a number") + 1);
    let off = largest_difference(&document::flatten(&document), &document::flatten(&source));
    assert!(off <= 2, "the layers together are {off} levels off the picture");
    for layer in &document.layers[1..] {
        let recipe = layer.recipe.as_ref().expect("every layer remembers how it was made");
        // Another seed is tried once where the first gives layers that nobody would keep.
        assert!([5, 6].contains(&recipe.seed), "{recipe:?}");
        assert_eq!(recipe.model, "starter-layered");
        assert_eq!(recipe.parent, Some(original.id));
        assert!(matches!(&layer.content, Content::Pixels(_)));
    }
}

#[test]
fn the_same_seed_gives_the_same_layers() {
    let bench = Bench::new();
    let arguments = ["--layers", "2", "--seed", "9", "--steps", "4", "--prompt", "two gems"];
    split(&bench, &arguments, "a.ora");
    split(&bench, &arguments, "b.ora");
    assert_eq!(open(&bench, "a.ora"), open(&bench, "b.ora"));
}

#[test]
fn the_model_s_own_layers_are_given_on_request() {
    let bench = Bench::new();
    let arguments = ["--model", &tiny(), "--layers", "1", "--steps", "1", "--raw", "--prompt", "a"];
    let told = split(&bench, &arguments, "raw.psd");
    assert_eq!(told["starter"], false);
    let document = open(&bench, "raw.psd");
    assert_eq!(document.layers.len(), 1);
    // The real model's bucket, not the picture's size.
    assert_eq!((document.width, document.height), (640, 640));
}

#[test]
fn what_cannot_be_split_is_refused() {
    let bench = Bench::new();
    let picture = picture();
    let refuses = |more: &[&str], words: &str| {
        let mut arguments = vec!["decompose", &picture, "--out", "out.psd"];
        arguments.extend(more);
        bench.refuses(&arguments, words);
    };
    for count in ["0", "11", "100000"] {
        refuses(&["--layers", count], "layers are out of range");
    }
    refuses(&["--layers", "-1"], "whole number");
    refuses(&["--layers", "many"], "whole number");
    refuses(&["--steps", "0"], "steps");
    refuses(&["--guidance", "nan"], "number");
    refuses(&["--model", &model()], "does not split");
    refuses(&["--model", "starter"], "does not split");
    refuses(&["--prompt", &"x".repeat(5001)], "characters");

    bench.refuses(&["decompose", &picture, "--out", "out.xyz"], "must end in");
    bench.refuses(&["decompose", &picture, "--out", "no/such/folder/out.psd"], "folder");
    bench.refuses(&["decompose", "nothing.png", "--out", "out.psd"], "nothing.png");
    fs::write(bench.path("text.png"), "no picture").expect("a file");
    bench.refuses(&["decompose", "text.png", "--out", "out.psd"], "text.png");
    let empty = image::RgbaImage::new(64, 64);
    empty.save(bench.path("clear.png")).expect("a file");
    bench.refuses(&["decompose", "clear.png", "--out", "out.psd"], "nothing to split");
}

#[test]
fn a_layered_model_does_not_paint() {
    let model = tiny();
    Bench::new().refuses(
        &["generate", "--model", &model, "--prompt", "a fox", "--out", "out.png"],
        "splits pictures into layers",
    );
}
