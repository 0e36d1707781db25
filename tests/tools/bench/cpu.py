"""The phases of a picture on a processor: ours beside diffusers in bf16, in turn, and their ratios.

    python tests/tools/bench/cpu.py --program target/release/asset-editor --theirs DIR --ours DIR [DIR ..]

`--theirs` is a model folder in bf16 (`asset-editor bench create --dtype bf16`), which diffusers reads;
`--ours` are folders of the same shapes in any format. Weights are random: times are real, pictures are
noise. Each phase of theirs runs in a process of its own, its autoencoder in channels-last. Prints one
JSON line a measurement, then a table of medians and of what ours is of theirs.

With `--compile`, theirs is measured once more under torch.compile, which needs a C++ compiler; the first
runs, in which it compiles, are left out; it was never run on a model of full size, but on the tiny one of
`tests/reference`. With `--sd-cpp PROGRAM --sd-cpp-files TRANSFORMER VAE LLM`, an installed
stable-diffusion.cpp (`sd-cli`) paints the same sizes in the same rounds, with flash attention; its times are
those that it prints itself, of weights that it loaded before. `sd_cpp.py` makes the files from the folder of
theirs. It is slow, and all its steps cost the same: `--sd-cpp-steps` says how many to make.
"""

import argparse
import json
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

THEIRS = """
import json, sys, time
import torch
phase, folder, width, height, repeat, compiles = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
compiled = lambda work: torch.compile(work) if compiles else work
torch.set_grad_enabled(False)
options = {"torch_dtype": torch.bfloat16, "local_files_only": True}
if phase == "encode":
    from transformers import Qwen3ForCausalLM
    model = Qwen3ForCausalLM.from_pretrained(folder + "/text_encoder", **options)
    ids = torch.randint(0, model.config.vocab_size, (1, 512))
    model.model = compiled(model.model)
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
    hidden = torch.randn(1, tokens, model.config.in_channels).bfloat16()
    text = torch.randn(1, 512, model.config.joint_attention_dim).bfloat16()
    model = compiled(model)
    def run():
        return model(hidden_states=hidden, encoder_hidden_states=text, timestep=torch.tensor([0.5]),
                     img_ids=image_ids, txt_ids=text_ids, guidance=None, return_dict=False)[0]
else:
    from diffusers import AutoencoderKLFlux2
    model = AutoencoderKLFlux2.from_pretrained(folder + "/vae", **options)
    model = model.to(memory_format=torch.channels_last)
    latents = (1, model.config.latent_channels, height // 8, width // 8)
    shape = latents if phase == "decode" else (1, 3, height, width)
    values = torch.randn(*shape).bfloat16().to(memory_format=torch.channels_last)
    work = compiled(model.decode if phase == "decode" else model.encode)
    def run():
        return work(values, return_dict=False)[0]
seconds = []
for _ in range(repeat):
    start = time.perf_counter()
    run()
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
"""


STEPS = 4
PHASES = ["step", "encode", "encode_pictures", "decode"]
# What stable-diffusion.cpp calls the phases of a picture in its log; sampling is all steps.
SD_CPP = {
    "encode": r"get_learned_condition completed, taking ([\d.]+) ?(ms|s)",
    "steps": r"sampling completed, taking ([\d.]+) ?(ms|s)",
    "decode": r"decode_first_stage completed, taking ([\d.]+) ?(ms|s)",
}
# What it says of the model that it takes the transformer for.
SD_CPP_MODEL = "Version: Flux.2 klein"


def finished(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        log = result.stdout + result.stderr
        sys.exit(f"{' '.join(map(str, command[:4]))} failed:\n{log[-2000:]}")
    return result


def said(command):
    lines = finished(command).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith(("{", "["))]


def sd_cpp(options, size):
    """Seconds of each phase, as its log tells them."""
    width, height = size.split("x")
    transformer, vae, llm = options.sd_cpp_files
    steps = options.sd_cpp_steps
    with tempfile.TemporaryDirectory() as folder:
        result = finished([
            options.sd_cpp, "--diffusion-model", transformer, "--vae", vae, "--llm", llm,
            "--prompt", "a picture of the number 1", "--width", width, "--height", height,
            "--steps", str(steps), "--cfg-scale", "1.0", "--sampling-method", "euler",
            "--eager-load", "--output", f"{folder}/out.png", *shlex.split(options.sd_cpp_flags),
        ])
    log = result.stdout + result.stderr
    found = {phase: re.search(pattern, log) for phase, pattern in SD_CPP.items()}
    if SD_CPP_MODEL not in log or not all(found.values()):
        sys.exit(f"{options.sd_cpp} told no times, or of another model:\n{log[-2000:]}")
    took = {phase: float(match[1]) / (1000 if match[2] == "ms" else 1) for phase, match in found.items()}
    return {"encode": took["encode"], "step": took["steps"] / steps, "decode": took["decode"]}


def theirs(options, phase, size, compiles):
    # A compiled model is compiled in its first run, and once more where it finds out what varies.
    first = 2 if compiles else 1
    numbers = [*size.split("x"), options.repeat + first - 1, int(compiles)]
    command = [sys.executable, "-c", THEIRS, phase, str(options.theirs), *map(str, numbers)]
    return said(command)[-1][first:]


def ours(options, phase, folder, size):
    """Seconds of each time but the first."""
    what = "step" if phase == "step" else "autoencoder"
    command = [options.program, "bench", what, "--model", folder, "--size", size]
    name = {"step": "step", "encode_pictures": "encode", "decode": "decode"}[phase]
    return said(command + ["--repeat", str(options.repeat)])[-1][f"{name}_seconds"][1:]


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
    parser.add_argument("--compile", action="store_true", help="also theirs under torch.compile (see above)")
    parser.add_argument("--sd-cpp", metavar="PROGRAM", help="an installed sd-cli (see above)")
    parser.add_argument("--sd-cpp-files", nargs=3, metavar=("TRANSFORMER", "VAE", "LLM"))
    parser.add_argument("--sd-cpp-steps", type=int, default=STEPS, metavar="N")
    parser.add_argument("--sd-cpp-flags", default="--diffusion-fa", metavar="'FLAG ..'",
                        help="what else to give it, behind = (default: %(default)s)")
    options = parser.parse_args()
    if bool(options.sd_cpp) != bool(options.sd_cpp_files):
        parser.error("--sd-cpp and --sd-cpp-files need each other")
    if options.repeat < 2:
        parser.error("--repeat is 2 at least: the first run is left out")
    options.ours = [str(Path(folder).resolve()) for folder in options.ours]
    rows = {}

    def note(who, phase, size, seconds):
        rows.setdefault((phase, size), {}).setdefault(who, []).extend(seconds)
        print(json.dumps({"who": who, "phase": phase, "size": size, "seconds": seconds}), flush=True)

    others = {"diffusers": False} | ({"compiled": True} if options.compile else {})
    for _ in range(options.rounds):
        for size in options.sizes:
            for phase in PHASES:
                for name, compiles in others.items():
                    note(name, phase, size, theirs(options, phase, size, compiles))
                for folder in options.ours if phase != "encode" else []:
                    note(folder, phase, size, ours(options, phase, folder, size))
            for folder in options.ours:
                phases, all_of_it = run(options, folder, size, STEPS)
                note(folder, "encode", size, [phases["encode"]])
                note(folder, "picture", size, [all_of_it])
            if options.sd_cpp:
                for phase, seconds in sd_cpp(options, size).items():
                    note("sd.cpp", phase, size, [seconds])
    names = [*others, *(["sd.cpp"] if options.sd_cpp else [])]
    for size in options.sizes:
        for name in names:
            of = lambda phase: statistics.median(rows[phase, size][name])
            rows["picture", size][name] = [of("encode") + STEPS * of("step") + of("decode")]
    heads = "".join(f"{name:>11}" for name in names)
    print(f"\n{'phase':<17}{'size':<11}{heads}  ours, and its ratio to each")
    for (phase, size), whose in rows.items():
        base = {name: statistics.median(whose[name]) for name in names if name in whose}
        cells = []
        for folder in options.ours:
            mine = statistics.median(whose[folder])
            ratios = " ".join(f"{mine / base[name]:.2f}" if name in base else "-" for name in names)
            cells.append(f"{Path(folder).name} {mine:.2f} s = {ratios}")
        numbers = "".join(f"{base[name]:>11.2f}" if name in base else f"{'-':>11}" for name in names)
        print(f"{phase:<17}{size:<11}{numbers}  " + "   ".join(cells))


if __name__ == "__main__":
    main()
