//! The encoder of T5 1.1: every token sees every other, at a distance that each head weighs.
//!
//! Tensor names and order of operations as in transformers' `T5EncoderModel` 5.

use candle_core::{DType, Device, Result, Tensor};
use nn::{Embedding, Linear, Params, Probe, RmsNorm, attention};
use serde::Deserialize;

use super::{Tokens, token_ids};
use crate::config::{Parsed, count, demand, parse, shape, within};

/// Where heads learn how far away tokens are.
const DISTANCES: &str = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias";

/// The numbers of a T5 encoder, from `text_encoder_2/config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Always `t5`.
    #[serde(default)]
    pub model_type: String,
    /// Channels of a token.
    pub d_model: usize,
    /// Channels of an attention head.
    pub d_kv: usize,
    /// Inner channels of the feed-forward part.
    pub d_ff: usize,
    /// Blocks.
    pub num_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Kinds of distances between tokens.
    #[serde(default = "buckets")]
    pub relative_attention_num_buckets: usize,
    /// Tokens further away count as this far.
    #[serde(default = "max_distance")]
    pub relative_attention_max_distance: usize,
    /// Of every normalisation.
    #[serde(default = "eps")]
    pub layer_norm_epsilon: f64,
    /// Always `gated-gelu`: what makes 1.1 of T5.
    #[serde(default = "gated_gelu")]
    pub feed_forward_proj: String,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
}

fn buckets() -> usize {
    32
}
fn max_distance() -> usize {
    128
}
fn eps() -> f64 {
    1e-6
}
fn gated_gelu() -> String {
    "gated-gelu".into()
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// If it is no T5 1.1 model, or its numbers contradict each other.
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
        let block = "encoder.block.0.layer";
        let [vocab_size, d_model] = shape(params, &format!("{}.weight", table(params)))?;
        let [queries, _] = shape(params, &format!("{block}.0.SelfAttention.q.weight"))?;
        let [relative_attention_num_buckets, num_heads] =
            shape(params, &format!("{DISTANCES}.weight"))?;
        let [d_ff, _] = shape(params, &format!("{block}.1.DenseReluDense.wi_0.weight"))?;
        within("num_heads", num_heads, 512)?;
        let config = Self {
            model_type: String::new(),
            d_model,
            d_kv: queries / num_heads,
            d_ff,
            num_layers: count(params, |i| format!("encoder.block.{i}.layer.0.layer_norm.weight")),
            num_heads,
            relative_attention_num_buckets,
            relative_attention_max_distance: like
                .map_or_else(max_distance, |like| like.relative_attention_max_distance),
            layer_norm_epsilon: like.map_or_else(eps, |like| like.layer_norm_epsilon),
            feed_forward_proj: gated_gelu(),
            vocab_size,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Parsed<()> {
        demand(
            matches!(self.model_type.as_str(), "" | "t5"),
            &format!("it describes a `{}` text encoder, not T5", self.model_type),
        )?;
        demand(
            self.feed_forward_proj == "gated-gelu",
            &format!("`feed_forward_proj` is `{}`, not that of T5 1.1", self.feed_forward_proj),
        )?;
        within("d_model", self.d_model, 1 << 16)?;
        within("d_kv", self.d_kv, 1024)?;
        within("d_ff", self.d_ff, 1 << 18)?;
        within("num_layers", self.num_layers, 512)?;
        within("num_heads", self.num_heads, 512)?;
        within("vocab_size", self.vocab_size, 1 << 20)?;
        let (buckets, far) =
            (self.relative_attention_num_buckets, self.relative_attention_max_distance);
        within("relative_attention_num_buckets", buckets, 1 << 12)?;
        within("relative_attention_max_distance", far, 1 << 16)?;
        demand(
            buckets.is_multiple_of(4) && far > buckets / 4,
            "`relative_attention_num_buckets` and `relative_attention_max_distance` do not fit together",
        )?;
        demand(
            self.layer_norm_epsilon > 0.0 && self.layer_norm_epsilon < 1.0,
            "`layer_norm_epsilon` is not between 0 and 1",
        )
    }
}

/// What the table of tokens is called: both names are in use, some files have both.
fn table(params: &Params) -> &'static str {
    let own = "encoder.embed_tokens";
    if params.contains(&format!("{own}.weight")) && !params.contains("shared.weight") {
        own
    } else {
        "shared"
    }
}

/// Whether a weight is read whole; of the table of tokens, that is a few rows.
#[must_use]
pub fn is_read(name: &str) -> bool {
    name.starts_with("encoder.block.")
}

struct Block {
    attention_norm: RmsNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    feed_forward_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
    heads: usize,
}

impl Block {
    fn load(params: &Params, config: &Config) -> Result<Self> {
        let (width, inner, eps) = (config.d_model, config.d_ff, config.layer_norm_epsilon);
        let all_heads = config.num_heads * config.d_kv;
        let (attention, feed_forward) = (params.at("layer.0"), params.at("layer.1"));
        let project = |name: &str, inputs, outputs| {
            Linear::load(&attention.at("SelfAttention").at(name), inputs, outputs)
        };
        let dense = |name: &str, inputs, outputs| {
            Linear::load(&feed_forward.at("DenseReluDense").at(name), inputs, outputs)
        };
        Ok(Self {
            attention_norm: RmsNorm::load(&attention.at("layer_norm"), width, eps)?,
            q: project("q", width, all_heads)?,
            k: project("k", width, all_heads)?,
            v: project("v", width, all_heads)?,
            o: project("o", all_heads, width)?,
            feed_forward_norm: RmsNorm::load(&feed_forward.at("layer_norm"), width, eps)?,
            gate: dense("wi_0", width, inner)?,
            up: dense("wi_1", width, inner)?,
            down: dense("wo", inner, width)?,
            heads: config.num_heads,
        })
    }

    /// `x [b, n, d_model]`, `distances [1, heads, n, n]`.
    fn forward(&self, x: &Tensor, distances: &Tensor) -> Result<Tensor> {
        let x = (x + self.attend(&self.attention_norm.forward(x)?, distances)?)?;
        let normed = self.feed_forward_norm.forward(&x)?;
        // `gelu` is the approximation by tanh, which T5 calls new.
        let inner = (self.gate.forward(&normed)?.gelu()? * self.up.forward(&normed)?)?;
        &x + self.down.forward(&inner)?
    }

    fn attend(&self, x: &Tensor, distances: &Tensor) -> Result<Tensor> {
        let (b, n, _) = x.dims3()?;
        let split = |x: Tensor| {
            x.reshape((b, n, self.heads, ()))?.transpose(1, 2)?.contiguous() // [b, heads, n, d_kv]
        };
        let q = split(self.q.forward(x)?)?;
        // T5 does not scale its scores, and attention here always does.
        let q = (&q * (q.dim(3)? as f64).sqrt())?;
        let (k, v) = (split(self.k.forward(x)?)?, split(self.v.forward(x)?)?);
        let attended = attention::sdpa(&q, &k, &v, attention::Mask::Additive(distances))?;
        self.o.forward(&attended.transpose(1, 2)?.flatten_from(2)?)
    }
}

/// The encoder of a T5 1.1 model.
pub struct T5 {
    config: Config,
    embedding: Embedding,
    distances: Tensor, // [buckets, heads] in f32
    blocks: Vec<Block>,
    norm: RmsNorm,
    dtype: DType,
    device: Device,
}

impl T5 {
    /// Loads all blocks. Activations are f32 on a processor, and wherever `params` ask for f16, which
    /// ends before this model's activations do.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let is_narrow = params.device().is_cpu() || params.dtype() == DType::F16;
        let params = if is_narrow { params.with_dtype(DType::F32) } else { params.clone() };
        let blocks = params.at("encoder.block");
        let distances = params
            .at(DISTANCES)
            .tensor("weight", (config.relative_attention_num_buckets, config.num_heads))?;
        Ok(Self {
            embedding: Embedding::load(
                &params.at(table(&params)),
                config.vocab_size,
                config.d_model,
            )?,
            distances: distances.to_dtype(DType::F32)?,
            blocks: (0..config.num_layers)
                .map(|index| Block::load(&blocks.at(index), &config))
                .collect::<Result<_>>()?,
            norm: RmsNorm::load(
                &params.at("encoder.final_layer_norm"),
                config.d_model,
                config.layer_norm_epsilon,
            )?,
            dtype: params.dtype(),
            device: params.device().clone(),
            config,
        })
    }

    /// The last hidden state, `[b, n, d_model]`. Padding is read like any other token, as the
    /// pipeline of FLUX.1 does.
    ///
    /// # Errors
    /// If a token is outside the vocabulary.
    pub fn hidden_states(&self, tokens: &Tokens, probe: &mut dyn Probe) -> Result<Tensor> {
        let ids = token_ids(tokens, self.config.vocab_size, &self.device)?;
        let distances = self.distances(ids.dim(1)?)?;
        let mut x = self.embedding.forward(&ids)?.to_dtype(self.dtype)?;
        probe.see("t5.0", &x)?;
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, &distances)?;
            probe.see(&format!("t5.{}", index + 1), &x)?;
        }
        self.norm.forward(&x)
    }

    /// What each head adds to the score of a query and a key, `[1, heads, n, n]`.
    fn distances(&self, length: usize) -> Result<Tensor> {
        let buckets: Vec<u32> = (0..length as i64)
            .flat_map(|query| (0..length as i64).map(move |key| key - query))
            .map(|distance| self.config.bucket(distance))
            .collect();
        let buckets = Tensor::from_vec(buckets, length * length, &self.device)?;
        self.distances
            .index_select(&buckets, 0)?
            .reshape((length, length, self.config.num_heads))?
            .permute((2, 0, 1))?
            .unsqueeze(0)?
            .contiguous()
    }
}

impl Config {
    /// The kind of a distance: near ones each have their own, far ones share, more of them the
    /// farther away; keys behind the query are counted apart from those before it.
    fn bucket(&self, distance: i64) -> u32 {
        let half = self.relative_attention_num_buckets / 2;
        let start = if distance > 0 { half } else { 0 };
        let (near, distance) = (half / 2, distance.unsigned_abs() as usize);
        if distance < near {
            return (start + distance) as u32;
        }
        // In f32, as the reference rounds.
        let steps = (distance as f32 / near as f32).ln()
            / (self.relative_attention_max_distance as f64 / near as f64).ln() as f32
            * (half - near) as f32;
        (start + (near + steps as usize).min(half - 1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_distances_have_a_kind_of_their_own_and_far_ones_share() {
        let config = Config::parse(
            r#"{"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2, "vocab_size": 9}"#,
        )
        .unwrap();
        let kinds = [0, -1, -7, -8, -11, -12, -127, -5000, 1, 7, 8, 5000].map(|d| config.bucket(d));
        assert_eq!(kinds, [0, 1, 7, 8, 8, 9, 15, 15, 17, 23, 24, 31]);
    }
}
