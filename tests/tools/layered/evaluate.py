"""Measures decompositions of held-out documents against their true layers.

One command:            python evaluate.py --model ../../../src-tauri/starter-layered
Another implementation: ... that program decomposes tests/starter-layered/held-out/NN/source.png into
                        DIR/NN/layer-0.png, layer-1.png, ... (as many layers as documents.json says) ...
                        python evaluate.py --layers DIR

For a true layer with alpha a and colour c and a predicted one with alpha b and colour d (all in 0..1, straight alpha):
    alpha soft IoU  sum min(a, b) / sum max(a, b)
    RGB L1          sum a * mean over channels |c - d| / sum a
Layers are matched in order: of all pairings that keep both orders the one with the largest sum of IoUs is taken.
Both figures are means over matched layers, a true layer without a partner counting as IoU 0 and L1 1, then over documents.
Recomposition PSNR is that of the predicted layers painted on each other against the source, in RGB, mean over documents.
The background is a layer like any other here; a second column leaves it out.
"""

import argparse
import time

import numpy as np
import torch
from diffusers import QwenImageLayeredPipeline
from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered
from PIL import Image

from compose import SIZE, draw_document, flatten, over

FIRST = 900000


def held_out(index):
    """The index-th held-out document: one to four objects in turn, half of them with a (kind, colour) pair never trained."""
    return draw_document(np.random.default_rng(FIRST + index), count=index % 4 + 1, held_out=index // 4 % 2 == 1)


def load(folder, dtype=torch.float32):
    """The pipeline, at the model's own size instead of the 640 and 1024 that diffusers allows."""
    pipeline_qwenimage_layered.calculate_dimensions = lambda area, ratio: (SIZE, SIZE)
    pipeline = QwenImageLayeredPipeline.from_pretrained(folder, torch_dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def decompose(pipeline, source, layers, steps, seed, prompt=None):
    """Float RGBA layers; without a prompt the pipeline writes its own caption."""
    generator = torch.Generator().manual_seed(seed)
    return pipeline(Image.fromarray(source, "RGBA"), prompt=prompt, layers=layers, num_inference_steps=steps, true_cfg_scale=1.0,
                    generator=generator, use_en_prompt=True, output_type="np").images[0]


def soft_iou(a, b):
    return float(np.minimum(a, b).sum() / max(np.maximum(a, b).sum(), 1e-6))


def rgb_l1(truth, found):
    weight = truth[..., 3]
    return float((weight * np.abs(truth[..., :3] - found[..., :3]).mean(-1)).sum() / max(weight.sum(), 1e-6))


def match(truth, found):
    """Pairs (true index, found index) that keep both orders, with the largest sum of IoUs."""
    scores = np.array([[soft_iou(t[..., 3], f[..., 3]) for f in found] for t in truth])
    best = np.zeros((len(truth) + 1, len(found) + 1))
    for i in range(len(truth)):
        for j in range(len(found)):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + scores[i, j])
    pairs, i, j = [], len(truth), len(found)
    while i and j:
        if best[i, j] == best[i - 1, j - 1] + scores[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def judge(truth, found, source):
    """(IoU, L1, IoU of the objects, L1 of the objects, PSNR) of one document; float layers."""
    figures = {i: (0.0, 1.0) for i in range(len(truth))}
    for i, j in match(truth, found):
        figures[i] = soft_iou(truth[i][..., 3], found[j][..., 3]), rgb_l1(truth[i], found[j])
    every = np.array([figures[i] for i in range(len(truth))])
    again = over([layer * 255 for layer in found])[..., :3]
    error = ((again - source[..., :3] / 255) ** 2).mean()
    return (*every.mean(0), *every[1:].mean(0), -10 * np.log10(error + 1e-10))


def table(rows, counts):
    print("objects  documents  alpha soft IoU  RGB L1   IoU, objects  L1, objects  PSNR dB")
    for name, part in [(str(n), rows[counts == n]) for n in sorted(set(counts))] + [("all", rows)]:
        iou, l1, iou_objects, l1_objects, psnr = part.mean(0)
        print(f"{name:>7}  {len(part):9}  {iou:14.4f}  {l1:6.4f}  {iou_objects:13.4f}  {l1_objects:11.4f}  {psnr:7.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model folder to run")
    parser.add_argument("--layers", help="folder of another implementation's layers, judged instead")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--true-captions", action="store_true", help="prompt with the true caption instead of the model's own")
    parser.add_argument("--ceiling", action="store_true", help="judge the true layers as the autoencoder rebuilds them")
    parser.add_argument("--sheet", help="picture to write: source and layers, a document a row")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pipeline = load(args.model) if args.model else None
    rows, counts, cells, began = [], [], [], time.time()
    for index in range(args.count):
        document = held_out(index)
        truth = [layer.astype(np.float32) / 255 for layer in document.layers]
        source = flatten(document.layers)
        if args.layers:
            paths = [f"{args.layers}/{index:02}/layer-{k}.png" for k in range(len(truth))]
            found = [np.asarray(Image.open(path).convert("RGBA")).astype(np.float32) / 255 for path in paths]
        elif args.ceiling:
            x = torch.from_numpy(np.stack(truth)).permute(0, 3, 1, 2).unsqueeze(2) * 2 - 1
            with torch.no_grad():
                y = pipeline.vae.decode(pipeline.vae.encode(x).latent_dist.mean).sample
            found = list((y[:, :, 0].permute(0, 2, 3, 1) / 2 + 0.5).numpy())
        else:
            found = decompose(pipeline, source, len(truth), args.steps, index, document.caption if args.true_captions else None)
        rows.append(judge(truth, found, source))
        counts.append(len(truth) - 1)
        cells.append([source] + [(layer * 255).round().astype(np.uint8) for layer in found])
    table(np.array(rows), np.array(counts))
    print(f"{(time.time() - began) / args.count:.2f} s a document")
    if args.sheet:
        write_sheet(cells, args.sheet)


def write_sheet(cells, path):
    """Transparent parts over a chequered ground."""
    check = np.full((SIZE, SIZE, 4), 255, np.uint8)
    check[..., :3] = np.where((np.indices((SIZE, SIZE)) // 8).sum(0)[..., None] % 2, 205, 235)
    width = max(map(len, cells))
    lines = [np.concatenate([flatten([check, c]) for c in row] + [check] * (width - len(row)), 1) for row in cells]
    Image.fromarray(np.concatenate(lines)[..., :3].copy()).save(path)


if __name__ == "__main__":
    main()
