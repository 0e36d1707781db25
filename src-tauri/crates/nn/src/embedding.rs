//! Tables of vectors by token id.

use candle_core::{Result, Tensor};

use crate::Params;

/// A table `[vocabulary, size]`.
#[derive(Debug, Clone)]
pub struct Embedding {
    table: Tensor,
}

impl Embedding {
    /// Weight `weight` of shape `[vocabulary, size]`.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, vocabulary: usize, size: usize) -> Result<Self> {
        Ok(Self { table: params.tensor("weight", (vocabulary, size))? })
    }

    /// `ids [b, n]` (u32) to `[b, n, size]`.
    ///
    /// # Errors
    /// If an id is outside the table.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (batch, length) = ids.dims2()?;
        self.table.index_select(&ids.flatten_all()?, 0)?.reshape((batch, length, ()))
    }
}
