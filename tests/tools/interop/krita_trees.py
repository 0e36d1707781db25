"""Writes the layer tree of images as Krita sees it; runs inside of Krita:

TREES=list.jsonl:trees.jsonl:FOLDER PYTHONPATH=. xvfb-run -a kritarunner -s krita_trees -f main
Each line of the list is {"file", "places": [[x, y, width, height] of each layer that has pixels, or null]},
depth first from the bottom; each answer is a line of JSON, {"file", "tree"} or {"file", "error"}.
FOLDER gets what Krita shows of each file as NUMBER.png.

Krita knows no rectangle of a layer, only the pixels that are not transparent, so the pixels are read where the expected
ones lie: a layer that is elsewhere has other pixels there, and its bounds reach out of the place.
"""

import hashlib
import json
import os

from krita import InfoObject, Krita

MODES = {
    # Krita's ids that are not ours with underscores for dashes.
    "burn": "color-burn",
    "dodge": "color-dodge",
    "darker color": "darker-color",
    "lighter color": "lighter-color",
    "add": "linear-dodge",
    "linear_dodge": "linear-dodge",
    "linear light": "linear-light",
    "soft_light_svg": "soft-light",
    "soft_light": "soft-light",
    "vivid_light": "vivid-light",
    "diff": "difference",
    "inverse_subtract": "subtract",
    "hard_mix_photoshop": "hard-mix",
    "hard_mix_softer_photoshop": "hard-mix",
    "hard mix": "hard-mix",
    "luminize": "luminosity",
}

RECTANGLE = ("x", "y", "width", "height")


def read_document(document, places):
    depth = {"U8": 8, "U16": 16}.get(document.colorDepth(), 0)
    places = iter(places)
    layers = [read_layer(node, places) for node in document.rootNode().childNodes() if not is_mask(node)]
    return {"width": document.width(), "height": document.height(), "depth": depth, "layers": layers}


def read_layer(node, places):
    is_group = node.type() == "grouplayer"
    mode = node.blendingMode()
    passes = is_group and node.passThroughMode()
    masks = [child for child in node.childNodes() if child.type() == "transparencymask"]
    found = {
        "kind": "group" if is_group else "pixels",
        "name": node.name(),
        "visible": node.visible(),
        "opacity": node.opacity(),
        "blend": "pass-through" if passes else MODES.get(mode, mode.replace("_", "-")),
        "clipping": node.inheritAlpha(),
        "lock": {"transparency": node.alphaLocked(), "pixels": node.locked(), "position": node.locked()},
        "mask": {"enabled": masks[0].visible()} if masks else None,
    }
    if is_group:
        children = [read_layer(child, places) for child in node.childNodes() if not is_mask(child)]
        return found | {"expanded": not node.collapsed(), "children": children}
    bounds = node.bounds()
    rectangle = [bounds.x(), bounds.y(), bounds.width(), bounds.height()]
    place = next(places, None)
    if place is not None and holds(place, rectangle):
        return found | dict(zip(RECTANGLE, place), sha256=digest(node, *place))
    return found | dict(zip(RECTANGLE, rectangle), sha256=None)


def holds(outer, inner):
    if inner[2] <= 0 or inner[3] <= 0:
        return True
    return all(
        outer[side] <= inner[side] and inner[side] + inner[side + 2] <= outer[side] + outer[side + 2] for side in (0, 1)
    )


def is_mask(node):
    return node.type().endswith("mask")


def digest(node, x, y, width, height):
    data = bytes(node.pixelData(x, y, width, height))
    size = len(data) // max(width * height, 1)
    if size not in (4, 8):
        return None
    # Krita keeps BGRA.
    step = size // 4
    samples = bytearray(data)
    for byte in range(step):
        samples[byte::size], samples[2 * step + byte :: size] = data[2 * step + byte :: size], data[byte::size]
    return hashlib.sha256(samples).hexdigest()


def main(*_):
    source, target, folder = os.environ["TREES"].split(":")
    krita = Krita.instance()
    krita.setBatchmode(True)
    with open(target, "w", encoding="utf-8") as out:
        for number, line in enumerate(open(source, encoding="utf-8")):
            task = json.loads(line)
            answer = read_file(krita, task["file"], task["places"], f"{folder}/{number}.png")
            print(json.dumps(answer, ensure_ascii=False), file=out, flush=True)


def read_file(krita, path, places, picture):
    document = krita.openDocument(path)
    if document is None:
        return {"file": path, "error": "not opened"}
    try:
        document.setBatchmode(True)
        document.waitForDone()
        document.exportImage(picture, InfoObject())
        return {"file": path, "tree": read_document(document, places)}
    finally:
        document.close()
