"""The programs that open our files: what each finds in a file, and what it cannot know.

Each `read` takes the files with the trees that they should hold, and gives for each file an Answer.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import tree

HERE = Path(__file__).resolve().parent
TRIXIE = os.environ.get("TRIXIE", "/opt/trixie")
AG_PSD = os.environ.get("AG_PSD", "/tmp/agpsd")
IMAGEMAGICK = "/usr/bin/convert"
SECONDS = 120
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

POLICY = '<policymap><policy domain="resource" name="width" value="64KP"/></policymap>'
LIMITS = ["-limit", "width", "64KP"]

Image.MAX_IMAGE_PIXELS = None

# GIMP 2.10's numbers; 0 to 22 are modes of older versions.
GIMP_MODES = {
    0: "normal", 1: "dissolve", 3: "multiply", 4: "screen", 5: "overlay", 6: "difference", 7: "linear-dodge", 8: "subtract",
    9: "darken", 10: "lighten", 11: "hue", 12: "saturation", 13: "color", 14: "luminosity", 15: "divide",
    16: "color-dodge", 17: "color-burn", 18: "hard-light", 19: "soft-light", 23: "overlay", 24: "hue", 25: "saturation",
    26: "color", 27: "luminosity", 28: "normal", 30: "multiply", 31: "screen", 32: "difference", 33: "linear-dodge",
    34: "subtract", 35: "darken", 36: "lighten", 37: "hue", 38: "saturation", 39: "color", 40: "luminosity", 41: "divide",
    42: "color-dodge", 43: "color-burn", 44: "hard-light", 45: "soft-light", 48: "vivid-light", 49: "pin-light",
    50: "linear-light", 51: "hard-mix", 52: "exclusion", 53: "linear-burn", 54: "darker-color", 55: "lighter-color",
    56: "luminosity", 61: "pass-through",
}  # fmt: skip

MASK_PLACE = {"mask.x", "mask.y", "mask.width", "mask.height", "mask.outside", "mask.linked", "mask.sha256"}


# OpenRaster has no word for these; the app keeps them beside the stack.
NOT_IN_ORA = {"mask", "clipping", "lock"}
# The modes that OpenRaster names. Krita adds its own to them, GIMP does not.
ORA_BLENDS = {
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light", "soft-light",
    "difference", "color", "luminosity", "hue", "saturation", "linear-dodge",
}  # fmt: skip


@dataclass
class Answer:
    """What a program found: a tree or an error; `shown` is the picture that it shows, [height, width, 4] from 0 to 1."""

    tree: dict | None = None
    error: str | None = None
    shown: np.ndarray | None = None


class Program:
    """`without` holds the fields that it does not know, see tree.differences."""

    without = frozenset()

    def limits(self, file, expected):
        """The fields that it does not know, and the blend modes that it does, or None."""
        return self.without, None


class PsdTools(Program):
    name = "psd-tools"
    formats = {".psd", ".psb"}

    def version(self):
        return version_of([sys.executable, "-c", "import psd_tools; print(psd_tools.__version__)"])

    def read(self, tasks):
        import read_psd_tools

        answers = {}
        for file in tasks:
            try:
                answers[file] = Answer(tree=tree.complete(read_psd_tools.tree(read_psd_tools.open_psd(file))))
            except Exception as error:
                answers[file] = Answer(error=f"{type(error).__name__}: {error}")
        return answers


class AgPsd(Program):
    name = "ag-psd"
    formats = {".psd", ".psb"}

    def version(self):
        package = Path(AG_PSD) / "node_modules/ag-psd/package.json"
        return json.loads(package.read_text())["version"] if package.exists() else None

    def read(self, tasks):
        answers = {}
        for file in tasks:
            command = ["node", "--max-old-space-size=6000", str(HERE / "read_ag_psd.mjs"), str(file)]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=os.environ | {"AG_PSD": AG_PSD})
            answers |= from_lines(ran.stdout.splitlines(), [file])
        return answers


class ImageMagick(Program):
    """Knows no groups: it sees the layers that have pixels as a list, and the merged image before them."""

    name = "ImageMagick"
    formats = {".psd", ".psb"}

    def version(self):
        return version_of([IMAGEMAGICK, "-version"])

    def read(self, tasks):
        return {file: self.read_file(file, expected) for file, expected in tasks.items()}

    def read_file(self, file, expected):
        with tempfile.TemporaryDirectory() as folder:
            # Debian's own policy refuses pictures that are wider than 16 000 pixels.
            (Path(folder) / "policy.xml").write_text(POLICY)
            environment = os.environ | {"MAGICK_CONFIGURE_PATH": folder}
            identify = ["/usr/bin/identify", *LIMITS, "-format", "%w\t%h\t%X\t%Y\t%l<end>", f"psd:{file}"]
            ran = subprocess.run(identify, capture_output=True, env=environment, timeout=SECONDS)
            if ran.returncode != 0 or ran.stderr:
                return Answer(error=ran.stderr.decode("utf-8", "replace").strip().splitlines()[0])
            told = self.compare(ran.stdout.decode("utf-8", "replace").split("<end>")[:-1], expected)
            if told:
                return Answer(error="; ".join(told))
            picture = Path(folder) / "merged.png"
            convert = [IMAGEMAGICK, *LIMITS, f"psd:{file}[0]", "-define", "png:color-type=6", str(picture)]
            ran = subprocess.run(convert, capture_output=True, env=environment, timeout=SECONDS)
            if ran.returncode != 0:
                return Answer(error=ran.stderr.decode("utf-8", "replace").strip())
            return Answer(tree=expected, shown=load_picture(picture))

    def compare(self, lines, expected):
        """Counts, places and names; a name that is not ASCII is not compared, for this version reads the old name."""
        told = []
        layers = [layer for _, layer in tree.walk(expected["layers"]) if layer.get("width")]
        if len(lines) != len(layers) + 1:
            return [f"{len(layers)} layers and a merged image are {len(lines)} images"]
        for line, layer in zip(lines[1:], layers):
            width, height, x, y, name = line.split("\t", 4)
            found = (int(x), int(y), int(width), int(height))
            wanted = tuple(layer[key] for key in ("x", "y", "width", "height"))
            if found != wanted:
                told.append(f"{tree.short(layer['name'])}: {wanted} is {found}")
            if layer["name"].isascii() and layer["name"].isprintable() and not same_name(layer["name"], name):
                told.append(f"name {tree.short(layer['name'])} is {tree.short(name)}")
        return told


class Gimp2(Program):
    name = "GIMP 2.10"
    # This version has no PSB, and Debian's has no OpenRaster (a plug-in in Python 2).
    formats = {".psd"}
    without = {"id", "fill", "expanded", "sha256", "lock.pixels", "lock.position", "empty"} | MASK_PLACE

    def version(self):
        return version_of(["gimp-console-2.10", "--version"])

    def read(self, tasks):
        def run(files, folder):
            paths = write_lines(folder, files)
            script = f'(begin (load "{HERE}/gimp_2.scm") (veetance-trees "{paths}" "{folder}/out"))'
            return ["gimp-console-2.10", "-idf", "-b", script, "-b", "(gimp-quit 0)"], {}

        answers = batches(tasks, run)
        for file, answer in answers.items():
            if answer.tree:
                for _, layer in tree.walk(answer.tree["layers"]):
                    layer["blend"] = GIMP_MODES.get(layer.pop("mode"), "unknown")
                    layer["opacity"] = round(layer["opacity"])
                answer.tree = from_gimp(answer.tree, tasks[file])
        return answers


class Gimp3(Program):
    name = "GIMP 3"
    formats = {".psd", ".psb", ".ora"}
    without = {"id", "fill", "expanded", "lock.pixels", "lock.position", "empty"} | MASK_PLACE

    def version(self):
        return version_of(in_trixie("gimp-console-3.0", "--version"))

    def limits(self, file, expected):
        if file.suffix != ".ora":
            return self.without, None
        # Its plug-in makes 8 bits of 16.
        deep = {"depth", "sha256"} if expected["depth"] == 16 else set()
        return self.without | NOT_IN_ORA | deep, ORA_BLENDS

    def read(self, tasks):
        def run(files, folder):
            paths = write_lines(folder, files)
            script = f"exec(open('{HERE}/gimp_3.py').read())"
            command = in_trixie("gimp-console-3.0", "-idf", "--batch-interpreter", "python-fu-eval", "-b", script, "--quit")
            return command, {"TREES": f"{paths}:{folder}/out"}

        answers = batches(tasks, run)
        for file, answer in answers.items():
            if answer.tree:
                answer.tree = from_gimp(answer.tree, tasks[file])
        return answers


class Krita(Program):
    """Its importer of PSD takes no notice of clipping, a disabled mask and a group's opacity (psd_loader.cpp)."""

    formats = {".psd", ".psb", ".ora"}
    without = {"id", "fill", "expanded", "lock", "empty", "clipping", "mask.enabled", "group.opacity"} | MASK_PLACE

    def __init__(self, name, wrap):
        self.name = name
        self.wrap = wrap

    def version(self):
        return version_of(self.wrap("krita_version"))

    def limits(self, file, expected):
        if file.suffix == ".ora":
            return self.without - {"group.opacity"} | NOT_IN_ORA, None
        return self.without, None

    def read(self, tasks):
        def run(files, folder):
            lines = [json.dumps({"file": str(file), "places": places(tasks[file])}) for file in files]
            listed = write_lines(folder, lines)
            command = self.wrap("xvfb-run", "-a", "kritarunner", "-s", "krita_trees", "-f", "main")
            # A second Krita would hand its work to the first, which it finds in the temporary folder.
            return command, {"TREES": f"{listed}:{folder}/out:{folder}", "PYTHONPATH": str(HERE), "TMPDIR": folder}

        answers = batches(tasks, run)
        for file, answer in answers.items():
            if answer.tree and not tasks[file]["layers"] and is_background(answer.tree["layers"]):
                answer.tree["layers"] = []
        return answers


def is_background(layers):
    """What GIMP and Krita make of a document that has no layers."""
    return [layer["name"] for layer in layers] == ["Background"]


def places(expected):
    layers = [layer for _, layer in tree.walk(expected["layers"]) if layer["kind"] == "pixels"]
    return [[layer[key] for key in ("x", "y", "width", "height")] if layer["width"] else None for layer in layers]


def batches(tasks, run):
    """Runs a program over all files; where it dies, that file's answer says so, and another run takes the rest."""
    answers = {}
    left = list(tasks)
    while left:
        with tempfile.TemporaryDirectory() as folder:
            command, environment = run(left, folder)
            crash = "the program ended"
            child = subprocess.Popen(command, **QUIET, env=os.environ | environment, start_new_session=True)
            try:
                wait(child, Path(folder) / "out")
            except subprocess.TimeoutExpired:
                crash = "the program hung"
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            out = Path(folder) / "out"
            lines = out.read_text(encoding="utf-8", errors="replace").splitlines() if out.exists() else []
            found = from_lines(lines, left)
            for file, answer in found.items():
                picture = Path(folder) / f"{left.index(file)}.png"
                answer.shown = load_picture(picture) if picture.exists() else None
        answers |= found
        left = [file for file in left if file not in answers]
        if left and len(found) < len(left) + len(found):
            answers[left[0]] = Answer(error=crash)
            left = left[1:]
    return answers


def wait(child, out):
    """Until the program ends; a program that answers nothing for some minutes hangs, as before a dialog."""
    known = -1
    while True:
        try:
            child.wait(SECONDS)
            return
        except subprocess.TimeoutExpired:
            size = out.stat().st_size if out.exists() else 0
            if size == known:
                raise
            known = size


def from_lines(lines, files):
    known = {str(file): file for file in files}
    answers = {}
    for line in lines:
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "error" in found:
            answers[known[found["file"]]] = Answer(error=found["error"])
        else:
            answers[known[found["file"]]] = Answer(tree=found["tree"])
    return answers


def from_gimp(found, expected):
    """GIMP numbers names that are there twice, and wraps a clipping base with its layers into a group.

    It trims names, and names what has no name: "Layer" in a PSD, after the picture in an OpenRaster file.
    """
    names = {gimp_name(layer["name"]): layer["name"] for _, layer in tree.walk(expected["layers"])}
    if not expected["layers"] and is_background(found["layers"]):
        return found | {"layers": []}

    def restore(layers):
        restored = []
        for layer in layers:
            if layer["name"] not in names:
                bare = re.sub(r" #\d+$", "", layer["name"])
                if bare == "Group added by GIMP":
                    base, *clipped = restore(layer["children"])
                    restored += [base] + [child | {"clipping": True} for child in clipped]
                    continue
                nameless = "Layer" if re.fullmatch(r"layer-\d+", layer["name"]) else bare
                layer["name"] = names.get(nameless, layer["name"])
            else:
                layer["name"] = names[layer["name"]]
            if "children" in layer:
                layer["children"] = restore(layer["children"])
            restored.append(layer)
        return restored

    return found | {"layers": restore(found["layers"])}


def gimp_name(name):
    return name.strip() if name else "Layer"


def same_name(wanted, found):
    """The old name of a record is at most 255 bytes, of which some writers use 31."""
    return wanted == found or (len(found) >= 31 and wanted.startswith(found))


def load_picture(path):
    """RGBA from 0 to 1."""
    image = Image.open(path)
    samples = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGBA"), np.float32) / 255
    if samples.shape[-1] == 3:
        samples = np.concatenate([samples, np.ones_like(samples[..., :1])], axis=-1)
    return samples


def in_trixie(*command):
    """In the Debian 13, which sees our folders only while the command runs."""
    mounts = "for place in /tmp /work /dev; do mount --rbind $place $0$place || exit; done; mount -t proc proc $0/proc"
    return ["unshare", "-m", "sh", "-c", f'{mounts}; exec chroot "$0" "$@"', TRIXIE, *command]


def write_lines(folder, lines):
    path = Path(folder) / "list"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def version_of(command):
    if not shutil.which(command[0]):
        return None
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    found = re.search(r"\d+(\.\d+)+(-\d+)?", ran.stdout)
    return found[0] if found else None


ALL = [PsdTools(), AgPsd(), ImageMagick(), Gimp2(), Gimp3(), Krita("Krita 5.1", lambda *command: list(command)), Krita("Krita 5.2", in_trixie)]
