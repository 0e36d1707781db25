//! The text half of CLIP, of which FLUX.1 reads one vector for a whole prompt.
//!
//! The network is that of candle-transformers; what is here is how it is told, and which of its
//! tokens speaks for the prompt.

use candle_core::{DType, Device, Result, Tensor};
use candle_transformers::models::clip::text_model::{
    Activation, ClipTextConfig, ClipTextTransformer,
};
use nn::Params;
use serde::Deserialize;

use super::{Tokens, token_ids};
use crate::config::{Parsed, count, demand, parse, shape, within};

/// Channels of a head in every published model.
const HEAD_DIM: usize = 64;
/// The end of a prompt as older configurations give it: wrong, and then the highest token is meant.
const OLD_END: u32 = 2;

/// The numbers of a CLIP text encoder, from `text_encoder/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `clip_text_model`.
    #[serde(default)]
    pub model_type: String,
    /// Channels of a token.
    pub hidden_size: usize,
    /// Inner channels of the feed-forward part.
    pub intermediate_size: usize,
    /// Blocks.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Tokens that are read; what is longer loses its end.
    pub max_position_embeddings: usize,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// The token that ends a prompt.
    #[serde(default = "old_end")]
    pub eos_token_id: u32,
    /// Always `quick_gelu`.
    #[serde(default = "quick_gelu")]
    pub hidden_act: String,
    /// Of every normalisation; always 1e-5.
    #[serde(default = "eps")]
    pub layer_norm_eps: f64,
}

fn old_end() -> u32 {
    OLD_END
}
fn quick_gelu() -> String {
    "quick_gelu".into()
}
fn eps() -> f64 {
    1e-5
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no CLIP text encoder of the kind that FLUX.1 reads with, or its numbers contradict
    /// each other.
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
        let [vocab_size, hidden_size] = shape(params, "embeddings.token_embedding.weight")?;
        let [max_position_embeddings, _] = shape(params, "embeddings.position_embedding.weight")?;
        let [intermediate_size, _] = shape(params, "encoder.layers.0.mlp.fc1.weight")?;
        let config = Self {
            model_type: String::new(),
            hidden_size,
            intermediate_size,
            num_hidden_layers: count(params, |i| format!("encoder.layers.{i}.layer_norm1.weight")),
            num_attention_heads: like
                .filter(|like| like.hidden_size == hidden_size)
                .map_or(hidden_size / HEAD_DIM, |like| like.num_attention_heads),
            max_position_embeddings,
            vocab_size,
            eos_token_id: OLD_END,
            hidden_act: quick_gelu(),
            layer_norm_eps: eps(),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        demand(
            matches!(self.model_type.as_str(), "" | "clip_text_model" | "clip"),
            &format!("it describes a `{}` text encoder, not CLIP", self.model_type),
        )?;
        within("hidden_size", self.hidden_size, 1 << 14)?;
        within("intermediate_size", self.intermediate_size, 1 << 16)?;
        within("num_hidden_layers", self.num_hidden_layers, 512)?;
        within("num_attention_heads", self.num_attention_heads, 512)?;
        within("max_position_embeddings", self.max_position_embeddings, 1 << 12)?;
        within("vocab_size", self.vocab_size, 1 << 20)?;
        demand(
            self.hidden_size.is_multiple_of(self.num_attention_heads),
            "`num_attention_heads` does not divide `hidden_size`",
        )?;
        demand(self.hidden_act == "quick_gelu", "`hidden_act` is not that of CLIP-L")?;
        demand((self.layer_norm_eps - eps()).abs() < 1e-9, "`layer_norm_eps` is not that of CLIP-L")
    }

    fn network(&self) -> ClipTextConfig {
        ClipTextConfig {
            vocab_size: self.vocab_size,
            embed_dim: self.hidden_size,
            activation: Activation::QuickGelu,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            pad_with: None,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            projection_dim: self.hidden_size,
        }
    }
}

/// A CLIP text encoder, unpacked: it is small beside everything else.
pub struct Clip {
    config: Config,
    network: ClipTextTransformer,
    device: Device,
}

impl Clip {
    /// Loads all blocks, in f32.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let params = params.with_dtype(DType::F32);
        let network = ClipTextTransformer::new(params.unpacked(), &config.network())?;
        Ok(Self { config, network, device: params.device().clone() })
    }

    /// Each prompt as a whole, `[b, hidden_size]`: its last token, which has seen all the others,
    /// behind the last norm.
    ///
    /// # Errors
    /// If a token is outside the vocabulary, or there are more than the model has places for.
    pub fn pooled(&self, tokens: &Tokens) -> Result<Tensor> {
        let ids = token_ids(tokens, self.config.vocab_size, &self.device)?;
        // Padding stands behind the end, where nothing that matters sees it.
        let states = self.network.forward_with_mask(&ids, usize::MAX)?;
        let rows = tokens
            .ids
            .iter()
            .enumerate()
            .map(|(row, ids)| states.get(row)?.get(self.config.end(ids)))
            .collect::<Result<Vec<_>>>()?;
        Tensor::stack(&rows, 0)
    }
}

impl Config {
    /// Where a prompt ends.
    fn end(&self, ids: &[u32]) -> usize {
        let end = match self.eos_token_id {
            OLD_END => ids.iter().max().copied(),
            end => Some(end),
        };
        ids.iter().position(|id| Some(*id) == end).unwrap_or(0)
    }
}
