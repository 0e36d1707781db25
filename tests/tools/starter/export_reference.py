"""Writes the fixture that pins another implementation to the reference pipeline.

reference.safetensors: `latents` (the initial noise, 4-D), `prompt_embeds`, `image` (f32 in 0..1).
"""

import argparse
import json
import os

import torch
from diffusers import Flux2KleinPipeline
from safetensors.torch import save_file

from evaluate import MAX_LENGTH, SIZE, STEPS

PROMPT = "a red potion"
SEED = 7


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("out", help="folder")
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    pipe = Flux2KleinPipeline.from_pretrained(args.model, torch_dtype=torch.float32)
    channels = pipe.transformer.config.in_channels
    latents = torch.randn(1, channels, SIZE // 16, SIZE // 16, generator=torch.Generator().manual_seed(SEED))
    embeds = pipe.encode_prompt(PROMPT, max_sequence_length=MAX_LENGTH)[0]
    image = pipe(prompt=PROMPT, width=SIZE, height=SIZE, num_inference_steps=args.steps, guidance_scale=1.0, latents=latents.clone(),
                 max_sequence_length=MAX_LENGTH, output_type="pt").images
    os.makedirs(args.out, exist_ok=True)
    save_file({"latents": latents, "prompt_embeds": embeds.float().contiguous(), "image": image.float().contiguous()},
              os.path.join(args.out, "reference.safetensors"))
    facts = {"prompt": PROMPT, "steps": args.steps, "seed": SEED, "width": SIZE, "height": SIZE, "max_sequence_length": MAX_LENGTH,
             "guidance_scale": 1.0, "sigmas": pipe.scheduler.sigmas.tolist(), "dtype": "float32"}
    with open(os.path.join(args.out, "reference.json"), "w") as f:
        json.dump(facts, f, indent=1)


if __name__ == "__main__":
    main()
