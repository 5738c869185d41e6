"""The data of all stages: clips of the looks, and single pictures of them at twice the size, drawn once and kept as JPEGs.

    python training/clips.py clips FOLDER [--first N] [--count N]      512x288, 16 frames, a motion-scale curve each
    python training/clips.py stills FOLDER [--first N] [--count N]     1024x576, for the autoencoder

A clip is a zip file of its frames, with `clip.json`: scene, palette, seed, parts, curve. What a clip shows is a pure function of its
number, so several processes can draw several ranges. The clock advances by `speed(curve[f])` from frame f-1 to f: the motion scale
of a frame governs the change from the frame before it, and the one of frame 0 governs nothing inside a clip.
"""
import argparse
import io
import json
import pathlib
import random
import time
import zipfile

import numpy as np
import torch
from PIL import Image

import looks
from motion_scale import curve, speed

# How often a scene is drawn: what a small model learns well, and looks best, twice; what it can only do as a texture, half.
OFTEN = {k: 2.0 for k in "synthwave ocean flow galaxy ink fire silk aurora".split()}
SELDOM = {k: 0.5 for k in "kaleido mandala ridges kifs glass city menger cathedral glyphs spectrum".split()}
DROPPED = {"moire"}
SCENES = [k for k in looks.SCENES if k not in DROPPED]
RUSHING = {"tunnel", "city", "kaleido", "gyroid", "dunes", "menger"}  # patterns that come round within a frame above this pace
TWO_HUES = {"neon", "teal and orange", "cobalt and gold", "hologram", "acid", "blood moon"}
SOLIDS = {"chrome", "glass", "pearl", "metal"}


def describe(number):
    """What clip `number` shows."""
    rng = random.Random(7919 * number + 1)
    scene = rng.choices(SCENES, [OFTEN.get(k, SELDOM.get(k, 1.0)) for k in SCENES])[0]
    palette = rng.choices(list(looks.PALETTES), [2 if k in TWO_HUES else 1 for k in looks.PALETTES])[0]
    parts = {}
    if scene in SOLIDS:
        parts = {"subject": rng.choice(list(looks.SUBJECTS)), "background": rng.choice(list(looks.BACKGROUNDS)),
                 "light": rng.choice(list(looks.LIGHTS))}
    return {"scene": scene, "palette": palette, "seed": rng.randrange(1 << 30), "parts": parts, "curve": curve(rng).tolist()}


def draw(what, size):
    """The frames of a clip, uint8 [16,h,w,3]."""
    pace = speed(torch.tensor(what["curve"])) * (0.75 if what["scene"] in RUSHING else 1.0)
    return looks.clip(what["scene"], what["palette"], what["seed"], pace.tolist(), size, **what["parts"])


def jpeg(frame, quality):
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "jpeg", quality=quality, subsampling=0)
    return out.getvalue()


def write(path, what, frames, quality):
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as z:
        z.writestr("clip.json", json.dumps(what))
        for n, f in enumerate(frames):
            z.writestr(f"{n:02}.jpg", jpeg(f, quality))
    part.rename(path)


def read(path):
    """What a clip shows, and its frames as uint8 tensors [n,3,h,w]."""
    with zipfile.ZipFile(path) as z:
        names = sorted(n for n in z.namelist() if n.endswith(".jpg"))
        frames = [np.asarray(Image.open(io.BytesIO(z.read(n)))) for n in names]
        return json.loads(z.read("clip.json")), torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("kind", choices=["clips", "stills"])
    a.add_argument("folder", type=pathlib.Path)
    a.add_argument("--first", type=int, default=0)
    a.add_argument("--count", type=int, default=1 << 30)
    o = a.parse_args()
    torch.set_num_threads(1)
    o.folder.mkdir(parents=True, exist_ok=True)
    for number in range(o.first, o.first + o.count):
        path = o.folder / f"{number:06}.zip"
        if path.exists():
            continue
        begun, what = time.process_time(), describe(number)
        if o.kind == "stills":
            what["curve"] = [1.0]
            write(path, what, draw(what, (1024, 576)), 96)
        else:
            write(path, what, draw(what, (512, 288)), 95)
        print(number, what["scene"], f"{time.process_time() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
