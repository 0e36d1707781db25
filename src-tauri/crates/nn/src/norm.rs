//! Normalisation; statistics are always taken in f32.

use candle_core::{DType, Device, Result, Tensor};

use crate::Params;

/// Root-mean-square normalisation over the last dimension, with a weight.
#[derive(Debug, Clone)]
pub struct RmsNorm {
    weight: Tensor,
    eps: f32,
}

impl RmsNorm {
    /// Weight `weight` of shape `[size]`.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, size: usize, eps: f64) -> Result<Self> {
        Ok(Self { weight: params.tensor("weight", size)?, eps: eps as f32 })
    }

    /// `x [.., size]`, same shape out.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.eps)
    }
}

/// Layer normalisation over the last dimension without learned parameters: a modulation follows it.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    one: Tensor,
    zero: Tensor,
    eps: f32,
}

impl LayerNorm {
    /// For a last dimension of `size`.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn new(size: usize, eps: f64, dtype: DType, device: &Device) -> Result<Self> {
        Ok(Self {
            one: Tensor::ones(size, dtype, device)?,
            zero: Tensor::zeros(size, dtype, device)?,
            eps: eps as f32,
        })
    }

    /// `(1 + scale) · norm(x) + shift`; `x [b, n, size]`, `scale` and `shift` `[b, 1 or n, size]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn modulate(&self, x: &Tensor, shift: &Tensor, scale: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm(&x.contiguous()?, &self.one, &self.zero, self.eps)?
            .broadcast_mul(&(scale + 1.0)?)?
            .broadcast_add(shift)
    }
}

/// Group normalisation over channels and pixels, with weight and bias.
#[derive(Debug, Clone)]
pub struct GroupNorm(candle_nn::GroupNorm);

impl GroupNorm {
    /// `weight` and `bias` of shape `[channels]`.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape, or `groups` does not divide `channels`.
    pub fn load(params: &Params, groups: usize, channels: usize, eps: f64) -> Result<Self> {
        let weight = params.tensor("weight", channels)?;
        let bias = params.tensor("bias", channels)?;
        Ok(Self(candle_nn::GroupNorm::new(weight, bias, channels, groups, eps)?))
    }

    /// `x [b, channels, h, w]`, same shape out.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        candle_core::Module::forward(&self.0, x)
    }
}

/// Root-mean-square normalisation over the channels of every pixel, with a weight.
#[derive(Debug, Clone)]
pub struct ChannelNorm {
    gain: Tensor, // [1, channels, 1, 1] in f32: the weight times √channels
}

impl ChannelNorm {
    /// Below this, a pixel counts as dark.
    const SMALLEST: f32 = 1e-12;

    /// Weight `gamma` of shape `[channels, 1, …]` with `rank` dimensions.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, channels: usize, rank: usize) -> Result<Self> {
        let mut shape = vec![1; rank];
        shape[0] = channels;
        let gamma = params.tensor("gamma", shape)?.to_dtype(DType::F32)?;
        let gain = (gamma.reshape((1, channels, 1, 1))? * (channels as f64).sqrt())?;
        Ok(Self { gain })
    }

    /// `x [b, channels, h, w]`, same shape out.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let wide = x.to_dtype(DType::F32)?;
        let length = wide.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(Self::SMALLEST)?;
        wide.broadcast_div(&length)?.broadcast_mul(&self.gain)?.to_dtype(x.dtype())
    }
}
