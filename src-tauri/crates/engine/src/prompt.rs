//! From a prompt to padded tokens: the chat template of FLUX.2-klein and the model's own tokenizer.

use std::path::Path;

use models::text_encoders::qwen3::Tokens;
use tokenizers::Tokenizer;

use crate::{Error, Result};

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
        let path = folder.join("tokenizer.json");
        if !path.is_file() {
            return Err(Error::ModelMissing(format!("`{}` is missing", path.display())));
        }
        let damaged = |reason: String| {
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            Error::ModelBroken(format!("`{}` is damaged: {reason}", path.display()))
        };
        let mut tokenizer =
            Tokenizer::from_file(&path).map_err(|error| damaged(error.to_string()))?;
        // Padding and cutting are done here, to the length that the request asks for.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| damaged(error.to_string()))?;
        let padding = tokenizer
            .token_to_id(PADDING)
            .ok_or_else(|| damaged(format!("it knows no `{PADDING}`")))?;
        Ok(Self { tokenizer, padding })
    }

    /// Tokens of each prompt in the chat template, cut or padded on the right to `length`.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub(crate) fn encode(&self, prompts: &[&str], length: usize) -> Result<Tokens> {
        let mut tokens = Tokens { ids: Vec::new(), padding: Vec::new() };
        for prompt in prompts {
            let text = format!(
                "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
            );
            let encoding = self
                .tokenizer
                .encode(text, false)
                .map_err(|error| Error::ModelBroken(format!("the tokenizer failed: {error}")))?;
            let mut ids = encoding.get_ids().to_vec();
            ids.truncate(length);
            let real = ids.len();
            ids.resize(length, self.padding);
            tokens.ids.push(ids);
            tokens.padding.push((0..length).map(|index| index >= real).collect());
        }
        Ok(tokens)
    }
}
