//! What each model computes.
//!
//! Asks [`nn::Params`] for weights by the checkpoint's names; knows no file, no device memory, no
//! request. One implementation of a model serves every number format and placement.

pub mod autoencoders;
mod config;
pub mod flux1;
pub mod flux2;
mod patches;
pub mod qwen_image_layered;
mod streams;
pub mod text_encoders;
mod timestep;

pub use config::{ConfigError, Parsed};
