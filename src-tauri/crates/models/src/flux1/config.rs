//! The numbers of a FLUX.1 transformer, from `transformer/config.json`.

use nn::Params;
use serde::Deserialize;

use crate::config::{Parsed, count, demand, parse, shape, within};

/// Width of the feed-forward part over the model's width; no configuration says it.
const MLP_RATIO: usize = 4;

/// As diffusers saves it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `FluxTransformer2DModel`.
    #[serde(rename = "_class_name", default)]
    pub class_name: String,
    /// Channels of a token.
    #[serde(default = "in_channels")]
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
    /// Channels of the vector that stands for the whole text.
    pub pooled_projection_dim: usize,
    /// Whether the guidance scale is an input, as in dev.
    #[serde(default)]
    pub guidance_embeds: bool,
    /// Channels of a head for each position axis.
    #[serde(default = "axes_dims")]
    pub axes_dims_rope: [usize; 3],
}

fn in_channels() -> usize {
    64
}
fn one() -> usize {
    1
}
fn axes_dims() -> [usize; 3] {
    [16, 56, 56]
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no FLUX.1 transformer, or its numbers contradict each other.
    pub fn parse(json: &str) -> Parsed<Self> {
        let config: Self = parse(json)?;
        config.check()?;
        Ok(config)
    }

    /// What the shapes of weights tell; what they do not is as in `like` or in the published models.
    ///
    /// # Errors
    /// If a weight is missing, or its shape makes no sense.
    pub fn infer(params: &Params, like: Option<&Self>) -> Parsed<Self> {
        let [width, in_channels] = shape(params, "x_embedder.weight")?;
        let [_, joint_attention_dim] = shape(params, "context_embedder.weight")?;
        let [_, pooled_projection_dim] =
            shape(params, "time_text_embed.text_embedder.linear_1.weight")?;
        let [attention_head_dim] = shape(params, "transformer_blocks.0.attn.norm_q.weight")?;
        let [out_channels, _] = shape(params, "proj_out.weight")?;
        within("attention_head_dim", attention_head_dim, 1024)?;
        within("x_embedder", width, 1 << 20)?;
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
            pooled_projection_dim,
            guidance_embeds: params.contains("time_text_embed.guidance_embedder.linear_1.weight"),
            axes_dims_rope: like
                .map(|like| like.axes_dims_rope)
                .filter(|axes| axes.iter().sum::<usize>() == attention_head_dim)
                .unwrap_or_else(axes_dims),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        demand(
            matches!(self.class_name.as_str(), "" | "FluxTransformer2DModel"),
            &format!("it describes a `{}`, not a FLUX.1 transformer", self.class_name),
        )?;
        within("in_channels", self.in_channels, 4096)?;
        within("out_channels", self.out_channels(), 4096)?;
        within("num_layers", self.num_layers, 512)?;
        within("num_single_layers", self.num_single_layers, 512)?;
        within("attention_head_dim", self.attention_head_dim, 1024)?;
        within("num_attention_heads", self.num_attention_heads, 512)?;
        within("joint_attention_dim", self.joint_attention_dim, 1 << 17)?;
        within("pooled_projection_dim", self.pooled_projection_dim, 1 << 17)?;
        demand(self.patch_size == 1, "`patch_size` other than 1 is not supported")?;
        demand(
            self.in_channels == self.out_channels(),
            "it reads another picture beside the one it paints (FLUX.1 Fill, Canny or Depth), which is not supported; FLUX.1 schnell and dev work",
        )?;
        demand(
            self.axes_dims_rope.iter().all(|dim| dim % 2 == 0 && *dim <= self.attention_head_dim)
                && self.axes_dims_rope.iter().sum::<usize>() == self.attention_head_dim,
            "`axes_dims_rope` does not add up to `attention_head_dim`",
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
        self.width() * MLP_RATIO
    }

    /// Channels of the prediction.
    #[must_use]
    pub fn out_channels(&self) -> usize {
        self.out_channels.unwrap_or(self.in_channels)
    }
}
