//! CLIP's tokenizer as it is published: a vocabulary and the merges of byte pairs.
//!
//! What surrounds them is as in transformers' `CLIPTokenizer` 5.

use std::path::{Path, PathBuf};

use tokenizers::{
    AddedToken, Tokenizer,
    models::bpe::BPE,
    normalizers::{self, Lowercase, NFC, Replace, replace::ReplacePattern},
    pre_tokenizers::{
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
    processors::roberta::RobertaProcessing,
    tokenizer::SplitDelimiterBehavior,
};

const START: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";
/// Words as CLIP cuts them; spaces between them are lost.
const WORDS: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Vocabulary and merges in a tokenizer's folder.
pub(crate) fn files(folder: &Path) -> [PathBuf; 2] {
    ["vocab.json", "merges.txt"].map(|name| folder.join(name))
}

/// Reads them.
///
/// # Errors
/// If they are damaged or do not belong together.
pub(crate) fn read([vocabulary, merges]: &[PathBuf; 2]) -> tokenizers::Result<Tokenizer> {
    let pairs = BPE::from_file(&vocabulary.to_string_lossy(), &merges.to_string_lossy())
        .unk_token(END.into())
        .end_of_word_suffix("</w>".into())
        .build()?;
    let mut tokenizer = Tokenizer::new(pairs);
    tokenizer.with_normalizer(Some(normalizers::Sequence::new(vec![
        NFC.into(),
        Replace::new(ReplacePattern::Regex(r"\s+".into()), " ")?.into(),
        Lowercase.into(),
    ])))?;
    let words =
        Split::new(SplitPattern::Regex(WORDS.into()), SplitDelimiterBehavior::Removed, true)?;
    let bytes = ByteLevel::default().add_prefix_space(false);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![words.into(), bytes.into()])));
    let marks = [START, END].map(|mark| AddedToken::from(mark, true));
    tokenizer.add_special_tokens(marks)?;
    let id = |mark: &str| {
        let id = tokenizer.token_to_id(mark);
        id.map(|id| (mark.to_owned(), id)).ok_or_else(|| format!("it knows no `{mark}`"))
    };
    let marked =
        RobertaProcessing::new(id(END)?, id(START)?).trim_offsets(false).add_prefix_space(false);
    tokenizer.with_post_processor(Some(marked));
    Ok(tokenizer)
}
