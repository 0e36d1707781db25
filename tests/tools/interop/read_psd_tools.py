"""The layer tree, the merged image and a composite of a PSD as psd-tools sees them.

python read_psd_tools.py FILE prints the tree as JSON.
"""

import hashlib
import json
import sys

import numpy as np
from psd_tools import PSDImage
from psd_tools.api import utils
from psd_tools.composite import composite
from psd_tools.constants import ColorMode, Tag
from psd_tools.psd.layer_and_mask import ChannelID

# Beyond this the composite in floats needs more memory than a small machine has.
COMPOSITE_PIXELS = 40_000_000


def open_psd(path):
    return PSDImage.open(path, max_alloc_bytes="unlimited")


def tree(psd):
    return {
        "width": psd.width,
        "height": psd.height,
        "depth": psd.depth,
        "layers": [read_layer(psd, layer) for layer in psd],
    }


def read_layer(psd, layer):
    record = layer._record
    # psd-tools reads 0 for a block that says 0; 255 where there is none.
    fill = layer.tagged_blocks.get_data(Tag.BLEND_FILL_OPACITY, 255)
    protected = layer.tagged_blocks.get_data(Tag.PROTECTED_SETTING, 0)
    protected = int(getattr(protected, "value", protected) or 0)
    everything = bool(protected & 0x80000000)
    found = {
        "kind": "group" if layer.is_group() else "pixels",
        "id": max(layer.layer_id, 0),
        "name": layer.name,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "fill": int(fill),
        "blend": layer.blend_mode.name.lower().replace("_", "-"),
        "clipping": layer.clipping,
        "lock": {
            "transparency": record.flags.transparency_protected or bool(protected & 1) or everything,
            "pixels": bool(protected & 2) or everything,
            "position": bool(protected & 4) or everything,
        },
        "mask": read_mask(psd, layer),
    }
    if layer.is_group():
        found["expanded"] = layer.open_folder
        found["children"] = [read_layer(psd, child) for child in layer]
        return found
    found |= {"x": record.left, "y": record.top, "width": record.width, "height": record.height}
    found["sha256"] = hash_pixels(psd, layer)
    return found


def read_mask(psd, layer):
    data = layer._record.mask_data
    # Also a layer without a mask may carry an empty one.
    if data is None or not any(info.id == ChannelID.USER_LAYER_MASK for info in layer._record.channel_info):
        return None
    width, height = data.right - data.left, data.bottom - data.top
    plane = channel(psd, layer, ChannelID.USER_LAYER_MASK, width, height)
    return {
        "x": data.left,
        "y": data.top,
        "width": width,
        "height": height,
        "outside": data.background_color,
        "enabled": not data.flags.mask_disabled,
        "linked": not data.flags.pos_relative_to_layer,
        "sha256": None if plane is None else digest(plane),
    }


def channel(psd, layer, wanted, width, height):
    """Samples of one channel, or None."""
    for info, data in zip(layer._record.channel_info, layer._channels):
        if info.id == wanted and width > 0 and height > 0:
            raw = data.get_data(width, height, psd.depth, psd.version, max_output_bytes=None)
            kind = {8: np.dtype("u1"), 16: np.dtype(">u2"), 32: np.dtype(">f4")}[psd.depth]
            return np.frombuffer(raw, kind, count=width * height).reshape(height, width)
    return None


def hash_pixels(psd, layer):
    pixels = rgba(psd, layer)
    return None if pixels is None else digest(pixels)


def rgba(psd, layer):
    """Straight RGBA samples in the document's depth; None for what has no RGB pixels."""
    record = layer._record
    if psd.color_mode != ColorMode.RGB or psd.depth not in (8, 16) or not record.width or not record.height:
        return None
    planes = [channel(psd, layer, ChannelID(index), record.width, record.height) for index in (0, 1, 2, -1)]
    if any(plane is None for plane in planes[:3]):
        return None
    if planes[3] is None:
        planes[3] = np.full_like(planes[0], (1 << psd.depth) - 1)
    return np.stack(planes, axis=-1)


def digest(samples):
    little = samples.astype("<u2") if samples.dtype.itemsize == 2 else samples
    return hashlib.sha256(np.ascontiguousarray(little).tobytes()).hexdigest()


def merged(psd):
    """The merged image as it stands in the file, [height, width, channels] from 0 to 1."""
    planes = psd._record.image_data.get_data(psd._record.header, max_output_bytes=None)
    kind, full = {8: ("u1", 255), 16: (">u2", 65535)}[psd.depth]
    stack = [np.frombuffer(plane, kind).reshape(psd.height, psd.width) for plane in planes]
    return np.stack(stack, axis=-1).astype(np.float32) / full


def on_white(psd):
    """psd-tools' own composite of the layers, blended with white, and its alpha."""
    # psd-tools holds PSB to the sides of a PSD, for memory's sake only.
    utils.MAX_DIMENSION_PSD = 300_000
    color, _, alpha = composite(psd, color=1.0, alpha=0.0, force=True)
    color, alpha = np.asarray(color, np.float32), np.asarray(alpha, np.float32)
    return color * alpha + (1 - alpha), alpha[..., 0]


if __name__ == "__main__":
    print(json.dumps(tree(open_psd(sys.argv[1])), ensure_ascii=False, indent=1))
