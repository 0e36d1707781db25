"""Puts the trained parts together as a diffusers model folder in bf16, in the layout of the published model."""

import argparse
import json
import os
import shutil

import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file

INDEX = {
    "_class_name": "QwenImageLayeredPipeline", "_diffusers_version": "0.42.1", "processor": ["transformers", "Qwen2VLProcessor"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen2_5_VLForConditionalGeneration"], "tokenizer": ["transformers", "Qwen2Tokenizer"],
    "transformer": ["diffusers", "QwenImageTransformer2DModel"], "vae": ["diffusers", "AutoencoderKLQwenImage"],
}
SCHEDULER = dict(
    base_image_seq_len=256, base_shift=0.5, invert_sigmas=False, max_image_seq_len=8192, max_shift=0.9, num_train_timesteps=1000, shift=1.0,
    shift_terminal=False, stochastic_sampling=False, time_shift_type="linear", use_dynamic_shifting=True)
PREPROCESSOR = {
    "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 12845056, "merge_size": 2, "min_pixels": 3136, "patch_size": 14,
    "processor_class": "Qwen2VLProcessor", "resample": 3, "rescale_factor": 0.00392156862745098,
    "size": {"longest_edge": 12845056, "shortest_edge": 3136}, "temporal_patch_size": 2,
}


def write_json(path, facts):
    with open(path, "w") as f:
        json.dump(facts, f, indent=1)


def text_config(saved):
    """The published, flat layout: the text model's keys on top and again under text_config, rope_scaling with its theta."""
    text = {**saved["text_config"]}
    rope = text.pop("rope_parameters")
    theta = rope["rope_theta"]
    text["rope_scaling"] = {"mrope_section": rope["mrope_section"], "rope_type": "default", "type": "default", "rope_theta": theta}
    text["rope_theta"] = theta
    for name in ("dtype", "layer_types", "pad_token_id"):
        text.pop(name, None)
    tokens = {name: saved[name] for name in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")}
    vision = {**saved["vision_config"], "model_type": "qwen2_5_vl", "in_chans": 3, "spatial_patch_size": 14}
    vision.pop("dtype", None)
    top = {name: value for name, value in text.items() if name != "model_type"}
    return {**top, **tokens, "architectures": saved["architectures"], "model_type": "qwen2_5_vl", "tie_word_embeddings": False,
            "text_config": {**text, "model_type": "qwen2_5_vl_text"}, "vision_config": vision, "torch_dtype": "bfloat16",
            "transformers_version": "4.53.1"}


def text_encoder(parts, out):
    """Published tensor names, configuration and generation settings."""
    os.makedirs(out, exist_ok=True)
    weights = load_file(f"{parts}/model.safetensors")
    save_file({name: value.to(torch.bfloat16).contiguous() for name, value in weights.items()}, f"{out}/model.safetensors", {"format": "pt"})
    with open(f"{parts}/config.json") as f:
        saved = json.load(f)
    write_json(f"{out}/config.json", text_config(saved))
    bos, eos = saved["text_config"]["bos_token_id"], saved["text_config"]["eos_token_id"]
    write_json(f"{out}/generation_config.json", {
        "bos_token_id": bos, "do_sample": False, "eos_token_id": [eos, bos], "pad_token_id": bos, "repetition_penalty": 1.0,
        "transformers_version": "4.53.1"})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", help="folder with tokenizer/, text_encoder/, vae/ and transformer/ as trained")
    parser.add_argument("out")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    write_json(f"{args.out}/model_index.json", INDEX)
    for part in ("tokenizer", "processor"):
        shutil.copytree(f"{args.parts}/tokenizer", f"{args.out}/{part}", dirs_exist_ok=True)
    write_json(f"{args.out}/processor/preprocessor_config.json", PREPROCESSOR)
    shutil.copytree(f"{args.parts}/transformer", f"{args.out}/transformer", dirs_exist_ok=True)
    text_encoder(f"{args.parts}/text_encoder", f"{args.out}/text_encoder")
    vae = AutoencoderKLQwenImage.from_pretrained(f"{args.parts}/vae", torch_dtype=torch.bfloat16)
    vae.save_pretrained(f"{args.out}/vae")
    FlowMatchEulerDiscreteScheduler(**SCHEDULER).save_pretrained(f"{args.out}/scheduler")
    for part in ("transformer", "vae"):
        path = f"{args.out}/{part}/config.json"
        with open(path) as f:
            facts = json.load(f)
        facts.pop("_name_or_path", None)
        write_json(path, facts)
    total = 0
    for folder, _, names in os.walk(args.out):
        for name in names:
            path = os.path.join(folder, name)
            os.chmod(path, 0o644)
            total += os.path.getsize(path)
            if name.endswith(".safetensors"):
                print(os.path.relpath(path, args.out), sum(v.numel() for v in load_file(path).values()), "weights,", os.path.getsize(path), "bytes")
    print("total", total, "bytes")


if __name__ == "__main__":
    main()
