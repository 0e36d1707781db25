//! Tables of vectors by token id.

use candle_core::{DType, Result, Tensor};

use crate::{Params, Stored};

/// A table `[vocabulary, size]`.
#[derive(Debug, Clone)]
pub struct Embedding {
    table: Table,
    dtype: DType,
}

#[derive(Debug, Clone)]
enum Table {
    /// As the file holds it, for the processor: few rows of a large table are ever used.
    Stored(Stored),
    Dense(Tensor),
}

impl Embedding {
    /// Weight `weight` of shape `[vocabulary, size]`.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, vocabulary: usize, size: usize) -> Result<Self> {
        let table = match params.device().is_cpu() {
            true => Table::Stored(params.stored("weight", (vocabulary, size))?),
            false => Table::Dense(params.tensor("weight", (vocabulary, size))?),
        };
        Ok(Self { table, dtype: params.dtype() })
    }

    /// `ids [b, n]` (u32) to `[b, n, size]`.
    ///
    /// # Errors
    /// If an id is outside the table.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (batch, length) = ids.dims2()?;
        let ids = ids.flatten_all()?;
        let rows = match &self.table {
            Table::Stored(table) => table.select(&ids.to_vec1()?)?.to_dtype(self.dtype)?,
            Table::Dense(table) => table.index_select(&ids, 0)?,
        };
        rows.reshape((batch, length, ()))
    }
}
