#!/usr/bin/env bash
# Doubling the rate of a rendered clip with FFmpeg 9.0.2's minterpolate.
# Expected: N frames at 12 a second become 2N, or 2N - 1, at 24: all of the originals and what lies between them.
# Seen: 2N - 3, in every mode (mci, blend, dup), and the last original frame isn't among them; fps and framerate give 2N.
# Why it matters: a clip of 16 frames, as a motion module makes it, loses 3 of 32 frames; clips that are joined afterwards drift
# from the beat by 125 ms each, and the frame on the cut, the one that was rendered for it, is missing.
# Padding with cloned frames in front of the filter (tpad) and counting behind it is a way out.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version(), "| 12 to 24 frames a second")


def double(count, filter):
    """Greys of the frames that come out; frame k goes in as grey 8 k."""
    clip = np.repeat(np.arange(count, dtype=np.uint8) * 8, 64 * 64).tobytes()
    command = [ffmpeg, "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x64", "-r", "12", "-i", "-"]
    command += ["-vf", filter, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    out = subprocess.run(command, input=clip, capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, 64 * 64).mean(1)


changed = False
for count in (8, 16, 24):
    for mode in ("mci", "blend", "dup"):
        greys = double(count, f"minterpolate=fps=24:mi_mode={mode}")
        last = greys[-1] / 8
        print(f"{count} frames, {mode}: {len(greys)} come out, the last is original {last:.2f} of {count - 1}")
        changed |= len(greys) != 2 * count - 3 or last > count - 1.9
    for filter in ("fps=24", "framerate=fps=24"):
        changed |= len(double(count, filter)) != 2 * count
sys.exit("the behaviour has changed" if changed else 0)
PY
