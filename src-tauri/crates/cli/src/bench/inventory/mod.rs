//! The tensors of a model of full size, by the checkpoint's own names.

mod klein;
mod layered;

use serde_json::{Value, json};

use crate::arguments::Shape;

/// What a synthetic tensor is filled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    /// Normal numbers with this standard deviation.
    Normal(f32),
    /// One number everywhere.
    Constant(f32),
}

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TensorSpec {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) fill: Fill,
}

impl TensorSpec {
    /// Numbers in it.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A part of a model: a folder with a configuration and weights.
pub(crate) struct Component {
    pub(crate) folder: &'static str,
    /// What its files of weights are called.
    pub(crate) stem: &'static str,
    pub(crate) tensors: Vec<TensorSpec>,
    pub(crate) config: Value,
}

/// What a model folder is made of, but for its tokenizer.
pub(crate) struct Blueprint {
    /// `model_index.json`.
    pub(crate) index: Value,
    pub(crate) components: Vec<Component>,
    /// Other files of configuration, by their places in the folder.
    pub(crate) files: Vec<(&'static str, Value)>,
    /// The shipped model whose tokenizer will do.
    pub(crate) starter: &'static str,
}

impl Blueprint {
    /// A model whose plain numbers have the format that PyTorch calls `dtype`; of each stack, at most
    /// `blocks` blocks.
    pub(crate) fn of(shape: Shape, dtype: &str, blocks: Option<usize>) -> Result<Self, String> {
        match (shape, blocks) {
            (Shape::QwenImageLayered, _) => Ok(layered::blueprint(dtype, blocks)),
            (_, Some(_)) => {
                Err("--blocks is for qwen-image-layered: the others are small enough".into())
            }
            (Shape::Klein4b, None) => Ok(klein::blueprint(klein::Sizes::KLEIN_4B, dtype)),
            (Shape::Klein9b, None) => Ok(klein::blueprint(klein::Sizes::KLEIN_9B, dtype)),
        }
    }
}

/// The loop's noise levels, as published but for what differs between families.
fn scheduler(differing: Value) -> Value {
    let mut config = json!({
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "base_image_seq_len": 256,
        "base_shift": 0.5,
        "invert_sigmas": false,
        "num_train_timesteps": 1000,
        "stochastic_sampling": false,
        "use_beta_sigmas": false,
        "use_dynamic_shifting": true,
        "use_exponential_sigmas": false,
        "use_karras_sigmas": false,
    });
    if let (Some(all), Value::Object(differing)) = (config.as_object_mut(), differing) {
        all.extend(differing);
    }
    config
}

/// Weights are scaled so that a layer keeps the size of what goes through it.
#[derive(Default)]
struct List(Vec<TensorSpec>);

impl List {
    fn push(&mut self, name: String, shape: &[usize], fill: Fill) {
        self.0.push(TensorSpec { name, shape: shape.to_vec(), fill });
    }

    fn weight(&mut self, module: &str, shape: &[usize], fill: Fill) {
        self.push(format!("{module}.weight"), shape, fill);
    }

    fn bias(&mut self, module: &str, len: usize) {
        self.push(format!("{module}.bias"), &[len], Fill::Constant(0.0));
    }

    fn linear(&mut self, module: &str, out: usize, fan_in: usize) {
        self.weight(module, &[out, fan_in], scaled(fan_in));
    }

    fn linear_with_bias(&mut self, module: &str, out: usize, fan_in: usize) {
        self.linear(module, out, fan_in);
        self.bias(module, out);
    }

    /// Rows to look up.
    fn table(&mut self, module: &str, rows: usize, columns: usize) {
        self.weight(module, &[rows, columns], Fill::Normal(1.0));
    }

    /// Of a convolution: every output reads what the other dimensions hold.
    fn kernel(&mut self, module: &str, shape: &[usize]) {
        self.weight(module, shape, scaled(shape.iter().skip(1).product()));
    }

    fn gamma(&mut self, module: &str, shape: &[usize]) {
        self.push(format!("{module}.gamma"), shape, Fill::Constant(1.0));
    }

    fn scale(&mut self, module: &str, len: usize) {
        self.weight(module, &[len], Fill::Constant(1.0));
    }

    fn norm(&mut self, module: &str, len: usize) {
        self.scale(module, len);
        self.bias(module, len);
    }

    fn conv(&mut self, module: &str, out: usize, channels: usize, kernel: usize) {
        self.kernel(module, &[out, channels, kernel, kernel]);
        self.bias(module, out);
    }

    fn resnet(&mut self, module: &str, channels: usize, out: usize) {
        self.norm(&format!("{module}.norm1"), channels);
        self.conv(&format!("{module}.conv1"), out, channels, 3);
        self.norm(&format!("{module}.norm2"), out);
        self.conv(&format!("{module}.conv2"), out, out, 3);
        if channels != out {
            self.conv(&format!("{module}.conv_shortcut"), out, channels, 1);
        }
    }

    fn mid_block(&mut self, module: &str, channels: usize) {
        self.resnet(&format!("{module}.resnets.0"), channels, channels);
        let attention = format!("{module}.attentions.0");
        self.norm(&format!("{attention}.group_norm"), channels);
        for name in ["to_q", "to_k", "to_v", "to_out.0"] {
            self.linear(&format!("{attention}.{name}"), channels, channels);
            self.bias(&format!("{attention}.{name}"), channels);
        }
        self.resnet(&format!("{module}.resnets.1"), channels, channels);
    }
}

fn scaled(fan_in: usize) -> Fill {
    Fill::Normal((fan_in as f32).sqrt().recip())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Billions of numbers.
    pub(super) fn check(tensors: &[TensorSpec], expected: f64) {
        let found = tensors.iter().map(|tensor| tensor.len() as f64).sum::<f64>() / 1e9;
        assert!((found - expected).abs() < 0.005 * expected, "{found} billion, not {expected}");
    }

    #[test]
    fn only_the_largest_model_is_cut() {
        assert!(Blueprint::of(Shape::Klein4b, "bfloat16", Some(3)).is_err());
        assert!(Blueprint::of(Shape::QwenImageLayered, "bfloat16", Some(3)).is_ok());
    }
}
