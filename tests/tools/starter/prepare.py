"""Draws the training set once and caches what the transformer reads: latents and prompt embeddings."""

import argparse
import os
import time

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

from captions import caption
from sprites import draw, sample_look
from train_text_encoder import encode_prompts, stacked_states
from train_vae import patchify, to_float


def latents_of(vae, images):
    """Normalised, packed latents as the transformer sees them: [B, tokens, channels]."""
    z = patchify(vae.encode(to_float(torch.from_numpy(images).permute(0, 3, 1, 2))).latent_dist.mean.float())
    mean, var = (s.view(1, -1, 1, 1) for s in (vae.bn.running_mean, vae.bn.running_var))
    z = (z - mean) / torch.sqrt(var + vae.config.batch_norm_eps)
    return z.flatten(2).transpose(1, 2)


@torch.inference_mode()
def cache_latents(model, looks, seed):
    rng = np.random.default_rng(seed)
    vae = AutoencoderKLFlux2.from_pretrained(model + "/vae").eval()
    latents = []
    with torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(looks), 16):
            batch = np.stack([draw(*look, rng) for look in looks[at:at + 16]])
            latents.append(latents_of(vae, batch).half())
    return torch.cat(latents)


@torch.inference_mode()
def cache_embeddings(model, looks, count, seed):
    """Caption i describes picture i modulo the number of pictures."""
    rng = np.random.default_rng(seed)
    tokenizer = Tokenizer.from_file(model + "/tokenizer/tokenizer.json")
    encoder = Qwen3ForCausalLM.from_pretrained(model + "/text_encoder", dtype=torch.float32).eval()
    ids, mask = encode_prompts(tokenizer, [caption(*looks[i % len(looks)], rng) for i in range(count)])
    with torch.autocast("cpu", torch.bfloat16):
        return torch.cat([stacked_states(encoder, i, m).bfloat16() for i, m in zip(ids.split(32), mask.split(32))])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="folder with tokenizer/, text_encoder/ and vae/")
    parser.add_argument("out", help="folder of the cache")
    parser.add_argument("--images", type=int, default=8000)
    parser.add_argument("--captions", type=int, default=10000)
    parser.add_argument("--only", choices=("latents", "embeddings"))
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    os.makedirs(args.out, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    looks = [sample_look(rng) for _ in range(args.images)]
    start = time.time()
    if args.only != "embeddings":
        torch.save(cache_latents(args.model, looks, args.seed + 1), args.out + "/latents.pt")
        print(f"latents {time.time() - start:.0f}s", flush=True)
    if args.only != "latents":
        torch.save(cache_embeddings(args.model, looks, args.captions, args.seed + 2), args.out + "/embeddings.pt")
        print(f"embeddings {time.time() - start:.0f}s", flush=True)


if __name__ == "__main__":
    main()
