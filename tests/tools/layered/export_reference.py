"""Writes the fixture tests/starter-layered/reference.*: one full run of diffusers' pipeline in float32."""

import argparse
import json

import numpy as np
import torch
from diffusers.pipelines.qwenimage.pipeline_qwenimage_layered import QwenImageLayeredPipeline
from PIL import Image
from safetensors.torch import save_file

from compose import SIZE, flatten
from evaluate import held_out, load

STEPS = 8


def caption_ids(pipeline, image):
    """Token ids that the pipeline's own captioning generates, English and Chinese caption prompt."""
    found = {}
    for language, prompt in (("en", pipeline.image_caption_prompt_en), ("cn", pipeline.image_caption_prompt_cn)):
        inputs = pipeline.vl_processor(text=prompt, images=image, padding=True, return_tensors="pt")
        ids = pipeline.text_encoder.generate(**inputs, max_new_tokens=512)[0, inputs.input_ids.shape[1]:].tolist()
        text = pipeline.get_image_caption(image, use_en_prompt=language == "en", device="cpu")
        found[language] = {"prompt_tokens": inputs.input_ids.shape[1], "ids": ids, "text": text}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("out", help="path without its ending")
    parser.add_argument("--document", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pipeline: QwenImageLayeredPipeline = load(args.model)
    document = held_out(args.document)
    source = flatten(document.layers)
    image = Image.fromarray(source, "RGBA")
    captions = caption_ids(pipeline, image)
    prompt, layers = captions["en"]["text"], len(document.layers)
    tokens = (SIZE // 16) ** 2
    initial = torch.randn(1, (layers + 1) * tokens, 64, generator=torch.Generator().manual_seed(7))
    tensors = {"source": torch.from_numpy(source), "initial_latents": initial}
    steps = []

    def keep(pipe, step, timestep, state):
        steps.append(state["latents"].clone())
        tensors["prompt_embeds"] = state["prompt_embeds"].clone()
        return state

    inner = pipeline.transformer.forward

    def listen(*positional, **named):
        tensors.setdefault("cond_latents", named["hidden_states"][:, (layers + 1) * tokens:].clone())
        return inner(*positional, **named)

    pipeline.transformer.forward = listen
    result = pipeline(image, prompt=prompt, layers=layers, num_inference_steps=STEPS, true_cfg_scale=1.0, latents=initial, output_type="pt",
                      callback_on_step_end=keep, callback_on_step_end_tensor_inputs=["latents", "prompt_embeds"]).images[0]
    tensors.update({f"latents_step.{i}": latents for i, latents in enumerate(steps)})
    tensors["layers"] = result
    save_file({name: value.contiguous() for name, value in tensors.items()}, args.out + ".safetensors")
    facts = {
        "document": document.caption, "prompt": prompt, "layers": layers, "steps": STEPS, "size": SIZE, "true_cfg_scale": 1.0,
        "sigmas": np.asarray(pipeline.scheduler.sigmas).tolist(), "caption": captions,
        "tensors": {name: [str(value.dtype).removeprefix("torch."), list(value.shape)] for name, value in tensors.items()},
    }
    with open(args.out + ".json", "w") as f:
        json.dump(facts, f, indent=1)


if __name__ == "__main__":
    main()
