"""How well a LoRA that a kick plays is seen to follow it, frame by frame.

    python training/lora_curve.py LORA.safetensors [STRIP.png]

Eight seconds of the example track are rendered as drafts three times: without the LoRA, with all of it, and with what the kick says. Where a frame
of the third lies between those of the first and of the second is the share of the look in it; printed is its rank correlation with the
curve that `beatbolt plan` states. Takes are a bar long: windows grow out of each other, so a look lingers in a long take. STRIP.png shows half a second of it, a frame beside the other.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEATBOLT, TRACK = ROOT / "target/release/beatbolt", ROOT / "examples/first-light.m4a"
PART = ["--tier", "draft", "--size", "384x216", "--start", "0:22", "--end", "0:30", "--set", "finish=off"]
PRESET = """
[cuts]
on = "bars:1"
min = 0

[base]
motion_scale = 0.7

[[lora]]
name = "look"
file = "{file}"
strength = {strength}

[[prompt]]
text = "neon rings"
"""
KICK = """
[[route]]
signal = "kick"
to = "lora.look"
amount = 1
attack = "0.25 beats"
release = "1 beats"
"""


def frames(folder, name, preset):
    """Frames [n,216,384,3] that a preset makes, and its curve."""
    (folder / f"{name}.toml").write_text(preset)
    options = [TRACK, "--preset", folder / f"{name}.toml", *PART]
    video = folder / f"{name}.mkv"
    subprocess.run([BEATBOLT, "render", *options, "-o", video, "--profile", "ffv1"], check=True, capture_output=True)
    told = subprocess.run([BEATBOLT, "plan", *options, "--json"], check=True, capture_output=True).stdout
    plan = json.loads(told.splitlines()[-1])
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, 216, 384, 3).astype(np.float32), np.array(plan["values"].get("lora.look", []))


def ranks(x):
    """The ranks of values, equal ones sharing theirs."""
    order = np.argsort(x, kind="stable")
    out = np.empty(len(x))
    out[order] = np.arange(len(x))
    return np.array([out[x == value].mean() for value in x])


def main():
    file = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "look.safetensors").write_bytes(file.read_bytes())
        preset = lambda strength: PRESET.format(file="look.safetensors", strength=strength)
        without, _ = frames(folder, "without", preset(0.0))
        whole, _ = frames(folder, "whole", preset(1.0))
        played, curve = frames(folder, "played", preset(0.0) + KICK)
    way = whole - without
    share = ((played - without) * way).sum((1, 2, 3)) / (way**2).sum((1, 2, 3))
    correlation = np.corrcoef(ranks(share.round(3)), ranks(curve.round(3)))[0, 1]
    print(f"{len(share)} frames; curve {curve.min():.2f} to {curve.max():.2f}, share {share.min():.2f} to {share.max():.2f}, "
          f"rank correlation {correlation:.3f}")
    if len(sys.argv) > 2:
        top = int(np.argmax(curve))
        shown = played[max(0, top - 2) : max(0, top - 2) + 6].astype(np.uint8)
        strip = np.concatenate(list(shown), axis=1)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{strip.shape[1]}x216", "-i", "-",
                        sys.argv[2]], input=strip.tobytes(), check=True)
    sys.exit(0 if correlation >= 0.8 else "the look doesn't follow the kick")


main()
