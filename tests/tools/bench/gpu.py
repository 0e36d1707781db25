"""Times of whole pictures on a graphics card: ours beside diffusers, eager and compiled, in turn.

    python gpu.py run --program PROGRAM --model DIR --size 1024x1024 --out FILE.jsonl [--reference]
    python gpu.py table --out FILE.jsonl

`gpu.sh` calls it. A round is ours, eager, compiled; medians of the rounds are compared. Times hold the
text encoder, four steps and the decoder, weights loaded; the first picture of each is not counted.
"""

import argparse
import json
import statistics
import subprocess
import threading
import time

ROUNDS = 3
TOKENS = 512
STEPS = 4


class Peak:
    """The most memory that is taken on the card, asked ten times a second."""

    def __enter__(self):
        self.most = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while not self.stopped.wait(0.1):
            answer = subprocess.run(query, capture_output=True, text=True)
            if answer.returncode == 0:
                self.most = max(self.most, int(answer.stdout.split()[0]) << 20)

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def ours(arguments):
    """Seconds and phases of pictures by our program, without the first."""
    command = [arguments.program, "bench", "run", "--model", arguments.model, "--size", arguments.size]
    # Six of them: from the second on, steps may be repeated from a recording.
    command += ["--repeat", "6" if arguments.steps <= STEPS else "2", "--steps", str(arguments.steps)]
    command += ["--layers", "4"] if arguments.layers else ["--max-sequence-length", str(TOKENS)]
    command += ["--fp8-products"] if arguments.fp8_products else []
    command += ["--ordinary-kernels"] if arguments.ordinary_kernels else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return [json.loads(line)["took"] for line in done.stdout.splitlines()][1:]


class Reference:
    """The same folder in diffusers."""

    def __init__(self, arguments):
        import torch
        from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler
        from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel
        from transformers import Qwen3ForCausalLM

        def load(kind, part):
            # Weights are only for measuring: what a part lacks may be drawn anew.
            return kind.from_pretrained(arguments.model, subfolder=part, torch_dtype=torch.bfloat16)

        self.torch = torch
        self.width, self.height = (int(side) for side in arguments.size.split("x"))
        self.transformer = load(Flux2Transformer2DModel, "transformer").to("cuda")
        self.text_encoder = load(Qwen3ForCausalLM, "text_encoder").to("cuda").eval()
        vae = load(AutoencoderKLFlux2, "vae").to("cuda")
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(arguments.model, subfolder="scheduler")
        self.pipeline = Flux2KleinPipeline(
            scheduler=scheduler,
            vae=vae,
            text_encoder=None,
            tokenizer=None,
            transformer=self.transformer,
            is_distilled=True,
        )
        self.pipeline.set_progress_bar_config(disable=True)
        self.compiled = torch.compile(self.transformer, mode="max-autotune-no-cudagraphs")
        self.compiled_vae = torch.compile(vae.decode)
        self.compiled_encoder = torch.compile(self.text_encoder.model)
        self.plain = (self.transformer, vae.decode, self.text_encoder.model)

    def paint(self, is_compiled):
        torch = self.torch
        chosen = (self.compiled, self.compiled_vae, self.compiled_encoder) if is_compiled else self.plain
        self.pipeline.transformer, self.pipeline.vae.decode, encoder = chosen
        torch.cuda.synchronize()
        start = time.perf_counter()
        with torch.inference_mode():
            ids = torch.randint(0, 1000, (1, TOKENS), device="cuda")
            hidden = encoder(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                output_hidden_states=True,
                use_cache=False,
            ).hidden_states
            embeds = torch.cat([hidden[depth] for depth in (9, 18, 27)], dim=-1)
            self.pipeline(
                prompt_embeds=embeds,
                height=self.height,
                width=self.width,
                num_inference_steps=STEPS,
                guidance_scale=1.0,
                output_type="pt",
            )
        torch.cuda.synchronize()
        return time.perf_counter() - start


def run(arguments):
    with Peak() as peak:
        took = ours(arguments)
    times = {"ours": [], "eager": [], "compiled": []}
    phases = {}
    if arguments.reference:
        reference = Reference(arguments)
        for is_compiled in (False, True):
            for _ in range(2):
                reference.paint(is_compiled)
    for _ in range(ROUNDS if arguments.reference else 1):
        took = ours(arguments)
        times["ours"] += [picture["seconds"] for picture in took]
        for picture in took:
            for phase in picture["phases"]:
                phases.setdefault(phase["phase"], []).append(phase["seconds"])
        if arguments.reference:
            times["eager"] += [reference.paint(False) for _ in range(3)]
            times["compiled"] += [reference.paint(True) for _ in range(3)]
    middle = {name: statistics.median(all) for name, all in times.items() if all}
    result = {
        "model": arguments.model.rstrip("/").rsplit("/", 1)[-1]
        + " in fp8" * arguments.fp8_products
        + " ordinary" * arguments.ordinary_kernels,
        "size": arguments.size,
        "seconds": middle,
        "phases": {name: statistics.median(all) for name, all in phases.items()},
        "peak_bytes_of_tensors": max(picture["peak_bytes"] or 0 for picture in took),
        "peak_bytes_of_card": peak.most,
        "ratios": {name: middle["ours"] / middle[name] for name in ("eager", "compiled") if name in middle},
    }
    with open(arguments.out, "a") as file:
        file.write(json.dumps(result) + "\n")
    print(json.dumps(result))


def table(arguments):
    with open(arguments.out) as file:
        results = [json.loads(line) for line in file]
    phases = ["encode", "denoise", "decode"]
    names = ["model", "size", "ours", *phases, "eager", "compiled", "/eager", "/compiled", "peak GB"]
    rows = [names]
    for result in results:
        seconds, ratios = result["seconds"], result["ratios"]
        shown = [seconds.get("ours"), *(result["phases"].get(phase) for phase in phases)]
        shown += [seconds.get("eager"), seconds.get("compiled"), ratios.get("eager"), ratios.get("compiled")]
        shown.append(result["peak_bytes_of_card"] / 1e9)
        numbers = ["" if number is None else f"{number:.3f}" for number in shown]
        rows.append([result["model"], result["size"], *numbers])
    widths = [max(len(row[column]) for row in rows) for column in range(len(names))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    measure = commands.add_parser("run")
    measure.add_argument("--program", required=True)
    measure.add_argument("--model", required=True)
    measure.add_argument("--size", default="1024x1024")
    measure.add_argument("--out", required=True)
    measure.add_argument("--steps", type=int, default=STEPS)
    measure.add_argument("--layers", action="store_true", help="a model that takes pictures apart, into four")
    measure.add_argument("--reference", action="store_true", help="of four steps, by diffusers too")
    measure.add_argument("--fp8-products", action="store_true")
    measure.add_argument("--ordinary-kernels", action="store_true", help="without what a card must prove first")
    measure.set_defaults(work=run)
    show = commands.add_parser("table")
    show.add_argument("--out", required=True)
    show.set_defaults(work=table)
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    main()
