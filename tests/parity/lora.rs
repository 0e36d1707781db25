//! Every file of `lora`, whatever is there, on the tiny models of the set.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use candle_core::{DType, Device, Tensor};
use models::{flux2, qwen_image_layered};
use nn::{ParamSource, Params};
use weights::{Checkpoint, Kind, Lora, Patched};

use crate::{
    formats::{flux2_output, layered_output, weight_files},
    golden::{layered_dir, model_dir, reference_dir, text},
    near::largest_difference,
};

/// What all outputs are computed at.
const STRENGTH: f64 = 0.8;
/// Side paths and merged weights of the reference differ by up to a tenth of this.
const ACCEPTED: f64 = 1e-4;

type Tensors = BTreeMap<String, Tensor>;
type Forward = fn(&Tensors, &Params) -> candle_core::Result<Tensor>;

fn flux2_forward(golden: &Tensors, params: &Params) -> candle_core::Result<Tensor> {
    let config = text(&model_dir().join("transformer/config.json"));
    flux2_output(flux2::Config::parse(&config).expect("numbers"), golden, params)
}

fn layered_forward(golden: &Tensors, params: &Params) -> candle_core::Result<Tensor> {
    let config = text(&layered_dir().join("transformer/config.json"));
    layered_output(qwen_image_layered::Config::parse(&config).expect("numbers"), golden, params)
}

fn goldens(family: &str) -> Tensors {
    let path = reference_dir().join("lora").join(family).join("reference.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).expect("a fixture").into_iter().collect()
}

/// The base with LoRAs at strengths; every layer of them must have been used.
fn output(
    (base, kind): (&Path, Kind),
    loras: &[(&Path, f64)],
    golden: &Tensors,
    forward: Forward,
) -> Tensor {
    let base = Checkpoint::open_part(base, kind).expect("a base");
    let mut patched = Patched::new(Arc::new(base));
    for (path, strength) in loras {
        let lora = Lora::open(path).unwrap_or_else(|error| panic!("{error}"));
        patched.add(&lora, *strength).unwrap_or_else(|error| panic!("{error}"));
    }
    let patched = Arc::new(patched);
    let source: Arc<dyn ParamSource> = patched.clone();
    let made = forward(golden, &Params::new(source, DType::F32, Device::Cpu)).expect("a pass");
    patched.check_used().expect("every change is used");
    made
}

fn check(family: &str, base: &Path, kind: Kind, forward: Forward) {
    let golden = goldens(family);
    let plain = output((base, kind), &[], &golden, forward);
    assert!(largest_difference(&plain, &golden["base"]) <= ACCEPTED, "the base itself");
    let mut checked = 0;
    for path in weight_files(&reference_dir().join("lora").join(family)) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let Some(expected) = golden.get(&format!("out.{stem}")) else { continue };
        let made = output((base, kind), &[(&path, STRENGTH)], &golden, forward);
        let difference = largest_difference(&made, expected);
        println!("{}: {difference:.1e}", path.display());
        assert!(difference <= ACCEPTED, "{} differs by {difference:e}", path.display());
        // Two halves are the whole, also beside another that has no strength.
        let half = STRENGTH / 2.0;
        let stacked = [(&*path, half), (&*path, 0.0), (&*path, half)];
        let stacked = output((base, kind), &stacked, &golden, forward);
        assert!(largest_difference(&stacked, expected) <= ACCEPTED, "{} twice", path.display());
        checked += 1;
    }
    assert!(checked > 0, "there are no LoRAs for {family}");
}

#[test]
fn every_flux2_lora_changes_what_it_should() {
    check("flux2", &model_dir().join("transformer"), Kind::Flux2Transformer, flux2_forward);
}

#[test]
fn every_layered_lora_changes_what_it_should() {
    let base = layered_dir().join("transformer");
    check("qwen_image", &base, Kind::QwenImageLayeredTransformer, layered_forward);
}

#[test]
fn a_lora_for_another_base_is_refused_with_a_list() {
    let refused = |lora: &str, base: &Path, kind: Kind| {
        let lora = Lora::open(&reference_dir().join("lora").join(lora)).expect("a LoRA");
        let mut patched =
            Patched::new(Arc::new(Checkpoint::open_part(base, kind).expect("a base")));
        patched.add(&lora, 1.0).expect_err("another base").to_string()
    };
    // Another family, whose layers have other names.
    let base = layered_dir().join("transformer");
    let message = refused("flux2/kohya.safetensors", &base, Kind::QwenImageLayeredTransformer);
    assert!(message.contains("made for another base"), "{message}");
    assert!(message.contains("`lora_unet_double_blocks_0_img_attn_proj`"), "{message}");
    // The same family in another size.
    let base = reference_dir().join("formats/flux2/flux2_bf16.safetensors");
    let message = refused("flux2/bfl_ai_toolkit.safetensors", &base, Kind::Flux2Transformer);
    assert!(message.contains("have other sizes"), "{message}");
    assert!(!message.contains('\n') && message.len() < 1000, "{message}");
}
