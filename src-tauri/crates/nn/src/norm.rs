//! Normalisation; statistics are always taken in f32.

use candle_core::{D, DType, Result, Tensor};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use crate::cuda;
use crate::{
    Params, Pointwise,
    fused::{self, is_plain, maps},
    silu,
    slices::read,
    vectors::widest,
};

/// Root-mean-square normalisation over the last dimension, with a weight.
#[derive(Debug, Clone)]
pub struct RmsNorm {
    weight: Tensor,
    eps: f32,
}

impl RmsNorm {
    #[cfg(test)]
    pub(crate) fn new(weight: Tensor, eps: f32) -> Self {
        Self { weight, eps }
    }

    /// Weight `weight` of shape `[size]`.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, size: usize, eps: f64) -> Result<Self> {
        Ok(Self { weight: params.tensor("weight", size)?, eps: eps as f32 })
    }

    /// The weight and what keeps the norm from dividing by zero.
    #[cfg(any(feature = "cuda", test))]
    pub(crate) fn parts(&self) -> (&Tensor, f32) {
        (&self.weight, self.eps)
    }

    /// The weight in f32 and what keeps the norm from dividing by zero.
    pub(crate) fn plain(&self) -> Result<(Vec<f32>, f32)> {
        Ok((self.weight.to_dtype(DType::F32)?.to_vec1()?, self.eps))
    }

    /// `x [.., size]`, same shape out.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if x.device().is_cuda()
            && let Some(made) = cuda::norms::rms_norm(x, &self.weight, self.eps)?
        {
            return Ok(made);
        }
        candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.eps)
    }
}

/// Layer normalisation over the last dimension without learned parameters: a modulation follows it.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm {
    eps: f32,
}

impl LayerNorm {
    /// With what keeps it from dividing by zero.
    #[must_use]
    pub fn new(eps: f64) -> Self {
        Self { eps: eps as f32 }
    }

    /// `(1 + scale) · norm(x) + shift`; `x [b, n, size]`, `scale` and `shift` `[b, 1 or n, size]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn modulate(&self, x: &Tensor, shift: &Tensor, scale: &Tensor) -> Result<Tensor> {
        fused::modulate(x, shift, scale, self.eps)
    }
}

/// Group normalisation over channels and pixels, with weight and bias.
#[derive(Debug, Clone)]
pub struct GroupNorm {
    weight: Tensor, // [channels] in f32
    bias: Tensor,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    /// `weight` and `bias` of shape `[channels]`.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape, or `groups` does not divide `channels`.
    pub fn load(params: &Params, groups: usize, channels: usize, eps: f64) -> Result<Self> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            candle_core::bail!("{groups} groups do not divide {channels} channels");
        }
        let params = params.with_dtype(DType::F32);
        let (weight, bias) = (params.tensor("weight", channels)?, params.tensor("bias", channels)?);
        Ok(Self { weight, bias, groups, eps })
    }

    /// `x [b, channels, h, w]`, same shape out.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.affine(x)?.of(x, false)
    }

    /// Normalisation by the statistics of `x`, then [`crate::silu`], for rows of `x`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn activation(&self, x: &Tensor) -> Result<impl Pointwise + use<>> {
        self.affine(x)
    }

    /// What the statistics of `x [b, channels, h, w]` make of each channel.
    fn affine(&self, x: &Tensor) -> Result<Affine> {
        #[cfg(feature = "cuda")]
        if x.device().is_cuda() {
            let learned = (&self.weight, &self.bias);
            let found = cuda::pixels::group_affine(x, learned, self.groups, self.eps as f32)?;
            if let Some(found) = found {
                return Ok(Affine::OnCard(found));
            }
        }
        let (batch, channels, ..) = x.dims4()?;
        let statistics = || self.statistics(x); // [b, groups, 1]
        let (mean, variance) = fused::counted("statistics of map", x, 2, statistics)?;
        let spread = (variance + self.eps)?.sqrt()?.recip()?;
        let members = (batch, self.groups, channels / self.groups);
        let weight = self.weight.reshape((1, self.groups, members.2))?;
        let scale = weight.broadcast_mul(&spread)?;
        let shift = self
            .bias
            .reshape((1, self.groups, members.2))?
            .broadcast_sub(&scale.broadcast_mul(&mean)?)?;
        let shape = (batch, channels, 1, 1);
        Ok(Affine::Channels { scale: scale.reshape(shape)?, shift: shift.reshape(shape)? })
    }

    /// Mean and variance of each group, `[b, groups, 1]` in f32. On a processor no copy of `x` is made.
    fn statistics(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let batch = x.dim(0)?;
        let grouped = x.reshape((batch, self.groups, ()))?;
        if !x.device().is_cpu() {
            let wide = grouped.to_dtype(DType::F32)?;
            let mean = wide.mean_keepdim(D::Minus1)?;
            return Ok((mean.clone(), wide.broadcast_sub(&mean)?.sqr()?.mean_keepdim(D::Minus1)?));
        }
        let (means, variances): (Vec<f32>, Vec<f32>) = read(&grouped, |values| {
            values.chunks_exact(grouped.dims()[2].max(1)).map(mean_and_variance).unzip()
        })?;
        let shape = (batch, self.groups, 1);
        Ok((
            Tensor::from_vec(means, shape, x.device())?,
            Tensor::from_vec(variances, shape, x.device())?,
        ))
    }
}

/// Sums of numbers and of their squares are taken in f64, in pieces, whatever the count of threads: what
/// their difference loses is far below what f32 holds.
fn mean_and_variance(values: &[f32]) -> (f32, f32) {
    const PIECE: usize = 1 << 14;
    let count = values.len().max(1) as f64;
    let sums: Vec<(f64, f64)> = values.par_chunks(PIECE).map(moments).collect();
    let (sum, squares) = sums.iter().fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
    let mean = sum / count;
    let variance = squares / count - mean * mean;
    // What is not a number stays so.
    (mean as f32, if variance < 0.0 { 0.0 } else { variance as f32 })
}

widest!(
    /// The sums of numbers and of their squares.
    moments(values: &[f32]) -> (f64, f64),
    add_up
);

/// In 16 lanes, so that compilers make vectors of them.
#[inline(always)]
fn add_up(values: &[f32]) -> (f64, f64) {
    let (mut sums, mut squares) = ([0f64; 16], [0f64; 16]);
    let (chunks, rest) = values.as_chunks::<16>();
    for chunk in chunks {
        for i in 0..16 {
            let value = f64::from(chunk[i]);
            sums[i] += value;
            squares[i] = value.mul_add(value, squares[i]);
        }
    }
    let rest = rest.iter().map(|value| f64::from(*value));
    (
        sums.iter().sum::<f64>() + rest.clone().sum::<f64>(),
        squares.iter().sum::<f64>() + rest.map(|value| value * value).sum::<f64>(),
    )
}

/// `x · scale + shift` for every channel.
enum Affine {
    /// Each `[b, channels, 1, 1]` in f32.
    Channels { scale: Tensor, shift: Tensor },
    /// `[b, channels, 2]` in f32, for a kernel of our own.
    #[cfg(feature = "cuda")]
    OnCard(Tensor),
}

impl Affine {
    fn of(&self, x: &Tensor, is_silu: bool) -> Result<Tensor> {
        let (scale, shift) = match self {
            Self::Channels { scale, shift } => (scale, shift),
            #[cfg(feature = "cuda")]
            Self::OnCard(affine) => return cuda::pixels::affine(x, affine, is_silu),
        };
        if is_plain(x) {
            return fused::counted("normalise map", x, 2, || {
                maps::affine(x, scale, shift, is_silu)
            });
        }
        let made = x
            .to_dtype(DType::F32)?
            .broadcast_mul(scale)?
            .broadcast_add(shift)?
            .to_dtype(x.dtype())?;
        if is_silu { silu(&made) } else { Ok(made) }
    }
}

impl Pointwise for Affine {
    fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        self.of(rows, true)
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
        self.of(x, false)
    }

    fn of(&self, x: &Tensor, is_silu: bool) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if x.device().is_cuda()
            && let Some(made) = cuda::pixels::channel_norm(x, &self.gain, Self::SMALLEST, is_silu)?
        {
            return Ok(made);
        }
        if is_plain(x) {
            return fused::counted("normalise map", x, 3, || {
                maps::channel_norm(x, &self.gain, Self::SMALLEST, is_silu)
            });
        }
        let wide = x.to_dtype(DType::F32)?;
        let length = wide.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(Self::SMALLEST)?;
        let made = wide.broadcast_div(&length)?.broadcast_mul(&self.gain)?.to_dtype(x.dtype())?;
        if is_silu { silu(&made) } else { Ok(made) }
    }
}

impl Pointwise for ChannelNorm {
    /// Normalisation, then [`crate::silu`].
    fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        self.of(rows, true)
    }
}
