"""Trains the tiny Qwen2.5-VL: next token of the caption, given the picture in the pipeline's own caption prompts.

The part of a caption prompt before the picture is the same for all samples: it is run once a step and its keys
and values are shared by the batch. A second, small loss is the next token of captions in the prompt template, because
there the hidden states are read as the transformer's text conditioning.
"""

import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from transformers import (DynamicCache, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer, Qwen2VLImageProcessor)

from compose import sample_count
from flow import DROPPED
from pool import Pool
from tokenizer import Prompts

WIDTH = 128
CELLS = 5  # a picture of 128x128 becomes 140x140: 5x5 merged cells
IMAGE = "<|image_pad|>"


def build(tokenizer):
    token = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config=dict(
            vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=320, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=2, rms_norm_eps=1e-6, max_position_embeddings=128000, bos_token_id=token("<|endoftext|>"),
            eos_token_id=token("<|im_end|>"), pad_token_id=token("<|endoftext|>"),
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0, "mrope_section": [4, 6, 6]}),
        vision_config=dict(
            depth=4, hidden_size=96, intermediate_size=256, num_heads=4, out_hidden_size=WIDTH, fullatt_block_indexes=[0, 1, 2, 3],
            patch_size=14, spatial_merge_size=2, temporal_patch_size=2, window_size=112, tokens_per_second=2),
        image_token_id=token(IMAGE), video_token_id=token("<|video_pad|>"), vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"), tie_word_embeddings=False)
    model = Qwen2_5_VLForConditionalGeneration(config)
    for name, p in model.named_parameters():
        if p.ndim >= 2:
            fan = p[0].numel()
            out = any(part in name for part in ("o_proj", "down_proj", "attn.proj"))
            torch.nn.init.normal_(p, std=0.3 if "embed_tokens" in name else fan ** -0.5 * (0.3 if out else 1))
    return model


class Captioner:
    """Runs the model on a batch of pictures and captions in one of the two caption prompts."""

    def __init__(self, model, tokenizer, prompts):
        self.model, self.tokenizer = model, tokenizer
        self.parts = {}
        for language, prompt in prompts.caption.items():
            before, after = prompt.split(IMAGE)
            self.parts[language] = [torch.tensor(tokenizer(text).input_ids) for text in (before, after)]
        self.grid = torch.tensor([[1, CELLS * 2, CELLS * 2]])

    def rows(self, captions, end):
        """(ids, labels), right padded; labels -100 on padding."""
        ids = [self.tokenizer(c).input_ids + [end] for c in captions]
        longest = max(map(len, ids))
        labels = torch.tensor([row + [-100] * (longest - len(row)) for row in ids])
        return labels.clamp(min=0), labels

    def positions(self, start, after, length):
        """M-RoPE positions of the picture, of the tokens after it and of `length` more: [3, 1, n]."""
        y = torch.arange(CELLS).repeat_interleave(CELLS)
        x = torch.arange(CELLS).repeat(CELLS)
        picture = torch.stack([torch.zeros_like(x), y, x]) + start
        text = start + CELLS + torch.arange(after + length)
        return torch.cat([picture, text.expand(3, -1)], 1)[:, None]

    def loss(self, pixels, captions, language, end):
        model, (before, after) = self.model.model, self.parts[language]
        count = len(captions)
        embed = model.language_model.embed_tokens
        cache = DynamicCache()
        start = len(before)
        model.language_model(inputs_embeds=embed(before)[None], position_ids=torch.arange(start).expand(3, 1, -1), past_key_values=cache,
                             use_cache=True)
        cache.batch_repeat_interleave(count)
        seen = model.visual(pixels.flatten(0, 1), self.grid.expand(count, -1)).pooler_output.view(count, CELLS * CELLS, WIDTH)
        ids, labels = self.rows(captions, end)
        inputs = torch.cat([seen, embed(after).expand(count, -1, -1).to(seen.dtype), embed(ids[:, :-1]).to(seen.dtype)], 1)
        places = self.positions(start, len(after), ids.shape[1] - 1).expand(3, count, -1)
        states = model.language_model(inputs_embeds=inputs, position_ids=places, past_key_values=cache, use_cache=True).last_hidden_state
        logits = self.model.lm_head(states[:, CELLS * CELLS + len(after) - 1:]).float()
        right = (logits.argmax(-1) == labels)[labels >= 0].float().mean()
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100), float(right)


def pixel_batch(processor, pictures):
    """The exact processor path of the pipeline: [B, patches, 1176]."""
    values = processor(images=pictures, return_tensors="pt").pixel_values
    return values.view(len(pictures), -1, values.shape[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokenizer")
    parser.add_argument("out")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--resume", help="folder of a model whose vision tower is trained on; the language model stays as it is")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    tokenizer = Qwen2Tokenizer.from_pretrained(args.tokenizer)
    prompts = Prompts()
    model = build(tokenizer)
    if args.resume:
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(args.resume, dtype=torch.float32)
        model.requires_grad_(False)
        model.model.visual.requires_grad_(True)
    print("parameters", sum(p.numel() for p in model.parameters()), "vision", sum(p.numel() for p in model.model.visual.parameters()), flush=True)
    captioner = Captioner(model, tokenizer, prompts)
    processor = Qwen2VLImageProcessor(min_pixels=3136, max_pixels=12845056)
    pool = Pool(rng, 5000, 800, 128)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for n, p in model.named_parameters() if p.requires_grad and p.ndim == 2 and ("layers" in n or "blocks" in n)]
    known = {id(p) for p in matrices}
    optimisers = [torch.optim.Muon(matrices, lr=args.lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
                  torch.optim.AdamW([p for p in trained if id(p) not in known], lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01)]
    start, step, progress = time.time(), 0, 0.0
    while progress < 1:
        rate = min(1, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = args.lr * rate
        picked = [pool.pick(rng, sample_count(rng)) for _ in range(args.batch)]
        captions = [pool.caption(*one) for one in picked]
        pixels = pixel_batch(processor, [pool.composite(*one)[..., :3] for one in picked])
        with torch.autocast("cpu", torch.bfloat16):
            seen, right = captioner.loss(pixels, captions, "en" if rng.random() < 0.6 else "cn", end)
            loss = seen
            if not args.resume:
                texts = tokenizer([prompts.template.format(c) for c in captions], padding=True, return_tensors="pt")
                hidden = model.model(input_ids=texts.input_ids, attention_mask=texts.attention_mask).last_hidden_state[:, DROPPED - 1:-1]
                labels = texts.input_ids[:, DROPPED:].masked_fill(texts.attention_mask[:, DROPPED:] == 0, -100)
                loss = seen + 0.3 * F.cross_entropy(model.lm_head(hidden).float().flatten(0, 1), labels.flatten(), ignore_index=-100)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        if step % 50 == 0:
            print(f"step {step} caption {seen.item():.3f} right {right:.3f} all {loss.item():.3f} {time.time() - start:.0f}s", flush=True)
        step += 1
        progress = (time.time() - start) / (args.minutes * 60)
    model.to(torch.bfloat16).save_pretrained(args.out)


if __name__ == "__main__":
    main()
