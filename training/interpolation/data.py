"""What the net learns from: clips of the looks at 60 frames a second, drawn once, and layers that move, made on the way.

    python data.py draw FOLDER [--first N] [--count N]    clips of 11 frames at 60 a second; a clip is a pure function of its number
    python data.py take FOLDER CLIPS STILLS               those that `training/clips.py` has drawn: 16 frames at 12 a second, and stills

A clip's file is FOLDER/NAME-SCENE.npz: `frames` uint8 [n,192,320,3], and `clock` [n], when each is seen. Stills are clips of one frame, of
which only layers are made. Scenes that `HELD_OUT` names are kept for judging.
"""
import argparse
import pathlib
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import looks  # noqa: E402

HELD_OUT = ["ocean", "silk", "wire", "firework", "hexfloor", "jellyfish", "flyover", "voronoi"]
# What is dear to draw is drawn seldom, moire never.
WEIGHTS = {k: 1.0 for k in looks.SCENES if k not in HELD_OUT and k != "moire"}
WEIGHTS |= {k: 0.35 for k in "kaleido spectrum aurora ridges mandala tunnel synthwave gyroid silk pearl".split() if k in WEIGHTS}
WEIGHTS |= {k: 0.1 for k in "chrome glass metal kifs menger cathedral city dunes planet clouds columns bokeh".split()}
RUSHING = {"tunnel", "city", "kaleido", "gyroid", "dunes", "menger"}
FRAMES, SIZE, CROP = 11, (512, 288), (192, 320)


def describe(number):
    """Scene, palette, seed and speed by the frame of clip `number`: at 1 a scene goes a twelfth of a second's step in five frames."""
    rng = random.Random(104729 * number + 3)
    scene = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    speed = 0.2 * 2 ** rng.uniform(-1.3, 1.1) * (0.7 if scene in RUSHING else 1.0)
    return scene, rng.choice(list(looks.PALETTES)), rng.randrange(1 << 30), speed, (rng.randrange(97), rng.randrange(193))


def draw(number):
    scene, palette, seed, speed, (top, left) = describe(number)
    frames = looks.clip(scene, palette, seed, [speed] * FRAMES, SIZE)
    return scene, np.ascontiguousarray(frames[:, top:top + CROP[0], left:left + CROP[1]])


class Pool:
    """The clips drawn so far; `refresh()` finds new ones."""

    def __init__(self, folder):
        self.folder, self.seen, self.clips, self.all = pathlib.Path(folder), set(), [], []

    def refresh(self):
        for path in sorted(self.folder.glob("*.npz")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                with np.load(path) as file:
                    clip = torch.from_numpy(file["frames"]), file["clock"]
                self.all.append(clip[0])
                if len(clip[0]) > 1:
                    self.clips.append(clip)
        return len(self.clips)

    def drawn(self, n, size, rng):
        """n crops of drawn clips, float [n,3,3,h,w] (first, between, second) in [0,255], and times [n]."""
        (h, w), out, times = size, torch.empty(n, 3, 3, *size), torch.empty(n)
        for i in range(n):
            clip, clock = rng.choice(self.clips)
            # Those at 12 a second are far apart.
            gap = rng.choice((2, 3, 4, 4, 5, 5, 5, 6, 6, 8, 10)) if len(clip) == FRAMES else rng.choice((2, 2, 2, 3))
            start, between = rng.randrange(len(clip) - gap), rng.randrange(1, gap)
            whole, part = clock[start + gap] - clock[start], clock[start + between] - clock[start]
            top, left = rng.randrange(clip.shape[1] - h + 1), rng.randrange(clip.shape[2] - w + 1)
            x = clip[[start, start + between, start + gap], top:top + h, left:left + w].permute(0, 3, 1, 2)
            out[i] = x[:, torch.randperm(3, generator=rng.torch)].float()
            times[i] = float(min(max(part / whole, 0.05), 0.95)) if whole > 1e-3 else between / gap
        return out, times

    def textures(self, n, rng):
        """n random pictures of the clips, float [n,3,192,320] in [0,255]."""
        pick = [rng.choice(self.all) for _ in range(n)]
        return torch.stack([clip[rng.randrange(len(clip))] for clip in pick]).permute(0, 3, 1, 2).float()

    def layered(self, n, size, rng):
        """As `drawn`, of a ground and one to three things before it, or light over it, each of which moves, turns and comes nearer, or
        stands still; light grows or fades."""
        times = torch.tensor([rng.choice((0.2, 0.25, 1 / 3, 0.4, 0.5, 0.5, 0.6, 2 / 3, 0.75, 0.8)) for _ in range(n)])
        when = torch.stack((torch.zeros(n), times, torch.ones(n)), 1)
        out = moving(self.textures(n, rng), when, size, rng)
        for _ in range(rng.randrange(1, 4)):
            mask = shapes(n, rng)
            light = torch.tensor([rng.random() < 0.25 for _ in range(n)])
            layer = moving(torch.cat((self.textures(n, rng), mask), 1), when, size, rng)
            colour, mask = layer[:, :, :3], layer[:, :, 3:]
            over = out * (1 - mask) + colour * mask
            bright = torch.tensor([[rng.random(), rng.random()] for _ in range(n)])
            bright = (bright[:, :1] + (bright[:, 1:] - bright[:, :1]) * when).view(n, 3, 1, 1, 1)
            added = (out + colour * mask * bright).clamp(max=255)
            out = torch.where(light.view(-1, 1, 1, 1, 1), added, over)
        return out, times

    def batch(self, n, size, rng, layered):
        """First and second pictures and what is between [n,3,h,w] in [-1,1], and times [n]; each turned about in space and time by chance."""
        few = sum(rng.random() < layered for _ in range(n))
        parts = [f(k, size, rng) for f, k in ((self.drawn, n - few), (self.layered, few)) if k]
        x, t = (torch.cat(p) for p in zip(*parts))
        flip = lambda x, chance, *dims: torch.where((torch.rand(n, generator=rng.torch) < chance).view(-1, 1, 1, 1, 1), x.flip(dims), x)
        x = flip(flip(x, 0.5, -1), 0.3, -2)
        back = torch.rand(n, generator=rng.torch) < 0.5
        x, t = torch.where(back.view(-1, 1, 1, 1, 1), x.flip(1), x), torch.where(back, 1 - t, t)
        x = x / 127.5 - 1
        return x[:, 0], x[:, 2], x[:, 1], t


def shapes(n, rng):
    """Masks [n,1,192,320]: discs, boxes, bars and blots, with edges a pixel or two wide."""
    y, x = torch.meshgrid(torch.arange(CROP[0]) - CROP[0] / 2, torch.arange(CROP[1]) - CROP[1] / 2, indexing="ij")
    out = []
    for _ in range(n):
        kind, r, soft = rng.randrange(4), rng.uniform(6, 60), rng.choice((1, 1, 1, 6))
        cx, cy = rng.uniform(-90, 90), rng.uniform(-50, 50)
        if kind == 0:
            d = torch.hypot(x - cx, (y - cy) * rng.uniform(0.6, 1.6)) - r
        elif kind == 1:
            d = torch.maximum((x - cx).abs() - r * rng.uniform(0.5, 1.5), (y - cy).abs() - r)
        elif kind == 2:
            period, width = rng.uniform(16, 60), rng.uniform(0.1, 0.4)
            d = ((x / period + rng.random()) % 1 - 0.5).abs() * period - width * period
        else:
            noise = torch.randn(1, 1, rng.randrange(4, 14), rng.randrange(6, 22), generator=rng.torch)
            noise = F.interpolate(noise, size=CROP, mode="bicubic")[0, 0]
            d = (rng.uniform(0.2, 0.9) - noise) * 12
        out.append((0.5 - d / soft).clamp(0, 1))
    return torch.stack(out)[:, None]


def moving(texture, when, size, rng):
    """Pictures [n,k,c,h,w] of textures that move evenly, seen at the times `when` [n,k] from 0 to 1."""
    n, k = when.shape
    (h, w), (H, W) = size, texture.shape[-2:]
    goes = when * torch.tensor([float(rng.random() < 0.8) for _ in range(n)])[:, None]
    far = lambda: torch.tensor([rng.gauss(0, 1) * rng.choice((1, 5, 10, 16)) for _ in range(n)]).clamp(-30, 30)[:, None]
    vx, vy = far() * goes, 0.6 * far() * goes
    turn = torch.tensor([rng.gauss(0, 0.06) * rng.choice((0, 0, 1, 1)) for _ in range(n)])[:, None] * goes
    zoom = torch.exp(torch.tensor([rng.gauss(0, 0.08) * rng.choice((0, 1, 1)) for _ in range(n)])[:, None] * goes)
    lean = torch.tensor([rng.uniform(-0.4, 0.4) for _ in range(n)])[:, None]
    size_ = torch.exp(torch.tensor([rng.uniform(-0.3, 0.5) for _ in range(n)])[:, None])
    ox, oy = (torch.tensor([rng.uniform(-m, m) for _ in range(n)])[:, None] for m in ((W - w) / 2, (H - h) / 2))
    y, x = torch.meshgrid(torch.arange(h) - (h - 1) / 2, torch.arange(w) - (w - 1) / 2, indexing="ij")
    c, s = (f(turn + lean) / (zoom * size_) for f in (torch.cos, torch.sin))
    c, s, dx, dy = (q[..., None, None] for q in (c, s, vx, vy))
    u, v = c * (x - dx) + s * (y - dy), c * (y - dy) - s * (x - dx)
    grid = torch.stack(((u + ox[..., None, None]) * 2 / W, (v + oy[..., None, None]) * 2 / H), -1).view(n * k, h, w, 2)
    texture = texture[:, None].expand(-1, k, -1, -1, -1).reshape(n * k, *texture.shape[1:])
    out = F.grid_sample(texture, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    out = out.view(n, k, -1, h, w)
    return torch.cat((out[:, :, :3].clamp(0, 255), out[:, :, 3:].clamp(0, 1)), 2)


def keep(folder, name, frames, clock):
    part = folder / f"{name}.part"
    with open(part, "wb") as file:
        np.savez(file, frames=np.ascontiguousarray(frames), clock=np.asarray(clock, np.float32))
    part.rename(folder / f"{name}.npz")


def take(folder, clips_folder, stills_folder):
    import clips
    from motion_scale import speed
    rng = random.Random(5)
    for kind, source in (("c", clips_folder), ("s", stills_folder)):
        for path in sorted(source.glob("*.zip")):
            top, left = rng.randrange(97), rng.randrange(193)
            what, frames = clips.read(path)
            if what["scene"] in HELD_OUT or what["scene"] == "moire":
                continue
            frames = F.avg_pool2d(frames.float(), 2).round().byte() if kind == "s" else frames
            frames = frames[..., top:top + CROP[0], left:left + CROP[1]].permute(0, 2, 3, 1)
            keep(folder, f"{kind}{path.stem}-{what['scene']}", frames.numpy(), np.cumsum(speed(torch.tensor(what["curve"])).numpy()))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("what", choices=["draw", "take"])
    a.add_argument("folder", type=pathlib.Path)
    a.add_argument("sources", type=pathlib.Path, nargs="*")
    a.add_argument("--first", type=int, default=0)
    a.add_argument("--count", type=int, default=1 << 30)
    o = a.parse_args()
    torch.set_num_threads(1)
    o.folder.mkdir(parents=True, exist_ok=True)
    if o.what == "take":
        return take(o.folder, *o.sources)
    for number in range(o.first, o.first + o.count):
        if list(o.folder.glob(f"{number:05}-*")):
            continue
        begun = time.process_time()
        scene, frames = draw(number)
        keep(o.folder, f"{number:05}-{scene}", frames, range(FRAMES))
        print(number, scene, f"{time.process_time() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
