//! Where weights live: safetensors files, read through memory maps.
//!
//! Knows names, shapes and bytes; never what a model computes with them.

mod checkpoint;
mod error;
mod mmap;

pub use checkpoint::Checkpoint;
pub use error::Error;
