//! Where a model finds its weights, whatever they are stored in.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::{Init, VarBuilder, var_builder::SimpleBackend};

use crate::Stored;

/// Gives weights by name. Implemented where weights live.
pub trait ParamSource: Send + Sync {
    /// The dimensions of a weight, if there is one of that name.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;

    /// A weight as it is stored.
    ///
    /// # Errors
    /// One line that names the weight, if it is missing, of another shape, or not a number format.
    fn stored(&self, name: &str, shape: &Shape) -> Result<Stored>;

    /// What is to be added to the products with a weight.
    fn patches(&self, _name: &str) -> Vec<Patch> {
        Vec::new()
    }
}

/// A change of a weight of low rank: `scale · up · down`.
#[derive(Debug, Clone)]
pub struct Patch {
    /// `[rank, inputs]`.
    pub down: Stored,
    /// `[outputs, rank]`.
    pub up: Stored,
    /// How strongly it acts.
    pub scale: f64,
}

/// A place in a checkpoint: a source, a prefix, and how weights are wanted.
#[derive(Clone)]
pub struct Params {
    source: Arc<dyn ParamSource>,
    prefix: String,
    dtype: DType,
    device: Device,
}

impl Params {
    /// The root of a checkpoint.
    #[must_use]
    pub fn new(source: Arc<dyn ParamSource>, dtype: DType, device: Device) -> Self {
        Self { source, prefix: String::new(), dtype, device }
    }

    /// One level down: `params.at("attn").at("to_q")`.
    #[must_use]
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        Self { prefix: self.name(&name.to_string()), ..self.clone() }
    }

    /// The same place, weights in another number format.
    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Self {
        Self { dtype, ..self.clone() }
    }

    /// Whether this place has a weight of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    /// The dimensions of a weight, if there is one of that name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.source.shape(&self.name(name))
    }

    /// A weight in the model's number format.
    ///
    /// # Errors
    /// If it is missing or of another shape.
    pub fn tensor(&self, name: &str, shape: impl Into<Shape>) -> Result<Tensor> {
        self.stored(name, shape)?.to_tensor(self.dtype, &self.device)
    }

    /// A weight as it is stored.
    ///
    /// # Errors
    /// If it is missing or of another shape.
    pub(crate) fn stored(&self, name: &str, shape: impl Into<Shape>) -> Result<Stored> {
        self.source.stored(&self.name(name), &shape.into())
    }

    /// What is to be added to the products with a weight.
    pub(crate) fn patches(&self, name: &str) -> Vec<Patch> {
        self.source.patches(&self.name(name))
    }

    /// This place as networks of other crates ask for weights; they unpack every one.
    #[must_use]
    pub fn unpacked(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), self.dtype, self.device.clone())
    }

    /// The number format of weights and activations.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the weights go.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}

impl SimpleBackend for Params {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        self.stored(name, shape)?.to_tensor(dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let Some(shape) = self.shape(name) else {
            candle_core::bail!("tensor `{name}` is missing");
        };
        self.stored(name, shape)?.to_tensor(dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.contains(name)
    }
}
