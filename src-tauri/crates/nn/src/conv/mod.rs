//! Convolutions over pixels.

mod bands;

use candle_core::{D, DType, Result, Tensor};

use self::bands::Geometry;
#[cfg(feature = "cuda")]
use crate::cuda::pixels::{Walk, convolve, filters};
use crate::{Params, fused::maps};

/// What happens to every pixel by itself before a convolution reads it.
pub trait Pointwise {
    /// Some rows of a map, `[b, c, n, w]` to the same shape.
    ///
    /// # Errors
    /// If shapes do not fit.
    fn apply(&self, rows: &Tensor) -> Result<Tensor>;
}

/// A square convolution with bias; the same padding on all sides.
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Tensor, // [out, in, k, k]; on a processor in f32, whatever the model's number format
    bias: Tensor,   // [out]
    geometry: Geometry,
    /// Both as one matrix, for a card.
    #[cfg(feature = "cuda")]
    filters: Option<Tensor>,
}

impl Conv2d {
    /// `kernel` pixels wide, padded so that the size stays.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(params: &Params, inputs: usize, outputs: usize, kernel: usize) -> Result<Self> {
        let params = params.widened();
        let weight = params.tensor("weight", (outputs, inputs, kernel, kernel))?;
        Self::new(weight, params.tensor("bias", outputs)?, kernel)
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
        let params = params.widened();
        let weight = params.tensor("weight", (outputs, inputs, kernel, kernel, kernel))?;
        let weight = weight.narrow(2, kernel - 1, 1)?.squeeze(2)?.contiguous()?;
        Self::new(weight, params.tensor("bias", outputs)?, kernel)
    }

    fn new(weight: Tensor, bias: Tensor, kernel: usize) -> Result<Self> {
        #[cfg(feature = "cuda")]
        let is_for_card =
            weight.device().is_cuda() && matches!(weight.dtype(), DType::BF16 | DType::F16);
        Ok(Self {
            #[cfg(feature = "cuda")]
            filters: is_for_card.then(|| filters(&weight, &bias)).transpose()?,
            weight,
            bias,
            geometry: Geometry { kernel, padding: kernel / 2, stride: 1 },
        })
    }

    /// 3 × 3 at every other pixel, without padding of its own.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load_downsampling(params: &Params, channels: usize) -> Result<Self> {
        let geometry = Geometry { kernel: 3, padding: 0, stride: 2 };
        Ok(Self { geometry, ..Self::load(params, channels, channels, 3)? })
    }

    /// `x [b, in, h, w]` to `[b, out, h', w']`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match x.device().is_cpu() {
            true => self.banded(x, &|rows| Ok(rows), None),
            false => self.whole(x, 1),
        }
    }

    /// As [`Self::forward`] of what `prepare` makes of `x`, without holding all of that.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_after(&self, x: &Tensor, prepare: &dyn Pointwise) -> Result<Tensor> {
        match x.device().is_cpu() {
            true => self.banded(x, &|rows| prepare.apply(&rows), None),
            false => self.whole(&prepare.apply(x)?, 1),
        }
    }

    /// `before`, plus what [`Self::forward_after`] makes of `x`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn add_after(
        &self,
        before: &Tensor,
        x: &Tensor,
        prepare: &dyn Pointwise,
    ) -> Result<Tensor> {
        match x.device().is_cpu() {
            true => self.banded(x, &|rows| prepare.apply(&rows), Some(before)),
            false => before + self.whole(&prepare.apply(x)?, 1)?,
        }
    }

    /// As [`Self::forward`] of `x` with every pixel doubled in both directions, without holding that.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_doubled(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        if !x.device().is_cpu() {
            return self.whole(x, 2);
        }
        let rows = |wanted: std::ops::Range<usize>| {
            let (first, last) = (wanted.start / 2, wanted.end.div_ceil(2));
            let doubled = maps::doubled(&x.narrow(2, first, last - first)?)?;
            doubled.narrow(2, wanted.start - 2 * first, wanted.len())
        };
        let weights = (&self.weight, &self.bias);
        let size = (b, c, h * 2, w * 2);
        bands::convolve(size, &rows, weights, self.geometry, None)?.to_dtype(x.dtype())
    }

    fn banded(
        &self,
        x: &Tensor,
        prepare: &dyn Fn(Tensor) -> Result<Tensor>,
        plus: Option<&Tensor>,
    ) -> Result<Tensor> {
        let rows =
            |wanted: std::ops::Range<usize>| prepare(x.narrow(2, wanted.start, wanted.len())?);
        let weights = (&self.weight, &self.bias);
        bands::convolve(x.dims4()?, &rows, weights, self.geometry, plus)?.to_dtype(x.dtype())
    }

    /// On a card; `doubling` is 2 where every pixel stands for two by two.
    fn whole(&self, x: &Tensor, doubling: usize) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if let Some(filters) = &self.filters {
            let Geometry { kernel, padding, stride } = self.geometry;
            return convolve(x, filters, Walk { kernel, padding, stride, doubling });
        }
        let Geometry { padding, stride, .. } = self.geometry;
        let (.., h, w) = x.dims4()?;
        let doubled = |x: &Tensor| x.upsample_nearest2d(h * 2, w * 2);
        let x = if doubling == 2 { doubled(x)? } else { x.clone() };
        let outputs = self.bias.dim(D::Minus1)?;
        x.conv2d(&self.weight, padding, stride, 1, 1)?
            .broadcast_add(&self.bias.reshape((1, outputs, 1, 1))?)
    }
}

impl Params {
    /// On a processor, convolutions are computed in f32: their weights are few, and widened once.
    fn widened(&self) -> Self {
        if self.device().is_cpu() { self.with_dtype(DType::F32) } else { self.clone() }
    }
}
