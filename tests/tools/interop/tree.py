"""One form of layer tree for every program, and what differs between two of them.

A tree is what `cargo run -p psd --example matrix -- DIR` writes beside each file:
{"width", "height", "depth", "layers": [from the bottom]}, opacity and fill from 0 to 255,
pixels as the SHA-256 of their straight RGBA samples (16 bits little-endian).
"""

import json

DEFAULTS = {
    "id": 0,
    "name": "",
    "visible": True,
    "opacity": 255,
    "fill": 255,
    "blend": "normal",
    "clipping": False,
    "lock": {"transparency": False, "pixels": False, "position": False},
    "mask": None,
}
MASK = {"x": 0, "y": 0, "width": 0, "height": 0, "outside": 255, "enabled": True, "linked": True, "sha256": None}
PIXELS = {"x": 0, "y": 0, "width": 0, "height": 0, "sha256": None}
EMPTY = {"x": None, "y": None, "width": 0, "height": 0, "sha256": None}


def load(path):
    with open(path, encoding="utf-8") as file:
        return complete(json.load(file))


def complete(tree):
    """With every default filled in."""
    return {
        "width": tree["width"],
        "height": tree["height"],
        "depth": tree.get("depth", 8),
        "layers": [complete_layer(layer) for layer in tree["layers"]],
    }


def complete_layer(layer):
    kind = layer.get("kind", "group" if "children" in layer else "pixels")
    full = {"kind": kind, **DEFAULTS}
    if kind == "group":
        full |= {"blend": "pass-through", "expanded": None}
    else:
        full |= PIXELS
    full |= {key: value for key, value in layer.items() if key in full}
    for key in ("opacity", "fill"):
        if isinstance(layer.get(key), float):
            full[key] = round(layer[key] * 255)
    full["lock"] = DEFAULTS["lock"] | (layer.get("lock") or {})
    if full["mask"]:
        full["mask"] = MASK | {key: value for key, value in full["mask"].items() if key in MASK}
    if kind == "group":
        full["children"] = [complete_layer(child) for child in layer.get("children", [])]
    elif not full["width"] or not full["height"]:
        # Nothing has no place: writers put it where they like.
        full |= EMPTY
    return full


def walk(layers, path=""):
    """Every layer with its place in the tree, depth first from the bottom."""
    for index, layer in enumerate(layers):
        place = f"{path}/{index}"
        yield place, layer
        yield from walk(layer.get("children", []), place)


def differences(expected, found, without=(), blends=None):
    """Sentences; empty if the trees are equal.

    `without` names the fields that a program does not know, with `mask.` or `lock.` before those of a mask or a lock;
    `empty` is the size of a layer that has no pixels, which some programs make as large as the document.
    `blends` are the modes that the program knows, if it does not know all.
    """
    told = []
    for key in ("width", "height", "depth"):
        if key not in without and expected[key] != found[key]:
            told.append(f"{key} {expected[key]} is {found[key]}")
    compare_layers(expected["layers"], found["layers"], "", (frozenset(without), blends), told)
    return told


def compare_layers(expected, found, path, known, told):
    without, blends = known
    if len(expected) != len(found):
        names = [layer["name"] for layer in found]
        told.append(f"{path or '/'} holds {len(expected)} layers, found {len(found)}: {names[:6]}")
        return
    for index, (want, got) in enumerate(zip(expected, found)):
        place = f"{path}/{index} {short(want['name'])}"
        if want["kind"] != got["kind"]:
            told.append(f"{place}: {want['kind']} is a {got['kind']}")
            continue
        for key in want:
            if key in without or key in ("children", "kind", "mask", "lock") or skipped(key, want[key], got.get(key)):
                continue
            if want["kind"] == "group" and f"group.{key}" in without:
                continue
            if key == "blend" and blends is not None and want[key] not in blends:
                continue
            if key in ("width", "height") and "empty" in without and not want["width"]:
                continue
            if want[key] != got.get(key):
                told.append(f"{place}: {key} {short(want[key])} is {short(got.get(key))}")
        for key in want["lock"]:
            if not {"lock", f"lock.{key}"} & without and want["lock"][key] != got["lock"][key]:
                told.append(f"{place}: lock of {key} {want['lock'][key]} is {got['lock'][key]}")
        if "mask" not in without:
            compare_masks(want["mask"], got["mask"], place, without, told)
        if want["kind"] == "group":
            compare_layers(want["children"], got["children"], f"{path}/{index}", known, told)


def compare_masks(want, got, place, without, told):
    if (want is None) != (got is None):
        told.append(f"{place}: mask {want} is {got}")
        return
    for key in want or {}:
        if f"mask.{key}" in without or skipped(key, want[key], got.get(key)):
            continue
        if want[key] != got.get(key):
            told.append(f"{place}: mask {key} {want[key]} is {got.get(key)}")


def skipped(key, want, got):
    """A document's ids may be left to the writer, and not every program gives pixels or a place to nothing."""
    if key == "id":
        return not want or not got
    return key in ("sha256", "x", "y", "expanded") and (want is None or got is None)


def short(value):
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
