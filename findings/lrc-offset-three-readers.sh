#!/usr/bin/env bash
# [offset:5000] in an LRC file, read by FFmpeg 9.0.2 and by pylrc 0.1.2.
# Expected: the tag is in milliseconds and positive shows the words earlier, so a line at 10 s comes at 5 s.
# Seen: FFmpeg moves it by 5 ms (9.995 s: a thousandth of what is written; 500 moves nothing at all), pylrc by the whole 5 s in
# the other direction (15 s). Neither says a word.
# Why it matters: prompts or captions that follow the lyrics lie off by up to twice the offset, and a check of one reader against
# the other can't find out which is right.
# beatbolt reads LRC itself (src/audio/lyrics.rs): milliseconds, positive is earlier.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1 pylrc==0.1.2
cd "$tmp"
venv/bin/python - <<'PY'
import re
import subprocess
import sys

import imageio_ffmpeg
import pylrc

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version(), "| pylrc 0.1.2 | a line at [00:10.00]")


def by_ffmpeg(path):
    srt = subprocess.run([ffmpeg, "-v", "error", "-i", path, "-f", "srt", "-"], capture_output=True, text=True, check=True)
    h, m, s, ms = re.search(r"(\d+):(\d+):(\d+),(\d+) -->", srt.stdout).groups()
    return int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000


seen = {}
for offset in (500, 5000, -5000):
    text = f"[ti:song]\n[offset:{offset}]\n[00:10.00]first\n[00:12.50]second\n"
    with open("song.lrc", "w") as file:
        file.write(text)
    seen[offset] = (by_ffmpeg("song.lrc"), pylrc.parse(text)[0].time)
    print(f"offset {offset:6}: due {10 - offset / 1000:6.3f} s, FFmpeg {seen[offset][0]:6.3f} s, pylrc {seen[offset][1]:6.3f} s")

same = seen == {500: (10.0, 10.5), 5000: (9.995, 15.0), -5000: (10.005, 5.0)}
sys.exit(0 if same else "the behaviour has changed")
PY
