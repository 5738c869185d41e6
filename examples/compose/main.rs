//! Composes "first light", the track that ships with beatbolt.
//!
//! Everything is computed here, so the music is as free as the program. To make the shipped file anew:
//!
//! ```sh
//! cargo run --release --example compose -- examples/out/first-light.wav
//! ffmpeg -y -i examples/out/first-light.wav -c:a aac -b:a 112k -map_metadata -1 -fflags +bitexact \
//!     -metadata title="first light" -metadata artist="beatbolt" examples/first-light.m4a
//! ```

mod form;
mod parts;
mod voice;

use form::{BAR, BEAT, FORM, kicks};
use parts::{CHORDS, MELODY};
use voice::{Noise, RATE};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "examples/out/first-light.wav".into());
    if let Some(folder) = std::path::Path::new(&path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec)?;
    for [left, right] in master(compose()) {
        writer.write_sample((left * 32_767.0) as i16)?;
        writer.write_sample((right * 32_767.0) as i16)?;
    }
    writer.finalize()?;
    println!("{path}: {} beats, bars at {:.3?}", form::beats().len(), form::downbeats());
    println!("parts change at {:.3?}", form::boundaries());
    Ok(())
}

/// A stereo signal of the length of the piece.
struct Bus(Vec<[f32; 2]>);

impl Bus {
    fn new() -> Self {
        Bus(vec![[0.0; 2]; (form::length() * f64::from(RATE)).round() as usize])
    }

    /// Adds a note at `time` seconds; `pan` from -1 (left) to 1 (right).
    fn add(&mut self, time: f64, gain: f32, pan: f32, note: &[f32]) {
        let start = (time * f64::from(RATE)).round() as usize;
        let sides = [gain * (1.0 - pan).min(1.0), gain * (1.0 + pan).min(1.0)];
        for (slot, value) in self.0.iter_mut().skip(start).zip(note) {
            slot[0] += value * sides[0];
            slot[1] += value * sides[1];
        }
    }
}

/// The instruments in groups that are treated alike.
struct Score {
    drums: Bus,
    tones: Bus,
}

fn compose() -> Score {
    let mut score = Score { drums: Bus::new(), tones: Bus::new() };
    let mut noise = Noise::new(0x5eed);
    let mut bar = 0;
    for (part, bars) in FORM {
        for index in 0..bars {
            parts::bar(&mut score, part, (index, bars), (bar as f64 * BAR, CHORDS[bar]), &mut noise);
            bar += 1;
        }
    }
    for (bar, beat, length, note) in MELODY {
        let time = bar as f64 * BAR + beat * BEAT;
        let sound = voice::lead(hertz(note), (length * BEAT) as f32);
        let gain = parts::melody_gain(bar);
        score.tones.add(time, gain, 0.0, &sound);
        // An echo three eighths later, on the other side each time.
        score.tones.add(time + 1.5 * BEAT, 0.3 * gain, -0.7, &sound);
        score.tones.add(time + 3.0 * BEAT, 0.15 * gain, 0.7, &sound);
    }
    score
}

/// Equal temperament, A = 440 Hz.
fn hertz(note: u8) -> f32 {
    440.0 * ((f32::from(note) - 69.0) / 12.0).exp2()
}

/// Makes room for the kick, adds a little hall, and rounds off the peaks.
fn master(score: Score) -> Vec<[f32; 2]> {
    let mut tones = score.tones.0;
    for kick in kicks() {
        let start = (kick * f64::from(RATE)) as usize;
        for (i, slot) in tones.iter_mut().skip(start).take((0.4 * RATE) as usize).enumerate() {
            let duck = 1.0 - 0.55 * (-(i as f32) / RATE / 0.11).exp();
            *slot = slot.map(|v| v * duck);
        }
    }
    let hall = [0, 1].map(|side| reverb(&tones.iter().map(|s| s[side]).collect::<Vec<_>>(), side));
    let last = tones.len();
    let fade = (form::TAIL * f64::from(RATE)) as usize;
    (0..last)
        .map(|i| {
            let out = ((last - i) as f32 / fade as f32).min(1.0);
            [0, 1].map(|side| {
                let sum = score.drums.0[i][side] * 0.75 + tones[i][side] * 1.1 + hall[side][i] * 0.35;
                (sum * 1.25).tanh() * 0.9 * out
            })
        })
        .collect()
}

/// Four combs and two all-passes (Schroeder 1962).
fn reverb(input: &[f32], side: usize) -> Vec<f32> {
    let mut sum = vec![0.0; input.len()];
    for delay in [1687, 1601, 2053, 2251].map(|d| d + 23 * side) {
        let mut line = vec![0.0; input.len()];
        for i in 0..input.len() {
            line[i] = input[i] + if i >= delay { 0.77 * line[i - delay] } else { 0.0 };
            sum[i] += 0.25 * line[i];
        }
    }
    for delay in [347, 113] {
        let mut out = vec![0.0; sum.len()];
        for i in 0..sum.len() {
            let (x, y) = if i >= delay { (sum[i - delay], out[i - delay]) } else { (0.0, 0.0) };
            out[i] = -0.7 * sum[i] + x + 0.7 * y;
        }
        sum = out;
    }
    sum
}
