//! The numbers of a FLUX.2 transformer, from `transformer/config.json`.

use serde::Deserialize;

use crate::config::{Parsed, demand, parse, within};

/// As diffusers saves it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `Flux2Transformer2DModel`.
    #[serde(rename = "_class_name", default)]
    pub class_name: String,
    /// Channels of a token.
    pub in_channels: usize,
    /// Channels of the prediction; absent means as many.
    #[serde(default)]
    pub out_channels: Option<usize>,
    /// Pixels of latents per token side; always 1.
    #[serde(default = "one")]
    pub patch_size: usize,
    /// Double-stream blocks.
    pub num_layers: usize,
    /// Single-stream blocks.
    pub num_single_layers: usize,
    /// Channels of an attention head.
    pub attention_head_dim: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Channels of a text token.
    pub joint_attention_dim: usize,
    /// Channels of the timestep's sinusoid.
    #[serde(default = "timestep_channels")]
    pub timestep_guidance_channels: usize,
    /// Width of the feed-forward part over the model's width.
    #[serde(default = "mlp_ratio")]
    pub mlp_ratio: f64,
    /// Channels of a head for each position axis.
    #[serde(default = "axes_dims")]
    pub axes_dims_rope: [usize; 4],
    /// Base of the rotary frequencies.
    #[serde(default = "rope_theta")]
    pub rope_theta: f64,
    /// Of every normalisation.
    #[serde(default = "eps")]
    pub eps: f64,
    /// Whether the model takes the guidance scale as an input; never so in klein.
    #[serde(default)]
    pub guidance_embeds: bool,
}

fn one() -> usize {
    1
}
fn timestep_channels() -> usize {
    256
}
fn mlp_ratio() -> f64 {
    3.0
}
fn axes_dims() -> [usize; 4] {
    [32; 4]
}
fn rope_theta() -> f64 {
    2000.0
}
fn eps() -> f64 {
    1e-6
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no FLUX.2 transformer, or its numbers contradict each other.
    pub fn parse(json: &str) -> Parsed<Self> {
        let config: Self = parse(json)?;
        demand(
            matches!(config.class_name.as_str(), "" | "Flux2Transformer2DModel"),
            &format!("it describes a `{}`, not a FLUX.2 transformer", config.class_name),
        )?;
        within("in_channels", config.in_channels, 4096)?;
        within("out_channels", config.out_channels(), 4096)?;
        within("num_layers", config.num_layers, 512)?;
        within("num_single_layers", config.num_single_layers, 512)?;
        within("attention_head_dim", config.attention_head_dim, 1024)?;
        within("num_attention_heads", config.num_attention_heads, 512)?;
        within("joint_attention_dim", config.joint_attention_dim, 1 << 17)?;
        within("timestep_guidance_channels", config.timestep_guidance_channels, 1 << 14)?;
        demand(config.patch_size == 1, "`patch_size` other than 1 is not supported")?;
        demand(
            config.timestep_guidance_channels.is_multiple_of(2),
            "`timestep_guidance_channels` is odd",
        )?;
        demand(
            config.mlp_ratio > 0.0 && config.mlp_ratio <= 64.0,
            "`mlp_ratio` is outside 0 to 64",
        )?;
        demand(
            config
                .axes_dims_rope
                .iter()
                .all(|dim| dim % 2 == 0 && *dim <= config.attention_head_dim)
                && config.axes_dims_rope.iter().sum::<usize>() == config.attention_head_dim,
            "`axes_dims_rope` does not add up to `attention_head_dim`",
        )?;
        demand(config.rope_theta > 1.0, "`rope_theta` is not above 1")?;
        demand(config.eps > 0.0 && config.eps < 1.0, "`eps` is not between 0 and 1")?;
        demand(
            !config.guidance_embeds,
            "models that take the guidance scale as an input (FLUX.2 dev) are not supported",
        )?;
        Ok(config)
    }

    /// The model's width.
    #[must_use]
    pub fn width(&self) -> usize {
        self.num_attention_heads * self.attention_head_dim
    }

    /// The width of the feed-forward part.
    #[must_use]
    pub fn mlp_width(&self) -> usize {
        (self.width() as f64 * self.mlp_ratio) as usize
    }

    /// Channels of the prediction.
    #[must_use]
    pub fn out_channels(&self) -> usize {
        self.out_channels.unwrap_or(self.in_channels)
    }
}
