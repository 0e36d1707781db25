"""Trains the small Flux2Transformer2DModel with flow matching on the cached latents.

Written for a shared machine with few cores: a batch is split into micro-batches that single-threaded
workers take from a queue, so a core that another program keeps busy delays one micro-batch and not
every matrix product. The learning rate follows the wall clock (`--minutes`): warm-up, constant,
linear decay to zero. A checkpoint is written every few minutes and resumed from.
"""

import argparse
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch
from diffusers import Flux2Transformer2DModel
from torch.nn.attention import SDPBackend, sdpa_kernel

CONFIG = dict(
    in_channels=64, num_layers=2, num_single_layers=5, attention_head_dim=64, num_attention_heads=3,
    joint_attention_dim=288, axes_dims_rope=(16, 16, 16, 16), mlp_ratio=3.0, guidance_embeds=False,
)
GRID = 8
SHIFT = 1.5  # the scheduler's shift, see export.py


def position_ids(text_length):
    """(text ids, image ids) of the pipeline: (0,0,0,i) and (0,y,x,0)."""
    text = torch.zeros(text_length, 4)
    text[:, 3] = torch.arange(text_length)
    image = torch.zeros(GRID * GRID, 4)
    image[:, 1] = torch.arange(GRID).repeat_interleave(GRID)
    image[:, 2] = torch.arange(GRID).repeat(GRID)
    return text, image


def sample_times(count, generator):
    """Noise levels: half of them those of an eight (or four) step run, half around the upper middle."""
    grid = torch.randint(1, 9, (count,), generator=generator) / 8
    grid = SHIFT * grid / (1 + (SHIFT - 1) * grid)
    middle = torch.sigmoid(0.4 + 1.1 * torch.randn(count, generator=generator))
    return torch.where(torch.rand(count, generator=generator) < 0.5, grid, middle)


def split_parameters(model):
    """Matrices of the blocks for Muon, the rest (embedders, modulation, output, norms) for AdamW."""
    matrices, rest = [], []
    for name, p in model.named_parameters():
        in_block = name.startswith(("transformer_blocks", "single_transformer_blocks"))
        (matrices if in_block and p.ndim == 2 else rest).append(p)
    return matrices, rest


def rate_at(step, progress, hold):
    warm = min(1.0, (step + 1) / 50)
    return warm * (1.0 if progress < hold else max(0.0, (1 - progress) / (1 - hold)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", help="folder that prepare.py wrote")
    parser.add_argument("out", help="folder of the averaged model; the checkpoint lies beside it")
    parser.add_argument("--minutes", type=float, default=42)
    parser.add_argument("--hold", type=float, default=0.55, help="part of the time before the decay")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--micro", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--average", type=float, default=0.995)
    parser.add_argument("--save-every", type=float, default=240, help="seconds")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    latents = torch.load(args.cache + "/latents.pt")
    embeddings = torch.load(args.cache + "/embeddings.pt")
    text_ids, image_ids = position_ids(embeddings.shape[1])

    model = Flux2Transformer2DModel(**CONFIG)
    torch.nn.init.zeros_(model.proj_out.weight)
    print("parameters", sum(p.numel() for p in model.parameters()), flush=True)
    matrices, rest = split_parameters(model)
    # one Muon per worker, about equal work each
    shares = [sorted(matrices, key=lambda p: -p.numel())[i::args.workers] for i in range(args.workers)]
    optimisers = [torch.optim.Muon(share, lr=args.lr, weight_decay=0.05, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw",
                                   ns_steps=5) for share in shares]
    optimisers.append(torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.97), weight_decay=0.01, fused=True))
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    step, spent = 0, 0.0
    checkpoint = args.out.rstrip("/") + ".checkpoint.pt"
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        average, step, spent = state["average"], state["step"], state["spent"]
        for optimiser, saved in zip(optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        generator.set_state(state["generator"])

    def save():
        torch.save({"model": model.state_dict(), "average": average, "step": step, "spent": spent, "generator": generator.get_state(),
                    "optimisers": [o.state_dict() for o in optimisers]}, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)
        shipped = Flux2Transformer2DModel(**CONFIG)
        shipped.load_state_dict(average)
        shipped.to(torch.bfloat16).save_pretrained(args.out)

    lock = threading.Lock()

    def learn(x0, text, noise, t):
        """Forward and backward of one micro-batch; adds to the shared gradients."""
        torch.set_num_threads(1)
        level = t.view(-1, 1, 1)
        noisy = (1 - level) * x0 + level * noise
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):  # faster than flash at 104 tokens
            v = model(hidden_states=noisy, encoder_hidden_states=text, timestep=t, img_ids=image_ids, txt_ids=text_ids,
                      return_dict=False)[0]
        loss = (v.float() - (noise - x0)).pow(2).mean() * (len(x0) / args.batch)
        gradients = torch.autograd.grad(loss, parameters)
        with lock:
            for p, g in zip(parameters, gradients):
                p.grad.add_(g)
        return loss.item()

    parameters = list(model.parameters())
    for p in parameters:
        p.grad = torch.zeros_like(p)
    budget = args.minutes * 60
    last_save, window, seen = time.time(), [], time.time()
    with ThreadPoolExecutor(args.workers) as pool:
        while spent < budget:
            began = time.time()
            rate = rate_at(step, spent / budget, args.hold)
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = args.lr * rate
            rows = torch.randint(len(embeddings), (args.batch,), generator=generator)
            x0 = latents[rows % len(latents)].float()
            noise = torch.randn(x0.shape, generator=generator)
            t = sample_times(args.batch, generator)
            parts = zip(*(a.split(args.micro) for a in (x0, embeddings[rows].float(), noise, t)))
            window.append(sum(pool.map(lambda part: learn(*part), parts)))
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            list(pool.map(lambda optimiser: optimiser.step(), optimisers))
            decay = min(args.average, (step + 1) / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(list(average.values()), parameters, 1 - decay)
                torch._foreach_zero_([p.grad for p in parameters])
            step += 1
            spent += time.time() - began
            if step % 25 == 0:
                print(f"step {step} samples {step * args.batch} loss {sum(window) / len(window):.4f} rate {rate:.3f} "
                      f"speed {25 * args.batch / (time.time() - seen):.1f}/s spent {spent / 60:.1f} min", flush=True)
                window, seen = [], time.time()
            if time.time() - last_save > args.save_every:
                save()
                last_save = time.time()
    save()


if __name__ == "__main__":
    main()
