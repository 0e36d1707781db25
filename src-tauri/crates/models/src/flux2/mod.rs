//! FLUX.2: a transformer over text and image tokens.

mod block;
mod config;
pub mod latents;
mod transformer;

pub use block::References;
pub use config::Config;
pub use transformer::{Inputs, ReferenceCache, Transformer};
