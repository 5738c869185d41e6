"""Clips for the diffusion stages: rendered, encoded by the frozen VAE, and written to a folder in shards.

    python training/data.py --minutes 60 [--data spark-clips]

A shard is a safetensors file: latents f16 [n,16,4,18,32] (scaled), curve f32 [n,16] (motion scale of each frame), kind and
palette i64 [n]. The stages read shards as they appear. The clock of frame f advances by speed(curve[f]) from frame f-1:
the motion scale of a frame governs the change from the frame before it, and the one of frame 0 governs nothing inside a clip.
"""
import argparse
import json
import pathlib
import random
import time

import torch
from safetensors.torch import load_file, save_file

import scenes
from nets import FRAMES, MODEL, build_vae, load_part

SHARD = 40


def speed(s):
    """Motion scale to clock frames per frame: 0.5 is nearly still, 1 is 1, 1.5 is almost twice as fast."""
    return torch.clamp((s - 0.45) / 0.55, min=0)


def curve(rng, frames=FRAMES):
    """A random motion-scale curve [frames] in [0.5,1.5]: constants, smooth curves, jumps, decaying pulses."""
    pick, f = rng.random(), torch.arange(frames, dtype=torch.float32)
    if pick < 0.15:
        return torch.ones(frames)
    if pick < 0.4:
        return torch.full((frames,), rng.uniform(0.5, 1.5))
    if pick < 0.6:
        s = 1 + 0.5 * torch.sin(f * rng.uniform(0.15, 0.8) + rng.uniform(0, 6.283)) * rng.uniform(0.5, 1)
        return (s + rng.uniform(-0.2, 0.2)).clamp(0.5, 1.5)
    if pick < 0.8:
        s, v = [], rng.uniform(0.5, 1.5)
        for _ in range(frames):
            v = rng.uniform(0.5, 1.5) if rng.random() < 0.25 else v
            s.append(v)
        return torch.tensor(s)
    low, high, every, decay = rng.uniform(0.5, 0.8), rng.uniform(1.1, 1.5), rng.randint(4, 10), rng.uniform(0.15, 0.8)
    return low + (high - low) * torch.exp(-decay * ((f + rng.randrange(every)) % every))


def example(rng):
    """One clip: frames [16,3,144,256] in [-1,1], its curve [16], kind and palette index."""
    kind, palette = rng.randrange(len(scenes.KINDS)), rng.randrange(len(scenes.PALETTES))
    s = curve(rng)
    clock = rng.uniform(0, scenes.LOOP) + torch.cumsum(speed(s), 0)
    name = scenes.KINDS[kind]
    frames = scenes.clip(name, list(scenes.PALETTES)[palette], clock, rng.choice(scenes.SEEDS[name]))
    return frames, s, kind, palette


class Clips:
    """The shards of a folder as they appear: `refresh()` reads new ones; tensors hold all clips read so far."""

    def __init__(self, folder):
        self.folder, self.seen = pathlib.Path(folder), set()
        self.latents, self.curve, self.kind, self.palette = [], [], [], []

    def refresh(self):
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                d = load_file(path)
                for name in ("latents", "curve", "kind", "palette"):
                    getattr(self, name).extend(d[name])
        return len(self.latents)

    def wait(self, least):
        while self.refresh() < least:
            time.sleep(2)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--minutes", type=float, default=60)
    a.add_argument("--data", type=pathlib.Path, default="spark-clips")
    a.add_argument("--seed", type=int, default=1)
    o = a.parse_args()
    torch.set_num_threads(1)
    o.data.mkdir(parents=True, exist_ok=True)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last).eval()
    scale = json.loads((MODEL / "vae" / "config.json").read_text())["scaling_factor"]
    end, shard = time.time() + 60 * o.minutes, len(list(o.data.glob("*.safetensors")))
    while time.time() < end:
        rng, rows = random.Random(o.seed * 100003 + shard), []
        for _ in range(SHARD):
            frames, s, kind, palette = example(rng)
            with torch.no_grad():
                z = vae.encode(frames.contiguous(memory_format=torch.channels_last)).latents * scale
            rows.append((z.contiguous().half(), s, torch.tensor(kind), torch.tensor(palette)))
        names = ("latents", "curve", "kind", "palette")
        save_file({n: torch.stack(c) for n, c in zip(names, zip(*rows))}, o.data / "part")
        (o.data / "part").rename(o.data / f"{shard:05}.safetensors")
        shard += 1


if __name__ == "__main__":
    main()
