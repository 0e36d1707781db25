use std::{collections::HashMap, fs};

use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::{
    model_folder::{model, reference},
    program::Bench,
};

fn folder(kind: &str) -> String {
    reference("flux1").join(kind).to_string_lossy().into_owned()
}

fn paint<'a>(model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments =
        vec!["generate", "--model", model, "--prompt", "a fox", "--width", "64", "--height", "48"];
    arguments.extend(["--steps", "2", "--seed", "3", "--max-sequence-length", "40"]);
    arguments.extend(["--out", "out.png"]);
    arguments.extend(more);
    arguments
}

#[test]
fn the_program_paints_what_the_reference_paints() {
    let cases = fs::read_to_string(reference("flux1/golden/cases.json")).expect("cases");
    let cases: Value = serde_json::from_str(&cases).expect("JSON");
    let prompt = cases["prompts"][0].as_str().expect("a prompt");
    for kind in ["dev", "schnell"] {
        let bench = Bench::new();
        let golden = reference("flux1/golden").join(format!("{kind}.safetensors"));
        let golden: HashMap<String, Tensor> =
            candle_core::safetensors::load(golden, &Device::Cpu).expect("a fixture");
        let (steps, length) = (cases["steps"][kind].to_string(), cases["length"].to_string());
        let (seed, guidance) = (cases["seed"].to_string(), cases["guidance"].to_string());
        let folder = folder(kind);
        let mut arguments = vec!["generate", "--model", &folder, "--prompt", prompt];
        arguments.extend(["--width", "64", "--height", "48", "--steps", &steps, "--seed", &seed]);
        arguments.extend(["--guidance", &guidance, "--max-sequence-length", &length]);
        arguments.extend(["--out", "out.png"]);
        let run = bench.run(&arguments);
        assert_eq!(run.code, Some(0), "{run:?}");
        let made = image::open(bench.path("out.png")).expect("a picture").to_rgb8();
        let expected = golden["image"].squeeze(0).and_then(|t| t.permute((1, 2, 0))?.flatten_all());
        let expected = expected.and_then(|t| t.to_vec1::<f32>()).expect("levels");
        let far = made
            .as_raw()
            .iter()
            .zip(&expected)
            .filter(|(made, expected)| (f32::from(**made) - *expected * 255.0).abs() > 1.5)
            .count();
        assert_eq!(made.as_raw().len(), expected.len());
        assert!(far * 1000 <= expected.len(), "{far} of {} levels are off", expected.len());
    }
}

#[test]
fn what_flux_1_cannot_do_is_refused_in_words() {
    let (bench, dev) = (Bench::new(), folder("dev"));
    let picture = Bench::new();
    let path = picture.path("picture.png");
    image::RgbImage::new(64, 48).save(&path).expect("it can be written");
    let path = path.to_string_lossy().into_owned();
    bench.refuses(&paint(&dev, &["--ref", &path]), "takes no reference pictures");
    bench.refuses(&paint(&dev, &["--step-cache", "0.1"]), "takes nothing from the step before");
    bench.refuses(&paint(&dev, &["--init", &path, "--mask", &path]), "does not repaint");
    bench.refuses(&paint(&dev, &["--negative", "fog"]), "reads no negative prompt");
}

#[test]
fn parts_and_changes_of_another_family_are_refused_by_what_they_are() {
    let (bench, dev, klein) = (Bench::new(), folder("dev"), model());
    let text = |name: &str| reference(name).to_string_lossy().into_owned();
    let lora = text("lora/flux2/kohya.safetensors");
    bench.refuses(&paint(&dev, &["--lora", &lora]), "made for another base");
    let vae = text("formats/flux2/flux2_vae_bfl.safetensors");
    bench.refuses(&paint(&dev, &["--vae", &vae]), "a FLUX.1 autoencoder is needed");
    let clip = text("flux1/dev/text_encoder/model.safetensors");
    bench.refuses(&paint(&dev, &["--text-encoder", &clip]), "it is a CLIP text encoder");
    let t5 = text("flux1/dev/text_encoder_2/model.safetensors");
    bench.refuses(&paint(&klein, &["--text-encoder", &t5]), "it is a T5 text encoder");
    let transformer = text("flux1/dev/transformer/diffusion_pytorch_model.safetensors");
    bench.refuses(&paint(&transformer, &["--base", &klein]), "another family");
}

#[test]
fn single_files_paint_what_the_folder_paints() {
    let (bench, dev) = (Bench::new(), folder("dev"));
    let expected = bench.paints(&paint(&dev, &[]), &[]);
    let text = |name: &str| reference("flux1/dev").join(name).to_string_lossy().into_owned();
    let transformer = text("transformer/diffusion_pytorch_model.safetensors");
    let t5 = text("text_encoder_2/model.safetensors");
    let more = ["--base", dev.as_str(), "--text-encoder", &t5];
    assert!(bench.paints(&paint(&transformer, &more), &[]) == expected, "another picture");
}

#[test]
fn a_transformer_in_a_linked_folder_finds_its_parts_and_is_told_from_what_lends_them() {
    let (bench, linked) = (Bench::new(), Bench::new());
    let dev = reference("flux1/dev");
    for (part, name) in [
        ("transformer/diffusion_pytorch_model.safetensors", "mine.safetensors"),
        ("vae/diffusion_pytorch_model.safetensors", "ae.safetensors"),
    ] {
        fs::copy(dev.join(part), linked.path(name)).expect("it can be copied");
    }
    let schnell = folder("schnell");
    for path in [linked.path(""), schnell.into()] {
        let run = bench.run(&["models", "link", &path.to_string_lossy()]);
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    let mine = linked.path("mine.safetensors").to_string_lossy().into_owned();
    let run = bench.run(&paint(&mine, &["--json"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    let told: Value = serde_json::from_str(run.stdout.trim()).expect("JSON");
    assert_eq!(told["guidance"], 3.5, "schnell lends, and it is dev: {told}");
}
