"""Opens every file of a folder with every program and compares layer trees, pixels and merged images.

python check.py DIR [--only PROGRAM,...] [--files GLOB] [--json RESULTS]

A file NAME.psd, .psb or .ora has its tree in NAME.json (see tree.py) and, if there is one, its picture in NAME.png.
Prints a table and each difference; the exit status is 1 if there is any.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np

import programs
import read_psd_tools
import tree

# Of 255; the customer's bound for a composite.
TOLERANCE = 2.0
# Pictures wider than this are not composited by libraries that keep every pixel as floats.
LARGE = read_psd_tools.COMPOSITE_PIXELS


def main():
    arguments = parse()
    files = {file: expected_of(file) for file in find(arguments)}
    if not files:
        sys.exit(f"no file with a tree in {arguments.folder}")
    used = [program for program in programs.ALL if wanted(program, arguments) and program.version()]
    for program in used:
        print(f"{program.name}: {program.version()}")
    references = {file: reference(file, expected) for file, expected in files.items()}
    results = {file: {} for file in files}
    for program in used:
        tasks = {file: files[file] for file in files if file.suffix in program.formats}
        answers = program.read(tasks)
        for file in tasks:
            answer = answers.get(file, programs.Answer(error="no answer"))
            results[file][program.name] = judge(program, file, answer, files[file], references[file])
        if program.name == "psd-tools":
            for file in tasks:
                results[file]["its composite"] = composite(file, files[file], references[file])
    report(results, [*[program.name for program in used]])
    if arguments.json:
        arguments.json.write_text(json.dumps({file.name: cells for file, cells in results.items()}, indent=1, ensure_ascii=False))
    sys.exit(any(cell["differences"] for cells in results.values() for cell in cells.values()))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="names of programs, with commas between them")
    parser.add_argument("--files", default="*", help="a pattern of names")
    parser.add_argument("--json", type=Path, help="where the results go as JSON")
    return parser.parse_args()


def find(arguments):
    found = sorted(arguments.folder.glob(arguments.files))
    return [file.absolute() for file in found if file.suffix in (".psd", ".psb", ".ora") and file.with_suffix(".json").exists()]


def expected_of(file):
    expected = tree.load(file.with_suffix(".json"))
    if file.suffix == ".ora":
        # XML makes blanks of the tabs and ends of lines in an attribute.
        for _, layer in tree.walk(expected["layers"]):
            layer["name"] = re.sub(r"\s", " ", layer["name"])
    return expected


def wanted(program, arguments):
    return not arguments.only or program.name.lower() in arguments.only.lower().split(",")


def reference(file, expected):
    """The picture that a file must show, on white, and its alpha: NAME.png, else the merged image in the file."""
    picture = file.with_suffix(".png")
    if picture.exists():
        return on_white(programs.load_picture(picture))
    if file.suffix == ".ora":
        return None
    try:
        psd = read_psd_tools.open_psd(file)
        merged = read_psd_tools.merged(psd)
        fill_hashes(expected, read_psd_tools.tree(psd))
    except Exception:
        return None
    alpha = merged[..., 3] if merged.shape[-1] > 3 else np.ones(merged.shape[:2], np.float32)
    return merged[..., :3], alpha


def fill_hashes(expected, found):
    """Pixels that the tree says nothing of must at least be the same for every program."""
    wanted_layers, found_layers = list(tree.walk(expected["layers"])), list(tree.walk(found["layers"]))
    if [place for place, _ in wanted_layers] != [place for place, _ in found_layers]:
        return
    for (_, want), (_, got) in zip(wanted_layers, found_layers):
        if want.get("sha256", "") is None:
            want["sha256"] = got.get("sha256")
        if want["mask"] and got["mask"] and want["mask"]["sha256"] is None:
            want["mask"]["sha256"] = got["mask"]["sha256"]


def judge(program, file, answer, expected, picture):
    if answer.error:
        return {"differences": [answer.error]}
    if program.name == "ImageMagick":
        told = []
    else:
        told = tree.differences(expected, tree.complete(answer.tree), *program.limits(file, expected))
    cell = {"differences": told}
    if answer.shown is not None and picture is not None:
        cell["shown"] = compare_pictures(on_white(answer.shown), picture)
        # The merged image is ours to the bit; what a program makes of the layers follows its own formulas.
        if program.name == "ImageMagick" and cell["shown"] > TOLERANCE:
            told.append(f"the merged image differs by {cell['shown']:.1f} of 255")
    return cell


def composite(file, expected, picture):
    """psd-tools' own composite beside the merged image."""
    if picture is None:
        return {"differences": ["no merged image"]}
    if expected["width"] * expected["height"] > LARGE:
        return {"differences": [], "skipped": "too large"}
    if any(layer["blend"] == "dissolve" for _, layer in tree.walk(expected["layers"])):
        return {"differences": [], "skipped": "dissolve"}
    try:
        off = compare_pictures(read_psd_tools.on_white(read_psd_tools.open_psd(file)), picture)
    except Exception as error:
        return {"differences": [f"{type(error).__name__}: {error}"]}
    return {"differences": [f"differs by {off:.1f} of 255"] if off > TOLERANCE else [], "shown": off}


def on_white(rgba):
    alpha = rgba[..., 3]
    return rgba[..., :3] * alpha[..., None] + (1 - alpha[..., None]), alpha


def compare_pictures(found, wanted_picture):
    """The largest difference of colour on white and of alpha, of 255."""
    if found[0].shape != wanted_picture[0].shape:
        return 255.0
    return float(max(np.abs(a - b).max() for a, b in zip(found, wanted_picture)) * 255)


def report(results, names):
    names = [name for name in [*names[:1], "its composite", *names[1:]] if any(name in cells for cells in results.values())]
    print("\n| file | " + " | ".join(names) + " |\n|" + " --- |" * (len(names) + 1))
    for file, cells in results.items():
        print(f"| {file.name} | " + " | ".join(mark(cells.get(name)) for name in names) + " |")
    told = [(file, name, cell) for file, cells in results.items() for name, cell in cells.items() if cell["differences"]]
    for file, name, cell in told:
        print(f"\n{file.name} in {name}:")
        print("\n".join(f"  {line}" for line in cell["differences"][:8]))
    total = sum(len(cells) for cells in results.values())
    print(f"\n{total - len(told)} of {total} equal")


def mark(cell):
    if cell is None:
        return ""
    if cell["differences"]:
        return f"**{len(cell['differences'])} differ**"
    shown = cell.get("shown")
    return cell.get("skipped") or ("=" if shown is None else f"= ({shown:.1f})")


if __name__ == "__main__":
    main()
