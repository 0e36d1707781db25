use std::{collections::HashMap, fs};

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use crate::{
    model_folder::{ModelFolder, model, reference},
    program::Bench,
};

/// A run of the reference pipeline, repeated by the command line from the same latents.
struct Case {
    golden: HashMap<String, Tensor>,
    cases: Value,
    bench: Bench,
}

impl Case {
    fn open(name: &str) -> Self {
        let path = reference("flux2-golden").join(format!("{name}.safetensors"));
        let golden =
            candle_core::safetensors::load(&path, &Device::Cpu).expect("the fixture is whole");
        let cases =
            fs::read_to_string(reference("flux2-golden").join("cases.json")).expect("cases");
        let case = Self {
            golden,
            cases: serde_json::from_str(&cases).expect("JSON"),
            bench: Bench::new(),
        };
        let latents = HashMap::from([("latents", case.golden["initial_latents"].clone())]);
        let file = case.bench.path("latents.safetensors");
        candle_core::safetensors::save(&latents, file).expect("latents can be written");
        case
    }

    /// Writes the run's input pictures as files and names them as references.
    fn references(&self) -> Vec<String> {
        (0..)
            .map_while(|index| {
                let levels = self.golden.get(&format!("input_image.{index}"))?;
                let (height, width, _) = levels.dims3().expect("a picture");
                let levels = levels.flatten_all().and_then(|t| t.to_vec1::<u8>()).expect("levels");
                let name = format!("ref{index}.png");
                image::RgbImage::from_raw(width as u32, height as u32, levels)
                    .expect("a picture")
                    .save(self.bench.path(&name))
                    .expect("it can be written");
                Some(name)
            })
            .collect()
    }

    /// Runs the program and compares its PNG with the reference's picture.
    fn check(&self, model: &str, prompt: usize, length: &str, more: &[&str]) {
        let prompt = self.cases["prompts"][prompt].as_str().expect("a prompt");
        let length = self.cases["max_sequence_length"][length].to_string();
        let steps = self.golden["timesteps"].dims()[0].to_string();
        let mut arguments = vec![
            "generate",
            "--model",
            model,
            "--prompt",
            prompt,
            "--max-sequence-length",
            &length,
            "--steps",
            &steps,
            "--init-latents",
            "latents.safetensors",
            "--dtype",
            "f32",
            "--device",
            "cpu",
            "--out",
            "out.png",
        ];
        arguments.extend(more);
        let png = self.bench.paints(&arguments, &[]);
        let picture = image::load_from_memory(&png).expect("a PNG").into_rgb8();

        let (_, _, height, width) = self.golden["image"].dims4().expect("a picture");
        assert_eq!((picture.width() as usize, picture.height() as usize), (width, height));
        let expected = self.golden["image"]
            .permute((0, 2, 3, 1))
            .and_then(|image| {
                (image.to_dtype(DType::F64)? * 255.0)?.flatten_all()?.to_vec1::<f64>()
            })
            .expect("values");
        let far = picture
            .as_raw()
            .iter()
            .zip(&expected)
            .filter(|(level, expected)| (f64::from(**level) - expected.round()).abs() > 1.0)
            .count();
        assert!(
            far * 1000 <= expected.len(),
            "{far} of {} values are more than one level off",
            expected.len()
        );
    }
}

fn base_model() -> ModelFolder {
    let folder = ModelFolder::copy();
    folder.set("model_index.json", "/is_distilled", false.into());
    folder
}

#[test]
fn text_to_image_distilled_is_the_reference_picture() {
    let case = Case::open("pipe_t2i_distilled");
    let size = |name: &str| case.cases["t2i"][name].to_string();
    let (width, height) = (size("w"), size("h"));
    case.check(&model(), 0, "pipe_t2i_distilled", &["--width", &width, "--height", &height]);
}

#[test]
fn text_to_image_under_guidance_is_the_reference_picture() {
    let case = Case::open("pipe_t2i_base_cfg");
    let number = |name: &str| case.cases["base"][name].to_string();
    let (width, height, guidance) = (number("w"), number("h"), number("g"));
    case.check(
        &base_model().text(),
        1,
        "others",
        &["--width", &width, "--height", &height, "--guidance", &guidance],
    );
}

#[test]
fn edit_with_one_reference_is_the_reference_picture() {
    let case = Case::open("pipe_edit_1ref");
    let references = case.references();
    case.check(&model(), 1, "others", &["--ref", &references[0]]);
}

#[test]
fn edit_with_three_references_is_the_reference_picture() {
    let case = Case::open("pipe_edit_3refs");
    let size = |name: &str| case.cases["edit3"][name].to_string();
    let (width, height) = (size("w"), size("h"));
    let references = case.references();
    let mut more = vec!["--width", &width, "--height", &height];
    more.extend(references.iter().flat_map(|name| ["--ref", name.as_str()]));
    case.check(&model(), 2, "others", &more);
}
