//! The language model.

use candle_core::{DType, Device, Result, Tensor};
use nn::{Embedding, Linear, Params, Probe, RmsNorm, attention, rotary::Table};

use super::{Config, PatchGrid, VisionTower};
use crate::text_encoders::{
    Tokens,
    decoder::{Block, KeyValue},
};

/// A token's place: time, row and column; all the same in text.
pub type Position = [u32; 3];

/// The language model and, where captions are asked for, the vision tower.
pub struct Qwen25Vl {
    pub(super) config: Config,
    embedding: Embedding,
    blocks: Vec<Block>,
    norm: RmsNorm,
    head: Option<Linear>,
    pub(super) vision: Option<VisionTower>,
    dtype: DType,
    pub(super) device: Device,
}

impl Qwen25Vl {
    /// Loads the language model; `can_see` adds what captions need.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, can_see: bool, params: &Params) -> Result<Self> {
        let text = &config.text;
        // transformers 5 nests both halves; the published files do not.
        let nested = params.at("model.language_model");
        let is_nested = nested.contains("embed_tokens.weight");
        let root = if is_nested { nested } else { params.at("model") };
        let visual = if is_nested { params.at("model.visual") } else { params.at("visual") };
        let layers = root.at("layers");
        let head = match text.tie_word_embeddings {
            true => root.at("embed_tokens"),
            false => params.at("lm_head"),
        };
        Ok(Self {
            embedding: Embedding::load(
                &root.at("embed_tokens"),
                text.vocab_size,
                text.hidden_size,
            )?,
            blocks: (0..text.num_hidden_layers)
                .map(|index| Block::load(text.block(), &layers.at(index)))
                .collect::<Result<_>>()?,
            norm: RmsNorm::load(&root.at("norm"), text.hidden_size, text.rms_norm_eps)?,
            head: can_see
                .then(|| Linear::load(&head, text.hidden_size, text.vocab_size))
                .transpose()?,
            vision: can_see.then(|| VisionTower::load(&config.vision, &visual)).transpose()?,
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

    /// The last hidden states behind the final norm, `[b, n, hidden_size]`.
    ///
    /// # Errors
    /// If a token is outside the vocabulary.
    pub fn hidden_states(&self, tokens: &Tokens, probe: &mut dyn Probe) -> Result<Tensor> {
        let (_, length) = tokens.shape();
        let x = self.embed(&tokens.ids)?;
        let mask = attention::causal_mask(&tokens.padding, &self.device)?;
        let rope = self.rope(&positions(length, None).0)?;
        self.run(x, attention::Mask::Additive(&mask), &rope, None, probe)
    }

    /// Vectors of tokens, `[b, n, hidden_size]`.
    pub(super) fn embed(&self, ids: &[Vec<u32>]) -> Result<Tensor> {
        let shape = (ids.len(), ids.first().map_or(0, Vec::len));
        let ids = ids.concat();
        let known = self.config.text.vocab_size;
        if let Some(id) = ids.iter().find(|id| **id as usize >= known) {
            candle_core::bail!(
                "the tokenizer gives token {id}, the text encoder knows {known}: they do not belong together"
            );
        }
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        self.embedding.forward(&ids)?.to_dtype(self.dtype)
    }

    /// All blocks and the final norm; `past` grows by these tokens.
    pub(super) fn run(
        &self,
        mut x: Tensor,
        mask: attention::Mask<'_>,
        rope: &Table,
        mut past: Option<&mut Vec<KeyValue>>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        probe.see("hidden_states.0", &x)?;
        for (index, block) in self.blocks.iter().enumerate() {
            let past = past.as_mut().and_then(|past| past.get_mut(index));
            x = block.forward(&x, mask, rope, past)?;
            if index + 1 < self.blocks.len() {
                probe.see(&format!("hidden_states.{}", index + 1), &x)?;
            }
        }
        let x = self.norm.forward(&x)?;
        // The reference counts what lies behind the norm as the last one.
        probe.see(&format!("hidden_states.{}", self.blocks.len()), &x)?;
        Ok(x)
    }

    /// An empty past for every block.
    pub(super) fn no_past(&self) -> Vec<KeyValue> {
        vec![KeyValue::default(); self.blocks.len()]
    }

    /// How likely each token is to follow the last of `hidden [1, n, hidden_size]`, before softmax.
    pub(super) fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let Some(head) = &self.head else {
            candle_core::bail!("the text encoder was loaded without its vocabulary's head");
        };
        let last = hidden.narrow(1, hidden.dim(1)? - 1, 1)?.contiguous()?;
        head.forward(&last)?.flatten_all()?.to_dtype(DType::F32)
    }

    /// Rotary tables: the frequencies are shared out between time, row and column.
    pub(super) fn rope(&self, positions: &[Position]) -> Result<Table> {
        let text = &self.config.text;
        let half = text.head_dim() / 2;
        let theta = text.rope_theta() as f32;
        let axes = text.mrope_section();
        let axis_of: Vec<usize> =
            axes.iter().enumerate().flat_map(|(axis, &count)| vec![axis; count]).collect();
        let frequencies: Vec<f32> =
            (0..half).map(|j| 1.0 / theta.powf((2 * j) as f32 / (2 * half) as f32)).collect();
        let angles: Vec<f32> = positions
            .iter()
            .flat_map(|position| {
                axis_of.iter().zip(&frequencies).map(|(&axis, f)| position[axis] as f32 * f)
            })
            .collect();
        Table::from_angles(&angles, half, &self.device)
    }
}

/// Places of `length` tokens and the place of the next. A picture's tokens begin at the index of
/// `image` and cover its merged grid.
#[must_use]
pub fn positions(length: usize, image: Option<(usize, PatchGrid)>) -> (Vec<Position>, u32) {
    let mut places = Vec::with_capacity(length);
    let mut next = 0u32;
    while places.len() < length {
        match image {
            Some((start, grid)) if places.len() == start && grid.tokens() > 0 => {
                let (rows, columns) = (grid.merged_rows() as u32, grid.merged_columns() as u32);
                places.extend(
                    (0..rows).flat_map(|y| (0..columns).map(move |x| [next, next + y, next + x])),
                );
                next += rows.max(columns);
            }
            _ => {
                places.push([next; 3]);
                next += 1;
            }
        }
    }
    (places, next)
}
