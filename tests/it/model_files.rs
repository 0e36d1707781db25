use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    model_folder::{ModelFolder, model, reference},
    program::Bench,
};

/// A tensor as bytes.
#[derive(Clone)]
pub(crate) struct Raw {
    dtype: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// All tensors of a component's folder.
pub(crate) fn tensors(component: &str) -> BTreeMap<String, Raw> {
    let mut all = BTreeMap::new();
    let folder = reference("flux2-klein").join(component);
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|end| end != "safetensors") {
            continue;
        }
        let bytes = fs::read(path).expect("a file");
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
        for (name, info) in header.as_object().expect("an object") {
            if name == "__metadata__" {
                continue;
            }
            let number = |value: &Value| value.as_u64().expect("a number") as usize;
            let offsets: Vec<usize> =
                info["data_offsets"].as_array().expect("two").iter().map(number).collect();
            let raw = Raw {
                dtype: info["dtype"].as_str().expect("a name").to_owned(),
                shape: info["shape"].as_array().expect("a shape").iter().map(number).collect(),
                bytes: bytes[8 + length + offsets[0]..8 + length + offsets[1]].to_vec(),
            };
            all.insert(name.clone(), raw);
        }
    }
    all
}

pub(crate) fn write_safetensors(path: &Path, tensors: &BTreeMap<String, Raw>) {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, raw) in tensors {
        let start = data.len();
        data.extend(&raw.bytes);
        let info =
            json!({ "dtype": raw.dtype, "shape": raw.shape, "data_offsets": [start, data.len()] });
        header.insert(name.clone(), info);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    fs::write(path, file).expect("it can be written");
}

fn write_gguf(path: &Path, tensors: &BTreeMap<String, Raw>, architecture: Option<&str>) {
    let text = |file: &mut Vec<u8>, text: &str| {
        file.extend((text.len() as u64).to_le_bytes());
        file.extend(text.as_bytes());
    };
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend((architecture.iter().len() as u64).to_le_bytes());
    if let Some(architecture) = architecture {
        text(&mut file, "general.architecture");
        file.extend(8u32.to_le_bytes());
        text(&mut file, architecture);
    }
    let mut data = Vec::<u8>::new();
    for (name, raw) in tensors {
        text(&mut file, name);
        file.extend((raw.shape.len() as u32).to_le_bytes());
        for size in raw.shape.iter().rev() {
            file.extend((*size as u64).to_le_bytes());
        }
        let kind: u32 = if raw.dtype == "BF16" { 30 } else { 0 };
        file.extend(kind.to_le_bytes());
        data.resize(data.len().next_multiple_of(32), 0);
        file.extend((data.len() as u64).to_le_bytes());
        data.extend(&raw.bytes);
    }
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend(data);
    fs::write(path, file).expect("it can be written");
}

/// The transformer as its publisher names it: fused projections, swapped halves.
fn published(tensors: &BTreeMap<String, Raw>) -> BTreeMap<String, Raw> {
    let mut renamed = BTreeMap::new();
    let mut fused: BTreeMap<String, [Option<Raw>; 3]> = BTreeMap::new();
    for (name, raw) in tensors {
        let parts: Vec<&str> = name.split('.').collect();
        let side =
            |text: &[&str]| if text.iter().any(|t| name.contains(t)) { "txt" } else { "img" };
        let new = match parts.as_slice() {
            ["x_embedder", ..] => "img_in.weight".into(),
            ["context_embedder", ..] => "txt_in.weight".into(),
            [.., "linear_1", _] => "time_in.in_layer.weight".into(),
            [.., "linear_2", _] => "time_in.out_layer.weight".into(),
            [stream, "linear", _] if stream.contains("modulation") => {
                format!("{stream}.lin.weight")
            }
            ["proj_out", _] => "final_layer.linear.weight".into(),
            ["norm_out", ..] => {
                let mut raw = raw.clone();
                let half = raw.bytes.len() / 2;
                raw.bytes.rotate_left(half);
                renamed.insert("final_layer.adaLN_modulation.1.weight".to_owned(), raw);
                continue;
            }
            ["transformer_blocks", i, "attn", layer, ..] => {
                let side = side(&["add", "added"]);
                let place = match *layer {
                    "to_q" | "add_q_proj" => Some(0),
                    "to_k" | "add_k_proj" => Some(1),
                    "to_v" | "add_v_proj" => Some(2),
                    _ => None,
                };
                if let Some(place) = place {
                    let name = format!("double_blocks.{i}.{side}_attn.qkv.weight");
                    fused.entry(name).or_default()[place] = Some(raw.clone());
                    continue;
                }
                let leaf = match *layer {
                    "norm_q" | "norm_added_q" => "norm.query_norm.scale",
                    "norm_k" | "norm_added_k" => "norm.key_norm.scale",
                    _ => "proj.weight",
                };
                format!("double_blocks.{i}.{side}_attn.{leaf}")
            }
            ["transformer_blocks", i, _, layer, _] => {
                let number = if *layer == "linear_in" { 0 } else { 2 };
                format!("double_blocks.{i}.{}_mlp.{number}.weight", side(&["ff_context"]))
            }
            ["single_transformer_blocks", i, "attn", layer, _] => match *layer {
                "norm_q" => format!("single_blocks.{i}.norm.query_norm.scale"),
                "norm_k" => format!("single_blocks.{i}.norm.key_norm.scale"),
                "to_out" => format!("single_blocks.{i}.linear2.weight"),
                _ => format!("single_blocks.{i}.linear1.weight"),
            },
            _ => panic!("{name}"),
        };
        renamed.insert(new, raw.clone());
    }
    for (name, thirds) in fused {
        let thirds = thirds.map(|raw| raw.expect("all three"));
        let shape = vec![3 * thirds[0].shape[0], thirds[0].shape[1]];
        let bytes = thirds.iter().flat_map(|raw| raw.bytes.clone()).collect();
        renamed.insert(name, Raw { dtype: thirds[0].dtype.clone(), shape, bytes });
    }
    renamed
}

/// The text encoder as llama.cpp names it.
fn llama(tensors: &BTreeMap<String, Raw>) -> BTreeMap<String, Raw> {
    const NAMES: [(&str, &str); 14] = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("model.layers.", "blk."),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
    ];
    let rename = |name: &String| NAMES.iter().fold(name.clone(), |name, (a, b)| name.replace(a, b));
    tensors.iter().map(|(name, raw)| (rename(name), raw.clone())).collect()
}

fn arguments<'a>(model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["generate", "--model", model];
    arguments.extend(["--prompt", "the red fox", "--width", "64", "--height", "64", "--seed", "7"]);
    arguments.extend(["--max-sequence-length", "64", "--steps", "2", "--dtype", "f32"]);
    arguments.extend(["--out", "out.png"]);
    arguments.extend(more);
    arguments
}

fn text(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn files_of_any_layout_paint_what_the_folder_paints() {
    let (bench, files, base) = (Bench::new(), Bench::new(), model());
    let expected = bench.paints(&arguments(&base, &[]), &[]);
    let transformer = tensors("transformer");
    let bfl = published(&transformer);
    // Names that say nothing, and one that lies.
    let paths: [PathBuf; 4] = ["a.bin", "b.bin", "c.safetensors", "d"].map(|name| files.path(name));
    let prefixed = |tensors: &BTreeMap<String, Raw>| {
        let name = |name: &String| format!("model.diffusion_model.{name}");
        tensors.iter().map(|(key, raw)| (name(key), raw.clone())).collect()
    };
    write_safetensors(&paths[0], &transformer);
    write_safetensors(&paths[1], &prefixed(&bfl));
    write_gguf(&paths[2], &bfl, Some("flux"));
    write_gguf(&paths[3], &prefixed(&bfl), None);
    for path in paths {
        let path = text(path);
        let picture = bench.paints(&arguments(&path, &["--base", &base]), &[]);
        assert!(picture == expected, "`{path}` paints another picture");
    }
    let encoder = text(files.path("encoder.gguf"));
    write_gguf(Path::new(&encoder), &llama(&tensors("text_encoder")), Some("qwen3"));
    let vae = text(reference("formats/flux2/flux2_vae_bfl.safetensors"));
    let picture =
        bench.paints(&arguments(&base, &["--text-encoder", &encoder, "--vae", &vae]), &[]);
    assert!(
        picture == expected,
        "a text encoder and an autoencoder as files paint another picture"
    );
}

#[test]
fn parts_that_are_nowhere_are_asked_for() {
    let (bench, files) = (Bench::new(), Bench::new());
    let path = text(files.path("alone.safetensors"));
    write_safetensors(Path::new(&path), &tensors("transformer"));
    bench.refuses(&arguments(&path, &[]), "--base");
    let folder = ModelFolder::copy();
    folder.remove("text_encoder");
    folder.remove("vae");
    let base = folder.text();
    bench.refuses(&arguments(&path, &["--base", &base]), "text_encoder");
    folder.remove("tokenizer");
    bench.refuses(&arguments(&path, &["--base", &base]), "give --text-encoder");
}

#[test]
fn a_file_in_the_wrong_place_is_refused_by_what_it_holds() {
    let (bench, base) = (Bench::new(), model());
    let vae = text(reference("formats/flux2/flux2_vae_bfl.safetensors"));
    let transformer = text(reference("formats/flux2/flux2_bf16.safetensors"));
    let layered = text(reference("formats/qwen_image/qwen_image_bf16.safetensors"));
    let lora = text(reference("lora/flux2/kohya.safetensors"));
    let refuses = |model: &str, more: &[&str], words: &str| {
        bench.refuses(&arguments(model, more), words);
    };
    refuses(&vae, &["--base", &base], "it is a FLUX.2 autoencoder");
    refuses(&layered, &["--base", &base], "it is a Qwen-Image-Layered transformer");
    refuses(&lora, &["--base", &base], "it is a LoRA");
    refuses(&base, &["--vae", &transformer], "it is a FLUX.2 transformer");
    refuses(&base, &["--text-encoder", &vae], "a Qwen3 text encoder is needed");
    // The right kind in a size that the other parts do not have.
    refuses(&transformer, &["--base", &base], "do not belong together");
}

#[test]
fn packings_that_are_not_read_are_refused_by_name() {
    let (bench, files, base) = (Bench::new(), Bench::new(), model());
    let path = text(files.path("packed.safetensors"));
    let refuses = |change: &dyn Fn(&mut BTreeMap<String, Raw>), words: &str| {
        let mut tensors = published(&tensors("transformer"));
        change(&mut tensors);
        write_safetensors(Path::new(&path), &tensors);
        bench.refuses(&arguments(&path, &["--base", &base]), words);
    };
    let raw = |dtype: &str, bytes: &[u8]| Raw {
        dtype: dtype.to_owned(),
        shape: vec![bytes.len()],
        bytes: bytes.to_vec(),
    };
    let layer = "double_blocks.0.img_attn.qkv";
    for format in ["nvfp4", "mxfp8", "int8_tensorwise"] {
        let marker = raw("U8", format!("{{\"format\": \"{format}\"}}").as_bytes());
        refuses(
            &|tensors| {
                tensors.insert(format!("{layer}.comfy_quant"), marker.clone());
            },
            format,
        );
    }
    for (ending, words) in [(".qweight", "SVDQuant"), (".absmax", "bitsandbytes")] {
        refuses(
            &|tensors| {
                tensors.insert(format!("{layer}{ending}"), raw("U8", &[0; 4]));
            },
            words,
        );
    }
    fs::write(&path, b"PK\x03\x04 and so on").expect("it can be written");
    bench.refuses(&arguments(&path, &["--base", &base]), "pickle");
}

#[test]
fn loras_change_the_picture_as_strongly_as_they_are_told() {
    let (bench, base) = (Bench::new(), model());
    let kohya = text(reference("lora/flux2/kohya.safetensors"));
    let paint = |more: &[&str]| bench.paints(&arguments(&base, more), &[]);
    let plain = paint(&[]);
    let at = |strength: &str| format!("{kohya}:{strength}");
    let (whole, half, none) = (at("0.8"), at("0.4"), at("0"));
    let changed = paint(&["--lora", &whole]);
    assert!(changed != plain, "a LoRA changes nothing");
    assert!(paint(&["--lora", &half]) != changed, "half of a LoRA is all of it");
    assert!(paint(&["--lora", &none]) == plain, "no strength changes something");
    // On a packed base of another layout as well.
    let path = text(bench.path("base.gguf"));
    write_gguf(Path::new(&path), &published(&tensors("transformer")), Some("flux"));
    let packed = bench.paints(&arguments(&path, &["--base", &base, "--lora", &whole]), &[]);
    assert!(packed == changed, "the same base in another file is changed in another way");
}

#[test]
fn loras_that_do_not_fit_are_refused_with_a_list() {
    let (bench, base) = (Bench::new(), model());
    let other = text(reference("lora/qwen_image/kohya.safetensors"));
    let vae = text(reference("formats/flux2/flux2_vae_bfl.safetensors"));
    let refuses = |lora: &str, words: &str| {
        bench.refuses(&arguments(&base, &["--lora", lora]), words);
    };
    refuses(&other, "made for another base");
    refuses(&other, "`lora_unet_transformer_blocks_0_img_mlp_net_0_proj`");
    refuses(&vae, "it is no LoRA");
    refuses("nowhere.safetensors", "is missing");
    refuses(&format!("{other}:99"), "out of range");
}
