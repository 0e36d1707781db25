"""What the starter model knows: kinds, colours, materials, backgrounds and the held-out pairs.

Everything else (drawer, captions, classifier, evaluation, the app's prompt completion) reads
these lists, so adding a kind means adding it here and drawing it in `kinds.py`.
"""

KINDS = [
    "gem", "potion", "sword", "shield", "coin", "key", "heart", "star", "chest", "crown",
    "mushroom", "scroll", "ring", "apple", "skull", "bomb", "candle", "book", "leaf", "flame",
    "drop", "moon", "arrow", "button", "axe", "hammer", "bell", "flower",
]

COLOURS = {
    "red": (0.86, 0.16, 0.18),
    "orange": (0.96, 0.52, 0.10),
    "yellow": (0.98, 0.82, 0.18),
    "green": (0.28, 0.68, 0.25),
    "teal": (0.12, 0.72, 0.70),
    "blue": (0.18, 0.40, 0.90),
    "purple": (0.54, 0.26, 0.80),
    "pink": (0.98, 0.52, 0.74),
    "brown": (0.52, 0.32, 0.18),
    "white": (0.94, 0.94, 0.96),
    "black": (0.19, 0.19, 0.23),
    "gray": (0.58, 0.60, 0.64),
}


def mix(a, b, t):
    """The colour a at t = 0, b at t = 1."""
    return tuple(x + (y - x) * t for x, y in zip(a, b))


MATERIALS = ["plain", "metal", "glass", "stone", "wooden"]

BACKGROUNDS = ["light", "dark"]

# What a caption without a colour word means: the colour (and material) people expect of the thing.
DEFAULT_LOOK = {
    "gem": ("blue", "plain"), "potion": ("red", "plain"), "sword": ("gray", "metal"),
    "shield": ("blue", "plain"), "coin": ("yellow", "metal"), "key": ("yellow", "metal"),
    "heart": ("red", "plain"), "star": ("yellow", "plain"), "chest": ("brown", "wooden"),
    "crown": ("yellow", "metal"), "mushroom": ("red", "plain"), "scroll": ("white", "plain"),
    "ring": ("yellow", "metal"), "apple": ("red", "plain"), "skull": ("white", "plain"),
    "bomb": ("black", "plain"), "candle": ("white", "plain"), "book": ("brown", "plain"),
    "leaf": ("green", "plain"), "flame": ("orange", "plain"), "drop": ("blue", "plain"),
    "moon": ("yellow", "plain"), "arrow": ("gray", "metal"), "button": ("green", "plain"),
    "axe": ("gray", "metal"), "hammer": ("gray", "metal"), "bell": ("yellow", "metal"),
    "flower": ("pink", "plain"),
}


def held_out_pairs():
    """24 (kind, colour) pairs that never occur in training: each colour twice, each of 24 kinds once.

    Pairs that a caption without a colour implies are left in training, and so are the pairs
    of the documentation's examples.
    """
    keep = {(kind, look[0]) for kind, look in DEFAULT_LOOK.items()}
    keep |= {("potion", "green"), ("potion", "blue"), ("gem", "red"), ("gem", "green")}
    colours = list(COLOURS)
    left = {colour: 2 for colour in colours}
    pairs = []
    for index, kind in enumerate(KINDS[:24]):
        for step in range(len(colours)):
            colour = colours[(5 * index + 3 + step) % len(colours)]
            if left[colour] and (kind, colour) not in keep:
                left[colour] -= 1
                pairs.append((kind, colour))
                break
    assert len(pairs) == 24
    return pairs


HELD_OUT = held_out_pairs()
