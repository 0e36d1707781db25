//! Language models whose hidden states are a picture's conditioning.

pub mod qwen3;
