//! Matrix products with stored weights.

use candle_core::{DType, Result, Tensor};

use crate::{Params, device::widens};

/// With fewer rows, reading a weight costs more than multiplying with it.
const ROWS_WORTH_WIDENING: usize = 8;

/// `y = x · Wᵀ (+ b)` over the last dimension.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,       // [out, in]
    bias: Option<Tensor>, // [out]
}

impl Linear {
    /// Weight `weight` of shape `[outputs, inputs]`, no bias.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self { weight: params.tensor("weight", (outputs, inputs))?, bias: None })
    }

    /// A weight of shape `[outputs, …]` whose other dimensions are one row of inputs, no bias: a
    /// convolution whose windows do not overlap.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load_flat(params: &Params, shape: &[usize]) -> Result<Self> {
        Ok(Self { weight: params.tensor("weight", shape)?.flatten_from(1)?, bias: None })
    }

    /// As [`Self::load`], with `bias` of shape `[outputs]`.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load_with_bias(params: &Params, inputs: usize, outputs: usize) -> Result<Self> {
        let bias = Some(params.tensor("bias", outputs)?);
        Ok(Self { bias, ..Self::load(params, inputs, outputs)? })
    }

    /// `x [.., inputs]` to `[.., outputs]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (outputs, inputs) = self.weight.dims2()?;
        let mut dims = x.dims().to_vec();
        // One large product: batched ones are computed row by row of the batch on the CPU.
        let rows = x.elem_count() / inputs;
        let x = x.reshape((rows, inputs))?;
        let y = if rows >= ROWS_WORTH_WIDENING && widens(&x) {
            // One weight at a time is held in f32, for as long as it is used.
            let weight = self.weight.to_dtype(DType::F32)?;
            x.to_dtype(DType::F32)?.matmul(&weight.t()?)?.to_dtype(x.dtype())?
        } else {
            x.matmul(&self.weight.t()?)?
        };
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        if let Some(last) = dims.last_mut() {
            *last = outputs;
        }
        y.reshape(dims)
    }
}
