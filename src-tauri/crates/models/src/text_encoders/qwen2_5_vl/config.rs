//! The numbers of the model, from `text_encoder/config.json` and `generation_config.json`.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::{ConfigError, Parsed, demand, parse, within},
    text_encoders::decoder::Shape,
};

/// Both halves.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The language model.
    pub text: TextConfig,
    /// The vision tower.
    pub vision: VisionConfig,
    /// The token whose embeddings a picture's features replace.
    pub image_token_id: u32,
}

/// The language model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextConfig {
    /// Channels of a token.
    pub hidden_size: usize,
    /// Inner channels of the feed-forward part.
    pub intermediate_size: usize,
    /// Blocks.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads, each serving several query heads.
    pub num_key_value_heads: usize,
    /// Of every normalisation.
    pub rms_norm_eps: f64,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Whether the output shares the embedding's weights.
    #[serde(default)]
    pub tie_word_embeddings: bool,
    #[serde(default)]
    rope_theta: Option<f64>,
    #[serde(default)]
    rope_scaling: Option<Rope>,
    #[serde(default)]
    rope_parameters: Option<Rope>,
    #[serde(default)]
    use_sliding_window: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Rope {
    #[serde(default)]
    mrope_section: Option<[usize; 3]>,
    #[serde(default)]
    rope_theta: Option<f64>,
}

/// The vision tower.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Channels of a patch.
    pub hidden_size: usize,
    /// Inner channels of the feed-forward part.
    pub intermediate_size: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Channels that the language model gets.
    pub out_hidden_size: usize,
    /// Pixels of a patch, each way.
    pub patch_size: usize,
    /// Patches that become one token, each way.
    pub spatial_merge_size: usize,
    /// Frames of a patch; a still picture is repeated.
    pub temporal_patch_size: usize,
    /// Pixels of an attention window, each way.
    pub window_size: usize,
    /// Blocks in which every patch sees every other.
    pub fullatt_block_indexes: Vec<usize>,
}

impl Config {
    /// Reads and checks `config.json`, in the layout of transformers 4 or 5.
    ///
    /// # Errors
    /// If it is no Qwen2.5-VL model, or its numbers contradict each other.
    pub fn parse(json: &str) -> Parsed<Self> {
        let file: Value = parse(json)?;
        let kind = file.get("model_type").and_then(Value::as_str).unwrap_or_default();
        demand(
            kind == "qwen2_5_vl",
            &format!("it describes a `{kind}` text encoder, not Qwen2.5-VL"),
        )?;
        let text: TextConfig = read(merged(&file))?;
        let vision: VisionConfig = read(file.get("vision_config").cloned().unwrap_or_default())?;
        let image_token_id = file
            .get("image_token_id")
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| ConfigError("`image_token_id` is missing".into()))?;
        text.check()?;
        vision.check()?;
        demand(
            vision.out_hidden_size == text.hidden_size,
            "`out_hidden_size` of the vision tower is not the language model's `hidden_size`",
        )?;
        Ok(Self { text, vision, image_token_id })
    }
}

/// The language model's numbers: beside the vision tower's, below `text_config`, or both.
fn merged(file: &Value) -> Value {
    let mut merged = file.clone();
    if let (Some(all), Some(text)) =
        (merged.as_object_mut(), file.get("text_config").and_then(Value::as_object))
    {
        let known = text.iter().filter(|(_, value)| !value.is_null());
        all.extend(known.map(|(key, value)| (key.clone(), value.clone())));
    }
    merged
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Parsed<T> {
    serde_json::from_value(value).map_err(|error| ConfigError(error.to_string()))
}

impl TextConfig {
    fn check(&self) -> Parsed<()> {
        within("hidden_size", self.hidden_size, 1 << 16)?;
        within("intermediate_size", self.intermediate_size, 1 << 18)?;
        within("num_hidden_layers", self.num_hidden_layers, 512)?;
        within("num_attention_heads", self.num_attention_heads, 512)?;
        within("num_key_value_heads", self.num_key_value_heads, 512)?;
        within("vocab_size", self.vocab_size, 1 << 20)?;
        demand(
            self.hidden_size.is_multiple_of(2 * self.num_attention_heads),
            "`num_attention_heads` does not divide `hidden_size` into heads of even size",
        )?;
        demand(
            self.num_attention_heads.is_multiple_of(self.num_key_value_heads),
            "`num_key_value_heads` does not divide `num_attention_heads`",
        )?;
        demand(
            self.mrope_section().iter().sum::<usize>() == self.head_dim() / 2,
            "`mrope_section` does not add up to half a head",
        )?;
        demand(self.rope_theta() > 1.0, "`rope_theta` is not above 1")?;
        demand(
            self.rms_norm_eps > 0.0 && self.rms_norm_eps < 1.0,
            "`rms_norm_eps` is not between 0 and 1",
        )?;
        demand(!self.use_sliding_window, "`use_sliding_window` is not supported")
    }

    /// Channels of a head.
    #[must_use]
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Frequencies that turn with time, row and column.
    pub(super) fn mrope_section(&self) -> [usize; 3] {
        let place = self.rope_parameters.as_ref().or(self.rope_scaling.as_ref());
        place.and_then(|rope| rope.mrope_section).unwrap_or([16, 24, 24])
    }

    pub(super) fn rope_theta(&self) -> f64 {
        let nested = |rope: &Option<Rope>| rope.as_ref().and_then(|rope| rope.rope_theta);
        self.rope_theta
            .or_else(|| nested(&self.rope_parameters))
            .or_else(|| nested(&self.rope_scaling))
            .unwrap_or(1e6)
    }

    pub(super) fn block(&self) -> Shape {
        Shape {
            width: self.hidden_size,
            inner: self.intermediate_size,
            q_heads: self.num_attention_heads,
            kv_heads: self.num_key_value_heads,
            head_dim: self.head_dim(),
            eps: self.rms_norm_eps,
            has_bias: true,
            normalizes_heads: false,
        }
    }
}

impl VisionConfig {
    fn check(&self) -> Parsed<()> {
        within("depth", self.depth, 512)?;
        within("hidden_size", self.hidden_size, 1 << 16)?;
        within("intermediate_size", self.intermediate_size, 1 << 18)?;
        within("num_heads", self.num_heads, 512)?;
        within("out_hidden_size", self.out_hidden_size, 1 << 16)?;
        within("patch_size", self.patch_size, 256)?;
        within("spatial_merge_size", self.spatial_merge_size, 16)?;
        within("temporal_patch_size", self.temporal_patch_size, 16)?;
        within("window_size", self.window_size, 1 << 14)?;
        demand(
            self.hidden_size.is_multiple_of(4 * self.num_heads),
            "`num_heads` does not divide the vision tower's `hidden_size` into quarters of heads",
        )?;
        demand(self.window_cells() > 0, "`window_size` is smaller than a token")
    }

    /// Tokens of an attention window, each way.
    pub(super) fn window_cells(&self) -> usize {
        self.window_size / self.patch_size / self.spatial_merge_size
    }

    /// Numbers of a patch: three colours in all its frames.
    #[must_use]
    pub fn patch_values(&self) -> usize {
        3 * self.temporal_patch_size * self.patch_size * self.patch_size
    }
}

/// How a caption is written, from `generation_config.json`. Sampling at the published, nearly zero
/// temperature is choosing the likeliest token, which is what is done here.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationConfig {
    /// How much less likely a token is that was already there; 1 is not at all.
    pub repetition_penalty: f32,
    /// Tokens that end a caption.
    pub eos: Vec<u32>,
}

impl GenerationConfig {
    /// Reads and checks `generation_config.json`.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn parse(json: &str) -> Parsed<Self> {
        let file: Value = parse(json)?;
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let eos = match file.get("eos_token_id") {
            Some(Value::Array(ids)) => ids.iter().filter_map(id).collect(),
            Some(value) => id(value).into_iter().collect(),
            None => Vec::new(),
        };
        let penalty = file.get("repetition_penalty").and_then(Value::as_f64).unwrap_or(1.0);
        demand((0.1..=10.0).contains(&penalty), "`repetition_penalty` is outside 0.1 to 10")?;
        Ok(Self { repetition_penalty: penalty as f32, eos })
    }
}
