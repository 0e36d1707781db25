"""Fresh documents at little cost: pieces and backgrounds are drawn once and recombined without end."""

import numpy as np

from compose import LARGE, SMALL, arrange, describe, draw_ground, draw_piece


class Pool:
    """Pieces are numbered, so that whoever computes something per piece can keep it in a table."""

    def __init__(self, rng, pieces, grounds, size, extents=(LARGE, SMALL)):
        self.pieces = [draw_piece(rng, size, extents[i % 2]) for i in range(pieces)]
        self.grounds = [draw_ground(rng, size) for _ in range(grounds)]
        self.numbers = {id(piece): i for i, piece in enumerate(self.pieces)}
        self.boxes = [box(piece.rgba) for piece in self.pieces]

    def pick(self, rng, count):
        """(number of a background, numbers of pieces in paint order). Many objects are small ones, as in draw_document."""
        while True:
            numbers = rng.integers(len(self.pieces) // 2, size=count) * 2 + (1 if count > 2 else 0)
            order = arrange([self.pieces[n] for n in numbers])
            if order:
                return int(rng.integers(len(self.grounds))), [self.numbers[id(p)] for p in order]

    def composite(self, ground, numbers):
        """What compose.flatten gives for the whole document, painted inside the pieces' boxes only."""
        picture = self.grounds[ground].rgba[..., :3].astype(np.float32)
        for n in numbers:
            top, bottom, left, right = self.boxes[n]
            piece = self.pieces[n].rgba[top:bottom, left:right].astype(np.float32)
            alpha = piece[..., 3:] / 255
            view = picture[top:bottom, left:right]
            view += (piece[..., :3] - view) * alpha
        return np.concatenate([picture.round().astype(np.uint8), self.grounds[ground].rgba[..., 3:]], -1)

    def caption(self, ground, numbers):
        return describe([self.pieces[n] for n in numbers], self.grounds[ground])


def box(rgba):
    """(top, bottom, left, right) of what is not transparent."""
    rows, columns = (np.nonzero(rgba[..., 3].any(axis))[0] for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
