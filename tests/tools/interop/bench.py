"""Times the writing of one document of ten layers of 2048 x 2048 by the app, by psd-tools and by ag-psd.

python bench.py [--runs 3] [--speed target/release/examples/speed]

The document is the one that `cargo run --release -p psd --example speed -- FILE` draws and writes, timing the writing
alone. psd-tools and ag-psd get the same pixels from memory, each in a process of its own that times its writing alone.
None of the two composites, so each gets the merged image ready made; the app's time has the compositing and the thumbnail
in it. Memory is the most that the process held, with the document (168 MB of pixels). The app's memory and CPU seconds are
of the whole example, which draws the document, composites it again and reads the file back; the others' CPU seconds are of
the writing alone.
The three files are then opened with psd-tools and must hold equal pixels.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from psd_tools.constants import ChannelID

import read_psd_tools

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]


def main():
    arguments = parse()
    if arguments.write:
        return write_psd_tools(Path(arguments.write[0]), Path(arguments.write[1]))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ours = folder / "ours.psd"
        run_ours(arguments.speed, ours)
        extract(ours, folder)
        rows = {"asset-editor": [], "psd-tools": [], "ag-psd": []}
        files = {name: folder / f"{name}.psd" for name in rows}
        for _ in range(arguments.runs):
            rows["asset-editor"].append(run_ours(arguments.speed, files["asset-editor"]))
            rows["psd-tools"].append(run([sys.executable, __file__, "--write", folder, files["psd-tools"]]))
            rows["ag-psd"].append(run(["node", "--max-old-space-size=8000", HERE / "bench.mjs", folder, files["ag-psd"]]))
        hashes = {name: pixels(file) for name, file in files.items()}
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {arguments.runs} runs in turn, medians")
        print("| writer | seconds | at best | CPU seconds | peak MB | file MB |\n| --- | --- | --- | --- | --- | --- |")
        for name, runs in rows.items():
            seconds, cpu, memory = (statistics.median(column) for column in zip(*runs))
            best, size = min(runs)[0], files[name].stat().st_size / 1e6
            print(f"| {name} | {seconds:.2f} | {best:.2f} | {cpu:.2f} | {memory:.0f} | {size:.1f} |")
        for name, runs in rows.items():
            print(f"{name}: " + ", ".join(f"{seconds:.2f} s" for seconds, _, _ in runs))
        equal = len(set(map(tuple, hashes.values()))) == 1
        print("the three files hold equal pixels" if equal else f"the pixels differ: {hashes}")
        sys.exit(not equal)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--speed", default=REPOSITORY / "target/release/examples/speed")
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def run(command):
    """Seconds of the writing as the child tells them, CPU seconds and MB of the child."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} failed")
    found = re.search(r"written in ([\d.]+)\s?(ms|s)(?:, CPU ([\d.]+))?", output)
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    cpu = float(found[3]) if found[3] else used.ru_utime + used.ru_stime
    return seconds, cpu, used.ru_maxrss / 1000


def run_ours(speed, file):
    return run([speed, file])


def extract(file, folder):
    """The layers and the merged image as raw RGBA, so that each writer starts from the same memory."""
    psd = read_psd_tools.open_psd(file)
    for index, layer in enumerate(psd):
        record = layer._record
        read_psd_tools.rgba(psd, layer).tofile(folder / f"{index}.{record.left}.{record.top}.{record.width}.{record.height}.raw")
    planes = psd._record.image_data.get_data(psd._record.header)
    merged = np.stack([np.frombuffer(plane, "u1").reshape(psd.height, psd.width) for plane in planes], axis=-1)
    if merged.shape[-1] == 3:
        merged = np.concatenate([merged, np.full_like(merged[..., :1], 255)], axis=-1)
    merged.tofile(folder / f"merged.0.0.{psd.width}.{psd.height}.raw")


def write_psd_tools(folder, target):
    from PIL import Image
    from psd_tools import PSDImage

    layers = []
    for path in sorted(folder.glob("[0-9]*.raw")):
        _, left, top, width, height, _ = path.name.split(".")
        samples = np.fromfile(path, np.uint8).reshape(int(height), int(width), 4)
        layers.append((Image.fromarray(samples, "RGBA"), int(left), int(top)))
    path = next(folder.glob("merged.*.raw"))
    _, _, _, width, height, _ = path.name.split(".")
    merged = Image.fromarray(np.fromfile(path, np.uint8).reshape(int(height), int(width), 4), "RGBA").convert("RGB")
    started, cpu = time.perf_counter(), time.process_time()
    psd = PSDImage.frompil(merged)
    for index, (image, left, top) in enumerate(layers):
        psd.create_pixel_layer(image, name=f"Layer {index}", top=top, left=left)
    psd.save(str(target))
    print(f"written in {time.perf_counter() - started:.3f} s, CPU {time.process_time() - cpu:.3f}")


def pixels(file):
    """Where the layers lie, and hashes of what they show."""
    psd = read_psd_tools.open_psd(file)
    found = []
    for layer in psd:
        record = layer._record
        samples = read_psd_tools.rgba(psd, layer).copy()
        mask = read_psd_tools.channel(psd, layer, ChannelID.USER_LAYER_MASK, record.width, record.height)
        if mask is not None and (samples[..., 3] == 255).all():
            # psd-tools writes the alpha of a picture as a mask of an opaque layer.
            samples[..., 3] = mask
        found.append((record.left, record.top, read_psd_tools.digest(samples)))
    return found


if __name__ == "__main__":
    main()
