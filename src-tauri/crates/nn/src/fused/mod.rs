//! Steps between products that would each read and write all tokens: several of them in one pass.
//!
//! On a processor, loops over rows; on a card, kernels of our own; elsewhere, the same as single operations.

mod heads;
pub(crate) mod maps;
mod rows;

use candle_core::{D, DType, Result, Tensor};

pub use self::heads::{Part, Rotation, heads};
#[cfg(feature = "cuda")]
use crate::cuda;
use crate::{profile, silu};

/// Whether a tensor is what the loops work on.
pub(crate) fn is_plain(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// Counts a loop over the numbers of `x` that reads and writes each `times` times in all.
pub(crate) fn counted<T>(name: &str, x: &Tensor, times: usize, work: impl FnOnce() -> T) -> T {
    let bytes = (4 * times * x.elem_count()) as f64;
    profile::count(|| format!("{name} {:?}", x.dims()), (0.0, bytes), work)
}

/// `(1 + scale) · norm(x) + shift`, the norm over the last dimension and without weights; `x [b, n, width]`,
/// `scale` and `shift` `[b, 1 or n, width]`.
///
/// # Errors
/// If shapes do not fit.
pub(crate) fn modulate(x: &Tensor, shift: &Tensor, scale: &Tensor, eps: f32) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    if is_plain(x) {
        return counted("normalise and modulate", x, 2, || rows::modulate(x, shift, scale, eps));
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda()
        && let Some(made) = cuda::norms::modulate(x, shift, scale, eps)?
    {
        return Ok(made);
    }
    let one = Tensor::ones(width, x.dtype(), x.device())?;
    candle_nn::ops::layer_norm(&x.contiguous()?, &one, &one.zeros_like()?, eps)?
        .broadcast_mul(&(scale + 1.0)?)?
        .broadcast_add(shift)
}

/// `x + gate · y`; `x` and `y` `[b, n, width]`, `gate` `[b, 1 or n, width]`.
///
/// # Errors
/// If shapes do not fit.
pub fn gated_residual(x: &Tensor, y: &Tensor, gate: &Tensor) -> Result<Tensor> {
    if is_plain(x) && is_plain(y) {
        return counted("gated residual", x, 3, || rows::gated_residual(x, y, gate));
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda()
        && let Some(made) = cuda::norms::gated_residual(x, y, gate)?
    {
        return Ok(made);
    }
    x + y.broadcast_mul(gate)?
}

/// `silu(gate) · up`, both `[b, n, inner]`, beside what stands before it in every row, `[b, n, width]`:
/// `[b, n, width + inner]`.
///
/// # Errors
/// If shapes do not fit.
pub fn silu_gate(gate: &Tensor, up: &Tensor, before: Option<&Tensor>) -> Result<Tensor> {
    if is_plain(gate) && is_plain(up) && before.is_none_or(is_plain) {
        return counted("silu gate", gate, 3, || rows::silu_gate(gate, up, before));
    }
    #[cfg(feature = "cuda")]
    if gate.device().is_cuda()
        && let Some(made) = cuda::norms::beside(before, gate, Some(up))?
    {
        return Ok(made);
    }
    let made = (silu(gate)? * up)?;
    match before {
        Some(before) => Tensor::cat(&[before, &made], D::Minus1),
        None => Ok(made),
    }
}

/// What a gate lets through, `[.., inner]`, or what it will, once somebody asks.
#[derive(Debug, Clone)]
pub enum Gated {
    /// Its product has done so already.
    Made(Tensor),
    /// `silu(gate) · up`.
    Halves {
        /// `[.., inner]`
        gate: Tensor,
        /// `[.., inner]`
        up: Tensor,
    },
}

impl Gated {
    /// Beside what stands before it in every row, as in [`silu_gate`].
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn beside(&self, before: Option<&Tensor>) -> Result<Tensor> {
        match (self, before) {
            (Self::Made(made), None) => Ok(made.clone()),
            (Self::Made(made), Some(before)) => Tensor::cat(&[before, made], D::Minus1),
            (Self::Halves { gate, up }, before) => silu_gate(gate, up, before),
        }
    }
}

/// The Gaussian error linear unit in its approximation by a hyperbolic tangent, beside what stands before
/// it in every row, as in [`silu_gate`].
///
/// # Errors
/// If shapes do not fit.
pub fn gelu(x: &Tensor, before: Option<&Tensor>) -> Result<Tensor> {
    if is_plain(x) && before.is_none_or(is_plain) {
        return counted("gelu", x, 2, || rows::gelu(x, before));
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda()
        && let Some(made) = cuda::norms::beside(before, x, None)?
    {
        return Ok(made);
    }
    let made = x.gelu()?;
    match before {
        Some(before) => Tensor::cat(&[before, &made], D::Minus1),
        None => Ok(made),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Shape};

    use super::*;

    pub(super) fn wave(shape: impl Into<Shape>, step: f64) -> Tensor {
        let shape = shape.into();
        let values: Vec<f32> =
            (0..shape.elem_count()).map(|i| (i as f64 * step).sin() as f32 * 3.0).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// In f64, of which there are no loops.
    pub(super) fn wide(x: &Tensor) -> Tensor {
        x.to_dtype(DType::F64).unwrap()
    }

    pub(super) fn same(made: &Tensor, expected: &Tensor) {
        assert_eq!(made.dims(), expected.dims());
        let far = (wide(made) - expected).unwrap().abs().unwrap().max_all().unwrap();
        let far = far.to_scalar::<f64>().unwrap();
        assert!(far < 2e-5, "{far} apart");
    }

    #[test]
    fn loops_give_what_single_operations_give() {
        let (x, y) = (wave((2, 5, 48), 0.37), wave((2, 5, 48), 0.73));
        let all = wave((2, 5, 200), 1.1);
        let part = |start| all.narrow(D::Minus1, start, 48).unwrap();
        for count in [1, 5] {
            let (shift, scale) = (wave((2, count, 48), 0.2), wave((2, count, 48), 0.5));
            let centred = wide(&x).broadcast_sub(&wide(&x).mean_keepdim(D::Minus1).unwrap());
            let centred = centred.unwrap();
            let variance = centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
            let normed = centred.broadcast_div(&(variance + 1e-6).unwrap().sqrt().unwrap());
            let expected = normed.unwrap().broadcast_mul(&(wide(&scale) + 1.0).unwrap()).unwrap();
            let expected = expected.broadcast_add(&wide(&shift)).unwrap();
            same(&modulate(&x, &shift, &scale, 1e-6).unwrap(), &expected);
            let made = gated_residual(&x, &part(7), &scale).unwrap();
            same(&made, &gated_residual(&wide(&x), &wide(&part(7)), &wide(&scale)).unwrap());
        }
        let (gate, up) = (part(100), part(52));
        for before in [None, Some(&y)] {
            let wider = before.map(wide);
            let made = silu_gate(&gate, &up, before).unwrap();
            same(&made, &silu_gate(&wide(&gate), &wide(&up), wider.as_ref()).unwrap());
            let made = gelu(&gate, before).unwrap();
            same(&made, &gelu(&wide(&gate), wider.as_ref()).unwrap());
        }
        assert!(modulate(&x, &y.narrow(1, 0, 2).unwrap(), &y, 1e-6).is_err());
        assert!(gated_residual(&x, &all, &y).is_err());
        assert!(silu_gate(&x, &all, None).is_err());
    }
}
