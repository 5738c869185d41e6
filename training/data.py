"""The data of the diffusion stages: clips, encoded by the finished autoencoder, written shard after shard.

    python training/data.py --clips FOLDER --data TABLE

A shard holds what `CLIPS` clips are, as JSON in the file's header, and their latents as they are and mirrored, f16
[CLIPS,2,16,16,18,32], scaled. Training can begin with the first shards, and reads new ones as they appear.
"""
import argparse
import json
import pathlib
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import clips
from nets import FRAMES, LATENT, MODEL, build_vae, load_part, mixed

CLIPS = 32
HELD_OUT = 50  # every so many clips one is kept for judging


class Table:
    """Clips as far as they are encoded: `refresh()` reads new shards."""

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
        """A random clip's number."""
        return rng.randrange(len(self.takes))

    def frame(self, take, rng):
        """A random frame [16,18,32] of a clip."""
        return self.latents[take][rng.randrange(2), rng.randrange(FRAMES)].float()

    def clips(self, takes, rng):
        """Some clips [n,16,16,18,32], mirrored or not, and their curves [n,16]."""
        return (torch.stack([self.latents[t][rng.randrange(2)].float() for t in takes]),
                torch.tensor([self.takes[t]["curve"] for t in takes]))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--clips", type=pathlib.Path, required=True)
    a.add_argument("--data", type=pathlib.Path, required=True)
    a.add_argument("--device", default="cpu", help="cpu or cuda")
    o = a.parse_args()
    torch.set_default_device(o.device)
    torch.set_num_threads(1)
    o.data.mkdir(parents=True, exist_ok=True)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last).eval()
    scale = json.loads((MODEL / "vae" / "config.json").read_text())["scaling_factor"]
    encode = lambda x: vae.encode((x / 127.5 - 1).contiguous(memory_format=torch.channels_last)).latents.float() * scale
    number = 0
    while True:
        files = [f for f in sorted(o.clips.glob("*.zip")) if int(f.stem) % HELD_OUT]
        path = o.data / f"{number:04}.safetensors"
        if path.exists():
            number += 1
            continue
        if len(files) < (number + 1) * CLIPS:
            time.sleep(10)
            continue
        begun, takes, out = time.time(), [], torch.empty(CLIPS, 2, FRAMES, *LATENT, dtype=torch.float16)
        for n, file in enumerate(files[number * CLIPS:(number + 1) * CLIPS]):
            what, frames = clips.read(file)
            takes.append(what)
            with torch.no_grad(), mixed():
                out[n, 0], out[n, 1] = encode(frames), encode(frames.flip(-1))
        part = path.with_suffix(".part")
        save_file({"latents": out}, part, metadata={"takes": json.dumps(takes)})
        part.rename(path)
        print(number, f"{time.time() - begun:.0f} s", flush=True)
        number += 1


if __name__ == "__main__":
    main()
