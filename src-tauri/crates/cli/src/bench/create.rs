//! `asset-editor bench create`: a full-size model folder of random numbers, to measure time and memory with.
//!
//! Tensors are drawn while they are written, so memory stays small. What it paints is noise.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use engine::{Catalog, Error};
use serde_json::{Map, Value, json};

use super::{
    inventory::{Blueprint, Component, Fill, TensorSpec},
    packing::{Container, FP8_DEVIATION, Form},
};
use crate::{
    arguments::{Create, Packing},
    failure::Failure,
    interrupt::on_interrupt,
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

pub(crate) fn run(options: &Create) -> Result<(), Failure> {
    let out = &options.out;
    if out.exists() {
        return Err(unwritable(out, "it exists already"));
    }
    let plan =
        Blueprint::of(options.shape, options.dtype.torch_name(), options.blocks.map(Into::into))
            .map_err(|reason| Failure::new("invalid-request", reason))?;
    let tokenizer = match &options.tokenizer {
        Some(folder) => folder.clone(),
        None => Catalog::load(&locations::roots())?.find(plan.starter)?.folder.join("tokenizer"),
    };
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
    let drawer = Drawer::new(options.dtype);
    let bytes: u64 = plan.components.iter().map(|component| component.bytes(&drawer)).sum();
    check_space(parent, bytes)?;

    let stopped = on_interrupt(|| ())?;
    let name = out.file_name().ok_or_else(|| unwritable(out, "it has no name"))?;
    let partial = parent.join(format!(".{}.partial", name.to_string_lossy()));
    let result = write_model(&partial, &tokenizer, &plan, (&drawer, &stopped))
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

impl Component {
    /// Convolutions are few: whoever packs a model leaves its autoencoder as it is.
    fn packing(&self, drawer: &Drawer) -> Packing {
        match (self.folder, drawer.packing) {
            (_, plain @ (Packing::F32 | Packing::Bf16 | Packing::F16)) => plain,
            ("vae", _) => Packing::Bf16,
            (_, packed) => packed,
        }
    }

    fn bytes(&self, drawer: &Drawer) -> u64 {
        let packing = self.packing(drawer);
        self.tensors.iter().map(|tensor| packing.form(tensor).bytes(tensor.len()) as u64).sum()
    }

    /// Consecutive tensors that fit into one file each.
    fn shards(&self, packing: Packing) -> Vec<Vec<&TensorSpec>> {
        let mut shards: Vec<Vec<&TensorSpec>> = vec![Vec::new()];
        let mut filled = 0;
        for tensor in &self.tensors {
            let bytes = packing.form(tensor).bytes(tensor.len());
            if filled > 0
                && filled + bytes > MAX_SHARD
                && packing.container() == Container::Safetensors
            {
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

/// What draws, and what says to stop.
type Drawing<'a> = (&'a Drawer, &'a AtomicBool);

fn write_model(
    folder: &Path,
    tokenizer: &Path,
    plan: &Blueprint,
    drawing: Drawing<'_>,
) -> std::io::Result<()> {
    // Left by a run that was killed.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    for component in &plan.components {
        write_component(&folder.join(component.folder), component, drawing)?;
    }
    for (place, content) in &plan.files {
        let path = folder.join(place);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        write_json(&path, content)?;
    }
    fs::create_dir(folder.join("tokenizer"))?;
    for entry in fs::read_dir(tokenizer)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, folder.join("tokenizer").join(name))?;
        }
    }
    fs::write(
        folder.join("README.txt"),
        "Random numbers in the shape of a published model, made by `asset-editor bench create` to\n\
         measure time and memory. It was never trained and paints noise.\n",
    )?;
    write_json(&folder.join("model_index.json"), &plan.index)
}

fn write_component(
    folder: &Path,
    component: &Component,
    drawing: Drawing<'_>,
) -> std::io::Result<()> {
    fs::create_dir(folder)?;
    write_json(&folder.join("config.json"), &component.config)?;
    let packing = component.packing(drawing.0);
    let shards = component.shards(packing);
    let mut weight_map = Map::new();
    for (index, shard) in shards.iter().enumerate() {
        if packing.container() == Container::Gguf {
            write_gguf(&folder.join(format!("{}.gguf", component.stem)), shard, packing, drawing)?;
            continue;
        }
        let file = match shards.len() {
            1 => format!("{}.safetensors", component.stem),
            count => format!("{}-{:05}-of-{count:05}.safetensors", component.stem, index + 1),
        };
        for tensor in shard {
            weight_map.insert(tensor.name.clone(), json!(file));
        }
        write_shard(&folder.join(&file), shard, packing, drawing)?;
    }
    if shards.len() > 1 {
        write_json(
            &folder.join(format!("{}.safetensors.index.json", component.stem)),
            &json!({ "metadata": { "total_size": component.bytes(drawing.0) }, "weight_map": weight_map }),
        )?;
    }
    Ok(())
}

fn write_shard(
    path: &PathBuf,
    tensors: &[&TensorSpec],
    packing: Packing,
    drawing: Drawing<'_>,
) -> std::io::Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({ "format": "pt", "synthetic": "random numbers" }));
    let mut offset = 0;
    let mut place = |name: String, dtype: &str, shape: &[usize], bytes: usize| {
        let entry =
            json!({ "dtype": dtype, "shape": shape, "data_offsets": [offset, offset + bytes] });
        header.insert(name, entry);
        offset += bytes;
    };
    for tensor in tensors {
        let form = packing.form(tensor);
        place(tensor.name.clone(), form.name, &tensor.shape, form.bytes(tensor.len()));
        if form.is_scaled() {
            place(format!("{}_scale", tensor.name), "F32", &[], 4);
        }
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // The data begins at a multiple of eight, so that it can be read in place.
    header.resize(header.len().next_multiple_of(8), b' ');

    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for (index, tensor) in tensors.iter().enumerate() {
        let form = packing.form(tensor);
        draw(&mut file, tensor, form, index as u64, drawing)?;
        if form.is_scaled() {
            let scale = match tensor.fill {
                Fill::Constant(_) => 1.0,
                Fill::Normal(deviation) => deviation / FP8_DEVIATION,
            };
            file.write_all(&scale.to_le_bytes())?;
        }
    }
    file.flush()
}

/// What tensors' data is aligned to.
const GGUF_ALIGNMENT: usize = 32;
/// GGUF's number for a text.
const GGUF_TEXT: u32 = 8;

fn write_gguf(
    path: &Path,
    tensors: &[&TensorSpec],
    packing: Packing,
    drawing: Drawing<'_>,
) -> std::io::Result<()> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut header = b"GGUF".to_vec();
    header.extend(3u32.to_le_bytes());
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend(1u64.to_le_bytes());
    header.extend(text("general.name"));
    header.extend(GGUF_TEXT.to_le_bytes());
    header.extend(text("random numbers, for measuring only"));
    let mut offset = 0;
    for tensor in tensors {
        let form = packing.form(tensor);
        header.extend(text(&tensor.name));
        header.extend((tensor.shape.len() as u32).to_le_bytes());
        // The innermost dimension stands first.
        header.extend(tensor.shape.iter().rev().flat_map(|size| (*size as u64).to_le_bytes()));
        header.extend(form.ggml.to_le_bytes());
        header.extend((offset as u64).to_le_bytes());
        offset += form.bytes(tensor.len()).next_multiple_of(GGUF_ALIGNMENT);
    }
    header.resize(header.len().next_multiple_of(GGUF_ALIGNMENT), 0);

    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&header)?;
    for (index, tensor) in tensors.iter().enumerate() {
        let form = packing.form(tensor);
        draw(&mut file, tensor, form, index as u64, drawing)?;
        let bytes = form.bytes(tensor.len());
        file.write_all(&vec![0; bytes.next_multiple_of(GGUF_ALIGNMENT) - bytes])?;
    }
    file.flush()
}

/// Writes a tensor's numbers, which are pieces of the pool from anywhere.
fn draw(
    out: &mut impl Write,
    tensor: &TensorSpec,
    form: Form,
    seed: u64,
    (drawer, stopped): Drawing<'_>,
) -> std::io::Result<()> {
    let piece = form.piece(PIECE);
    let pool = match tensor.fill {
        Fill::Constant(value) => form.pack(&vec![1.0; piece], value),
        Fill::Normal(deviation) => form.pack(&drawer.normal, deviation),
    };
    let block = form.bytes(piece) / (piece / form.piece(BLOCK));
    let starts = (pool.len() - form.bytes(piece)) / block + 1;
    let mut state = seed;
    let mut left = tensor.len();
    while left > 0 {
        if stopped.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("stopped"));
        }
        let count = left.min(piece);
        let start = (next(&mut state) % starts as u64) as usize * block;
        out.write_all(&pool[start..start + form.bytes(count)])?;
        left -= count;
    }
    Ok(())
}

/// Numbers that pieces begin at multiples of: every format's blocks fit into it.
const BLOCK: usize = 256;

/// Numbers to draw from.
struct Drawer {
    packing: Packing,
    normal: Vec<f32>,
}

impl Drawer {
    fn new(packing: Packing) -> Self {
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
        Self { packing, normal }
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
        let drawer = Drawer::new(Packing::F32);
        write_shard(&path, &[&ones, &noise], Packing::F32, (&drawer, &stopped))
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
        let component = Component {
            folder: "a",
            stem: "b",
            tensors: vec![big(), big(), big()],
            config: Value::Null,
        };
        let counts: Vec<usize> = component.shards(Packing::Bf16).iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 1]);
    }

    #[test]
    fn stopping_ends_the_writing() {
        let stopped = AtomicBool::new(true);
        let constant = tensor("a", &[10], Fill::Constant(0.0));
        let form = Packing::Bf16.form(&constant);
        let drawing = (&Drawer::new(Packing::Bf16), &stopped);
        draw(&mut std::io::sink(), &constant, form, 0, drawing).expect_err("it was asked to stop");
    }
}
