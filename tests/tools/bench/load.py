"""How fast a component is ready to compute: ours beside safetensors and PyTorch, in turn.

    python tests/tools/bench/load.py --program target/release/asset-editor --model DIR [--cold]

PyTorch reads with `safetensors.torch.load_file` and touches every page once, since its tensors are
maps too. Prints one JSON line a round and the ratio of the medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

READER = """
import sys, time, json, resource
import torch
from safetensors.torch import load_file
start = time.perf_counter()
total = 0
for path in sys.argv[1:]:
    for tensor in load_file(path).values():
        flat = tensor.view(-1)
        # One number of each page: after this, nothing is left to fetch.
        total += float(flat[:: 4096 // tensor.element_size()].float().sum())
print(json.dumps({"seconds": time.perf_counter() - start,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""


def forget(files):
    for path in files:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--component", default="transformer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    files = sorted((options.model / options.component).glob("*.safetensors"))
    ours, theirs = [], []
    for _ in range(options.rounds):
        command = [options.program, "bench", "load", "--model", str(options.model)]
        command += ["--component", options.component] + (["--cold"] if options.cold else [])
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if options.cold:
            forget(files)
        reader = subprocess.run([sys.executable, "-c", READER, *map(str, files)],
                                check=True, capture_output=True, text=True)
        torch = json.loads(reader.stdout)
        ours.append(result["seconds"])
        theirs.append(torch["seconds"])
        print(json.dumps({"ours": result, "torch": torch}))
    print(json.dumps({"ours": statistics.median(ours), "torch": statistics.median(theirs),
                      "ratio": statistics.median(ours) / statistics.median(theirs)}))


if __name__ == "__main__":
    main()
