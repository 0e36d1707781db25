"""Writes the layer tree of images as GIMP 3 sees it; runs inside of GIMP:

TREES=list.txt:trees.jsonl gimp-console-3.0 -i --batch-interpreter python-fu-eval \
    -b "exec(open('gimp_3.py').read())" --quit
The list holds a path a line; each answer is a line of JSON, {"file", "tree"} or {"file", "error"}.
"""

import hashlib
import json
import os

from gi.repository import Gegl, Gimp, Gio

MODES = {
    # Where GIMP's name is not ours with underscores for dashes.
    "DARKEN_ONLY": "darken",
    "LIGHTEN_ONLY": "lighten",
    "BURN": "color-burn",
    "DODGE": "color-dodge",
    "ADDITION": "linear-dodge",
    "LUMA_DARKEN_ONLY": "darker-color",
    "LUMA_LIGHTEN_ONLY": "lighter-color",
    "HARDLIGHT": "hard-light",
    "SOFTLIGHT": "soft-light",
    "LCH_HUE": "hue",
    "LCH_CHROMA": "saturation",
    "LCH_COLOR": "color",
    "LCH_LIGHTNESS": "luminosity",
    "HSL_COLOR": "color",
    "HSV_HUE": "hue",
    "HSV_SATURATION": "saturation",
    "HSV_VALUE": "luminosity",
    "LUMINANCE": "luminosity",
}


def read_image(image):
    depth = 8 if image.get_precision() in EIGHT else 16
    layers = [read_layer(layer) for layer in reversed(image.get_layers())]
    return {"width": image.get_width(), "height": image.get_height(), "depth": depth, "layers": layers}


def read_layer(layer):
    mode = layer.get_mode().value_nick.upper().replace("-", "_")
    mode = mode.removesuffix("_LEGACY")
    mask = layer.get_mask()
    found = {
        "kind": "group" if layer.is_group() else "pixels",
        "name": layer.get_name(),
        "visible": layer.get_visible(),
        "opacity": round(layer.get_opacity() * 2.55),
        "blend": MODES.get(mode, mode.lower().replace("_", "-")),
        "mask": {"enabled": layer.get_apply_mask()} if mask else None,
        "lock": {
            "transparency": layer.get_lock_alpha(),
            "pixels": layer.get_lock_content(),
            "position": layer.get_lock_position(),
        },
    }
    if layer.is_group():
        return found | {"children": [read_layer(child) for child in reversed(layer.get_children())]}
    _, x, y = layer.get_offsets()
    return found | {"x": x, "y": y, "width": layer.get_width(), "height": layer.get_height(), "sha256": digest(layer)}


def digest(layer):
    """Of straight RGBA; None where the layer has no alpha."""
    if not layer.has_alpha() or layer.get_width() * layer.get_height() > 16_000_000:
        return None
    rectangle = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    samples = layer.get_buffer().get(rectangle, 1.0, None, Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(samples).hexdigest()


def main():
    source, target = os.environ["TREES"].split(":")
    with open(target, "w", encoding="utf-8") as out:
        for path in open(source, encoding="utf-8").read().splitlines():
            try:
                image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
                answer = {"file": path, "tree": read_image(image)}
                image.delete()
            except Exception as error:
                answer = {"file": path, "error": str(error)}
            print(json.dumps(answer, ensure_ascii=False), file=out, flush=True)


EIGHT = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
main()
