//! What can be typed after `bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, builder::RangedU64ValueParser};

use super::{Dtype, Memory, decimal, size, whole};

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Paint a picture on the processor and on the graphics card, and say how far apart they are.
    Compare(Compare),
    /// Write a full-size model folder of random weights. It paints noise.
    Create(Create),
    /// Read a component of a model into memory, and all its bytes by plain reads beside it.
    Load(Load),
    /// Load two models in turn.
    Swap(Swap),
    /// Make steps of a transformer on noise.
    Step(Step),
    /// Make latents of a picture and a picture of noise with a model's autoencoder.
    Autoencoder(Autoencoder),
    /// Make a whole picture, as `generate` does, or layers, as `decompose` does, and say what each phase took.
    Run(Run),
    /// Make many small pictures in turn, and say how much memory is held after them.
    Soak(Soak),
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The model's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Size of the picture.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "64x64", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Steps from noise to picture.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) steps: usize,
    /// Number format of activations on the card [default: chosen by card].
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Multiply weights of 8-bit floats in 8 bits, where the card can.
    #[arg(long)]
    pub(crate) fp8_products: bool,
    /// Leave out what a card must prove first: 8-bit products, units for groups of warps, recordings.
    #[arg(long)]
    pub(crate) ordinary_kernels: bool,
    /// Fail where levels, of 255, are further apart on average.
    #[arg(long, value_name = "LEVELS", default_value_t = 2.0, value_parser = decimal)]
    pub(crate) most: f64,
}

#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// The folders of the models that take turns.
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub(crate) models: Vec<PathBuf>,
    /// The sizes that take turns.
    #[arg(long, value_name = "WIDTHxHEIGHT", num_args = 1.., default_values = ["64x64", "96x64"], value_parser = size)]
    pub(crate) sizes: Vec<(u32, u32)>,
    /// LoRA files for the last of the models, which take turns with none.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) loras: Vec<PathBuf>,
    /// Steps of each.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) steps: usize,
    /// Pictures in all.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) rounds: usize,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Whose sizes the model has.
    #[arg(long, value_enum)]
    pub(crate) shape: Shape,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A tokenizer folder to copy [default: the starter model's].
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Number format of the matrices.
    #[arg(long, value_enum, default_value_t = Packing::Bf16)]
    pub(crate) dtype: Packing,
    /// Keep this many blocks of each of the model's stacks at most, for machines that the whole does
    /// not fit. What is measured with it says so.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) blocks: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The model's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Which component.
    #[arg(long, value_name = "NAME", default_value = "transformer", value_parser = ["transformer", "text_encoder", "vae"])]
    pub(crate) component: String,
    /// Drop the system's copy of the files first, so that the disk is measured.
    #[arg(long)]
    pub(crate) cold: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Swap {
    /// The folders of two models.
    #[arg(long, value_name = "DIR", num_args = 2)]
    pub(crate) models: Vec<PathBuf>,
    /// How often to go to the other.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) repeat: usize,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

/// A part that is measured alone, on the processor.
#[derive(Debug, Args)]
pub(crate) struct Measured {
    /// The model's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Measure what this machine can do, then say what each operation took of it.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Size of the picture.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "512x512", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Number format of activations.
    #[arg(long, value_enum, default_value_t = Dtype::Bf16)]
    pub(crate) dtype: Dtype,
    /// Times to measure.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) repeat: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Step {
    #[command(flatten)]
    pub(crate) measured: Measured,
    /// Make the step in f32 too, which takes much longer, and say how near the first comes to it.
    #[arg(long)]
    pub(crate) compare: bool,
    /// Tokens of the prompt.
    #[arg(long, value_name = "N", default_value_t = 512,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=4096))]
    pub(crate) max_sequence_length: usize,
    /// Layers to take a picture apart into, where the model does that.
    #[arg(long, value_name = "N", default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) layers: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Autoencoder {
    #[command(flatten)]
    pub(crate) measured: Measured,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The model's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Measure what this machine can do, then say what each operation took of it.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Size of the picture; Qwen-Image-Layered works at about 640x640 whatever it is.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "512x512", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Pictures of that size to edit or to take from, where the model can.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) references: usize,
    /// Layers to take a picture apart into, where the model does that.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) layers: u32,
    /// Steps from noise to picture.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) steps: usize,
    /// Tokens of the prompt [default: the model's].
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    pub(crate) max_sequence_length: Option<usize>,
    /// Number format of activations [default: chosen by device].
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Pictures to make, each with another prompt.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) repeat: usize,
    /// Reuse steps as `generate --step-cache` does, paint the same picture without too, and say how far
    /// apart both are, in levels of 255.
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub(crate) step_cache: Option<f64>,
    /// Multiply weights of 8-bit floats in 8 bits, where the card can: faster, and another picture.
    #[arg(long)]
    pub(crate) fp8_products: bool,
    /// Leave out what a card must prove first: 8-bit products, units for groups of warps, recordings.
    #[arg(long)]
    pub(crate) ordinary_kernels: bool,
    /// Where to remember what runs took, and to learn from [default: nowhere].
    #[arg(long, value_name = "FILE")]
    pub(crate) measured: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

/// How matrices are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Packing {
    F32,
    Bf16,
    F16,
    /// Eight bits with a scale for each matrix.
    Fp8,
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q6_k")]
    Q6K,
    #[value(name = "q5_k")]
    Q5K,
    #[value(name = "q5_0")]
    Q5_0,
    #[value(name = "q4_k")]
    Q4K,
    #[value(name = "q4_0")]
    Q4_0,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    #[value(name = "klein-4b")]
    Klein4b,
    #[value(name = "klein-9b")]
    Klein9b,
    #[value(name = "qwen-image-layered")]
    QwenImageLayered,
}
