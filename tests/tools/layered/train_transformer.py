"""Trains the small QwenImageTransformer2DModel with flow matching.

Every sample is a fresh document: pieces and backgrounds come from a pool with their latents, so a new document
costs one encoding, that of its composite. The first stage is a 64x64 canvas, where a sample costs a quarter and
the model learns to find objects and cut them out; the second is the shipped size, 128x128.
Two single-threaded workers take micro-batches from a queue. The learning rate follows the wall clock.
"""

import argparse
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from diffusers.models.transformers import transformer_qwenimage
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from compose import LARGE, SMALL, flatten
from flat_vae import encode, flatten_kernels, to_float
from flow import CONFIG, DROPPED, LAYER_ODDS, LAYERS, pack, sample_times
from pool import Pool
from tokenizer import Prompts

EXTENTS = {64: ((0.45, 0.8), (0.38, 0.58)), 128: (LARGE, SMALL)}
TOKEN = 16  # pixels


def touched(rgba):
    """1 where a token's square is not fully transparent."""
    side = rgba.shape[0] // TOKEN
    return torch.from_numpy(rgba[..., 3].reshape(side, TOKEN, side, TOKEN).max((1, 3)) > 0).flatten().float()


def plain_attention(query, key, value, attn_mask=None, **_):
    """Attention written out in bf16: twice as fast on a CPU as the fused kernel, at these lengths."""
    q, k, v = (x.to(torch.bfloat16).transpose(1, 2) for x in (query, key, value))
    scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
    if attn_mask is not None:
        scores = scores + torch.zeros_like(attn_mask, dtype=scores.dtype).masked_fill(~attn_mask, -1e4)
    return torch.matmul(torch.softmax(scores, -1, dtype=torch.bfloat16), v).transpose(1, 2)


class Encoder:
    """Normalised, packed latents of uint8 pictures."""

    def __init__(self, folder):
        full = AutoencoderKLQwenImage.from_pretrained(folder)
        self.mean = torch.tensor(full.config.latents_mean).view(1, -1, 1, 1)
        self.std = torch.tensor(full.config.latents_std).view(1, -1, 1, 1)
        self.vae = flatten_kernels(full).eval()

    @torch.no_grad()
    def __call__(self, pictures):
        x = to_float(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            z, _ = encode(self.vae, x)
        return pack((z - self.mean) / self.std)


class Texts:
    """Prompt embeddings of the pipeline, right padded, and their mask."""

    def __init__(self, folder):
        self.tokenizer = Qwen2Tokenizer.from_pretrained(folder + "/tokenizer")
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder + "/text_encoder", dtype=torch.float32).model.eval()
        self.template = Prompts().template

    @torch.no_grad()
    def __call__(self, prompts):
        rows = self.tokenizer([self.template.format(p) for p in prompts], padding=True, return_tensors="pt")
        states = self.model(input_ids=rows.input_ids, attention_mask=rows.attention_mask).last_hidden_state
        return states[:, DROPPED:].float(), rows.attention_mask[:, DROPPED:].bool()


class Source:
    """Batches of documents at one canvas size."""

    def __init__(self, folder, size, pieces, grounds, seed):
        rng = np.random.default_rng(seed)
        self.encoder, self.texts, self.size = Encoder(folder + "/vae"), Texts(folder), size
        self.pool = Pool(rng, pieces, grounds, size, EXTENTS[size])
        self.pieces = self.table([p.rgba for p in self.pool.pieces])
        self.grounds = self.table([g.rgba for g in self.pool.grounds])
        self.content = torch.stack([touched(p.rgba) for p in self.pool.pieces])
        self.empty = self.encoder([np.zeros((size, size, 4), np.uint8)])[0]

    def table(self, pictures):
        return torch.cat([self.encoder(pictures[i:i + 64]).half() for i in range(0, len(pictures), 64)])

    def draw(self, rng, count):
        """(frames [B, L + 1, n, 64], condition [B, n, 64], text, mask, weights [B, L + 1, n]) of documents with the same L."""
        wanted = int(rng.choice(LAYERS, p=LAYER_ODDS))
        frames, weights, composites, captions = [], [], [], []
        for _ in range(count):
            objects = wanted - 1 if rng.random() < 0.8 else int(rng.integers(1, 5))
            objects = min(objects, 3) if self.size == 64 and wanted < 5 else objects
            ground, numbers = self.pool.pick(rng, objects)
            composites.append(self.pool.composite(ground, numbers))
            captions.append(self.prompt(rng, ground, numbers))
            layers, content = [self.grounds[ground].float()], [torch.full_like(self.content[0], 0.5)]
            single = numbers if objects < wanted else numbers[:wanted - 2]
            merged = numbers[len(single):]
            layers += [self.pieces[n].float() for n in single]
            content += [self.content[n] for n in single]
            if merged:
                layers.append(self.encoder([flatten([self.pool.pieces[n].rgba for n in merged])])[0])
                content.append(self.content[merged].amax(0))
            while len(layers) < wanted:
                layers.append(self.empty)
                content.append(torch.zeros_like(self.content[0]))
            frames.append(torch.stack(layers))
            weights.append(0.7 + 1.3 * torch.stack(content))
        condition = self.encoder(composites)
        weights = torch.stack(weights)
        weights = torch.cat([torch.full_like(weights[:, :1], 0.3), weights], 1)
        text, mask = self.texts(captions)
        return torch.cat([condition[:, None], torch.stack(frames)], 1), condition, text, mask, weights

    def prompt(self, rng, ground, numbers):
        """The true caption, one with wrong objects (so that a wrong caption does little harm), or a blank."""
        chance = rng.random()
        if chance < 0.25:
            return " "
        if chance < 0.5:
            numbers = [n if rng.random() < 0.5 else int(rng.integers(len(self.pieces))) for n in numbers if rng.random() < 0.8] or numbers
        return self.pool.caption(ground, numbers)


def build():
    model = QwenImageTransformer2DModel(num_layers=6, **CONFIG)
    torch.nn.init.zeros_(model.proj_out.weight)
    for name, p in model.named_parameters():
        if "_mod." in name:
            torch.nn.init.zeros_(p)
            if p.ndim == 1:  # shift, scale, gate of the attention, then of the feed-forward; gates start open
                p.data.view(2, 3, -1)[:, 2] = 1
        elif name.endswith(("to_out.0.weight", "to_add_out.weight", "net.2.weight")):
            p.data.mul_(0.3)
        elif "norm_q" in name or "norm_k" in name:
            p.data.fill_(1.4)  # attention to one square starts sharper
    return model


def split_parameters(model):
    """Matrices of the blocks for Muon, the rest (embedders, modulation, output, norms) for AdamW."""
    matrices, rest = [], []
    for name, p in model.named_parameters():
        (matrices if name.startswith("transformer_blocks") and p.ndim == 2 and "_mod." not in name else rest).append(p)
    return matrices, rest


def rate_at(step, progress, hold):
    return min(1.0, (step + 1) / 40) * (1.0 if progress < hold else max(0.0, (1 - progress) / (1 - hold)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", help="folder with tokenizer/, text_encoder/ and vae/; transformer/ is written there")
    parser.add_argument("--minutes", type=float, default=74)
    parser.add_argument("--small", type=float, default=0.22, help="part of the time on 64x64 canvases")
    parser.add_argument("--hold", type=float, default=0.4, help="part of the time before the decay")
    parser.add_argument("--batch", type=int, default=24, help="documents of 128x128 in a step; twice as many of 64x64")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--average", type=float, default=0.995)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    parser.add_argument("--pieces", type=int, default=10000)
    parser.add_argument("--start", help="folder of a trained transformer to go on from, with a fresh optimiser")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    transformer_qwenimage.dispatch_attention_fn = plain_attention
    model = build()
    if args.start:
        model.load_state_dict(QwenImageTransformer2DModel.from_pretrained(args.start, torch_dtype=torch.float32).state_dict())
    print("parameters", sum(p.numel() for p in model.parameters()), flush=True)
    matrices, rest = split_parameters(model)
    # one Muon per worker, about equal work each
    shares = [sorted(matrices, key=lambda p: -p.numel())[i::args.workers] for i in range(args.workers)]
    optimisers = [torch.optim.Muon(share, lr=args.lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw") for share in shares]
    optimisers.append(torch.optim.AdamW(rest, lr=args.lr / 2, betas=(0.9, 0.97), weight_decay=0.01, fused=True))
    peaks = [group["lr"] for optimiser in optimisers for group in optimiser.param_groups]
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    step, spent = 0, 0.0
    out = os.path.join(args.parts, "transformer")
    checkpoint = out + ".checkpoint.pt"
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        average, step, spent = state["average"], state["step"], state["spent"]
        for optimiser, saved in zip(optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)

    def save():
        torch.save({"model": model.state_dict(), "average": average, "step": step, "spent": spent,
                    "optimisers": [o.state_dict() for o in optimisers]}, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)
        shipped = QwenImageTransformer2DModel(num_layers=6, **CONFIG)
        shipped.load_state_dict(average)
        shipped.to(torch.bfloat16).save_pretrained(out)

    lock = threading.Lock()
    parameters = list(model.parameters())
    for p in parameters:
        p.grad = torch.zeros_like(p)

    def learn(source, seed, count, share):
        """Forward and backward of one micro-batch; adds to the shared gradients."""
        torch.set_num_threads(1)
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        x0, condition, text, mask, weights = source.draw(rng, count)
        frames = x0.shape[1]
        side = source.size // TOKEN
        noise = torch.randn(x0.shape, generator=generator)
        t = sample_times(count, generator)
        level = t.view(-1, 1, 1, 1)
        noisy = ((1 - level) * x0 + level * noise).flatten(1, 2)
        with torch.autocast("cpu", torch.bfloat16):
            v = model(hidden_states=torch.cat([noisy, condition], 1), encoder_hidden_states=text, encoder_hidden_states_mask=mask,
                      timestep=t, img_shapes=[[(1, side, side)] * (frames + 1)] * count,
                      additional_t_cond=torch.zeros(count, dtype=torch.long), return_dict=False)[0]
        error = (v[:, :frames * side * side].float() - (noise - x0).flatten(1, 2)).pow(2).mean(-1)
        weights = weights.flatten(1)
        loss = (error * weights).sum() / weights.sum()
        gradients = torch.autograd.grad(loss * share, parameters, allow_unused=True)
        with lock:
            for p, g in zip(parameters, gradients):
                if g is not None:  # the last block's text update is never used
                    p.grad.add_(g)
        return loss.item() * share

    began = time.time()
    budget = args.minutes * 60
    small = spent < args.small * budget
    source = Source(args.parts, 64 if small else 128, args.pieces, 1500, args.seed + 1)
    print(f"pool of pieces {time.time() - began:.0f}s", flush=True)
    last_save, window, seen, documents = time.time(), [], time.time(), 0
    with ThreadPoolExecutor(args.workers) as pool:
        while spent < budget:
            began = time.time()
            if source.size == 64 and spent >= args.small * budget:
                source = None
                source = Source(args.parts, 128, args.pieces, 2000, args.seed + 2)
            rate = rate_at(step, spent / budget, args.hold)
            for peak, group in zip(peaks, (group for optimiser in optimisers for group in optimiser.param_groups)):
                group["lr"] = peak * rate
            count = args.batch * (2 if source.size == 64 else 1) // args.workers
            jobs = [pool.submit(learn, source, (step * 7919 + i) * 31 + args.seed, count, 1 / args.workers) for i in range(args.workers)]
            window.append(sum(job.result() for job in jobs))
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            list(pool.map(lambda optimiser: optimiser.step(), optimisers))
            decay = min(args.average, (step + 1) / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(list(average.values()), parameters, 1 - decay)
                torch._foreach_zero_([p.grad for p in parameters])
            step += 1
            documents += count * args.workers
            spent += time.time() - began
            if step % 25 == 0:
                print(f"step {step} size {source.size} loss {sum(window) / len(window):.4f} rate {rate:.3f} "
                      f"speed {documents / (time.time() - seen):.1f}/s spent {spent / 60:.1f} min", flush=True)
                window, seen, documents = [], time.time(), 0
            if time.time() - last_save > args.save_every:
                save()
                last_save = time.time()
    save()


if __name__ == "__main__":
    main()
