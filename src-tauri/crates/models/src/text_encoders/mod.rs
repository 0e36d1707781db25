//! Language models whose hidden states are a picture's conditioning.

pub mod clip;
mod decoder;
pub mod qwen2_5_vl;
pub mod qwen3;
pub mod t5;

use candle_core::{Device, Result, Tensor};

/// Tokens of several prompts, all padded to one length on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Ids, one row a prompt.
    pub ids: Vec<Vec<u32>>,
    /// Whether a token is padding.
    pub padding: Vec<Vec<bool>>,
}

impl Tokens {
    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.ids.len(), self.ids.first().map_or(0, Vec::len))
    }
}

/// Ids of a table of `vocabulary` tokens, `[b, n]`.
fn token_ids(tokens: &Tokens, vocabulary: usize, device: &Device) -> Result<Tensor> {
    let ids: Vec<u32> = tokens.ids.concat();
    if let Some(id) = ids.iter().find(|id| **id as usize >= vocabulary) {
        candle_core::bail!(
            "the tokenizer gives token {id}, the text encoder knows {vocabulary}: they do not belong together"
        );
    }
    Tensor::from_vec(ids, tokens.shape(), device)
}
