//! Language models as llama.cpp names them.

use super::{Rows::All, Rule};

pub(super) const RULES: &[Rule] = &[
    ("token_embd", "model.embed_tokens", All),
    ("output_norm", "model.norm", All),
    ("output", "lm_head", All),
    ("blk.*.attn_norm", "model.layers.*.input_layernorm", All),
    ("blk.*.ffn_norm", "model.layers.*.post_attention_layernorm", All),
    ("blk.*.attn_q", "model.layers.*.self_attn.q_proj", All),
    ("blk.*.attn_k", "model.layers.*.self_attn.k_proj", All),
    ("blk.*.attn_v", "model.layers.*.self_attn.v_proj", All),
    ("blk.*.attn_output", "model.layers.*.self_attn.o_proj", All),
    ("blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm", All),
    ("blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm", All),
    ("blk.*.ffn_gate", "model.layers.*.mlp.gate_proj", All),
    ("blk.*.ffn_up", "model.layers.*.mlp.up_proj", All),
    ("blk.*.ffn_down", "model.layers.*.mlp.down_proj", All),
];
