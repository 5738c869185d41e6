#!/usr/bin/env bash
# .cube tables with a DOMAIN, in FFmpeg 9.0.2's lut3d and in OpenColorIO 2.6.0.
# Expected: DOMAIN_MIN and DOMAIN_MAX say which input values the first and last entries stand for, in any order of the header's
# lines. A table of 0.8 x + 0.1 gives that inside its domain, whatever the domain is.
# Seen: OpenColorIO does. lut3d doesn't subtract the minimum and doesn't stretch domains below 1: with -0.5 to 1.5 it is up to 103
# of 255 off, with 0 to 0.5 51, with 0.25 to 1 38; 0 to 2 is right, but not when the DOMAIN lines stand above LUT_3D_SIZE (114
# off): then they are forgotten.
# Why it matters: film looks for logarithmic footage carry such domains; a look tuned in a grading program comes out crushed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1 opencolorio==2.6.0 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np
import PyOpenColorIO as ocio

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version(), "| OpenColorIO", ocio.__version__, "| how far 0.8 x + 0.1 is missed on greys inside the domain, of 255")
grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)


def write(low, high, size_first):
    domain = [f"DOMAIN_MIN {low} {low} {low}", f"DOMAIN_MAX {high} {high} {high}"]
    lines = ["LUT_3D_SIZE 17", *domain] if size_first else [*domain, "LUT_3D_SIZE 17"]
    steps = [low + (high - low) * k / 16 for k in range(17)]
    lines += [f"{0.8 * r + 0.1:.6f} {0.8 * g + 0.1:.6f} {0.8 * b + 0.1:.6f}" for b in steps for g in steps for r in steps]
    with open("look.cube", "w") as file:
        file.write("\n".join(lines) + "\n")


def by_ffmpeg():
    command = [ffmpeg, "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "256x1", "-i", "-"]
    command += ["-vf", "lut3d=look.cube:interp=trilinear", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, input=grey.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(256, 3)


def by_ocio():
    table = ocio.FileTransform("look.cube", interpolation=ocio.INTERP_LINEAR)
    pixels = (grey / 255).astype(np.float32)
    ocio.Config.CreateRaw().getProcessor(table).getDefaultCPUProcessor().applyRGB(pixels)
    return np.rint(pixels * 255)


def change(picture, low, high):
    inside = (grey / 255 >= low) & (grey / 255 <= high)
    due = 255 * (0.8 * grey / 255 + 0.1)
    return int(np.rint(abs(np.asarray(picture, float) - due)[inside].max()))


expected = {(0, 1, True): 1, (0, 2, True): 1, (0, 2, False): 114, (-0.5, 1.5, True): 103, (0, 0.5, True): 51, (0.25, 1, True): 38}
changed = False
for (low, high, size_first), most in expected.items():
    write(low, high, size_first)
    seen, reference = change(by_ffmpeg(), low, high), change(by_ocio(), low, high)
    place = "" if size_first else ", DOMAIN above LUT_3D_SIZE"
    print(f"domain {low} to {high}{place}: lut3d {seen}, OpenColorIO {reference}")
    changed |= seen != most or reference > 1
sys.exit("the behaviour has changed" if changed else 0)
PY
