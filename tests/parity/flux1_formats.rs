//! FLUX.1 in single files: as Black Forest Labs, ComfyUI and llama.cpp name its weights.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    path::Path,
    sync::Arc,
};

use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file},
    safetensors,
};
use engine::{PartFiles, pipelines::Start};
use models::{
    flux1,
    text_encoders::{
        Tokens,
        t5::{Config, T5},
    },
};
use nn::{Params, Unwatched};
use weights::{Checkpoint, Kind, Lora, Patched};

use crate::{
    flux1::{check_picture, first_pass, folder, open, paint, steps},
    golden::{Golden, Recorder, text},
    near::largest_difference,
};

type Tensors = BTreeMap<String, Tensor>;

fn save(tensors: &Tensors, path: &Path) {
    let tensors: HashMap<&str, Tensor> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())).collect();
    safetensors::save(&tensors, path).expect("it can be written");
}

fn weights(kind: &str, component: &str) -> Tensors {
    let path = folder(kind).join(component).join("diffusion_pytorch_model.safetensors");
    safetensors::load(path, &Device::Cpu).expect("a fixture").into_iter().collect()
}

/// What Black Forest Labs calls layers that are fused with no other.
const ALONE: &[(&str, &str)] = &[
    ("x_embedder", "img_in"),
    ("context_embedder", "txt_in"),
    ("time_text_embed.timestep_embedder.linear_1", "time_in.in_layer"),
    ("time_text_embed.timestep_embedder.linear_2", "time_in.out_layer"),
    ("time_text_embed.guidance_embedder.linear_1", "guidance_in.in_layer"),
    ("time_text_embed.guidance_embedder.linear_2", "guidance_in.out_layer"),
    ("time_text_embed.text_embedder.linear_1", "vector_in.in_layer"),
    ("time_text_embed.text_embedder.linear_2", "vector_in.out_layer"),
    ("proj_out", "final_layer.linear"),
];
const IN_DOUBLE: &[(&str, &str)] = &[
    ("norm1.linear", "img_mod.lin"),
    ("norm1_context.linear", "txt_mod.lin"),
    ("attn.to_out.0", "img_attn.proj"),
    ("attn.to_add_out", "txt_attn.proj"),
    ("ff.net.0.proj", "img_mlp.0"),
    ("ff.net.2", "img_mlp.2"),
    ("ff_context.net.0.proj", "txt_mlp.0"),
    ("ff_context.net.2", "txt_mlp.2"),
];
const NORMS: &[(&str, &str)] = &[
    ("attn.norm_q", "img_attn.norm.query_norm"),
    ("attn.norm_k", "img_attn.norm.key_norm"),
    ("attn.norm_added_q", "txt_attn.norm.query_norm"),
    ("attn.norm_added_k", "txt_attn.norm.key_norm"),
];

/// The transformer as its publisher saves it.
fn published(model: &Tensors) -> Tensors {
    let mut file = Tensors::new();
    let cat = |names: &[String]| {
        let parts: Vec<&Tensor> = names.iter().map(|name| &model[name]).collect();
        Tensor::cat(&parts, 0).expect("parts of one width")
    };
    let swapped = |x: &Tensor| {
        let half = x.dims()[0] / 2;
        let halves = [half, 0].map(|start| x.narrow(0, start, half).expect("a half"));
        Tensor::cat(&halves, 0).expect("two halves")
    };
    for leaf in ["weight", "bias"] {
        for (ours, theirs) in ALONE {
            if let Some(tensor) = model.get(&format!("{ours}.{leaf}")) {
                file.insert(format!("{theirs}.{leaf}"), tensor.clone());
            }
        }
        let modulation = swapped(&model[&format!("norm_out.linear.{leaf}")]);
        file.insert(format!("final_layer.adaLN_modulation.1.{leaf}"), modulation);
        for block in 0..2 {
            let ours = |layer: &str| format!("transformer_blocks.{block}.{layer}.{leaf}");
            let theirs = |layer: &str| format!("double_blocks.{block}.{layer}.{leaf}");
            for (layer, name) in IN_DOUBLE {
                file.insert(theirs(name), model[&ours(layer)].clone());
            }
            let image = ["attn.to_q", "attn.to_k", "attn.to_v"].map(ours);
            file.insert(theirs("img_attn.qkv"), cat(&image));
            let words = ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"].map(ours);
            file.insert(theirs("txt_attn.qkv"), cat(&words));
        }
        for block in 0..3 {
            let ours = |layer: &str| format!("single_transformer_blocks.{block}.{layer}.{leaf}");
            let theirs = |layer: &str| format!("single_blocks.{block}.{layer}.{leaf}");
            file.insert(theirs("modulation.lin"), model[&ours("norm.linear")].clone());
            file.insert(theirs("linear2"), model[&ours("proj_out")].clone());
            let fused = ["attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"].map(ours);
            file.insert(theirs("linear1"), cat(&fused));
        }
    }
    for block in 0..2 {
        for (ours, theirs) in NORMS {
            let norm = &model[&format!("transformer_blocks.{block}.{ours}.weight")];
            file.insert(format!("double_blocks.{block}.{theirs}.scale"), norm.clone());
        }
    }
    for block in 0..3 {
        for (ours, theirs) in [("norm_q", "query_norm"), ("norm_k", "key_norm")] {
            let norm = &model[&format!("single_transformer_blocks.{block}.attn.{ours}.weight")];
            file.insert(format!("single_blocks.{block}.norm.{theirs}.scale"), norm.clone());
        }
    }
    file
}

fn prefixed(tensors: Tensors, prefix: &str) -> Tensors {
    tensors.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect()
}

fn write_gguf(path: &Path, tensors: &Tensors, format: impl Fn(&Tensor) -> GgmlDType) {
    let packed: Vec<(&str, QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            (name.as_str(), QTensor::quantize(tensor, format(tensor)).expect("it can be packed"))
        })
        .collect();
    let packed: Vec<(&str, &QTensor)> =
        packed.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let mut file = File::create(path).expect("a file");
    gguf_file::write(&mut file, &[], &packed).expect("it can be written");
}

#[test]
fn a_published_file_paints_the_picture_of_the_folder() {
    let scratch = tempfile::tempdir().expect("a folder");
    for (kind, prefix) in [("dev", ""), ("schnell", "model.diffusion_model.")] {
        let path = scratch.path().join(format!("{kind}.safetensors"));
        let model = weights(kind, "transformer");
        let file = prefixed(published(&model), prefix);
        save(&file, &path);
        let known = Checkpoint::open_file(&path).expect("a file");
        assert_eq!(known.kind(), Some(Kind::Flux1Transformer));
        assert_eq!(known.tensors().count(), model.len(), "nothing is left over");

        // The folder that lends the rest is of the other kind: what is lent does not decide.
        let golden = Golden::open(&format!("flux1/golden/{kind}.safetensors"));
        let files = PartFiles {
            transformer: Some(path),
            vae: Some(folder(kind).join("vae")),
            text_encoder: Some(folder(kind).join("text_encoder")),
            text_encoder_2: Some(folder(kind).join("text_encoder_2")),
        };
        let other = if kind == "dev" { "schnell" } else { "dev" };
        let start = Start::Noise(golden.tensor("noise"));
        let unit = paint(&mut open(other, files), steps(&golden), start, &mut Recorder::default());
        check_picture(&golden, &unit);
    }
}

#[test]
fn every_weight_of_a_gguf_file_is_what_was_packed() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("dev.gguf");
    let model = weights("dev", "transformer");
    // Rows of whole blocks are packed, as in the files that people have.
    let format = |tensor: &Tensor| match tensor.dims() {
        [_, columns] if columns % 32 == 0 => GgmlDType::Q8_0,
        [_, _] => GgmlDType::F16,
        _ => GgmlDType::F32,
    };
    write_gguf(&path, &published(&model), format);
    let read = Checkpoint::open_part(&path, Kind::Flux1Transformer).expect("a transformer");
    for (name, tensor) in &model {
        let packed = QTensor::quantize(tensor, format(tensor)).expect("it can be packed");
        let expected = packed.dequantize(&Device::Cpu).expect("numbers");
        let difference = largest_difference(&read.tensor_as_stored(name).expect(name), &expected);
        assert_eq!(difference, 0.0, "`{name}`");
    }
}

#[test]
fn a_lora_changes_fused_layers_as_adding_it_to_the_weights_does() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("lora.safetensors");
    let wave = |shape: (usize, usize), step: f32| {
        let values: Vec<f32> = (0..shape.0 * shape.1).map(|i| (i as f32 * step).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).expect("numbers")
    };
    let mut model = weights("dev", "transformer");
    let (strength, alpha, rank) = (0.8, 2.0, 4);
    let mut lora = Tensors::new();
    let single = "single_transformer_blocks.1";
    for (name, outputs, targets) in [
        (
            "single_blocks_1_linear1",
            7 * 32,
            ["attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"]
                .map(|layer| format!("{single}.{layer}.weight"))
                .to_vec(),
        ),
        (
            "double_blocks_0_img_mod_lin",
            6 * 32,
            vec!["transformer_blocks.0.norm1.linear.weight".to_owned()],
        ),
    ] {
        let (down, up) = (wave((rank, 32), 0.31), wave((outputs, rank), 0.17));
        let change = up.matmul(&down).expect("a product");
        let change = (change * (strength * alpha / rank as f64)).expect("a product");
        let mut start = 0;
        for target in targets {
            let weight = &model[&target];
            let rows = weight.dims()[0];
            let part = change.narrow(0, start, rows).expect("rows");
            start += rows;
            let merged = (weight + part).expect("a sum");
            model.insert(target, merged);
        }
        let layer = format!("lora_unet_{name}");
        lora.insert(format!("{layer}.lora_down.weight"), down);
        lora.insert(format!("{layer}.lora_up.weight"), up);
        let alpha = Tensor::new(alpha as f32, &Device::Cpu).expect("a number");
        lora.insert(format!("{layer}.alpha"), alpha);
    }
    save(&lora, &path);
    let merged = scratch.path().join("merged.safetensors");
    save(&model, &merged);

    let golden = Golden::open("flux1/golden/dev.safetensors");
    let pass = |params: &Params| {
        let config = text(&folder("dev").join("transformer/config.json"));
        let config = flux1::Config::parse(&config).expect("numbers");
        let transformer = flux1::Transformer::load(config, params).expect("weights");
        first_pass(&transformer, &golden, &mut Recorder::default())
    };
    let open =
        |path: &Path| Checkpoint::open_part(path, Kind::Flux1Transformer).expect("a transformer");
    let dense = |path: &Path| Params::new(Arc::new(open(path)), DType::F32, Device::Cpu);
    let mut patched = Patched::new(Arc::new(open(&folder("dev").join("transformer"))));
    patched.add(&Lora::open(&path).expect("a LoRA"), strength).expect("it fits");
    let patched = Arc::new(patched);
    let beside = pass(&Params::new(patched.clone(), DType::F32, Device::Cpu));
    patched.check_used().expect("every change is used");
    let (within, without) =
        (pass(&dense(&merged)), pass(&dense(&folder("dev").join("transformer"))));
    assert!(largest_difference(&beside, &within) <= 1e-4);
    assert!(largest_difference(&beside, &without) > 1e-2, "it changes nothing");
}

/// What llama.cpp calls the layers of a block, and transformers.
const T5_LAYERS: &[(&str, &str)] = &[
    ("attn_norm", "layer.0.layer_norm"),
    ("attn_q", "layer.0.SelfAttention.q"),
    ("attn_k", "layer.0.SelfAttention.k"),
    ("attn_v", "layer.0.SelfAttention.v"),
    ("attn_o", "layer.0.SelfAttention.o"),
    ("ffn_norm", "layer.1.layer_norm"),
    ("ffn_gate", "layer.1.DenseReluDense.wi_0"),
    ("ffn_up", "layer.1.DenseReluDense.wi_1"),
    ("ffn_down", "layer.1.DenseReluDense.wo"),
];

/// A T5 of two blocks whose rows are whole blocks of Q3_K, by llama.cpp's names and transformers'.
fn wide_t5() -> Vec<(String, String, Tensor)> {
    let wave = |shape: &[usize], step: f32| {
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|i| (i as f32 * step).sin() * 0.1 + if shape.len() == 1 { 1.0 } else { 0.0 })
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).expect("numbers")
    };
    let mut tensors = vec![
        ("token_embd".to_owned(), "shared".to_owned(), wave(&[40, 256], 0.37)),
        ("enc.output_norm".to_owned(), "encoder.final_layer_norm".to_owned(), wave(&[256], 0.2)),
        (
            "enc.blk.0.attn_rel_b".to_owned(),
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias".to_owned(),
            wave(&[32, 4], 0.9),
        ),
    ];
    for block in 0..2 {
        for (index, (theirs, ours)) in T5_LAYERS.iter().enumerate() {
            let step = 0.11 + 0.07 * index as f32 + 0.013 * block as f32;
            let shape: &[usize] = if theirs.ends_with("norm") { &[256] } else { &[256, 256] };
            tensors.push((
                format!("enc.blk.{block}.{theirs}"),
                format!("encoder.block.{block}.{ours}"),
                wave(shape, step),
            ));
        }
    }
    tensors
}

#[test]
fn a_t5_as_gguf_reads_as_its_numbers_say() {
    let scratch = tempfile::tempdir().expect("a folder");
    let format = |tensor: &Tensor| match tensor.dims() {
        [_, 256] => GgmlDType::Q3K,
        _ => GgmlDType::F32,
    };
    let (mut packed, mut plain) = (Tensors::new(), Tensors::new());
    for (theirs, ours, tensor) in wide_t5() {
        let numbers = QTensor::quantize(&tensor, format(&tensor))
            .and_then(|packed| packed.dequantize(&Device::Cpu))
            .expect("numbers");
        packed.insert(format!("{theirs}.weight"), tensor);
        plain.insert(format!("{ours}.weight"), numbers);
    }
    let (small, large) = (scratch.path().join("t5.gguf"), scratch.path().join("t5xxl.safetensors"));
    write_gguf(&small, &packed, format);
    let plain = prefixed(plain, "text_encoders.t5xxl.transformer.");
    save(&plain, &large);

    let tokens = Tokens { ids: vec![vec![3, 1, 4, 1, 5, 9, 2, 6]], padding: vec![vec![false; 8]] };
    let read = |path: &Path| {
        let checkpoint = Checkpoint::open_part(path, Kind::T5).expect("a T5");
        let params = Params::new(Arc::new(checkpoint), DType::BF16, Device::Cpu);
        let config = Config::infer(&params, None).expect("numbers");
        assert_eq!((config.num_layers, config.num_heads, config.d_kv), (2, 4, 64));
        let t5 = T5::load(config, &params).expect("weights");
        t5.hidden_states(&tokens, &mut Unwatched).expect("hidden states")
    };
    let (small, large) = (read(&small), read(&large));
    assert_eq!(small.dtype(), DType::F32, "T5 is computed in f32 on a processor");
    assert!(largest_difference(&small, &large) <= 1e-6);
}

#[test]
fn an_autoencoder_by_the_publisher_s_names_decodes_alike() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("ae.safetensors");
    let model = weights("dev", "vae");
    let renamed: Tensors = model
        .iter()
        .map(|(name, tensor)| {
            let name = published_autoencoder(name);
            // Its attention is made of convolutions of single pixels.
            let is_attention = name.contains("attn_1") && tensor.rank() == 2;
            let tensor = match is_attention {
                true => tensor.unsqueeze(2).and_then(|t| t.unsqueeze(3)).expect("a kernel"),
                false => tensor.clone(),
            };
            (name, tensor)
        })
        .collect();
    save(&renamed, &path);
    let checkpoint = Checkpoint::open_part(&path, Kind::Flux1Autoencoder).expect("an autoencoder");
    for (name, tensor) in &model {
        let read = checkpoint.tensor_as_stored(name).expect(name);
        assert_eq!(largest_difference(&read, tensor), 0.0, "`{name}`");
    }
    let golden = Golden::open("flux1/golden/dev.safetensors");
    let files = PartFiles { vae: Some(path), ..PartFiles::default() };
    let start = Start::Noise(golden.tensor("noise"));
    let unit = paint(&mut open("dev", files), steps(&golden), start, &mut Recorder::default());
    check_picture(&golden, &unit);
}

fn published_autoencoder(name: &str) -> String {
    let mut name = name.to_owned();
    for level in 0..4 {
        let own = format!("up_blocks.{level}.");
        if name.contains(&own) {
            name = name.replace(&own, &format!("up.{}.", 3 - level));
            break;
        }
    }
    for (ours, theirs) in [
        ("down_blocks.", "down."),
        (".downsamplers.0.", ".downsample."),
        (".upsamplers.0.", ".upsample."),
        ("mid_block.resnets.0", "mid.block_1"),
        ("mid_block.resnets.1", "mid.block_2"),
        ("mid_block.attentions.0", "mid.attn_1"),
        (".resnets.", ".block."),
        ("conv_shortcut", "nin_shortcut"),
        ("group_norm", "norm"),
        ("to_out.0", "proj_out"),
        ("to_q", "q"),
        ("to_k", "k"),
        ("to_v", "v"),
        ("conv_norm_out", "norm_out"),
    ] {
        name = name.replace(ours, theirs);
    }
    name
}
