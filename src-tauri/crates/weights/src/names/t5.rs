//! The encoder of T5 as llama.cpp names it.

use super::{Rows::All, Rule};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    ("token_embd", "shared", All),
    ("enc.output_norm", "encoder.final_layer_norm", All),
    ("enc.blk.*.attn_norm", "encoder.block.*.layer.0.layer_norm", All),
    ("enc.blk.*.attn_q", "encoder.block.*.layer.0.SelfAttention.q", All),
    ("enc.blk.*.attn_k", "encoder.block.*.layer.0.SelfAttention.k", All),
    ("enc.blk.*.attn_v", "encoder.block.*.layer.0.SelfAttention.v", All),
    ("enc.blk.*.attn_o", "encoder.block.*.layer.0.SelfAttention.o", All),
    ("enc.blk.*.attn_rel_b", "encoder.block.*.layer.0.SelfAttention.relative_attention_bias", All),
    ("enc.blk.*.ffn_norm", "encoder.block.*.layer.1.layer_norm", All),
    ("enc.blk.*.ffn_gate", "encoder.block.*.layer.1.DenseReluDense.wi_0", All),
    ("enc.blk.*.ffn_up", "encoder.block.*.layer.1.DenseReluDense.wi_1", All),
    ("enc.blk.*.ffn_down", "encoder.block.*.layer.1.DenseReluDense.wo", All),
];
