//! Corrections, what a person knows better: an analysis and corrections go in, the corrected analysis comes out.
//!
//! Corrections come in this order: beats from a list or a tempo replace what was heard; halving, doubling or tripling; a
//! first beat; the beats of a bar; a shift; sections. Beats stay inside the track and downbeats stay beats.

use super::align::tempo;
use super::analysis::{Analysis, Section};
use super::marks::GivenBeats;
use super::timed::Entry;
use crate::error::{Error, Result};
use crate::units::Seconds;

/// Beats a minute that can be asked for.
const TEMPOS: std::ops::RangeInclusive<f64> = 20.0..=400.0;
/// Beats that a bar can have.
const METERS: std::ops::RangeInclusive<u32> = 1..=32;
/// Seconds of silence or noise before the first section that nobody needs to be told of.
const LATE: f64 = 1.0;
/// Beats in a bar where nothing says otherwise.
const USUAL_METER: usize = 4;

/// Another level of the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Octave {
    /// Every other beat, so that downbeats stay.
    Halve,
    /// A beat between each two.
    Double,
    /// Two beats between each two.
    Triple,
}

/// What to correct; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corrections {
    /// A constant tempo in beats a minute, instead of the one that was heard.
    pub bpm: Option<f64>,
    /// Where the first downbeat is.
    pub first_beat: Option<Seconds>,
    /// Beats instead of those that were heard.
    pub beats: Option<GivenBeats>,
    /// Half, twice or three times as many beats.
    pub octave: Option<Octave>,
    /// Beats in a bar, counted from the first downbeat on.
    pub meter: Option<u32>,
    /// How much later all beats are, in seconds; negative: earlier.
    pub shift: f64,
    /// Starts and names of the sections, instead of those that were heard.
    pub sections: Option<Vec<Entry>>,
}

/// Beats, and which of them begin a bar.
struct Beats {
    times: Vec<f64>,
    down: Vec<bool>,
}

impl Corrections {
    /// Corrects an analysis, and says what could not be used.
    ///
    /// # Errors
    /// Usage: a tempo, a first beat or a shift that can't be meant. Input: a list that isn't about this track.
    pub fn apply(&self, analysis: &mut Analysis) -> Result<Vec<String>> {
        self.check(analysis.duration)?;
        let given = self.beats.as_ref().map(|beats| beats.entries(analysis.duration));
        let mut notes = Vec::new();
        for (what, entries) in [("beats", &given), ("sections", &self.sections)] {
            if let Some(entries) = entries {
                notes.extend(beyond(what, entries, analysis.duration)?);
            }
        }
        if let Some(few) = given.as_ref().and_then(|given| sparse(given, analysis.duration)) {
            notes.push(few);
        }
        let late =
            self.sections.as_ref().and_then(|sections| sections.first()).filter(|first| first.time.0 > LATE);
        if let Some(Entry { time, label }) = late {
            notes.push(format!(
                "the first section, '{label}' at {time}, is taken to begin at the start of the track"
            ));
        }
        let changes_beats = self.bpm.is_some()
            || self.first_beat.is_some()
            || self.beats.is_some()
            || self.octave.is_some()
            || self.meter.is_some()
            || self.shift != 0.0;
        if changes_beats {
            analysis.meter = self.meter.or(analysis.meter);
            let mut beats = self.source(given.as_deref(), analysis);
            match self.octave {
                Some(Octave::Halve) => beats.halve(),
                Some(Octave::Double) => beats.multiply(2),
                Some(Octave::Triple) => beats.multiply(3),
                None => {}
            }
            if let Some(first) = self.first_beat {
                beats.begin_at(first.0, analysis.meter);
            }
            if let Some(meter) = self.meter {
                beats.count(meter);
            }
            beats.times.iter_mut().for_each(|t| *t += self.shift);
            beats.store(analysis);
        }
        if let Some(entries) = &self.sections {
            analysis.sections = sections(entries, analysis.duration);
        }
        Ok(notes)
    }

    fn check(&self, duration: Seconds) -> Result<()> {
        if let Some(bpm) = self.bpm.filter(|bpm| !TEMPOS.contains(bpm)) {
            return Err(Error::usage(format!("{bpm} beats a minute is out of range")).hint(format!(
                "a tempo is from {} to {}",
                TEMPOS.start(),
                TEMPOS.end()
            )));
        }
        if let Some(first) = self.first_beat.filter(|t| t.0 >= duration.0) {
            return Err(Error::usage(format!("the first beat at {first} is past the end, at {duration}"))
                .hint("give a time inside of the track, like 0.48"));
        }
        if let Some(meter) = self.meter.filter(|meter| !METERS.contains(meter)) {
            return Err(Error::usage(format!("a bar can't have {meter} beats")).hint(format!(
                "a bar has {} to {}",
                METERS.start(),
                METERS.end()
            )));
        }
        if !self.shift.is_finite() || self.shift.abs() > duration.0 {
            return Err(Error::usage("beats can't be shifted by more than the track's length"));
        }
        Ok(())
    }

    /// The beats to start from: given, made, or heard.
    fn source(&self, given: Option<&[Entry]>, analysis: &Analysis) -> Beats {
        let heard = Beats {
            times: analysis.beats.iter().map(|t| t.0).collect(),
            down: analysis.beats.iter().map(|t| analysis.downbeats.contains(t)).collect(),
        };
        let given = given.map_or(heard, Beats::from_entries);
        match self.bpm {
            Some(bpm) => given.at_tempo(60.0 / bpm, self.first_beat, analysis),
            None => given,
        }
    }
}

/// What is to be said of a list of beats that are too far apart for any music.
fn sparse(beats: &[Entry], duration: Seconds) -> Option<String> {
    let slowest = 60.0 / TEMPOS.start();
    let few = beats.len() > 1 && duration.0 / beats.len() as f64 > slowest;
    few.then(|| {
        let count = beats.len();
        format!("only {count} beats are listed in a track of {duration}: a list of sections goes into --sections-file")
    })
}

impl Beats {
    fn from_entries(entries: &[Entry]) -> Self {
        let times: Vec<f64> = entries.iter().map(|e| e.time.0).collect();
        let parts = |e: &Entry| e.label.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let bars: Vec<u32> = entries.iter().filter_map(|e| parts(e)?.0.parse().ok()).collect();
        // `3.2` is a beat of the third bar where these numbers only rise, else the third beat of a bar.
        let by_bars = bars.is_sorted();
        let begins = |e: &Entry| match parts(e) {
            Some((bar, beat)) if by_bars => bar != "0" && beat == "1",
            Some((beat, _)) => beat == "1",
            None => e.label == "1",
        };
        let mut down: Vec<bool> = entries.iter().map(begins).collect();
        if !down.contains(&true) {
            // Taps say nothing of bars.
            down.iter_mut().enumerate().for_each(|(i, d)| *d = i % USUAL_METER == 0);
        }
        Beats { times, down }
    }

    /// Beats of exactly this period, in the phase of the first beat or as near as can be to these beats.
    fn at_tempo(self, period: f64, first: Option<Seconds>, analysis: &Analysis) -> Self {
        let turn = std::f64::consts::TAU / period;
        let (sin, cos) =
            self.times.iter().fold((0.0, 0.0), |(s, c), t| (s + (t * turn).sin(), c + (t * turn).cos()));
        let phase = first.map_or(sin.atan2(cos) / turn, |t| t.0).rem_euclid(period);
        let count = ((analysis.duration.0 - phase) / period).ceil().max(0.0) as usize;
        let times: Vec<f64> = (0..count).map(|i| phase + i as f64 * period).collect();
        let meter = analysis.meter.map_or(USUAL_METER, |m| m.max(1) as usize);
        // The place in the bar at which most of the downbeats so far fall.
        let mut votes = vec![0usize; meter];
        for (time, _) in self.times.iter().zip(&self.down).filter(|(_, down)| **down) {
            votes[((time - phase) / period).round().rem_euclid(meter as f64) as usize % meter] += 1;
        }
        let best = (0..meter).rev().max_by_key(|i| votes[*i]).unwrap_or(0);
        let down = (0..count).map(|i| i % meter == best).collect();
        Beats { times, down }
    }

    /// Every second beat, and bars of as many beats as before.
    fn halve(&mut self) {
        let odd = self.down.iter().skip(1).step_by(2).filter(|d| **d).count();
        let even = self.down.iter().step_by(2).filter(|d| **d).count();
        let from = usize::from(odd > even);
        self.times = self.times.iter().skip(from).step_by(2).copied().collect();
        self.down = self.down.iter().skip(from).step_by(2).copied().collect();
        // Of bars with an odd number of beats every second downbeat is gone already.
        if odd.max(even) > (odd + even).div_ceil(2) {
            self.down.iter_mut().filter(|d| **d).skip(1).step_by(2).for_each(|down| *down = false);
        }
    }

    /// Lays `by` - 1 beats between each two; bars have as many beats as before.
    fn multiply(&mut self, by: usize) {
        let mut times = Vec::with_capacity(self.times.len() * by);
        let mut down = Vec::with_capacity(self.times.len() * by);
        for (i, time) in self.times.iter().enumerate() {
            times.push(*time);
            down.push(self.down[i]);
            if let Some(next) = self.times.get(i + 1) {
                times.extend((1..by).map(|k| time + (next - time) * k as f64 / by as f64));
                down.extend((1..by).map(|_| false));
            }
        }
        let starts: Vec<usize> = (0..down.len()).filter(|i| down[*i]).collect();
        for (bar, start) in starts.iter().enumerate() {
            // The last bar is as long as the one before.
            let Some([from, to]) = starts.get(bar..bar + 2).or(starts.last_chunk::<2>().map(|p| &p[..]))
            else {
                break;
            };
            let end = starts.get(bar + 1).copied().unwrap_or(down.len());
            (*start..end).step_by((to - from) / by).for_each(|i| down[i] = true);
        }
        (self.times, self.down) = (times, down);
    }

    /// Moves all beats so that one of them, a downbeat, is at `first`, and drops those before it.
    fn begin_at(&mut self, first: f64, meter: Option<u32>) {
        let nearest = (0..self.times.len())
            .min_by(|a, b| (self.times[*a] - first).abs().total_cmp(&(self.times[*b] - first).abs()));
        let Some(nearest) = nearest else { return };
        let shift = first - self.times[nearest];
        self.times.drain(..nearest);
        self.times.iter_mut().for_each(|t| *t += shift);
        let meter = meter.map_or(USUAL_METER, |m| m.max(1) as usize);
        self.down = (0..self.times.len()).map(|i| i % meter == 0).collect();
    }

    /// Lets a bar begin at every `meter`-th beat, counted from the first downbeat both ways.
    fn count(&mut self, meter: u32) {
        let meter = meter as usize;
        let first = self.down.iter().position(|down| *down).unwrap_or(0) % meter;
        self.down.iter_mut().enumerate().for_each(|(i, down)| *down = i % meter == first);
    }

    fn store(self, analysis: &mut Analysis) {
        let end = analysis.duration.0;
        let inside = |t: &f64| (0.0..end).contains(t);
        let kept: Vec<(f64, bool)> =
            self.times.into_iter().zip(self.down).filter(|(t, _)| inside(t)).collect();
        analysis.beats = kept.iter().map(|(t, _)| Seconds(*t)).collect();
        analysis.beats.dedup();
        analysis.downbeats = kept.iter().filter(|(_, down)| *down).map(|(t, _)| Seconds(*t)).collect();
        analysis.downbeats.dedup();
        // Whoever corrects knows better than to need another one.
        analysis.alternative_bpm = None;
        analysis.tempo_bpm = tempo(&analysis.beats.iter().map(|t| t.0).collect::<Vec<_>>());
    }
}

/// What is to be said of a list whose last times lie behind the end of the track.
///
/// # Errors
/// Input: most of them do.
fn beyond(what: &str, entries: &[Entry], duration: Seconds) -> Result<Option<String>> {
    let inside = entries.iter().filter(|e| e.time.0 < duration.0).count();
    let outside = entries.len() - inside;
    if outside == 0 {
        return Ok(None);
    }
    let text = format!("{outside} of {} {what} lie past the end of the track, at {duration}", entries.len());
    if outside <= inside {
        return Ok(Some(format!("{text}: they are ignored")));
    }
    let last = entries.last().map_or(0.0, |e| e.time.0);
    Err(Error::input(text).hint(match last / 1000.0 < duration.0 && last > 10.0 * duration.0 {
        true => "times are in seconds, but these look like milliseconds; if they are, write 'ms' in the first line",
        false => "times are in seconds; check that the list is about this track",
    }))
}

/// Sections from their starts; what comes before the first start belongs to it.
fn sections(entries: &[Entry], duration: Seconds) -> Vec<Section> {
    let inside: Vec<&Entry> = entries.iter().filter(|e| e.time.0 < duration.0).collect();
    let start = |i: usize| if i == 0 { Seconds(0.0) } else { inside[i].time };
    let name =
        |i: usize| if inside[i].label.is_empty() { format!("{}", i + 1) } else { inside[i].label.clone() };
    let whole = || Section { start: Seconds(0.0), end: duration, label: "A".to_owned() };
    let all: Vec<Section> = (0..inside.len())
        .map(|i| Section {
            start: start(i),
            end: if i + 1 < inside.len() { start(i + 1) } else { duration },
            label: name(i),
        })
        .filter(|s| s.start.0 < s.end.0)
        .collect();
    if all.is_empty() { vec![whole()] } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::timed::parse;
    use crate::units::SampleRate;

    /// Twenty seconds at 120 BPM from 0.3 s on, bars of four from the second beat on.
    fn heard() -> Analysis {
        let beats: Vec<Seconds> = (0..39).map(|i| Seconds(0.3 + 0.5 * f64::from(i))).collect();
        Analysis {
            duration: Seconds(20.0),
            sample_rate: SampleRate(44_100),
            samples: 882_000,
            tempo_bpm: Some(120.0),
            alternative_bpm: None,
            downbeats: beats.iter().skip(1).step_by(4).copied().collect(),
            beats,
            meter: Some(4),
            confidence: 0.5,
            loudness_lufs: None,
            onsets: Vec::new(),
            onset_strengths: Vec::new(),
            drums: Default::default(),
            sections: Vec::new(),
            envelopes: Default::default(),
        }
    }

    #[test]
    fn lists_that_are_hardly_meant_so_are_told_of() {
        let told = |corrections: Corrections| corrections.apply(&mut heard()).unwrap().join("\n");
        let list = |text: &str| parse(text).unwrap();
        let beats =
            |text: &str| Corrections { beats: Some(GivenBeats::List(list(text))), ..Corrections::default() };
        let sections = |text: &str| Corrections { sections: Some(list(text)), ..Corrections::default() };
        assert!(told(beats("0 A\n5 B\n10 C\n15 D\n")).contains("--sections-file"));
        assert_eq!(told(beats(&(0..20).map(|i| format!("{i}\n")).collect::<String>())), "");
        assert!(told(sections("4 Verse\n9 Chorus\n")).contains("'Verse' at 0:04.000"));
        assert_eq!(told(sections("0.5 Verse\n9 Chorus\n")), "");
    }

    fn corrected(corrections: &Corrections) -> Analysis {
        let mut analysis = heard();
        corrections.apply(&mut analysis).unwrap();
        assert!(analysis.downbeats.iter().all(|d| analysis.beats.contains(d)));
        assert!(analysis.beats.iter().all(|t| (0.0..20.0).contains(&t.0)));
        analysis
    }

    #[test]
    fn nothing_to_correct_changes_nothing() {
        assert_eq!(corrected(&Corrections::default()), heard());
    }

    #[test]
    fn bars_are_counted_from_the_first_downbeat_both_ways() {
        let of = |meter| corrected(&Corrections { meter: Some(meter), ..Default::default() });
        let waltz = of(3);
        assert_eq!((waltz.meter, waltz.beats.len(), waltz.downbeats[0].0), (Some(3), 39, 0.8));
        assert_eq!(waltz.downbeats[1].0, 2.3);
        assert_eq!(of(1).downbeats.len(), 39);
        for wrong in [0, 33] {
            assert!(Corrections { meter: Some(wrong), ..Default::default() }.apply(&mut heard()).is_err());
        }
    }

    #[test]
    fn another_octave_keeps_the_beats_of_a_bar() {
        let of = |octave| corrected(&Corrections { octave: Some(octave), ..Default::default() });
        let far = |analysis: &Analysis, seconds: f64| {
            let mut bars = analysis.downbeats.windows(2);
            bars.all(|pair| (pair[1].0 - pair[0].0 - seconds).abs() < 1e-9)
        };
        let half = of(Octave::Halve);
        assert_eq!((half.beats[0].0, half.tempo_bpm, half.downbeats[0].0), (0.8, Some(60.0), 0.8));
        assert!(far(&half, 4.0) && half.downbeats.len() == 5, "{:?}", half.downbeats);
        let double = of(Octave::Double);
        assert_eq!((double.beats.len(), double.tempo_bpm.map(f64::round)), (77, Some(240.0)));
        assert!(far(&double, 1.0) && double.downbeats.len() == 19, "{:?}", double.downbeats);
        let triple = of(Octave::Triple);
        assert_eq!((triple.beats.len(), triple.tempo_bpm.map(f64::round)), (115, Some(360.0)));
        assert!((triple.beats[1].0 - triple.beats[0].0 - 1.0 / 6.0).abs() < 1e-9);
        assert!(far(&triple, 2.0 / 3.0), "{:?}", triple.downbeats);
        // Of a waltz at twice its tempo every second bar begins on a beat that stays.
        let mut waltz = heard();
        waltz.downbeats = waltz.beats.iter().step_by(3).copied().collect();
        waltz.meter = Some(3);
        Corrections { octave: Some(Octave::Halve), ..Default::default() }.apply(&mut waltz).unwrap();
        assert!(far(&waltz, 3.0) && waltz.downbeats[0].0 == 0.3, "{:?}", waltz.downbeats);
    }

    #[test]
    fn a_tempo_keeps_phase_and_bars() {
        let same = corrected(&Corrections { bpm: Some(120.0), ..Default::default() });
        for (a, b) in same.beats.iter().zip(heard().beats) {
            assert!((a.0 - b.0).abs() < 1e-9);
        }
        assert!((same.downbeats[0].0 - 0.8).abs() < 1e-9);
        let other = corrected(&Corrections {
            bpm: Some(100.0),
            first_beat: Some(Seconds(1.0)),
            ..Default::default()
        });
        assert!((other.beats[0].0 - 1.0).abs() < 1e-9 && (other.beats[1].0 - 1.6).abs() < 1e-9);
        assert_eq!(other.beats[0], other.downbeats[0]);
    }

    #[test]
    fn a_shift_and_a_first_beat_move_all_beats() {
        let later = corrected(&Corrections { shift: -0.4, ..Default::default() });
        assert!((later.beats[0].0 - 0.4).abs() < 1e-9, "the beat before 0 is gone");
        let first = corrected(&Corrections { first_beat: Some(Seconds(1.25)), ..Default::default() });
        assert!((first.beats[0].0 - 1.25).abs() < 1e-9 && first.downbeats[0] == first.beats[0]);
    }

    #[test]
    fn beats_and_sections_come_from_lists() {
        let parts = |text: &str| Some(parse(text).unwrap());
        let list = |text: &str| parts(text).map(GivenBeats::List);
        let taps = corrected(&Corrections { beats: list("1\n2\n3\n4\n5\n6"), ..Default::default() });
        assert_eq!(taps.downbeats, [Seconds(1.0), Seconds(5.0)]);
        let bars = corrected(&Corrections { beats: list("1 3\n2 1\n3 2\n4 3\n5 1"), ..Default::default() });
        assert_eq!((bars.downbeats, bars.tempo_bpm), (vec![Seconds(2.0), Seconds(5.0)], Some(60.0)));
        for text in [
            "1\t1\t0.1\n2\t2\t1.1\n3\t3\t1.2\n4\t4\t1.3\n5\t5\t2.1",
            "1\t1\t3.1\n2\t2\t1.2\n3\t3\t2.2\n4\t4\t3.2\n5\t5\t1.3",
        ] {
            let places = corrected(&Corrections { beats: list(text), ..Default::default() });
            assert_eq!(places.downbeats, [Seconds(2.0), Seconds(5.0)], "{text}");
        }
        let named =
            corrected(&Corrections { sections: parts("0.5 intro\n8 drop\n30 never"), ..Default::default() });
        let told: Vec<_> = named.sections.iter().map(|s| (s.start.0, s.end.0, &s.label[..])).collect();
        assert_eq!(told, [(0.0, 8.0, "intro"), (8.0, 20.0, "drop")]);
    }

    #[test]
    fn a_list_that_does_not_fit_the_track_is_refused_or_told() {
        let of = |text: &str| Corrections { sections: parse(text).ok(), ..Default::default() };
        let told = of("0 a\n5 b\n21 c\n").apply(&mut heard()).unwrap();
        assert!(told[0].starts_with("1 of 3 sections lie past the end"), "{told:?}");
        assert!(of("0 a\n19 b\n").apply(&mut heard()).unwrap().is_empty());
        let error = of("0 a\n5000 b\n15000 c\n").apply(&mut heard()).unwrap_err();
        assert!(error.hints()[0].contains("milliseconds"), "{error}");
        let other = of("0 a\n21 b\n40 c\n").apply(&mut heard()).unwrap_err();
        assert!(other.hints()[0].contains("this track"), "{other}");
        assert!(of("ms\tname\n0\ta\n5000\tb\n15000\tc\n").apply(&mut heard()).unwrap().is_empty());
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        let refused = |c: Corrections| c.apply(&mut heard()).is_err();
        assert!(refused(Corrections { bpm: Some(f64::NAN), ..Default::default() }));
        assert!(refused(Corrections { bpm: Some(0.0), ..Default::default() }));
        assert!(refused(Corrections { first_beat: Some(Seconds(20.0)), ..Default::default() }));
        assert!(refused(Corrections { shift: f64::INFINITY, ..Default::default() }));
    }
}
