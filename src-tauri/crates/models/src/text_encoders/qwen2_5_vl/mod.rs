//! Qwen2.5-VL: a language model that can look at a picture.
//!
//! Its last hidden states are the conditioning of Qwen-Image; with its vision tower it writes the
//! caption where there is no prompt. Tensor names and order of operations as in transformers'
//! `Qwen2_5_VLForConditionalGeneration` 5.23.

mod config;
mod generate;
mod language;
mod vision;

pub use config::{Config, GenerationConfig, VisionConfig};
pub use generate::Caption;
pub use language::{Position, Qwen25Vl, positions};
pub use vision::{PatchGrid, VisionTower};

/// Whether a weight belongs to the vision tower, which only looks at pictures.
#[must_use]
pub fn is_of_vision(name: &str) -> bool {
    name.starts_with("visual.") || name.starts_with("model.visual.")
}
