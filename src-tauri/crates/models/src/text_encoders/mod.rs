//! Language models whose hidden states are a picture's conditioning.

mod decoder;
pub mod qwen2_5_vl;
pub mod qwen3;

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
