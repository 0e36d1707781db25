//! The numbers of a Qwen-Image-Layered transformer, from `transformer/config.json`.

use nn::Params;
use serde::Deserialize;

use crate::config::{ConfigError, Parsed, count, demand, parse, shape, within};

/// Of every normalisation; not in the configuration.
pub(super) const EPS: f64 = 1e-6;
/// Channels of the timestep's sinusoid; not in the configuration.
pub(super) const TIMESTEP_CHANNELS: usize = 256;
/// Base of the rotary frequencies; not in the configuration.
pub(super) const ROPE_THETA: f32 = 10_000.0;

/// As diffusers saves it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `QwenImageTransformer2DModel`.
    #[serde(rename = "_class_name", default)]
    pub class_name: String,
    /// Latent positions of a token, each way; always 2.
    #[serde(default = "two")]
    pub patch_size: usize,
    /// Channels of a token.
    pub in_channels: usize,
    /// Channels of a latent position in the prediction.
    pub out_channels: usize,
    /// Blocks.
    pub num_layers: usize,
    /// Channels of an attention head.
    pub attention_head_dim: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Channels of a text token.
    pub joint_attention_dim: usize,
    /// Channels of a head for each position axis: layer, row, column.
    pub axes_dims_rope: [usize; 3],
    /// Whether the model takes the guidance scale as an input; never so here.
    #[serde(default)]
    pub guidance_embeds: bool,
    /// Whether the condition is modulated at time 0, as in the editing models of the family.
    #[serde(default)]
    pub zero_cond_t: bool,
    /// Whether time is joined by a flag, which tells layered models.
    #[serde(default)]
    pub use_additional_t_cond: bool,
    /// Whether layers have positions, which tells layered models.
    #[serde(default)]
    pub use_layer3d_rope: bool,
}

fn two() -> usize {
    2
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no Qwen-Image-Layered transformer, or its numbers contradict each other.
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
        let [width, in_channels] = shape(params, "img_in.weight")?;
        let [_, joint_attention_dim] = shape(params, "txt_in.weight")?;
        let [outputs, _] = shape(params, "proj_out.weight")?;
        let [attention_head_dim] = shape(params, "transformer_blocks.0.attn.norm_q.weight")?;
        within("attention_head_dim", attention_head_dim, 1024)?;
        let axes = like.map(|like| like.axes_dims_rope);
        let axes = axes.filter(|axes| axes.iter().sum::<usize>() == attention_head_dim);
        let axes = axes.or((attention_head_dim == 128).then_some([16, 56, 56]));
        let is_layered = params.contains("time_text_embed.addition_t_embedding.weight");
        let config = Self {
            class_name: String::new(),
            patch_size: 2,
            in_channels,
            out_channels: outputs / 4,
            num_layers: count(params, |i| format!("transformer_blocks.{i}.attn.norm_q.weight")),
            attention_head_dim,
            num_attention_heads: width / attention_head_dim,
            joint_attention_dim,
            axes_dims_rope: axes.ok_or_else(|| {
                ConfigError(format!(
                    "how heads of {attention_head_dim} channels turn with positions is not known"
                ))
            })?,
            guidance_embeds: false,
            zero_cond_t: false,
            use_additional_t_cond: is_layered,
            use_layer3d_rope: is_layered,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        let config = self;
        demand(
            matches!(config.class_name.as_str(), "" | "QwenImageTransformer2DModel"),
            &format!("it describes a `{}`, not a Qwen-Image transformer", config.class_name),
        )?;
        demand(
            config.use_additional_t_cond && config.use_layer3d_rope,
            "it describes a Qwen-Image model that paints pictures, not layers",
        )?;
        demand(
            !config.zero_cond_t && !config.guidance_embeds,
            "it describes a variant of Qwen-Image that is not supported",
        )?;
        within("in_channels", config.in_channels, 4096)?;
        within("out_channels", config.out_channels, 1024)?;
        within("num_layers", config.num_layers, 512)?;
        within("attention_head_dim", config.attention_head_dim, 1024)?;
        within("num_attention_heads", config.num_attention_heads, 512)?;
        within("joint_attention_dim", config.joint_attention_dim, 1 << 17)?;
        demand(config.patch_size == 2, "`patch_size` other than 2 is not supported")?;
        demand(
            config.in_channels == 4 * config.out_channels,
            "`in_channels` is not four times `out_channels`",
        )?;
        demand(
            config
                .axes_dims_rope
                .iter()
                .all(|dim| dim % 2 == 0 && *dim <= config.attention_head_dim)
                && config.axes_dims_rope.iter().sum::<usize>() == config.attention_head_dim,
            "`axes_dims_rope` does not add up to `attention_head_dim`",
        )
    }

    /// The model's width.
    #[must_use]
    pub fn width(&self) -> usize {
        self.num_attention_heads * self.attention_head_dim
    }
}
