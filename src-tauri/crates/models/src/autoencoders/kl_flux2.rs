//! The FLUX.2 autoencoder: 8 × 8 pixels to one latent position, normalised in 2 × 2 patches by
//! the running statistics of a batch norm.
//!
//! Tensor names and order of operations as in diffusers' `AutoencoderKLFlux2` 0.42.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{Conv2d, GroupNorm, Linear, Params, attention};
use serde::Deserialize;

use crate::config::{Parsed, count, demand, parse, shape, within};

/// Of every group norm; not in the configuration.
const GROUP_NORM_EPS: f64 = 1e-6;

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
        let channels = |name: String| shape::<4>(params, &name).map(|shape| shape[0]);
        let levels = |name: &dyn Fn(usize) -> String| {
            (0..4).map(|level| channels(name(level))).collect::<Parsed<Vec<usize>>>()
        };
        let encoder =
            levels(&|level| format!("encoder.down_blocks.{level}.resnets.0.conv1.weight"))?;
        // The decoder's levels begin at the deepest.
        let decoder =
            levels(&|level| format!("decoder.up_blocks.{}.resnets.0.conv1.weight", 3 - level))?;
        let [statistics] = shape(params, "bn.running_mean")?;
        let config = Self {
            class_name: String::new(),
            in_channels: 3,
            out_channels: 3,
            decoder_block_out_channels: (decoder != encoder).then_some(decoder),
            block_out_channels: encoder,
            layers_per_block: count(params, |i| {
                format!("encoder.down_blocks.0.resnets.{i}.conv1.weight")
            }),
            latent_channels: statistics / 4,
            norm_num_groups: like.map_or(32, |like| like.norm_num_groups),
            batch_norm_eps: like.map_or_else(batch_norm_eps, |like| like.batch_norm_eps),
            mid_block_add_attention: params
                .contains("encoder.mid_block.attentions.0.group_norm.weight"),
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
        within("layers_per_block", config.layers_per_block, 16)?;
        within("latent_channels", config.latent_channels, 1024)?;
        within("norm_num_groups", config.norm_num_groups, 1024)?;
        for channels in [&config.block_out_channels, config.decoder_channels()] {
            demand(channels.len() == 4, "`block_out_channels` does not have 4 levels")?;
            for &count in channels {
                within("block_out_channels", count, 1 << 14)?;
                demand(
                    count % config.norm_num_groups == 0,
                    "`norm_num_groups` does not divide `block_out_channels`",
                )?;
            }
        }
        demand(
            config.batch_norm_eps >= 0.0 && config.batch_norm_eps < 1.0,
            "`batch_norm_eps` is not between 0 and 1",
        )
    }

    fn decoder_channels(&self) -> &Vec<usize> {
        self.decoder_block_out_channels.as_ref().unwrap_or(&self.block_out_channels)
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
        let quant = |wanted: bool, name: &str, channels: usize| {
            wanted.then(|| Conv2d::load(&params.at(name), channels, channels, 1)).transpose()
        };
        let statistics = params.at("bn");
        let shape = (1, 4 * latent, 1, 1);
        let variance = statistics.tensor("running_var", 4 * latent)?;
        Ok(Self {
            encoder: Encoder::load(&config, &params.at("encoder"))?,
            decoder: Decoder::load(&config, &params.at("decoder"))?,
            quant_conv: quant(config.use_quant_conv, "quant_conv", 2 * latent)?,
            post_quant_conv: quant(config.use_post_quant_conv, "post_quant_conv", latent)?,
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
        match &self.quant_conv {
            Some(conv) => conv.forward(&moments),
            None => Ok(moments),
        }
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
        let latents = match &self.post_quant_conv {
            Some(conv) => conv.forward(&latents)?,
            None => latents,
        };
        self.decoder.forward(&latents)
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

struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl Resnet {
    fn load(params: &Params, groups: usize, inputs: usize, outputs: usize) -> Result<Self> {
        let shortcut = (inputs != outputs)
            .then(|| Conv2d::load(&params.at("conv_shortcut"), inputs, outputs, 1))
            .transpose()?;
        Ok(Self {
            norm1: GroupNorm::load(&params.at("norm1"), groups, inputs, GROUP_NORM_EPS)?,
            conv1: Conv2d::load(&params.at("conv1"), inputs, outputs, 3)?,
            norm2: GroupNorm::load(&params.at("norm2"), groups, outputs, GROUP_NORM_EPS)?,
            conv2: Conv2d::load(&params.at("conv2"), outputs, outputs, 3)?,
            shortcut,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.conv1.forward_after(x, &self.norm1.activation(x)?)?;
        let y = self.conv2.forward_after(&y, &self.norm2.activation(&y)?)?;
        match &self.shortcut {
            Some(conv) => conv.forward(x)? + y,
            None => x + y,
        }
    }
}

struct MidAttention {
    norm: GroupNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
}

impl MidAttention {
    fn load(params: &Params, groups: usize, channels: usize) -> Result<Self> {
        let linear = |name: &str| Linear::load_with_bias(&params.at(name), channels, channels);
        Ok(Self {
            norm: GroupNorm::load(&params.at("group_norm"), groups, channels, GROUP_NORM_EPS)?,
            q: linear("to_q")?,
            k: linear("to_k")?,
            v: linear("to_v")?,
            out: linear("to_out.0")?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let tokens = self.norm.forward(x)?.flatten_from(2)?.transpose(1, 2)?.contiguous()?; // [b, hw, c]
        let head = |linear: &Linear| linear.forward(&tokens)?.unsqueeze(1);
        let attended = attention::sdpa(
            &head(&self.q)?,
            &head(&self.k)?,
            &head(&self.v)?,
            attention::Mask::Full,
        )?;
        let out = self.out.forward(&attended.squeeze(1)?)?;
        x + out.transpose(1, 2)?.reshape((b, c, h, w))?
    }
}

struct MidBlock {
    before: Resnet,
    attention: Option<MidAttention>,
    after: Resnet,
}

impl MidBlock {
    fn load(params: &Params, config: &Config, channels: usize) -> Result<Self> {
        let groups = config.norm_num_groups;
        Ok(Self {
            before: Resnet::load(&params.at("resnets.0"), groups, channels, channels)?,
            attention: config
                .mid_block_add_attention
                .then(|| MidAttention::load(&params.at("attentions.0"), groups, channels))
                .transpose()?,
            after: Resnet::load(&params.at("resnets.1"), groups, channels, channels)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.before.forward(x)?;
        let x = match &self.attention {
            Some(attention) => attention.forward(&x)?,
            None => x,
        };
        self.after.forward(&x)
    }
}

/// Residual blocks at one resolution and the convolution that leaves it.
struct Level {
    resnets: Vec<Resnet>,
    resample: Option<Conv2d>,
}

impl Level {
    fn resnets(
        params: &Params,
        groups: usize,
        count: usize,
        io: (usize, usize),
    ) -> Result<Vec<Resnet>> {
        let resnets = params.at("resnets");
        (0..count)
            .map(|index| {
                let inputs = if index == 0 { io.0 } else { io.1 };
                Resnet::load(&resnets.at(index), groups, inputs, io.1)
            })
            .collect()
    }
}

struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    mid: MidBlock,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    fn load(config: &Config, params: &Params) -> Result<Self> {
        let channels = &config.block_out_channels;
        let groups = config.norm_num_groups;
        let last = channels.len() - 1;
        let mut levels = Vec::with_capacity(channels.len());
        for (index, &outputs) in channels.iter().enumerate() {
            let level = params.at("down_blocks").at(index);
            let inputs = channels[index.saturating_sub(1)];
            levels.push(Level {
                resnets: Level::resnets(
                    &level,
                    groups,
                    config.layers_per_block,
                    (inputs, outputs),
                )?,
                resample: (index < last)
                    .then(|| Conv2d::load_downsampling(&level.at("downsamplers.0.conv"), outputs))
                    .transpose()?,
            });
        }
        let deepest = channels[last];
        Ok(Self {
            conv_in: Conv2d::load(&params.at("conv_in"), config.in_channels, channels[0], 3)?,
            levels,
            mid: MidBlock::load(&params.at("mid_block"), config, deepest)?,
            norm_out: GroupNorm::load(
                &params.at("conv_norm_out"),
                groups,
                deepest,
                GROUP_NORM_EPS,
            )?,
            conv_out: Conv2d::load(&params.at("conv_out"), deepest, 2 * config.latent_channels, 3)?,
        })
    }

    fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        let mut x = self.conv_in.forward(pixels)?;
        for level in &self.levels {
            for resnet in &level.resnets {
                x = resnet.forward(&x)?;
            }
            if let Some(conv) = &level.resample {
                // The reference pads right and bottom only.
                x = conv.forward(&x.pad_with_zeros(D::Minus1, 0, 1)?.pad_with_zeros(
                    D::Minus2,
                    0,
                    1,
                )?)?;
            }
        }
        let x = self.mid.forward(&x)?;
        self.conv_out.forward_after(&x, &self.norm_out.activation(&x)?)
    }
}

struct Decoder {
    conv_in: Conv2d,
    mid: MidBlock,
    levels: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    fn load(config: &Config, params: &Params) -> Result<Self> {
        let channels: Vec<usize> = config.decoder_channels().iter().rev().copied().collect();
        let groups = config.norm_num_groups;
        let last = channels.len() - 1;
        let mut levels = Vec::with_capacity(channels.len());
        for (index, &outputs) in channels.iter().enumerate() {
            let level = params.at("up_blocks").at(index);
            let inputs = channels[index.saturating_sub(1)];
            levels.push(Level {
                resnets: Level::resnets(
                    &level,
                    groups,
                    config.layers_per_block + 1,
                    (inputs, outputs),
                )?,
                resample: (index < last)
                    .then(|| Conv2d::load(&level.at("upsamplers.0.conv"), outputs, outputs, 3))
                    .transpose()?,
            });
        }
        Ok(Self {
            conv_in: Conv2d::load(&params.at("conv_in"), config.latent_channels, channels[0], 3)?,
            mid: MidBlock::load(&params.at("mid_block"), config, channels[0])?,
            levels,
            norm_out: GroupNorm::load(
                &params.at("conv_norm_out"),
                groups,
                channels[last],
                GROUP_NORM_EPS,
            )?,
            conv_out: Conv2d::load(&params.at("conv_out"), channels[last], config.out_channels, 3)?,
        })
    }

    fn forward(&self, latents: &Tensor) -> Result<Tensor> {
        let mut x = self.mid.forward(&self.conv_in.forward(latents)?)?;
        for level in &self.levels {
            for resnet in &level.resnets {
                x = resnet.forward(&x)?;
            }
            if let Some(conv) = &level.resample {
                x = conv.forward_doubled(&x)?;
            }
        }
        self.conv_out.forward_after(&x, &self.norm_out.activation(&x)?)
    }
}
