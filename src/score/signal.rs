//! Signals: everything that was heard, as functions of time that a route can listen to.
//!
//! A hit is seen by the frame that holds it, not by a neighbour; a level is the mean over the frame; a phase is
//! that at the frame's start, or 0 where it starts anew inside the frame. Before the first beat and after the last
//! one, and in a track without beats, the beat signals are 0.

use super::clock::Clock;
use super::grid::{Cells, Reduce};
use super::markdown::aligned;
use crate::audio::{Analysis, Envelope};
use crate::error::{Error, Result, nearest};
use crate::units::Seconds;

/// A row of the signal table.
#[derive(Debug, PartialEq)]
pub struct Signal {
    /// What it is called in presets.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    source: Source,
}

/// Where the values come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// The envelope of the signal's name, changing smoothly.
    Level,
    /// The envelope of the signal's name, made of sudden events.
    Hit,
    /// Events at exact times, as strong as they were heard.
    Events(Kind),
    /// From 1 at the start of each span down to 0 at its end.
    Falling(Grid),
    /// From 0 at the start of each span up to 1 at its end.
    Rising(Grid),
    /// Beats a minute from each beat to the next.
    Tempo,
    /// Always 1.
    One,
}

/// Which events.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Onset,
    Kick,
    Snare,
    Hat,
}

/// Which spans of the track.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grid {
    Beats,
    Bars,
    Downbeats,
    Sections,
}

const fn row(name: &'static str, source: Source, about: &'static str) -> Signal {
    Signal { name, about, source }
}

/// The rows of the frequency bands and of the notes, between the rows before and after.
macro_rules! table {
    ([$($before:expr),* $(,)?] bands [$($band:literal $range:literal),* $(,)?] notes [$($class:literal $note:literal),* $(,)?] [$($after:expr),* $(,)?]) => {
        &[
            $($before,)*
            $(
                row(concat!($band, ".level"), Source::Level, concat!("how strong ", $range, " is")),
                row(concat!($band, ".hit"), Source::Hit, concat!("sudden rises in ", $range)),
                row(concat!($band, ".presence"), Source::Level, concat!("slow average of ", $range)),
                row(concat!($band, ".integral"), Source::Level, concat!($range, " added up so far")),
            )*
            $(row(concat!("chroma.", $class), Source::Level, concat!("how strong ", $note, " is among the twelve notes")),)*
            $($after,)*
        ]
    };
}

/// Every signal there is.
pub const TABLE: &[Signal] = table!(
    [
        row("loudness", Source::Level, "how loud it is, this very moment"),
        row("momentary", Source::Level, "how loud it is, over 0.4 seconds, as broadcasters measure it"),
        row("harmonic", Source::Level, "loudness of sustained sound: voices, strings, pads"),
        row("percussive", Source::Level, "loudness of struck sound: drums, plucks, consonants"),
        row("novelty", Source::Level, "how much the music changes character here"),
        row("brightness", Source::Level, "how much of the sound is high"),
        row("onset", Source::Events(Kind::Onset), "any note or drum that starts"),
        row("kick", Source::Events(Kind::Kick), "bass drum"),
        row("snare", Source::Events(Kind::Snare), "snare drum or clap"),
        row("hat", Source::Events(Kind::Hat), "hi-hat and cymbals"),
    ]
    bands [
        "sub" "the deepest bass",
        "bass" "the bass",
        "low_mid" "the lower middle",
        "mid" "the middle",
        "high" "the treble",
    ]
    notes [
        "c" "C", "db" "D flat", "d" "D", "eb" "E flat", "e" "E", "f" "F", "gb" "G flat", "g" "G", "ab" "A flat", "a" "A",
        "bb" "B flat", "b" "B",
    ]
    [
        row("beat", Source::Falling(Grid::Beats), "1 on the beat, falling to 0 at the next"),
        row("beat.phase", Source::Rising(Grid::Beats), "0 on the beat, rising to 1 at the next"),
        row("bar", Source::Falling(Grid::Bars), "1 on the first beat of a bar, falling to 0 at the next"),
        row("bar.phase", Source::Rising(Grid::Bars), "0 on the first beat of a bar, rising to 1 at the next"),
        row("downbeat", Source::Falling(Grid::Downbeats), "as beat, but only on the first beat of a bar"),
        row("section.progress", Source::Rising(Grid::Sections), "0 where a section starts, rising to 1 at its end"),
        row("tempo", Source::Tempo, "beats a minute, from each beat to the next; the typical ones before and after"),
        row("one", Source::One, "always 1"),
    ]
);

impl Signal {
    /// The signal called `name`.
    ///
    /// # Errors
    /// Usage, with the nearest name or all of them as a hint.
    pub fn find(name: &str) -> Result<&'static Signal> {
        TABLE.iter().find(|s| s.name == name).ok_or_else(|| {
            let names = || TABLE.iter().map(|s| s.name);
            let error = Error::usage(format!("there is no signal '{name}'"));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("signals are {}", names().collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// Whether `every` has a meaning: only beats and bars can be counted.
    pub fn counts(&self) -> bool {
        matches!(
            self.source,
            Source::Falling(Grid::Beats | Grid::Bars | Grid::Downbeats)
                | Source::Rising(Grid::Beats | Grid::Bars)
        )
    }

    /// What a frame shows of the cells in it.
    pub(super) fn reduce(&self) -> Reduce {
        match self.source {
            Source::Level | Source::Tempo | Source::One => Reduce::Mean,
            Source::Hit | Source::Events(_) | Source::Falling(_) => Reduce::Max,
            Source::Rising(_) => Reduce::Min,
        }
    }

    /// The value in every cell as it will be `ahead` later; spans count every `every`-th beat or bar.
    ///
    /// # Errors
    /// Input, where the analysis lacks the envelope or holds something that is not a number.
    pub(super) fn sample(
        &self,
        analysis: &Analysis,
        every: usize,
        cells: &Cells,
        ahead: Seconds,
    ) -> Result<Vec<f32>> {
        let spans = |grid| spans_of(grid, analysis, every.max(1));
        Ok(match self.source {
            Source::Level => levels(self.envelope(analysis)?, cells, ahead),
            Source::Hit => hits(self.envelope(analysis)?, cells, ahead),
            Source::Events(kind) => events(kind, analysis, cells, ahead),
            Source::Falling(grid) => ramps(&spans(grid), cells, ahead, |phase| 1.0 - phase),
            Source::Rising(grid) => ramps(&spans(grid), cells, ahead, |phase| phase),
            Source::Tempo => {
                let mut out = vec![analysis.tempo_bpm.unwrap_or(0.0) as f32; cells.count()];
                let edge = |t: f64| cells.index_from(Seconds(t - ahead.0));
                for &(start, end) in Clock::new(analysis).beat_spans(1).iter().filter(|(a, b)| a < b) {
                    let (from, to) = (edge(start), edge(end));
                    out[from.min(to)..to].fill((60.0 / (end - start)) as f32);
                }
                out
            }
            Source::One => vec![1.0; cells.count()],
        })
    }

    /// The envelope of this name.
    fn envelope<'a>(&self, analysis: &'a Analysis) -> Result<&'a Envelope> {
        let missing = || {
            Error::input(format!("the analysis of this track has no '{}'", self.name))
                .hint("analyze the track again, or use a preset that doesn't listen to it")
        };
        let envelope = analysis.envelopes.get(self.name).ok_or_else(missing)?;
        let grid_ok = envelope.hop_seconds.is_finite() && envelope.hop_seconds > 0.0;
        if !grid_ok || envelope.values.iter().any(|v| !v.is_finite()) {
            return Err(Error::input(format!("the analysis holds a '{}' that is not a number", self.name))
                .hint("analyze the track again"));
        }
        Ok(envelope)
    }
}

/// The signals as text: a Markdown table that is also readable in a terminal.
pub fn table() -> String {
    aligned(["signal", "what it tells"], TABLE.iter().map(|s| [s.name.to_owned(), s.about.to_owned()]))
}

fn spans_of(grid: Grid, analysis: &Analysis, every: usize) -> Vec<(f64, f64)> {
    let clock = Clock::new(analysis);
    match grid {
        Grid::Beats => clock.beat_spans(every),
        Grid::Bars => clock.bar_spans(every),
        Grid::Downbeats => clock.downbeat_spans(every),
        Grid::Sections => analysis.sections.iter().map(|s| (s.start.0, s.end.0)).collect(),
    }
}

/// A smooth envelope, read in the middle of every cell; 0 before the track.
fn levels(envelope: &Envelope, cells: &Cells, ahead: Seconds) -> Vec<f32> {
    let middle = ahead.0 + cells.width().0 / 2.0;
    let value = |i| match cells.start_of(i).0 + middle {
        t if t < 0.0 => 0.0,
        t => envelope.at(Seconds(t)),
    };
    (0..cells.count()).map(value).collect()
}

/// An envelope of events: each hop counts in the cell that holds it. In cells between two hops the lower of
/// them holds, so that a hit never spreads into a frame that doesn't hold it.
fn hits(envelope: &Envelope, cells: &Cells, ahead: Seconds) -> Vec<f32> {
    let mut out = vec![0.0_f32; cells.count()];
    let time_of = |hop: usize| Seconds(hop as f64 * envelope.hop_seconds - ahead.0);
    let mut previous: Option<(usize, f32)> = None;
    for (hop, &value) in envelope.values.iter().enumerate() {
        let cell = cells.index_from(time_of(hop));
        if let Some((from, before)) = previous {
            let between = (from + 1).min(cell)..cell;
            out[between].fill(value.min(before));
        }
        if let Some(held) = cells.index_of(time_of(hop)) {
            out[held] = out[held].max(value);
        }
        previous = Some((cell, value));
        if cell >= out.len() {
            break;
        }
    }
    out
}

/// Each event counts in the cell that holds it.
fn events(kind: Kind, analysis: &Analysis, cells: &Cells, ahead: Seconds) -> Vec<f32> {
    let mut out = vec![0.0_f32; cells.count()];
    let mut add = |time: Seconds, strength: f32| {
        if let Some(cell) = cells.index_of(Seconds(time.0 - ahead.0)) {
            out[cell] = out[cell].max(strength);
        }
    };
    let drums = &analysis.drums;
    match kind {
        // Onsets without strengths all count in full.
        Kind::Onset => analysis
            .onsets
            .iter()
            .zip(analysis.onset_strengths.iter().copied().chain(std::iter::repeat(1.0)))
            .for_each(|(time, strength)| add(*time, strength)),
        Kind::Kick => drums.kick.iter().for_each(|hit| add(hit.time, hit.strength)),
        Kind::Snare => drums.snare.iter().for_each(|hit| add(hit.time, hit.strength)),
        Kind::Hat => drums.hat.iter().for_each(|hit| add(hit.time, hit.strength)),
    }
    out
}

/// `of` the phase from 0 to 1 along each span; 0 outside all spans.
fn ramps(spans: &[(f64, f64)], cells: &Cells, ahead: Seconds, of: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut out = vec![0.0; cells.count()];
    for &(start, end) in spans.iter().filter(|(start, end)| start < end) {
        let (first, last) =
            (cells.index_from(Seconds(start - ahead.0)), cells.index_from(Seconds(end - ahead.0)));
        for (i, value) in out.iter_mut().enumerate().take(last).skip(first) {
            let phase = (cells.start_of(i).0 + ahead.0 - start) / (end - start);
            *value = of(phase.clamp(0.0, 1.0) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Hit;
    use crate::score::fixture;
    use crate::score::grid::Span;
    use crate::units::FrameRate;

    fn seen(name: &str, analysis: &Analysis, fps: FrameRate, every: usize) -> Vec<f32> {
        let signal = Signal::find(name).unwrap();
        let frames = fps.frames_covering(analysis.duration);
        let cells = Cells::new(fps, Span { start: Seconds(0.0), frames }, Seconds(0.0));
        cells.frames(&signal.sample(analysis, every, &cells, Seconds(0.0)).unwrap(), signal.reduce())
    }

    #[test]
    fn a_hit_is_seen_by_the_frame_that_holds_it_and_by_no_other() {
        for rate in ["12", "24", "29.97", "60", "240"] {
            let fps: FrameRate = rate.parse().unwrap();
            let mut analysis = fixture(10.0);
            let bass = analysis.envelopes.get_mut("bass.hit").unwrap();
            bass.values.fill(0.0);
            let hops = [7_u32, 100, 333, 512, 750];
            hops.iter().for_each(|h| bass.values[*h as usize] = 1.0);
            // Half a millisecond on either side of where frames begin, too.
            let times = [0.07, 1.0, 3.33, 4.9995, 7.0005].map(Seconds);
            analysis.drums.kick = times.map(|time| Hit { time, strength: 1.0 }).to_vec();
            let expected = |times: &mut dyn Iterator<Item = Seconds>| {
                let mut expected = vec![0.0; fps.frames_covering(analysis.duration) as usize];
                times.for_each(|time| expected[fps.frame_at(time) as usize] = 1.0);
                expected
            };
            let at_hops = expected(&mut hops.iter().map(|hop| Seconds(f64::from(*hop) * 0.01)));
            assert_eq!(seen("bass.hit", &analysis, fps, 1), at_hops, "{rate}");
            assert_eq!(seen("kick", &analysis, fps, 1), expected(&mut times.into_iter()), "{rate}");
        }
    }

    /// Beats at 120 bpm from 0 on: at 12 frames a second a beat is six frames.
    #[test]
    fn beat_signals_follow_their_definition() {
        let (analysis, fps) = (fixture(8.0), FrameRate::new(12, 1).unwrap());
        let check = |name: &str, every, expected: &dyn Fn(usize) -> f32| {
            for (f, v) in seen(name, &analysis, fps, every).into_iter().enumerate() {
                assert!((v - expected(f)).abs() < 1e-4, "{name} frame {f}: {v}, not {}", expected(f));
            }
        };
        let phase = |f: usize, length: usize| (f % length) as f32 / length as f32;
        check("beat.phase", 1, &|f| phase(f, 6));
        check("beat", 1, &|f| 1.0 - phase(f, 6));
        check("bar.phase", 1, &|f| phase(f, 24));
        check("bar", 2, &|f| 1.0 - phase(f, 48));
        check("downbeat", 1, &|f| if f % 24 < 6 { 1.0 - phase(f, 6) } else { 0.0 });
        check("section.progress", 1, &|f| phase(f, 48));
        check("one", 1, &|_| 1.0);
    }

    #[test]
    fn without_beats_beat_signals_are_zero() {
        let mut analysis = fixture(4.0);
        (analysis.beats, analysis.downbeats, analysis.tempo_bpm) = (vec![], vec![], None);
        for name in ["beat", "beat.phase", "bar", "bar.phase", "downbeat"] {
            let all = seen(name, &analysis, FrameRate::new(24, 1).unwrap(), 1);
            assert!(all.iter().all(|v| *v == 0.0), "{name}");
        }
    }

    #[test]
    fn a_level_is_the_mean_over_the_frame() {
        let mut analysis = fixture(2.0);
        let loudness = analysis.envelopes.get_mut("loudness").unwrap();
        // A straight line from 0 to 1 in 2 s: its mean over a frame is its value in the frame's middle.
        loudness.values = (0..=200).map(|i| i as f32 / 200.0).collect();
        for (f, v) in seen("loudness", &analysis, FrameRate::new(10, 1).unwrap(), 1).into_iter().enumerate() {
            assert!((v - (f as f32 + 0.5) / 20.0).abs() < 1e-4, "{f}: {v}");
        }
    }

    #[test]
    fn a_damaged_or_poor_analysis_is_named() {
        let cells =
            Cells::new(FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 9 }, Seconds(0.0));
        let bass = Signal::find("bass.hit").unwrap();
        let mut analysis = fixture(1.0);
        analysis.envelopes.get_mut("bass.hit").unwrap().values[3] = f32::NAN;
        let error = bass.sample(&analysis, 1, &cells, Seconds(0.0)).unwrap_err();
        assert!(error.to_string().contains("'bass.hit' that is not a number"), "{error}");
        analysis.envelopes.remove("bass.hit");
        let error = bass.sample(&analysis, 1, &cells, Seconds(0.0)).unwrap_err();
        assert!(error.to_string().contains("no 'bass.hit'"), "{error}");
    }

    #[test]
    fn names_differ_and_typos_are_recognised() {
        let names: std::collections::BTreeSet<_> = TABLE.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), TABLE.len());
        let error = Signal::find("kik").unwrap_err();
        assert_eq!(error.hints(), ["did you mean 'kick'?"]);
    }
}
