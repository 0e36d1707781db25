//! What can be typed.

mod bench;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::{Budgets, Choice, DeviceChoice, LoraChoice, Margins, Precision};

pub(crate) use self::bench::{
    Autoencoder, Bench, Compare, Create, Load, Measured, Packing, Run, Shape, Soak, Step, Swap,
};

/// Veetance Asset Editor: pictures from words, on this computer.
///
/// Without a command, or with a picture file, it opens the window.
#[derive(Debug, Parser)]
#[command(
    name = "asset-editor",
    display_name = "Veetance Asset Editor",
    version,
    arg_required_else_help = false,
    disable_help_subcommand = true,
    override_usage = "asset-editor [FILE]\n       asset-editor <COMMAND>"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Paint a picture from a prompt.
    Generate(Box<Generate>),
    /// Split a picture into layers.
    Decompose(Box<Decompose>),
    /// Save a file in another format, with all layers where the format has them.
    Convert(Convert),
    /// List the layers of a file.
    Inspect(Inspect),
    /// List the models of this computer, get more, and link folders that have some.
    Models(Models),
    /// Say how a run would fit into memory, what it would take, and how long it would be.
    Plan(Plan),
    /// For developers: make full-size models of random weights, and measure loads and runs.
    #[command(subcommand)]
    Bench(Bench),
}

/// How much memory this program may hold.
#[derive(Debug, Args)]
pub(crate) struct Memory {
    /// The most memory to hold, as in 9GiB [default: what is free].
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true, value_parser = bytes)]
    pub(crate) ram_budget: Option<u64>,
    /// The most of a graphics card's memory to hold [default: what is free].
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true, value_parser = bytes)]
    pub(crate) vram_budget: Option<u64>,
}

impl Memory {
    pub(crate) fn budgets(&self) -> Budgets {
        Budgets { ram: self.ram_budget, vram: self.vram_budget }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// A model's name, its folder, or a .safetensors or .gguf file of a transformer.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// The most memory to hold, of the graphics card where it computes there, as in 12GiB
    /// [default: what is free].
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true, value_parser = bytes)]
    pub(crate) budget: Option<u64>,
    /// Size of the picture [default: the model's].
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub(crate) size: Option<(u32, u32)>,
    /// Steps [default: the model's].
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    pub(crate) steps: Option<usize>,
    /// Number format [default: chosen by device].
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub(crate) device: Device,
    /// Print it as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) parts: Parts,
    /// What to paint.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: String,
    /// What to stay away from; read by base models only.
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub(crate) negative: String,
    /// A picture to edit or to take from; may be given several times.
    #[arg(long = "ref", value_name = "FILE")]
    pub(crate) references: Vec<PathBuf>,
    /// How much to take from each --ref, in the same order: 0 nothing, 1 as the model was trained, up to 2 [default: 1].
    #[arg(long = "ref-influence", value_name = "X", requires = "references", allow_negative_numbers = true, value_parser = decimal)]
    pub(crate) influences: Vec<f64>,
    /// The picture to repaint a part of, or to extend. All its other pixels stay to the bit.
    #[arg(long, value_name = "FILE", requires = "part")]
    pub(crate) init: Option<PathBuf>,
    /// Repaint only where this picture is white.
    #[arg(long, value_name = "FILE", requires = "init", group = "part")]
    pub(crate) mask: Option<PathBuf>,
    /// Pixels by which to extend the picture on each side; the outside is painted.
    #[arg(long, value_name = "LEFT,TOP,RIGHT,BOTTOM", requires = "init", group = "part", allow_hyphen_values = true, value_parser = margins)]
    pub(crate) extend: Option<Margins>,
    /// How far the repainted part may go from the picture: above 0, up to 1 [default: 0.8, and 1 where it is extended].
    #[arg(long, value_name = "X", requires = "init", allow_negative_numbers = true, value_parser = decimal)]
    pub(crate) strength: Option<f64>,
    /// Pixels over which the repainted part blends into the rest [default: 8].
    #[arg(long, value_name = "N", requires = "init", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub(crate) seam: Option<u32>,
    /// Pixels across [default: the model's]. With --init, the size that the model works at [default: the picture's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub(crate) width: Option<u32>,
    /// Pixels down [default: the model's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub(crate) height: Option<u32>,
    /// Steps from noise to picture [default: the model's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub(crate) steps: Option<usize>,
    /// How strictly to follow the prompt; read by base models only [default: the model's].
    #[arg(long, value_name = "G", allow_negative_numbers = true, value_parser = decimal)]
    pub(crate) guidance: Option<f64>,
    /// Skip most of a step where its start changed by less than this share: faster, and another picture. 0 skips
    /// none, 1 nearly all; 0.1 is a start. FLUX.2 alone [default: off].
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = decimal)]
    pub(crate) step_cache: Option<f64>,
    /// The same seed paints the same picture [default: random, printed].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub(crate) seed: Option<u64>,
    /// Pictures to paint, each with the next seed; OUT.png becomes OUT-1.png, OUT-2.png, …
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub(crate) variations: u32,
    /// Tokens that the prompt is padded or cut to [default: the model's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub(crate) max_sequence_length: Option<usize>,
    /// Start from the tensor `latents` of this file instead of noise.
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) init_latents: Option<PathBuf>,
    /// Number format [default: chosen by device and memory].
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub(crate) device: Device,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The PNG file to write.
    #[arg(long, value_name = "FILE.png")]
    pub(crate) out: PathBuf,
}

/// Which model, and what it is put together from.
#[derive(Debug, Args)]
pub(crate) struct Parts {
    /// A model's name, its folder in diffusers layout, or a .safetensors or .gguf file of a
    /// transformer; contents count, not names [default: the first that is installed].
    #[arg(long, value_name = "DIR|FILE|NAME")]
    pub(crate) model: Option<String>,
    /// The model that lends what a file does not hold, such as the tokenizer [default: the folder
    /// that the file lies in, or the first that is installed].
    #[arg(long, value_name = "DIR|NAME")]
    pub(crate) base: Option<String>,
    /// A .safetensors or .gguf file of a text encoder, or its folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) text_encoder: Option<PathBuf>,
    /// A .safetensors file of an autoencoder, or its folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) vae: Option<PathBuf>,
    /// A LoRA file, and how strongly it acts [default strength: 1]; may be given several times.
    #[arg(long = "lora", value_name = "FILE[:STRENGTH]", value_parser = lora)]
    pub(crate) loras: Vec<LoraChoice>,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

impl Parts {
    pub(crate) fn choice(&self) -> Choice<'_> {
        Choice {
            model: self.model.as_deref(),
            base: self.base.as_deref(),
            text_encoder: self.text_encoder.as_deref(),
            vae: self.vae.as_deref(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Decompose {
    /// The picture: PNG, JPEG or WebP.
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) parts: Parts,
    /// Layers to make, 1 to 10 [default: the model's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub(crate) layers: Option<u32>,
    /// What is in the picture; without it, the model looks.
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub(crate) prompt: String,
    /// What to stay away from.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) negative: Option<String>,
    /// Steps from noise to layers [default: the model's].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub(crate) steps: Option<usize>,
    /// How strictly to follow the prompt [default: the model's].
    #[arg(long, value_name = "G", allow_negative_numbers = true, value_parser = decimal)]
    pub(crate) guidance: Option<f64>,
    /// The same seed gives the same layers [default: random, printed].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub(crate) seed: Option<u64>,
    /// Start from the tensor `latents` of this file instead of noise.
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) init_latents: Option<PathBuf>,
    /// Give the model's own small layers instead of rebuilding them from the picture's pixels.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Number format [default: chosen by device and memory].
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub(crate) device: Device,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The file to write: .psd, .psb or .ora, or .zip for one PNG a layer.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// PSD, PSB, OpenRaster, PNG, JPEG or WebP; its contents count, not its name.
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The file to write: .psd, .psb, .ora, .png, .jpg, .webp, or .zip for one PNG a layer.
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// PSD, PSB, OpenRaster, PNG, JPEG or WebP.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print everything as one JSON object, layers from the bottom.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Models {
    #[command(subcommand)]
    pub(crate) task: Option<ModelsTask>,
    /// Print the list as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsTask {
    /// List what is there, what can be had, and what cannot be used.
    List {
        /// Print the list as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Use a folder or a file of weights where it is, or add the entries of a catalogue file.
    Add {
        /// A folder, a .safetensors or .gguf file, or a .toml file; its contents count.
        #[arg(value_name = "DIR|FILE|TOML")]
        path: PathBuf,
    },
    /// Read what is there, and hold it against the hashes that are known.
    Verify {
        /// A model or part [default: all that is there].
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Get a model, or a part of one. An interrupted download goes on where it was.
    Download {
        /// A model or part, as in the list.
        #[arg(value_name = "ID")]
        id: String,
        /// Accept the licence, which is shown before anything else.
        #[arg(long)]
        accept_licence: bool,
        /// Read an access token for Hugging Face from the first line of stdin; it is not kept.
        #[arg(long)]
        token_from_stdin: bool,
    },
    /// Use the models of a folder where they are, for instance those of ComfyUI.
    Link {
        /// The folder; it may be on another drive.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Forget a linked folder; its files stay as they are.
    Unlink {
        /// The folder, whether or not it is there.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Keep an access token for Hugging Face in the system's keychain, or take it out.
    #[command(subcommand)]
    Token(TokenTask),
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum TokenTask {
    /// Read a token from the first line of stdin and keep it.
    Set,
    /// Take the token out of the keychain.
    Forget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dtype {
    F32,
    Bf16,
    F16,
}

impl From<Dtype> for Precision {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::Bf16 => Self::Bf16,
            Dtype::F16 => Self::F16,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    Auto,
    Cpu,
    Cuda,
}

impl From<Device> for DeviceChoice {
    fn from(device: Device) -> Self {
        match device {
            Device::Auto => Self::Auto,
            Device::Cpu => Self::Cpu,
            Device::Cuda => Self::Cuda,
        }
    }
}

/// A file's name may have colons of its own: only a number behind the last one is a strength.
fn lora(text: &str) -> Result<LoraChoice, String> {
    let split = text.rsplit_once(':').and_then(|(file, rest)| Some((file, decimal(rest).ok()?)));
    let (file, strength) = split.unwrap_or((text, 1.0));
    match file {
        "" => Err("a file is needed".into()),
        file => Ok(LoraChoice { file: file.into(), strength }),
    }
}

fn whole<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_error| {
        format!("a whole number from 0 is needed, at most {} bits long", 8 * size_of::<N>())
    })
}

fn margins(text: &str) -> Result<Margins, String> {
    let sides: Vec<u32> = text.split(',').map_while(|side| side.trim().parse().ok()).collect();
    match sides[..] {
        [left, top, right, bottom] if text.matches(',').count() == 3 => {
            Ok(Margins { left, top, right, bottom })
        }
        _ => Err("four whole numbers are needed, as in 64,0,64,0".into()),
    }
}

/// A count of bytes: 9GiB, 512MiB, 8.5GB, or a plain number.
fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 8] = [
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("b", 1.0),
        ("", 1.0),
    ];
    let wrong = || "a size is needed, as in 9GiB or 512MB".to_owned();
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .ok_or_else(wrong)?;
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 && number * unit < 1e18 => {
            Ok((number * unit) as u64)
        }
        _ => Err(wrong()),
    }
}

/// Pixels across and down.
fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', 'X', '×']);
    sides
        .and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)))
        .ok_or_else(|| "a size is needed, as in 1024x768".to_owned())
}

fn decimal(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("a number is needed".into()),
    }
}
