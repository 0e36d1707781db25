"""Opens PSDs that other programs wrote and compares what the app finds with what psd-tools finds.

python corpus.py DIR --editor target/release/asset-editor [--json RESULTS]

For every .psd and .psb below DIR: `inspect` opens it; its tree is psd-tools' tree; `convert` to ORA and from there to
PSD leaves the tree equal, and where psd-tools reads RGB, every pixel and mask of the PSD too. Files that one of the two
does not open are told apart. Nothing of such files belongs into the repository.
"""

import argparse
import collections
import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import read_psd_tools
import tree

SECONDS = 120


def main():
    arguments = parse()
    results = {}
    for file in sorted(path for path in arguments.folder.rglob("*.ps[db]") if path.is_file()):
        results[str(file.relative_to(arguments.folder))] = told = check(arguments.editor, file)
        print(f"{file.name}: {told['class']}" + "".join(f"\n  {line}" for line in told["lines"][:4]))
    print(collections.Counter(told["class"] for told in results.values()))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    sys.exit(any(told["class"].startswith("wrong") for told in results.values()))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--editor", default="asset-editor")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def check(editor, file):
    opened = run(editor, "inspect", file, "--json")
    if opened.returncode not in (0, 1, 2):
        return {"class": "wrong: ended by itself", "lines": [f"exit status {opened.returncode}"]}
    theirs = theirs_of(file)
    if opened.returncode:
        reason = opened.stderr.strip().splitlines()[-1:]
        return {"class": "refused by both" if theirs is None else "refused by us", "lines": reason}
    ours = tree.complete(json.loads(opened.stdout))
    with tempfile.TemporaryDirectory() as folder:
        trip = round_trip(editor, file, ours, Path(folder))
    if trip:
        return {"class": "wrong: the round trip", "lines": trip}
    if theirs is None:
        return {"class": "refused by psd-tools", "lines": []}
    if not theirs["layers"] and [layer["name"] for layer in ours["layers"]] == ["Background"]:
        return {"class": "equal", "lines": []}
    without = {"sha256", "mask.sha256"} | ({"depth"} if theirs["depth"] not in (8, 16) else set())
    lines = tree.differences(theirs, ours, without)
    return {"class": "other than psd-tools" if lines else "equal", "lines": lines}


def theirs_of(file):
    try:
        found = tree.complete(read_psd_tools.tree(read_psd_tools.open_psd(file)))
    except Exception:
        return None
    for _, layer in tree.walk(found["layers"]):
        # Some programs end a name with U+0000, as C does.
        layer["name"] = layer["name"].rstrip("\0")
    return found


def round_trip(editor, file, ours, folder):
    """PSD to ORA to PSD: differences of the trees, and of what psd-tools reads in the two PSDs."""
    project, back = folder / "a.ora", folder / f"b{file.suffix}"
    for source, target in ((file, project), (project, back)):
        ran = run(editor, "convert", source, target)
        if ran.returncode:
            return ran.stderr.strip().splitlines()[-1:]
        found = tree.complete(json.loads(run(editor, "inspect", target, "--json").stdout))
        lines = tree.differences(cut(ours) if target == back else ours, found)
        if lines:
            return [f"{target.suffix}: {line}" for line in lines]
    before, after = theirs_of(file), theirs_of(back)
    if before is None or not before["layers"] or any(is_empty_mask(layer) for _, layer in tree.walk(before["layers"])):
        return []
    # Samples of 1 and 32 bits become 8 and 16.
    other = set() if before["depth"] in (8, 16) else {"depth", "sha256", "mask.sha256"}
    return tree.differences(before, after, {"lock", "id", "name"} | other)


def cut(ours):
    """A PSD's names have at most 255 UTF-16 units, more than that and Photoshop refuses the file."""
    ours = copy.deepcopy(ours)
    for _, layer in tree.walk(ours["layers"]):
        layer["name"] = layer["name"].encode("utf-16-le")[:510].decode("utf-16-le", "ignore")
    return ours


def is_empty_mask(layer):
    """Of a size below nothing, as some vector masks are."""
    return layer["mask"] and min(layer["mask"]["width"], layer["mask"]["height"]) <= 0


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS)


if __name__ == "__main__":
    main()
