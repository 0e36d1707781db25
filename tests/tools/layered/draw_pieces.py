"""Draws sprites for `train_on_gpu.py` into one file, where there are processors and cairo but no GPU.

The file is a zip of lossless WebP pictures, each a sprite in the middle of a 128x128 canvas, and of `pieces.json`:
lower edge, extent and name of each, and of `prompts.json`: the pipeline's own prompts. Sprites of even numbers are
large ones, those of odd numbers small ones.
"""

import argparse
import io
import json
import multiprocessing
import zipfile

import numpy as np
from PIL import Image

from compose import LARGE, SMALL, draw_centred_piece
from tokenizer import Prompts

SHARE = 500  # sprites of one random generator


def draw_share(number):
    """SHARE pieces as (facts, WebP bytes)."""
    rng, drawn = np.random.default_rng(70000 + number), []
    for i in range(SHARE):
        piece = draw_centred_piece(rng, extents=(LARGE, SMALL)[i % 2])
        rgba, out = piece.rgba, io.BytesIO()
        rgba[rgba[..., 3] == 0] = 0
        Image.fromarray(rgba, "RGBA").save(out, "WEBP", lossless=True, quality=60, method=4)
        drawn.append(({"bottom": piece.bottom, "extent": piece.extent, "name": piece.name}, out.getvalue()))
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--shares", type=int, default=28, help=f"of {SHARE} sprites")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with multiprocessing.Pool(args.workers) as pool, zipfile.ZipFile(args.out, "w", zipfile.ZIP_STORED) as file:
        facts = []
        for share in pool.imap(draw_share, range(args.shares)):
            for fact, picture in share:
                file.writestr(f"{len(facts)}.webp", picture)
                facts.append(fact)
            print(len(facts), flush=True)
        file.writestr("pieces.json", json.dumps(facts))
        prompts = Prompts()
        file.writestr("prompts.json", json.dumps({"template": prompts.template, "caption": prompts.caption}))


if __name__ == "__main__":
    main()
