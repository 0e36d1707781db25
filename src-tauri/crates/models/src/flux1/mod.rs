//! FLUX.1: a transformer over text and image tokens, each block modulated for itself.

mod block;
mod config;
pub mod latents;
mod transformer;

pub use config::Config;
pub use transformer::{Inputs, Transformer};
