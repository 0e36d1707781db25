//! What a file holds, told by the names and shapes inside, never by the file's own name.

use std::collections::BTreeSet;

/// The kinds of weights that models here are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The transformer of FLUX.2-klein.
    Flux2Transformer,
    /// The transformer of Qwen-Image-Layered.
    QwenImageLayeredTransformer,
    /// The text encoder of FLUX.2-klein.
    Qwen3,
    /// The text encoder of Qwen-Image-Layered.
    Qwen25Vl,
    /// The autoencoder of FLUX.2.
    Flux2Autoencoder,
    /// The autoencoder of Qwen-Image-Layered.
    QwenImageAutoencoder,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Flux2Transformer => "a FLUX.2 transformer",
            Self::QwenImageLayeredTransformer => "a Qwen-Image-Layered transformer",
            Self::Qwen3 => "a Qwen3 text encoder",
            Self::Qwen25Vl => "a Qwen2.5-VL text encoder",
            Self::Flux2Autoencoder => "a FLUX.2 autoencoder",
            Self::QwenImageAutoencoder => "a Qwen-Image autoencoder",
        })
    }
}

/// What names tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Weights of a model that is known.
    Known(Kind),
    /// Weights that nothing here can use: what they are.
    Other(&'static str),
    /// Nobody knows.
    Nothing,
}

/// A tensor that only files of that kind have, under all the names that files give it.
const KNOWN: [(Kind, &[&str]); 6] = [
    (
        Kind::Flux2Transformer,
        &["double_stream_modulation_img.lin.weight", "double_stream_modulation_img.linear.weight"],
    ),
    (Kind::QwenImageLayeredTransformer, &["time_text_embed.addition_t_embedding.weight"]),
    (Kind::Qwen3, &["model.layers.0.self_attn.q_norm.weight", "blk.0.attn_q_norm.weight"]),
    (
        Kind::Qwen25Vl,
        &[
            "model.layers.0.self_attn.q_proj.bias",
            "model.language_model.layers.0.self_attn.q_proj.bias",
            "blk.0.attn_q.bias",
        ],
    ),
    (Kind::Flux2Autoencoder, &["bn.running_mean"]),
    (
        Kind::QwenImageAutoencoder,
        &["encoder.down_blocks.0.norm1.gamma", "encoder.downsamples.0.residual.0.gamma"],
    ),
];

/// Tensors of files that cannot be used, and what these are.
const OTHERS: [(&str, &str); 16] = [
    ("double_blocks.0.img_mod.lin.weight", "a FLUX.1 transformer; FLUX.2-klein works"),
    (
        "transformer_blocks.0.norm1_context.linear.weight",
        "a FLUX.1 or Stable Diffusion 3 transformer; FLUX.2-klein works",
    ),
    (
        "transformer_blocks.0.img_mod.1.weight",
        "a Qwen-Image transformer that paints or edits pictures; Qwen-Image-Layered works",
    ),
    (
        "joint_blocks.0.x_block.attn.qkv.weight",
        "a Stable Diffusion 3 transformer; FLUX.2-klein works",
    ),
    ("input_blocks.0.0.weight", "a Stable Diffusion model; FLUX.2-klein works"),
    ("down_blocks.0.resnets.0.conv1.weight", "a Stable Diffusion model; FLUX.2-klein works"),
    ("blocks.0.self_attn.q.weight", "a video transformer (Wan); FLUX.2-klein works"),
    (
        "encoder.down.0.block.0.norm1.weight",
        "the autoencoder of FLUX.1 or Stable Diffusion; that of FLUX.2 works",
    ),
    (
        "encoder.down_blocks.0.resnets.0.norm1.weight",
        "the autoencoder of FLUX.1 or Stable Diffusion; that of FLUX.2 works",
    ),
    (
        "text_model.encoder.layers.0.self_attn.q_proj.weight",
        "a CLIP text encoder; FLUX.2-klein reads with Qwen3",
    ),
    (
        "text_model.embeddings.token_embedding.weight",
        "a CLIP text encoder; FLUX.2-klein reads with Qwen3",
    ),
    (
        "encoder.block.0.layer.0.SelfAttention.q.weight",
        "a T5 text encoder; FLUX.2-klein reads with Qwen3",
    ),
    ("enc.blk.0.attn_q.weight", "a T5 text encoder; FLUX.2-klein reads with Qwen3"),
    (
        "v.blk.0.attn_q.weight",
        "the eyes of a language model (mmproj); they are read from a model folder in diffusers layout",
    ),
    (
        "model.layers.0.self_attn.q_proj.weight",
        "a language model that no model here reads with; Qwen3 and Qwen2.5-VL work",
    ),
    (
        "blk.0.attn_q.weight",
        "a language model that no model here reads with; Qwen3 and Qwen2.5-VL work",
    ),
];

/// Endings that only LoRA files have.
const LORA: [&str; 6] = [
    ".lora_A.weight",
    ".lora_down.weight",
    ".lora_up.weight",
    ".lora_B.weight",
    ".lokr_w1",
    ".hada_w1_a",
];

/// What a file with these names holds.
pub(crate) fn recognise(names: &BTreeSet<&str>) -> Found {
    // The scale of guidance is an input of FLUX.2 dev alone.
    if names.contains("double_stream_modulation_img.lin.weight")
        && names.contains("guidance_in.in_layer.weight")
    {
        return Found::Other("a FLUX.2 dev transformer; FLUX.2-klein works");
    }
    for (kind, marks) in KNOWN {
        if marks.iter().any(|mark| names.contains(mark)) {
            return Found::Known(kind);
        }
    }
    if let Some((_, what)) = OTHERS.iter().find(|(mark, _)| names.contains(mark)) {
        return Found::Other(what);
    }
    if names.iter().any(|name| LORA.iter().any(|ending| name.ends_with(ending))) {
        return Found::Other("a LoRA, which changes a model and is none; give it with --lora");
    }
    Found::Nothing
}
