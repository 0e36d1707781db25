//! Qwen-Image-Layered, whose text encoder is Qwen2.5-VL-7B.

use serde_json::{Value, json};

use super::{Blueprint, Component, List, TensorSpec, scheduler};

/// The transformer.
const BLOCKS: usize = 60;
const HEADS: usize = 24;
const HEAD_DIM: usize = 128;
const WIDTH: usize = HEADS * HEAD_DIM;
const TIMESTEP_CHANNELS: usize = 256;
/// The language model.
const TEXT_BLOCKS: usize = 28;
const TEXT_WIDTH: usize = 3584;
const TEXT_INNER: usize = 18_944;
const TEXT_HEADS: usize = 28;
const TEXT_KV_HEADS: usize = 4;
const VOCABULARY: usize = 152_064;
/// The vision tower.
const VISION_BLOCKS: usize = 32;
const VISION_WIDTH: usize = 1280;
const VISION_INNER: usize = 3420;
const PATCH: usize = 14;
/// Patches that become one token.
const MERGED: usize = 4;
/// The autoencoder.
const VAE_WIDTH: usize = 96;
const VAE_FACTORS: [usize; 4] = [1, 2, 4, 4];
const VAE_LATENTS: usize = 16;
const VAE_RESNETS: usize = 2;
const VAE_SHRINKS_TIME: [bool; 3] = [false, true, true];

/// A model with at most so many blocks in each stack.
pub(super) fn blueprint(dtype: &str, most: Option<usize>) -> Blueprint {
    let [blocks, text, vision] =
        [BLOCKS, TEXT_BLOCKS, VISION_BLOCKS].map(|all| most.map_or(all, |most| all.min(most)));
    let stem = "diffusion_pytorch_model";
    let component = |folder, stem, tensors, config| Component { folder, stem, tensors, config };
    let cut = most.map(|_| {
        json!({
            "transformer": { "kept": blocks, "of": BLOCKS },
            "text_encoder": { "kept": text, "of": TEXT_BLOCKS },
            "vision": { "kept": vision, "of": VISION_BLOCKS },
        })
    });
    Blueprint {
        index: json!({
            "_class_name": "QwenImageLayeredPipeline",
            "_synthetic": true,
            "_cut_blocks": cut,
            "processor": ["transformers", "Qwen2VLProcessor"],
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "Qwen2_5_VLForConditionalGeneration"],
            "tokenizer": ["transformers", "Qwen2Tokenizer"],
            "transformer": ["diffusers", "QwenImageTransformer2DModel"],
            "vae": ["diffusers", "AutoencoderKLQwenImage"],
        }),
        components: vec![
            component("transformer", stem, transformer(blocks), transformer_config(blocks)),
            component(
                "text_encoder",
                "model",
                text_encoder(text, vision),
                text_encoder_config((text, vision), dtype),
            ),
            component("vae", stem, vae(), vae_config()),
        ],
        files: vec![
            (
                "scheduler/scheduler_config.json",
                scheduler(json!({
                    "max_image_seq_len": 8192,
                    "max_shift": 0.9,
                    "shift": 1.0,
                    "shift_terminal": false,
                    "time_shift_type": "linear",
                })),
            ),
            (
                "text_encoder/generation_config.json",
                json!({ "eos_token_id": [151_645, 151_643], "repetition_penalty": 1.05 }),
            ),
            (
                "processor/preprocessor_config.json",
                json!({
                    "image_mean": [0.481_454_66, 0.457_827_5, 0.408_210_73],
                    "image_std": [0.268_629_54, 0.261_302_58, 0.275_777_11],
                    "max_pixels": 12_845_056,
                    "merge_size": 2,
                    "min_pixels": 3136,
                    "patch_size": PATCH,
                    "temporal_patch_size": 2,
                }),
            ),
        ],
        starter: "starter-layered",
    }
}

fn transformer_config(blocks: usize) -> Value {
    json!({
        "_class_name": "QwenImageTransformer2DModel",
        "attention_head_dim": HEAD_DIM,
        "axes_dims_rope": [16, 56, 56],
        "guidance_embeds": false,
        "in_channels": 4 * VAE_LATENTS,
        "joint_attention_dim": TEXT_WIDTH,
        "num_attention_heads": HEADS,
        "num_layers": blocks,
        "out_channels": VAE_LATENTS,
        "patch_size": 2,
        "use_additional_t_cond": true,
        "use_layer3d_rope": true,
        "zero_cond_t": false,
    })
}

fn transformer(blocks: usize) -> Vec<TensorSpec> {
    let mut list = List::default();
    list.linear("time_text_embed.addition_t_embedding", 2, WIDTH);
    list.linear_with_bias("time_text_embed.timestep_embedder.linear_1", WIDTH, TIMESTEP_CHANNELS);
    list.linear_with_bias("time_text_embed.timestep_embedder.linear_2", WIDTH, WIDTH);
    list.linear_with_bias("img_in", WIDTH, 4 * VAE_LATENTS);
    list.scale("txt_norm", TEXT_WIDTH);
    list.linear_with_bias("txt_in", WIDTH, TEXT_WIDTH);
    for index in 0..blocks {
        let block = format!("transformer_blocks.{index}");
        let attention = [
            "to_q",
            "to_k",
            "to_v",
            "to_out.0",
            "add_q_proj",
            "add_k_proj",
            "add_v_proj",
            "to_add_out",
        ];
        for name in attention {
            list.linear_with_bias(&format!("{block}.attn.{name}"), WIDTH, WIDTH);
        }
        for name in ["norm_q", "norm_k", "norm_added_q", "norm_added_k"] {
            list.scale(&format!("{block}.attn.{name}"), HEAD_DIM);
        }
        for stream in ["img", "txt"] {
            list.linear_with_bias(&format!("{block}.{stream}_mod.1"), 6 * WIDTH, WIDTH);
            list.linear_with_bias(&format!("{block}.{stream}_mlp.net.0.proj"), 4 * WIDTH, WIDTH);
            list.linear_with_bias(&format!("{block}.{stream}_mlp.net.2"), WIDTH, 4 * WIDTH);
        }
    }
    list.linear_with_bias("norm_out.linear", 2 * WIDTH, WIDTH);
    list.linear_with_bias("proj_out", 4 * VAE_LATENTS, WIDTH);
    list.0
}

fn text_encoder_config((text, vision): (usize, usize), dtype: &str) -> Value {
    json!({
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "hidden_act": "silu",
        "hidden_size": TEXT_WIDTH,
        "image_token_id": 151_655,
        "intermediate_size": TEXT_INNER,
        "max_position_embeddings": 128_000,
        "model_type": "qwen2_5_vl",
        "num_attention_heads": TEXT_HEADS,
        "num_hidden_layers": text,
        "num_key_value_heads": TEXT_KV_HEADS,
        "rms_norm_eps": 1e-6,
        "rope_scaling": { "mrope_section": [16, 24, 24], "type": "mrope" },
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": false,
        "torch_dtype": dtype,
        "use_sliding_window": false,
        "vision_config": {
            "depth": vision,
            "fullatt_block_indexes": [7, 15, 23, 31],
            "hidden_act": "silu",
            "hidden_size": VISION_WIDTH,
            "in_chans": 3,
            "intermediate_size": VISION_INNER,
            "model_type": "qwen2_5_vl",
            "num_heads": 16,
            "out_hidden_size": TEXT_WIDTH,
            "patch_size": PATCH,
            "spatial_merge_size": 2,
            "spatial_patch_size": PATCH,
            "temporal_patch_size": 2,
            "tokens_per_second": 2,
            "window_size": 112,
        },
        "vocab_size": VOCABULARY,
    })
}

fn text_encoder(text: usize, vision: usize) -> Vec<TensorSpec> {
    let mut list = List::default();
    list.table("model.embed_tokens", VOCABULARY, TEXT_WIDTH);
    let kv_width = TEXT_WIDTH / TEXT_HEADS * TEXT_KV_HEADS;
    for index in 0..text {
        let layer = format!("model.layers.{index}");
        list.scale(&format!("{layer}.input_layernorm"), TEXT_WIDTH);
        list.linear_with_bias(&format!("{layer}.self_attn.q_proj"), TEXT_WIDTH, TEXT_WIDTH);
        list.linear_with_bias(&format!("{layer}.self_attn.k_proj"), kv_width, TEXT_WIDTH);
        list.linear_with_bias(&format!("{layer}.self_attn.v_proj"), kv_width, TEXT_WIDTH);
        list.linear(&format!("{layer}.self_attn.o_proj"), TEXT_WIDTH, TEXT_WIDTH);
        list.scale(&format!("{layer}.post_attention_layernorm"), TEXT_WIDTH);
        list.linear(&format!("{layer}.mlp.gate_proj"), TEXT_INNER, TEXT_WIDTH);
        list.linear(&format!("{layer}.mlp.up_proj"), TEXT_INNER, TEXT_WIDTH);
        list.linear(&format!("{layer}.mlp.down_proj"), TEXT_WIDTH, TEXT_INNER);
    }
    list.scale("model.norm", TEXT_WIDTH);
    list.linear("lm_head", VOCABULARY, TEXT_WIDTH);
    list.kernel("visual.patch_embed.proj", &[VISION_WIDTH, 3, 2, PATCH, PATCH]);
    for index in 0..vision {
        let block = format!("visual.blocks.{index}");
        list.scale(&format!("{block}.norm1"), VISION_WIDTH);
        list.scale(&format!("{block}.norm2"), VISION_WIDTH);
        list.linear_with_bias(&format!("{block}.attn.qkv"), 3 * VISION_WIDTH, VISION_WIDTH);
        list.linear_with_bias(&format!("{block}.attn.proj"), VISION_WIDTH, VISION_WIDTH);
        list.linear_with_bias(&format!("{block}.mlp.gate_proj"), VISION_INNER, VISION_WIDTH);
        list.linear_with_bias(&format!("{block}.mlp.up_proj"), VISION_INNER, VISION_WIDTH);
        list.linear_with_bias(&format!("{block}.mlp.down_proj"), VISION_WIDTH, VISION_INNER);
    }
    let merged = MERGED * VISION_WIDTH;
    list.scale("visual.merger.ln_q", VISION_WIDTH);
    list.linear_with_bias("visual.merger.mlp.0", merged, merged);
    list.linear_with_bias("visual.merger.mlp.2", TEXT_WIDTH, merged);
    list.0
}

fn vae_config() -> Value {
    json!({
        "_class_name": "AutoencoderKLQwenImage",
        "attn_scales": [],
        "base_dim": VAE_WIDTH,
        "dim_mult": VAE_FACTORS,
        "dropout": 0.0,
        "input_channels": 4,
        "latents_mean": [
            -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715,
            0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921,
        ],
        "latents_std": [
            2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652,
            1.5579, 1.6382, 1.1253, 2.8251, 1.9160,
        ],
        "num_res_blocks": VAE_RESNETS,
        "temperal_downsample": VAE_SHRINKS_TIME,
        "z_dim": VAE_LATENTS,
    })
}

/// The autoencoder's tensors: those that work on time, which a single picture never uses, included.
fn vae() -> Vec<TensorSpec> {
    let mut list = List::default();
    let deepest = VAE_WIDTH * VAE_FACTORS[3];
    list.frames("encoder.conv_in", VAE_WIDTH, 4, 3);
    let (mut width, mut next) = (VAE_WIDTH, 0..);
    let mut place = || format!("encoder.down_blocks.{}", next.next().unwrap_or(usize::MAX));
    for (level, factor) in VAE_FACTORS.into_iter().enumerate() {
        for _ in 0..VAE_RESNETS {
            list.frames_resnet(&place(), width, factor * VAE_WIDTH);
            width = factor * VAE_WIDTH;
        }
        if let Some(&shrinks_time) = VAE_SHRINKS_TIME.get(level) {
            let place = place();
            list.conv(&format!("{place}.resample.1"), width, width, 3);
            if shrinks_time {
                list.kernel(&format!("{place}.time_conv"), &[width, width, 3, 1, 1]);
                list.bias(&format!("{place}.time_conv"), width);
            }
        }
    }
    list.frames_mid_block("encoder.mid_block", deepest);
    list.gamma("encoder.norm_out", &[deepest, 1, 1, 1]);
    list.frames("encoder.conv_out", 2 * VAE_LATENTS, deepest, 3);
    list.frames("quant_conv", 2 * VAE_LATENTS, 2 * VAE_LATENTS, 1);

    list.frames("post_quant_conv", VAE_LATENTS, VAE_LATENTS, 1);
    list.frames("decoder.conv_in", deepest, VAE_LATENTS, 3);
    list.frames_mid_block("decoder.mid_block", deepest);
    let mut width = deepest;
    for (level, factor) in VAE_FACTORS.into_iter().rev().enumerate() {
        let block = format!("decoder.up_blocks.{level}");
        let out = factor * VAE_WIDTH;
        for resnet in 0..=VAE_RESNETS {
            list.frames_resnet(&format!("{block}.resnets.{resnet}"), width, out);
            width = out;
        }
        // Levels grow in the reverse order in which they shrank.
        if let Some(&grows_time) = VAE_SHRINKS_TIME.iter().rev().nth(level) {
            let place = format!("{block}.upsamplers.0");
            list.conv(&format!("{place}.resample.1"), out / 2, out, 3);
            if grows_time {
                list.kernel(&format!("{place}.time_conv"), &[2 * out, out, 3, 1, 1]);
                list.bias(&format!("{place}.time_conv"), 2 * out);
            }
            width = out / 2;
        }
    }
    list.gamma("decoder.norm_out", &[VAE_WIDTH, 1, 1, 1]);
    list.frames("decoder.conv_out", 4, VAE_WIDTH, 3);
    list.0
}

/// Convolutions over frames, and what goes with them.
impl List {
    fn frames(&mut self, module: &str, out: usize, channels: usize, kernel: usize) {
        self.kernel(module, &[out, channels, kernel, kernel, kernel]);
        self.bias(module, out);
    }

    fn frames_resnet(&mut self, module: &str, channels: usize, out: usize) {
        self.gamma(&format!("{module}.norm1"), &[channels, 1, 1, 1]);
        self.frames(&format!("{module}.conv1"), out, channels, 3);
        self.gamma(&format!("{module}.norm2"), &[out, 1, 1, 1]);
        self.frames(&format!("{module}.conv2"), out, out, 3);
        if channels != out {
            self.frames(&format!("{module}.conv_shortcut"), out, channels, 1);
        }
    }

    fn frames_mid_block(&mut self, module: &str, channels: usize) {
        self.frames_resnet(&format!("{module}.resnets.0"), channels, channels);
        let attention = format!("{module}.attentions.0");
        self.gamma(&format!("{attention}.norm"), &[channels, 1, 1]);
        self.conv(&format!("{attention}.to_qkv"), 3 * channels, channels, 1);
        self.conv(&format!("{attention}.proj"), channels, channels, 1);
        self.frames_resnet(&format!("{module}.resnets.1"), channels, channels);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::check, *};

    #[test]
    fn the_parts_have_the_published_numbers_of_parameters() {
        check(&transformer(BLOCKS), 20.43);
        check(&text_encoder(TEXT_BLOCKS, VISION_BLOCKS), 8.292);
        check(&vae(), 0.127);
    }

    #[test]
    fn the_autoencoder_has_as_many_tensors_as_one_with_the_same_levels() {
        // `tests/reference` has a small one that diffusers wrote.
        assert_eq!(vae().len(), 194);
    }

    #[test]
    fn what_is_cut_says_so() {
        let cut = blueprint("bfloat16", Some(30)).index["_cut_blocks"].clone();
        assert_eq!(cut["transformer"], json!({ "kept": 30, "of": 60 }));
        assert_eq!(cut["text_encoder"], json!({ "kept": 28, "of": 28 }));
        assert!(blueprint("bfloat16", None).index["_cut_blocks"].is_null());
    }
}
