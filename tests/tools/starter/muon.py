"""Muon where torch.optim.Muon does not serve: for convolutions, and for many matrices of one shape at once."""

from collections import defaultdict

import torch


class ConvMuon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised (Newton-Schulz), sized like an AdamW step."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["buffer"] = torch.zeros_like(p)
                state["buffer"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(state["buffer"], group["momentum"]).flatten(1))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update.view_as(p), alpha=-0.2 * group["lr"] * max(update.shape) ** 0.5)


class BatchedMuon:
    """As torch.optim.Muon with adjust_lr_fn="match_rms_adamw": Nesterov momentum, an update sized like AdamW's.
    Matrices of one shape are orthogonalised together: a few launches instead of thousands."""

    def __init__(self, parameters, momentum=0.95, weight_decay=0.05):
        self.momentum, self.weight_decay = momentum, weight_decay
        shapes = defaultdict(list)
        for p in parameters:
            shapes[p.shape].append(p)
        self.groups = [(group, [torch.zeros_like(p) for p in group]) for group in shapes.values()]

    @torch.no_grad()
    def step(self, rate):
        for group, buffers in self.groups:
            gradients = [p.grad for p in group]
            torch._foreach_lerp_(buffers, gradients, 1 - self.momentum)
            update = torch.stack(torch._foreach_lerp(gradients, buffers, self.momentum))
            update = orthogonal(update.bfloat16()).to(group[0].dtype)
            torch._foreach_mul_(group, 1 - rate * self.weight_decay)
            torch._foreach_add_(group, list(update.unbind()), alpha=-0.2 * rate * max(group[0].shape) ** 0.5)


def orthogonal(g, rounds=5):
    """The nearest semi-orthogonal matrices, roughly, by the quintic Newton-Schulz iteration; [..., rows, columns]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[-2] > g.shape[-1]
    x = (g.mT if tall else g) / (g.float().norm(dim=(-2, -1), keepdim=True) + 1e-7).to(g.dtype)
    for _ in range(rounds):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if tall else x
