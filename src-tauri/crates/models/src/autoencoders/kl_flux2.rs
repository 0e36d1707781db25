//! The FLUX.2 autoencoder: 8 × 8 pixels to one latent position, normalised in 2 × 2 patches by
//! the running statistics of a batch norm.
//!
//! Tensor names and order of operations as in diffusers' `AutoencoderKLFlux2` 0.42.

use candle_core::{DType, Device, Result, Tensor};
use nn::{Conv2d, Params};
use serde::Deserialize;

use super::kl::{Decoder, Encoder, Shape, quant_conv, through};
use crate::config::{Parsed, demand, parse, shape};

/// The numbers of the autoencoder, from `vae/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `AutoencoderKLFlux2`.
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
    /// As above for the decoder, where it differs.
    #[serde(default)]
    pub decoder_block_out_channels: Option<Vec<usize>>,
    /// Residual blocks of a level in the encoder; one more in the decoder.
    pub layers_per_block: usize,
    /// Channels of a latent position.
    pub latent_channels: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Inside the square root over the running variance.
    #[serde(default = "batch_norm_eps")]
    pub batch_norm_eps: f64,
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
fn batch_norm_eps() -> f64 {
    1e-4
}
fn yes() -> bool {
    true
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no FLUX.2 autoencoder, or its numbers contradict each other.
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
        let [statistics] = shape(params, "bn.running_mean")?;
        let groups = like.map_or(32, |like| like.norm_num_groups);
        let sizes = Shape::infer(params, statistics / 4, groups)?;
        let config = Self {
            class_name: String::new(),
            in_channels: 3,
            out_channels: 3,
            decoder_block_out_channels: (sizes.decoder != sizes.encoder).then_some(sizes.decoder),
            block_out_channels: sizes.encoder,
            layers_per_block: sizes.layers_per_block,
            latent_channels: sizes.latent_channels,
            norm_num_groups: groups,
            batch_norm_eps: like.map_or_else(batch_norm_eps, |like| like.batch_norm_eps),
            mid_block_add_attention: sizes.mid_attention,
            use_quant_conv: params.contains("quant_conv.weight"),
            use_post_quant_conv: params.contains("post_quant_conv.weight"),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        let config = self;
        demand(
            matches!(config.class_name.as_str(), "" | "AutoencoderKLFlux2"),
            &format!("it describes a `{}`, not a FLUX.2 autoencoder", config.class_name),
        )?;
        demand(
            config.in_channels == 3 && config.out_channels == 3,
            "pictures of other than 3 channels are not supported",
        )?;
        config.shape().check()?;
        demand(
            config.batch_norm_eps >= 0.0 && config.batch_norm_eps < 1.0,
            "`batch_norm_eps` is not between 0 and 1",
        )
    }

    fn shape(&self) -> Shape {
        Shape {
            encoder: self.block_out_channels.clone(),
            decoder: self
                .decoder_block_out_channels
                .as_ref()
                .unwrap_or(&self.block_out_channels)
                .clone(),
            layers_per_block: self.layers_per_block,
            latent_channels: self.latent_channels,
            groups: self.norm_num_groups,
            mid_attention: self.mid_block_add_attention,
        }
    }
}

/// Encoder and decoder with the statistics between them.
pub struct Autoencoder {
    config: Config,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    mean: Tensor, // [1, 4 latent_channels, 1, 1]
    std: Tensor,
    dtype: DType,
    device: Device,
}

impl Autoencoder {
    /// Loads both halves.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let latent = config.latent_channels;
        let sizes = config.shape();
        let statistics = params.at("bn");
        let shape = (1, 4 * latent, 1, 1);
        let variance = statistics.tensor("running_var", 4 * latent)?;
        Ok(Self {
            encoder: Encoder::load(&sizes, &params.at("encoder"))?,
            decoder: Decoder::load(&sizes, &params.at("decoder"))?,
            quant_conv: quant_conv(
                params,
                "quant_conv",
                config.use_quant_conv.then_some(2 * latent),
            )?,
            post_quant_conv: quant_conv(
                params,
                "post_quant_conv",
                config.use_post_quant_conv.then_some(latent),
            )?,
            mean: statistics.tensor("running_mean", 4 * latent)?.reshape(shape)?,
            std: (variance + config.batch_norm_eps)?.sqrt()?.reshape(shape)?,
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
    /// `[b, 3, h, w]` from −1 to 1.
    ///
    /// # Errors
    /// If a side is not a multiple of 8.
    pub fn moments(&self, pixels: &Tensor) -> Result<Tensor> {
        let moments = self.encoder.forward(&pixels.to_dtype(self.dtype)?)?;
        through(self.quant_conv.as_ref(), moments)
    }

    /// The most likely latents, `[b, latent_channels, h / 8, w / 8]`.
    ///
    /// # Errors
    /// If a side is not a multiple of 8.
    pub fn encode(&self, pixels: &Tensor) -> Result<Tensor> {
        self.moments(pixels)?.narrow(1, 0, self.config.latent_channels)?.contiguous()
    }

    /// Pixels `[b, 3, 8 h, 8 w]`, roughly from −1 to 1, of latents `[b, latent_channels, h, w]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let latents = latents.to_dtype(self.dtype)?;
        self.decoder.forward(&through(self.post_quant_conv.as_ref(), latents)?)
    }

    /// Patchified latents `[b, 4 latent_channels, h, w]` as the transformer sees them.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn normalize(&self, patches: &Tensor) -> Result<Tensor> {
        patches.broadcast_sub(&self.mean)?.broadcast_div(&self.std)
    }

    /// The inverse of [`Self::normalize`].
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn denormalize(&self, patches: &Tensor) -> Result<Tensor> {
        patches.to_dtype(self.dtype)?.broadcast_mul(&self.std)?.broadcast_add(&self.mean)
    }
}
