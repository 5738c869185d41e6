"""Procedural motion graphics: sixteen scene families in sixteen palettes, as arrays.

A scene is a function of the picture plane (y in [-1,1] downwards, x in [-W/H, W/H]) and of a clock p that counts frames at
speed 1: a brightness in [0,1], which a palette turns into colour. A clip runs p at a speed of its own: p[f] = p[f-1] + speed[f].
What a family can look like is told by words: a form (tunnel: round, square, spiral), a mood (soft, sharp, dense, sparse). What
is left to chance is where the camera has drifted to, and where on its way the scene is: few things, because a small model
with few sampling steps draws a narrow distribution sharply and a wide one as mud. Patterns have nothing finer than about 12 px
at 512x288, and move 5 to 12 px a frame at speed 1.

    python training/scenes.py OUT.png      draws every family and form, four frames each
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
    "rose": [(0.1, 0.01, 0.04), (0.6, 0.06, 0.25), (1.0, 0.5, 0.62), (1.0, 0.93, 0.9)],
    "candy": [(0.35, 0.3, 0.75), (0.95, 0.5, 0.75), (0.6, 0.9, 0.95), (1.0, 0.98, 0.8)],
    "midnight": [(0.0, 0.0, 0.03), (0.04, 0.07, 0.3), (0.2, 0.3, 0.8), (0.85, 0.88, 1.0)],
    "autumn": [(0.08, 0.03, 0.02), (0.45, 0.15, 0.06), (0.8, 0.42, 0.18), (0.95, 0.88, 0.68)],
    "mint": [(0.0, 0.1, 0.1), (0.05, 0.5, 0.42), (0.5, 0.92, 0.75), (0.97, 1.0, 0.95)],
    "matrix": [(0.0, 0.0, 0.0), (0.0, 0.22, 0.04), (0.05, 0.8, 0.2), (0.8, 1.0, 0.8)],
}
FORMS = {"tunnel": 3, "plasma": 2, "rings": 3, "kaleidoscope": 3, "blobs": 3, "waves": 2, "stars": 2, "smoke": 2, "grid": 2,
         "lightning": 2, "city": 2, "rain": 2, "flames": 2, "aurora": 2, "galaxy": 2, "beams": 2}
KINDS = list(FORMS)
MOODS = ("", "soft", "sharp", "dense", "sparse")
LOOP = 96
W = 2 * math.pi / LOOP


def colour(v, palette):
    """Map brightness [..., ] in [0,1] through a palette to [..., 3] in [0,1]."""
    p = torch.tensor(PALETTES[palette])
    v = v.clamp(0, 1) * (len(p) - 1)
    out = p[0].expand(*v.shape, 3)
    for i in range(len(p) - 1):
        out = out + (v - i).clamp(0, 1).unsqueeze(-1) * (p[i + 1] - p[i])
    return out


def plane(height, width):
    """Coordinates x, y, each [height,width], at pixel centres."""
    y = (torch.arange(height) + 0.5) * 2 / height - 1
    x = ((torch.arange(width) + 0.5) * 2 / width - 1) * width / height
    y, x = torch.meshgrid(y, x, indexing="ij")
    return x, y


def smooth(x, y, seed, octaves=2, base=1.6):
    """Smooth noise of about unit spread: a sum of warped plane waves, the shape of x."""
    rng, v, a = random.Random(seed), 0, 1.0
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


def hashed(i, seed):
    """A number in [0,1) for every whole number in i."""
    return (torch.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1.0


def bell(d, width):
    return torch.exp(-(d / width) ** 2)


def polar(x, y):
    return torch.sqrt(x * x + y * y + 0.003), torch.atan2(y, x)


def tunnel(x, y, p, form):
    r, a = polar(x, y)
    if form == 1:
        r = (x ** 4 + y ** 4 + 1e-5) ** 0.25
    z = torch.log(r)
    if form == 2:
        v = 0.5 + 0.5 * torch.sin(3 * a + 5.0 * z - 6 * W * p)
    else:
        v = 0.5 + 0.5 * torch.sin(5.5 * z - 6 * W * p) * torch.cos(4 * a)
    return v * torch.clamp(r * 1.7, 0, 1)


def plasma(x, y, p, form):
    x, y = orbit(x, y, p, 0.035)
    f = smooth(x, y if form == 0 else y * 0.35, 3, 1, 2.2)
    return 0.5 + 0.5 * torch.sin((2.0 if form == 0 else 3.2) * f + 3 * W * p)


def rings(x, y, p, form):
    if form == 2:
        x, y = x.abs(), y.abs()
        r = torch.maximum(y, 0.5 * y + 0.866 * x)
        return (0.5 + 0.5 * torch.sin(9 * r - 6 * W * p)) ** 1.5 * torch.exp(-0.4 * r) * 1.1
    if form == 1:
        a, b = polar(x - 0.8, y)[0], polar(x + 0.8, y)[0]
        return (0.5 + 0.25 * (torch.sin(9 * a - 6 * W * p) + torch.sin(9 * b - 6 * W * p))) ** 1.3
    r = polar(x, y)[0]
    return (0.5 + 0.5 * torch.sin(10 * r - 6 * W * p)) ** 1.5 * torch.exp(-0.45 * r) * 1.1


def kaleidoscope(x, y, p, form):
    n = (6, 8, 4)[form]
    r, a = polar(x, y)
    fold = torch.abs(((a + W * p / n) * n / 6.2832) % 1 - 0.5) * 6.2832 / n
    x, y = orbit(r * torch.cos(fold) * 1.4, r * torch.sin(fold) * 1.4, p, 0.05)
    return 0.5 + 0.5 * torch.sin(2.4 * smooth(x, y, 4, 1, 2.6) + 2 * W * p)


def blobs(x, y, p, form):
    rng, v = random.Random(form), 0
    for _ in range((5, 9, 1)[form]):
        fx, fy = rng.choice([2, 3]) * W, rng.choice([2, 3]) * W
        cx = rng.uniform(-1.1, 1.1) + 0.6 * torch.sin(fx * p + rng.uniform(0, 6.283))
        cy = rng.uniform(-0.5, 0.5) + 0.45 * torch.cos(fy * p + rng.uniform(0, 6.283))
        if form == 2:
            cx, cy = cx * 0.5, cy * 0.6
            r = polar(x - cx, y - cy)[0]
            return (torch.sigmoid((0.55 - r) * 22) * (0.75 + 0.25 * torch.sin(9 * r - 6 * W * p)) + 0.3 * torch.exp(-1.2 * r)).clamp(0, 1)
        size = rng.uniform(0.05, 0.12) if form == 0 else 0.03
        v = v + size / ((x - cx) ** 2 + (y - cy) ** 2 + (0.03 if form == 0 else 0.012))
    return torch.sigmoid((v - 1.0) * 2.2)


def waves(x, y, p, form):
    rng = random.Random(form)
    v = 0.6 * torch.clamp(-y * 1.1, 0, 1).expand(p.shape[0], -1, -1)
    if form == 1:
        v = torch.maximum(v * 0.7, 0.95 * torch.sigmoid((0.3 - polar(x - 0.7, y + 0.55)[0]) * 30))
    for i in range(4):
        k, ph = rng.uniform(1.8, 3.2), rng.uniform(0, 6.283)
        if form == 1:
            top = -0.25 + 0.36 * i + 0.16 * torch.sin(0.8 * k * x + ph - (2 + i) * W * p)
        else:
            top = -0.45 + 0.42 * i + 0.12 * torch.sin(k * x + ph - (2 + i) * W * p) + 0.05 * torch.sin(2.3 * k * x + 2 * ph + 3 * W * p)
        body = torch.sigmoid((y - top) * 40)
        crest = bell(y - top, 0.09) if form == 0 else 0.4 * bell(y - top - 0.05, 0.14)
        v = v * (1 - body) + body * (0.5 - 0.14 * i) + 0.6 * crest * body
    return v.clamp(0, 1)


def stars(x, y, p, form):
    g = torch.Generator("cpu").manual_seed(7)
    if form == 1:
        v = 0.18 + 0.14 * smooth(x, y, 5, 1, 1.4)
        for layer, (scale, pace) in enumerate(((2.2, 2), (3.4, 1))):
            u, w = x * scale - pace * 8 * p / LOOP, y * scale
            i, j = u.floor(), w.floor()
            h = hashed((i % 8) + 57 * j, layer + 1)
            v = v + torch.exp(-((u - i - 0.3 - 0.4 * h) ** 2 + (w - j - 0.7 + 0.4 * h) ** 2) / 0.018) * (h > 0.35)
        return v.clamp(0, 1)
    q = torch.rand(28, 3, generator=g, device="cpu").to(x.device).view(28, 3, 1, 1, 1)
    z = (q[:, 2] - 2 * p / LOOP) % 1.0 * 0.95 + 0.12
    sx, sy = (q[:, 0] - 0.5) * 1.5 / z, (q[:, 1] - 0.5) * 0.95 / z
    size = 0.0035 / z ** 1.3  # a star is a product of two bells, so a sum over stars is a product of matrices
    across = torch.exp(-(x[..., :1, :] - sx) ** 2 / size) * torch.clamp((1.07 - z) * 2.2, 0, 1)
    down = torch.exp(-(y[..., :1] - sy) ** 2 / size)
    light = torch.einsum("sfhi,sfiw->fhw", down, across)
    return (light + 0.42 * torch.exp(-(x * x + y * y) * 1.6)).clamp(0, 1)


def smoke(x, y, p, form):
    if form == 1:
        u = x - 3 * 0.7 * p * W / 3
        v = smooth(*orbit(u * 1.1, y * 2.4, p, 0.03), 6, 2, 2.4)
        return (torch.sigmoid(3.5 * v - 0.8) * 0.78 + 0.2 * (1 - y) * 0.5).clamp(0, 1)
    w = smooth(*orbit(x * 0.9, y * 0.9, p, 0.03), 4, 1, 2.0)
    v = smooth(*orbit(x + 0.35 * w, y + 0.35 * w, p, 0.06), 8, 2, 2.6)
    return torch.clamp(0.45 + 0.36 * v, 0, 1)


def grid(x, y, p, form):
    horizon = 0.05
    d = torch.clamp(y - horizon, min=0.05)
    u, v = x / d, 0.6 / d + 8 * p / LOOP
    lines = torch.exp(-(torch.sin(u * 1.57) ** 2) * 10) + torch.exp(-(torch.sin(v * 3.1416) ** 2) * 9)
    fade = torch.clamp((y - horizon) * 2.0 - 0.12, 0, 1)
    if form == 0:
        sun = torch.sigmoid((0.48 - polar(x, y - horizon + 0.3)[0]) * 25)
        sky = sun * (0.75 + 0.25 * torch.sin(14 * (y - horizon) - 4 * W * p)) * 0.85 + 0.14 * (1 + y)
    else:
        ridge = horizon - 0.3 - 0.18 * torch.sin(2.3 * x + 1) - 0.12 * torch.sin(5.1 * x)
        sky = 0.6 * (1 + y) * (1 - torch.sigmoid((y - ridge) * 30)) + 0.55 * bell(y - ridge, 0.05)
    return torch.where(y > horizon, lines * fade * 0.8 + 0.04, sky.expand_as(lines)).clamp(0, 1)


def lightning(x, y, p, form):
    if form == 1:
        x, y = y * 1.5, x * 0.75
    v = 0.16 * torch.clamp(-y + 0.3 * smooth(*orbit(x, y, p, 0.05), 9, 1, 2), 0, 1)
    for i in range(3):
        line = (i - 1) * 0.95 + 0.22 * smooth(*orbit(y * 1.3, y * 0, p, 0.1), 10 + i, 2, 2.0)
        v = v + (0.7 + 0.3 * torch.sin(5 * W * p + 2 * i)) * 0.045 / (torch.abs(x - line) + 0.045)
    return torch.clamp(v * 1.1 - 0.08, 0, 1)


def city(x, y, p, form):
    v = (0.42 * torch.clamp(0.5 + y, 0, 1)).expand(p.shape[0], -1, -1)
    if form == 1:
        v = torch.maximum(v, 0.95 * torch.sigmoid((0.28 - polar(x + 0.8, y + 0.55)[0]) * 30))
    for i, (size, pace, tall) in enumerate(((0.36, 6, 0.0), (0.56, 8, 0.45))):
        u = x / size + pace * p / LOOP
        n = u.floor() % pace
        top = tall - 0.1 - (0.75 - 0.25 * i) * hashed(n, 3 + i)
        inside = torch.sigmoid((y - top) * 60) * torch.sigmoid((0.46 - (u - u.floor() - 0.5).abs()) * 60)
        wx, wy = (u * 2) % 1 - 0.5, (y * 4) % 1 - 0.5
        lit = hashed((u * 2).floor() % (2 * pace) + 31 * (y * 4).floor(), 5 + i) > 0.55
        window = bell(wx, 0.26) * bell(wy, 0.28) * lit * (0.45 + 0.5 * i)
        v = v * (1 - inside) + inside * (0.12 - 0.08 * i + window)
    return v.clamp(0, 1)


def rain(x, y, p, form):
    if form == 1:
        v = (0.2 + 0.15 * y).expand(p.shape[0], -1, -1)
        for i, (scale, pace) in enumerate(((1.1, 2), (1.9, 2), (2.7, 2))):
            u, w = x * scale + 0.25 * torch.sin(2 * W * p + i) + 0.5 * torch.sin(3 * y + i), y * scale - pace * 3 * p / LOOP * (1 + 0.5 * i)
            a, b = u.floor(), w.floor()
            h = hashed(a + 57 * (b % (3 * pace + 1.5 * pace * i)), i + 1)
            v = v + torch.exp(-((u - a - 0.3 - 0.4 * h) ** 2 + (w - b - 0.5) ** 2) / 0.022) * (0.9 - 0.2 * i) * (h > 0.25)
        return v.clamp(0, 1)
    v = (0.3 * torch.clamp(y - 0.1, 0, 1) + 0.06).expand(p.shape[0], -1, -1)
    for i, scale in enumerate((1.7, 2.9)):
        u = (x + 0.12 * y) * scale
        n = u.floor()
        h = hashed(n, i + 2)
        fall = (y * (0.7 - 0.15 * i) + h * 7 - (4 + i) * p * 2 / LOOP) % 1.0
        v = v + bell(u - n - 0.3 - 0.4 * hashed(n, i + 9), 0.16) * fall ** 2.5 * torch.clamp((1 - fall) * 12, 0, 1) * (0.95 - 0.35 * i)
    glint = torch.sin(9 * x) * torch.sin(26 * y + 8 * W * p)
    return (v + 0.2 * torch.clamp(y - 0.55, 0, 1) * 2 * (0.5 + 0.5 * glint)).clamp(0, 1)


def flames(x, y, p, form):
    up = 8 * W * p / 2.2
    n = smooth(x * 1.3, y * 0.8 + up, 11, 1, 2.2) + 0.5 * smooth(x * 2.2, y * 1.2 + 1.6 * up, 12, 1, 2.2)
    if form == 1:
        wide = 0.42 * torch.clamp(0.75 - y * 0.1, 0.1, 1)
        body = bell(x + 0.16 * n * (0.8 - y), wide * (0.35 + 0.4 * (y + 1)).clamp(0.1, 1)) * torch.sigmoid((y + 0.55 + 0.2 * n) * 6)
        return (body * torch.sigmoid((0.95 - y) * 14) * (0.65 + 0.35 * y + 0.1 * n)).clamp(0, 1)
    return torch.clamp(0.52 + 0.62 * y + 0.3 * n, 0, 1)


def aurora(x, y, p, form):
    v = 0.08 * (1 - y)
    for i in range(3):
        line = -0.1 + 0.28 * (i - 1) + 0.16 * smooth(*orbit(x * 0.9, x * 0, p, 0.06), 20 + i, 1, 1.8)
        streak = 0.62 + 0.38 * torch.sin(7 * x + 3 * torch.sin(2 * x + 2 * W * p) + 4 * W * p + 2 * i)
        d = line - y
        v = v + torch.where(d > 0, torch.exp(-d * 2.6), torch.exp(d * 12)) * streak * 0.52
    if form == 1:
        ridge = 0.55 - 0.16 * torch.sin(2.1 * x + 0.6) - 0.1 * torch.sin(4.7 * x)
        v = v * (1 - torch.sigmoid((y - ridge) * 30))
    return v.clamp(0, 1)


def galaxy(x, y, p, form):
    arms = (2, 4)[form]
    u, w = x * 0.92 + 0.3 * y, (y - 0.2 * x) * 1.55
    r, a = polar(u, w)
    arm = 0.5 + 0.5 * torch.cos(arms * a + 4.5 * torch.log(r + 0.1) + (4 if arms == 2 else 6) * W * p)
    grain = 0.8 + 0.2 * smooth(u, w, 15, 1, 7)
    return ((arm ** 2 * grain * torch.exp(-1.1 * r) * 1.15) + 0.9 * torch.exp(-9 * r * r) + 0.05).clamp(0, 1)


def beams(x, y, p, form):
    v = (0.1 * (1 + y) * (1 if form == 0 else 0.6)).expand(p.shape[0], -1, -1)
    sources = ((0.0, 1.15),) if form == 0 else ((-1.1, -1.15), (1.1, -1.15))
    for j, (sx, sy) in enumerate(sources):
        dx, dy = x - sx, (y - sy) * (-1 if form == 0 else 1)
        a, r = torch.atan2(dx, dy), torch.sqrt(dx * dx + dy * dy)
        for i in range(5 if form == 0 else 2):
            at = 0.95 * torch.sin((1 + i % 2) * W * p + 1.26 * i * (1 if form == 0 else 2) + 2.6 * j)
            v = v + bell(a - at, 0.055 if form == 0 else 0.13) * torch.exp(-0.35 * r) * (0.85 if form == 0 else 0.8)
        v = v + 0.6 * torch.exp(-14 * r * r)
    return v.clamp(0, 1)


FLAT = {"grid", "city", "waves", "flames", "rain", "aurora"}  # scenes with an up and a down: the camera drifts sideways more
ZOOM = {"dense": 1.4, "sparse": 0.72}


def field(kind, form, mood, clock, drift, height=288, width=512):
    """Brightness [f,height,width] of one clip; `drift` is where the slow camera began, two phases."""
    x, y = plane(height, width)
    p = clock.view(-1, 1, 1)
    x = x + 0.16 * torch.sin(W * p / 4 + drift[0])
    y = y + (0.04 if kind in FLAT else 0.12) * torch.sin(W * p / 5 + drift[1])
    k = ZOOM.get(mood, 1.0)
    v = globals()[kind](x * k, y * k if kind not in FLAT else y * k ** 0.5, p, form)
    if mood == "soft":
        return 0.25 + 0.5 * v
    if mood == "sharp":
        return torch.sigmoid((v - 0.45) * 9) * 0.9 + 0.1 * v
    return v


def clip(kind, palette, form, mood, clock, drift, height=288, width=512):
    """Frames of one clip: clock [f] -> [f,3,height,width] in [-1,1]."""
    return colour(field(kind, form, mood, clock, drift, height, width), palette).permute(0, 3, 1, 2) * 2 - 1


def sheet(path):
    import time
    from PIL import Image
    rows, pals, n = [], list(PALETTES), 0
    for kind in KINDS:
        for form in range(FORMS[kind]):
            start = time.time()
            mood = MOODS[n % 5]
            a = clip(kind, pals[n % 16], form, "", torch.tensor([0., 1., 2., 6.]), (0., 0.))
            b = clip(kind, pals[(n + 5) % 16], form, mood, torch.tensor([50., 95.]), (0.5, 2.))
            cost = (time.time() - start) / 6
            l = field(kind, form, "", torch.arange(16.), (0., 0.)) * 255
            print(f"{kind:13} {form} spread {l.std((1, 2)).mean():5.1f} mean {l.mean():5.1f} motion at 1 {(l[1:] - l[:-1]).abs().mean():5.2f}"
                  f"  jump {((l[1:] - l[:-1]).abs().mean((1, 2))).max():5.2f} {cost * 1000:4.0f} ms  {mood}")
            rows.append(torch.nn.functional.avg_pool2d(torch.cat([*a, *b], 2), 2))
            n += 1
    im = ((torch.cat(rows, 1).clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy()
    Image.fromarray(im).save(path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sheet(sys.argv[1])
