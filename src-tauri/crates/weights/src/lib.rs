//! Where weights live: safetensors and GGUF files, read through memory maps.
//!
//! Knows names, shapes and bytes; never what a model computes with them.

mod checkpoint;
mod error;
mod folder;
mod gguf;
mod header;
mod kind;
mod lora;
mod mmap;
mod names;
mod pool;
mod safetensors_file;
mod scales;
mod stamp;

pub use checkpoint::Checkpoint;
pub use error::Error;
pub use folder::weight_files;
pub use kind::Kind;
pub use lora::{Lora, Patched};
pub use pool::{Footprint, Loaded, Place, Pool};
pub use stamp::{Stamp, stamp};
