"""Trains the tiny Qwen3 text encoder on captions.

Two losses: the next token (so that it is a language model of captions), and linear attribute
heads on each of the three hidden states that the pipeline reads (9, 18, 27), at every position
after the prompt, padding included, because the transformer attends to those too. The heads make
kind, colour, material and background linearly readable and therefore free to recombine.
The heads are thrown away afterwards.
"""

import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import Qwen3Config, Qwen3ForCausalLM

from captions import caption
from sprites import sample_look
from tokenizer import MAX_LENGTH, wrap
from vocabulary import BACKGROUNDS, COLOURS, KINDS, MATERIALS

LEVELS = (9, 18, 27)
LAYERS = 28
WIDTH = 96
ATTRIBUTES = (KINDS, list(COLOURS), MATERIALS, BACKGROUNDS)


def encode_prompts(tokenizer, prompts):
    """(ids, mask), right padded and right truncated to MAX_LENGTH as the pipeline does it."""
    pad = tokenizer.token_to_id("<|endoftext|>")
    ids = torch.full((len(prompts), MAX_LENGTH), pad)
    mask = torch.zeros_like(ids)
    for row, encoding in enumerate(tokenizer.encode_batch([wrap(p) for p in prompts])):
        tokens = encoding.ids[:MAX_LENGTH]
        ids[row, :len(tokens)] = torch.tensor(tokens)
        mask[row, :len(tokens)] = 1
    return ids, mask


def stacked_states(encoder, ids, mask):
    """The prompt embeddings of the pipeline: [B, L, 3 * WIDTH]."""
    states = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False).hidden_states
    return torch.cat([states[level] for level in LEVELS], -1)


def build(tokenizer):
    config = Qwen3Config(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=WIDTH, intermediate_size=192, num_hidden_layers=LAYERS,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True, max_position_embeddings=4096,
        rope_theta=10000.0, bos_token_id=tokenizer.token_to_id("<|endoftext|>"), eos_token_id=tokenizer.token_to_id("<|im_end|>"))
    encoder = Qwen3ForCausalLM(config)
    for name, p in encoder.named_parameters():
        if p.ndim == 2:
            std = 0.15 if "embed" in name else WIDTH ** -0.5
            torch.nn.init.normal_(p, std=std * (0.15 if "o_proj" in name or "down_proj" in name else 1))
    return encoder


@torch.no_grad()
def rescale(encoder, ids, mask):
    """Brings the stacked states to unit size, exactly: every reader of the residual stream normalises it."""
    size = float(stacked_states(encoder, ids, mask).pow(2).mean().sqrt())
    for name, p in encoder.named_parameters():
        if "embed" in name or "o_proj" in name or "down_proj" in name:
            p.div_(size)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokenizer")
    parser.add_argument("out")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--captions", type=int, default=40000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    looks = [sample_look(rng) for _ in range(args.captions + 1024)]
    ids, mask = encode_prompts(tokenizer, [caption(*look, rng) for look in looks])
    labels = torch.tensor([[names.index(value) for names, value in zip(ATTRIBUTES, look)] for look in looks])

    encoder = build(tokenizer)
    print("parameters", sum(p.numel() for p in encoder.parameters()), flush=True)
    sizes = [len(names) for names in ATTRIBUTES]
    heads = torch.nn.ModuleList(torch.nn.Linear(WIDTH, sum(sizes)) for _ in LEVELS)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.02, fused=True)
    end = tokenizer.token_to_id("<|im_end|>")

    def losses(part):
        i, m, wanted = ids[part], mask[part], labels[part]
        with torch.autocast("cpu", torch.bfloat16):
            out = encoder(input_ids=i, attention_mask=m, output_hidden_states=True, use_cache=False)
            lm = F.cross_entropy(out.logits[:, :-1].float().flatten(0, 1), i[:, 1:].masked_fill(m[:, 1:] == 0, -100).flatten())
        after = ((i == end).int().cumsum(1) > 0).float()
        after[:, -1] = 1  # a truncated prompt has no end token
        weight = (after / after.sum()).flatten()
        attribute, right = 0.0, []
        for level, head in zip(LEVELS, heads):
            guess = head(out.hidden_states[level].float()).flatten(0, 1).split(sizes, -1)
            target = wanted.repeat_interleave(i.shape[1], 0)
            attribute = attribute + sum((F.cross_entropy(g, t, reduction="none") * weight).sum() for g, t in zip(guess, target.unbind(1)))
            right = [round(float(((g.argmax(-1) == t) * weight).sum()), 4) for g, t in zip(guess, target.unbind(1))]
        return lm, attribute, right

    start, step, progress = time.time(), 0, 0.0
    while progress < 1:
        rate = min(1, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimiser.param_groups:
            group["lr"] = args.lr * rate
        lm, attribute, right = losses(torch.randint(args.captions, (args.batch,)))
        optimiser.zero_grad()
        (0.3 * lm + attribute).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if step % 25 == 0:
            print(f"step {step} lm {lm.item():.3f} attribute {attribute.item():.3f} right {right} {time.time() - start:.0f}s", flush=True)
        step += 1
        progress = (time.time() - start) / (args.minutes * 60)
    encoder.eval()
    with torch.no_grad():
        fresh = slice(args.captions, None)
        print("fresh captions: kind, colour, material, background read right:", losses(fresh)[2])
        rescale(encoder, ids[fresh][:256], mask[fresh][:256])
    encoder.to(torch.bfloat16).save_pretrained(args.out)


if __name__ == "__main__":
    main()
