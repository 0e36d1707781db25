//! FLUX.2-klein.

use serde_json::{Value, json};

use super::{Blueprint, Component, Fill, List, TensorSpec, scheduler};

/// The sizes by which the members of the family differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    transformer_blocks: usize,
    single_blocks: usize,
    heads: usize,
    mlp: usize,
    text_hidden: usize,
    text_intermediate: usize,
    text_is_tied: bool,
}

const HEAD_DIM: usize = 128;
const IN_CHANNELS: usize = 128;
const TIMESTEP_CHANNELS: usize = 256;
const TEXT_LAYERS: usize = 36;
const TEXT_HEADS: usize = 32;
const TEXT_KV_HEADS: usize = 8;
const VOCABULARY: usize = 151_936;
const VAE_CHANNELS: [usize; 4] = [128, 256, 512, 512];
const VAE_LATENTS: usize = 32;
const VAE_RESNETS: usize = 2;

/// A model of these sizes.
pub(super) fn blueprint(sizes: Sizes, dtype: &str) -> Blueprint {
    let stem = "diffusion_pytorch_model";
    let component = |folder, stem, tensors, config| Component { folder, stem, tensors, config };
    Blueprint {
        index: json!({
            "_class_name": "Flux2KleinPipeline",
            "_synthetic": true,
            "is_distilled": true,
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "Qwen3ForCausalLM"],
            "tokenizer": ["transformers", "Qwen2TokenizerFast"],
            "transformer": ["diffusers", "Flux2Transformer2DModel"],
            "vae": ["diffusers", "AutoencoderKLFlux2"],
        }),
        components: vec![
            component("transformer", stem, sizes.transformer(), sizes.transformer_config()),
            component(
                "text_encoder",
                "model",
                sizes.text_encoder(),
                sizes.text_encoder_config(dtype),
            ),
            component("vae", stem, vae(), vae_config()),
        ],
        files: vec![(
            "scheduler/scheduler_config.json",
            scheduler(json!({
                "max_image_seq_len": 4096,
                "max_shift": 1.15,
                "shift": 3.0,
                "shift_terminal": null,
                "time_shift_type": "exponential",
            })),
        )],
        starter: "starter",
    }
}

impl Sizes {
    pub(super) const KLEIN_4B: Self = Self {
        transformer_blocks: 5,
        single_blocks: 20,
        heads: 24,
        mlp: 9216,
        text_hidden: 2560,
        text_intermediate: 9728,
        text_is_tied: true,
    };
    pub(super) const KLEIN_9B: Self = Self {
        transformer_blocks: 8,
        single_blocks: 24,
        heads: 32,
        mlp: 12_288,
        text_hidden: 4096,
        text_intermediate: 12_288,
        text_is_tied: false,
    };

    fn dim(self) -> usize {
        self.heads * HEAD_DIM
    }

    /// Three hidden states of the text encoder, stacked.
    fn joint_dim(self) -> usize {
        3 * self.text_hidden
    }

    fn transformer_config(self) -> Value {
        json!({
            "_class_name": "Flux2Transformer2DModel",
            "attention_head_dim": HEAD_DIM,
            "axes_dims_rope": [32, 32, 32, 32],
            "eps": 1e-6,
            "guidance_embeds": false,
            "in_channels": IN_CHANNELS,
            "joint_attention_dim": self.joint_dim(),
            "mlp_ratio": 3.0,
            "num_attention_heads": self.heads,
            "num_layers": self.transformer_blocks,
            "num_single_layers": self.single_blocks,
            "out_channels": null,
            "patch_size": 1,
            "rope_theta": 2000,
            "timestep_guidance_channels": TIMESTEP_CHANNELS,
        })
    }

    fn text_encoder_config(self, dtype: &str) -> Value {
        json!({
            "architectures": ["Qwen3ForCausalLM"],
            "attention_bias": false,
            "head_dim": HEAD_DIM,
            "hidden_act": "silu",
            "hidden_size": self.text_hidden,
            "intermediate_size": self.text_intermediate,
            "max_position_embeddings": 40_960,
            "model_type": "qwen3",
            "num_attention_heads": TEXT_HEADS,
            "num_hidden_layers": TEXT_LAYERS,
            "num_key_value_heads": TEXT_KV_HEADS,
            "rms_norm_eps": 1e-6,
            "rope_theta": 1_000_000,
            "tie_word_embeddings": self.text_is_tied,
            "torch_dtype": dtype,
            "vocab_size": VOCABULARY,
        })
    }

    /// The transformer's tensors, in the order in which a run reads them.
    fn transformer(self) -> Vec<TensorSpec> {
        let dim = self.dim();
        let mut list = List::default();
        list.linear("x_embedder", dim, IN_CHANNELS);
        list.linear("context_embedder", dim, self.joint_dim());
        list.linear("time_guidance_embed.timestep_embedder.linear_1", dim, TIMESTEP_CHANNELS);
        list.linear("time_guidance_embed.timestep_embedder.linear_2", dim, dim);
        list.linear("double_stream_modulation_img.linear", 6 * dim, dim);
        list.linear("double_stream_modulation_txt.linear", 6 * dim, dim);
        list.linear("single_stream_modulation.linear", 3 * dim, dim);
        for index in 0..self.transformer_blocks {
            let block = format!("transformer_blocks.{index}");
            for name in [
                "to_q",
                "to_k",
                "to_v",
                "add_q_proj",
                "add_k_proj",
                "add_v_proj",
                "to_out.0",
                "to_add_out",
            ] {
                list.linear(&format!("{block}.attn.{name}"), dim, dim);
            }
            for name in ["norm_q", "norm_k", "norm_added_q", "norm_added_k"] {
                list.scale(&format!("{block}.attn.{name}"), HEAD_DIM);
            }
            for name in ["ff", "ff_context"] {
                list.linear(&format!("{block}.{name}.linear_in"), 2 * self.mlp, dim);
                list.linear(&format!("{block}.{name}.linear_out"), dim, self.mlp);
            }
        }
        for index in 0..self.single_blocks {
            let attention = format!("single_transformer_blocks.{index}.attn");
            list.linear(&format!("{attention}.to_qkv_mlp_proj"), 3 * dim + 2 * self.mlp, dim);
            list.linear(&format!("{attention}.to_out"), dim, dim + self.mlp);
            list.scale(&format!("{attention}.norm_q"), HEAD_DIM);
            list.scale(&format!("{attention}.norm_k"), HEAD_DIM);
        }
        list.linear("norm_out.linear", 2 * dim, dim);
        list.linear("proj_out", IN_CHANNELS, dim);
        list.0
    }

    /// The text encoder's tensors.
    fn text_encoder(self) -> Vec<TensorSpec> {
        let hidden = self.text_hidden;
        let mut list = List::default();
        list.table("model.embed_tokens", VOCABULARY, hidden);
        for index in 0..TEXT_LAYERS {
            let layer = format!("model.layers.{index}");
            list.scale(&format!("{layer}.input_layernorm"), hidden);
            list.linear(&format!("{layer}.self_attn.q_proj"), TEXT_HEADS * HEAD_DIM, hidden);
            list.linear(&format!("{layer}.self_attn.k_proj"), TEXT_KV_HEADS * HEAD_DIM, hidden);
            list.linear(&format!("{layer}.self_attn.v_proj"), TEXT_KV_HEADS * HEAD_DIM, hidden);
            list.linear(&format!("{layer}.self_attn.o_proj"), hidden, TEXT_HEADS * HEAD_DIM);
            list.scale(&format!("{layer}.self_attn.q_norm"), HEAD_DIM);
            list.scale(&format!("{layer}.self_attn.k_norm"), HEAD_DIM);
            list.scale(&format!("{layer}.post_attention_layernorm"), hidden);
            list.linear(&format!("{layer}.mlp.gate_proj"), self.text_intermediate, hidden);
            list.linear(&format!("{layer}.mlp.up_proj"), self.text_intermediate, hidden);
            list.linear(&format!("{layer}.mlp.down_proj"), hidden, self.text_intermediate);
        }
        list.scale("model.norm", hidden);
        if !self.text_is_tied {
            list.linear("lm_head", VOCABULARY, hidden);
        }
        list.0
    }
}

fn vae_config() -> Value {
    json!({
        "_class_name": "AutoencoderKLFlux2",
        "act_fn": "silu",
        "batch_norm_eps": 0.0001,
        "batch_norm_momentum": 0.1,
        "block_out_channels": VAE_CHANNELS,
        "down_block_types": vec!["DownEncoderBlock2D"; VAE_CHANNELS.len()],
        "force_upcast": true,
        "in_channels": 3,
        "latent_channels": VAE_LATENTS,
        "layers_per_block": VAE_RESNETS,
        "mid_block_add_attention": true,
        "norm_num_groups": 32,
        "out_channels": 3,
        "patch_size": [2, 2],
        "sample_size": 1024,
        "up_block_types": vec!["UpDecoderBlock2D"; VAE_CHANNELS.len()],
        "use_post_quant_conv": true,
        "use_quant_conv": true,
    })
}

/// The autoencoder's tensors, but for the counter `bn.num_batches_tracked`, which no run reads.
fn vae() -> Vec<TensorSpec> {
    let [first, .., last] = VAE_CHANNELS;
    let mut list = List::default();
    list.conv("encoder.conv_in", first, 3, 3);
    let mut channels = first;
    for (level, out) in VAE_CHANNELS.into_iter().enumerate() {
        let block = format!("encoder.down_blocks.{level}");
        for resnet in 0..VAE_RESNETS {
            list.resnet(&format!("{block}.resnets.{resnet}"), channels, out);
            channels = out;
        }
        if level + 1 < VAE_CHANNELS.len() {
            list.conv(&format!("{block}.downsamplers.0.conv"), out, out, 3);
        }
    }
    list.mid_block("encoder.mid_block", last);
    list.norm("encoder.conv_norm_out", last);
    list.conv("encoder.conv_out", 2 * VAE_LATENTS, last, 3);
    list.conv("quant_conv", 2 * VAE_LATENTS, 2 * VAE_LATENTS, 1);

    list.conv("post_quant_conv", VAE_LATENTS, VAE_LATENTS, 1);
    list.conv("decoder.conv_in", last, VAE_LATENTS, 3);
    list.mid_block("decoder.mid_block", last);
    let mut channels = last;
    for (level, out) in VAE_CHANNELS.into_iter().rev().enumerate() {
        let block = format!("decoder.up_blocks.{level}");
        for resnet in 0..=VAE_RESNETS {
            list.resnet(&format!("{block}.resnets.{resnet}"), channels, out);
            channels = out;
        }
        if level + 1 < VAE_CHANNELS.len() {
            list.conv(&format!("{block}.upsamplers.0.conv"), out, out, 3);
        }
    }
    list.norm("decoder.conv_norm_out", first);
    list.conv("decoder.conv_out", 3, first, 3);
    list.push("bn.running_mean".into(), &[4 * VAE_LATENTS], Fill::Constant(0.0));
    list.push("bn.running_var".into(), &[4 * VAE_LATENTS], Fill::Constant(1.0));
    list.0
}

#[cfg(test)]
mod tests {
    use super::{super::tests::check, *};

    #[test]
    fn the_transformers_have_the_published_numbers_of_parameters() {
        check(&Sizes::KLEIN_4B.transformer(), 3.88);
        check(&Sizes::KLEIN_9B.transformer(), 9.08);
    }

    #[test]
    fn the_text_encoders_have_the_published_numbers_of_parameters() {
        check(&Sizes::KLEIN_4B.text_encoder(), 4.02);
        check(&Sizes::KLEIN_9B.text_encoder(), 8.19);
    }

    #[test]
    fn the_autoencoder_has_the_published_number_of_tensors() {
        // 251 with the counter of its batch norm.
        assert_eq!(vae().len() + 1, 251);
        check(&vae(), 0.0840);
    }
}
