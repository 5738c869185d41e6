#!/usr/bin/env bash
# A timeline at 30000/1001, written as FCPXML by OpenTimelineIO 0.18.1 with otio-fcpx-xml-adapter 1.0.0.
# Expected: <format frameDuration="1001/30000s">; all other times in the file are such exact fractions.
# Seen: frameDuration is an empty string for 30000/1001, 24000/1001 and 60000/1001 (their exact values, as OpenTimelineIO hands
# them out), and the adapter itself can't read what it wrote (ValueError), as with 23.976. With the rounded 29.97 it writes
# 1001/30000s, as it should, and reads that back as 97 frames at 29. Whole rates are right.
# Why it matters: video for broadcast runs at these rates; cuts that are planned on such a timeline and come back at another rate
# don't lie on the beat any more, and an editor gets a project without a frame rate.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile opentimelineio==0.18.1 otio-fcpx-xml-adapter==1.0.0
cd "$tmp"
venv/bin/python - <<'PY'
import re
import sys
from importlib.metadata import version

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

print("OpenTimelineIO", otio.__version__, "otio-fcpx-xml-adapter", version("otio-fcpx-xml-adapter"))
seen = {}
for rate in (25, 30, 24000 / 1001, 30000 / 1001, 60000 / 1001, 23.976, 29.97):
    timeline = otio.schema.Timeline("film", global_start_time=RationalTime(0, rate))
    track = otio.schema.Track("V", kind="Video")
    timeline.tracks.append(track)
    whole = TimeRange(RationalTime(0, rate), RationalTime(9000, rate))
    clip = otio.schema.Clip("shot", otio.schema.ExternalReference("file:///a.mp4", whole))
    clip.source_range = TimeRange(RationalTime(0, rate), RationalTime(101, rate))
    track.append(clip)
    xml = otio.adapters.write_to_string(timeline, "fcpx_xml")
    frame = re.search(r'frameDuration="([^"]*)"', xml).group(1)
    try:
        back = otio.adapters.read_from_string(xml, "fcpx_xml")
        length = next(iter(back.find_clips())).source_range.duration
        result = f"{length.value:g} frames at {length.rate:g}"
    except ValueError as error:
        result = f"ValueError: {error}"
    seen[rate] = frame, result
    print(f"{rate:8.4f}: frameDuration={frame!r}, read back: {result}")

empty = [rate for rate, (frame, result) in seen.items() if frame == "" and result.startswith("ValueError")]
same = empty == [24000 / 1001, 30000 / 1001, 60000 / 1001, 23.976] and seen[29.97] == ("1001/30000s", "97 frames at 29")
sys.exit(0 if same and seen[25] == ("1/25s", "101 frames at 25") else "the behaviour has changed")
PY
