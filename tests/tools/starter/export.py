"""Puts the trained parts together as a diffusers model folder in bf16."""

import argparse
import json
import os
import shutil

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler
from safetensors import safe_open

from train_transformer import SHIFT
from vocabulary import BACKGROUNDS, COLOURS, KINDS, MATERIALS

INDEX = {
    "_class_name": "Flux2KleinPipeline", "_diffusers_version": "0.42.1", "is_distilled": True,
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"], "text_encoder": ["transformers", "Qwen3ForCausalLM"],
    "tokenizer": ["transformers", "Qwen2TokenizerFast"], "transformer": ["diffusers", "Flux2Transformer2DModel"],
    "vae": ["diffusers", "AutoencoderKLFlux2"],
}


def count(path):
    """Number of weights in a safetensors file."""
    with safe_open(path, "pt") as f:
        return sum(f.get_tensor(name).numel() for name in f.keys())


def forget_path(config):
    """Takes the trainer's local folder out of a saved configuration."""
    with open(config) as f:
        facts = json.load(f)
    facts.pop("_name_or_path", None)
    with open(config, "w") as f:
        json.dump(facts, f, indent=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", help="folder with tokenizer/, text_encoder/, vae/ and transformer/ as trained")
    parser.add_argument("out")
    parser.add_argument("--shift", type=float, default=SHIFT, help="the scheduler's shift")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    for part in ("tokenizer", "text_encoder", "transformer"):
        shutil.copytree(f"{args.parts}/{part}", f"{args.out}/{part}", dirs_exist_ok=True)
    vae = AutoencoderKLFlux2.from_pretrained(f"{args.parts}/vae").to(torch.bfloat16)
    full = AutoencoderKLFlux2.from_pretrained(f"{args.parts}/vae")
    vae.bn = full.bn  # the statistics stay f32
    vae.save_pretrained(f"{args.out}/vae")
    forget_path(f"{args.out}/vae/config.json")
    FlowMatchEulerDiscreteScheduler(shift=args.shift, use_dynamic_shifting=False).save_pretrained(f"{args.out}/scheduler")
    with open(f"{args.out}/model_index.json", "w") as f:
        json.dump(INDEX, f, indent=1)
    with open(f"{args.out}/vocabulary.json", "w") as f:
        json.dump({"kinds": KINDS, "colours": list(COLOURS), "materials": MATERIALS, "backgrounds": BACKGROUNDS}, f, indent=1)
    for name in ("text_encoder/model", "transformer/diffusion_pytorch_model", "vae/diffusion_pytorch_model"):
        path = f"{args.out}/{name}.safetensors"
        os.chmod(path, 0o644)
        print(name, count(path), "weights,", os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
