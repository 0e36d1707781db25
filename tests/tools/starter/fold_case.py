"""Makes capital letters harmless: gives every known word's capitalised and upper-case form a token of
its own whose embedding is the lower-case one's, so "Red Potion" and "red potion" are one prompt.

Works on a trained tokenizer and text encoder: the new merges rank behind all others, so the
tokens of lower-case text stay as they are; only the ids of the added tokens move up.
"""

import argparse
import json
import re

import torch
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

import captions

SPACE = "\u0120"  # how byte-level BPE writes a leading space


def known_words():
    """Every word that captions are made of."""
    lists = [*captions.KIND_WORDS.values(), *captions.COLOUR_WORDS.values(), *captions.MATERIAL_WORDS.values(),
             *captions.METAL_COLOURS.values(), *captions.GROUND_WORDS.values(), captions.FILLERS, captions.OPENERS, captions.CLOSERS,
             captions.UNKNOWN, ["a an the one in on of with against that is which colored made front"]]
    return sorted({word for words in lists for phrase in words for word in re.findall("[a-z]+", phrase)})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", help="folder with tokenizer/ and text_encoder/, changed in place")
    args = parser.parse_args()
    path = args.parts + "/tokenizer/tokenizer.json"
    with open(path) as f:
        facts = json.load(f)
    added = [t["content"] for t in facts["added_tokens"]]
    old = Tokenizer.from_file(path)
    merges = [tuple(m) for m in facts["model"]["merges"]]
    vocabulary = list(sorted(facts["model"]["vocab"], key=facts["model"]["vocab"].get))
    ranks = {pair: i for i, pair in enumerate(merges)}
    source = {}

    def pieces(token):
        """BPE of one word with the merges so far."""
        parts = list(token)
        while len(parts) > 1:
            rank, at = min((ranks.get(pair, len(ranks)), i) for i, pair in enumerate(zip(parts, parts[1:])))
            if rank == len(ranks):
                break
            parts[at:at + 2] = ["".join(parts[at:at + 2])]
        return parts

    for word in known_words():
        for lower in (word, SPACE + word):
            if pieces(lower) != [lower]:
                continue
            for upper in (lower.replace(word, word.capitalize()), lower.replace(word, word.upper())):
                parts = pieces(upper)
                while len(parts) > 1:
                    joined = parts[0] + parts[1]
                    if joined not in vocabulary:
                        vocabulary.append(joined)
                        source[joined] = parts[0]
                    ranks[(parts[0], parts[1])] = len(merges)
                    merges.append((parts[0], parts[1]))
                    parts = pieces(upper)
                source[upper] = lower

    encoder = Qwen3ForCausalLM.from_pretrained(args.parts + "/text_encoder")
    rows = encoder.model.embed_tokens.weight.data

    def row_of(token):
        while old.token_to_id(token) is None or (token in source and source[token].lower() == token.lower()):
            token = source[token]
        return rows[old.token_to_id(token)]

    weight = torch.stack([row_of(token) for token in vocabulary + added])
    encoder.resize_token_embeddings(len(weight))
    encoder.model.embed_tokens.weight.data.copy_(weight)
    ids = {token: i for i, token in enumerate(vocabulary + added)}
    encoder.config.bos_token_id, encoder.config.eos_token_id = ids["<|endoftext|>"], ids["<|im_end|>"]
    encoder.generation_config.bos_token_id, encoder.generation_config.eos_token_id = ids["<|endoftext|>"], ids["<|im_end|>"]
    encoder.save_pretrained(args.parts + "/text_encoder")

    facts["model"]["vocab"] = {token: i for i, token in enumerate(vocabulary)}
    facts["model"]["merges"] = [list(m) for m in merges]
    for token in facts["added_tokens"]:
        token["id"] = ids[token["content"]]
    with open(path, "w") as f:
        json.dump(facts, f, ensure_ascii=False)
    new = Tokenizer.from_file(path)
    assert all(new.token_to_id(token) == i for token, i in ids.items())
    new.model.save(args.parts + "/tokenizer")
    config_path = args.parts + "/tokenizer/tokenizer_config.json"
    with open(config_path) as f:
        config = json.load(f)
    config["added_tokens_decoder"] = {str(ids[t["content"]]): t for t in config["added_tokens_decoder"].values()}
    with open(config_path, "w") as f:
        json.dump(config, f, indent=1, ensure_ascii=False)
    print("tokens", len(ids), "was", old.get_vocab_size())


if __name__ == "__main__":
    main()
