//! The RGBA autoencoder of Qwen-Image-Layered: 8 × 8 pixels to one latent position.
//!
//! It was made for video, with convolutions over time that see only the past. Pictures are single
//! frames, for which each of them is a plain convolution. Tensor names and order of operations as in
//! diffusers' `AutoencoderKLQwenImage` 0.42.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{ChannelNorm, Conv2d, Params, attention};
use serde::Deserialize;

use crate::config::{Parsed, demand, parse, within};

/// The numbers of the autoencoder, from `vae/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `AutoencoderKLQwenImage`.
    #[serde(rename = "_class_name", default)]
    pub class_name: String,
    /// Channels at full resolution.
    pub base_dim: usize,
    /// Channels of a latent position.
    pub z_dim: usize,
    /// Channels of each level over `base_dim`, from the pixels down.
    pub dim_mult: Vec<usize>,
    /// Residual blocks of a level in the encoder; one more in the decoder.
    pub num_res_blocks: usize,
    /// Scales with attention; always none.
    #[serde(default)]
    pub attn_scales: Vec<f64>,
    /// Which levels shrink in time; one fewer than the levels.
    pub temperal_downsample: Vec<bool>,
    /// Channels of a picture: 4 is RGBA.
    #[serde(default = "three")]
    pub input_channels: usize,
    /// What is taken from each channel of the latents.
    pub latents_mean: Vec<f64>,
    /// What each channel is then divided by.
    pub latents_std: Vec<f64>,
}

fn three() -> usize {
    3
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no RGBA autoencoder of Qwen-Image, or its numbers contradict each other.
    pub fn parse(json: &str) -> Parsed<Self> {
        let config: Self = parse(json)?;
        demand(
            matches!(config.class_name.as_str(), "" | "AutoencoderKLQwenImage"),
            &format!("it describes a `{}`, not a Qwen-Image autoencoder", config.class_name),
        )?;
        demand(config.input_channels == 4, "pictures without alpha are not supported")?;
        demand(config.attn_scales.is_empty(), "`attn_scales` is not supported")?;
        demand(config.dim_mult.len() == 4, "`dim_mult` does not have 4 levels")?;
        demand(
            config.temperal_downsample.len() + 1 == config.dim_mult.len(),
            "`temperal_downsample` and `dim_mult` do not fit",
        )?;
        within("base_dim", config.base_dim, 1 << 12)?;
        within("z_dim", config.z_dim, 1024)?;
        within("num_res_blocks", config.num_res_blocks, 16)?;
        for &factor in &config.dim_mult {
            within("dim_mult", factor, 64)?;
        }
        demand(
            config.decoder_widths().iter().skip(1).all(|width| width % 2 == 0),
            "`base_dim` times `dim_mult` is odd",
        )?;
        for (name, values) in
            [("latents_mean", &config.latents_mean), ("latents_std", &config.latents_std)]
        {
            demand(
                values.len() == config.z_dim && values.iter().all(|value| value.is_finite()),
                &format!("`{name}` does not have a number for each of `z_dim` channels"),
            )?;
        }
        demand(config.latents_std.iter().all(|&std| std > 0.0), "`latents_std` is not positive")?;
        Ok(config)
    }

    /// Channels after the first convolution and after each level, from the pixels down.
    fn encoder_widths(&self) -> Vec<usize> {
        [1].iter().chain(&self.dim_mult).map(|factor| factor * self.base_dim).collect()
    }

    /// Channels after the first convolution and after each level, towards the pixels.
    fn decoder_widths(&self) -> Vec<usize> {
        let deepest = self.dim_mult.last();
        deepest.into_iter().chain(self.dim_mult.iter().rev()).map(|f| f * self.base_dim).collect()
    }
}

/// Encoder and decoder with the statistics between them.
pub struct Autoencoder {
    config: Config,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Conv2d,
    post_quant_conv: Conv2d,
    mean: Tensor, // [1, z_dim, 1, 1] in f32
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
        let z = config.z_dim;
        let statistics = |values: &[f64]| {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            Tensor::from_vec(values, (1, z, 1, 1), params.device())
        };
        Ok(Self {
            encoder: Encoder::load(&config, &params.at("encoder"))?,
            decoder: Decoder::load(&config, &params.at("decoder"))?,
            quant_conv: Conv2d::load_causal(&params.at("quant_conv"), 2 * z, 2 * z, 1)?,
            post_quant_conv: Conv2d::load_causal(&params.at("post_quant_conv"), z, z, 1)?,
            mean: statistics(&config.latents_mean)?,
            std: statistics(&config.latents_std)?,
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

    /// Mean and log-variance of the latents, `[b, 2 z_dim, h / 8, w / 8]`, of RGBA pixels
    /// `[b, 4, h, w]` from −1 to 1.
    ///
    /// # Errors
    /// If a side is not a multiple of 8.
    pub fn moments(&self, pixels: &Tensor) -> Result<Tensor> {
        self.quant_conv.forward(&self.encoder.forward(&pixels.to_dtype(self.dtype)?)?)
    }

    /// The most likely latents, `[b, z_dim, h / 8, w / 8]`.
    ///
    /// # Errors
    /// If a side is not a multiple of 8.
    pub fn encode(&self, pixels: &Tensor) -> Result<Tensor> {
        self.moments(pixels)?.narrow(1, 0, self.config.z_dim)?.contiguous()
    }

    /// RGBA pixels `[b, 4, 8 h, 8 w]` from −1 to 1 of latents `[b, z_dim, h, w]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let latents = self.post_quant_conv.forward(&latents.to_dtype(self.dtype)?)?;
        self.decoder.forward(&latents)?.clamp(-1f32, 1f32)
    }

    /// Latents `[b, z_dim, h, w]` as the transformer sees them, in f32.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn normalize(&self, latents: &Tensor) -> Result<Tensor> {
        latents.to_dtype(DType::F32)?.broadcast_sub(&self.mean)?.broadcast_div(&self.std)
    }

    /// The inverse of [`Self::normalize`].
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn denormalize(&self, latents: &Tensor) -> Result<Tensor> {
        latents.to_dtype(DType::F32)?.broadcast_mul(&self.std)?.broadcast_add(&self.mean)
    }
}

struct Resnet {
    norm1: ChannelNorm,
    conv1: Conv2d,
    norm2: ChannelNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl Resnet {
    fn load(params: &Params, inputs: usize, outputs: usize) -> Result<Self> {
        let shortcut = (inputs != outputs)
            .then(|| Conv2d::load_causal(&params.at("conv_shortcut"), inputs, outputs, 1))
            .transpose()?;
        Ok(Self {
            norm1: ChannelNorm::load(&params.at("norm1"), inputs, 4)?,
            conv1: Conv2d::load_causal(&params.at("conv1"), inputs, outputs, 3)?,
            norm2: ChannelNorm::load(&params.at("norm2"), outputs, 4)?,
            conv2: Conv2d::load_causal(&params.at("conv2"), outputs, outputs, 3)?,
            shortcut,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.conv1.forward_after(x, &self.norm1)?;
        match &self.shortcut {
            Some(conv) => self.conv2.add_after(&conv.forward(x)?, &y, &self.norm2),
            None => self.conv2.add_after(x, &y, &self.norm2),
        }
    }
}

struct Attention {
    norm: ChannelNorm,
    to_qkv: Conv2d,
    proj: Conv2d,
}

impl Attention {
    fn load(params: &Params, channels: usize) -> Result<Self> {
        Ok(Self {
            norm: ChannelNorm::load(&params.at("norm"), channels, 3)?,
            to_qkv: Conv2d::load(&params.at("to_qkv"), channels, 3 * channels, 1)?,
            proj: Conv2d::load(&params.at("proj"), channels, channels, 1)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let qkv = self.to_qkv.forward(&self.norm.forward(x)?)?;
        let part = |index: usize| {
            // [b, c, h, w] to one head of [b, 1, hw, c]
            qkv.narrow(1, index * c, c)?.flatten_from(2)?.transpose(1, 2)?.unsqueeze(1)
        };
        let attended =
            attention::sdpa(&part(0)?, &part(1)?, &part(2)?, attention::Mask::Full)?.squeeze(1)?;
        x + self.proj.forward(&attended.transpose(1, 2)?.reshape((b, c, h, w))?)?
    }
}

struct MidBlock {
    before: Resnet,
    attention: Attention,
    after: Resnet,
}

impl MidBlock {
    fn load(params: &Params, channels: usize) -> Result<Self> {
        Ok(Self {
            before: Resnet::load(&params.at("resnets.0"), channels, channels)?,
            attention: Attention::load(&params.at("attentions.0"), channels)?,
            after: Resnet::load(&params.at("resnets.1"), channels, channels)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.after.forward(&self.attention.forward(&self.before.forward(x)?)?)
    }
}

/// Residual blocks at one resolution and the convolution that leaves it.
struct Level {
    resnets: Vec<Resnet>,
    resample: Option<Conv2d>,
}

struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    mid: MidBlock,
    norm_out: ChannelNorm,
    conv_out: Conv2d,
}

impl Encoder {
    fn load(config: &Config, params: &Params) -> Result<Self> {
        let widths = config.encoder_widths();
        let down = params.at("down_blocks");
        // The file numbers residual blocks and convolutions of all levels in one list.
        let mut next = 0..;
        let mut place = || down.at(next.next().unwrap_or(usize::MAX));
        let mut levels = Vec::with_capacity(config.dim_mult.len());
        for level in 0..config.dim_mult.len() {
            let outputs = widths[level + 1];
            let resnets = (0..config.num_res_blocks)
                .map(|index| {
                    let inputs = if index == 0 { widths[level] } else { outputs };
                    Resnet::load(&place(), inputs, outputs)
                })
                .collect::<Result<_>>()?;
            let resample = (level + 1 < config.dim_mult.len())
                .then(|| Conv2d::load_downsampling(&place().at("resample.1"), outputs))
                .transpose()?;
            levels.push(Level { resnets, resample });
        }
        let deepest = widths[config.dim_mult.len()];
        Ok(Self {
            conv_in: Conv2d::load_causal(
                &params.at("conv_in"),
                config.input_channels,
                widths[0],
                3,
            )?,
            levels,
            mid: MidBlock::load(&params.at("mid_block"), deepest)?,
            norm_out: ChannelNorm::load(&params.at("norm_out"), deepest, 4)?,
            conv_out: Conv2d::load_causal(&params.at("conv_out"), deepest, 2 * config.z_dim, 3)?,
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
        self.conv_out.forward_after(&self.mid.forward(&x)?, &self.norm_out)
    }
}

struct Decoder {
    conv_in: Conv2d,
    mid: MidBlock,
    levels: Vec<Level>,
    norm_out: ChannelNorm,
    conv_out: Conv2d,
}

impl Decoder {
    fn load(config: &Config, params: &Params) -> Result<Self> {
        let widths = config.decoder_widths();
        let count = config.dim_mult.len();
        let mut levels = Vec::with_capacity(count);
        for index in 0..count {
            let level = params.at("up_blocks").at(index);
            let outputs = widths[index + 1];
            // Whoever comes from below was halved on the way up.
            let entering = if index == 0 { widths[0] } else { widths[index] / 2 };
            let resnets = (0..=config.num_res_blocks)
                .map(|resnet| {
                    let inputs = if resnet == 0 { entering } else { outputs };
                    Resnet::load(&level.at("resnets").at(resnet), inputs, outputs)
                })
                .collect::<Result<_>>()?;
            let resample = (index + 1 < count)
                .then(|| {
                    let place = level.at("upsamplers.0.resample.1");
                    Conv2d::load(&place, outputs, outputs / 2, 3)
                })
                .transpose()?;
            levels.push(Level { resnets, resample });
        }
        Ok(Self {
            conv_in: Conv2d::load_causal(&params.at("conv_in"), config.z_dim, widths[0], 3)?,
            mid: MidBlock::load(&params.at("mid_block"), widths[0])?,
            levels,
            norm_out: ChannelNorm::load(&params.at("norm_out"), widths[count], 4)?,
            conv_out: Conv2d::load_causal(
                &params.at("conv_out"),
                widths[count],
                config.input_channels,
                3,
            )?,
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
        self.conv_out.forward_after(&x, &self.norm_out)
    }
}
