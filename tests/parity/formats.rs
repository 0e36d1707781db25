//! Every file of `formats`, whatever is there: single files, FP8, GGUF.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use candle_core::{DType, Device, Tensor};
use models::{flux2, qwen_image_layered};
use nn::{Params, Unwatched, rotary::Table};
use weights::{Checkpoint, Kind};

use crate::{
    golden::{Golden, reference_dir, text},
    near::{self, largest_difference},
};

/// What is accepted where `tolerances.json` does not say: float noise beside weights that are read
/// wrongly, which shows at 1e-2.
const ACCEPTED: [(&str, f64); 2] = [("small", 2e-5), ("k256", 5e-5)];

/// Weight files below a folder.
pub(crate) fn weight_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(weight_files(&path));
        } else if path.extension().is_some_and(|end| end == "safetensors" || end == "gguf") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `out.…` of a file: its name without that of the family, as the fixtures are made.
fn output_name(path: &Path, family: &str) -> String {
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    if path.extension().is_some_and(|end| end == "gguf") {
        let packing = stem.rsplit('-').next().expect("a packing").to_owned();
        return format!("out.gguf.{packing}");
    }
    match stem.strip_prefix(&format!("{family}_")).expect("the family's name") {
        "bf16" | "f32" => "out.f32".to_owned(),
        variant => format!("out.{variant}"),
    }
}

/// One size of the tiny models: its configuration, inputs and outputs.
struct Size {
    name: String,
    config: String,
    golden: BTreeMap<String, Tensor>,
}

fn sizes(folder: &Path) -> Vec<Size> {
    let mut sizes = Vec::new();
    for (name, _) in ACCEPTED {
        let path = folder.join(format!("reference_{name}.safetensors"));
        if !path.is_file() {
            continue;
        }
        let golden = candle_core::safetensors::load(&path, &Device::Cpu).expect("a fixture");
        sizes.push(Size {
            name: name.to_owned(),
            config: text(&folder.join(name).join("config.json")),
            golden: golden.into_iter().collect(),
        });
    }
    sizes
}

fn check(
    (family, kind): (&str, Kind),
    forward: fn(&Size, &Params) -> candle_core::Result<Tensor>,
    wanted: fn(&Path) -> bool,
) {
    let folder = reference_dir().join("formats").join(family);
    let sizes = sizes(&folder);
    let mut checked = 0;
    for path in weight_files(&folder) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if stem.starts_with("reference_") || stem.contains("_vae_") || !wanted(&path) {
            continue;
        }
        let name = output_name(&path, family);
        let size = sizes
            .iter()
            .find(|size| size.golden.contains_key(&name))
            .unwrap_or_else(|| panic!("no reference has `{name}` for {}", path.display()));
        let checkpoint = Checkpoint::open_part(&path, kind).unwrap_or_else(|e| panic!("{e}"));
        let params = Params::new(Arc::new(checkpoint), DType::F32, Device::Cpu);
        let output = forward(size, &params).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let expected = &size.golden[&name];
        let accepted = ACCEPTED.iter().find(|(name, _)| *name == size.name).expect("a size").1;
        println!("{}: {:.1e}", path.display(), largest_difference(&output, expected));
        near::check(&path.display().to_string(), &output, expected, accepted);
        checked += 1;
    }
    assert!(checked > 0, "there are no files in {}", folder.display());
}

fn flux2_forward(size: &Size, params: &Params) -> candle_core::Result<Tensor> {
    let config = flux2::Config::parse(&size.config).expect("numbers");
    flux2_output(config, &size.golden, params)
}

/// The tiny FLUX.2 transformer on `in.*`.
pub(crate) fn flux2_output(
    config: flux2::Config,
    golden: &BTreeMap<String, Tensor>,
    params: &Params,
) -> candle_core::Result<Tensor> {
    let transformer = flux2::Transformer::load(config, params)?;
    let mut positions = Vec::new();
    for ids in ["in.txt_ids", "in.img_ids"] {
        for id in golden[ids].get(0)?.to_vec2::<i64>()? {
            positions.push([id[0], id[1], id[2], id[3]].map(|axis| axis as u32));
        }
    }
    let inputs = flux2::Inputs {
        hidden_states: &golden["in.hidden_states"],
        encoder_hidden_states: &golden["in.encoder_hidden_states"],
        timestep: &golden["in.timestep"],
        rope: &transformer.rope(&positions)?,
        references: &[],
    };
    transformer.forward(&inputs, &mut Unwatched)
}

fn layered_forward(size: &Size, params: &Params) -> candle_core::Result<Tensor> {
    let config = qwen_image_layered::Config::parse(&size.config).expect("numbers");
    layered_output(config, &size.golden, params)
}

/// The tiny layered transformer on `in.*`.
pub(crate) fn layered_output(
    config: qwen_image_layered::Config,
    golden: &BTreeMap<String, Tensor>,
    params: &Params,
) -> candle_core::Result<Tensor> {
    let transformer = qwen_image_layered::Transformer::load(config, params)?;
    let sizes = golden["in.grid"].to_vec1::<i64>()?;
    let [layers, height, width] = [0, 1, 2].map(|axis| sizes[axis] as usize);
    let grid = qwen_image_layered::latents::Grid { frames: layers + 1, height, width };
    let states = &golden["in.encoder_hidden_states"];
    let image = transformer.image_rope(grid)?;
    let words = transformer.text_rope(grid, states.dim(1)?)?;
    let inputs = qwen_image_layered::Inputs {
        hidden_states: &golden["in.hidden_states"],
        encoder_hidden_states: states,
        padding: None,
        timestep: &golden["in.timestep"],
        additional_t_cond: &golden["in.additional_t_cond"].to_dtype(DType::U32)?,
        rope: &Table::concatenate(&[&words, &image])?,
    };
    transformer.forward(&inputs, &mut Unwatched)
}

/// Those files of FLUX.2 that are wanted.
pub(crate) fn check_flux2(wanted: fn(&Path) -> bool) {
    check(("flux2", Kind::Flux2Transformer), flux2_forward, wanted);
}

/// Those files of the layered model that are wanted.
pub(crate) fn check_layered(wanted: fn(&Path) -> bool) {
    check(("qwen_image", Kind::QwenImageLayeredTransformer), layered_forward, wanted);
}

#[test]
fn every_flux2_file_gives_what_its_weights_give() {
    check_flux2(|_| true);
}

#[test]
fn every_layered_file_gives_what_its_weights_give() {
    check_layered(|_| true);
}

#[test]
fn an_autoencoder_under_its_publisher_s_names_is_the_same() {
    use models::autoencoders::kl_flux2::{Autoencoder, Config};
    let path = reference_dir().join("formats/flux2/flux2_vae_bfl.safetensors");
    let checkpoint = Checkpoint::open_part(&path, Kind::Flux2Autoencoder).expect("a fixture");
    let params = Params::new(Arc::new(checkpoint), DType::F32, Device::Cpu);
    let config = Config::parse(&crate::golden::config("vae/config.json")).expect("numbers");
    let autoencoder = Autoencoder::load(config, &params).expect("weights");
    let golden = Golden::open("flux2-golden/vae.safetensors");
    golden.check("moments", &autoencoder.moments(&golden.tensor("image")).expect("latents"));
    golden.check("z_decoded", &autoencoder.decode(&golden.tensor("z")).expect("pixels"));
}
