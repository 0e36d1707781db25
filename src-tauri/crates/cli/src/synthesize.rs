//! `asset-editor synthesize`: a full-size model folder of random numbers, to measure time and memory with.
//!
//! Tensors are drawn while they are written, so memory stays small. What it paints is noise.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use engine::Error;
use half::{bf16, f16};
use serde_json::{Map, Value, json};

use crate::{
    arguments::{Dtype, Synthesize},
    failure::Failure,
    interrupt::on_interrupt,
    inventory::{Fill, Sizes, TensorSpec, scheduler_config, vae, vae_config},
    say,
};

/// Where the publisher's tools cut a component into several files, in bytes.
const MAX_SHARD: usize = 5_000_000_000;
/// Free space to leave on the disk, in bytes.
const DISK_RESERVE: u64 = 1 << 30;
/// Normal numbers to draw from; pieces of them, from anywhere, are written as fast as the disk takes them.
const POOL: usize = 1 << 20;
/// Numbers in a piece, between two looks at whether to stop.
const PIECE: usize = 1 << 16;

pub(crate) fn run(options: &Synthesize) -> Result<(), Failure> {
    let out = &options.out;
    if out.exists() {
        return Err(unwritable(out, "it exists already"));
    }
    let tokenizer =
        options.tokenizer.clone().unwrap_or_else(|| locations::roots().starter.join("tokenizer"));
    if !tokenizer.join("tokenizer.json").is_file() {
        return Err(Failure::new(
            "unreadable",
            format!("`{}` is no tokenizer folder: name one with --tokenizer", tokenizer.display()),
        ));
    }
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let sizes = Sizes::of(options.shape);
    let components = [
        Component::new(
            "transformer",
            "diffusion_pytorch_model",
            sizes.transformer(),
            sizes.transformer_config(),
        ),
        Component::new(
            "text_encoder",
            "model",
            sizes.text_encoder(),
            sizes.text_encoder_config(torch_name(options.dtype)),
        ),
        Component::new("vae", "diffusion_pytorch_model", vae(), vae_config()),
    ];
    let bytes: u64 = components.iter().map(|component| component.bytes(options.dtype)).sum();
    check_space(parent, bytes)?;

    let stopped = on_interrupt(|| ())?;
    let name = out.file_name().ok_or_else(|| unwritable(out, "it has no name"))?;
    let partial = parent.join(format!(".{}.partial", name.to_string_lossy()));
    let result =
        write_model(&partial, &tokenizer, &components, &Drawer::new(options.dtype, &stopped))
            .and_then(|()| fs::rename(&partial, out));
    if let Err(error) = result {
        // What was written is useless; that removing it may fail too changes nothing.
        let _ = fs::remove_dir_all(&partial);
        return Err(if stopped.load(Ordering::Relaxed) {
            Error::Cancelled.into()
        } else {
            unwritable(out, &error.to_string())
        });
    }
    say(&format!(
        "{}: {:.1} GB of random weights, for measuring only\n",
        out.display(),
        bytes as f64 / 1e9
    ));
    Ok(())
}

/// One folder of the model with its weights.
struct Component {
    folder: &'static str,
    stem: &'static str,
    tensors: Vec<TensorSpec>,
    config: Value,
}

impl Component {
    fn new(
        folder: &'static str,
        stem: &'static str,
        tensors: Vec<TensorSpec>,
        config: Value,
    ) -> Self {
        Self { folder, stem, tensors, config }
    }

    fn bytes(&self, dtype: Dtype) -> u64 {
        self.tensors.iter().map(|tensor| (tensor.len() * width(dtype)) as u64).sum()
    }

    /// Consecutive tensors that fit into one file each.
    fn shards(&self, dtype: Dtype) -> Vec<Vec<&TensorSpec>> {
        let mut shards: Vec<Vec<&TensorSpec>> = vec![Vec::new()];
        let mut filled = 0;
        for tensor in &self.tensors {
            let bytes = tensor.len() * width(dtype);
            if filled > 0 && filled + bytes > MAX_SHARD {
                shards.push(Vec::new());
                filled = 0;
            }
            filled += bytes;
            if let Some(shard) = shards.last_mut() {
                shard.push(tensor);
            }
        }
        shards
    }
}

fn write_model(
    folder: &Path,
    tokenizer: &Path,
    components: &[Component],
    drawer: &Drawer<'_>,
) -> std::io::Result<()> {
    // Left by a run that was killed.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    for component in components {
        write_component(&folder.join(component.folder), component, drawer)?;
    }
    fs::create_dir(folder.join("scheduler"))?;
    write_json(&folder.join("scheduler/scheduler_config.json"), &scheduler_config())?;
    fs::create_dir(folder.join("tokenizer"))?;
    for entry in fs::read_dir(tokenizer)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, folder.join("tokenizer").join(name))?;
        }
    }
    fs::write(
        folder.join("README.txt"),
        "Random numbers in the shape of a FLUX.2-klein model, made by `asset-editor synthesize`\n\
         to measure time and memory. It was never trained and paints noise.\n",
    )?;
    write_json(
        &folder.join("model_index.json"),
        &json!({
            "_class_name": "Flux2KleinPipeline",
            "_synthetic": true,
            "is_distilled": true,
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "Qwen3ForCausalLM"],
            "tokenizer": ["transformers", "Qwen2TokenizerFast"],
            "transformer": ["diffusers", "Flux2Transformer2DModel"],
            "vae": ["diffusers", "AutoencoderKLFlux2"],
        }),
    )
}

fn write_component(
    folder: &Path,
    component: &Component,
    drawer: &Drawer<'_>,
) -> std::io::Result<()> {
    fs::create_dir(folder)?;
    write_json(&folder.join("config.json"), &component.config)?;
    let shards = component.shards(drawer.dtype);
    let mut weight_map = Map::new();
    for (index, shard) in shards.iter().enumerate() {
        let file = match shards.len() {
            1 => format!("{}.safetensors", component.stem),
            count => format!("{}-{:05}-of-{count:05}.safetensors", component.stem, index + 1),
        };
        for tensor in shard {
            weight_map.insert(tensor.name.clone(), json!(file));
        }
        write_shard(&folder.join(&file), shard, drawer)?;
    }
    if shards.len() > 1 {
        write_json(
            &folder.join(format!("{}.safetensors.index.json", component.stem)),
            &json!({ "metadata": { "total_size": component.bytes(drawer.dtype) }, "weight_map": weight_map }),
        )?;
    }
    Ok(())
}

fn write_shard(
    path: &PathBuf,
    tensors: &[&TensorSpec],
    drawer: &Drawer<'_>,
) -> std::io::Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({ "format": "pt", "synthetic": "random numbers" }));
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + tensor.len() * width(drawer.dtype);
        header.insert(
            tensor.name.clone(),
            json!({ "dtype": tensor_name(drawer.dtype), "shape": tensor.shape, "data_offsets": [offset, end] }),
        );
        offset = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // The data begins at a multiple of eight, so that it can be read in place.
    header.resize(header.len().next_multiple_of(8), b' ');

    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for (index, tensor) in tensors.iter().enumerate() {
        drawer.write(&mut file, tensor, index as u64)?;
    }
    file.flush()
}

/// Draws tensors in one number format.
struct Drawer<'a> {
    dtype: Dtype,
    normal: Vec<f32>,
    stopped: &'a AtomicBool,
}

impl<'a> Drawer<'a> {
    fn new(dtype: Dtype, stopped: &'a AtomicBool) -> Self {
        let mut state = 1;
        let normal = (0..POOL / 2)
            .flat_map(|_| {
                // Box-Muller: two uniform numbers make two normal ones.
                let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
                let radius = (-2.0 * unit(next(&mut state)).ln()).sqrt();
                let angle = std::f64::consts::TAU * unit(next(&mut state));
                [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
            })
            .collect();
        Self { dtype, normal, stopped }
    }

    fn write(&self, out: &mut impl Write, tensor: &TensorSpec, seed: u64) -> std::io::Result<()> {
        let pool: Vec<u8> = match tensor.fill {
            Fill::Constant(value) => self.bytes((0..PIECE).map(|_| value)),
            Fill::Normal(deviation) => {
                self.bytes(self.normal.iter().map(|number| number * deviation))
            }
        };
        let width = width(self.dtype);
        let starts = pool.len() / width - PIECE + 1;
        let mut state = seed;
        let mut left = tensor.len();
        while left > 0 {
            if self.stopped.load(Ordering::Relaxed) {
                return Err(std::io::Error::other("stopped"));
            }
            let count = left.min(PIECE);
            let start = (next(&mut state) % starts as u64) as usize;
            out.write_all(&pool[start * width..(start + count) * width])?;
            left -= count;
        }
        Ok(())
    }

    /// Numbers as they are stored.
    fn bytes(&self, numbers: impl Iterator<Item = f32>) -> Vec<u8> {
        match self.dtype {
            Dtype::F32 => numbers.flat_map(f32::to_le_bytes).collect(),
            Dtype::Bf16 => {
                numbers.flat_map(|number| bf16::from_f32(number).to_le_bytes()).collect()
            }
            Dtype::F16 => numbers.flat_map(|number| f16::from_f32(number).to_le_bytes()).collect(),
        }
    }
}

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn check_space(folder: &Path, needed: u64) -> Result<(), Failure> {
    let disk =
        rustix::fs::statvfs(folder).map_err(|error| unwritable(folder, &error.to_string()))?;
    let free = disk.f_bavail * disk.f_frsize;
    if free < needed + DISK_RESERVE {
        return Err(unwritable(
            folder,
            &format!(
                "{:.1} GB are needed and {:.1} GB are free",
                (needed + DISK_RESERVE) as f64 / 1e9,
                free as f64 / 1e9
            ),
        ));
    }
    Ok(())
}

fn write_json(path: &Path, value: &Value) -> std::io::Result<()> {
    fs::write(path, format!("{value:#}\n"))
}

fn unwritable(path: &Path, reason: &str) -> Failure {
    Error::Unwritable { path: path.to_owned(), reason: reason.to_owned() }.into()
}

fn width(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 => 4,
        Dtype::Bf16 | Dtype::F16 => 2,
    }
}

/// As safetensors spells it.
fn tensor_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "F32",
        Dtype::Bf16 => "BF16",
        Dtype::F16 => "F16",
    }
}

/// As PyTorch spells it.
fn torch_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "float32",
        Dtype::Bf16 => "bfloat16",
        Dtype::F16 => "float16",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[usize], fill: Fill) -> TensorSpec {
        TensorSpec { name: name.into(), shape: shape.to_vec(), fill }
    }

    #[test]
    fn a_written_file_has_the_layout_of_safetensors() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.safetensors");
        let [ones, noise] = [
            tensor("ones", &[3], Fill::Constant(1.0)),
            tensor("noise", &[400, 501], Fill::Normal(0.5)),
        ];
        let stopped = AtomicBool::new(false);
        write_shard(&path, &[&ones, &noise], &Drawer::new(Dtype::F32, &stopped))
            .expect("it is written");

        let bytes = fs::read(&path).expect("the file");
        let header_len = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + header_len]).expect("JSON");
        assert_eq!(header["noise"]["data_offsets"], json!([12, 12 + 4 * 400 * 501]));
        let data: Vec<f64> = bytes[8 + header_len..]
            .chunks_exact(4)
            .map(|number| f64::from(f32::from_le_bytes(number.try_into().expect("four bytes"))))
            .collect();
        assert_eq!(data.len(), 3 + 400 * 501);
        assert_eq!(data[..3], [1.0; 3]);
        let square = data[3..].iter().map(|number| number * number).sum::<f64>() / (400.0 * 501.0);
        assert!((square.sqrt() - 0.5).abs() < 0.01, "the standard deviation is {}", square.sqrt());
    }

    #[test]
    fn a_component_is_cut_where_the_publisher_s_is() {
        let big = || tensor("big", &[1_500_000_000], Fill::Constant(0.0));
        let component =
            Component::new("transformer", "model", vec![big(), big(), big()], Value::Null);
        let counts: Vec<usize> = component.shards(Dtype::Bf16).iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 1]);
    }

    #[test]
    fn stopping_ends_the_writing() {
        let stopped = AtomicBool::new(true);
        let drawer = Drawer::new(Dtype::Bf16, &stopped);
        drawer
            .write(&mut std::io::sink(), &tensor("a", &[10], Fill::Constant(0.0)), 0)
            .expect_err("it was asked to stop");
    }
}
