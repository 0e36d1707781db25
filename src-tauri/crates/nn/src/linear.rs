//! Matrix products with stored weights.

use candle_core::{Result, Tensor};

use crate::Params;

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
        let y = x.reshape((rows, inputs))?.matmul(&self.weight.t()?)?;
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
