"""Writes the held-out documents as pictures, for implementations in other languages."""

import argparse
import json
import os

from PIL import Image

from compose import flatten
from evaluate import held_out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="folder, e.g. tests/starter-layered/held-out")
    parser.add_argument("--count", type=int, default=32)
    args = parser.parse_args()
    facts = []
    for index in range(args.count):
        document = held_out(index)
        folder = os.path.join(args.out, f"{index:02}")
        os.makedirs(folder, exist_ok=True)
        for name, picture in [("source", flatten(document.layers))] + [(f"layer-{k}", layer) for k, layer in enumerate(document.layers)]:
            Image.fromarray(picture, "RGBA").save(f"{folder}/{name}.png", optimize=True)
        facts.append({"id": f"{index:02}", "layers": len(document.layers), "caption": document.caption})
    with open(os.path.join(args.out, "documents.json"), "w") as f:
        json.dump(facts, f, indent=1)


if __name__ == "__main__":
    main()
