"""Measures whether the generated pictures show the kind and colour that the prompt asks for.

One command:            python evaluate.py --model ../../../src-tauri/starter
Another implementation: python evaluate.py --write-prompts DIR     (writes DIR/prompts.json)
                        ... that program writes DIR/0000.png, 0001.png, ... as prompts.json says ...
                        python evaluate.py --images DIR
"""

import argparse
import json
import os
import time

import numpy as np
from PIL import Image

from captions import plain_caption
from vocabulary import COLOURS, HELD_OUT, KINDS

STEPS = 8
SIZE = 128
MAX_LENGTH = 40
# Written by hand, not by the caption generator: (prompt, kind, colour, background).
FREE = [
    ("a red potion", "potion", "red", "light"),
    ("red potion", "potion", "red", "light"),
    ("a potion, red", "potion", "red", "light"),
    ("Red Potion.", "potion", "red", "light"),
    ("RED POTION", "potion", "red", "light"),
    ("a shiny golden key on a dark background", "key", "yellow", "dark"),
    ("blue gem", "gem", "blue", "light"),
    ("a green glass potion", "potion", "green", "light"),
    ("game icon of a purple shield", "shield", "purple", "light"),
    ("pixel art sword, blue", "sword", "blue", "light"),
    ("cute pink heart", "heart", "pink", "light"),
    ("a cute little green mushroom for my platformer game", "mushroom", "green", "light"),
    ("an orange flower please", "flower", "orange", "light"),
    ("a wooden treasure chest", "chest", "brown", "light"),
    ("treasure chest", "chest", "brown", "light"),
    ("a silver sword", "sword", "gray", "light"),
    ("golden crown", "crown", "yellow", "light"),
    ("a black bomb about to explode", "bomb", "black", "light"),
    ("black bomb on dark background", "bomb", "black", "dark"),
    ("white skull, spooky, dark background", "skull", "white", "dark"),
    ("a teal stone ring", "ring", "teal", "light"),
    ("an icon of a yellow star with a soft shadow", "star", "yellow", "light"),
    ("purple crystal gem, fantasy rpg loot", "gem", "purple", "light"),
    ("Please draw me a green apple", "apple", "green", "light"),
    ("a book in red leather", "book", "red", "light"),
    ("old brown book", "book", "brown", "light"),
    ("blue flame on a dark backdrop", "flame", "blue", "dark"),
    ("a metal hammer, blue", "hammer", "blue", "light"),
    ("an axe with a red blade", "axe", "red", "light"),
    ("gold coin", "coin", "yellow", "light"),
    ("a bronze bell", "bell", "brown", "light"),
    ("one pink button", "button", "pink", "light"),
    ("ui button, green", "button", "green", "light"),
    ("a crescent moon, yellow, night", "moon", "yellow", "light"),
    ("a drop of blue water", "drop", "blue", "light"),
    ("purple candle burning", "candle", "purple", "light"),
    ("an arrow with orange tip", "arrow", "orange", "light"),
    ("a scroll that is purple on a plain light background", "scroll", "purple", "light"),
    ("leaf, red, autumn", "leaf", "red", "light"),
    ("high quality 2d sprite of a white shield, centered", "shield", "white", "light"),
    ("teal glass potion on a black background", "potion", "teal", "dark"),
    ("the heart is black", "heart", "black", "light"),
    ("stone skull, gray", "skull", "gray", "light"),
    ("a violet mushroom", "mushroom", "purple", "light"),
    ("crimson gemstone", "gem", "red", "light"),
    ("apple", "apple", "red", "light"),
    ("sword", "sword", "gray", "light"),
    ("a glossy orange ring in the style of a mobile game", "ring", "orange", "light"),
]


def prompt_list():
    """Every seen pair once, every held-out pair eight times (four on dark), and the free prompts."""
    rows = []
    for kind in KINDS:
        for index, colour in enumerate(COLOURS):
            if (kind, colour) not in HELD_OUT:
                background = "dark" if (KINDS.index(kind) + index) % 3 == 0 else "light"
                rows.append((plain_caption(kind, colour, background), kind, colour, background, "seen"))
    for kind, colour in HELD_OUT:
        for background in ("light", "dark") * 4:
            rows.append((plain_caption(kind, colour, background), kind, colour, background, "held_out"))
    rows += [(*row, "free") for row in FREE]
    names = ("prompt", "kind", "colour", "background", "split")
    return [{"file": f"{i:04d}.png", **dict(zip(names, row)), "seed": 10000 + i} for i, row in enumerate(rows)]


def write_prompts(folder, steps):
    os.makedirs(folder, exist_ok=True)
    listing = {"width": SIZE, "height": SIZE, "steps": steps, "max_sequence_length": MAX_LENGTH, "prompts": prompt_list()}
    with open(os.path.join(folder, "prompts.json"), "w") as f:
        json.dump(listing, f, indent=1)
    return listing


def generate(model, folder, listing, batch):
    """Writes the pictures with the reference pipeline in float32."""
    import torch
    from diffusers import Flux2KleinPipeline

    pipe = Flux2KleinPipeline.from_pretrained(model, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    rows = listing["prompts"]
    for at in range(0, len(rows), batch):
        part = rows[at:at + batch]
        images = pipe(prompt=[r["prompt"] for r in part], width=SIZE, height=SIZE, num_inference_steps=listing["steps"],
                      guidance_scale=1.0, max_sequence_length=MAX_LENGTH,
                      generator=[torch.Generator().manual_seed(r["seed"]) for r in part]).images
        for row, image in zip(part, images):
            image.save(os.path.join(folder, row["file"]))


def judge(folder, listing):
    """Share of right kinds, colours and backgrounds per split, and the pictures that were misread."""
    import classifier

    rows = listing["prompts"]
    images = np.stack([np.asarray(Image.open(os.path.join(folder, r["file"])).convert("RGB").resize((SIZE, SIZE))) for r in rows])
    model = classifier.load()
    guesses = [g for at in range(0, len(images), 64) for g in classifier.classify(model, images[at:at + 64])]
    table, wrong = {}, []
    for row, guess in zip(rows, guesses):
        entry = table.setdefault(row["split"], {"pictures": 0, "kind": 0, "colour": 0, "both": 0, "background": 0})
        entry["pictures"] += 1
        for name in ("kind", "colour", "background"):
            entry[name] += guess[name] == row[name]
        entry["both"] += guess["kind"] == row["kind"] and guess["colour"] == row["colour"]
        if guess["kind"] != row["kind"] or guess["colour"] != row["colour"]:
            wrong.append({"file": row["file"], "prompt": row["prompt"], "seen_as": f"{guess['colour']} {guess['kind']}"})
    for entry in table.values():
        for name in ("kind", "colour", "both", "background"):
            entry[name] = round(entry[name] / entry["pictures"], 4)
    return table, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="generate with this model folder first")
    parser.add_argument("--write-prompts", metavar="DIR", help="only write DIR/prompts.json")
    parser.add_argument("--images", metavar="DIR", help="folder of pictures (default: a fresh one below /tmp)")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--json", help="write the result here as well")
    args = parser.parse_args()
    if args.write_prompts:
        write_prompts(args.write_prompts, args.steps)
        return
    folder = args.images or f"/tmp/starter-evaluation-{args.steps}"
    start = time.time()
    if args.model:
        listing = write_prompts(folder, args.steps)
        generate(args.model, folder, listing, args.batch)
    with open(os.path.join(folder, "prompts.json")) as f:
        listing = json.load(f)
    table, wrong = judge(folder, listing)
    print(f"{'split':10} {'pictures':>8} {'kind':>7} {'colour':>7} {'both':>7} {'background':>10}")
    for split, e in table.items():
        print(f"{split:10} {e['pictures']:8} {e['kind']:7.1%} {e['colour']:7.1%} {e['both']:7.1%} {e['background']:10.1%}")
    for entry in wrong:
        print(entry["file"], repr(entry["prompt"]), "seen as", entry["seen_as"])
    print(f"{time.time() - start:.0f} s")
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"steps": listing["steps"], "splits": table, "misread": wrong}, f, indent=1)


if __name__ == "__main__":
    main()
