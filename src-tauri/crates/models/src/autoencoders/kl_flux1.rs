//! The FLUX.1 autoencoder: 8 × 8 pixels to one latent position, scaled and shifted as a whole.
//!
//! Tensor names and order of operations as in diffusers' `AutoencoderKL` 0.42.

use candle_core::{DType, Device, Result, Tensor};
use nn::{Conv2d, Params};
use serde::Deserialize;

use super::kl::{Decoder, Encoder, Shape, quant_conv, through};
use crate::config::{Parsed, demand, parse, shape};

/// What the published model divides latents by.
const SCALING: f64 = 0.3611;
/// What it adds to them.
const SHIFT: f64 = 0.1159;

/// The numbers of the autoencoder, from `vae/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `AutoencoderKL`.
    #[serde(rename = "_class_name", default)]
    pub class_name: String,
    /// Colour channels in.
    #[serde(default = "three")]
    pub in_channels: usize,
    /// Colour channels out.
    #[serde(default = "three")]
    pub out_channels: usize,
    /// Channels of each level, from the pixels down.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks of a level in the encoder; one more in the decoder.
    pub layers_per_block: usize,
    /// Channels of a latent position.
    pub latent_channels: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// The transformer's latents are this times larger, once they are shifted.
    pub scaling_factor: f64,
    /// The middle of the latents, which the transformer sees at zero.
    #[serde(default)]
    pub shift_factor: Option<f64>,
    /// Whether the deepest level has attention.
    #[serde(default = "yes")]
    pub mid_block_add_attention: bool,
    /// Whether a 1 × 1 convolution ends the encoder.
    #[serde(default = "yes")]
    pub use_quant_conv: bool,
    /// Whether a 1 × 1 convolution begins the decoder.
    #[serde(default = "yes")]
    pub use_post_quant_conv: bool,
}

fn three() -> usize {
    3
}
fn yes() -> bool {
    true
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no FLUX.1 autoencoder, or its numbers contradict each other.
    pub fn parse(json: &str) -> Parsed<Self> {
        let config: Self = parse(json)?;
        config.check()?;
        Ok(config)
    }

    /// What the shapes of weights tell; what they do not is as in `like` or in the published model.
    ///
    /// # Errors
    /// If a weight is missing, or its shape makes no sense.
    pub fn infer(params: &Params, like: Option<&Self>) -> Parsed<Self> {
        let [_, latent_channels, ..] = shape::<4>(params, "decoder.conv_in.weight")?;
        let groups = like.map_or(32, |like| like.norm_num_groups);
        let sizes = Shape::infer(params, latent_channels, groups)?;
        demand(sizes.encoder == sizes.decoder, "encoder and decoder have other channels")?;
        let config = Self {
            class_name: String::new(),
            in_channels: 3,
            out_channels: 3,
            block_out_channels: sizes.encoder,
            layers_per_block: sizes.layers_per_block,
            latent_channels,
            norm_num_groups: groups,
            scaling_factor: like.map_or(SCALING, |like| like.scaling_factor),
            shift_factor: like.map_or(Some(SHIFT), |like| like.shift_factor),
            mid_block_add_attention: sizes.mid_attention,
            use_quant_conv: params.contains("quant_conv.weight"),
            use_post_quant_conv: params.contains("post_quant_conv.weight"),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        demand(
            matches!(self.class_name.as_str(), "" | "AutoencoderKL"),
            &format!("it describes a `{}`, not a FLUX.1 autoencoder", self.class_name),
        )?;
        demand(
            self.in_channels == 3 && self.out_channels == 3,
            "pictures of other than 3 channels are not supported",
        )?;
        self.shape().check()?;
        demand(
            self.scaling_factor.is_finite() && self.scaling_factor > 0.0,
            "`scaling_factor` is not above 0",
        )?;
        demand(self.shift().is_finite(), "`shift_factor` is no number")
    }

    fn shape(&self) -> Shape {
        Shape {
            encoder: self.block_out_channels.clone(),
            decoder: self.block_out_channels.clone(),
            layers_per_block: self.layers_per_block,
            latent_channels: self.latent_channels,
            groups: self.norm_num_groups,
            mid_attention: self.mid_block_add_attention,
        }
    }

    fn shift(&self) -> f64 {
        self.shift_factor.unwrap_or(0.0)
    }
}

/// Encoder and decoder.
pub struct Autoencoder {
    config: Config,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    dtype: DType,
    device: Device,
}

impl Autoencoder {
    /// Loads both halves.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let (sizes, latent) = (config.shape(), config.latent_channels);
        let (before, after) = (config.use_post_quant_conv, config.use_quant_conv);
        Ok(Self {
            encoder: Encoder::load(&sizes, &params.at("encoder"))?,
            decoder: Decoder::load(&sizes, &params.at("decoder"))?,
            quant_conv: quant_conv(params, "quant_conv", after.then_some(2 * latent))?,
            post_quant_conv: quant_conv(params, "post_quant_conv", before.then_some(latent))?,
            dtype: params.dtype(),
            device: params.device().clone(),
            config,
        })
    }

    /// The numbers it was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Mean and log-variance of the latents, `[b, 2 latent_channels, h / 8, w / 8]`, of pixels
    /// `[b, 3, h, w]` from −1 to 1; neither scaled nor shifted.
    ///
    /// # Errors
    /// If a side is not a multiple of 8.
    pub fn moments(&self, pixels: &Tensor) -> Result<Tensor> {
        through(self.quant_conv.as_ref(), self.encoder.forward(&pixels.to_dtype(self.dtype)?)?)
    }

    /// Pixels `[b, 3, 8 h, 8 w]`, roughly from −1 to 1, of latents `[b, latent_channels, h, w]` as
    /// the transformer sees them.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let latents = latents.to_dtype(self.dtype)?;
        let latents = ((latents / self.config.scaling_factor)? + self.config.shift())?;
        self.decoder.forward(&through(self.post_quant_conv.as_ref(), latents)?)
    }
}
