"""The judge of the evaluation: names kind, colour and background of a sprite.

Trained on drawn sprites of all pairs (the held-out ones, too: the judge must know them although
the generator has never seen them), softened and noised a little as generated pictures are.
"""

import argparse
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from sprites import draw, sample_look
from vocabulary import BACKGROUNDS, COLOURS, KINDS

WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "classifier.safetensors")
NAMES = {"kind": KINDS, "colour": list(COLOURS), "background": BACKGROUNDS}


class Classifier(torch.nn.Module):
    """A small convolutional network on the picture at 64x64."""

    def __init__(self):
        super().__init__()
        widths = [3, 24, 48, 96, 128]
        self.layers = torch.nn.ModuleList()
        for a, b in zip(widths, widths[1:]):
            self.layers.append(torch.nn.Sequential(
                torch.nn.Conv2d(a, b, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(b), torch.nn.ReLU(),
                torch.nn.Conv2d(b, b, 3, 1, 1, groups=b, bias=False), torch.nn.BatchNorm2d(b), torch.nn.ReLU()))
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(widths[-1] * 2, len(v)) for name, v in NAMES.items()})

    def forward(self, x):
        x = F.adaptive_avg_pool2d(x, 64)
        for layer in self.layers:
            x = layer(x)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return {name: head(x) for name, head in self.heads.items()}


def to_input(images):
    """uint8 [B, H, W, 3] to floats around 0."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def load():
    model = Classifier()
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(WEIGHTS).items()})
    return model.eval()


@torch.inference_mode()
def classify(model, images):
    """[{kind, colour, background}] for uint8 [B, H, W, 3]."""
    guesses = {name: out.argmax(1).tolist() for name, out in model(to_input(images)).items()}
    return [{name: NAMES[name][guesses[name][i]] for name in NAMES} for i in range(len(images))]


def draw_labelled(rng, count):
    looks = [sample_look(rng, held_out=True) for _ in range(count)]
    images = np.stack([draw(*look, rng) for look in looks])
    labels = {"kind": [KINDS.index(l[0]) for l in looks], "colour": [NAMES["colour"].index(l[1]) for l in looks],
              "background": [BACKGROUNDS.index(l[3]) for l in looks]}
    return images, {k: torch.tensor(v) for k, v in labels.items()}


def worn(x):
    """Blurs, shifts and noises a batch, each by a random amount."""
    b = len(x)
    soft = F.avg_pool2d(x, 3, 1, 1)
    x = torch.lerp(x, soft, 0.6 * torch.rand(b, 1, 1, 1))
    x = x * (1 + 0.08 * torch.randn(b, 1, 1, 1)) + 0.03 * torch.randn(b, 3, 1, 1)
    return x + 0.06 * torch.rand(b, 1, 1, 1) * torch.randn_like(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--pool", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    images, labels = draw_labelled(rng, args.pool)
    images = F.adaptive_avg_pool2d(to_input(images), 64)
    model = Classifier()
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02, fused=True)
    for step in range(args.steps):
        for group in optimiser.param_groups:
            group["lr"] = 4e-3 * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / args.steps))
        rows = torch.randint(args.pool, (args.batch,))
        out = model(worn(images[rows]))
        loss = sum(F.cross_entropy(out[name], labels[name][rows]) for name in NAMES)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.3f}", flush=True)
    save_file({k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}, WEIGHTS)
    fresh, truth = draw_labelled(np.random.default_rng(args.seed + 1000), 2000)
    judge = load()
    with torch.inference_mode():
        out = judge(to_input(fresh))
    for name in NAMES:
        print(f"{name} right on fresh drawn sprites: {float((out[name].argmax(1) == truth[name]).float().mean()):.4f}")


if __name__ == "__main__":
    main()
