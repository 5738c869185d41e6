#!/usr/bin/env bash
# Beats as markers in an EDL, by OpenTimelineIO 0.18.1 with otio-cmx3600-adapter 1.0.0.
# Expected: a beat 7 frames into a shot at 00:00:04:01 of the film stands in the EDL as LOC 00:00:04:08, where it is to be seen;
# and what is written can be read back at every rate.
# Seen: LOC has the time in the clip's own medium (00:00:40:07 for a shot that uses its file from frame 1000 on; every shot that
# was cut from the middle of a file is off by where it was cut). At 29.97 and 59.94 it is written with ";" (drop frame) and read
# back without an error and without a single marker; at 23.976 all are there.
# Why it matters: a music video's beat grid is handed to an editor in this way, and arrives in the wrong places or not at all.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile opentimelineio==0.18.1 otio-cmx3600-adapter==1.0.0
cd "$tmp"
venv/bin/python - <<'PY'
import re
import sys
from importlib.metadata import version

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange


def film(rate):
    """Two shots of 101 frames; the second uses its file from frame 1000 on. A marker 7 frames into each."""
    timeline = otio.schema.Timeline("film", global_start_time=RationalTime(0, rate))
    track = otio.schema.Track("V", kind="Video")
    timeline.tracks.append(track)
    for number, first in enumerate((0, 1000)):
        whole = TimeRange(RationalTime(0, rate), RationalTime(9000, rate))
        clip = otio.schema.Clip(f"shot{number}", otio.schema.ExternalReference("file:///a.mp4", whole))
        clip.source_range = TimeRange(RationalTime(first, rate), RationalTime(101, rate))
        clip.markers.append(otio.schema.Marker(f"beat{number}", TimeRange(RationalTime(first + 7, rate), RationalTime(1, rate))))
        track.append(clip)
    return timeline


print("OpenTimelineIO", otio.__version__, "otio-cmx3600-adapter", version("otio-cmx3600-adapter"))
read_back = {}
for rate in (25, 24000 / 1001, 30000 / 1001, 60000 / 1001):
    edl = otio.adapters.write_to_string(film(rate), "cmx_3600", rate=rate)
    back = otio.adapters.read_from_string(edl, "cmx_3600", rate=rate)
    marks = [marker for clip in back.find_clips() for marker in clip.markers]
    locs = re.findall(r"LOC: (\S+)", edl)
    read_back[round(rate, 2)] = len(marks)
    print(f"at {rate:.3f}: written as {locs}, markers read back: {len(marks)} of 2")
    if rate == 25:
        code = locs[1]
due = str(RationalTime(101 + 7, 25).to_timecode())
print("due in the film's time code at 25 for the second:", due)
same = code == "00:00:40:07" and due == "00:00:04:08" and read_back == {25: 2, 23.98: 2, 29.97: 0, 59.94: 0}
sys.exit(0 if same else "the behaviour has changed")
PY
