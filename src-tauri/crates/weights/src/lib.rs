//! Where weights live: safetensors files, read through memory maps.

mod error;
pub use error::Error;
