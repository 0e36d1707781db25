"""What the training documents are, apart from their sprites: a smooth background and one to four drawn sprites, each on its own layer.

Rules that make a composite's decomposition almost unique, so that a small model can learn it:
objects are painted in the order of their bottom edges (the lower in the picture, the further in front), two
bottom edges differ by at least GAP of the canvas, and enough of every object stays visible.
Layers are uint8 RGBA with straight alpha; where alpha is 0 the colour is black.
"""

import math
import os
import sys
from dataclasses import dataclass

import numpy as np

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "starter"))
from vocabulary import COLOURS, mix  # noqa: E402

SIZE = 128
GAP = 0.04
VISIBLE = 0.5
COARSE = 32  # side of the masks in which overlaps are judged
INSET = 0.36  # the least distance of a sprite's centre from the canvas edge, as a part of its extent
LARGE, SMALL = (0.32, 0.66), (0.30, 0.48)  # a sprite's extent as a part of the canvas: few objects, many objects


@dataclass
class Piece:
    """One object on its canvas."""
    rgba: np.ndarray
    mask: np.ndarray  # alpha at COARSE x COARSE, 0..1
    bottom: float  # lower edge as a part of the canvas
    name: str
    extent: float  # of its unit square, as a part of the canvas


@dataclass
class Ground:
    """A background."""
    rgba: np.ndarray
    name: str


@dataclass
class Document:
    """Layers bottom to top, the background first."""
    layers: list
    caption: str


def draw_ground(rng, size=SIZE):
    """A smooth opaque background: plain, gradient, vignette, or a ground below a sky."""
    name = list(COLOURS)[rng.integers(len(COLOURS))]
    tone = rng.integers(3)
    base = COLOURS[name]
    if tone == 1:
        base, name = mix(base, (1, 1, 1), rng.uniform(0.45, 0.75)), "light " + name
    elif tone == 2:
        base, name = mix(base, (0.04, 0.04, 0.07), rng.uniform(0.4, 0.65)), "dark " + name
    other = mix(base, tuple(rng.uniform(0, 1, 3)), rng.uniform(0.1, 0.3))
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    style = rng.integers(4)
    if style == 0:
        t = np.zeros((size, size))
    elif style == 1:
        turn = rng.uniform(0, 2 * math.pi)
        t = 0.5 + (x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn)
    elif style == 2:
        cx, cy = rng.uniform(0.35, 0.65, 2)
        t = ((x - cx) ** 2 + (y - cy) ** 2) * 2
    else:
        edge = rng.uniform(0.45, 0.75) + rng.uniform(-0.03, 0.03) * np.sin(2 * math.pi * (x + rng.random()))
        t = np.clip((y - edge) * size / 3 + 0.5, 0, 1)
    t = np.clip(t, 0, 1)[..., None]
    rgb = (1 - t) * np.array(base) + t * np.array(other)
    rgba = np.concatenate([rgb, np.ones_like(t)], -1)
    return Ground((rgba * 255).round().astype(np.uint8), name)


def over(layers):
    """The layers painted on each other, as float RGBA with straight alpha, 0..1."""
    colour = np.zeros((*layers[0].shape[:2], 3), np.float32)  # premultiplied
    alpha = np.zeros((*layers[0].shape[:2], 1), np.float32)
    for layer in layers:
        top = layer.astype(np.float32) / 255
        a = top[..., 3:]
        colour = top[..., :3] * a + colour * (1 - a)
        alpha = a + alpha * (1 - a)
    return np.concatenate([colour / np.maximum(alpha, 1e-6), alpha], -1)


def flatten(layers):
    """The same as uint8 RGBA."""
    return (over(layers) * 255).round().astype(np.uint8)


def arrange(pieces):
    """The pieces in paint order, or None where a rule of this module's docstring is broken."""
    order = sorted(pieces, key=lambda p: p.bottom)
    if any(b.bottom - a.bottom < GAP for a, b in zip(order, order[1:])):
        return None
    clear = np.ones((COARSE, COARSE))
    for piece in reversed(order):
        if (piece.mask * clear).sum() < VISIBLE * piece.mask.sum():
            return None
        clear = clear * (1 - piece.mask)
    return order


def describe(order, ground):
    """The caption: objects from the back to the front, then the background."""
    names = [("an " if p.name[0] in "aeiou" else "a ") + p.name for p in order]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    return f"{listed} on {'an' if ground.name[0] in 'aeiou' else 'a'} {ground.name} background"


def sample_count(rng):
    return int(rng.choice(4, p=(0.22, 0.34, 0.28, 0.16))) + 1


def merge_to(layers, wanted):
    """Exactly `wanted` layers: the front ones merged into the last, or transparent ones added on top."""
    if len(layers) > wanted:
        return layers[:wanted - 1] + [flatten(layers[wanted - 1:])]
    return layers + [np.zeros_like(layers[0])] * (wanted - len(layers))
