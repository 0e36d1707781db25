"""Trains the small QwenImageTransformer2DModel on a GPU: the loss of `train_transformer.py`, many more documents.

FOLDER holds pieces.zip (`draw_pieces.py`), tokenizer.json, text_encoder.safetensors, vae/ and, to go on from,
transformer.safetensors, whose blocks are spread over those of a deeper model: the new ones begin as the identity.
Where OTHER_TEXT appears while training (`train_text_encoder_gpu.py` writes it), prompts are read with it from then on.
"""

import argparse
import os
import time

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from diffusers.models.transformers import transformer_qwenimage
from safetensors.torch import load_file, save_file

import qwen_vl
from flat_vae import encode, flatten_kernels, to_float
from flow import CONFIG, DROPPED, pack, sample_times
from gpu_documents import Painter, Plans, Stock, batches
from muon import BatchedMuon  # of ../starter, which arrangement.py puts on the path

SIDE = 8  # tokens


def real_rope(x, freqs, **_):
    """diffusers' rotary embedding without complex numbers, which a compiler cannot fuse; freqs [S, d / 2, 2]."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = freqs[:, None, :, 0], freqs[:, None, :, 1]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(3).type_as(x)


def attention(query, key, value, attn_mask=None, **_):
    """Flash kernels take no mask, so a further channel pushes the scores of padding to nothing."""
    q, k, v = (t.to(torch.bfloat16).transpose(1, 2) for t in (query, key, value))
    scale, dim = q.shape[-1] ** -0.5, q.shape[-1]
    if attn_mask is not None:
        hidden = torch.zeros_like(attn_mask, dtype=q.dtype).masked_fill(~attn_mask, -1e4).transpose(-1, -2)
        q = F.pad(torch.cat([q, torch.ones_like(q[..., :1])], -1), (0, 7))
        k = F.pad(torch.cat([k, hidden.expand(-1, k.shape[1], -1, -1)], -1), (0, 7))
        v = F.pad(v, (0, 8))
    return F.scaled_dot_product_attention(q, k, v, scale=scale)[..., :dim].transpose(1, 2)


def build(blocks, start):
    """The model, its blocks out of the file `start` where there is one."""
    transformer_qwenimage.apply_rotary_emb_qwen = real_rope
    transformer_qwenimage.dispatch_attention_fn = attention
    model = QwenImageTransformer2DModel(num_layers=blocks, **CONFIG)
    state = {name: t.float() for name, t in load_file(start).items()}
    known = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("transformer_blocks."))
    spread = {round((i + 0.5) * blocks / known - 0.5): i for i in range(known)}
    fresh = {}
    for name, t in model.state_dict().items():
        old = name
        if name.startswith("transformer_blocks."):
            number, rest = name.split(".", 2)[1:]
            near = min(spread, key=lambda one: abs(one - int(number)))
            old = f"transformer_blocks.{spread[near]}.{rest}"
            if near != int(number) and rest.startswith(("attn.to_out", "attn.to_add_out", "img_mlp.net.2", "txt_mlp.net.2")):
                fresh[name] = torch.zeros_like(t)  # nothing is added to the residual stream at first
                continue
        fresh[name] = state[old]
    model.load_state_dict(fresh)
    whole = model.pos_embed.forward
    known_places = {}

    def places(shapes, max_txt_seq_len, device):
        key = len(shapes[0]), max_txt_seq_len
        if key not in known_places:
            known_places[key] = tuple(torch.view_as_real(f).contiguous() for f in whole(shapes, max_txt_seq_len=max_txt_seq_len, device=device))
        return known_places[key]

    model.pos_embed.forward = places
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("out", help="file of the averaged tensors")
    parser.add_argument("--other-text")
    parser.add_argument("--seconds", type=float, default=400)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--hold", type=float, default=0.35, help="part of the time before the decay")
    parser.add_argument("--average", type=float, default=0.997)
    parser.add_argument("--workers", type=int, default=9)
    parser.add_argument("--limit", type=int, help="sprites to use")
    parser.add_argument("--grounds", type=int, default=4000)
    parser.add_argument("--compile", type=int, default=1)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    device = args.device
    torch.manual_seed(5)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    began = time.time()
    stock = Stock(args.folder + "/pieces.zip", grounds=args.grounds, workers=max(args.workers, 1), limit=args.limit)
    source = batches(Plans(stock, args.folder + "/tokenizer.json", args.batch, 55), args.workers)
    plan = next(source)
    painter = Painter(stock, device)
    full = AutoencoderKLQwenImage.from_pretrained(args.folder + "/vae", torch_dtype=torch.float32)
    mean, std = (torch.tensor(t, device=device).view(1, -1, 1, 1) for t in (full.config.latents_mean, full.config.latents_std))
    vae = flatten_kernels(full).eval().requires_grad_(False).to(device)
    text = {name: t.float().to(device) for name, t in load_file(args.folder + "/text_encoder.safetensors").items()}
    model = build(args.blocks, args.folder + "/transformer.safetensors").to(device)
    print(f"ready after {time.time() - began:.0f} s, parameters {sum(p.numel() for p in model.parameters())}", flush=True)
    matrices = [p for name, p in model.named_parameters() if name.startswith("transformer_blocks") and p.ndim == 2 and "_mod." not in name]
    known = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in known]
    parameters = matrices + rest
    average = {name: p.detach().clone() for name, p in model.named_parameters()}
    learned = [p for _, p in model.named_parameters()]
    muon = BatchedMuon(matrices)
    adam = torch.optim.AdamW(rest, lr=args.lr / 2, betas=(0.9, 0.97), weight_decay=0.01, fused=device == "cuda")
    if args.compile:
        for block in model.transformer_blocks:
            block.compile(dynamic=False)

    @torch.no_grad()
    def latents(pictures):
        """Normalised, packed latents [N, n, 64] of uint8-valued [N, 4, S, S]."""
        with torch.autocast(device, torch.bfloat16):
            parts = [encode(vae, to_float(part).contiguous(memory_format=torch.channels_last))[0] for part in pictures.split(1024)]
        return pack((torch.cat(parts) - mean) / std)

    ground_table = torch.cat([latents(part.permute(0, 3, 1, 2)) for part in painter.grounds.split(500)])

    @torch.no_grad()
    def prepare(plan):
        composite, layers = painter(plan)
        count, wanted = len(composite), plan["wanted"]
        z = latents(torch.cat([composite, layers.flatten(0, 1)]))
        condition, rows = z[:count], z[count:].view(count, wanted - 1, SIDE * SIDE, -1)
        frames = torch.cat([condition[:, None], ground_table[plan["ground"].to(device)][:, None], rows], 1)
        touched = F.max_pool2d(layers[:, :, 3], layers.shape[-1] // SIDE).gt(0).float().flatten(2)
        weights = 0.7 + 1.3 * torch.cat([torch.full_like(touched[:, :1], 0.5), touched], 1)
        weights = torch.cat([torch.full_like(weights[:, :1], 0.3), weights], 1)
        with torch.autocast(device, torch.bfloat16):
            prompt = qwen_vl.read(text, plan["prompt"].to(device))[:, DROPPED:].float()
        return frames, condition, prompt, plan["prompt_mask"].to(device), weights

    def loss_of(frames, condition, prompt, mask, weights):
        count, images = frames.shape[:2]
        noise = torch.randn_like(frames)
        t = sample_times(count, device=device)
        level = t.view(-1, 1, 1, 1)
        noisy = ((1 - level) * frames + level * noise).flatten(1, 2)
        with torch.autocast(device, torch.bfloat16):
            v = model(hidden_states=torch.cat([noisy, condition], 1), encoder_hidden_states=prompt, encoder_hidden_states_mask=mask,
                      timestep=t, img_shapes=[[(1, SIDE, SIDE)] * (images + 1)] * count,
                      additional_t_cond=torch.zeros(count, dtype=torch.long, device=device), return_dict=False)[0]
        error = (v[:, :images * SIDE * SIDE].float() - (noise - frames).flatten(1, 2)).pow(2).mean(-1)
        weights = weights.flatten(1)
        return (error * weights).sum() / weights.sum()

    def save():
        part = args.out + ".part"
        save_file({name: t.to(torch.bfloat16).contiguous() for name, t in average.items()}, part, {"format": "pt"})
        os.replace(part, args.out)

    for p in parameters:
        p.grad = torch.zeros_like(p)
    start, step, total, seen, last = time.time(), 0, torch.zeros((), device=device), 0, time.time()
    progress, swapped = 0.0, not args.other_text
    while progress < 1:
        rate = args.lr * min(1, (step + 1) / 50) * (1 if progress < args.hold else (1 - progress) / (1 - args.hold))
        loss = loss_of(*prepare(plan))
        torch._foreach_zero_([p.grad for p in parameters])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        muon.step(rate)
        for group in adam.param_groups:
            group["lr"] = rate / 2
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), learned, 1 - min(args.average, (step + 1) / (step + 10)))
        total += loss.detach()
        step, seen = step + 1, seen + 1
        if step % 100 == 0 or step in (1, 10, 30):
            mean_loss = total.item() / seen
            now = time.time()
            print(f"step {step} loss {mean_loss:.4f} rate {rate:.5f} {seen * args.batch / (now - last):.0f} documents/s {now - start:.0f} s", flush=True)
            total.zero_()
            seen, last = 0, now
            if not swapped and os.path.exists(args.other_text):
                text = {name: t.float().to(device) for name, t in load_file(args.other_text).items()}
                swapped = True
                print("prompts are read with", args.other_text, flush=True)
            if step % 1000 == 0:
                save()
        plan = next(source)
        if device == "cuda" and step % 4 == 0:
            torch.cuda.synchronize()
        progress = (time.time() - start) / args.seconds
    save()
    print(f"{step} steps of {args.batch}", flush=True)


if __name__ == "__main__":
    main()
