#!/usr/bin/env bash
# The priority at which x265 (in PyAV 17.1.0) works, beside x264: the nice values of this process's threads while each encodes.
# Expected: an encoder's threads have the priority of the program that opened it, as x264's do.
# Seen: x265's workers have raised their nice value by 10 by themselves; x264's have that of the program.
# Why it matters: on a computer that is busy a handful of HEVC frames wait for minutes behind other people's work, so a speed trial by the
# clock says hours for a video that takes a minute; and a program that lowers its encoder's threads itself comes on top of it.
# beatbolt's estimates count the processor's time where it is less than the clock's (src/timing.rs).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile av==17.1.0 numpy==2.4.6
cat > "$tmp/run.py" <<'PY'
import io, os, sys

import av
import numpy as np

own = os.getpriority(os.PRIO_PROCESS, 0)


def above_own(codec):
    """How much higher the nice values of this process's threads are while `codec` encodes: a set."""
    before = set(os.listdir("/proc/self/task"))
    file = av.open(io.BytesIO(), "w", "matroska")
    stream = file.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
    if codec == "libx265":
        stream.options = {"x265-params": "log-level=none:pools=2"}
    noise = np.random.default_rng(1)
    found = set()
    for _ in range(12):
        picture = av.VideoFrame.from_ndarray(noise.integers(0, 256, (360, 640, 3), np.uint8))
        for packet in stream.encode(picture):
            file.mux(packet)
        for thread in set(os.listdir("/proc/self/task")) - before:
            fields = open(f"/proc/self/task/{thread}/stat").read().rsplit(")", 1)[1].split()
            found.add(int(fields[16]) - own)
    for packet in stream.encode():
        file.mux(packet)
    file.close()
    return found


print("PyAV", av.__version__, "| libavcodec", ".".join(map(str, av.library_versions["libavcodec"])))
seen = {codec: above_own(codec) for codec in ("libx264", "libx265")}
for codec, values in seen.items():
    print(f"{codec}: its threads' nice values above the program's: {sorted(values)}")
sys.exit(0 if seen["libx264"] == {0} and 10 in seen["libx265"] else "the behaviour has changed")
PY
"$tmp/venv/bin/python" "$tmp/run.py"
