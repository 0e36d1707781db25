//! Convolutions over pixels.

use candle_core::{Result, Tensor};

use crate::Params;

/// A square convolution with bias; the same padding on all sides.
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Tensor, // [out, in, k, k]
    bias: Tensor,   // [1, out, 1, 1]
    padding: usize,
    stride: usize,
}

impl Conv2d {
    /// `kernel` pixels wide, padded so that the size stays.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(params: &Params, inputs: usize, outputs: usize, kernel: usize) -> Result<Self> {
        Ok(Self {
            weight: params.tensor("weight", (outputs, inputs, kernel, kernel))?,
            bias: params.tensor("bias", outputs)?.reshape((1, outputs, 1, 1))?,
            padding: kernel / 2,
            stride: 1,
        })
    }

    /// The part of a causal convolution over time and pixels that acts on a single frame: before it
    /// lie only zeros, so that the last of `kernel` taps in time is all that counts. Weight
    /// `[outputs, inputs, kernel, kernel, kernel]`.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load_causal(
        params: &Params,
        inputs: usize,
        outputs: usize,
        kernel: usize,
    ) -> Result<Self> {
        let weight = params.tensor("weight", (outputs, inputs, kernel, kernel, kernel))?;
        Ok(Self {
            weight: weight.narrow(2, kernel - 1, 1)?.squeeze(2)?.contiguous()?,
            bias: params.tensor("bias", outputs)?.reshape((1, outputs, 1, 1))?,
            padding: kernel / 2,
            stride: 1,
        })
    }

    /// 3 × 3 at every other pixel, without padding of its own.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load_downsampling(params: &Params, channels: usize) -> Result<Self> {
        Ok(Self { padding: 0, stride: 2, ..Self::load(params, channels, channels, 3)? })
    }

    /// `x [b, in, h, w]` to `[b, out, h', w']`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.conv2d(&self.weight, self.padding, self.stride, 1, 1)?.broadcast_add(&self.bias)
    }
}
