#!/usr/bin/env bash
# A mono WAV of 24 bits, written by hound 3.5.1, and encoded by FFmpeg 9.0.2.
# Expected: mono is mono.
# Seen: above 16 bits hound writes the extensible header and fills the speaker mask from the left, so that one channel is "front
# left". FFmpeg's AAC encoder and libopus refuse that ("Unsupported channel layout"), FLAC, ALAC and MP3 take it; the same sound
# with 16 bits (no mask), or with the mask of the centre, goes into all of them.
# Why it matters: a rendered stem or a track in 24 bits can't become the sound of a video, for one bit in its header, and 16-bit
# tests never meet it.
# beatbolt takes what has one channel for the centre speaker (src/audio/decode/native.rs). Needs cargo.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$tmp/target}"
mkdir "$tmp/src"
cd "$tmp"
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
hound = "=3.5.1"
[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
fn main() -> Result<(), hound::Error> {
    for bits in [16, 24] {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 44100,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(format!("mono{bits}.wav"), spec)?;
        for k in 0..44100 {
            wav.write_sample(((k as f64 * 0.06).sin() * f64::from(1 << (bits - 2))) as i32)?;
        }
        wav.finalize()?;
    }
    Ok(())
}
RS
cargo run -q
venv/bin/python - <<'PY'
import subprocess
import sys

import imageio_ffmpeg

print("hound 3.5.1 | FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
with open("mono24.wav", "rb") as file:
    wav = bytearray(file.read())
at = wav.index(b"fmt ") + 8 + 20
mask = int.from_bytes(wav[at : at + 4], "little")
print("speaker mask of the 24-bit file:", mask, "(1 is front left, 4 the centre)")
wav[at : at + 4] = (4).to_bytes(4, "little")
with open("centre24.wav", "wb") as file:
    file.write(wav)

seen = {}
for name in ("mono16", "mono24", "centre24"):
    takes = []
    for encoder, ending in (("aac", "m4a"), ("libopus", "opus"), ("flac", "flac"), ("alac", "m4a"), ("libmp3lame", "mp3")):
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", f"{name}.wav", "-c:a", encoder, f"out.{ending}"]
        done = subprocess.run(command, capture_output=True, text=True)
        takes.append(encoder) if done.returncode == 0 else print(f"{name}, {encoder}:", done.stderr.splitlines()[0].split("] ")[-1])
    seen[name] = takes
    print(f"{name} is taken by", *takes)
everyone = ["aac", "libopus", "flac", "alac", "libmp3lame"]
same = mask == 1 and seen == {"mono16": everyone, "mono24": everyone[2:], "centre24": everyone}
sys.exit(0 if same else "the behaviour has changed")
PY
