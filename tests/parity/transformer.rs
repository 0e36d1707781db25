use candle_core::Tensor;
use models::flux2::{Config, Inputs, Transformer, latents::Position};

use crate::golden::{Golden, Recorder, config, params};

pub(crate) fn positions(golden: &Golden, name: &str) -> Vec<Position> {
    let ids = golden.tensor(name);
    let ids = if ids.rank() == 3 { ids.get(0).expect("a row") } else { ids };
    let ids = ids.to_vec2::<i64>().expect("ids");
    ids.iter().map(|id| [id[0], id[1], id[2], id[3]].map(|axis| axis as u32)).collect()
}

/// The reference writes every angle twice in a row.
fn twice(table: &Tensor) -> Tensor {
    let (n, half) = table.dims2().expect("a table");
    Tensor::stack(&[table, table], 2).and_then(|pairs| pairs.reshape((n, 2 * half))).expect("pairs")
}

pub(crate) fn check(case: &str) {
    let golden = Golden::open(&format!("flux2-golden/transformer_forward_{case}.safetensors"));
    let config = Config::parse(&config("transformer/config.json")).expect("a configuration");
    let (double, single) = (config.num_layers, config.num_single_layers);
    let transformer = Transformer::load(config, &params("transformer")).expect("weights");
    let all = [positions(&golden, "txt_ids"), positions(&golden, "img_ids")].concat();
    let rope = transformer.rope(&all).expect("tables");
    golden.check("rope_cos", &twice(&rope.cos));
    golden.check("rope_sin", &twice(&rope.sin));

    let mut recorder = Recorder::default();
    let inputs = Inputs {
        hidden_states: &golden.tensor("hidden_states"),
        encoder_hidden_states: &golden.tensor("encoder_hidden_states"),
        timestep: &golden.tensor("timestep"),
        rope: &rope,
        references: &[],
    };
    let output = transformer.forward(&inputs, &mut recorder).expect("a forward pass");
    golden.check("output", &output);
    let mut required: Vec<String> = [
        "temb",
        "mod_img",
        "mod_txt",
        "mod_single",
        "x_embedder",
        "context_embedder",
        "norm_out",
        "output",
    ]
    .map(String::from)
    .to_vec();
    for index in 0..double {
        required.extend(
            ["img", "txt", "attn_img", "attn_txt"].map(|part| format!("double.{index}.{part}")),
        );
    }
    required.extend((0..single).map(|index| format!("single.{index}")));
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    for name in &required {
        assert!(golden.contains(name), "the fixture has no `{name}`");
    }
    recorder.check_all(&golden, &required);
}

#[test]
fn every_block_is_that_of_the_reference_without_references() {
    check("noref");
}

#[test]
fn every_block_is_that_of_the_reference_with_two_references() {
    check("refs2");
}

#[test]
fn every_block_is_that_of_the_reference_in_a_batch() {
    check("batch2");
}
