//! What is played: chords, the melody, and the bars of every part.

use super::form::{BAR, BEAT, FORM, METER, Part};
use super::voice::{self, Noise};
use super::{Score, hertz};

/// A chord: the bass note and three upper notes, as MIDI numbers.
pub type Chord = [u8; 4];
const AM: Chord = [45, 60, 64, 67];
const F: Chord = [41, 60, 65, 69];
const C: Chord = [48, 60, 64, 67];
const G: Chord = [43, 59, 62, 67];
const EM: Chord = [40, 59, 64, 67];
const DM: Chord = [50, 57, 62, 65];
/// One chord a bar.
pub const CHORDS: [Chord; 27] = [
    AM, F, C, G, // intro
    AM, AM, F, G, // build
    AM, F, C, G, AM, F, DM, EM, // drop
    F, C, DM, EM, // break
    AM, F, C, G, // drop
    F, G, AM, // end
];

/// The melody of drops, break and end: (bar, beat, length in beats, MIDI number).
pub const MELODY: [(usize, f64, f64, u8); 50] = [
    (8, 0.0, 1.5, 76),
    (8, 1.5, 0.5, 74),
    (8, 2.0, 1.0, 72),
    (8, 3.0, 1.0, 74),
    (9, 0.0, 1.5, 72),
    (9, 1.5, 1.5, 69),
    (9, 3.0, 1.0, 72),
    (10, 0.0, 1.5, 79),
    (10, 1.5, 0.5, 76),
    (10, 2.0, 1.0, 74),
    (10, 3.0, 1.0, 76),
    (11, 0.0, 2.0, 74),
    (11, 2.0, 0.5, 71),
    (11, 2.5, 0.5, 72),
    (11, 3.0, 1.0, 74),
    (12, 0.0, 1.5, 76),
    (12, 1.5, 0.5, 74),
    (12, 2.0, 1.0, 72),
    (12, 3.0, 1.0, 76),
    (13, 0.0, 1.5, 77),
    (13, 1.5, 1.5, 76),
    (13, 3.0, 1.0, 72),
    (14, 0.0, 1.5, 74),
    (14, 1.5, 0.5, 77),
    (14, 2.0, 2.0, 81),
    (15, 0.0, 2.5, 79),
    (15, 2.5, 1.5, 71),
    (16, 0.0, 3.0, 81),
    (17, 0.0, 2.0, 79),
    (17, 2.0, 2.0, 76),
    (18, 0.0, 3.0, 77),
    (19, 0.0, 2.0, 76),
    (19, 2.0, 2.0, 71),
    (20, 0.0, 1.5, 76),
    (20, 1.5, 0.5, 74),
    (20, 2.0, 1.0, 72),
    (20, 3.0, 1.0, 74),
    (21, 0.0, 1.5, 72),
    (21, 1.5, 1.5, 69),
    (21, 3.0, 1.0, 72),
    (22, 0.0, 1.5, 79),
    (22, 1.5, 0.5, 81),
    (22, 2.0, 1.0, 83),
    (22, 3.0, 1.0, 79),
    (23, 0.0, 2.0, 81),
    (23, 2.0, 1.0, 79),
    (23, 3.0, 1.0, 74),
    (24, 0.0, 2.5, 72),
    (25, 0.0, 2.5, 71),
    (26, 0.0, 4.0, 69),
];

/// How loud the melody is in a bar.
pub fn melody_gain(bar: usize) -> f32 {
    let mut first = 0;
    let part = FORM.iter().find(|(_, bars)| {
        first += bars;
        bar < first
    });
    match part {
        Some((Part::Break, _)) => 0.09,
        Some((Part::End, _)) => 0.06,
        _ => 0.2,
    }
}

/// A bar of a part, the `index`-th of `count`, at `time` seconds.
pub fn bar(
    score: &mut Score,
    part: Part,
    (index, count): (usize, usize),
    (time, chord): (f64, Chord),
    noise: &mut Noise,
) {
    match part {
        Part::Intro => {
            pads(score, time, chord, 0.024, 800.0);
            plucks(score, time, chord, (2 * METER, 1800.0));
            score.tones.add(time, 0.1, 0.0, &voice::bass(hertz(chord[0]), BAR as f32));
        }
        Part::Build => build(score, (index, count), (time, chord), noise),
        Part::Drop => {
            if index == 0 {
                score.drums.add(time, 0.16, 0.1, &voice::crash(noise));
            }
            drop(score, time, chord, noise);
        }
        Part::Break => {
            pads(score, time, chord, 0.026, 1100.0);
            score.tones.add(time, 0.1, 0.0, &voice::bass(hertz(chord[0]), BAR as f32));
        }
        Part::End => {
            pads(score, time, chord, 0.022, 800.0);
            plucks(score, time, chord, (2 * METER * (count - index - 1) / count, 1500.0));
            score.tones.add(time, 0.12, 0.0, &voice::bass(hertz(chord[0]), BAR as f32));
        }
    }
}

/// The first `count` eighths of a bar, plucked; `bright` in hertz.
fn plucks(score: &mut Score, time: f64, chord: Chord, (count, bright): (usize, f32)) {
    for eighth in 0..count {
        let note = chord[1 + [0, 2, 1, 2][eighth % 4]] + if eighth == 0 { 0 } else { 12 };
        let (gain, pan) = if eighth % 2 == 0 { (0.085, -0.25) } else { (0.03, 0.35) };
        score.tones.add(time + eighth as f64 * BEAT / 2.0, gain, pan, &voice::pluck(hertz(note), bright));
    }
}

/// Kick, hats and a roll of snares: on the second and fourth beats, then on all, on eighths and on sixteenths.
fn build(score: &mut Score, (index, count): (usize, usize), (time, chord): (f64, Chord), noise: &mut Noise) {
    let risen = (index + 1) as f32 / count as f32;
    pads(score, time, chord, 0.02 + 0.01 * risen, 900.0 + 1800.0 * risen);
    plucks(score, time, chord, (2 * METER, 1500.0 + 2500.0 * risen));
    let last = index + 1 == count;
    for beat in 0..METER {
        let at = time + beat as f64 * BEAT;
        if !last || beat < METER - 2 {
            score.drums.add(at, 0.42, 0.0, &voice::kick());
        }
        for eighth in 0..2 {
            let gain = if eighth == 0 { 0.05 } else { 0.12 };
            score.drums.add(at + f64::from(eighth) * BEAT / 2.0, gain, 0.3, &voice::hat(noise, 0.03));
        }
        let strokes = match (index * 4 / count, beat % 2) {
            (0, 0) => 0,
            (0, _) | (1, _) => 1,
            (2, _) => 2,
            _ => 4,
        };
        for stroke in 0..strokes {
            let at = at + f64::from(stroke) * BEAT / f64::from(strokes);
            let gain = (0.06 + 0.16 * risen) * if stroke == 0 { 1.0 } else { 0.7 };
            score.drums.add(at, gain, -0.05, &voice::snare(noise));
        }
    }
    if index == 0 {
        score.drums.add(time, 0.22, 0.0, &voice::riser(noise, (count as f64 * BAR) as f32));
    }
}

fn drop(score: &mut Score, time: f64, chord: Chord, noise: &mut Noise) {
    pads(score, time, chord, 0.05, 2200.0);
    for beat in 0..METER {
        let at = time + beat as f64 * BEAT;
        score.drums.add(at, if beat == 0 { 1.05 } else { 0.95 }, 0.0, &voice::kick());
        if beat % 2 == 1 {
            score.drums.add(at, 0.5, 0.05, &voice::snare(noise));
        }
        for sixteenth in 0..4 {
            let (gain, decay) = [(0.1, 0.02), (0.06, 0.015), (0.2, 0.07), (0.07, 0.015)][sixteenth];
            score.drums.add(at + sixteenth as f64 * BEAT / 4.0, gain, 0.3, &voice::hat(noise, decay));
        }
        for (eighth, octave) in [(0.0, 0), (0.5, 12)] {
            let sound = voice::bass(hertz(chord[0] + octave), (BEAT * 0.48) as f32);
            score.tones.add(at + eighth * BEAT, 0.31, 0.0, &sound);
        }
        let note = chord[1 + beat % 3] + 12;
        let pan = if beat % 2 == 0 { 0.5 } else { -0.5 };
        score.tones.add(at + BEAT / 2.0, 0.08, pan, &voice::pluck(hertz(note), 4000.0));
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
