"""Trains the byte-level BPE tokenizer in the layout of the real model's tokenizer.

The corpus is captions, the prompt template and the two caption prompts, so that each of their words is one
token. The template's prefix must come to exactly 34 tokens, because the pipeline drops that many.
"""

import argparse
import json
import os

import numpy as np
from diffusers import QwenImageLayeredPipeline
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from compose import COLOURS, DRAW
from flow import DROPPED

VOCABULARY = 1152
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
           "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>"]
ADDED = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
         "<|file_sep|>"]


class Prompts:
    """The pipeline's own strings, read off an empty pipeline object."""

    def __init__(self):
        pipeline = QwenImageLayeredPipeline(*[None] * 6)
        self.template = pipeline.prompt_template_encode
        self.caption = {"en": pipeline.image_caption_prompt_en, "cn": pipeline.image_caption_prompt_cn}


def corpus(rng, prompts):
    """Every text counts often, so that all of its words become tokens."""
    texts = [prompts.template, prompts.caption["en"], prompts.caption["cn"]] * 4000
    colours, kinds = list(COLOURS), list(DRAW)
    for _ in range(40000):
        a, b = rng.integers(len(colours), size=2)
        i, j = rng.integers(len(kinds), size=2)
        texts.append(f"a {colours[a]} {kinds[i]}, an {colours[b]} {kinds[j]} and a {kinds[i]} on a light dark {colours[b]} background")
    for token in SPECIAL:
        texts = [t.replace(token, "\0") for t in texts]
    return [part for text in texts for part in text.split("\0") if part]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    args = parser.parse_args()
    prompts = Prompts()
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    bpe.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    bpe.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(SPECIAL) - len(ADDED), min_frequency=20, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    bpe.train_from_iterator(corpus(np.random.default_rng(2), prompts), trainer)
    bpe.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
    bpe.add_tokens([AddedToken(t, normalized=False, special=False) for t in ADDED])

    os.makedirs(args.out, exist_ok=True)
    bpe.save(os.path.join(args.out, "tokenizer.json"))
    bpe.model.save(args.out)
    vocabulary = bpe.get_vocab()
    config = {
        "add_bos_token": False, "add_prefix_space": False,
        "added_tokens_decoder": {
            str(vocabulary[t]): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                                 "special": t in SPECIAL} for t in SPECIAL + ADDED},
        "additional_special_tokens": SPECIAL[1:], "bos_token": None, "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>",
        "errors": "replace", "model_max_length": 131072, "pad_token": "<|endoftext|>", "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None,
    }
    with open(os.path.join(args.out, "tokenizer_config.json"), "w") as f:
        json.dump(config, f, indent=1, ensure_ascii=False)
    prefix = len(bpe.encode(prompts.template.split("{}")[0]).ids)
    assert prefix == DROPPED, prefix
    caption = "a red gem and a blue potion on a light green background"
    print("tokens", len(vocabulary), "prefix", prefix, bpe.encode(caption).tokens, {k: len(bpe.encode(v).ids) for k, v in prompts.caption.items()})


if __name__ == "__main__":
    main()
