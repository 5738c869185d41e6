#!/usr/bin/env python3
"""Kills renders with SIGKILL in every stage and holds what comes of them against unbroken ones. No part of the tests: it takes minutes.

    cargo build --release && python tests/kill/run.py FOLDER [STAGE...]

A stage is rendered once unbroken. Then it is killed five times, each at another moment of one render that goes on from what is left;
the file at the end has to have the same bytes. And a take alone has to have the frames that it has in the whole.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEATBOLT = os.environ.get("BEATBOLT", str(ROOT / "target/release/beatbolt"))
TRACK = ROOT / "examples/first-light.m4a"
FIXTURES = ROOT / "tests/fixtures"
PROJECT = 'track = "track.m4a"\npreset = "pulse"\n[cuts]\nat = [15.5]\n'
STRETCH, TAKE = ["--start", "13", "--end", "17.5"], ["--start", "15.5", "--end", "17.5"]
KILLS = 5

TIERS = {"refined": "develop"}
STAGES = {
    "prompt": [],
    "picture": ["--init", "cover.png", "--set", "denoise=0.6"],
    "clip": ["--init", "source.mp4", "--set", "denoise=0.4"],
    "drawn": ["--init", "draw:synthwave", "--set", "denoise=0.35"],
    "drawn-alone": ["--init", "draw:ocean", "--set", "denoise=0", "--fps", "24"],
    "refined": ["--init", "source.mp4", "--set", "denoise=0.25", "--size", "384x216"],
    "upscaled": ["--upscale", FIXTURES / "upscale/rrdb.safetensors", "--size", "512x320", "--generate", "128x80"],
    "interpolated": ["--fps", "48", "--interpolate", "on"],
    "rife": ["--fps", "48", "--interpolator", FIXTURES / "rife/rife44.safetensors"],
    "finished": ["--set", "trails=1", "--set", "bloom=0.4", "--set", "ripple=0.5"],
}


def command(stage, output, where):
    words = [BEATBOLT, "render", "video.toml", "--profile", "ffv1", "--tier", TIERS.get(stage, "draft"), *where, *STAGES[stage], "-o", output]
    return [str(word) for word in words]


def render(folder, *what):
    done = subprocess.run(command(*what), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(done.args)}\n{done.stderr}")


def sources(folder):
    shutil.copy(TRACK, folder / "track.m4a")
    (folder / "video.toml").write_text(PROJECT)
    scene = "testsrc2=size=320x180:rate=25:duration=8"
    for name, options in (("source.mp4", ["-pix_fmt", "yuv420p"]), ("cover.png", ["-frames:v", "1"])):
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", scene, *options, str(folder / name)], check=True)


def killed(folder, stage, took, rng):
    """How often the render at `stage.killed.mkv` was killed, at moments that differ."""
    kills = 0
    while kills < KILLS:
        child = subprocess.Popen(command(stage, f"{stage}.killed.mkv", STRETCH), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(timeout=took * rng.uniform(0.15, 0.75))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            kills += 1
            continue
        # It ended before its time: what is killed next begins anew.
        if child.returncode:
            sys.exit(f"{stage}: {child.returncode} after {kills} kills")
        (folder / f"{stage}.killed.mkv").unlink()
    render(folder, stage, f"{stage}.killed.mkv", STRETCH)
    return kills


def frames(path):
    told = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"], capture_output=True, text=True, check=True)
    return [line.split(",")[-1].strip() for line in told.stdout.splitlines() if not line.startswith("#")]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    sources(folder)
    rng, wrong = random.Random(1), 0
    for stage in sys.argv[2:] or STAGES:
        for old in folder.glob(f"{stage}.*"):
            old.unlink()
        begun = time.time()
        render(folder, stage, f"{stage}.mkv", STRETCH)
        took = time.time() - begun
        kills = killed(folder, stage, took, rng)
        same = (folder / f"{stage}.mkv").read_bytes() == (folder / f"{stage}.killed.mkv").read_bytes()
        render(folder, stage, f"{stage}.take.mkv", TAKE)
        whole, take = frames(folder / f"{stage}.mkv"), frames(folder / f"{stage}.take.mkv")
        alike = whole[-len(take):] == take and 0 < len(take) < len(whole)
        wrong += not (same and alike)
        print(f"{stage:14} {took:5.1f} s unbroken, {kills} kills: {'the same bytes' if same else 'OTHER BYTES'}; "
              f"{len(take)} of {len(whole)} frames alone: {'the same' if alike else 'OTHERS'}", flush=True)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
