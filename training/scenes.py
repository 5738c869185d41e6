"""Procedural motion graphics: ten scene families in ten palettes, as arrays.

A scene is a function of the picture plane (y in [-1,1], x in [-W/H, W/H]) and of a clock p that counts frames at speed 1.
A clip runs p at a speed of its own: p[f] = p[f-1] + speed[f], so the speed of frame f governs the change from f-1 to f.
Every scene is a closed loop of LOOP clock frames, so that a picture says where in the loop it is and motion can go on for
ever. The layout of a family comes from its seed; SEEDS lists those that are trained on: few, because a small model with four
sampling steps draws a narrow distribution sharply and a wide one as mud. All patterns are smooth at 256x144 (nothing finer than about 6 px), and move 3 to 6 px a frame at speed 1.

    python training/scenes.py OUT.png      draws every family, four frames each
"""
import math
import random
import sys

import torch

PALETTES = {
    "neon": [(0.05, 0.0, 0.12), (0.9, 0.05, 0.6), (0.1, 0.9, 0.95), (1.0, 0.95, 1.0)],
    "fire": [(0.02, 0.0, 0.0), (0.6, 0.05, 0.0), (1.0, 0.5, 0.05), (1.0, 0.95, 0.7)],
    "ocean": [(0.0, 0.03, 0.12), (0.0, 0.25, 0.45), (0.1, 0.65, 0.75), (0.9, 1.0, 1.0)],
    "forest": [(0.01, 0.05, 0.02), (0.05, 0.3, 0.1), (0.4, 0.7, 0.2), (0.95, 1.0, 0.7)],
    "gold": [(0.05, 0.02, 0.0), (0.4, 0.22, 0.03), (0.9, 0.68, 0.2), (1.0, 0.97, 0.8)],
    "violet": [(0.03, 0.0, 0.08), (0.3, 0.05, 0.5), (0.65, 0.35, 0.95), (1.0, 0.9, 1.0)],
    "ice": [(0.03, 0.06, 0.14), (0.25, 0.42, 0.65), (0.7, 0.86, 0.97), (1.0, 1.0, 1.0)],
    "mono": [(0.0, 0.0, 0.0), (0.25, 0.25, 0.25), (0.7, 0.7, 0.7), (1.0, 1.0, 1.0)],
    "sunset": [(0.08, 0.02, 0.15), (0.6, 0.1, 0.35), (1.0, 0.45, 0.2), (1.0, 0.9, 0.55)],
    "acid": [(0.02, 0.02, 0.0), (0.1, 0.5, 0.05), (0.75, 1.0, 0.1), (1.0, 0.3, 0.9)],
}
KINDS = ["tunnel", "plasma", "rings", "kaleidoscope", "blobs", "waves", "stars", "smoke", "grid", "lightning"]


LOOP = 96
W = 2 * math.pi / LOOP
SEEDS = {"tunnel": [1], "plasma": [3], "rings": [5], "kaleidoscope": [4], "blobs": [0], "waves": [0], "stars": [2], "smoke": [4],
         "grid": [2], "lightning": [0]}


def colour(v, palette):
    """Map brightness [..., ] in [0,1] through a palette to [..., 3] in [0,1]."""
    p = torch.tensor(PALETTES[palette])
    v = v.clamp(0, 1) * (len(p) - 1)
    i = v.floor().clamp(0, len(p) - 2).long()
    f = (v - i).unsqueeze(-1)
    return p[i] * (1 - f) + p[i + 1] * f


def plane(height, width):
    """Coordinates x, y, each [height,width], at pixel centres."""
    y = (torch.arange(height) + 0.5) * 2 / height - 1
    x = ((torch.arange(width) + 0.5) * 2 / width - 1) * width / height
    y, x = torch.meshgrid(y, x, indexing="ij")
    return x, y


def smooth(x, y, rng, octaves=2, base=1.6):
    """Smooth noise of about unit spread: a sum of warped plane waves, the shape of x."""
    v, a = 0, 1.0
    for o in range(octaves):
        s = 0
        for _ in range(3):
            th, k, ph = rng.uniform(0, 6.283), base * 1.9 ** o * rng.uniform(0.7, 1.3), rng.uniform(0, 6.283)
            s = torch.sin((k * math.cos(th)) * x + (k * math.sin(th)) * y + ph + 0.7 * s)
            v = v + a * 0.6 * s
        a *= 0.5
    return v


def orbit(x, y, p, pace):
    """Move the plane around a circle at `pace` per frame, once a loop."""
    r = pace / W
    return x + r * torch.cos(W * p), y + r * torch.sin(W * p)


def tunnel(x, y, p, rng):
    cx, cy = rng.uniform(-0.25, 0.25), rng.uniform(-0.15, 0.15)
    n, k, twist = rng.choice([3, 4, 5, 6]), rng.uniform(4.5, 6.5), rng.choice([-1, 0, 1])
    r = torch.sqrt((x - cx) ** 2 + (y - cy) ** 2 + 0.004)
    a = torch.atan2(y - cy, x - cx)
    z = torch.log(r)
    v = 0.5 + 0.5 * torch.sin(k * z - 8 * W * p) * torch.cos(n * a + twist * 2 * z + W * p)
    return v * torch.clamp(r * 1.7, 0, 1)


def plasma(x, y, p, rng):
    f = smooth(*orbit(x, y, p, 0.035), rng, 1, 2.2)
    return 0.5 + 0.5 * torch.sin(2.0 * f + 3 * W * p)


def rings(x, y, p, rng):
    cx, cy, k = rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.3), rng.uniform(8, 13)
    r = torch.sqrt((x - cx) ** 2 + (y - cy) ** 2 + 0.001)
    return (0.5 + 0.5 * torch.sin(k * r - 8 * W * p)) ** 1.5 * torch.exp(-0.45 * r) * 1.1


def kaleidoscope(x, y, p, rng):
    n = rng.choice([6, 8])
    r, a = torch.sqrt(x * x + y * y + 1e-3), torch.atan2(y, x) + W * p / n
    fold = torch.abs((a * n / 6.2832) % 1 - 0.5) * 6.2832 / n
    return 0.5 + 0.5 * torch.sin(2.4 * smooth(*orbit(r * torch.cos(fold) * 1.4, r * torch.sin(fold) * 1.4, p, 0.05), rng, 1, 2.6) + 2 * W * p)


def blobs(x, y, p, rng):
    v = 0
    for _ in range(5):
        fx, fy = rng.choice([2, 3]) * W, rng.choice([2, 3]) * W
        cx = rng.uniform(-1.1, 1.1) + 0.6 * torch.sin(fx * p + rng.uniform(0, 6.283))
        cy = rng.uniform(-0.5, 0.5) + 0.45 * torch.cos(fy * p + rng.uniform(0, 6.283))
        v = v + rng.uniform(0.05, 0.12) / ((x - cx) ** 2 + (y - cy) ** 2 + 0.03)
    return torch.sigmoid((v - 1.0) * 2.2)


def waves(x, y, p, rng):
    v = 0.6 * torch.clamp(-y * 1.1, 0, 1).expand(p.shape[0], -1, -1)
    for i in range(4):
        k, ph = rng.uniform(1.8, 3.2), rng.uniform(0, 6.283)
        top = -0.45 + 0.42 * i + 0.12 * torch.sin(k * x + ph - (2 + i) * W * p) + 0.05 * torch.sin(2.3 * k * x + 2 * ph + 3 * W * p)
        body = torch.sigmoid((y - top) * 30)
        crest = torch.exp(-(((y - top) / 0.09) ** 2))
        v = v * (1 - body) + body * (0.5 - 0.16 * i) + 0.6 * crest * body
    return v.clamp(0, 1)


def stars(x, y, p, rng):
    g = torch.Generator().manual_seed(rng.randrange(1 << 30))
    q = torch.rand(28, 3, generator=g).view(28, 3, 1, 1, 1)
    z = (q[:, 2] - 2 * p / LOOP) % 1.0 * 0.95 + 0.12
    sx, sy = (q[:, 0] - 0.5) * 1.5 / z, (q[:, 1] - 0.5) * 0.95 / z
    light = torch.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (0.0035 / z ** 1.3)) * torch.clamp((1.07 - z) * 2.2, 0, 1)
    r2 = (x * x + y * y)
    return (light.sum(0) + 0.42 * torch.exp(-r2 * 1.6)).clamp(0, 1)


def smoke(x, y, p, rng):
    w = smooth(*orbit(x * 0.9, y * 0.9, p, 0.03), rng, 1, 2.0)
    v = smooth(*orbit(x + 0.35 * w, y + 0.35 * w, p, 0.06), rng, 2, 2.1)
    return torch.clamp(0.45 + 0.36 * v, 0, 1)


def grid(x, y, p, rng):
    horizon, turn = rng.uniform(-0.1, 0.15), rng.uniform(-0.5, 0.5)
    d = torch.clamp(y - horizon, min=0.05)
    u, v = (x - turn) / d, 0.6 / d + 8 * p / LOOP
    lines = torch.exp(-(torch.sin(u * 1.57) ** 2) * 10) + torch.exp(-(torch.sin(v * 3.1416) ** 2) * 9)
    fade = torch.clamp((y - horizon) * 2.0 - 0.12, 0, 1)
    sun = torch.sigmoid((rng.uniform(0.4, 0.55) - torch.sqrt((x - turn) ** 2 + (y - horizon + 0.3) ** 2)) * 25)
    stripes = 0.75 + 0.25 * torch.sin(14 * (y - horizon) - 4 * W * p)
    sky = sun * stripes * 0.85 + 0.14 * (1 + y)
    return torch.where(y > horizon, (lines * fade * 0.8 + 0.04), sky).clamp(0, 1)


def lightning(x, y, p, rng):
    v = 0.16 * torch.clamp(-y + 0.3 * smooth(*orbit(x, y, p, 0.05), rng, 1, 2), 0, 1)
    for i in range(3):
        off = (i - 1) * 0.95 + rng.uniform(-0.3, 0.3)
        line = off + 0.22 * smooth(*orbit(y * 1.3, y * 0, p, 0.1), rng, 2, 2.0)
        glow = 0.7 + 0.3 * torch.sin(5 * W * p + rng.uniform(0, 6.283))
        v = v + glow * 0.045 / (torch.abs(x - line) + 0.045)
    return torch.clamp(v * 1.1 - 0.08, 0, 1)


def clip(kind, palette, clock, seed, height=144, width=256):
    """Frames of one clip: clock [f] -> [f,3,height,width] in [-1,1]."""
    x, y = plane(height, width)
    v = globals()[kind](x, y, clock.view(-1, 1, 1), random.Random(seed))
    return colour(v, palette).permute(0, 3, 1, 2) * 2 - 1


def sheet(path):
    import time
    from PIL import Image
    rows, start = [], time.time()
    for i, kind in enumerate(KINDS):
        pals = list(PALETTES)
        a = clip(kind, pals[i], torch.tensor([0., 1., 2., 6.]), SEEDS[kind][0])
        b = clip(kind, pals[(i + 3) % 10], torch.tensor([50., 95.]), SEEDS[kind][0])
        luma = lambda c: ((c + 1) * 127.5 * torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)).sum(1)
        l = luma(clip(kind, "mono", torch.arange(16.), SEEDS[kind][0]))
        print(f"{kind:13} luma spread {luma(a).std((1, 2)).mean():5.1f} / {luma(b).std((1, 2)).mean():5.1f}"
              f"   motion at 1 {(l[1:] - l[:-1]).abs().mean():5.2f}")
        rows.append(torch.cat([*a, *b], 2))
    im = ((torch.cat(rows, 1).clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy()
    Image.fromarray(im).save(path)
    print(f"{time.time() - start:.1f} s")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sheet(sys.argv[1])
