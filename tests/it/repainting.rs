use std::path::Path;

use image::{Rgba, RgbaImage};
use serde_json::Value;

use crate::program::Bench;

/// The starter model: it was never trained to repaint, and what is kept must be exact all the same.
fn starter() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/starter");
    folder.to_string_lossy().into_owned()
}

/// A picture with something of everything: noise, soft and full transparency.
fn picture(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(97) >> 7;
        let alpha = if x < 9 { (y * 5) as u8 } else { 255 };
        Rgba([(x * 2) as u8, (y * 2) as u8, noise as u8, alpha])
    })
}

/// Runs the program on `in.png`, two steps at a small size; gives the picture and its JSON.
fn paint(bench: &Bench, more: &[&str]) -> (RgbaImage, Value) {
    let model = starter();
    let mut arguments = vec![
        "generate",
        "--model",
        &model,
        "--prompt",
        "a red potion",
        "--seed",
        "3",
        "--steps",
        "2",
        "--init",
        "in.png",
        "--json",
        "--out",
        "out.png",
    ];
    arguments.extend(more);
    let run = bench.run(&arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    let picture = image::open(bench.path("out.png")).expect("a picture").into_rgba8();
    (picture, serde_json::from_str(&run.stdout).expect("one JSON object on stdout"))
}

#[test]
fn outside_the_mask_the_picture_is_the_input_to_the_bit() {
    let bench = Bench::new();
    // No multiple of 16, so the model works at another size than the picture's.
    let input = picture(121, 90);
    input.save(bench.path("in.png")).expect("it can be written");
    let disc = |soft: bool| {
        image::GrayImage::from_fn(121, 90, |x, y| {
            let depth = 30.0 - (x as f32 - 70.0).hypot(y as f32 - 45.0);
            let level = if soft { depth * 16.0 } else { depth * 1000.0 };
            image::Luma([level.clamp(0.0, 255.0) as u8])
        })
    };
    for soft in [false, true] {
        let mask = disc(soft);
        mask.save(bench.path("mask.png")).expect("it can be written");
        let (output, told) = paint(&bench, &["--mask", "mask.png", "--strength", "1"]);
        assert_eq!(output.dimensions(), input.dimensions());
        assert_eq!((&told["width"], &told["height"]), (&121.into(), &90.into()));
        let mut repainted = 0;
        for (x, y, pixel) in output.enumerate_pixels() {
            if mask.get_pixel(x, y).0 == [0] {
                assert_eq!(pixel, input.get_pixel(x, y), "at {x}, {y}, soft {soft}");
            } else if pixel != input.get_pixel(x, y) {
                repainted += 1;
            }
        }
        assert!(repainted > 2000, "only {repainted} pixels were repainted");
    }
}

#[test]
fn an_extended_picture_holds_the_input_to_the_bit() {
    let bench = Bench::new();
    let input = picture(60, 50);
    input.save(bench.path("in.png")).expect("it can be written");
    let (output, _) = paint(&bench, &["--extend", "20,0,33,14"]);
    assert_eq!(output.dimensions(), (60 + 20 + 33, 50 + 14));
    let mut outside = std::collections::BTreeSet::new();
    for (x, y, pixel) in output.enumerate_pixels() {
        if (20..80).contains(&x) && y < 50 {
            assert_eq!(pixel, input.get_pixel(x - 20, y), "at {x}, {y}");
        } else {
            outside.insert(pixel.0);
        }
    }
    assert!(outside.len() > 100, "the outside has only {} colours", outside.len());
}

#[test]
fn references_and_a_size_to_work_at_leave_the_picture_as_exact() {
    let bench = Bench::new();
    let input = picture(64, 64);
    input.save(bench.path("in.png")).expect("it can be written");
    picture(80, 72).save(bench.path("ref.png")).expect("it can be written");
    image::GrayImage::from_fn(64, 64, |x, _| image::Luma([if x < 30 { 255 } else { 0 }]))
        .save(bench.path("mask.png"))
        .expect("it can be written");
    let twice = ["--mask", "mask.png", "--ref", "ref.png", "--ref", "in.png"];
    let mut more = twice.to_vec();
    more.extend(["--ref-influence", "0.5", "--ref-influence", "1.5", "--width", "128"]);
    let (output, told) = paint(&bench, &more);
    assert_eq!((&told["width"], &told["height"]), (&64.into(), &64.into()));
    for (x, y, pixel) in output.enumerate_pixels().filter(|(x, ..)| *x >= 30) {
        assert_eq!(pixel, input.get_pixel(x, y), "at {x}, {y}");
    }
    let (neutral, _) = paint(&bench, &twice);
    assert_ne!(output, neutral, "influence changes nothing");
}

#[test]
fn what_cannot_be_repainted_is_refused() {
    let bench = Bench::new();
    let model = starter();
    picture(64, 64).save(bench.path("in.png")).expect("it can be written");
    image::GrayImage::new(64, 64).save(bench.path("black.png")).expect("it can be written");
    image::GrayImage::new(64, 32).save(bench.path("small.png")).expect("it can be written");
    for (more, words) in [
        (&["--init", "in.png"][..], "--mask"),
        (&["--mask", "black.png"], "--init"),
        (&["--extend", "1,1,1,1"], "--init"),
        (&["--init", "in.png", "--mask", "black.png"], "nothing to repaint"),
        (&["--init", "in.png", "--mask", "small.png"], "same size"),
        (&["--init", "in.png", "--extend", "0,0,0,0"], "extending by nothing"),
        (&["--init", "in.png", "--extend", "8000,0,8000,0"], "at most 8192"),
        (&["--init", "in.png", "--extend", "1,2,3"], "four whole numbers"),
        (&["--init", "in.png", "--extend", "-1,0,0,0"], "four whole numbers"),
        (&["--init", "in.png", "--extend", "1,1,1,1", "--mask", "black.png"], "--mask"),
        (&["--init", "in.png", "--extend", "1,1,1,1", "--seam", "1000"], "seam"),
        (&["--init", "in.png", "--extend", "1,1,1,1", "--strength", "0"], "strength"),
    ] {
        let mut arguments = vec!["generate", "--model", &model, "--prompt", "a red potion"];
        arguments.extend(["--out", "out.png"]);
        arguments.extend(more);
        bench.refuses(&arguments, words);
    }
}
