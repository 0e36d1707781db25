"""Files for stable-diffusion.cpp of a FLUX.2 klein folder, so that both programs run the same shapes.

    asset-editor bench create --shape klein-4b --dtype bf16 --out DIR
    python tests/tools/bench/sd_cpp.py --program sd-cli --model DIR --out FILES [--type q8_0]

stable-diffusion.cpp reads a FLUX.2 transformer only in its publisher's names, with queries, keys and values
in one tensor; it is written so, byte for byte, and the program's own `convert` makes the numbers smaller, as
its users do. It reads the other two as they are: the text encoder is converted from its folder, and the
autoencoder isn't converted, since it turns the weights of convolutions into f16 itself. Needs twice the
transformer's bytes of disk for a while. Prints the three paths that `cpu.py --sd-cpp-files` takes.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

CHUNK = 64 << 20
DOUBLE, SINGLE = r"^transformer_blocks\.(\d+)\.", r"^single_transformer_blocks\.(\d+)\."
NAMES = [
    (r"^x_embedder\.", "img_in."),
    (r"^context_embedder\.", "txt_in."),
    (r"^time_guidance_embed\.timestep_embedder\.linear_1\.", "time_in.in_layer."),
    (r"^time_guidance_embed\.timestep_embedder\.linear_2\.", "time_in.out_layer."),
    (r"^guidance_embed\.linear_1\.", "guidance_in.in_layer."),
    (r"^(\w+_stream_modulation\w*)\.linear\.", r"\1.lin."),
    (DOUBLE + r"attn\.norm_added_q\.weight", r"double_blocks.\1.txt_attn.norm.query_norm.scale"),
    (DOUBLE + r"attn\.norm_added_k\.weight", r"double_blocks.\1.txt_attn.norm.key_norm.scale"),
    (DOUBLE + r"attn\.norm_q\.weight", r"double_blocks.\1.img_attn.norm.query_norm.scale"),
    (DOUBLE + r"attn\.norm_k\.weight", r"double_blocks.\1.img_attn.norm.key_norm.scale"),
    (DOUBLE + r"attn\.to_[qkv]\.", r"double_blocks.\1.img_attn.qkv."),
    (DOUBLE + r"attn\.add_[qkv]_proj\.", r"double_blocks.\1.txt_attn.qkv."),
    (DOUBLE + r"attn\.to_out\.0\.", r"double_blocks.\1.img_attn.proj."),
    (DOUBLE + r"attn\.to_add_out\.", r"double_blocks.\1.txt_attn.proj."),
    (DOUBLE + r"ff\.linear_in\.", r"double_blocks.\1.img_mlp.0."),
    (DOUBLE + r"ff\.linear_out\.", r"double_blocks.\1.img_mlp.2."),
    (DOUBLE + r"ff_context\.linear_in\.", r"double_blocks.\1.txt_mlp.0."),
    (DOUBLE + r"ff_context\.linear_out\.", r"double_blocks.\1.txt_mlp.2."),
    (SINGLE + r"attn\.norm_q\.weight", r"single_blocks.\1.norm.query_norm.scale"),
    (SINGLE + r"attn\.norm_k\.weight", r"single_blocks.\1.norm.key_norm.scale"),
    (SINGLE + r"attn\.to_qkv_mlp_proj\.", r"single_blocks.\1.linear1."),
    (SINGLE + r"attn\.to_out\.", r"single_blocks.\1.linear2."),
    (r"^norm_out\.linear\.", "final_layer.adaLN_modulation.1."),
    (r"^proj_out\.", "final_layer.linear."),
]
# Their scale lies before the shift; the publisher's behind it.
SWAPPED = "final_layer.adaLN_modulation.1."


def renamed(name):
    for pattern, new in NAMES:
        if re.search(pattern, name):
            return re.sub(pattern, new, name)
    sys.exit(f"{name}: no tensor of FLUX.2 klein, the only model that this script knows")


def tensors(folder):
    """(name, type, shape, file, where its bytes start and end) of each tensor of a folder."""
    for path in sorted(folder.glob("*.safetensors")):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            for name, entry in json.loads(file.read(length)).items():
                if name != "__metadata__":
                    start, end = (8 + length + offset for offset in entry["data_offsets"])
                    yield name, entry["dtype"], entry["shape"], path, start, end


def parts_by_name(folder):
    """Each new tensor's type, shape, and the spans of files that are its rows, in their order."""
    # Of a block, queries come first, which their names' order would not give.
    order = {"q": 0, "k": 1, "v": 2}
    found = {}
    for name, dtype, shape, path, start, end in tensors(folder):
        letter = re.search(r"attn\.(?:to|add)_([qkv])(?:_proj)?\.", name)
        place = order[letter[1]] if letter else 0
        found.setdefault(renamed(name), []).append((place, dtype, shape, (path, start, end)))
    for name, parts in found.items():
        parts.sort(key=lambda part: part[0])
        rows = sum(part[2][0] for part in parts)
        spans = [part[3] for part in parts]
        if name.startswith(SWAPPED):
            [(path, start, end)] = spans
            middle = (start + end) // 2
            spans = [(path, middle, end), (path, start, middle)]
        yield name, parts[0][1], [rows, *parts[0][2][1:]], spans


def write(folder, out):
    """The folder's tensors as one safetensors file in the publisher's names."""
    header, offset, everything = {}, 0, []
    for name, dtype, shape, spans in parts_by_name(folder):
        size = sum(end - start for _, start, end in spans)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
        everything += spans
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for path, start, end in everything:
            with open(path, "rb") as source:
                source.seek(start)
                for at in range(start, end, CHUNK):
                    file.write(source.read(min(CHUNK, end - at)))


def convert(program, kind, source, out):
    command = [program, "--mode", "convert", "--model", source, "--output", out, "--type", kind]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode or not out.exists():
        sys.exit(f"{' '.join(map(str, command))} failed:\n{(result.stdout + result.stderr)[-2000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="sd-cli of stable-diffusion.cpp")
    parser.add_argument("--model", type=Path, required=True, help="a FLUX.2 klein folder as diffusers has it")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--type", default="q8_0", help="as sd-cli calls it (default: %(default)s)")
    options = parser.parse_args()
    if not any((options.model / "transformer").glob("*.safetensors")):
        sys.exit(f"{options.model}: no FLUX.2 klein folder with a transformer in safetensors")
    options.out.mkdir(parents=True, exist_ok=True)
    transformer, llm = (options.out / f"{name}-{options.type}.gguf" for name in ("transformer", "llm"))
    whole = options.out / "transformer.safetensors"
    try:
        write(options.model / "transformer", whole)
        convert(options.program, options.type, whole, transformer)
    finally:
        whole.unlink(missing_ok=True)
    [index] = (options.model / "text_encoder").glob("*.safetensors.index.json")
    convert(options.program, options.type, index, llm)
    print(transformer, options.model / "vae" / "diffusion_pytorch_model.safetensors", llm)


if __name__ == "__main__":
    main()
