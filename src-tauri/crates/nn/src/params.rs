//! Where a model finds its weights, whatever they are stored in.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Shape, Tensor};

/// Gives weights by name. Implemented where weights live.
pub trait ParamSource: Send + Sync {
    /// Whether a weight of that name exists.
    fn contains(&self, name: &str) -> bool;

    /// A weight in the number format and on the device asked for.
    ///
    /// # Errors
    /// One line that names the weight, if it is missing, of another shape, or not a number format.
    fn tensor(&self, name: &str, shape: &Shape, dtype: DType, device: &Device) -> Result<Tensor>;
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

    /// Whether this place has a weight of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.source.contains(&self.name(name))
    }

    /// A weight in the model's number format.
    ///
    /// # Errors
    /// If it is missing or of another shape.
    pub fn tensor(&self, name: &str, shape: impl Into<Shape>) -> Result<Tensor> {
        self.source.tensor(&self.name(name), &shape.into(), self.dtype, &self.device)
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
