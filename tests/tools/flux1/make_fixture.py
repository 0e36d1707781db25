"""Makes two tiny FLUX.1 models of random weights in diffusers layout, and what diffusers makes of them.

    python make_fixture.py ../../reference/flux1

`dev` takes the guidance scale as an input and shifts its schedule by the picture's size, `schnell`
does neither. Needs diffusers 0.42, transformers 5 and torch; runs on the CPU in seconds.
"""

import json
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, PreTrainedTokenizerFast, T5Config, T5EncoderModel

PROMPTS = [
    "A small red fox, sitting on a stone",
    "an Icon of a BLUE potion; it's bottled 3 times",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " * 3,
]
LENGTH = 40
CLIP_LENGTH = 48
WIDTH, HEIGHT = 64, 48
GUIDANCE = 3.5
STEPS = {"dev": 4, "schnell": 2}
# What a stage computed in another order of additions may differ by.
TOLERANCES = {
    "ids": 0.0,
    "t5": 2e-5,
    "clip": 2e-5,
    "latents": 1e-4,
    "block": 1e-4,
    "image": 2e-4,
}


def clip_tokenizer(folder):
    """Bytes and a few merges, saved as vocabulary and merges, the way FLUX.1 comes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("f", "o"), ("fo", "x</w>"), ("r", "e"), ("re", "d</w>"), ("o", "n"), ("t", "h"), ("th", "e</w>"), ("3", "</w>")]
    tokens = alphabet + [letter + "</w>" for letter in alphabet] + [a + b for a, b in merges[:-1]]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges[:-1]))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": CLIP_LENGTH})
    )
    return CLIPTokenizer(vocab=vocab, merges=merges[:-1], model_max_length=CLIP_LENGTH)


def t5_tokenizer():
    """A Unigram model of some words and all letters of the prompts, with the marks that T5 has."""
    words = sorted({"\u2581" + word for prompt in PROMPTS for word in prompt.split()[:8]})
    letters = sorted({letter for prompt in PROMPTS for letter in prompt if letter != " "} | {"\u2581"})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0)]
    pieces += [(word, -5 - 0.01 * index) for index, word in enumerate(words)]
    pieces += [(letter, -9 - 0.01 * index) for index, letter in enumerate(letters)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.normalizer = normalizers.Replace(Regex(" +"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )


def spread(module, gain):
    """Random weights that differ from each other: norms away from 1, biases away from 0."""
    for name, weight in module.named_parameters():
        noise = torch.randn_like(weight)
        if weight.ndim > 1:
            fan_in = weight[0].numel()
            weight.data = noise * gain / fan_in**0.5
        elif "norm" in name and name.endswith("weight"):
            weight.data = 1 + 0.1 * noise
        else:
            weight.data = 0.1 * noise


def build(kind, folder):
    torch.manual_seed(7 if kind == "dev" else 8)
    clip_words = clip_tokenizer(folder / "tokenizer")
    t5_words = t5_tokenizer()
    clip = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(clip_words),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=CLIP_LENGTH,
            projection_dim=32,
            hidden_act="quick_gelu",
            bos_token_id=clip_words.bos_token_id,
            # The published model has the wrong one, which reads the highest token.
            eos_token_id=2,
        )
    )
    t5 = T5EncoderModel(
        T5Config(
            vocab_size=len(t5_words),
            d_model=48,
            d_kv=12,
            d_ff=64,
            num_layers=2,
            num_heads=3,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
        )
    )
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=2,
        num_single_layers=3,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=48,
        pooled_projection_dim=32,
        guidance_embeds=kind == "dev",
        axes_dims_rope=(4, 6, 6),
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 16, 16, 16),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        # The published one has neither; the names are read all the same.
        use_quant_conv=kind == "schnell",
        use_post_quant_conv=kind == "schnell",
    )
    for module, gain in [(clip, 1.0), (t5, 1.0), (transformer, 0.8), (vae, 1.2)]:
        spread(module.eval(), gain)
    if kind == "dev":
        scheduler = FlowMatchEulerDiscreteScheduler(
            shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096
        )
    else:
        scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0)
    pipeline = FluxPipeline(
        scheduler=scheduler,
        vae=vae,
        text_encoder=clip,
        tokenizer=clip_words,
        text_encoder_2=t5,
        tokenizer_2=t5_words,
        transformer=transformer,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save(pipeline, folder):
    pipeline.save_pretrained(folder)
    # As published: the tokenizer of CLIP as vocabulary and merges, that of T5 as one file.
    (folder / "tokenizer/tokenizer.json").unlink(missing_ok=True)
    clip_tokenizer(folder / "tokenizer")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)


def watch(transformer, golden):
    """Records what the blocks of the first call give."""
    hooks = []

    def record(name, pick=lambda out: out):
        def hook(_module, _inputs, out):
            golden.setdefault(name, pick(out).detach().clone())

        return hook

    def both(name):
        def hook(_module, _inputs, out):
            text, image = out
            golden.setdefault(f"{name}.txt", text.detach().clone())
            golden.setdefault(f"{name}.img", image.detach().clone())

        return hook

    def joined(name):
        def hook(_module, _inputs, out):
            golden.setdefault(name, torch.cat(out, dim=1).detach().clone())

        return hook

    hooks.append(transformer.time_text_embed.register_forward_hook(record("temb")))
    hooks.append(transformer.x_embedder.register_forward_hook(record("x_embedder")))
    hooks.append(transformer.context_embedder.register_forward_hook(record("context_embedder")))
    for index, block in enumerate(transformer.transformer_blocks):
        hooks.append(block.register_forward_hook(both(f"double.{index}")))
    for index, block in enumerate(transformer.single_transformer_blocks):
        hooks.append(block.register_forward_hook(joined(f"single.{index}")))
    hooks.append(transformer.norm_out.register_forward_hook(record("norm_out")))
    hooks.append(transformer.register_forward_hook(record("output", lambda out: out[0])))
    return hooks


@torch.no_grad()
def goldens(kind, pipeline):
    golden = {}
    for index, prompt in enumerate(PROMPTS):
        clip = pipeline.tokenizer(prompt, padding="max_length", max_length=CLIP_LENGTH, truncation=True, return_tensors="pt")
        t5 = pipeline.tokenizer_2(prompt, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt")
        golden[f"clip_ids.{index}"], golden[f"t5_ids.{index}"] = clip.input_ids, t5.input_ids
        embeds, pooled, _ = pipeline.encode_prompt(prompt, max_sequence_length=LENGTH)
        golden[f"prompt_embeds.{index}"], golden[f"pooled.{index}"] = embeds, pooled

    calls = []
    transformer = pipeline.transformer
    forward = transformer.forward

    def call(**inputs):
        out = forward(**inputs)
        calls.append((inputs["hidden_states"], inputs["timestep"], out[0]))
        return out

    transformer.forward = call
    steps = STEPS[kind]
    hooks = watch(transformer, golden)
    noise = torch.randn(1, 4, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(3))
    seeded = pipeline(
        PROMPTS[0],
        height=HEIGHT,
        width=WIDTH,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE,
        max_sequence_length=LENGTH,
        generator=torch.Generator().manual_seed(3),
        output_type="pt",
    ).images
    for hook in hooks:
        hook.remove()
    transformer.forward = forward
    for index, (hidden, timestep, out) in enumerate(calls):
        golden[f"call.{index:02}.hidden_states"] = hidden
        golden[f"call.{index:02}.timestep"] = timestep
        golden[f"call.{index:02}.output"] = out
        if index:
            golden[f"latents_step.{index - 1}"] = hidden
    golden["sigmas"] = pipeline.scheduler.sigmas
    golden["noise"], golden["image"] = noise, seeded
    pixels = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(5)) * 2 - 1
    moments = pipeline.vae.encode(pixels).latent_dist.parameters
    latents = torch.randn(1, 4, 4, 6, generator=torch.Generator().manual_seed(6))
    golden["vae.pixels"], golden["vae.moments"] = pixels, moments
    golden["vae.latents"] = latents
    golden["vae.decoded"] = pipeline.vae.decode(latents / 0.3611 + 0.1159).sample
    return {name: tensor.clone().contiguous() for name, tensor in golden.items()}


def tolerance(name):
    for beginning, of in [
        ("clip_ids", "ids"),
        ("t5_ids", "ids"),
        ("prompt_embeds", "t5"),
        ("pooled", "clip"),
        ("latents_step", "latents"),
        ("image", "image"),
        ("vae.decoded", "image"),
    ]:
        if name.startswith(beginning):
            return TOLERANCES[of]
    return TOLERANCES["block"]


def main(out):
    cases = {"prompts": PROMPTS, "length": LENGTH, "width": WIDTH, "height": HEIGHT, "guidance": GUIDANCE, "steps": STEPS, "seed": 3}
    (out / "golden").mkdir(parents=True, exist_ok=True)
    tolerances_path = out.parent / "tolerances.json"
    tolerances = json.loads(tolerances_path.read_text())
    for kind in ["dev", "schnell"]:
        pipeline = build(kind, out / kind)
        save(pipeline, out / kind)
        golden = goldens(kind, pipeline)
        save_file(golden, out / f"golden/{kind}.safetensors")
        tolerances[f"flux1/golden/{kind}.safetensors"] = {name: tolerance(name) for name in sorted(golden)}
    (out / "golden/cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    tolerances_path.write_text(json.dumps(tolerances, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
