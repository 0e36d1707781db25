//! What the autoencoders of FLUX.1 and FLUX.2 share: encoder, decoder, and how their sizes are told.
//!
//! Tensor names and order of operations as in diffusers' `AutoencoderKL` 0.42.

use candle_core::{D, Result, Tensor};
use nn::{Conv2d, GroupNorm, Linear, Params, attention};

use crate::config::{Parsed, count, demand, shape, within};

/// Of every group norm; not in the configuration.
const GROUP_NORM_EPS: f64 = 1e-6;
/// Channels of a picture.
const COLOURS: usize = 3;
/// Resolutions, each half of the one before.
const LEVELS: usize = 4;

/// The numbers that both halves are built from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Channels of each level of the encoder, from the pixels down.
    pub(super) encoder: Vec<usize>,
    /// As above for the decoder.
    pub(super) decoder: Vec<usize>,
    /// Residual blocks of a level in the encoder; one more in the decoder.
    pub(super) layers_per_block: usize,
    /// Channels of a latent position.
    pub(super) latent_channels: usize,
    /// Groups of every group norm.
    pub(super) groups: usize,
    /// Whether the deepest level has attention.
    pub(super) mid_attention: bool,
}

impl Shape {
    /// What the shapes of weights tell; the groups of norms they do not.
    ///
    /// # Errors
    /// If a weight is missing, or its shape makes no sense.
    pub(super) fn infer(params: &Params, latent_channels: usize, groups: usize) -> Parsed<Self> {
        let channels = |name: String| shape::<4>(params, &name).map(|shape| shape[0]);
        let levels = |name: &dyn Fn(usize) -> String| {
            (0..LEVELS).map(|level| channels(name(level))).collect::<Parsed<Vec<usize>>>()
        };
        let encoder =
            levels(&|level| format!("encoder.down_blocks.{level}.resnets.0.conv1.weight"))?;
        // The decoder's levels begin at the deepest.
        let decoder = levels(&|level| {
            format!("decoder.up_blocks.{}.resnets.0.conv1.weight", LEVELS - 1 - level)
        })?;
        Ok(Self {
            encoder,
            decoder,
            layers_per_block: count(params, |i| {
                format!("encoder.down_blocks.0.resnets.{i}.conv1.weight")
            }),
            latent_channels,
            groups,
            mid_attention: params.contains("encoder.mid_block.attentions.0.group_norm.weight"),
        })
    }

    /// Holds that such sizes exist in real models, under the names that configurations give them.
    ///
    /// # Errors
    /// One line that names what is wrong.
    pub(super) fn check(&self) -> Parsed<()> {
        within("layers_per_block", self.layers_per_block, 16)?;
        within("latent_channels", self.latent_channels, 1024)?;
        within("norm_num_groups", self.groups, 1024)?;
        for channels in [&self.encoder, &self.decoder] {
            demand(channels.len() == LEVELS, "`block_out_channels` does not have 4 levels")?;
            for &count in channels {
                within("block_out_channels", count, 1 << 14)?;
                demand(
                    count.is_multiple_of(self.groups),
                    "`norm_num_groups` does not divide `block_out_channels`",
                )?;
            }
        }
        Ok(())
    }
}

/// A convolution of single pixels between a half and the latents, where a model has one.
///
/// # Errors
/// If a tensor is missing or of another shape.
pub(super) fn quant_conv(
    params: &Params,
    name: &str,
    channels: Option<usize>,
) -> Result<Option<Conv2d>> {
    channels.map(|channels| Conv2d::load(&params.at(name), channels, channels, 1)).transpose()
}

/// What `conv` makes of `x`, or `x` where there is none.
///
/// # Errors
/// If shapes do not fit.
pub(super) fn through(conv: Option<&Conv2d>, x: Tensor) -> Result<Tensor> {
    match conv {
        Some(conv) => conv.forward(&x),
        None => Ok(x),
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
        let activation = self.norm2.activation(&y)?;
        match &self.shortcut {
            Some(conv) => self.conv2.add_after(&conv.forward(x)?, &y, &activation),
            None => self.conv2.add_after(x, &y, &activation),
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
    fn load(params: &Params, shape: &Shape, channels: usize) -> Result<Self> {
        let groups = shape.groups;
        Ok(Self {
            before: Resnet::load(&params.at("resnets.0"), groups, channels, channels)?,
            attention: shape
                .mid_attention
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

pub(super) struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    mid: MidBlock,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    pub(super) fn load(shape: &Shape, params: &Params) -> Result<Self> {
        let channels = &shape.encoder;
        let groups = shape.groups;
        let last = channels.len() - 1;
        let mut levels = Vec::with_capacity(channels.len());
        for (index, &outputs) in channels.iter().enumerate() {
            let level = params.at("down_blocks").at(index);
            let inputs = channels[index.saturating_sub(1)];
            levels.push(Level {
                resnets: Level::resnets(&level, groups, shape.layers_per_block, (inputs, outputs))?,
                resample: (index < last)
                    .then(|| Conv2d::load_downsampling(&level.at("downsamplers.0.conv"), outputs))
                    .transpose()?,
            });
        }
        let deepest = channels[last];
        Ok(Self {
            conv_in: Conv2d::load(&params.at("conv_in"), COLOURS, channels[0], 3)?,
            levels,
            mid: MidBlock::load(&params.at("mid_block"), shape, deepest)?,
            norm_out: GroupNorm::load(
                &params.at("conv_norm_out"),
                groups,
                deepest,
                GROUP_NORM_EPS,
            )?,
            conv_out: Conv2d::load(&params.at("conv_out"), deepest, 2 * shape.latent_channels, 3)?,
        })
    }

    pub(super) fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
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

pub(super) struct Decoder {
    conv_in: Conv2d,
    mid: MidBlock,
    levels: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    pub(super) fn load(shape: &Shape, params: &Params) -> Result<Self> {
        let channels: Vec<usize> = shape.decoder.iter().rev().copied().collect();
        let groups = shape.groups;
        let last = channels.len() - 1;
        let mut levels = Vec::with_capacity(channels.len());
        for (index, &outputs) in channels.iter().enumerate() {
            let level = params.at("up_blocks").at(index);
            let inputs = channels[index.saturating_sub(1)];
            levels.push(Level {
                resnets: Level::resnets(
                    &level,
                    groups,
                    shape.layers_per_block + 1,
                    (inputs, outputs),
                )?,
                resample: (index < last)
                    .then(|| Conv2d::load(&level.at("upsamplers.0.conv"), outputs, outputs, 3))
                    .transpose()?,
            });
        }
        Ok(Self {
            conv_in: Conv2d::load(&params.at("conv_in"), shape.latent_channels, channels[0], 3)?,
            mid: MidBlock::load(&params.at("mid_block"), shape, channels[0])?,
            levels,
            norm_out: GroupNorm::load(
                &params.at("conv_norm_out"),
                groups,
                channels[last],
                GROUP_NORM_EPS,
            )?,
            conv_out: Conv2d::load(&params.at("conv_out"), channels[last], COLOURS, 3)?,
        })
    }

    pub(super) fn forward(&self, latents: &Tensor) -> Result<Tensor> {
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
