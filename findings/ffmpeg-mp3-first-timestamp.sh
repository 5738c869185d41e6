#!/usr/bin/env bash
# The time of the first sample of one MP3 stream: as .mp3, in MP4 and in Matroska, by PyAV 18.1.0 (FFmpeg 8.1.2).
# Expected: one answer. The LAME tag tells how many samples the encoder put in front; the first one behind them begins at 0.
# Seen: in the .mp3 they are dropped, but the first frame keeps the timestamp 0.0251 s (1105 samples), and so do all that follow.
# The same packets copied into MP4 begin at 0 without them. Copied into Matroska they begin at 0 with them: all 1105 samples are
# heard. A click at 0.5 s lies at 0.522, 0.497 and 0.522 s by the timestamps, at sample 21924, 21924, 23029.
# Why it matters: beats placed by frame.time are 25 ms late for .mp3, more than half a frame at 24 a second, and a track that is
# copied beside the pictures moves by as much with the container.
# beatbolt counts from the first sample that is heard, which it asks the decoder for (first_sample in src/video/sound.rs).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import subprocess
import sys

import av
import imageio_ffmpeg
import numpy as np

RATE = 44100
# A click every half second.
sound = np.zeros(2 * RATE)
for second in (0.5, 1.0, 1.5):
    start = int(second * RATE)
    sound[start : start + 200] = np.random.default_rng(1).uniform(-0.6, 0.6, 200) * np.linspace(1, 0, 200)
pcm = (sound * 32767).astype("<i2").tobytes()


def ffmpeg(*arguments, data=None):
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], input=data, check=True)


ffmpeg("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-c:a", "libmp3lame", "track.mp3", data=pcm)
for ending in ("mp4", "mkv"):
    ffmpeg("-i", "track.mp3", "-c", "copy", f"track.{ending}")

print("FFmpeg of PyAV", av.__version__, "is", av.ffmpeg_version_info)
seen = {}
for ending in ("mp3", "mp4", "mkv"):
    with av.open(f"track.{ending}") as file:
        frames = list(file.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    click = int(np.argmax(abs(samples) > 0.1))
    seen[ending] = round(frames[0].time, 3), click
    print(f".{ending}: first frame at {frames[0].time:.4f} s; the click at 0.5 s is sample {click} ({click / RATE:.4f} s), by timestamps {click / RATE + frames[0].time:.4f} s")
same = seen == {"mp3": (0.025, 21924), "mp4": (0.0, 21924), "mkv": (0.0, 23029)}
sys.exit(0 if same else "the behaviour has changed")
PY
