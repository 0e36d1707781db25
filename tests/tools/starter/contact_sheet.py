"""Generates every kind in several colours with a model folder and writes one picture."""

import argparse

import numpy as np
import torch
from diffusers import Flux2KleinPipeline

from captions import plain_caption
from evaluate import MAX_LENGTH, SIZE, STEPS
from sprites import sheet
from vocabulary import COLOURS, KINDS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--columns", type=int, default=12)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    pipe = Flux2KleinPipeline.from_pretrained(args.model, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    colours, images = list(COLOURS), []
    for i, kind in enumerate(KINDS):
        row = [(kind, colours[(i + j) % 12], "dark" if (i + j) % 3 == 0 else "light") for j in range(args.columns)]
        result = pipe(prompt=[plain_caption(*look) for look in row], width=SIZE, height=SIZE, num_inference_steps=args.steps,
                      guidance_scale=1.0, max_sequence_length=MAX_LENGTH,
                      generator=[torch.Generator().manual_seed(100 * i + j) for j in range(len(row))])
        images += [np.asarray(image) for image in result.images]
    sheet(images, args.columns).save(args.out)


if __name__ == "__main__":
    main()
