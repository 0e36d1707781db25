//! Matrix products with stored weights.

use candle_core::{D, DType, Result, Tensor};

#[cfg(feature = "cuda")]
use crate::cuda::unpack::Packed;
use crate::{
    Params, Patch, Stored,
    fused::Gated,
    stop,
    stored::{Matrix, Stack, rounded_product},
    tiles::Ending,
};

/// `y = x · Wᵀ (+ b)` over the last dimension, and what low-rank patches add.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Weight,
    bias: Option<Tensor>, // [out]
    patches: Vec<LowRank>,
}

/// A matrix `[out, in]`.
#[derive(Debug, Clone)]
enum Weight {
    /// As the file holds it, for the processor: unpacked a band at a time for products in f32, or read
    /// where it lies by rounded ones. No copy of the model is made.
    Stored(Stored),
    /// In the model's number format, where the model computes.
    Dense(Tensor),
    /// As the file holds it, on a card: unpacked there for each product.
    #[cfg(feature = "cuda")]
    Packed(Packed),
}

/// `x · downᵀ · upᵀ · scale`.
#[derive(Debug, Clone)]
struct LowRank {
    down: Weight, // [rank, in]
    up: Weight,   // [out, rank]
    scale: f64,
}

impl Linear {
    /// Weight `weight` of shape `[outputs, inputs]`, no bias.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load(params: &Params, inputs: usize, outputs: usize) -> Result<Self> {
        let weight = params.stored("weight", (outputs, inputs))?;
        let patches = params
            .patches("weight")
            .iter()
            .map(|patch| LowRank::new(patch, (outputs, inputs), params))
            .collect::<Result<_>>()?;
        Ok(Self { weight: Weight::new(&weight, params)?, bias: None, patches })
    }

    /// A weight of shape `[outputs, …]` whose other dimensions are one row of inputs, no bias: a
    /// convolution whose windows do not overlap.
    ///
    /// # Errors
    /// If the weight is missing or of another shape.
    pub fn load_flat(params: &Params, shape: &[usize]) -> Result<Self> {
        let weight = params.stored("weight", shape)?;
        let rows = shape.first().copied().unwrap_or(1);
        let flat = [rows, shape.iter().skip(1).product()];
        let weight = Weight::new(&weight.reshape(&flat)?, params)?;
        Ok(Self { weight, bias: None, patches: Vec::new() })
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
        stop::check()?;
        let (outputs, inputs) = self.weight.dims()?;
        let dtype = x.dtype();
        let mut dims = x.dims().to_vec();
        // One large product: batched ones are computed row by row of the batch on the CPU.
        let x = x.reshape((x.elem_count() / inputs.max(1), inputs))?;
        let x = self.weight.widened(&x)?;
        let mut y = self.weight.product(&x, self.bias.as_ref())?;
        for patch in &self.patches {
            let low = patch.up.product(&patch.down.product(&x, None)?, None)?;
            y = (y + (low * patch.scale)?)?;
        }
        let y = y.to_dtype(dtype)?;
        if let Some(last) = dims.last_mut() {
            *last = outputs;
        }
        y.reshape(dims)
    }
}

impl Linear {
    /// The first `kept` columns of `x [.., inputs]` times the weight, and what the first half of the others, as a
    /// gate, lets through of the second.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_gated(&self, x: &Tensor, kept: usize) -> Result<(Tensor, Gated)> {
        let (outputs, _) = self.weight.dims()?;
        let Some(inner) = outputs.checked_sub(kept).map(|rest| rest / 2) else {
            candle_core::bail!("{kept} of {outputs} columns cannot be kept")
        };
        if let Some(stored) = self.plain()
            && let Some(made) = rounded(stored, &[x], Ending::Gated { kept })?
        {
            let part = |start, width| made.narrow(D::Minus1, start, width);
            return Ok((part(0, kept)?, Gated::Made(part(kept, inner)?)));
        }
        let all = self.forward(x)?;
        let part = |start, width| all.narrow(D::Minus1, start, width);
        let gated = Gated::Halves { gate: part(kept, inner)?, up: part(kept + inner, inner)? };
        Ok((part(0, kept)?, gated))
    }

    /// As [`Self::forward`] of `before` and what was gated, beside each other.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_beside(&self, before: Option<&Tensor>, gated: &Gated) -> Result<Tensor> {
        if let (Gated::Made(made), Some(before), Some(stored)) = (gated, before, self.plain())
            && let Some(product) = rounded(stored, &[before, made], Ending::All)?
        {
            return Ok(product);
        }
        self.forward(&gated.beside(before)?)
    }

    /// The weight, if that is all there is.
    fn plain(&self) -> Option<&Stored> {
        match &self.weight {
            Weight::Stored(stored) if self.bias.is_none() && self.patches.is_empty() => {
                Some(stored)
            }
            _ => None,
        }
    }
}

/// What `gate`, through silu, lets through of `up`, both of `x`.
///
/// # Errors
/// If shapes do not fit.
pub fn gated(gate: &Linear, up: &Linear, x: &Tensor) -> Result<Gated> {
    if let (Some(first), Some(second)) = (gate.plain(), up.plain())
        && first.shape() == second.shape()
        && let Some(stack) = Stack::of(&[first, second])
        && let Some(made) = rounded(&stack, &[x], Ending::Gated { kept: 0 })?
    {
        return Ok(Gated::Made(made));
    }
    Ok(Gated::Halves { gate: gate.forward(x)?, up: up.forward(x)? })
}

/// A rounded product of what stands beside each other in the rows of some tensors, if that is wanted.
fn rounded(weight: &dyn Matrix, parts: &[&Tensor], ending: Ending) -> Result<Option<Tensor>> {
    stop::check()?;
    let are_plain = parts.iter().all(|x| x.device().is_cpu() && x.dtype() == DType::F32);
    let (Some(first), true) = (parts.first(), are_plain) else { return Ok(None) };
    let mut dims = first.dims().to_vec();
    let Some(made) = rounded_product(weight, parts, None, ending)? else { return Ok(None) };
    if let Some(last) = dims.last_mut() {
        *last = made.dim(D::Minus1)?;
    }
    made.reshape(dims).map(Some)
}

impl Weight {
    fn new(stored: &Stored, params: &Params) -> Result<Self> {
        if params.device().is_cpu() {
            return Ok(Self::Stored(stored.clone()));
        }
        #[cfg(feature = "cuda")]
        if let Some(packed) = Packed::new(stored, params.dtype())? {
            return Ok(Self::Packed(packed));
        }
        stored.to_tensor(params.dtype(), params.device()).map(Self::Dense)
    }

    fn dims(&self) -> Result<(usize, usize)> {
        match self {
            Self::Stored(stored) => match *stored.shape() {
                [outputs, inputs] => Ok((outputs, inputs)),
                ref shape => candle_core::bail!("a product needs a matrix, not {shape:?}"),
            },
            Self::Dense(tensor) => tensor.dims2(),
            #[cfg(feature = "cuda")]
            Self::Packed(packed) => Ok(packed.dims2()),
        }
    }

    /// `x` in the number format of the product.
    fn widened(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Stored(_) => x.to_dtype(DType::F32),
            Self::Dense(_) => Ok(x.clone()),
            #[cfg(feature = "cuda")]
            Self::Packed(_) => Ok(x.clone()),
        }
    }

    /// `x [n, in]` to `[n, out]`.
    fn product(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        match self {
            Self::Stored(stored) => {
                let bias = bias.map(|bias| bias.to_dtype(DType::F32)).transpose()?;
                stored.product(x, bias.as_ref())
            }
            Self::Dense(tensor) => plus(x.matmul(&tensor.t()?)?, bias),
            #[cfg(feature = "cuda")]
            Self::Packed(packed) => plus(packed.product(x)?, bias),
        }
    }
}

fn plus(product: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let Some(bias) = bias else { return Ok(product) };
    #[cfg(feature = "cuda")]
    if product.device().is_cuda()
        && let Some(made) = crate::cuda::norms::plus(&product, bias)?
    {
        return Ok(made);
    }
    product.broadcast_add(bias)
}

impl LowRank {
    fn new(patch: &Patch, (outputs, inputs): (usize, usize), params: &Params) -> Result<Self> {
        let rank = patch.down.shape().first().copied().unwrap_or(0);
        if patch.down.shape() != [rank, inputs] || patch.up.shape() != [outputs, rank] {
            candle_core::bail!(
                "a patch of {:?} and {:?} does not fit a weight of {:?}",
                patch.up.shape(),
                patch.down.shape(),
                [outputs, inputs]
            );
        }
        Ok(Self {
            down: Weight::new(&patch.down, params)?,
            up: Weight::new(&patch.up, params)?,
            scale: patch.scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::{Device, Shape};

    use super::*;
    use crate::{Format, ParamSource};

    /// A weight of ones with two patches, which share the first.
    struct Ones;

    fn filled(value: f32, shape: &[usize]) -> Stored {
        let count: usize = shape.iter().product();
        let bytes: Vec<u8> = (0..count).flat_map(|_| value.to_le_bytes()).collect();
        let length = bytes.len();
        Stored::new(Arc::new(bytes), 0..length, Format::F32, shape.to_vec()).unwrap()
    }

    impl ParamSource for Ones {
        fn shape(&self, _name: &str) -> Option<Vec<usize>> {
            Some(vec![2, 3])
        }

        fn stored(&self, _name: &str, shape: &Shape) -> Result<Stored> {
            Ok(filled(1.0, shape.dims()))
        }

        fn patches(&self, _name: &str) -> Vec<Patch> {
            let patch =
                |scale| Patch { down: filled(1.0, &[4, 3]), up: filled(0.5, &[2, 4]), scale };
            vec![patch(1.0), patch(-0.25)]
        }
    }

    #[test]
    fn patches_add_up_with_their_strengths() {
        let params = Params::new(Arc::new(Ones), DType::F32, Device::Cpu);
        let x = Tensor::ones((1, 2, 3), DType::F32, &Device::Cpu).unwrap();
        let y = Linear::load(&params, 3, 2).unwrap().forward(&x).unwrap();
        // 3 by the weight; down gives 3 in each of 4 ranks, up halves and adds them up to 6.
        assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [7.5; 4]);
        assert_eq!(y.dims(), [1, 2, 2]);
    }

    #[test]
    fn a_patch_that_does_not_fit_is_refused() {
        let params = Params::new(Arc::new(Ones), DType::F32, Device::Cpu);
        assert!(Linear::load(&params, 4, 2).is_err());
    }
}
