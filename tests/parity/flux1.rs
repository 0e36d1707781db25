//! FLUX.1 dev and schnell against `FluxPipeline`, stage by stage and whole.

use std::{path::PathBuf, sync::Arc};

use candle_core::{Device, Tensor};
use engine::{
    PartFiles, Size,
    pipelines::{
        Setup, Start,
        flux1::{Flux1, Flux1Job},
    },
    scheduler::{self, Schedule},
};
use models::{
    autoencoders::kl_flux1::{self, Autoencoder},
    flux1::{Config, Inputs, Transformer, latents},
    text_encoders::{
        Tokens,
        clip::{self, Clip},
        t5::{self, T5},
    },
};
use nn::Unwatched;

use crate::{
    golden::{Golden, Recorder, exact, json, params_in, reference_dir, text, with_monitor},
    near::check_levels,
};

pub(crate) const KINDS: [&str; 2] = ["dev", "schnell"];

pub(crate) fn folder(kind: &str) -> PathBuf {
    reference_dir().join("flux1").join(kind)
}

fn golden(kind: &str) -> Golden {
    Golden::open(&format!("flux1/golden/{kind}.safetensors"))
}

fn prompts() -> Vec<String> {
    let cases = json("flux1/golden/cases.json");
    let prompts = cases["prompts"].as_array().expect("prompts");
    prompts.iter().map(|prompt| prompt.as_str().expect("a prompt").to_owned()).collect()
}

fn number(name: &str) -> f64 {
    json("flux1/golden/cases.json")[name].as_f64().expect("a number")
}

pub(crate) fn open(kind: &str, files: PartFiles) -> Flux1 {
    Flux1::open(Setup { files, ..exact(folder(kind)) }).expect("the model is whole")
}

fn ids(tokens: &Tokens) -> Tensor {
    let ids: Vec<i64> = tokens.ids.concat().into_iter().map(i64::from).collect();
    Tensor::from_vec(ids, tokens.shape(), &Device::Cpu).expect("ids")
}

#[test]
fn prompts_become_the_tokens_of_both_tokenizers() {
    for kind in KINDS {
        let (golden, model) = (golden(kind), open(kind, PartFiles::default()));
        for (index, prompt) in prompts().iter().enumerate() {
            let [words, whole] =
                model.tokenize(&[prompt], number("length") as usize).expect("tokens");
            golden.check(&format!("t5_ids.{index}"), &ids(&words));
            golden.check(&format!("clip_ids.{index}"), &ids(&whole));
        }
    }
}

/// Tokens as the reference made them.
fn tokens(golden: &Golden, name: &str) -> Tokens {
    let ids = golden.tensor(name).to_vec2::<i64>().expect("ids");
    let ids: Vec<Vec<u32>> =
        ids.into_iter().map(|row| row.into_iter().map(|id| id as u32).collect()).collect();
    Tokens { padding: ids.iter().map(|row| vec![false; row.len()]).collect(), ids }
}

#[test]
fn both_text_encoders_read_as_the_reference_does() {
    check_text_encoders();
}

pub(crate) fn check_text_encoders() {
    for kind in KINDS {
        let (golden, folder) = (golden(kind), folder(kind));
        let words = t5::Config::parse(&text(&folder.join("text_encoder_2/config.json")));
        let words = T5::load(words.expect("numbers"), &params_in(&folder.join("text_encoder_2")));
        let whole = clip::Config::parse(&text(&folder.join("text_encoder/config.json")));
        let whole = Clip::load(whole.expect("numbers"), &params_in(&folder.join("text_encoder")));
        let (words, whole) = (words.expect("weights"), whole.expect("weights"));
        for index in 0..prompts().len() {
            let read =
                words.hidden_states(&tokens(&golden, &format!("t5_ids.{index}")), &mut Unwatched);
            golden.check(&format!("prompt_embeds.{index}"), &read.expect("hidden states"));
            let read = whole.pooled(&tokens(&golden, &format!("clip_ids.{index}")));
            golden.check(&format!("pooled.{index}"), &read.expect("a vector"));
        }
    }
}

/// One pass on what the reference's first step read.
pub(crate) fn first_pass(
    transformer: &Transformer,
    golden: &Golden,
    recorder: &mut Recorder,
) -> Tensor {
    let (height, width) = (number("height") as usize / 16, number("width") as usize / 16);
    let words = golden.tensor("prompt_embeds.0");
    let positions = latents::positions(words.dim(1).expect("tokens"), height, width);
    let inputs = Inputs {
        hidden_states: &golden.tensor("call.00.hidden_states"),
        encoder_hidden_states: &words,
        pooled: &golden.tensor("pooled.0"),
        timestep: &golden.tensor("call.00.timestep"),
        guidance: &Tensor::new(&[number("guidance") as f32], &Device::Cpu).expect("a scale"),
        rope: &transformer.rope(&positions).expect("tables"),
    };
    transformer.forward(&inputs, recorder).expect("a pass")
}

#[test]
fn every_block_is_that_of_the_reference() {
    check_blocks();
}

pub(crate) fn check_blocks() {
    for kind in KINDS {
        let (golden, folder) = (golden(kind), folder(kind).join("transformer"));
        let config = Config::parse(&text(&folder.join("config.json"))).expect("numbers");
        let mut required: Vec<String> =
            ["temb", "x_embedder", "context_embedder", "norm_out", "output"]
                .map(String::from)
                .to_vec();
        for index in 0..config.num_layers {
            required.extend(["img", "txt"].map(|part| format!("double.{index}.{part}")));
        }
        required.extend((0..config.num_single_layers).map(|index| format!("single.{index}")));
        let transformer = Transformer::load(config, &params_in(&folder)).expect("weights");
        let mut recorder = Recorder::default();
        first_pass(&transformer, &golden, &mut recorder);
        let required: Vec<&str> = required.iter().map(String::as_str).collect();
        assert!(required.iter().all(|name| golden.contains(name)), "the fixture has them all");
        recorder.check_all(&golden, &required);
    }
}

#[test]
fn pixels_become_the_latents_of_the_reference_and_latents_its_pixels() {
    check_autoencoder();
}

pub(crate) fn check_autoencoder() {
    for kind in KINDS {
        let (golden, folder) = (golden(kind), folder(kind).join("vae"));
        let config = kl_flux1::Config::parse(&text(&folder.join("config.json"))).expect("numbers");
        let autoencoder = Autoencoder::load(config, &params_in(&folder)).expect("weights");
        let moments = autoencoder.moments(&golden.tensor("vae.pixels")).expect("moments");
        golden.check("vae.moments", &moments);
        let decoded = autoencoder.decode(&golden.tensor("vae.latents")).expect("pixels");
        golden.check("vae.decoded", &decoded);
    }
}

#[test]
fn noise_levels_are_those_of_the_reference() {
    for kind in KINDS {
        let file = text(&folder(kind).join("scheduler/scheduler_config.json"));
        let config = scheduler::Config::parse(&file).expect("a scheduler");
        let expected = golden(kind).tensor("sigmas").to_vec1::<f32>().expect("levels");
        let tokens = (number("height") * number("width")) as usize / 256;
        let schedule = Schedule::flux1(&config, tokens, expected.len() - 1);
        for (actual, expected) in schedule.sigmas().iter().zip(&expected) {
            assert!((actual - expected).abs() <= 1e-6, "{actual} is not {expected} in {kind}");
        }
    }
}

/// The first prompt's picture.
pub(crate) fn paint(
    model: &mut Flux1,
    steps: usize,
    start: Start,
    recorder: &mut Recorder,
) -> Tensor {
    let prompts = prompts();
    let job = Flux1Job {
        prompts: &[&prompts[0]],
        size: Size::new(number("width") as u32, number("height") as u32).expect("a size"),
        steps,
        guidance: number("guidance"),
        max_sequence_length: number("length") as usize,
        start,
        previews: true,
    };
    with_monitor(|monitor| model.generate(&job, monitor, recorder)).expect("a picture")
}

pub(crate) fn steps(golden: &Golden) -> usize {
    golden.tensor("sigmas").dims()[0] - 1
}

pub(crate) fn check_picture(golden: &Golden, unit: &Tensor) {
    golden.check("image", unit);
    check_levels(unit, &golden.tensor("image"));
}

#[test]
fn a_seed_gives_the_picture_of_the_reference_step_by_step() {
    check_pictures();
}

pub(crate) fn check_pictures() {
    for kind in KINDS {
        let (golden, mut model) = (golden(kind), open(kind, PartFiles::default()));
        let mut recorder = Recorder::default();
        let start = Start::Seed(number("seed") as u64);
        let unit = paint(&mut model, steps(&golden), start, &mut recorder);
        assert_eq!(recorder.calls(), steps(&golden), "one pass a step, guided or not");
        recorder.check_all(&golden, &["call.00.hidden_states", "call.01.output", "latents_step.0"]);
        check_picture(&golden, &unit);

        let noise = Start::Noise(golden.tensor("noise"));
        let again = paint(&mut model, steps(&golden), noise, &mut Recorder::default());
        check_picture(&golden, &again);
    }
}

#[test]
fn the_guidance_scale_is_an_input_of_dev_alone() {
    for (kind, changes) in [("dev", true), ("schnell", false)] {
        let folder = folder(kind).join("transformer");
        let config = Config::parse(&text(&folder.join("config.json"))).expect("numbers");
        let transformer = Transformer::load(config, &params_in(&folder)).expect("weights");
        let golden = golden(kind);
        let pass = |guidance: f32| {
            let words = golden.tensor("prompt_embeds.0");
            let rope =
                transformer.rope(&latents::positions(words.dims()[1], 3, 4)).expect("tables");
            let inputs = Inputs {
                hidden_states: &golden.tensor("call.00.hidden_states"),
                encoder_hidden_states: &words,
                pooled: &golden.tensor("pooled.0"),
                timestep: &golden.tensor("call.00.timestep"),
                guidance: &Tensor::new(&[guidance], &Device::Cpu).expect("a scale"),
                rope: &rope,
            };
            transformer.forward(&inputs, &mut Unwatched).expect("a pass")
        };
        let difference = crate::near::largest_difference(&pass(1.0), &pass(9.0));
        assert_eq!(difference > 0.0, changes, "{kind}: {difference}");
    }
}

#[test]
fn parts_of_the_other_family_are_refused_by_name() {
    let transformer = reference_dir().join("formats/flux2/flux2_bf16.safetensors");
    let files = PartFiles { transformer: Some(transformer), ..PartFiles::default() };
    let setup = Setup { files, ..exact(folder("dev")) };
    let error = Flux1::open(setup).err().expect("it is of FLUX.2").to_string();
    assert!(error.contains("FLUX.1"), "{error}");
    let base = weights::Checkpoint::open_part(
        &folder("dev").join("transformer"),
        weights::Kind::Flux2Transformer,
    );
    let error = base.expect_err("it is of FLUX.1").to_string();
    assert!(error.contains("FLUX.1") && error.contains("FLUX.2"), "{error}");
}

#[test]
fn a_lora_for_flux_2_is_refused() {
    let base = weights::Checkpoint::open(&folder("dev").join("transformer")).expect("weights");
    let mut patched = weights::Patched::new(Arc::new(base));
    for name in ["bfl_ai_toolkit", "kohya", "peft_diffusers"] {
        let path = reference_dir().join(format!("lora/flux2/{name}.safetensors"));
        let lora = weights::Lora::open(&path).expect("a LoRA");
        let error = patched.add(&lora, 1.0).expect_err("another base").to_string();
        assert!(error.contains("transformer`"), "{error}");
    }
}
