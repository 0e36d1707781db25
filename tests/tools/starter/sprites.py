"""The procedural drawer: attributes and a seed in, a 128x128 picture out.

The random variation of one (kind, colour, material, background) is kept small on purpose
(a few shifts of a few percent), so that a few sampling steps are enough to decide it.
"""

import argparse
import math

import cairo
import numpy as np
from PIL import Image

from kinds import DRAW
from painter import Painter
from vocabulary import COLOURS, HELD_OUT, KINDS, MATERIALS

SIZE = 128
GROUND = {"light": (0.90, 0.90, 0.87), "dark": (0.20, 0.22, 0.30)}
MATERIAL_ODDS = (0.44, 0.17, 0.15, 0.12, 0.12)


def draw(kind, colour, material, background, rng, size=SIZE):
    """The sprite as uint8 [size, size, 3]."""
    r = rng.uniform(-1, 1, 9)
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, size, size)
    ctx = cairo.Context(surface)
    ground = tuple(c + 0.012 * r[0] for c in GROUND[background])
    ctx.set_source_rgb(*ground)
    ctx.paint()
    unit = size / 2
    ctx.translate(unit, unit)
    ctx.scale(unit, unit)
    shadow(ctx, background)
    ctx.translate(0.035 * r[1], -0.03 + 0.035 * r[2])
    scale = 0.83 * (1 + 0.04 * r[3])
    ctx.scale(scale, scale)
    ctx.rotate(math.radians(6) * r[4])
    rgb = tuple(min(1.0, max(0.0, c * (1 + 0.05 * r[5]) + 0.02 * r[6 + i % 2])) for i, c in enumerate(COLOURS[colour]))
    DRAW[kind](Painter(ctx, rgb, material, r), r[8])
    pixels = np.ndarray((size, size, 4), np.uint8, surface.get_data())
    return pixels[:, :, 2::-1].copy()


def shadow(ctx, background):
    """A soft contact shadow, always in the same place."""
    ctx.save()
    ctx.translate(0.02, 0.78)
    ctx.scale(0.66, 0.13)
    spot = cairo.RadialGradient(0, 0, 0, 0, 0, 1)
    alpha = 0.30 if background == "light" else 0.45
    spot.add_color_stop_rgba(0, 0.05, 0.05, 0.1, alpha)
    spot.add_color_stop_rgba(1, 0.05, 0.05, 0.1, 0)
    ctx.set_source(spot)
    ctx.paint()
    ctx.restore()


def sample_look(rng, held_out=False):
    """Random (kind, colour, material, background); held-out pairs only when asked for."""
    while True:
        kind = KINDS[rng.integers(len(KINDS))]
        colour = list(COLOURS)[rng.integers(len(COLOURS))]
        if held_out or (kind, colour) not in HELD_OUT:
            break
    material = MATERIALS[rng.choice(len(MATERIALS), p=MATERIAL_ODDS)]
    background = "light" if rng.random() < 0.6 else "dark"
    return kind, colour, material, background


def sheet(images, columns):
    """Pictures in a grid."""
    rows = -(-len(images) // columns)
    h, w = images[0].shape[:2]
    out = np.full((rows * h, columns * w, 3), 255, np.uint8)
    for i, image in enumerate(images):
        y, x = divmod(i, columns)
        out[y * h:(y + 1) * h, x * w:(x + 1) * w] = image
    return Image.fromarray(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes a contact sheet of the drawer.")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    cells = []
    for i, kind in enumerate(KINDS):
        for j in range(12):
            colour = list(COLOURS)[(i + j) % 12]
            material = MATERIALS[j % 5] if j >= 2 else "plain"
            cells.append(draw(kind, colour, material, "dark" if (i + j) % 3 == 0 else "light", rng))
    sheet(cells, 12).save(args.out)
