#!/usr/bin/env bash
# MIDI files whose division counts frames of time code, in mido 1.3.3 and pretty_midi 0.2.11.
# Expected: a division of E7 28 (25 frames a second, 40 ticks a frame: a tick is 1 ms) is understood, or refused with a word about
# it. A note of 1000 ticks lasts one second.
# Seen: mido takes both bytes as one signed number, -6360 ticks a beat, and computes a length of -0.079 s without an error;
# pretty_midi, which reads through mido, stops with "Note end time must be greater than start time", which sends one looking for a
# broken note.
# Why it matters: hardware and film programs export such files; envelopes made of them would run backwards.
# beatbolt refuses the division by its sign and says what to export instead (src/audio/midi.rs).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile mido==1.3.3 pretty_midi==0.2.11.post0 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import mido
import pretty_midi

track = bytes.fromhex("00903c40 8768803c00 00ff2f00")  # note on, 1000 ticks later off, end
header = b"MThd" + (6).to_bytes(4, "big") + bytes.fromhex("0000 0001 e728")
with open("timecode.mid", "wb") as file:
    file.write(header + b"MTrk" + len(track).to_bytes(4, "big") + track)

midi = mido.MidiFile("timecode.mid")
print("mido", version("mido"), "ticks_per_beat", midi.ticks_per_beat, "length", midi.length)
try:
    notes = pretty_midi.PrettyMIDI("timecode.mid").instruments[0].notes
    said = f"{notes}"
except ValueError as error:
    said = f"ValueError: {error}"
print("pretty_midi", version("pretty_midi"), said)

same = midi.ticks_per_beat == -6360 and abs(midi.length + 0.0786) < 1e-4 and "end time must be greater" in said
sys.exit(0 if same else "the behaviour has changed")
PY
