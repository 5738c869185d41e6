//! Musical time: how long a beat is, and where bar 8 begins.
//!
//! Lengths (an attack of a quarter beat) use the track's typical beat; places (from bar 8 on) use the beats and
//! bars that were really heard. Where no beat was heard, a beat counts as half a second and a bar as four beats,
//! so that a preset that speaks in beats can still be played.

use crate::audio::Analysis;
use crate::error::{Error, Result, nearest};
use crate::units::Seconds;
use std::str::FromStr;

/// A length of time as a person writes it: in seconds, or in units of the music.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Independent of the music.
    Seconds(f64),
    /// In beats.
    Beats(f64),
    /// In bars.
    Bars(f64),
}

impl Length {
    /// The longest length that is accepted, in its own unit.
    const MAX: f64 = 100_000.0;

    /// `amount` seconds.
    ///
    /// # Errors
    /// Usage, for a negative, huge or missing number.
    pub fn seconds(amount: f64) -> Result<Self> {
        Self::checked(amount).map(Length::Seconds)
    }

    /// How much of its own unit.
    pub(super) fn amount(self) -> f64 {
        let (Length::Seconds(n) | Length::Beats(n) | Length::Bars(n)) = self;
        n
    }

    fn checked(amount: f64) -> Result<f64> {
        if (0.0..=Self::MAX).contains(&amount) {
            return Ok(amount);
        }
        Err(Error::usage(format!("{amount} is not a length")).hint("lengths go from 0 to 100000"))
    }
}

impl FromStr for Length {
    type Err = Error;

    /// `"0.25 beats"`, `"8 bars"`, `"150 ms"`, `"2 s"`, `"1:30"`.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.contains(':') {
            let time: Seconds = text.parse()?;
            return Self::seconds(time.0);
        }
        let split = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e').unwrap_or(text.len());
        let (number, unit) = (text[..split].trim(), text[split..].trim());
        let bad = || {
            let error = Error::usage(format!("'{text}' is not a length of time"));
            match nearest(unit, ["seconds", "beats", "bars"]) {
                Some(near) if !unit.is_empty() && near != unit => {
                    error.hint(format!("did you mean '{near}'?"))
                }
                _ => error.hint("write it like \"0.25 beats\", \"8 bars\", \"150 ms\", \"2 s\" or \"1:30\""),
            }
        };
        let amount = Self::checked(number.parse().map_err(|_| bad())?)?;
        match unit {
            "s" | "second" | "seconds" => Ok(Length::Seconds(amount)),
            "ms" => Ok(Length::Seconds(amount / 1000.0)),
            "beat" | "beats" => Ok(Length::Beats(amount)),
            "bar" | "bars" => Ok(Length::Bars(amount)),
            _ => Err(bad()),
        }
    }
}

/// The beats and bars of a track.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    beats: &'a [Seconds],
    bars: &'a [Seconds],
    beat: f64,
    bar: f64,
}

impl<'a> Clock<'a> {
    /// The clock that `analysis` heard.
    pub fn new(analysis: &'a Analysis) -> Self {
        let (beats, bars) = (&analysis.beats[..], &analysis.downbeats[..]);
        // What lies outside is no tempo, and would make a short length last for hours.
        let usable = |gap: &f64| (0.1..=10.0).contains(gap);
        let tempo = analysis.tempo_bpm.map(|bpm| 60.0 / bpm).filter(usable);
        let beat = tempo.or_else(|| typical_gap(beats).filter(usable)).unwrap_or(0.5);
        Clock { beats, bars, beat, bar: typical_gap(bars).filter(usable).unwrap_or(4.0 * beat) }
    }

    /// How long `length` lasts.
    pub fn duration(&self, length: Length) -> Seconds {
        match length {
            Length::Seconds(s) => Seconds(s),
            Length::Beats(n) => Seconds(n * self.beat),
            Length::Bars(n) => Seconds(n * self.bar),
        }
    }

    /// When it is `length` after the start; beats and bars count from the first one that was heard.
    pub fn place(&self, length: Length) -> Seconds {
        match length {
            Length::Seconds(s) => Seconds(s),
            Length::Beats(n) => along(self.beats, self.beat, n),
            Length::Bars(n) => along(self.bars, self.bar, n),
        }
    }

    /// How often `length` has gone by at time `t`, growing by 1 in every one: beats and bars count from the first beat
    /// of the first bar (and go on at the typical tempo beyond what was heard), seconds from the track's start.
    pub fn turns(&self, length: Length, t: Seconds) -> f64 {
        let turns = match length {
            Length::Seconds(n) => t.0 / n,
            Length::Beats(n) => (position(self.beats, self.beat, t.0) - self.first_downbeat() as f64) / n,
            Length::Bars(n) => position(self.bars, self.bar, t.0) / n,
        };
        if turns.is_finite() { turns } else { 0.0 }
    }

    /// The time at which `length` has gone by `turns` times: the other way round.
    pub fn turn(&self, length: Length, turns: f64) -> Seconds {
        match length {
            Length::Seconds(n) => Seconds(turns * n),
            Length::Beats(n) => along(self.beats, self.beat, self.first_downbeat() as f64 + turns * n),
            Length::Bars(n) => along(self.bars, self.bar, turns * n),
        }
    }

    /// Beats before the first bar.
    fn first_downbeat(&self) -> usize {
        self.bars.first().map_or(0, |bar| self.beats.partition_point(|b| b.0 < bar.0 - 1e-6))
    }

    /// Every beat.
    pub fn beats(&self) -> &'a [Seconds] {
        self.beats
    }

    /// First beats of bars.
    pub fn bars(&self) -> &'a [Seconds] {
        self.bars
    }

    /// Every `every`-th beat as a span to the next one, counted from the first downbeat.
    pub fn beat_spans(&self, every: usize) -> Vec<(f64, f64)> {
        let first = self.first_downbeat();
        spans(&self.beats[(first % every).min(self.beats.len())..], every, self.beat)
    }

    /// Every `every`-th bar as a span to the next one.
    pub fn bar_spans(&self, every: usize) -> Vec<(f64, f64)> {
        spans(self.bars, every, self.bar)
    }

    /// The first beat of every `every`-th bar as a span to the beat after it.
    pub fn downbeat_spans(&self, every: usize) -> Vec<(f64, f64)> {
        let next = |t: f64| self.beats.get(self.beats.partition_point(|b| b.0 <= t + 1e-6));
        let starts = self.bars.iter().step_by(every);
        starts.map(|t| (t.0, next(t.0).map_or(t.0 + self.beat, |n| n.0))).collect()
    }
}

/// Spans from every `every`-th event to the next such one; the last one is as long as it should be.
fn spans(events: &[Seconds], every: usize, gap: f64) -> Vec<(f64, f64)> {
    let starts: Vec<f64> = events.iter().step_by(every).map(|t| t.0).collect();
    let ends = starts.iter().skip(1).copied().chain(starts.last().map(|t| t + gap * every as f64));
    starts.iter().copied().zip(ends).collect()
}

/// The median distance of neighbours; none for fewer than two.
fn typical_gap(times: &[Seconds]) -> Option<f64> {
    let mut gaps: Vec<f64> = times.windows(2).map(|w| w[1].0 - w[0].0).filter(|g| *g > 0.0).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied()
}

/// The time `n` events after the first, between events in proportion, past the last in steps of `gap`.
fn along(events: &[Seconds], gap: f64, n: f64) -> Seconds {
    let Some(last) = events.len().checked_sub(1) else {
        return Seconds(n * gap);
    };
    let i = (n as usize).min(last);
    let step = if i < last { events[i + 1].0 - events[i].0 } else { gap };
    Seconds(events[i].0 + (n - i as f64) * step)
}

/// How many events lie before `t`, between two events in proportion; beyond them in steps of `gap`.
fn position(events: &[Seconds], gap: f64, t: f64) -> f64 {
    let after = events.partition_point(|e| e.0 <= t);
    let Some(before) = after.checked_sub(1) else {
        return events.first().map_or(t, |first| t - first.0) / gap;
    };
    let step = events.get(after).map_or(gap, |next| next.0 - events[before].0);
    before as f64 + (t - events[before].0) / step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_the_beats_and_go_on_beyond_them() {
        let analysis = crate::score::fixture(8.0);
        let mut clock = Clock::new(&analysis);
        let beats = [1.0, 2.0, 4.0, 5.0].map(Seconds);
        clock.beats = &beats;
        clock.bars = &beats[1..2];
        let turns = |length, t| clock.turns(length, Seconds(t));
        // Beats count from the first bar's, at 2 s; a beat is 0.5 s and a bar 2 s where none was heard.
        for (t, expected) in
            [(0.5, -2.0), (1.0, -1.0), (2.0, 0.0), (3.0, 0.5), (4.0, 1.0), (5.0, 2.0), (6.0, 4.0)]
        {
            assert!((turns(Length::Beats(1.0), t) - expected).abs() < 1e-9, "{t}");
            assert!((turns(Length::Beats(2.0), t) - expected / 2.0).abs() < 1e-9, "{t}");
        }
        assert_eq!((turns(Length::Bars(2.0), 4.0), turns(Length::Seconds(0.5), 4.0)), (0.5, 8.0));
        for length in [Length::Beats(0.5), Length::Bars(1.0), Length::Seconds(0.7)] {
            for n in 0..12 {
                let t = clock.turn(length, f64::from(n));
                assert!((clock.turns(length, t) - f64::from(n)).abs() < 1e-9, "{length:?} {n}");
            }
        }
    }

    #[test]
    fn lengths_are_read() {
        let read = |t: &str| t.parse::<Length>().unwrap();
        assert_eq!(read("0.25 beats"), Length::Beats(0.25));
        assert_eq!(read("1beat"), Length::Beats(1.0));
        assert_eq!(read("8 bars"), Length::Bars(8.0));
        assert_eq!(read("150 ms"), Length::Seconds(0.15));
        assert_eq!(read("2 s"), Length::Seconds(2.0));
        assert_eq!(read("1:30.5"), Length::Seconds(90.5));
    }

    #[test]
    fn wrong_lengths_say_what_would_be_right() {
        for (text, hint) in [
            ("2 beets", "did you mean 'beats'"),
            ("2", "0.25 beats"),
            ("bars", "0.25 beats"),
            ("-1 bars", "from 0"),
            ("nan s", "0.25 beats"),
            ("1e9 s", "100000"),
            ("é", "0.25 beats"),
        ] {
            let error = text.parse::<Length>().unwrap_err();
            assert!(error.hints().concat().contains(hint), "{text}: {error} {:?}", error.hints());
        }
    }

    #[test]
    fn places_follow_the_beats_that_were_heard() {
        let bars = [Seconds(0.5), Seconds(2.5), Seconds(5.5)];
        assert_eq!(along(&bars, 2.0, 0.0), Seconds(0.5));
        assert_eq!(along(&bars, 2.0, 1.5), Seconds(4.0));
        assert_eq!(along(&bars, 2.0, 3.0), Seconds(7.5));
        assert_eq!(along(&[], 2.0, 3.0), Seconds(6.0));
    }

    #[test]
    fn spans_reach_from_event_to_event() {
        let beats: Vec<Seconds> = (0..5).map(|i| Seconds(f64::from(i))).collect();
        assert_eq!(spans(&beats, 2, 1.0), [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]);
        assert!(spans(&[], 1, 1.0).is_empty());
    }
}
