//! The model that ships, against what the reference implementation makes of the same files.

use std::{fs, path::Path};

use candle_core::Device;
use engine::pipelines::{
    Start,
    flux2::{Job, Klein},
};

use crate::{
    golden::{Recorder, open_klein, with_monitor},
    near::largest_difference,
};

/// The model in f32 on the CPU.
pub(crate) fn open() -> Klein {
    open_klein(Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/starter"), true, false)
}

#[test]
fn the_starter_model_paints_the_reference_picture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text =
        fs::read_to_string(root.join("starter/reference.json")).expect("the fixture is whole");
    let case: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    let golden =
        candle_core::safetensors::load(root.join("starter/reference.safetensors"), &Device::Cpu)
            .expect("the fixture is whole");
    let number = |name: &str| case[name].as_u64().expect("a number") as usize;
    let mut klein = open();
    let job = Job {
        prompts: &[case["prompt"].as_str().expect("a prompt")],
        negative: "",
        size: (None, None),
        default_size: (1024, 1024),
        steps: number("steps"),
        guidance: 1.0,
        max_sequence_length: number("max_sequence_length"),
        references: &[],
        inpaint: None,
        start: Start::Latents(golden["latents"].clone()),
        previews: false,
        step_cache: None,
    };
    let mut recorder = Recorder::default();
    let unit =
        with_monitor(|monitor| klein.generate(&job, monitor, &mut recorder)).expect("a picture");
    let embeds = largest_difference(recorder.get("prompt_embeds"), &golden["prompt_embeds"]);
    assert!(embeds <= 1e-3, "the conditioning differs by {embeds:e}");
    let image = largest_difference(&unit, &golden["image"]);
    assert!(image <= 2e-3, "the picture differs by {image:e}");
}

#[test]
fn the_catalogue_asks_the_starter_model_for_what_it_was_trained_with() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text =
        fs::read_to_string(root.join("starter/reference.json")).expect("the fixture is whole");
    let case: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    let starter = root.join("../src-tauri/starter");
    let roots = engine::Roots { starter, ..engine::Roots::default() };
    let model =
        engine::Catalog::load(&roots).and_then(|catalog| catalog.find("starter")).expect("a model");
    assert_eq!(case["max_sequence_length"], model.defaults.max_sequence_length);
    assert_eq!(case["steps"], model.defaults.steps);
    assert!(model.distilled);
}
