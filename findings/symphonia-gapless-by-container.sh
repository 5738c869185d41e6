#!/usr/bin/env bash
# Where a click at 0.5 s comes out of symphonia 0.6.1: one MP3 stream in three containers, and AAC and ALAC in M4A.
# Expected: gapless playback is on by default, so the encoder's delay is gone wherever the file tells it: by the LAME tag in .mp3,
# by the edit list in MP4, by CodecDelay in Matroska.
# Seen: .mp3 is right; the same packets in MP4 and in Matroska are 1105 samples (25 ms) late, AAC in M4A 1024 (23 ms), ALAC is
# right. The track tells no delay there; in MP4 the timestamps start at 0, too (the edit list isn't used), in Matroska at -25 ms.
# Why it matters: beats found in the decoded sound of an M4A are 23 ms late for every player, and the offset depends on the
# container, so one correction for all makes it worse.
# beatbolt lets FFmpeg decode all that is in MP4 or Matroska (src/audio/decode/mod.rs, native.rs). Needs cargo.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile imageio-ffmpeg==0.8.1 numpy==2.4.6
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$tmp/target}"
mkdir "$tmp/src"
cd "$tmp"
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
symphonia = { version = "=0.6.1", default-features = false, features = ["aac", "alac", "isomp4", "mkv", "mp3", "pcm", "wav"] }
[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use std::error::Error;
use std::fs::File;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{probe::Hint, FormatOptions};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Decodes every file; prints its first timestamp and the delay that the track tells.
fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let stream = MediaSourceStream::new(Box::new(File::open(&path)?), Default::default());
        let options = (FormatOptions::default(), MetadataOptions::default());
        let mut reader = symphonia::default::get_probe().probe(&Hint::new(), stream, options.0, options.1)?;
        let track = &reader.tracks()[0];
        let (delay, params) = (track.delay, track.codec_params.as_ref().and_then(|p| p.audio()).ok_or("no audio")?);
        let mut decoder =
            symphonia::default::get_codecs().make_audio_decoder(params, &AudioDecoderOptions::default())?;
        let (mut samples, mut part, mut first) = (Vec::new(), Vec::new(), None);
        while let Some(packet) = reader.next_packet()? {
            first.get_or_insert(packet.pts.get());
            decoder.decode(&packet)?.copy_to_vec_interleaved::<f32>(&mut part);
            samples.append(&mut part);
        }
        std::fs::write(format!("{path}.f32"), samples.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
        println!("{path} {} {:?}", first.unwrap_or(0), delay);
    }
    Ok(())
}
RS
cat > run.py <<'PY'
import os
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

RATE = 44100
track = np.zeros(2 * RATE)
track[RATE // 2 : RATE // 2 + 200] = np.random.default_rng(1).uniform(-0.6, 0.6, 200) * np.linspace(1, 0, 200)


def ffmpeg(*arguments):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    subprocess.run([*command, *arguments], input=(track * 32767).astype("<i2").tobytes(), check=True)


files = {"mp3.mp3": "libmp3lame", "mp3.mp4": "libmp3lame", "mp3.mkv": "libmp3lame", "aac.m4a": "aac", "alac.m4a": "alac", "pcm.wav": "pcm_s16le"}
for name, encoder in files.items():
    ffmpeg("-c:a", encoder, name)
print("symphonia 0.6.1 | files by FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
program = os.path.join(os.environ["CARGO_TARGET_DIR"], "debug", "finding")
lines = subprocess.run([program, *files], capture_output=True, text=True, check=True).stdout.splitlines()
late = {}
for line in lines:
    name, first, delay = line.split(" ", 2)
    decoded = np.fromfile(f"{name}.f32", "<f4")[: len(track)]
    # Where the decoded sound matches the click best.
    match = int(np.argmax(np.correlate(decoded, track[RATE // 2 : RATE // 2 + 200], "valid")))
    late[name] = match - RATE // 2
    print(f"{name}: click {late[name]} samples late, first timestamp {first}, delay of the track {delay}")
due = {"mp3.mp3": 0, "mp3.mp4": 1105, "mp3.mkv": 1105, "aac.m4a": 1024, "alac.m4a": 0, "pcm.wav": 0}
sys.exit(0 if late == due else "the behaviour has changed")
PY
cargo build -q
venv/bin/python run.py
