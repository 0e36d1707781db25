"""The phases of a picture on a processor: ours beside diffusers in bf16, in turn, and their ratios.

    python tests/tools/bench/cpu.py --program target/release/asset-editor --theirs DIR --ours DIR [DIR ..]

`--theirs` is a model folder in bf16 (`asset-editor bench create --dtype bf16`), which diffusers reads;
`--ours` are folders of the same shapes in any format. Weights are random: times are real, pictures are
noise. Each phase of theirs runs in a process of its own, its autoencoder in channels-last. Prints one
JSON line a measurement, then a table of medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

THEIRS = """
import json, sys, time
import torch
phase, folder, width, height, repeat = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
torch.set_grad_enabled(False)
options = {"torch_dtype": torch.bfloat16, "local_files_only": True}
if phase == "encode":
    from transformers import Qwen3ForCausalLM
    model = Qwen3ForCausalLM.from_pretrained(folder + "/text_encoder", **options)
    ids = torch.randint(0, 1000, (1, 512))
    def run():
        out = model.model(input_ids=ids, attention_mask=torch.ones_like(ids),
                          output_hidden_states=True, use_cache=False)
        return out.hidden_states[27]
elif phase == "step":
    from diffusers import Flux2Transformer2DModel
    model = Flux2Transformer2DModel.from_pretrained(folder + "/transformer", **options)
    tokens = (width // 16) * (height // 16)
    image_ids, text_ids = torch.zeros(1, tokens, 4), torch.zeros(1, 512, 4)
    image_ids[0, :, 1] = torch.arange(tokens) // (width // 16)
    image_ids[0, :, 2] = torch.arange(tokens) % (width // 16)
    text_ids[0, :, 3] = torch.arange(512)
    hidden = torch.randn(1, tokens, 128).bfloat16()
    text = torch.randn(1, 512, 7680).bfloat16()
    def run():
        return model(hidden_states=hidden, encoder_hidden_states=text, timestep=torch.tensor([0.5]),
                     img_ids=image_ids, txt_ids=text_ids, guidance=None, return_dict=False)[0]
else:
    from diffusers import AutoencoderKLFlux2
    model = AutoencoderKLFlux2.from_pretrained(folder + "/vae", **options)
    model = model.to(memory_format=torch.channels_last)
    latents = torch.randn(1, 32, height // 8, width // 8).bfloat16()
    latents = latents.to(memory_format=torch.channels_last)
    def run():
        return model.decode(latents, return_dict=False)[0]
seconds = []
for _ in range(repeat):
    start = time.perf_counter()
    run()
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
"""


def said(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command[:4]))} failed:\n{result.stderr[-2000:]}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith(("{", "["))]


def theirs(options, phase, size, repeat):
    width, height = size.split("x")
    command = [sys.executable, "-c", THEIRS, phase, str(options.theirs), width, height, str(repeat)]
    return said(command)[-1][1:]


def step(options, folder, size, repeat):
    command = [options.program, "bench", "step", "--model", folder, "--size", size]
    return said(command + ["--repeat", str(repeat)])[-1]["step_seconds"][1:]


def run(options, folder, size, steps):
    """Two pictures: the first one loads. Gives the phases of the second."""
    command = [options.program, "bench", "run", "--model", folder, "--size", size]
    took = said(command + ["--steps", str(steps), "--repeat", "2"])[-1]["took"]
    phases = {phase["phase"]: phase["seconds"] for phase in took["phases"]}
    return phases, took["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--theirs", type=Path, required=True)
    parser.add_argument("--ours", nargs="+", required=True)
    parser.add_argument("--sizes", nargs="+", default=["512x512"])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3, help="runs a process; the first is left out")
    options = parser.parse_args()
    options.ours = [str(Path(folder).resolve()) for folder in options.ours]
    rows = {}

    def note(who, phase, size, seconds):
        rows.setdefault((phase, size), {}).setdefault(who, []).extend(seconds)
        print(json.dumps({"who": who, "phase": phase, "size": size, "seconds": seconds}), flush=True)

    for _ in range(options.rounds):
        for size in options.sizes:
            for phase in ["step", "encode", "decode"]:
                note("diffusers", phase, size, theirs(options, phase, size, options.repeat))
                for folder in options.ours:
                    if phase == "step":
                        note(folder, phase, size, step(options, folder, size, options.repeat))
            for folder in options.ours:
                phases, all_of_it = run(options, folder, size, 4)
                note(folder, "encode", size, [phases["encode"]])
                note(folder, "decode", size, [phases["decode"]])
                note(folder, "picture", size, [all_of_it])
    for size in options.sizes:
        of = lambda phase: statistics.median(rows[phase, size]["diffusers"])
        rows["picture", size]["diffusers"] = [of("encode") + 4 * of("step") + of("decode")]
    print(f"\n{'phase':<10}{'size':<12}{'diffusers':>10}  ours and the ratio")
    for (phase, size), whose in rows.items():
        base = statistics.median(whose["diffusers"])
        ours = [(Path(folder).name, statistics.median(whose[folder])) for folder in options.ours]
        cells = "   ".join(f"{name} {mine:.2f} s = {mine / base:.2f}" for name, mine in ours)
        print(f"{phase:<10}{size:<12}{base:>10.2f}  {cells}")


if __name__ == "__main__":
    main()
