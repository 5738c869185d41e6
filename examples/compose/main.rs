//! Composes "first light", the track that ships with beatbolt.
//!
//! Everything is computed here, so the music is as free as the program. To make the shipped file anew:
//!
//! ```sh
//! cargo run --release --example compose -- examples/out/first-light.wav
//! ffmpeg -y -i examples/out/first-light.wav -c:a aac -b:a 128k -map_metadata -1 -fflags +bitexact \
//!     -metadata title="first light" -metadata artist="beatbolt" examples/first-light.m4a
//! ```

mod form;
mod voice;

use form::{BAR, BEAT, FORM, METER, Part, kicks};
use voice::{Noise, RATE};

/// A chord: the bass note and three upper notes, as MIDI numbers.
type Chord = [u8; 4];
const AM: Chord = [45, 60, 64, 67];
const F: Chord = [41, 60, 65, 69];
const C: Chord = [48, 60, 64, 67];
const G: Chord = [43, 59, 62, 67];
const EM: Chord = [40, 59, 64, 67];
/// One chord a bar.
const CHORDS: [Chord; 13] = [AM, F, G, AM, F, C, G, EM, F, G, AM, F, AM];
/// The melody of the loud bars: (bar, beat, length in beats, MIDI number).
const MELODY: [(usize, f64, f64, u8); 25] = [
    (3, 0.0, 1.5, 76),
    (3, 1.5, 0.5, 74),
    (3, 2.0, 1.0, 72),
    (3, 3.0, 1.0, 74),
    (4, 0.0, 1.5, 72),
    (4, 1.5, 1.5, 69),
    (4, 3.0, 1.0, 72),
    (5, 0.0, 1.5, 79),
    (5, 1.5, 0.5, 76),
    (5, 2.0, 1.0, 74),
    (5, 3.0, 1.0, 76),
    (6, 0.0, 2.0, 74),
    (6, 2.0, 0.5, 71),
    (6, 2.5, 0.5, 72),
    (6, 3.0, 1.0, 74),
    (7, 0.0, 2.5, 71),
    (7, 2.5, 1.0, 67),
    (10, 0.0, 1.5, 76),
    (10, 1.5, 0.5, 79),
    (10, 2.0, 1.0, 81),
    (10, 3.0, 1.0, 79),
    (11, 0.0, 1.5, 77),
    (11, 1.5, 1.5, 76),
    (11, 3.0, 1.0, 72),
    (12, 0.0, 4.0, 76),
];

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
            let time = bar as f64 * BAR;
            match part {
                Part::Quiet => quiet_bar(&mut score, time, CHORDS[bar]),
                Part::Loud => {
                    loud_bar(&mut score, time, CHORDS[bar], &mut noise);
                    if index == 0 {
                        score.drums.add(time, 0.16, 0.1, &voice::crash(&mut noise));
                    }
                }
            }
            bar += 1;
        }
    }
    for (bar, beat, length, note) in MELODY {
        let time = bar as f64 * BAR + beat * BEAT;
        let sound = voice::lead(hertz(note), (length * BEAT) as f32);
        score.tones.add(time, 0.2, 0.0, &sound);
        // An echo three eighths later, on the other side each time.
        score.tones.add(time + 1.5 * BEAT, 0.06, -0.7, &sound);
        score.tones.add(time + 3.0 * BEAT, 0.03, 0.7, &sound);
    }
    score
}

fn quiet_bar(score: &mut Score, time: f64, chord: Chord) {
    pads(score, time, chord, 0.024, 800.0);
    for eighth in 0..2 * METER {
        let note = chord[1 + [0, 2, 1, 2][eighth % 4]] + if eighth == 0 { 0 } else { 12 };
        let gain = if eighth % 2 == 0 { 0.085 } else { 0.03 };
        let pan = if eighth % 2 == 0 { -0.25 } else { 0.35 };
        score.tones.add(time + eighth as f64 * BEAT / 2.0, gain, pan, &voice::pluck(hertz(note), 1800.0));
    }
    score.tones.add(time, 0.1, 0.0, &voice::bass(hertz(chord[0]), BAR as f32));
}

fn loud_bar(score: &mut Score, time: f64, chord: Chord, noise: &mut Noise) {
    pads(score, time, chord, 0.05, 2200.0);
    for beat in 0..METER {
        let at = time + beat as f64 * BEAT;
        score.drums.add(at, if beat == 0 { 0.95 } else { 0.85 }, 0.0, &voice::kick());
        if beat % 2 == 1 {
            score.drums.add(at, 0.5, 0.05, &voice::snare(noise));
        }
        for sixteenth in 0..4 {
            let (gain, decay) = [(0.1, 0.02), (0.06, 0.015), (0.2, 0.07), (0.07, 0.015)][sixteenth];
            score.drums.add(at + sixteenth as f64 * BEAT / 4.0, gain, 0.3, &voice::hat(noise, decay));
        }
        for (eighth, octave) in [(0.0, 0), (0.5, 12)] {
            let sound = voice::bass(hertz(chord[0] + octave), (BEAT * 0.48) as f32);
            score.tones.add(at + eighth * BEAT, 0.34, 0.0, &sound);
        }
        let note = chord[1 + beat % 3] + 12;
        score.tones.add(
            at + BEAT / 2.0,
            0.08,
            if beat % 2 == 0 { 0.5 } else { -0.5 },
            &voice::pluck(hertz(note), 4000.0),
        );
    }
}

fn pads(score: &mut Score, time: f64, chord: Chord, gain: f32, bright: f32) {
    for note in &chord[1..] {
        for side in [-1.0, 1.0] {
            let sound = voice::pad(hertz(*note), (BAR + 0.3) as f32, bright, side);
            score.tones.add((time - 0.1).max(0.0), gain, 0.6 * side, &sound);
        }
    }
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
