#!/usr/bin/env bash
# 30 takes of 16 frames, each an MP4 with its own AAC, joined by FFmpeg 9.0.2's concat demuxer and -c copy.
# Expected: each take's edit list cuts what the encoder put before and behind its sound, so 30 takes of 0.667 s last 20 s.
# Seen: pictures are right (480 frames, 20.0 s) and the packets' timestamps claim 20.02 s of sound without a gap, so every check
# of the file passes; but its 900 packets decode to 20.90 s: 30 ms of priming and padding a take stay in. Decoders that follow the
# samples, as sound cards do, are 0.9 s late at the end.
# Why it matters: music videos are rendered in takes and joined; half a beat is lost every ten seconds.
# beatbolt writes pictures and the whole track's packets into one file, and never joins sound (src/video/movie.rs).
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

TAKES, FRAMES, RATE, SAMPLES = 30, 16, 24, 44100


def ffmpeg(*arguments):
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True)


length = FRAMES / RATE
ffmpeg("-f", "lavfi", "-i", f"testsrc=s=64x64:r={RATE}", "-f", "lavfi", "-i", f"sine=440:r={SAMPLES}", "-t", str(length),
       "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "take.mp4")
with open("list.txt", "w") as file:
    file.write("file take.mp4\n" * TAKES)
ffmpeg("-f", "concat", "-i", "list.txt", "-c", "copy", "joined.mp4")

with av.open("joined.mp4") as joined:
    packets = [p for p in joined.demux() if p.pts is not None]
    pictures = [p for p in packets if p.stream.type == "video"]
    sound = [p for p in packets if p.stream.type == "audio"]
    ends = [float((p.pts + p.duration) * p.time_base) for p in sound]
    gap = max(float(b.pts * b.time_base) - end for b, end in zip(sound[1:], ends))
with av.open("joined.mp4") as joined:
    decoded = sum(frame.samples for frame in joined.decode(audio=0)) / SAMPLES

print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version(), "| read by PyAV", av.__version__)
print(f"due {TAKES * length:.3f} s | {len(pictures)} frames | sound by its timestamps {max(ends):.3f} s, longest gap {gap * 1000:.2f} ms")
print(f"{len(sound)} packets of sound decode to {decoded:.3f} s: {decoded - TAKES * length:.3f} s too much")
same = len(pictures) == 480 and abs(max(ends) - 20.023) < 0.01 and gap < 0.001 and abs(decoded - 20.898) < 0.01
sys.exit(0 if same else "the behaviour has changed")
PY
