#!/usr/bin/env bash
# FFmpeg 9.0.2 writes LRC with 100 hundredths of a second.
# Expected: a line at 59.996 s becomes [01:00.00], or [00:59.99] where it is cut off.
# Seen: [00:59.100]. Three digits behind the point are thousandths to every reader, FFmpeg's own too, so the line comes back at
# 59.100 s: 0.9 s early. Debian's FFmpeg 5.1.9 wrote [01:00.00]. Of all lines, those in the last 5 ms of a second are hit: one in
# two hundred, too few to be met by a short test.
# Why it matters: a word of a lyric video, or the prompt that hangs on it, appears two beats early.
# beatbolt reads such files (src/audio/lyrics.rs) and takes the digits as a fraction, too: it can't know better.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1
cd "$tmp"
venv/bin/python - <<'PY'
import re
import subprocess
import sys

import imageio_ffmpeg

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version())


def convert(source, target):
    subprocess.run([ffmpeg, "-v", "error", "-y", "-i", source, target], check=True)
    with open(target) as file:
        return file.read()


wrong = []
for ms in [59900, 59990, *range(59992, 60001)]:
    with open("in.srt", "w") as file:
        file.write(f"1\n00:00:{ms // 1000 % 60:02},{ms % 1000:03} --> 00:01:05,000\nword\n\n".replace("00:00:00", "00:01:00"))
    lrc = convert("in.srt", "out.lrc")
    tag = re.search(r"\[(\d\d:\d\d\.\d+)\]word", lrc).group(1)
    h, m, s, back = map(int, re.search(r"(\d+):(\d+):(\d+),(\d+) -->", convert("out.lrc", "back.srt")).groups())
    off = m * 60000 + s * 1000 + back - ms
    if abs(off) > 10:
        wrong.append(ms)
        print(f"{ms / 1000:.3f} s is written as [{tag}] and read back {off} ms off")

sys.exit(0 if wrong == [59995, 59996, 59997, 59998, 59999] else f"the behaviour has changed: {wrong}")
PY
