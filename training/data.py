"""The data of the diffusion stages: every scene's loop in every palette, rendered, encoded by the frozen VAE, kept in a table.

    python training/data.py [--data spark-table]

A loop is LOOP clock frames, cut in HALVES places half a frame apart. The table is written coarse to fine in 16 shards, so that
training can begin with the first; each is a safetensors file with latents f16 [kinds,palettes,12,4,18,32] (scaled) and
places i64 [12]. Clips are read off the table along a clock of their own, between places by linear interpolation.

The clock of frame f advances by speed(curve[f]) from frame f-1: the motion scale of a frame governs the change from the frame
before it, and the one of frame 0 governs nothing inside a clip.
"""
import argparse
import json
import pathlib
import random
import time

import torch
from safetensors.torch import load_file, save_file

import scenes
from nets import FRAMES, LATENT, MODEL, build_vae, load_part

HALVES = 2 * scenes.LOOP
ORDER = [0, 8, 4, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15]
KINDS, PALETTES = scenes.KINDS, list(scenes.PALETTES)


def speed(s):
    """Motion scale to clock frames per frame: 0.5 is nearly still, 1 is 1, 1.5 is almost twice as fast."""
    return torch.clamp((s - 0.45) / 0.55, min=0)


def curve(rng, frames=FRAMES):
    """A random motion-scale curve [frames] in [0.5,1.5]: constants, smooth curves, jumps, decaying pulses."""
    pick, f = rng.random(), torch.arange(frames, dtype=torch.float32)
    if pick < 0.12:
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


class Table:
    """Latents of all loops, as far as they are written: `refresh()` reads new shards."""

    def __init__(self, folder):
        self.folder, self.seen, self.places = pathlib.Path(folder), set(), []
        self.latents = torch.zeros(len(KINDS), len(PALETTES), HALVES, *LATENT, dtype=torch.float16)

    def refresh(self):
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                d = load_file(path)
                self.latents[:, :, d["places"]] = d["latents"]
                self.places = sorted(self.places + d["places"].tolist())
        return len(self.seen)

    def wait(self, shards):
        while self.refresh() < shards:
            time.sleep(2)

    def frame(self, kind, palette, rng):
        """A random frame [4,18,32]."""
        return self.latents[kind, palette, rng.choice(self.places)].float()

    def clip(self, kind, palette, rng):
        """A random clip [16,4,18,32] and its curve [16]. Needs at least every whole place."""
        s = curve(rng)
        step = 16 >> (len(self.seen).bit_length() - 1)
        at = (rng.uniform(0, scenes.LOOP) + torch.cumsum(speed(s), 0)) * 2 / step
        low = at.floor()
        part = (at - low).view(-1, 1, 1, 1)
        row = self.latents[kind, palette]
        read = lambda i: row[(i.long() * step) % HALVES].float()
        return read(low) * (1 - part) + read(low + 1) * part, s


def pick(rng):
    """A random kind and palette index."""
    return rng.randrange(len(KINDS)), rng.randrange(len(PALETTES))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--data", type=pathlib.Path, default="spark-table")
    o = a.parse_args()
    torch.set_num_threads(1)
    o.data.mkdir(parents=True, exist_ok=True)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last).eval()
    scale = json.loads((MODEL / "vae" / "config.json").read_text())["scaling_factor"]
    for shard, offset in enumerate(ORDER):
        path = o.data / f"{shard:02}.safetensors"
        if path.exists():
            continue
        places, out = torch.arange(offset, HALVES, 16), []
        for kind in KINDS:
            for palette in PALETTES:
                x = scenes.clip(kind, palette, places * 0.5, scenes.SEEDS[kind][0])
                with torch.no_grad():
                    out.append((vae.encode(x.contiguous(memory_format=torch.channels_last)).latents * scale).contiguous().half())
        out = torch.stack(out).view(len(KINDS), len(PALETTES), len(places), *LATENT)
        save_file({"latents": out, "places": places}, o.data / "part")
        (o.data / "part").rename(path)


if __name__ == "__main__":
    main()
