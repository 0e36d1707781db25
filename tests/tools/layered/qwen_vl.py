"""The small Qwen2.5-VL as plain functions over its published tensors: no library between the weights and the GPU.

A batch of pictures of one size costs a handful of launches here; the model class of transformers runs its vision
tower's attention picture by picture. `python qwen_vl.py MODEL` compares both.
"""



import torch
import torch.nn.functional as F

HEADS, KEY_HEADS, THETA, SECTIONS = 4, 2, 1e6, (4, 6, 6)
VISION_HEADS, VISION_THETA, PATCH, MERGE = 4, 1e4, 14, 2
SIDE = 140  # what the processor makes of 128x128
CELLS = SIDE // PATCH // MERGE
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def rms(x, weight):
    return F.rms_norm(x.float(), weight.shape, weight.float(), 1e-6).to(x.dtype)


def turn(x, cos, sin):
    """Rotary embedding in half-split form; x [B, heads, S, d], cos and sin [S, d]."""
    a, b = x.float().chunk(2, -1)
    return (x.float() * cos + torch.cat([-b, a], -1) * sin).to(x.dtype)


def text_rope(places, dim, device):
    """cos, sin [S, dim] for M-RoPE places [3, S]."""
    rates = THETA ** (-torch.arange(0, dim, 2, device=device).float() / dim)
    angles = places.to(device).float()[..., None] * rates
    angles = torch.cat([part[i] for i, part in enumerate(angles.split(SECTIONS, -1))], -1)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def linear(w, name, x):
    return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def gated(w, name, x):
    return linear(w, name + ".down_proj", F.silu(linear(w, name + ".gate_proj", x)) * linear(w, name + ".up_proj", x))


def language(w, x, places, mask=None, past=None):
    """Hidden states after the last norm and each layer's (keys, values).

    `mask` [.., S, past + S] is True where a query may look; `past` holds a prefix's keys and values, of batch one.
    """
    layers = sum(name.endswith("input_layernorm.weight") for name in w)
    dim = x.shape[-1] // HEADS
    cos, sin = text_rope(places, dim, x.device)
    kept = []
    for i in range(layers):
        name = f"model.layers.{i}"
        y = rms(x, w[name + ".input_layernorm.weight"])
        q, k, v = (linear(w, f"{name}.self_attn.{one}_proj", y).unflatten(-1, (-1, dim)).transpose(1, 2) for one in "qkv")
        q, k = turn(q, cos, sin), turn(k, cos, sin)
        if past:
            k, v = (torch.cat([old.expand(len(x), -1, -1, -1).to(new.dtype), new], 2) for old, new in zip(past[i], (k, v)))
        kept.append((k, v))
        k, v = (t.repeat_interleave(HEADS // KEY_HEADS, 1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v.to(q.dtype), mask, is_causal=mask is None)
        x = x + linear(w, name + ".self_attn.o_proj", y.transpose(1, 2).flatten(2))
        x = x + gated(w, name + ".mlp", rms(x, w[name + ".post_attention_layernorm.weight"]))
    return rms(x, w["model.norm.weight"]), kept


def embed(w, ids):
    return F.embedding(ids, w["model.embed_tokens.weight"])


def read(w, ids):
    """Last hidden states of right-padded prompts [B, S]; padding comes after everything that looks."""
    return language(w, embed(w, ids), torch.arange(ids.shape[1]).expand(3, -1))[0]


def patches(pictures):
    """The processor's pixel values [B, patches, 1176] of uint8 RGB [B, 3, 128, 128] on any device."""
    x = F.interpolate(pictures.float(), (SIDE, SIDE), mode="bicubic", antialias=True).round().clamp(0, 255) / 255
    mean, std = (torch.tensor(t, device=x.device).view(3, 1, 1) for t in (MEAN, STD))
    x = ((x - mean) / std).view(len(x), 3, CELLS, MERGE, PATCH, CELLS, MERGE, PATCH)
    x = x.permute(0, 2, 5, 3, 6, 1, 4, 7)[:, :, :, :, :, :, None].expand(-1, -1, -1, -1, -1, -1, 2, -1, -1)
    return x.reshape(len(x), CELLS * CELLS * MERGE * MERGE, -1)


def vision(w, x):
    """Merged picture tokens [B, CELLS^2, width] of patches, all attention over the whole picture."""
    kernel = w["visual.patch_embed.proj.weight"]
    x = F.linear(x, kernel.flatten(1))
    dim = x.shape[-1] // VISION_HEADS
    rates = VISION_THETA ** (-torch.arange(0, dim // 2, 2, device=x.device).float() / (dim // 2))
    cell = torch.arange(CELLS * MERGE, device=x.device).view(CELLS, MERGE)
    y, z = (t.expand(CELLS, CELLS, MERGE, MERGE).flatten() for t in (cell[:, None, :, None], cell[None, :, None, :]))
    angles = torch.cat([y[:, None] * rates, z[:, None] * rates], -1)
    angles = torch.cat([angles, angles], -1)
    cos, sin = angles.cos(), angles.sin()
    for i in range(sum(name.endswith("norm1.weight") for name in w)):
        name = f"visual.blocks.{i}"
        q, k, v = linear(w, name + ".attn.qkv", rms(x, w[name + ".norm1.weight"])).unflatten(-1, (3, VISION_HEADS, dim)).unbind(2)
        q, k = (turn(t.transpose(1, 2), cos, sin) for t in (q, k))
        y = F.scaled_dot_product_attention(q, k, v.transpose(1, 2).to(q.dtype))
        x = x + linear(w, name + ".attn.proj", y.transpose(1, 2).flatten(2))
        x = x + gated(w, name + ".mlp", rms(x, w[name + ".norm2.weight"]))
    x = rms(x, w["visual.merger.ln_q.weight"]).reshape(len(x), CELLS * CELLS, -1)
    return linear(w, "visual.merger.mlp.2", F.gelu(linear(w, "visual.merger.mlp.0", x)))


def caption_logits(w, pixels, before, after, ids):
    """Logits [B, S + 1, vocabulary] for the tokens `ids` [B, S] and one more, after the caption prompt around the picture."""
    device, start = pixels.device, len(before)
    _, past = language(w, embed(w, before)[None], torch.arange(start).expand(3, -1))
    seen = vision(w, pixels)
    x = torch.cat([seen, embed(w, after).expand(len(seen), -1, -1).to(seen.dtype), embed(w, ids).to(seen.dtype)], 1)
    rest = len(after) + ids.shape[1]
    grid = torch.stack([torch.zeros(CELLS * CELLS).long(), torch.arange(CELLS).repeat_interleave(CELLS), torch.arange(CELLS).repeat(CELLS)])
    places = torch.cat([grid + start, (start + CELLS + torch.arange(rest)).expand(3, -1)], 1)
    count = x.shape[1]
    mask = torch.ones(count, start + count, dtype=torch.bool, device=device).tril(start)
    states, _ = language(w, x, places, mask, past)
    return linear(w, "lm_head", states[:, CELLS * CELLS + len(after) - 1:])


def compare(folder):
    from safetensors.torch import load_file
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
    from train_text_encoder import Captioner, pixel_batch
    from transformers import Qwen2VLImageProcessor
    from tokenizer import Prompts
    import numpy as np
    from compose import draw_document, flatten

    w = {name: t.float() for name, t in load_file(folder + "/text_encoder/model.safetensors").items()}
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder + "/text_encoder", dtype=torch.float32).eval()
    tokenizer = Qwen2Tokenizer.from_pretrained(folder + "/tokenizer")
    documents = [draw_document(np.random.default_rng(i)) for i in range(3)]
    pictures = [flatten(d.layers)[..., :3] for d in documents]
    pixels = pixel_batch(Qwen2VLImageProcessor(min_pixels=3136, max_pixels=12845056), pictures)
    ours = patches(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))
    print("pixels", (pixels - ours).abs().max().item())
    captioner = Captioner(model, tokenizer, Prompts())
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    with torch.no_grad():
        for tongue in ("en", "cn"):
            theirs, _ = captioner.loss(pixels, [d.caption for d in documents], tongue, end)
            ids, labels = captioner.rows([d.caption for d in documents], end)
            logits = caption_logits(w, pixels, *captioner.parts[tongue], ids[:, :-1])
            print("caption", tongue, theirs.item(), F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100).item())
        rows = tokenizer([Prompts().template.format(d.caption) for d in documents], padding=True, return_tensors="pt")
        states = model.model(input_ids=rows.input_ids, attention_mask=rows.attention_mask).last_hidden_state
        print("prompt", ((states - read(w, rows.input_ids)) * rows.attention_mask[..., None]).abs().max().item())


if __name__ == "__main__":
    import sys
    compare(sys.argv[1])
