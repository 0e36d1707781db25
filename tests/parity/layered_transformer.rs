use candle_core::{DType, Tensor};
use models::qwen_image_layered::{Config, Inputs, Transformer, latents::Grid};
use nn::rotary::Table;

use crate::golden::{Golden, Recorder, layered_dir, params_in, text};

pub(crate) fn check(case: &str) {
    let golden = Golden::open(&format!("qwen-golden/transformer_forward_{case}.safetensors"));
    let config =
        Config::parse(&text(&layered_dir().join("transformer/config.json"))).expect("numbers");
    let blocks = config.num_layers;
    let transformer =
        Transformer::load(config, &params_in(&layered_dir().join("transformer"))).expect("weights");

    let sizes = golden.tensor("grid").to_vec1::<i64>().expect("layers, height, width");
    let [layers, height, width] = [0, 1, 2].map(|axis| sizes[axis] as usize);
    let grid = Grid { frames: layers + 1, height, width };
    let text_states = golden.tensor("encoder_hidden_states");
    let image = transformer.image_rope(grid).expect("tables");
    let words = transformer.text_rope(grid, text_states.dims()[1]).expect("tables");
    golden.check("rope_img_cos", &image.cos);
    golden.check("rope_img_sin", &image.sin);
    golden.check("rope_txt_cos", &words.cos);
    golden.check("rope_txt_sin", &words.sin);

    let padding: Option<Vec<Vec<bool>>> =
        golden.contains("encoder_hidden_states_mask").then(|| {
            let mask = golden.tensor("encoder_hidden_states_mask").to_vec2::<i64>().expect("rows");
            mask.iter().map(|row| row.iter().map(|&seen| seen == 0).collect()).collect()
        });
    let flag = golden.tensor("additional_t_cond").to_dtype(DType::U32).expect("a flag");
    let mut recorder = Recorder::default();
    let inputs = Inputs {
        hidden_states: &golden.tensor("hidden_states"),
        encoder_hidden_states: &text_states,
        padding: padding.as_deref(),
        timestep: &golden.tensor("timestep"),
        additional_t_cond: &flag,
        rope: &Table::concatenate(&[&words, &image]).expect("tables"),
    };
    let output: Tensor = transformer.forward(&inputs, &mut recorder).expect("a forward pass");
    golden.check("output", &output);
    let mut required = ["temb", "txt_norm", "norm_out", "output"].map(String::from).to_vec();
    for index in 0..blocks {
        required.extend(
            ["img", "txt", "attn_img", "attn_txt"].map(|part| format!("block.{index}.{part}")),
        );
    }
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    for name in &required {
        assert!(golden.contains(name), "the fixture has no `{name}`");
    }
    recorder.check_all(&golden, &required);
}

#[test]
fn every_block_is_that_of_the_reference_with_two_layers() {
    check("l2");
}

#[test]
fn every_block_is_that_of_the_reference_with_three_layers_on_an_odd_grid() {
    check("l3_odd");
}

#[test]
fn every_block_is_that_of_the_reference_in_a_batch_with_padding_and_both_flags() {
    check("batch2_mask");
}
