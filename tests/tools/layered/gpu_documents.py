"""Fresh documents at the pace of a GPU.

Processes arrange documents as numbers (which sprites, where, on which layer, what caption); the GPU paints them.
A sprite moves by whole cells of COARSE x COARSE, so that the rules of `compose.py` can be checked on its coarse mask.
"""

import io
import json
import zipfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset

from arrangement import COARSE, GAP, INSET, SIZE, VISIBLE, describe, draw_ground, sample_count
from flow import DROPPED, LAYER_ODDS, LAYERS

CELL = SIZE // COARSE
MOST = 4  # objects
PROMPT_LENGTH = 40  # tokens behind the template's prefix; the longest caption takes fewer


class Named:
    def __init__(self, name):
        self.name = name


def picture(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def ground_share(seed):
    rng = np.random.default_rng(seed)
    return [draw_ground(rng) for _ in range(100)]


class Stock:
    """Sprites of `draw_pieces.py` and fresh backgrounds, all in memory."""

    def __init__(self, path, grounds=4000, workers=12, limit=None):
        with zipfile.ZipFile(path) as file:
            facts = json.loads(file.read("pieces.json"))[:limit]
            self.prompts = json.loads(file.read("prompts.json"))
            packed = [file.read(f"{i}.webp") for i in range(len(facts))]
        with ProcessPoolExecutor(workers) as pool:
            self.pieces = np.stack(list(pool.map(picture, packed, chunksize=256)))
            drawn = [g for share in pool.map(ground_share, range(81000, 81000 + grounds // 100)) for g in share]
        self.grounds = np.stack([g.rgba for g in drawn])
        self.ground_names = [Named(g.name) for g in drawn]
        self.names = [Named(f["name"]) for f in facts]
        self.bottoms = np.array([f["bottom"] for f in facts])
        self.extents = np.array([f["extent"] for f in facts])
        masks = self.pieces[..., 3].reshape(-1, COARSE, CELL, COARSE, CELL).mean((2, 4)) / 255
        self.masks = np.pad(masks.astype(np.float32), ((0, 0), (COARSE, COARSE), (COARSE, COARSE)))

    def place(self, rng, count):
        """(piece, cells down, cells right) of each object in paint order, by the rules of compose.arrange."""
        while True:
            numbers = rng.integers(len(self.names) // 2, size=count) * 2 + (1 if count > 2 else 0)
            edge = self.extents[numbers, None] * INSET
            moves = np.rint((rng.uniform(edge, 1 - edge, (count, 2)) - 0.5) * COARSE).astype(int)
            bottoms = np.minimum(self.bottoms[numbers] + moves[:, 1] / COARSE, 1)
            order = np.argsort(bottoms, kind="stable")
            if (np.diff(bottoms[order]) < GAP).any():
                continue
            clear = np.ones((COARSE, COARSE), np.float32)
            for i in order[::-1]:
                x, y = moves[i]
                mask = self.masks[numbers[i], COARSE - y:2 * COARSE - y, COARSE - x:2 * COARSE - x]
                if (mask * clear).sum() < VISIBLE * mask.sum():
                    break
                clear *= 1 - mask
            else:
                return [(int(numbers[i]), int(moves[i, 1]), int(moves[i, 0])) for i in order]


class Plans(IterableDataset):
    """Batches of arranged documents as tensors of numbers; all documents of a batch have the same number of layers."""

    def __init__(self, stock, tokenizer, batch, seed, captions_only=False):
        self.stock, self.tokenizer, self.template, self.batch = stock, tokenizer, stock.prompts["template"], batch
        self.seed, self.captions_only = seed, captions_only

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        self.tokens = Tokenizer.from_file(self.tokenizer)
        while True:
            yield self.draw(rng)

    def draw(self, rng):
        wanted = int(rng.choice(LAYERS, p=LAYER_ODDS))
        size = self.batch, MOST
        plan = {"ground": torch.zeros(self.batch, dtype=torch.long), "wanted": wanted}
        piece, move, slot = np.zeros(size, int), np.zeros((*size, 2), int), np.full(size, -1)
        texts = []
        for b in range(self.batch):
            if self.captions_only:
                objects = sample_count(rng)
            else:
                objects = wanted - 1 if rng.random() < 0.85 else int(rng.integers(1, MOST + 1))
            placed = self.stock.place(rng, objects)
            plan["ground"][b] = ground = int(rng.integers(len(self.stock.grounds)))
            for i, (number, down, right) in enumerate(placed):
                piece[b, i], move[b, i] = number, (down * CELL, right * CELL)
                # with too few layers the front ones share the last, as compose.merge_to has it
                slot[b, i] = min(i + 1, wanted - 1)
            texts.append(self.caption(rng, ground, [number for number, _, _ in placed]))
        plan |= {"piece": torch.from_numpy(piece), "move": torch.from_numpy(move), "slot": torch.from_numpy(slot)}
        if self.captions_only:
            ids = [self.tokens.encode(text + "<|im_end|>").ids for text in texts]
            plan["caption"] = torch.tensor([row + [-100] * (PROMPT_LENGTH - len(row)) for row in ids])
        rows = [self.tokens.encode(self.template.format(text)).ids for text in texts]
        longest = DROPPED + PROMPT_LENGTH
        assert max(map(len, rows)) <= longest
        plan["prompt"] = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        plan["prompt_mask"] = torch.tensor([[1] * (len(row) - DROPPED) + [0] * (longest - len(row)) for row in rows]).bool()
        return plan

    def caption(self, rng, ground, numbers):
        """The true caption; for the transformer sometimes one with wrong objects, so that it does little harm, or a blank."""
        if not self.captions_only:
            chance = rng.random()
            if chance < 0.2:
                return " "
            if chance < 0.45:
                strays = [n if rng.random() < 0.5 else int(rng.integers(len(self.stock.names))) for n in numbers if rng.random() < 0.8]
                numbers = strays or numbers
        return describe([self.stock.names[n] for n in numbers], self.stock.ground_names[ground])


def batches(plans, workers):
    return iter(DataLoader(plans, batch_size=None, num_workers=workers, prefetch_factor=6 if workers else None))


class Painter:
    """Paints plans on a device."""

    def __init__(self, stock, device):
        self.device = device
        self.pieces = torch.from_numpy(stock.pieces).to(device)
        self.grounds = torch.from_numpy(stock.grounds).to(device)

    def __call__(self, plan, layers=True):
        """(composite, layers behind the background), uint8-valued float [B, 4, S, S] and [B, L - 1, 4, S, S], straight alpha."""
        piece, move, slot, ground = (plan[name].to(self.device) for name in ("piece", "move", "slot", "ground"))
        count, most = piece.shape
        line = torch.arange(SIZE, device=self.device)
        y, x = line - move[..., 0, None], line - move[..., 1, None]
        inside = ((y >= 0) & (y < SIZE))[..., :, None] & ((x >= 0) & (x < SIZE))[..., None, :] & (slot >= 0)[..., None, None]
        y, x = y.clamp(0, SIZE - 1), x.clamp(0, SIZE - 1)
        sprite = self.pieces[piece[..., None, None], y[..., :, None], x[..., None, :]].float() / 255
        tint = 1 + 0.05 * torch.randn(count, most, 1, 1, 3, device=self.device)
        colour, alpha = (sprite[..., :3] * tint).clamp(0, 1), sprite[..., 3:] * inside[..., None]
        shown = self.grounds[ground][..., :3].float() / 255
        canvas = torch.zeros(count, plan["wanted"] - 1, SIZE, SIZE, 4, device=self.device) if layers else None  # premultiplied
        rows = torch.arange(count, device=self.device)
        for i in range(most):
            a = alpha[:, i]
            painted = colour[:, i] * a
            shown = painted + shown * (1 - a)
            if layers:
                where = slot[:, i].clamp(min=1) - 1
                canvas[rows, where] = torch.cat([painted, a], -1) + canvas[rows, where] * (1 - a)
        composite = F.pad(shown, (0, 1), value=1)
        composite = (composite * 255).round().permute(0, 3, 1, 2)
        if not layers:
            return composite, None
        a = canvas[..., 3:]
        straight = torch.where(a > 0, canvas[..., :3] / a.clamp(min=1e-6), 0)
        return composite, (torch.cat([straight, a], -1) * 255).round().permute(0, 1, 4, 2, 3)
