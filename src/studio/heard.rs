//! What was heard, and what the page says of it: at which level beats are counted, and where the first bar begins.

use super::locked::locked;
use super::marks;
use crate::audio::{Analysis, Octave};
use crate::error::{Error, Result};
use crate::job::Hearing;
use crate::progress::Silent;
use crate::score::{ByHand, HandSection, toml_text};
use crate::units::Seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What is as near to a beat or a hit as a hand can point, in seconds.
const NEAR: f64 = 0.05;
/// Beats in a bar where none were heard.
const USUAL_METER: usize = 4;

/// Another level of the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Count {
    /// Every other beat.
    Halve,
    /// A beat between each two.
    Double,
    /// Two beats between each two.
    Triple,
}

/// The levels with what the audio module calls them, and how many beats come of one.
const COUNTS: [(Count, Octave, f64); 3] = [
    (Count::Halve, Octave::Halve, 0.5),
    (Count::Double, Octave::Double, 2.0),
    (Count::Triple, Octave::Triple, 3.0),
];

/// What is known better than what was heard; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BeatCorrection {
    /// Half, twice or three times as many beats.
    pub count: Option<Count>,
    /// A constant tempo in beats a minute.
    pub bpm: Option<f64>,
    /// Where the first bar begins.
    pub first_beat: Option<Seconds>,
    /// How much later the beats are, in seconds.
    pub shift: Option<f64>,
    /// What was set one by one.
    pub hand: ByHand,
}

impl BeatCorrection {
    /// What `hearing` says of it.
    pub fn of(hearing: &Hearing) -> Self {
        let count = COUNTS.into_iter().find(|(_, octave, _)| Some(*octave) == hearing.octave);
        BeatCorrection {
            count: count.map(|c| c.0),
            bpm: hearing.bpm,
            first_beat: hearing.first_beat,
            shift: hearing.shift,
            hand: hearing.hand.clone(),
        }
    }

    /// `hearing` with this in place of what it says of it.
    pub fn over(&self, hearing: &Hearing) -> Hearing {
        let octave = COUNTS.into_iter().find(|(count, ..)| Some(*count) == self.count).map(|c| c.1);
        // A tempo and a list of beats exclude each other.
        let listed = self.bpm.is_none() && self.hand.beats.is_none();
        Hearing {
            octave,
            bpm: self.bpm,
            first_beat: self.first_beat,
            beats_file: hearing.beats_file.clone().filter(|_| listed),
            shift: self.shift,
            sections_file: hearing.sections_file.clone().filter(|_| self.hand.sections.is_none()),
            hand: self.hand.clone(),
            options: hearing.options.clone(),
        }
    }

    /// The same as keys of a project, each with its TOML; none takes a key out.
    pub fn keys(&self) -> Vec<(&'static str, Option<String>)> {
        let count = self.count.map(|count| toml_text(&format!("{count:?}").to_lowercase()));
        let mut keys = vec![
            ("hearing.octave", count),
            ("hearing.bpm", self.bpm.map(|bpm| bpm.to_string())),
            ("hearing.first_beat", self.first_beat.map(|t| t.0.to_string())),
            ("hearing.shift_beats", self.shift.map(|seconds| seconds.to_string())),
        ];
        keys.extend(marks::keys(&self.hand));
        if self.bpm.is_some() || self.hand.beats.is_some() {
            keys.push(("hearing.beats_file", None));
        }
        if self.hand.sections.is_some() {
            keys.push(("hearing.sections_file", None));
        }
        keys
    }
}

impl BeatCorrection {
    /// What the page is told of it; the beats and sections themselves it gets as what is heard.
    fn told(&self) -> Value {
        let colors = |own: &Arc<[HandSection]>| own.iter().map(|s| s.color.clone()).collect::<Vec<_>>();
        json!({
            "count": self.count,
            "bpm": self.bpm,
            "first_beat": self.first_beat,
            "shift": self.shift,
            "meter": self.hand.meter,
            "beats": self.hand.beats.is_some(),
            "sections": self.hand.sections.as_ref().map(colors),
        })
    }
}

/// A track as it was heard, and as the page last corrected it.
#[derive(Debug)]
pub struct Heard {
    raw: Arc<Analysis>,
    hearing: Hearing,
    track: PathBuf,
    last: Mutex<Option<(BeatCorrection, Arc<Analysis>)>>,
}

impl Heard {
    /// `raw` is what was heard of `track` before any correction; `hearing` is what the studio was opened with.
    pub fn new(raw: Analysis, hearing: Hearing, track: PathBuf) -> Self {
        Heard { raw: Arc::new(raw), hearing, track, last: Mutex::default() }
    }

    /// What was heard before any correction.
    pub fn raw(&self) -> &Analysis {
        &self.raw
    }

    /// What is played by: what was heard with `beats`, and whatever else the studio was opened with.
    ///
    /// # Errors
    /// Usage: a correction can't be meant.
    pub fn corrected(&self, beats: &BeatCorrection) -> Result<Arc<Analysis>> {
        let mut last = locked(&self.last);
        if let Some((_, analysis)) = last.as_ref().filter(|(own, _)| own == beats) {
            return Ok(analysis.clone());
        }
        let hearing = beats.over(&self.hearing);
        let analysis = match hearing.corrects() {
            false => self.raw.clone(),
            true => {
                let mut analysis = Analysis::clone(&self.raw);
                hearing.correct(&mut analysis, &self.track, &Silent)?;
                Arc::new(analysis)
            }
        };
        *last = Some((beats.clone(), analysis.clone()));
        Ok(analysis)
    }

    /// Where the first bar begins if one begins at `at`: there, or at the beat or hit that is meant, and so many bars earlier.
    ///
    /// # Errors
    /// Usage: there are no beats.
    pub fn first_beat(&self, beats: &BeatCorrection, at: Seconds) -> Result<Seconds> {
        let analysis = self.corrected(&BeatCorrection { first_beat: None, ..beats.clone() })?;
        let nearest = |times: &[Seconds]| {
            times
                .iter()
                .copied()
                .enumerate()
                .min_by(|a, b| (a.1.0 - at.0).abs().total_cmp(&(b.1.0 - at.0).abs()))
        };
        let (index, beat) = nearest(&analysis.beats).ok_or_else(|| {
            Error::usage("no beats were heard, so no bar can begin").hint("open the studio with --bpm")
        })?;
        let near =
            |found: Option<(usize, Seconds)>| found.map(|(_, t)| t).filter(|t| (t.0 - at.0).abs() <= NEAR);
        let meant = near(Some((index, beat))).or_else(|| near(nearest(&analysis.onsets))).unwrap_or(at);
        let meter = analysis.meter.map_or(USUAL_METER, |m| m.max(1) as usize);
        let shift = meant.0 - beat.0;
        let bars = analysis.beats.iter().skip(index % meter).step_by(meter).map(|t| t.0 + shift);
        let first = bars.into_iter().find(|t| *t >= 0.0).unwrap_or(meant.0);
        // Finer than anybody hears, and short in a file.
        Ok(Seconds((first * 1e4).round() / 1e4))
    }

    /// What the page is told of it while `beats` hold.
    ///
    /// # Errors
    /// As [`Self::corrected`].
    pub fn told(&self, beats: &BeatCorrection) -> Result<Value> {
        let analysis = self.corrected(beats)?;
        let Analysis { tempo_bpm, meter, beats: times, downbeats, sections, confidence, .. } = &*analysis;
        Ok(json!({
            "tempo": tempo_bpm,
            "heard": self.raw.tempo_bpm,
            "other": self.other(),
            "confidence": confidence,
            "meter": meter,
            "beats": times,
            "downbeats": downbeats,
            "sections": sections,
            "correction": beats.told(),
        }))
    }

    /// The tempo at which the track might be counted instead, and the edit that does it.
    fn other(&self) -> Option<Value> {
        let (heard, other) = (self.raw.tempo_bpm?, self.raw.alternative_bpm?);
        let share = other / heard;
        let count = COUNTS.into_iter().find(|(.., factor)| (share / factor - 1.0).abs() < 0.02);
        let change = match count {
            Some((count, ..)) => json!({ "edit": "count", "count": count }),
            None => json!({ "edit": "tempo", "bpm": (other * 100.0).round() / 100.0 }),
        };
        Some(json!({ "bpm": other, "change": change }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    fn heard() -> Heard {
        // 120 beats a minute in bars of four from 0 on; people could count half of them.
        let raw = Analysis { alternative_bpm: Some(60.0), ..fixture(16.0) };
        Heard::new(raw, Hearing::default(), PathBuf::new())
    }

    #[test]
    fn beats_are_counted_at_another_level_and_back() {
        let heard = heard();
        let beats =
            |count| heard.corrected(&BeatCorrection { count, ..Default::default() }).unwrap().beats.len();
        let counts = [None, Some(Count::Halve), Some(Count::Double), Some(Count::Triple), None].map(beats);
        // Between the last beat and the end there is nothing to lie between.
        assert_eq!(counts, [32, 16, 63, 94, 32]);
        let other = heard.other().unwrap();
        assert_eq!(other, json!({ "bpm": 60.0, "change": { "edit": "count", "count": "halve" } }));
    }

    #[test]
    fn a_bar_that_begins_in_the_middle_tells_where_the_first_one_does() {
        let heard = heard();
        let first = |at: f64| heard.first_beat(&BeatCorrection::default(), Seconds(at)).unwrap().0;
        // On a beat, or about there: that beat, bars before.
        assert_eq!((first(8.0), first(8.51), first(9.48)), (0.0, 0.5, 1.5));
        // Between beats: the whole grid moves.
        assert!((first(8.2) - 0.2).abs() < 1e-9 && (first(9.75) - 1.75).abs() < 1e-9);
        let correction = BeatCorrection { first_beat: Some(Seconds(first(8.2))), ..Default::default() };
        let moved = heard.corrected(&correction).unwrap();
        assert!(moved.downbeats.iter().any(|t| (t.0 - 8.2).abs() < 1e-9), "{:?}", moved.downbeats);
    }

    #[test]
    fn a_correction_is_what_the_command_line_makes_of_the_same_options() {
        let hearing = Hearing { octave: Some(Octave::Triple), bpm: Some(90.0), ..Hearing::default() };
        let correction = BeatCorrection::of(&hearing);
        let both = correction.over(&Hearing::default());
        assert_eq!((both.octave, both.bpm, both.first_beat), (hearing.octave, hearing.bpm, None));
        let keys: Vec<_> =
            correction.keys().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        assert_eq!(keys, [("hearing.octave", "\"triple\"".to_owned()), ("hearing.bpm", "90".to_owned())]);
    }
}
