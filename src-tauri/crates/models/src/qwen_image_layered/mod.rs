//! Qwen-Image-Layered: a transformer that sees a picture and paints its layers.

mod block;
mod config;
pub mod latents;
mod transformer;

pub use config::Config;
pub use transformer::{Inputs, Transformer};
