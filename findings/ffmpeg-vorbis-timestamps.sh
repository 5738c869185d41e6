#!/usr/bin/env bash
# Timestamps of the frames of an Ogg Vorbis track with clicks, decoded by PyAV 18.1.0 (FFmpeg 8.1.2).
# Expected: each frame begins where the one before it ended; a gap in the timestamps means lost sound.
# Seen: around six of eight clicks, where Vorbis changes between long and short blocks, two frames of 576 samples claim to begin
# 448 samples (10.2 ms) late, and the next is back in place: a gap and an overlap, though nothing is missing; all samples are
# there, in their places.
# Why it matters: a decoder that honours timestamps fills the gap with silence right beside the beats, and moves onsets by up to
# 10 ms; the steadier the music, the fewer there are, so a sine test is clean.
# beatbolt takes a stretch for displaced only if the one behind it agrees (src/audio/decode/ffmpeg/delivery.rs).
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

RATE, CLICKS = 44100, 8
track = np.zeros(RATE * CLICKS // 2)
places = [RATE // 4 + k * RATE // 2 for k in range(CLICKS)]
for place in places:
    track[place : place + 2000] = np.random.default_rng(place).uniform(-0.6, 0.6, 2000) * np.linspace(1, 0, 2000)
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
subprocess.run([*command, "-c:a", "libvorbis", "track.ogg"], input=(track * 32767).astype("<i2").tobytes(), check=True)

position, late, samples = 0, [], []
with av.open("track.ogg") as file:
    for frame in file.decode(audio=0):
        off = frame.pts - position
        if off:
            late.append((position, off))
        position += frame.samples
        samples.append(frame.to_ndarray()[0])
decoded = np.concatenate(samples)
lag = int(np.argmax(np.correlate(decoded, track[100:-100], "valid"))) - 100

print("FFmpeg of PyAV", av.__version__, "is", av.ffmpeg_version_info)
print(f"{len(decoded)} samples of {len(track)}, best match with the original at a shift of {lag}")
for position, off in late:
    print(f"frame at sample {position} ({position / RATE:.3f} s) says it is {off} samples late ({1000 * off / RATE:.1f} ms)")
same = len(decoded) == len(track) and lag == 0 and len(late) == 12 and {off for _, off in late} == {448}
sys.exit(0 if same else "the behaviour has changed")
PY
