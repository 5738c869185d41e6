#!/usr/bin/env python3
"""Measures what becomes of pictures and clips that frames start from. No part of the tests: it takes minutes.

    pip install numpy opencv-python-headless scikit-image
    BEATBOLT=target/release/beatbolt python tests/init/measure.py FOLDER [flow] [drift] [picture] [step]

flow      a clip of 10 seconds with a moving camera and things that move on their own, restyled at denoise 0.4: correlation of the optical
          flow with the clip's, motion at the seams over that elsewhere, drift of colour
drift     a clip that comes back to where it was every 2 seconds, two windows, so that the mean colour of a turn changes by what the
          restyling does alone
picture   a picture animated at denoise 0.1 to 0.9: distance of the first frame, likeness (SSIM), frames that stand still
step      clips of three minutes at 23.976 and 29.97 frames a second whose pictures tell their time, shown as they are at 12 a second: how far
          they are from the track's clock
"""
import os, subprocess, sys
from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import structural_similarity

BEATBOLT = os.environ.get("BEATBOLT", "target/release/beatbolt")
STILL = ["--set", "flash=0", "--set", "zoom=1", "--set", "exposure=0", "--set", "finish=off", "--flash-guard", "off"]
SIZE = (512, 288)


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def track(path, seconds):
    run("ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
        f"aevalsrc='exp(-60*mod(t,0.5))*sin(2*PI*440*t)':s=22050:d={seconds}", path)
    return path


def write(path, frames, rate):
    size = f"{frames[0].shape[1]}x{frames[0].shape[0]}"
    encode = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", "-",
              "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", str(path)]
    with subprocess.Popen(encode, stdin=subprocess.PIPE) as ffmpeg:
        for frame in frames:
            ffmpeg.stdin.write(frame.tobytes())
    return path


def read(path, size=SIZE, rate=None):
    rate = ["-r", str(rate)] if rate else []
    raw = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *rate, "-s", f"{size[0]}x{size[1]}", "-f", "rawvideo",
                          "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def landscape(seed, size=1536):
    """Hills of noise at all scales, coloured, with shapes that have edges."""
    rng = np.random.default_rng(seed)
    height = np.zeros((size, size), np.float32)
    for octave in range(2, 8):
        small = rng.standard_normal((2**octave, 2**octave)).astype(np.float32)
        height += cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC) / 1.7**octave
    height = (height - height.min()) / (height.max() - height.min())
    at = np.stack([height, np.roll(height, 300, 0), np.roll(height, 500, 1)], -1)
    picture = np.uint8(255 * (0.15 + 0.8 * at**1.5))
    for _ in range(120):
        centre = tuple(int(x) for x in rng.integers(0, size, 2))
        colour = tuple(int(c) for c in rng.integers(30, 255, 3))
        cv2.circle(picture, centre, int(rng.integers(20, 70)), colour, -1 if rng.random() < 0.6 else 8, cv2.LINE_AA)
    return picture


def moving(seconds, rate, turns=(0.5, 0.45, 0.37, 0.3, 0.9, 0.8)):
    """A camera that zooms, pans and turns over a landscape, and discs that fly over it, at `turns` radians a second."""
    zooms, across, down, rolls, discs, lifts = turns
    ground, frames = landscape(3), []
    for i in range(int(seconds * rate)):
        t = i / rate
        zoom = 0.75 + 0.2 * np.sin(zooms * t)
        x, y = 700 + 330 * np.sin(across * t), 740 + 240 * np.cos(down * t)
        turn = 8 * np.sin(rolls * t)
        map = cv2.getRotationMatrix2D((x, y), turn, 1 / zoom / 1.4)
        map[:, 2] += np.array([SIZE[0] / 2 - x, SIZE[1] / 2 - y])
        frame = cv2.warpAffine(ground, map, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
        for k in range(4):
            at = (256 + 200 * np.sin(discs * t + 1.7 * k), 144 + 100 * np.cos(lifts * t + 2.3 * k))
            cv2.circle(frame, tuple(int(round(16 * v)) for v in at), 16 * (22 + 6 * k), (250, 220 - 50 * k, 60 * k), -1, cv2.LINE_AA, 4)
        frames.append(frame)
    return frames


def grey(frame):
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def flow(a, b):
    found = cv2.calcOpticalFlowFarneback(grey(a), grey(b), None, 0.5, 4, 25, 3, 7, 1.5, 0)
    return cv2.resize(found, (64, 36), interpolation=cv2.INTER_AREA)


def measure_flow(folder):
    sound, rate = track(folder / "ten.wav", 10), 12
    clip = write(folder / "moving.mp4", moving(10, 24000 / 1001), "24000/1001")
    for denoise in (0, 0.3, 0.4, 0.5):
        out = folder / f"restyled-{denoise}.mkv"
        run(BEATBOLT, "render", sound, "--preset", "pulse", "--init", clip, "--set", f"denoise={denoise}", *STILL, "--set", "motion_scale=1",
            "--prompt", "sunset grid", "--fps", rate, "--profile", "ffv1", "-o", out, "--overwrite")
        plain = read(folder / "restyled-0.mkv")
        made = read(out)
        wanted = np.array([flow(a, b) for a, b in zip(plain, plain[1:])])
        found = np.array([flow(a, b) for a, b in zip(made, made[1:])])
        likeness = np.corrcoef(wanted.ravel(), found.ravel())[0, 1]
        energy = np.array([np.abs(grey(a).astype(float) - grey(b)).mean() for a, b in zip(made, made[1:])])
        # Windows of 16 frames share 4: the first new frame of each, as a step from the one before.
        seams = np.arange(16, len(made), 12) - 1
        rest = np.setdiff1d(np.arange(len(energy)), seams)
        own = np.array([np.abs(grey(a).astype(float) - grey(b)).mean() for a, b in zip(plain, plain[1:])])
        seam = (energy[seams] / own[seams]).mean() / (energy[rest] / own[rest]).mean()
        lab = np.array([cv2.cvtColor(f, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0) for f in made])
        base = np.array([cv2.cvtColor(f, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0) for f in plain])
        # Of what the restyling adds to the clip's own colours.
        added, tenth = lab - base, len(lab) // 5
        drift = np.abs(added[-tenth:].mean(0) - added[:tenth].mean(0)).max() / 255
        print(f"denoise {denoise}: flow r = {likeness:.3f}, seams {seam:.3f}, drift {100 * drift:.2f} % of the range", flush=True)


def measure_drift(folder):
    sound, rate, period = track(folder / "ten.wav", 10), 12, 2
    clip = write(folder / "loop.mp4", moving(10, 24, [2 * np.pi / period] * 6), "24")
    for denoise in (0, 0.3, 0.4, 0.5):
        out = folder / f"loop-{denoise}.mkv"
        run(BEATBOLT, "render", sound, "--preset", "pulse", "--init", clip, "--set", f"denoise={denoise}", *STILL, "--set", "motion_scale=1",
            "--prompt", "sunset grid", "--fps", rate, "--profile", "ffv1", "-o", out, "--overwrite")
        lab = np.array([cv2.cvtColor(f, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0) for f in read(out)])
        turns = lab.reshape(-1, int(rate * period), 3).mean(1)
        drift = np.abs(turns[-1] - turns[0]).max() / 255
        print(f"denoise {denoise}: a turn's mean colour after each: {turns.round(1).tolist()}, drift {100 * drift:.2f} % of the range", flush=True)


def measure_picture(folder):
    sound = track(folder / "two.wav", 2)
    picture = folder / "picture.png"
    start = moving(1, 1)[0]
    cv2.imwrite(str(picture), cv2.cvtColor(start, cv2.COLOR_RGB2BGR))
    last = 0
    for denoise in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        out = folder / f"animated-{denoise}.mkv"
        run(BEATBOLT, "render", sound, "--preset", "pulse", "--init", picture, "--set", f"denoise={denoise}", *STILL, "--set",
            "motion_scale=1", "--prompt", "sunset grid", "--profile", "ffv1", "-o", out, "--overwrite")
        made = read(out)
        distance = np.abs(made[0].astype(float) - start).mean()
        likeness = structural_similarity(made[0], start, channel_axis=-1)
        still = np.mean([np.array_equal(a, b) for a, b in zip(made, made[1:])])
        grows = "" if distance > last else "  NOT FARTHER"
        print(f"denoise {denoise}: distance {distance:.2f} of 255, SSIM {likeness:.3f}, still {still:.2f}{grows}", flush=True)
        last = distance


def measure_step(folder):
    sound, seconds = track(folder / "long.wav", 180), 180
    for name, rate in (("24000/1001", 24000 / 1001), ("30000/1001", 30000 / 1001)):
        # A bar as long as the frame's number says, modulo 256 frames.
        def frames():
            for i in range(int(seconds * rate)):
                frame = np.zeros((64, 1024, 3), np.uint8)
                frame[:, : 4 * (i % 256)] = 255
                yield frame
        clip, all = folder / "clock.mp4", list(frames())
        write(clip, all, name)
        out = folder / "clock.mkv"
        run(BEATBOLT, "render", sound, "--preset", "pulse", "--init", f"{clip},fit=stretch", "--set", "denoise=0", *STILL, "--size", "1024x64",
            "--fps", "12", "--profile", "ffv1", "-o", out, "--overwrite")
        made = read(out, (1024, 64))
        shown = (made[:, 32, :, 1] > 127).sum(1) / 4
        wanted = np.arange(len(made)) / 12 * rate
        apart = (shown - wanted + 128) % 256 - 128
        print(f"{name}: {len(made)} frames, from {apart.min():.2f} to {apart.max():.2f} frames of the clip apart", flush=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:] or ["flow", "drift", "picture", "step"]
    for name in wanted:
        {"flow": measure_flow, "drift": measure_drift, "picture": measure_picture, "step": measure_step}[name](folder)
