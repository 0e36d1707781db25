//! FLUX.2 as its publisher names it, which ComfyUI, GGUF files and most LoRAs follow.

use super::{
    Rows::{All, Swapped, Third},
    Rule,
};

pub(super) const RULES: &[Rule] = &[
    ("img_in", "x_embedder", All),
    ("txt_in", "context_embedder", All),
    ("time_in.in_layer", "time_guidance_embed.timestep_embedder.linear_1", All),
    ("time_in.out_layer", "time_guidance_embed.timestep_embedder.linear_2", All),
    ("double_stream_modulation_img.lin", "double_stream_modulation_img.linear", All),
    ("double_stream_modulation_txt.lin", "double_stream_modulation_txt.linear", All),
    ("single_stream_modulation.lin", "single_stream_modulation.linear", All),
    ("double_blocks.*.img_attn.qkv", "transformer_blocks.*.attn.to_q", Third(0)),
    ("double_blocks.*.img_attn.qkv", "transformer_blocks.*.attn.to_k", Third(1)),
    ("double_blocks.*.img_attn.qkv", "transformer_blocks.*.attn.to_v", Third(2)),
    ("double_blocks.*.txt_attn.qkv", "transformer_blocks.*.attn.add_q_proj", Third(0)),
    ("double_blocks.*.txt_attn.qkv", "transformer_blocks.*.attn.add_k_proj", Third(1)),
    ("double_blocks.*.txt_attn.qkv", "transformer_blocks.*.attn.add_v_proj", Third(2)),
    ("double_blocks.*.img_attn.norm.query_norm", "transformer_blocks.*.attn.norm_q", All),
    ("double_blocks.*.img_attn.norm.key_norm", "transformer_blocks.*.attn.norm_k", All),
    ("double_blocks.*.txt_attn.norm.query_norm", "transformer_blocks.*.attn.norm_added_q", All),
    ("double_blocks.*.txt_attn.norm.key_norm", "transformer_blocks.*.attn.norm_added_k", All),
    ("double_blocks.*.img_attn.proj", "transformer_blocks.*.attn.to_out.0", All),
    ("double_blocks.*.txt_attn.proj", "transformer_blocks.*.attn.to_add_out", All),
    ("double_blocks.*.img_mlp.0", "transformer_blocks.*.ff.linear_in", All),
    ("double_blocks.*.img_mlp.2", "transformer_blocks.*.ff.linear_out", All),
    ("double_blocks.*.txt_mlp.0", "transformer_blocks.*.ff_context.linear_in", All),
    ("double_blocks.*.txt_mlp.2", "transformer_blocks.*.ff_context.linear_out", All),
    ("single_blocks.*.linear1", "single_transformer_blocks.*.attn.to_qkv_mlp_proj", All),
    ("single_blocks.*.linear2", "single_transformer_blocks.*.attn.to_out", All),
    ("single_blocks.*.norm.query_norm", "single_transformer_blocks.*.attn.norm_q", All),
    ("single_blocks.*.norm.key_norm", "single_transformer_blocks.*.attn.norm_k", All),
    ("final_layer.linear", "proj_out", All),
    ("final_layer.adaLN_modulation.1", "norm_out.linear", Swapped),
];
