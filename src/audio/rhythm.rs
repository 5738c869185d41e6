//! The rhythm of a track: from chances to beats at exact times, and bars.

use super::align::{Found, in_pause, straighten};
use super::analysis::Envelope;
use super::chroma::CLASSES;
use super::count::count;
use super::course::Course;
use super::evidence::Evidence;
use super::series::around;
use super::track::{FEWEST, Track};
use super::{bar, beat, grid, tactus};
use std::collections::BTreeMap;

/// Hops around a beat in which the net's chance is highest.
const BEAT_REACH: usize = 3;
/// Chance of a beat from which it lies where the onset does.
const CLEAR_BEAT: f32 = 0.3;
/// Farthest an onset may be from where the net hears the beat, in seconds.
const NEAR_ONSET: f64 = 0.02;
/// Hops beside a beat in which what is heard belongs to it.
const BESIDE: usize = 2;
/// Chance of a beat below which its share of a downbeat says little.
const UNSURE: f32 = 0.05;
/// Hops after the first sound up to which a beat begins with it.
const AT_ONCE: f64 = 15.0;
/// Fewest beats that have bars.
const FEWEST_WITH_BARS: usize = 8;
/// Least likeness of music with beats to itself some beats later: of noise, wind and applause it is at most 0.17, of 50 pieces of music 0.43 and more.
const RECURS: f64 = 0.25;
/// Least mean chance of beats that are beats.
const SURE: f32 = 0.12;

/// Beats with what is known about them.
#[derive(Default)]
pub(super) struct Beats {
    pub(super) times: Vec<f64>,
    /// Indices of the beats with which the music sets in anew; ascending, never 0.
    pub(super) cuts: Vec<usize>,
    pub(super) confidence: f32,
    /// The tempo of the next likely way to count, as a share of this one's.
    pub(super) other: Option<f64>,
}

/// Beats and their bars; none of few beats.
pub(super) struct Rhythm {
    pub(super) beats: Beats,
    pub(super) bars: Option<bar::Bars>,
}

impl Track {
    /// The beats that people count, of music with so many `events`.
    pub(super) fn counted(&self, events: usize, envelopes: &BTreeMap<String, Envelope>) -> Rhythm {
        let chroma = CLASSES.map(|class| &envelopes[&format!("chroma.{class}")].values[..]);
        let evidence = Evidence::new(&self.chances, self.span.start, &chroma, events, self.hop);
        let counted = tactus::counted(count(&self.chances), &evidence);
        // What has beats recurs; noise and what is played freely doesn't.
        if counted.recurrence < RECURS {
            return self.rhythm(Beats::default(), envelopes);
        }
        let placed = self.place(&counted.course);
        let confidence = placed.confidence * counted.chance;
        self.rhythm(Beats { confidence, other: counted.other, ..placed }, envelopes)
    }

    /// Beats and what follows from them.
    pub(super) fn rhythm(&self, beats: Beats, envelopes: &BTreeMap<String, Envelope>) -> Rhythm {
        let bars = (beats.times.len() >= FEWEST_WITH_BARS).then(|| self.bars(&beats, envelopes));
        Rhythm { beats, bars }
    }

    /// The bars of beats.
    fn bars(&self, beats: &Beats, envelopes: &BTreeMap<String, Envelope>) -> bar::Bars {
        let hops: Vec<f64> = self.hops(&beats.times).collect();
        let near = |chance: &[f32], hop: f64| {
            around(chance, hop.round().max(0.0) as usize, BESIDE).iter().copied().fold(0.0, f32::max)
        };
        let c = &self.chances;
        let at_beats = |chance: &[f32]| hops.iter().map(|hop| near(chance, *hop)).collect::<Vec<_>>();
        let share = |hop: &f64| near(&c.downbeat, *hop) / (near(&c.beat, *hop) + UNSURE);
        let signs = bar::Signs {
            chroma: chroma(&beats.times, self.duration.0, envelopes),
            kick: at_beats(&c.kick),
            snare: at_beats(&c.snare),
            share: hops.iter().map(share).collect(),
        };
        bar::bars(&signs, &beats.cuts, hops.first().is_some_and(|hop| *hop <= AT_ONCE))
    }

    /// The likeliest beats, at exact times; none if they are not likely enough.
    fn place(&self, course: &Course) -> Beats {
        let (heard, found) = self.exact(course);
        let confidence = heard.iter().sum::<f32>() / heard.len().max(1) as f32;
        if heard.len() < FEWEST || confidence < SURE {
            return Beats::default();
        }
        let times: Vec<f64> = course.stretches().flat_map(|stretch| straighten(&found[stretch])).collect();
        let sounds = |time: f64| {
            time > -NEAR_ONSET && time < self.duration.0 && !in_pause(&self.sounding, self.hop, time)
        };
        let kept: Vec<usize> = (0..times.len()).filter(|i| sounds(times[*i])).collect();
        let cuts = course.cuts.iter().map(|cut| kept.partition_point(|beat| beat < cut));
        Beats {
            cuts: cuts.filter(|cut| *cut > 0).collect(),
            // A beat on the first sample may come out a little before it.
            times: kept.iter().map(|i| times[*i].max(0.0)).collect(),
            confidence,
            other: None,
        }
    }

    /// The chance of every beat of a course, and where it lies.
    fn exact(&self, course: &Course) -> (Vec<f32>, Vec<Found>) {
        let heard = course.beats.iter().map(|hop| {
            let from = hop.saturating_sub(BEAT_REACH);
            let near = around(&self.chances.beat, *hop, BEAT_REACH);
            let (sum, moment) = near.iter().enumerate().fold((1e-6, 1e-6 * *hop as f64), |(s, m), (i, c)| {
                (s + f64::from(*c), m + f64::from(*c) * (from + i) as f64)
            });
            (near.iter().copied().fold(0.0, f32::max), moment / sum)
        });
        let found = heard.map(|(chance, hop)| {
            let time = (hop + self.span.start as f64) * self.hop;
            let exact = self.energy.refine(time);
            let clear = chance > CLEAR_BEAT && (exact - time).abs() <= NEAR_ONSET;
            (chance, Found { time: if clear { exact } else { time }, weight: 0.02 + f64::from(chance) })
        });
        found.unzip()
    }

    /// Beats by aubio.
    pub(super) fn second_opinion(&self, heard: &beat::Heard, onset: &[f32]) -> Beats {
        let strength = grid::Strength { onset, sounding: &self.sounding, hop: self.hop };
        let laid = grid::lay(&strength, &heard.beats, &|guess| self.energy.refine(guess));
        Beats { times: laid.beats, ..Beats::default() }
    }
}

/// Pitch classes from each beat to the next, vectors of length 1; 0 where nothing has a pitch.
fn chroma(beats: &[f64], duration: f64, envelopes: &BTreeMap<String, Envelope>) -> Vec<[f32; 12]> {
    let classes = CLASSES.map(|class| &envelopes[&format!("chroma.{class}")]);
    let ends = beats.iter().skip(1).copied().chain([duration]);
    let means = beats.iter().zip(ends).map(|(start, end)| classes.map(|class| class.mean(*start, end)));
    let unit = |vector: [f32; 12]| {
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        if length > 1e-6 { vector.map(|v| v / length) } else { [0.0; 12] }
    };
    means.map(unit).collect()
}
