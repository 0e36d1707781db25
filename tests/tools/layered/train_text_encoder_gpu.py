"""Trains the small Qwen2.5-VL on, on a GPU: the same two losses as `train_text_encoder.py`, many more pictures.

FOLDER holds pieces.zip (`draw_pieces.py`), tokenizer.json and text_encoder.safetensors, from which training goes on.
"""

import argparse
import math
import os
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import qwen_vl
from flow import DROPPED
from gpu_documents import Painter, Plans, Stock, batches
from muon import BatchedMuon  # of ../starter, which arrangement.py puts on the path

IMAGE = "<|image_pad|>"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("out", help="file of the trained tensors")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--limit", type=int, help="sprites to use")
    parser.add_argument("--grounds", type=int, default=4000)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    torch.manual_seed(3)
    began = time.time()
    stock = Stock(args.folder + "/pieces.zip", grounds=args.grounds, workers=max(args.workers, 1), limit=args.limit)
    tokens = Tokenizer.from_file(args.folder + "/tokenizer.json")
    source = batches(Plans(stock, args.folder + "/tokenizer.json", args.batch, 33, captions_only=True), args.workers)
    plan = next(source)
    painter = Painter(stock, args.device)
    parts = [[torch.tensor(tokens.encode(part).ids, device=args.device) for part in prompt.split(IMAGE)]
             for prompt in stock.prompts["caption"].values()]
    w = {name: t.float().to(args.device).requires_grad_() for name, t in load_file(args.folder + "/text_encoder.safetensors").items()}
    average = {name: t.detach().clone() for name, t in w.items()}
    matrices = [p for name, p in w.items() if p.ndim == 2 and ("layers" in name or "blocks" in name)]
    known = {id(p) for p in matrices}
    muon = BatchedMuon(matrices)
    adam = torch.optim.AdamW([p for p in w.values() if id(p) not in known], lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01)
    parameters = list(w.values())
    print(f"ready after {time.time() - began:.0f} s", flush=True)

    def losses(plan, tongue):
        with torch.no_grad():
            pixels = qwen_vl.patches(painter(plan, layers=False)[0][:, :3])
        longest = int((plan["caption"] >= 0).sum(1).max())
        labels = plan["caption"][:, :longest].to(args.device)
        prompt, mask = plan["prompt"][:, :DROPPED + longest + 4].to(args.device), plan["prompt_mask"][:, :longest + 4].to(args.device)
        with torch.autocast(args.device, torch.bfloat16):
            logits = qwen_vl.caption_logits(w, pixels, *parts[tongue], labels[:, :-1].clamp(min=0)).float()
            seen = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
            hidden = qwen_vl.read(w, prompt)[:, DROPPED - 1:-1]
            text = F.cross_entropy(qwen_vl.linear(w, "lm_head", hidden).float().flatten(0, 1),
                                   prompt[:, DROPPED:].masked_fill(~mask, -100).flatten(), ignore_index=-100)
        right = ((logits.argmax(-1) == labels) | (labels < 0)).all(1).float().mean()
        return seen, text, right

    start, step, progress = time.time(), 0, 0.0
    while progress < 1:
        rate = args.lr * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
        seen, text, right = losses(plan, step % 5 % 2)
        gradients = torch.autograd.grad(seen + 0.3 * text, parameters)
        for p, g in zip(parameters, gradients):
            p.grad = g
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        muon.step(rate)
        for group in adam.param_groups:
            group["lr"] = rate
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), parameters, 1 - min(args.average, (step + 1) / (step + 10)))
        if step % 200 == 0:
            print(f"step {step} caption {seen.item():.4f} all right {right.item():.3f} text {text.item():.3f} {time.time() - start:.0f} s", flush=True)
        step += 1
        plan = next(source)
        progress = (time.time() - start) / args.seconds
    print(f"{step} steps of {args.batch}: {step * args.batch / (time.time() - start):.0f} pictures a second", flush=True)
    part = args.out + ".part"
    save_file({name: t.to(torch.bfloat16).contiguous() for name, t in average.items()}, part, {"format": "pt"})
    os.replace(part, args.out)


if __name__ == "__main__":
    main()
