//! From texts to tokens by a model's own tokenizer.

use std::path::Path;

use models::text_encoders::Tokens;
use tokenizers::Tokenizer;

use crate::{Error, Result, clip_tokenizer};

const PADDING: &str = "<|endoftext|>";

/// A model's tokenizer.
pub(crate) struct PromptTokenizer {
    tokenizer: Tokenizer,
    padding: u32,
}

impl PromptTokenizer {
    /// Reads `tokenizer.json` in a tokenizer's folder.
    ///
    /// # Errors
    /// If it is missing, damaged, or knows no padding token.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Self::open_padding_by(folder, PADDING)
    }

    /// As [`Self::open`], for a model with another padding token. Where there is no `tokenizer.json`,
    /// vocabulary and merges are read as those of CLIP, which is published like that.
    pub(crate) fn open_padding_by(folder: &Path, padding: &str) -> Result<Self> {
        let mut path = folder.join("tokenizer.json");
        let published = clip_tokenizer::files(folder);
        if !path.is_file() && !published.iter().all(|file| file.is_file()) {
            return Err(Error::ModelMissing(format!("`{}` is missing", path.display())));
        }
        let is_one_file = path.is_file();
        if !is_one_file {
            path.clone_from(&published[0]);
        }
        let damaged = |reason: String| {
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            Error::ModelBroken(format!("`{}` is damaged: {reason}", path.display()))
        };
        let tokenizer = match is_one_file {
            true => Tokenizer::from_file(&path),
            false => clip_tokenizer::read(&published),
        };
        let mut tokenizer = tokenizer.map_err(|error| damaged(error.to_string()))?;
        // Padding and cutting are done here, to the length that the request asks for.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| damaged(error.to_string()))?;
        let padding = tokenizer
            .token_to_id(padding)
            .ok_or_else(|| damaged(format!("it knows no `{padding}`")))?;
        Ok(Self { tokenizer, padding })
    }

    /// Tokens of each prompt in FLUX.2-klein's chat template, cut or padded on the right to `length`.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub(crate) fn encode(&self, prompts: &[&str], length: usize) -> Result<Tokens> {
        let rows = prompts
            .iter()
            .map(|prompt| {
                let mut ids = self.ids(&format!(
                    "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
                ))?;
                ids.truncate(length);
                Ok(ids)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(self.pad(rows, length))
    }

    /// Tokens of each prompt with the marks that the tokenizer sets at its ends, cut or padded on the
    /// right to `length`; what is cut keeps its last mark.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub(crate) fn encode_marked(&self, prompts: &[&str], length: usize) -> Result<Tokens> {
        let rows = prompts
            .iter()
            .map(|prompt| {
                let mut ids = self.encoded(prompt, true)?;
                if ids.len() > length {
                    let last = ids.pop();
                    ids.truncate(length.saturating_sub(1));
                    ids.extend(last);
                }
                Ok(ids)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(self.pad(rows, length))
    }

    /// Tokens of texts, padded on the right to the longest.
    ///
    /// # Errors
    /// If the tokenizer refuses a text.
    pub(crate) fn encode_whole(&self, texts: &[String]) -> Result<Tokens> {
        let rows = texts.iter().map(|text| self.ids(text)).collect::<Result<Vec<_>>>()?;
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        Ok(self.pad(rows, longest))
    }

    /// Tokens of a text as it is.
    ///
    /// # Errors
    /// If the tokenizer refuses it.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        self.encoded(text, false)
    }

    fn encoded(&self, text: &str, with_marks: bool) -> Result<Vec<u32>> {
        let encoding = self
            .tokenizer
            .encode(text, with_marks)
            .map_err(|error| Error::ModelBroken(format!("the tokenizer failed: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens, without special ones.
    ///
    /// # Errors
    /// If a token is unknown.
    pub(crate) fn text(&self, ids: &[u32]) -> Result<String> {
        self.tokenizer
            .decode(ids, true)
            .map_err(|error| Error::ModelBroken(format!("the tokenizer failed: {error}")))
    }

    fn pad(&self, rows: Vec<Vec<u32>>, length: usize) -> Tokens {
        let mut tokens = Tokens { ids: Vec::new(), padding: Vec::new() };
        for mut ids in rows {
            let real = ids.len();
            ids.resize(length, self.padding);
            tokens.ids.push(ids);
            tokens.padding.push((0..length).map(|index| index >= real).collect());
        }
        tokens
    }
}
