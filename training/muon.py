"""Muon: momentum whose matrix updates are made orthogonal (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/).

Weights with two or more dimensions are taken as matrices [out, rest]; all others, the first and last layers, and the embeddings
go to AdamW. On so small a budget it is the cheapest speed there is.
"""
import torch

from nets import bfloat16


def orthogonal(g, steps=4):
    """The nearest (semi-)orthogonal matrix, roughly, by a quintic Newton-Schulz iteration."""
    x = g.bfloat16() if bfloat16() else g
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).float()


class Both(torch.optim.Optimizer):
    """Muon for the groups that say so, AdamW for the others."""

    def __init__(self, groups):
        super().__init__(groups, {"lr": 1e-3, "muon": False, "factor": 1.0, "ratio": 1.0})
        self.count = 0

    @torch.no_grad()
    def step(self):
        self.count += 1
        for g in self.param_groups:
            live = [p for p in g["params"] if p.grad is not None]
            for p in live:
                s = self.state[p]
                if g["muon"]:
                    m = s.setdefault("m", torch.zeros_like(p))
                    m.mul_(0.95).add_(p.grad)
                    u = p.grad.add(m, alpha=0.95).flatten(1)
                    scale = 0.2 * max(u.shape) ** 0.5  # updates as large as AdamW's (Liu et al. 2025, arXiv:2502.16982)
                    p.add_(orthogonal(u).view_as(p), alpha=-g["lr"] * scale)
                else:
                    m, v = s.setdefault("m", torch.zeros_like(p)), s.setdefault("v", torch.zeros_like(p))
                    m.lerp_(p.grad, 0.1)
                    v.lerp_(p.grad * p.grad, 0.01)
                    part = (1 - 0.9 ** self.count), (1 - 0.99 ** self.count)
                    p.addcdiv_(m / part[0], (v / part[1]).sqrt_().add_(1e-8), value=-g["lr"])


def optimiser(named, rate, carried=(), factor=1.0):
    """An optimiser over named parameters, and over carried ones at a factor of the rate."""
    groups = []
    for pairs, f in ((named, 1.0), (carried, factor)):
        inner = [p for k, p in pairs if p.ndim >= 2 and not any(w in k for w in ("embed", "conv_in", "conv_out"))]
        taken = set(map(id, inner))
        groups += [{"params": inner, "muon": True, "factor": f}, {"params": [p for _, p in pairs if id(p) not in taken], "factor": f}]
    return Both([g for g in groups if g["params"]])
