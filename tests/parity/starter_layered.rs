//! The layered model that ships, against what the reference implementation makes of the same files.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, IndexOp, Tensor};
use engine::{
    Image,
    pipelines::{
        Start,
        qwen_image_layered::{CaptionLanguage, Layered, LayersJob},
    },
};
use nn::Unwatched;

use crate::{
    golden::{Recorder, open_layered, with_monitor},
    near::largest_difference,
};

/// Where the model lies, also for the evaluation.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/starter-layered")
}

/// The model in f32 on the CPU.
pub(crate) fn open() -> Layered {
    open_layered(folder())
}

struct Reference {
    case: serde_json::Value,
    tensors: HashMap<String, Tensor>,
}

impl Reference {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("starter-layered");
        let text = fs::read_to_string(root.join("reference.json")).expect("the fixture is whole");
        let tensors =
            candle_core::safetensors::load(root.join("reference.safetensors"), &Device::Cpu);
        Self {
            case: serde_json::from_str(&text).expect("valid JSON"),
            tensors: tensors.expect("the fixture is whole"),
        }
    }

    fn number(&self, name: &str) -> usize {
        self.case[name].as_u64().expect("a number") as usize
    }

    fn source(&self) -> Image {
        let levels = &self.tensors["source"];
        let (h, w) = (levels.dims()[0] as u32, levels.dims()[1] as u32);
        let rgba = levels.flatten_all().and_then(|t| t.to_vec1::<u8>()).expect("levels");
        Image::new(w, h, rgba).expect("a picture")
    }
}

#[test]
fn the_starter_model_takes_the_reference_picture_apart() {
    let reference = Reference::read();
    let image = reference.source();
    let steps = reference.number("steps");
    let job = LayersJob {
        image: &image,
        prompt: reference.case["prompt"].as_str().expect("a prompt"),
        negative: None,
        caption_language: CaptionLanguage::English,
        layers: reference.number("layers"),
        steps,
        guidance: 1.0,
        normalizes_guidance: true,
        side: reference.number("size") as u32,
        max_sequence_length: 512,
        start: Start::Latents(reference.tensors["initial_latents"].clone()),
        previews: false,
    };
    let mut recorder = Recorder::default();
    let made =
        with_monitor(|monitor| open().decompose(&job, monitor, &mut recorder)).expect("layers");
    let off = |actual: &Tensor, name: &str| largest_difference(actual, &reference.tensors[name]);
    let embeds = off(recorder.get("prompt_embeds"), "prompt_embeds");
    assert!(embeds <= 1e-3, "the conditioning differs by {embeds:e}");
    for step in 0..steps {
        let name = format!("latents_step.{step}");
        let latents = off(recorder.get(&name), &name);
        assert!(latents <= 5e-3, "the latents of step {step} differ by {latents:e}");
    }
    let layers = off(&made.unit, "layers");
    assert!(layers <= 5e-3, "the layers differ by {layers:e}");
}

#[test]
fn the_starter_model_says_what_the_reference_sees() {
    let reference = Reference::read();
    let image = reference.source();
    let mut layered = open();
    for (language, name) in [(CaptionLanguage::English, "en"), (CaptionLanguage::Chinese, "cn")] {
        let expected = &reference.case["caption"][name];
        let written = with_monitor(|monitor| {
            layered.load_text_encoder(true, monitor).expect("weights");
            layered.caption_tokens(&image, language, 512, monitor, &mut Unwatched)
        })
        .expect("a caption");
        let text = layered.text(&written).expect("text");
        assert_eq!(text.trim(), expected["text"].as_str().expect("a text"), "{name}");
    }
}

#[test]
fn the_first_layer_is_an_opaque_background() {
    let reference = Reference::read();
    let layers = &reference.tensors["layers"];
    let alpha = layers.i((0, 3)).and_then(|alpha| alpha.mean_all()?.to_scalar::<f32>());
    assert!(alpha.expect("a mean") > 0.95);
}
