//! Tables of vectors by token id.

use candle_core::{DType, Result, Tensor};

use crate::{Params, Stored};

/// A table `[vocabulary, size]`.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// As the file holds it, in the machine's memory: few rows of a large table are ever used.
    table: Stored,
    dtype: DType,
}

impl Embedding {
    /// Weight `weight` of shape `[vocabulary, size]`.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, vocabulary: usize, size: usize) -> Result<Self> {
        Ok(Self { table: params.stored("weight", (vocabulary, size))?, dtype: params.dtype() })
    }

    /// `ids [b, n]` (u32) to `[b, n, size]`.
    ///
    /// # Errors
    /// If an id is outside the table.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (batch, length) = ids.dims2()?;
        let rows = self.table.select(&ids.flatten_all()?.to_vec1()?)?;
        rows.to_dtype(self.dtype)?.to_device(ids.device())?.reshape((batch, length, ()))
    }
}
