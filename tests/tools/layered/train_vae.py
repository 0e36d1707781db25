"""Trains the small AutoencoderKLQwenImage on composites and single layers and measures its latent statistics.

On one frame a causal 3x3x3 convolution sees two zero frames and the picture, so only its last temporal tap
acts: `flatten_kernels` keeps just those taps as 2-D kernels for training and `inflate` writes them back.
Colour under zero alpha is black in the input and free in the output: the loss weighs colour by alpha.
"""

import argparse
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLQwenImage

from compose import draw_document, flatten
from flat_vae import decode, encode, flatten_kernels, to_float
from muon import ConvMuon  # of ../starter, which compose.py puts on the path

CONFIG = dict(base_dim=16, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=1, attn_scales=[], temperal_downsample=[False, True, True],
              input_channels=4, latents_mean=[0.0] * 16, latents_std=[1.0] * 16)


def inflate(vae, mean, std):
    """The same autoencoder in its true shape: other taps and temporal convolutions are zero."""
    full = AutoencoderKLQwenImage(**{**CONFIG, "latents_mean": mean, "latents_std": std})
    shapes = {name: p.shape for name, p in full.state_dict().items()}
    state = {name: torch.zeros(shape) for name, shape in shapes.items()}
    for name, p in vae.state_dict().items():
        if p.shape == shapes[name]:
            state[name] = p
        else:
            state[name][:, :, -1] = p
    full.load_state_dict(state)
    return full


def draw_pool(rng, documents, size):
    """uint8 [N, 4, size, size]: of each document the composite and every object, of half of them the background."""
    frames = []
    for _ in range(documents):
        layers = draw_document(rng, size=size).layers
        frames += [flatten(layers), *layers[rng.integers(2):]]
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous()


def edge(d):
    return (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()


def rebuild_loss(y, x):
    """Alpha, straight colour weighed by alpha, premultiplied colour on a random ground, and their edges."""
    a, b = (x[:, 3:] + 1) / 2, (y[:, 3:] + 1) / 2
    ground = torch.rand(len(x), 3, 1, 1) * 2 - 1
    shown_x = x[:, :3] * a + ground * (1 - a)
    shown_y = y[:, :3] * b + ground * (1 - b)
    d, straight = shown_y - shown_x, (y[:, :3] - x[:, :3]) * (a + 0.03)
    alpha = y[:, 3:] - x[:, 3:]
    return (d.abs().mean() + straight.abs().mean() + alpha.abs().mean() + 1.5 * d.pow(2).mean() + 0.5 * alpha.pow(2).mean()
            + 0.5 * edge(d) + 0.5 * edge(alpha) + F.avg_pool2d(d, 8).abs().mean())


@torch.no_grad()
def measure(vae, images):
    """(PSNR on a grey ground, mean |alpha error|, latent mean, latent deviation)."""
    errors, alphas, latents = [], [], []
    for part in images.split(32):
        x = to_float(part)
        z, _ = encode(vae, x)
        y = decode(vae, z).clamp(-1, 1)
        a, b = (x[:, 3:] + 1) / 2, (y[:, 3:] + 1) / 2
        errors.append(((x[:, :3] * a - y[:, :3] * b) / 2).pow(2).mean((1, 2, 3)))
        alphas.append((a - b).abs().mean((1, 2, 3)))
        latents.append(z)
    z = torch.cat(latents)
    return float((-10 * torch.log10(torch.cat(errors) + 1e-9)).mean()), float(torch.cat(alphas).mean()), z.mean((0, 2, 3)), z.std((0, 2, 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="folder to write (diffusers layout)")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--crops", type=float, default=0.7, help="part of the time spent on crops before whole canvases")
    parser.add_argument("--noise", type=float, default=0.1, help="noise on the latents, in their own deviations")
    parser.add_argument("--resume", help="folder of an autoencoder to train on")
    parser.add_argument("--decoder-only", action="store_true", help="leave the latents as they are")
    parser.add_argument("--workers", type=int, default=1, help="single-threaded workers, a batch each")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    pool = draw_pool(np.random.default_rng(1), args.documents, 128)
    full = AutoencoderKLQwenImage.from_pretrained(args.resume) if args.resume else AutoencoderKLQwenImage(**CONFIG)
    known_latents = full.config.latents_mean, full.config.latents_std
    vae = flatten_kernels(full)
    if args.decoder_only:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    average = torch.optim.swa_utils.AveragedModel(vae, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    print("parameters", sum(p.numel() for p in vae.parameters()), flush=True)
    trained = [p for p in vae.parameters() if p.requires_grad]
    kernels = [p for p in trained if p.ndim == 4 and min(p.shape[:2]) > 1 and p.shape[0] > 4]
    known = {id(p) for p in kernels}
    rest = [p for p in trained if id(p) not in known]
    optimisers = [ConvMuon(kernels, lr=args.lr, weight_decay=0.01), torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.98), weight_decay=0)]
    lock = threading.Lock()
    for p in trained:
        p.grad = torch.zeros_like(p)

    def learn(whole):
        """Forward and backward of one batch; adds to the shared gradients."""
        torch.set_num_threads(1)
        x = pool[torch.randint(len(pool), (args.batch // 2 if whole else args.batch,))]
        if not whole:
            corners = torch.randint(0, 65, (len(x), 2)).tolist()
            x = torch.stack([one[:, i:i + 64, j:j + 64] for one, (i, j) in zip(x, corners)])
        x = to_float(x).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.set_grad_enabled(not args.decoder_only):
                mean, logvar = encode(vae, x)
            spread = torch.exp(logvar) + (args.noise * mean.detach().std((0, 2, 3), keepdim=True)) ** 2
            y = decode(vae, mean + spread.sqrt() * torch.randn_like(mean))
        kl = 0.5 * (mean.pow(2) + logvar.exp() - 1 - logvar).mean()
        rebuilt = rebuild_loss(y, x)
        gradients = torch.autograd.grad((rebuilt + 1e-4 * kl) / args.workers, trained)
        with lock:
            torch._foreach_add_([p.grad for p in trained], gradients)
        return rebuilt.item(), kl.item()

    start, step, progress = time.time(), 0, 0.0
    with ThreadPoolExecutor(args.workers) as workers:
        while progress < 1:
            rate = min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = args.lr * rate
            torch._foreach_zero_([p.grad for p in trained])
            rebuilt, kl = list(workers.map(learn, [progress >= args.crops] * args.workers))[0]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            for optimiser in optimisers:
                optimiser.step()
            average.update_parameters(vae)
            if step % 100 == 0:
                print(f"step {step} loss {rebuilt:.4f} kl {kl:.2f} {time.time() - start:.0f}s", flush=True)
            step += 1
            progress = (time.time() - start) / (args.minutes * 60)
    vae = average.module.eval()
    if not args.decoder_only:
        _, _, mean, std = measure(vae, pool[:600])
        known_latents = [round(v, 4) for v in mean.tolist()], [round(v, 4) for v in std.tolist()]
    inflate(vae, *known_latents).save_pretrained(args.out)
    fresh = draw_pool(np.random.default_rng(1000), 60, 128)
    print("fresh frames: PSNR %.2f dB, alpha error %.4f" % measure(vae, fresh)[:2])


if __name__ == "__main__":
    main()
