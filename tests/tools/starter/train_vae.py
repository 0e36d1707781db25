"""Trains the small AutoencoderKLFlux2 on drawn sprites and sets its latent statistics.

The latent's noise and KL term are mild: they keep the latent space smooth enough for the
transformer without costing sharp outlines. The edge term (differences of neighbouring pixels)
weighs outlines up, which is what a sprite lives from.
"""

import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLFlux2

from muon import ConvMuon
from sprites import draw, sample_look

CONFIG = dict(
    block_out_channels=(16, 32, 64, 64), decoder_block_out_channels=(16, 32, 64, 64), layers_per_block=1,
    latent_channels=16, norm_num_groups=8, sample_size=128, batch_norm_eps=1e-4,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
)


def draw_batch(rng, count):
    """uint8 [count, 3, H, W]. Held-out pairs are kept from the autoencoder as well."""
    images = np.stack([draw(*sample_look(rng), rng) for _ in range(count)])
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def to_float(images):
    return images.float().div_(127.5).sub_(1)


def random_crops(pool, count):
    """64x64 pieces of random sprites at random places: a cheap diet for most of the training."""
    rows = torch.randint(len(pool), (count,)).tolist()
    corners = torch.randint(8, pool.shape[-1] - 64 - 7, (count, 2)).tolist()
    return torch.stack([pool[r, :, y:y + 64, x:x + 64] for r, (y, x) in zip(rows, corners)])


def edge_loss(a, b):
    d = a - b
    return (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()


def patchify(z):
    """[B, C, H, W] to [B, 4C, H/2, W/2], as the pipeline does it."""
    b, c, h, w = z.shape
    return z.view(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, c * 4, h // 2, w // 2)


def colour_loss(d):
    """Hue (differences of channels) and area averages, which the per-pixel terms learn late."""
    hue = (d[:, 0] - d[:, 1]).abs().mean() + (d[:, 2] - d[:, 1]).abs().mean()
    return hue + F.avg_pool2d(d, 8).abs().mean()


@torch.no_grad()
def set_statistics(vae, images):
    """Running mean and variance of the patchified latents, used by the pipeline as constants."""
    z = torch.cat([patchify(vae.encode(to_float(part)).latent_dist.mean) for part in images.split(32)])
    vae.bn.running_mean.copy_(z.mean((0, 2, 3)))
    vae.bn.running_var.copy_(z.var((0, 2, 3)))


@torch.no_grad()
def psnr(vae, images):
    errors = []
    for part in images.split(32):
        x = to_float(part)
        y = vae.decode(vae.encode(x).latent_dist.mean).sample.clamp(-1, 1)
        errors.append(((x - y) / 2).pow(2).mean((1, 2, 3)))
    return float((-10 * torch.log10(torch.cat(errors))).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="folder to write (diffusers layout)")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--pool", type=int, default=4000, help="drawn sprites to train on")
    parser.add_argument("--crops", type=float, default=0.75, help="part of the time spent on crops before whole sprites")
    parser.add_argument("--resume", help="folder of a model to go on from")
    parser.add_argument("--decoder-only", action="store_true", help="leave the latents as they are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    pool = draw_batch(rng, args.pool)
    vae = AutoencoderKLFlux2.from_pretrained(args.resume) if args.resume else AutoencoderKLFlux2(**CONFIG)
    if args.decoder_only:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    average = torch.optim.swa_utils.AveragedModel(vae, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    print("parameters", sum(p.numel() for p in vae.parameters()), flush=True)
    kernels = [p for p in vae.parameters() if p.requires_grad and p.ndim == 4]
    rest = [p for p in vae.parameters() if p.requires_grad and p.ndim != 4]
    optimisers = [ConvMuon(kernels, lr=args.lr, weight_decay=0.01), torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.98), weight_decay=0)]
    start, step, progress = time.time(), 0, 0.0
    while progress < 1:
        rate = min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = args.lr * rate
        if progress < args.crops:
            x = to_float(random_crops(pool, args.batch))
        else:
            x = to_float(pool[torch.randint(args.pool, (args.batch,))])
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(x).latent_dist
            mean, logvar = posterior.mean.float(), posterior.logvar.float()
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            y = vae.decode(z).sample
        y = y.float()
        kl = 0.5 * (mean.pow(2) + logvar.exp() - 1 - logvar).mean()
        rebuilt = (y - x).abs().mean() + 0.5 * (y - x).pow(2).mean()
        loss = rebuilt + 0.5 * edge_loss(y, x) + 0.5 * colour_loss(y - x) + 1e-4 * kl
        vae.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        average.update_parameters(vae)
        if step % 100 == 0:
            print(f"step {step} l1 {rebuilt.item():.4f} kl {kl.item():.2f} {time.time() - start:.0f}s", flush=True)
        step += 1
        progress = (time.time() - start) / (args.minutes * 60)
    vae = average.module.eval()
    if not args.decoder_only:
        set_statistics(vae, pool[:1024])
    vae.save_pretrained(args.out)
    print(f"PSNR on fresh sprites {psnr(vae, draw_batch(np.random.default_rng(args.seed + 1000), 256)):.2f} dB")


if __name__ == "__main__":
    main()
