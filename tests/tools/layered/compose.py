"""The training documents, drawn: backgrounds and sprites by the rules of `arrangement.py`."""

import argparse
import math

import cairo
import numpy as np
from PIL import Image

from arrangement import (COARSE, INSET, LARGE, SIZE, SMALL, Document, Piece, arrange, describe, draw_ground, flatten, merge_to, over,
                         sample_count)
from kinds import DRAW  # of ../starter, which arrangement.py puts on the path
from painter import Painter
from sprites import sample_look
from vocabulary import COLOURS, HELD_OUT


def unpremultiply(surface, size):
    """The ARGB32 surface as straight RGBA."""
    bgra = np.ndarray((size, size, 4), np.uint8, surface.get_data()).astype(np.float32)
    alpha = bgra[..., 3:]
    rgb = np.where(alpha > 0, bgra[..., 2::-1] * 255 / np.maximum(alpha, 1), 0)
    return np.concatenate([np.minimum(rgb, 255), alpha], -1).round().astype(np.uint8)


def draw_piece(rng, size=SIZE, extents=LARGE, held_out=False):
    """A sprite of random look, place and extent; `held_out` forces a (kind, colour) pair that training never sees."""
    look = pick_look(rng, held_out)
    extent = rng.uniform(*extents)
    return paint_piece(rng, size, look, extent, rng.uniform(extent * INSET, 1 - extent * INSET, 2))


def draw_centred_piece(rng, size=SIZE, extents=LARGE):
    """A sprite that lies whole in the middle of its canvas, so that it can be moved by whole cells of COARSE later."""
    look = pick_look(rng)
    extent = rng.uniform(*extents)
    return paint_piece(rng, size, look, extent, 0.5 + rng.uniform(-0.5, 0.5, 2) / COARSE)


def pick_look(rng, held_out=False):
    kind, colour, material, _ = sample_look(rng)
    if held_out:
        kind, colour = HELD_OUT[rng.integers(len(HELD_OUT))]
    return kind, colour, material


def paint_piece(rng, size, look, extent, centre):
    """The sprite of this look, some of them with a shadow."""
    kind, colour, material = look
    r = rng.uniform(-1, 1, 9)
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size, size)
    ctx = cairo.Context(surface)
    ctx.translate(*(centre * size))
    ctx.scale(extent * size / 2, extent * size / 2)
    ctx.save()
    ctx.rotate(math.radians(10) * r[4])
    rgb = tuple(min(1.0, max(0.0, c * (1 + 0.05 * r[5]) + 0.02 * r[6 + i % 2])) for i, c in enumerate(COLOURS[colour]))
    DRAW[kind](Painter(ctx, rgb, material, r), r[8])
    ctx.restore()
    surface.flush()
    alone = unpremultiply(surface, size)
    rows = np.nonzero((alone[..., 3] > 127).any(1))[0]
    if rng.random() < 0.3:
        ctx.set_operator(cairo.OPERATOR_DEST_OVER)
        shadow(ctx)
        alone = unpremultiply(surface, size)
    step = size // COARSE
    mask = alone[..., 3].reshape(COARSE, step, COARSE, step).mean((1, 3)) / 255
    return Piece(alone, mask, (rows[-1] + 1) / size, f"{colour} {kind}", extent)


def shadow(ctx):
    """A soft contact shadow, part of the object's layer."""
    ctx.translate(0.02, 0.88)
    ctx.scale(0.8, 0.16)
    spot = cairo.RadialGradient(0, 0, 0, 0, 0, 1)
    spot.add_color_stop_rgba(0, 0.05, 0.05, 0.1, 0.5)
    spot.add_color_stop_rgba(1, 0.05, 0.05, 0.1, 0)
    ctx.set_source(spot)
    ctx.paint()


def draw_document(rng, count=None, size=SIZE, held_out=False):
    """A fresh document. With `held_out`, one of its objects is of a pair that training never sees."""
    count = count or sample_count(rng)
    ground = draw_ground(rng, size)
    while True:
        pieces = [draw_piece(rng, size, SMALL if count > 2 else LARGE, held_out and i == 0) for i in range(count)]
        order = arrange(pieces)
        if order:
            return Document([ground.rgba] + [p.rgba for p in order], describe(order, ground))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes a contact sheet: composite and layers, a document a row.")
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=12)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(args.count):
        document = draw_document(rng)
        print(document.caption)
        cells = [flatten(document.layers)] + merge_to(document.layers, 5)
        check = np.full_like(cells[0], 255)
        check[..., :3] = np.where((np.indices((SIZE, SIZE)).sum(0) // 8 % 2)[..., None], 205, 235)
        rows.append(np.concatenate([flatten([check, cell]) for cell in cells], 1))
    Image.fromarray(np.concatenate(rows)[..., :3].copy()).save(args.out)
