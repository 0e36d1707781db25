//! The numbers of a FLUX.2 transformer, from `transformer/config.json`.

use nn::Params;
use serde::Deserialize;

use crate::config::{Parsed, count, demand, parse, shape, within};

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
        config.check()?;
        Ok(config)
    }

    /// What the shapes of weights tell; what they do not is as in `like` or in all published models.
    ///
    /// # Errors
    /// If a weight is missing, or its shape makes no sense.
    pub fn infer(params: &Params, like: Option<&Self>) -> Parsed<Self> {
        let [width, in_channels] = shape(params, "x_embedder.weight")?;
        let [_, joint_attention_dim] = shape(params, "context_embedder.weight")?;
        let [_, timestep_guidance_channels] =
            shape(params, "time_guidance_embed.timestep_embedder.linear_1.weight")?;
        let [attention_head_dim] = shape(params, "transformer_blocks.0.attn.norm_q.weight")?;
        let [inner, _] = shape(params, "transformer_blocks.0.ff.linear_in.weight")?;
        let [out_channels, _] = shape(params, "proj_out.weight")?;
        within("attention_head_dim", attention_head_dim, 1024)?;
        within("x_embedder", width, 1 << 20)?;
        let axes = like.map(|like| like.axes_dims_rope);
        let config = Self {
            class_name: String::new(),
            in_channels,
            out_channels: Some(out_channels),
            patch_size: 1,
            num_layers: count(params, |i| format!("transformer_blocks.{i}.attn.norm_q.weight")),
            num_single_layers: count(params, |i| {
                format!("single_transformer_blocks.{i}.attn.norm_q.weight")
            }),
            attention_head_dim,
            num_attention_heads: width / attention_head_dim,
            joint_attention_dim,
            timestep_guidance_channels,
            mlp_ratio: (inner / 2) as f64 / width as f64,
            axes_dims_rope: axes
                .filter(|axes| axes.iter().sum::<usize>() == attention_head_dim)
                .unwrap_or([attention_head_dim / 4; 4]),
            rope_theta: like.map_or_else(rope_theta, |like| like.rope_theta),
            eps: like.map_or_else(eps, |like| like.eps),
            guidance_embeds: params
                .contains("time_guidance_embed.guidance_embedder.linear_1.weight"),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        let config = self;
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
        )
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
