use candle_core::{DType, Device, IndexOp, Tensor};
use models::text_encoders::{
    Tokens,
    qwen3::{Config, Qwen3},
};
use nn::{Probe, Unwatched};

use crate::{
    golden::{Cases, Golden, Recorder, config, klein, params},
    near::cosine,
};

const FILE: &str = "flux2-golden/text_encoder.safetensors";

fn ids(tokens: &Tokens) -> Tensor {
    let length = tokens.ids[0].len();
    let ids: Vec<i64> = tokens.ids.concat().into_iter().map(i64::from).collect();
    Tensor::from_vec(ids, (tokens.ids.len(), length), &Device::Cpu).expect("ids")
}

fn mask(tokens: &Tokens) -> Tensor {
    let length = tokens.ids[0].len();
    let mask: Vec<i64> =
        tokens.padding.concat().into_iter().map(|padding| i64::from(!padding)).collect();
    Tensor::from_vec(mask, (tokens.ids.len(), length), &Device::Cpu).expect("mask")
}

#[test]
fn prompts_become_the_tokens_and_conditioning_of_the_reference() {
    check_prompts();
}

pub(crate) fn check_prompts() {
    let (golden, cases, klein) = (Golden::open(FILE), Cases::read(), klein(true, false));
    for (index, prompt) in [cases.prompt(0), "", cases.prompt(2)].into_iter().enumerate() {
        let length = golden.tensor(&format!("input_ids.{index}")).dims()[1];
        let tokens = klein.tokenize(&[prompt], length).expect("tokens");
        golden.check(&format!("input_ids.{index}"), &ids(&tokens));
        golden.check(&format!("attention_mask.{index}"), &mask(&tokens));
        let embeds = klein.encode_tokens(&tokens, &mut Unwatched).expect("conditioning");
        golden.check(&format!("prompt_embeds.{index}"), &embeds);
    }
}

#[test]
fn a_prompt_that_is_too_long_loses_its_end() {
    let (golden, cases, klein) = (Golden::open(FILE), Cases::read(), klein(true, false));
    let prompt = [cases.prompt(0); 12].join(" ");
    let length = golden.tensor("trunc.input_ids").dims()[1];
    let tokens = klein.tokenize(&[&prompt], length).expect("tokens");
    golden.check("trunc.input_ids", &ids(&tokens));
    let embeds = klein.encode_tokens(&tokens, &mut Unwatched).expect("conditioning");
    golden.check("trunc.prompt_embeds", &embeds);
}

#[test]
fn every_hidden_state_is_that_of_the_reference() {
    check_hidden_states();
}

pub(crate) fn check_hidden_states() {
    let (golden, cases, klein) = (Golden::open(FILE), Cases::read(), klein(true, false));
    let length = golden.tensor("hs.input_ids").dims()[1];
    let tokens = klein.tokenize(&[cases.prompt(1), cases.prompt(2)], length).expect("tokens");
    golden.check("hs.input_ids", &ids(&tokens));
    golden.check("hs.attention_mask", &mask(&tokens));

    let all = golden.tensor("hs.all");
    // The last entry is behind the final norm, which the pipeline never reads.
    let depth = all.dims()[0] - 2;
    let config = Config::parse(&config("text_encoder/config.json")).expect("a configuration");
    let encoder = Qwen3::load(config, depth, &params("text_encoder")).expect("weights");
    let mut recorder = Recorder::default();
    encoder.hidden_states(&tokens, &[depth], &mut recorder).expect("hidden states");
    for layer in 0..=depth {
        let expected = all.i(layer).expect("a layer");
        let actual = recorder.get(&format!("hidden_states.{layer}"));
        golden.check_part("hs.all", &expected, actual);
    }
}

#[test]
fn sixteen_bits_stay_close_to_thirty_two() {
    let (golden, cases) = (Golden::open(FILE), Cases::read());
    let tokens = klein(true, false).tokenize(&[cases.prompt(2)], 64).expect("tokens");
    let config = Config::parse(&config("text_encoder/config.json")).expect("a configuration");
    let source = weights::Checkpoint::open(&crate::golden::model_dir().join("text_encoder"))
        .expect("weights");
    let params = nn::Params::new(std::sync::Arc::new(source), DType::BF16, Device::Cpu);
    let encoder = Qwen3::load(config, 27, &params).expect("weights");
    let probe: &mut dyn Probe = &mut Unwatched;
    let actual = encoder.hidden_states(&tokens, &[9, 18, 27], probe).expect("hidden states");
    let cosine = cosine(&actual, &golden.tensor("prompt_embeds.2"));
    // Twenty-seven blocks of random weights spread rounding more than trained ones do.
    assert!(cosine > 0.998, "cosine {cosine}");
}
