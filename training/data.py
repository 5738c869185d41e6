"""The data of the diffusion stages: takes of random scenes, rendered, encoded by the frozen VAE, written shard after shard.

    python training/data.py --data DIR [--shards N]

A take is a scene with its form, palette, mood and camera, over PLACES places half a clock frame apart. A shard holds TAKES of
them: latents f16 [64,64,8,18,32] (scaled), and what they are as JSON in the file's header. Clips are read off a take along a
clock of their own, between places by linear interpolation. Training can begin with the first shards, and reads new ones as
they appear; shards are pure functions of their number and of the VAE.

The clock of frame f advances by speed(curve[f]) from frame f-1: the motion scale of a frame governs the change from the frame
before it, and the one of frame 0 governs nothing inside a clip.
"""
import argparse
import json
import pathlib
import random
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import scenes
from nets import FRAMES, LATENT, MODEL, build_vae, load_part, mixed

PLACES, TAKES = 64, 64


STILL = 0.45  # the motion scale at which nothing moves


def speed(s):
    """Motion scale to clock frames per frame: 0.5 is nearly still, 1 is 1, 1.5 is almost twice as fast."""
    return torch.clamp((s - STILL) / (1 - STILL), min=0)


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
    """Takes as far as they are written: `refresh()` reads new shards."""

    def __init__(self, folder):
        self.folder, self.seen, self.latents, self.takes = pathlib.Path(folder), set(), [], []

    def refresh(self):
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                with safe_open(path, "pt", device=str(torch.get_default_device())) as f:
                    self.latents += list(f.get_tensor("latents"))
                    self.takes += json.loads(f.metadata()["takes"])
        return len(self.seen)

    def wait(self, shards):
        while self.refresh() < shards:
            time.sleep(2)

    def pick(self, rng):
        """A random take's number, the last shard's no oftener than the others'."""
        return rng.randrange(len(self.takes))

    def frame(self, take, rng):
        """A random frame [8,18,32] of a take."""
        return self.latents[take][rng.randrange(PLACES)].float()

    def clips(self, takes, rng):
        """A random clip of each of some takes, and their curves: [n,16,8,18,32] and [n,16]."""
        return [torch.stack(both) for both in zip(*(self.clip(take, rng) for take in takes))]

    def clip(self, take, rng):
        """A random clip [16,8,18,32] of a take and its curve [16]."""
        s = curve(rng)
        way = torch.cumsum(speed(s), 0) * 2
        way = way - way[0]
        at = way + rng.uniform(0, max(0.0, PLACES - 1.001 - float(way[-1])))
        low = at.clamp(max=PLACES - 1.001).floor()
        part = (at.clamp(max=PLACES - 1.001) - low).view(-1, 1, 1, 1)
        row = self.latents[take]
        read = lambda i: row[i.long()].float()
        return read(low) * (1 - part) + read(low + 1) * part, s


def shard(number):
    """What the takes of a shard are: every family four times."""
    rng, out = random.Random(7919 * number + 1), []
    pals = list(scenes.PALETTES)
    for n in range(TAKES):
        kind = scenes.KINDS[n % len(scenes.KINDS)]
        form = 0 if rng.random() < 0.3 else rng.randrange(scenes.FORMS[kind])
        mood = "" if rng.random() < 0.5 else rng.choice(scenes.MOODS)
        out.append({"kind": kind, "form": form, "palette": rng.choice(pals), "mood": mood, "start": rng.uniform(0, 960),
                    "drift": [rng.uniform(0, 6.283), rng.uniform(0, 6.283)]})
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--data", type=pathlib.Path, default="spark-table")
    a.add_argument("--shards", type=int, default=60)
    a.add_argument("--part", type=int, nargs=2, default=(0, 1), help="of how many processes this is which")
    a.add_argument("--device", default="cpu", help="cpu or cuda")
    o = a.parse_args()
    torch.set_default_device(o.device)
    torch.set_num_threads(1)
    o.data.mkdir(parents=True, exist_ok=True)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last).eval()
    scale = json.loads((MODEL / "vae" / "config.json").read_text())["scaling_factor"]
    for number in range(o.part[0], o.shards, o.part[1]):
        path = o.data / f"{number:03}.safetensors"
        if path.exists():
            continue
        begun, takes, out = time.time(), shard(number), torch.empty(TAKES, PLACES, *LATENT, dtype=torch.float16)
        for n, t in enumerate(takes):
            for at in range(0, PLACES, 16):
                clock = t["start"] + 0.5 * torch.arange(at, at + 16)
                x = scenes.clip(t["kind"], t["palette"], t["form"], t["mood"], clock, t["drift"])
                with torch.no_grad(), mixed():
                    z = vae.encode(x.contiguous(memory_format=torch.channels_last)).latents
                out[n, at:at + 16] = z.float() * scale
        part = o.data / f"part{number}"
        save_file({"latents": out}, part, metadata={"takes": json.dumps(takes)})
        part.rename(path)
        print(number, f"{time.time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
