//! What a file holds, told by the names and shapes inside, never by the file's own name.

use std::collections::BTreeSet;

/// The kinds of weights that models here are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The transformer of FLUX.1.
    Flux1Transformer,
    /// The transformer of FLUX.2-klein.
    Flux2Transformer,
    /// The transformer of Qwen-Image-Layered.
    QwenImageLayeredTransformer,
    /// The text encoder of FLUX.2-klein.
    Qwen3,
    /// The text encoder of Qwen-Image-Layered.
    Qwen25Vl,
    /// The text encoder of FLUX.1 that reads word by word.
    T5,
    /// The text encoder of FLUX.1 that reads a prompt as a whole.
    Clip,
    /// The autoencoder of FLUX.1.
    Flux1Autoencoder,
    /// The autoencoder of FLUX.2.
    Flux2Autoencoder,
    /// The autoencoder of Qwen-Image-Layered.
    QwenImageAutoencoder,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Flux1Transformer => "a FLUX.1 transformer",
            Self::Flux2Transformer => "a FLUX.2 transformer",
            Self::QwenImageLayeredTransformer => "a Qwen-Image-Layered transformer",
            Self::Qwen3 => "a Qwen3 text encoder",
            Self::Qwen25Vl => "a Qwen2.5-VL text encoder",
            Self::T5 => "a T5 text encoder",
            Self::Clip => "a CLIP text encoder",
            Self::Flux1Autoencoder => "a FLUX.1 autoencoder",
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
const KNOWN: [(Kind, &[&str]); 10] = [
    (
        Kind::Flux2Transformer,
        &["double_stream_modulation_img.lin.weight", "double_stream_modulation_img.linear.weight"],
    ),
    (
        Kind::Flux1Transformer,
        &["double_blocks.0.img_mod.lin.weight", "single_transformer_blocks.0.norm.linear.weight"],
    ),
    (
        Kind::T5,
        &["encoder.block.0.layer.1.DenseReluDense.wi_0.weight", "enc.blk.0.ffn_gate.weight"],
    ),
    (Kind::Clip, &["embeddings.token_embedding.weight"]),
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
    // Of those that have no statistics, which come before.
    (
        Kind::Flux1Autoencoder,
        &["encoder.down.0.block.0.norm1.weight", "encoder.down_blocks.0.resnets.0.norm1.weight"],
    ),
    (
        Kind::QwenImageAutoencoder,
        &["encoder.down_blocks.0.norm1.gamma", "encoder.downsamples.0.residual.0.gamma"],
    ),
];

/// Tensors of files that cannot be used, and what these are.
const OTHERS: [(&str, &str); 11] = [
    (
        "transformer_blocks.0.norm1_context.linear.weight",
        "a Stable Diffusion 3 transformer; FLUX.1 and FLUX.2-klein work",
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
        "encoder.block.0.layer.0.SelfAttention.q.weight",
        "an older T5 text encoder; FLUX.1 reads with T5 1.1",
    ),
    ("enc.blk.0.attn_q.weight", "an older T5 text encoder; FLUX.1 reads with T5 1.1"),
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

/// Tensors that, all together, tell relatives of what is known, and what these are.
const RELATIVES: [(&[&str], &str); 3] = [
    // The scale of guidance is an input of FLUX.2 dev alone.
    (
        &["double_stream_modulation_img.lin.weight", "guidance_in.in_layer.weight"],
        "a FLUX.2 dev transformer; FLUX.2-klein works",
    ),
    // Every block weighs distances by itself.
    (
        &[
            "encoder.block.0.layer.1.DenseReluDense.wi_0.weight",
            "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight",
        ],
        "a UMT5 text encoder; FLUX.1 reads with T5 1.1",
    ),
    (
        &["enc.blk.0.ffn_gate.weight", "enc.blk.1.attn_rel_b.weight"],
        "a UMT5 text encoder; FLUX.1 reads with T5 1.1",
    ),
];

const OLDER_AUTOENCODER: &str =
    "the autoencoder of Stable Diffusion; those of FLUX.1 and FLUX.2 work";

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
    let all = |marks: &[&str]| marks.iter().all(|mark| names.contains(mark));
    if let Some((_, what)) = RELATIVES.iter().find(|(marks, _)| all(marks)) {
        return Found::Other(what);
    }
    for (kind, marks) in KNOWN {
        if marks.iter().any(|mark| names.contains(mark)) {
            // Between its halves and the latents, that of FLUX.1 has nothing.
            let is_older = kind == Kind::Flux1Autoencoder && names.contains("quant_conv.weight");
            return if is_older { Found::Other(OLDER_AUTOENCODER) } else { Found::Known(kind) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_that_look_alike_are_told_apart() {
        for (names, kind) in [
            (
                &["double_blocks.0.img_attn.qkv.weight", "double_blocks.0.img_mod.lin.weight"][..],
                Kind::Flux1Transformer,
            ),
            (
                &["double_blocks.0.img_attn.qkv.weight", "double_stream_modulation_img.lin.weight"],
                Kind::Flux2Transformer,
            ),
            (&["encoder.down.0.block.0.norm1.weight"], Kind::Flux1Autoencoder),
            (&["bn.running_mean", "encoder.down.0.block.0.norm1.weight"], Kind::Flux2Autoencoder),
            (
                &[
                    "encoder.down_blocks.0.resnets.0.norm1.weight",
                    "quant_conv.weight",
                    "bn.running_mean",
                ],
                Kind::Flux2Autoencoder,
            ),
        ] {
            assert_eq!(recognise(&names.iter().copied().collect()), Found::Known(kind));
        }
    }

    #[test]
    fn relatives_are_named() {
        for (names, part) in [
            (&["encoder.down.0.block.0.norm1.weight", "quant_conv.weight"][..], "Stable Diffusion"),
            (&["enc.blk.0.ffn_gate.weight", "enc.blk.1.attn_rel_b.weight"], "UMT5"),
            (&["enc.blk.0.attn_q.weight"], "older T5"),
        ] {
            match recognise(&names.iter().copied().collect()) {
                Found::Other(what) => assert!(what.contains(part), "{what}"),
                found => panic!("{found:?}"),
            }
        }
    }
}
