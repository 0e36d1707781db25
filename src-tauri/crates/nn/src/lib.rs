//! Layers and the kernels they run on.
//!
//! A model asks [`Params`] for layers by the checkpoint's own names; which kernel runs is decided
//! here by device, number format and shape. Never reads a file, never knows a model.

pub mod attention;
mod conv;
#[cfg(any(feature = "cuda", test))]
mod cuda;
mod device;
mod embedding;
pub mod fused;
mod linear;
mod norm;
mod pages;
mod params;
mod probe;
pub mod profile;
mod record;
pub mod rotary;
mod slices;
pub mod stop;
mod stored;
pub mod tiles;
mod vectors;

pub use candle_nn::ops::silu;
pub use conv::{Conv2d, Pointwise};
pub use device::{
    cuda_device, cuda_has_bf16, cuda_is_built, cuda_memory, release_cuda_memory, set_fp8_products,
    set_ordinary_kernels, take_cuda_peak,
};
pub use embedding::Embedding;
pub use linear::{Linear, gated};
pub use norm::{ChannelNorm, GroupNorm, LayerNorm, RmsNorm};
pub use pages::LargePages;
pub use params::{ParamSource, Params, Patch};
pub use probe::{Probe, Unwatched};
pub use record::Recordings;
pub use stored::{Bytes, Format, Memory, Stored};
