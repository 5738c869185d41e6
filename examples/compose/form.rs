//! The form of "first light": the truth that the tests hold the analysis against.

/// Beats a minute.
pub const BPM: f64 = 124.0;
/// Seconds between two beats.
pub const BEAT: f64 = 60.0 / BPM;
/// Beats in a bar.
pub const METER: usize = 4;
/// Seconds of a bar.
pub const BAR: f64 = BEAT * METER as f64;
/// Seconds that the last chord rings on.
pub const TAIL: f64 = 0.84;

/// A part of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Pad and plucks, no drums, soft.
    Intro,
    /// A kick, a roll that gets denser, a rising noise.
    Build,
    /// All instruments.
    Drop,
    /// Pad and melody alone.
    Break,
    /// Plucks that thin out into the last chord.
    End,
}

/// The parts in order, with their lengths in bars.
pub const FORM: [(Part, usize); 6] =
    [(Part::Intro, 4), (Part::Build, 4), (Part::Drop, 8), (Part::Break, 4), (Part::Drop, 4), (Part::End, 3)];

/// Length in bars, without the tail.
pub fn bars() -> usize {
    FORM.iter().map(|(_, bars)| bars).sum()
}

/// Length in seconds, with the tail.
pub fn length() -> f64 {
    bars() as f64 * BAR + TAIL
}

/// When the beats fall, in seconds.
pub fn beats() -> Vec<f64> {
    (0..bars() * METER).map(|i| i as f64 * BEAT).collect()
}

/// When the bars begin, in seconds.
pub fn downbeats() -> Vec<f64> {
    (0..bars()).map(|i| i as f64 * BAR).collect()
}

/// When the kick strikes, in seconds: on every beat of build and drop, but for the two beats before a drop.
pub fn kicks() -> Vec<f64> {
    let mut kicks = Vec::new();
    let mut first = 0;
    for (part, bars) in FORM {
        let count = match part {
            Part::Drop => bars * METER,
            Part::Build => bars * METER - 2,
            Part::Intro | Part::Break | Part::End => 0,
        };
        kicks.extend((first..first + count).map(|beat| beat as f64 * BEAT));
        first += bars * METER;
    }
    kicks
}

/// When the parts begin, in seconds, without the first.
pub fn boundaries() -> Vec<f64> {
    let mut bar = 0;
    FORM[..FORM.len() - 1]
        .iter()
        .map(|(_, bars)| {
            bar += bars;
            bar as f64 * BAR
        })
        .collect()
}
