//! Qwen3, read up to the last hidden state that is asked for.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{Embedding, Params, Probe, attention, rotary::Table};
use serde::Deserialize;

use super::{
    Tokens,
    decoder::{Block, Shape},
    token_ids,
};
use crate::config::{Parsed, count, demand, parse, shape, within};

/// The numbers of a Qwen3 model, from `text_encoder/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `qwen3`.
    #[serde(default)]
    pub model_type: String,
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
    /// Channels of a head; heads · head_dim need not be `hidden_size`.
    pub head_dim: usize,
    /// Of every normalisation.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies, where transformers 4 writes it.
    #[serde(default)]
    pub rope_theta: Option<f64>,
    /// Where transformers 5 writes it.
    #[serde(default)]
    pub rope_parameters: Option<RopeParameters>,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
}

/// The part of transformers 5's layout that is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RopeParameters {
    /// Base of the rotary frequencies.
    #[serde(default)]
    pub rope_theta: Option<f64>,
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no Qwen3 model, or its numbers contradict each other.
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
        let block = |name: &str| format!("model.layers.0.{name}.weight");
        let [vocab_size, hidden_size] = shape(params, "model.embed_tokens.weight")?;
        let [head_dim] = shape(params, &block("self_attn.q_norm"))?;
        let [queries, _] = shape(params, &block("self_attn.q_proj"))?;
        let [keys, _] = shape(params, &block("self_attn.k_proj"))?;
        let [intermediate_size, _] = shape(params, &block("mlp.gate_proj"))?;
        within("head_dim", head_dim, 1024)?;
        let config = Self {
            model_type: String::new(),
            hidden_size,
            intermediate_size,
            num_hidden_layers: count(params, |i| {
                format!("model.layers.{i}.self_attn.q_norm.weight")
            }),
            num_attention_heads: queries / head_dim,
            num_key_value_heads: keys / head_dim,
            head_dim,
            rms_norm_eps: like.map_or(1e-6, |like| like.rms_norm_eps),
            rope_theta: like.map(Self::theta),
            rope_parameters: None,
            vocab_size,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        let config = self;
        demand(
            matches!(config.model_type.as_str(), "" | "qwen3"),
            &format!("it describes a `{}` text encoder, not Qwen3", config.model_type),
        )?;
        within("hidden_size", config.hidden_size, 1 << 16)?;
        within("intermediate_size", config.intermediate_size, 1 << 18)?;
        within("num_hidden_layers", config.num_hidden_layers, 512)?;
        within("num_attention_heads", config.num_attention_heads, 512)?;
        within("num_key_value_heads", config.num_key_value_heads, 512)?;
        within("head_dim", config.head_dim, 1024)?;
        within("vocab_size", config.vocab_size, 1 << 20)?;
        demand(config.head_dim.is_multiple_of(2), "`head_dim` is odd")?;
        demand(
            config.num_attention_heads.is_multiple_of(config.num_key_value_heads),
            "`num_key_value_heads` does not divide `num_attention_heads`",
        )?;
        demand(config.theta() > 1.0, "`rope_theta` is not above 1")?;
        demand(
            config.rms_norm_eps > 0.0 && config.rms_norm_eps < 1.0,
            "`rms_norm_eps` is not between 0 and 1",
        )
    }

    fn block(&self) -> Shape {
        Shape {
            width: self.hidden_size,
            inner: self.intermediate_size,
            q_heads: self.num_attention_heads,
            kv_heads: self.num_key_value_heads,
            head_dim: self.head_dim,
            eps: self.rms_norm_eps,
            has_bias: false,
            normalizes_heads: true,
        }
    }

    fn theta(&self) -> f64 {
        self.rope_theta
            .or_else(|| self.rope_parameters.as_ref().and_then(|rope| rope.rope_theta))
            .unwrap_or(1e6)
    }
}

/// Whether a weight is read whole by a model of the first `depth` blocks.
#[must_use]
pub fn is_read(name: &str, depth: usize) -> bool {
    let block = name.strip_prefix("model.layers.").and_then(|rest| rest.split('.').next());
    block.and_then(|block| block.parse::<usize>().ok()).is_some_and(|block| block < depth)
}

/// The first blocks of a Qwen3 model.
pub struct Qwen3 {
    config: Config,
    embedding: Embedding,
    blocks: Vec<Block>,
    dtype: DType,
    device: Device,
}

impl Qwen3 {
    /// Loads the embedding and the first `depth` blocks: what comes after is never read.
    ///
    /// # Errors
    /// If the model has fewer blocks, or a tensor is missing or of another shape.
    pub fn load(config: Config, depth: usize, params: &Params) -> Result<Self> {
        if depth > config.num_hidden_layers {
            candle_core::bail!(
                "the text encoder has {} blocks, {depth} are needed",
                config.num_hidden_layers
            );
        }
        let root = params.at("model");
        let embedding =
            Embedding::load(&root.at("embed_tokens"), config.vocab_size, config.hidden_size)?;
        let layers = root.at("layers");
        let blocks = (0..depth)
            .map(|index| Block::load(config.block(), &layers.at(index)))
            .collect::<Result<_>>()?;
        Ok(Self {
            config,
            embedding,
            blocks,
            dtype: params.dtype(),
            device: params.device().clone(),
        })
    }

    /// Hidden states after each number of blocks in `depths` (ascending), side by side:
    /// `[b, n, depths · hidden_size]`. No final norm.
    ///
    /// # Errors
    /// If a token is outside the vocabulary or a depth was not loaded.
    pub fn hidden_states(
        &self,
        tokens: &Tokens,
        depths: &[usize],
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let length = tokens.shape().1;
        let ids = token_ids(tokens, self.config.vocab_size, &self.device)?;
        let mask = attention::causal_mask(&tokens.padding, &self.device)?;
        let positions: Vec<[u32; 1]> = (0..length as u32).map(|position| [position]).collect();
        let rope =
            Table::new(&positions, [self.config.head_dim], self.config.theta(), &self.device)?;

        let mut x = self.embedding.forward(&ids)?.to_dtype(self.dtype)?;
        probe.see("hidden_states.0", &x)?;
        let mut kept = Vec::with_capacity(depths.len());
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, attention::Mask::Additive(&mask), &rope, None)?;
            probe.see(&format!("hidden_states.{}", index + 1), &x)?;
            if depths.contains(&(index + 1)) {
                kept.push(x.clone());
            }
        }
        if kept.len() != depths.len() {
            candle_core::bail!(
                "hidden states {depths:?} were asked for, {} blocks are loaded",
                self.blocks.len()
            );
        }
        Tensor::cat(&kept, D::Minus1)
    }
}
