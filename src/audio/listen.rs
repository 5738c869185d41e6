//! The whole way from a file to an [`Analysis`].

use super::align::{Found, in_pause, straighten, tempo};
use super::analysis::{Analysis, Drums, Hit};
use super::count::count;
use super::course::Course;
use super::cue::Sound;
use super::decode::Decoded;
use super::envelope::{envelopes, struck};
use super::features::Features;
use super::loudness::integrated;
use super::net::{self, Chances};
use super::pass::{Kept, keep};
use super::pulse::Pulse;
use super::stroke::Bars;
use super::tone;
use super::transient::Energy;
use super::weights::Weights;
use super::{bar, beat, grid, onset, pulse, section, stroke};
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::read;
use crate::units::Seconds;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A hop sounds if it is less than 60 dB below the level of the music.
const QUIETEST: f32 = 2e-4;
/// Least chance from which an onset is picked.
const LEAST_ONSET: f32 = 0.65;
/// Least chance of what is struck to a listener for beats.
const LEAST_STRIKE: f32 = 0.45;
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
/// Least mean chance of beats that are beats.
const SURE: f32 = 0.12;
/// Fewest beats that make a tempo.
const FEWEST: usize = 4;

/// Largest file of weights that is read, in bytes: a hundred times the net that comes with the program.
const MAX_WEIGHTS: u64 = 16 << 20;

/// Who looks for the beats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracker {
    /// The net and the bar-pointer model.
    #[default]
    Net,
    /// aubio's guesses and dynamic programming: a second opinion.
    Aubio,
}

/// How to listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Who looks for the beats.
    pub tracker: Tracker,
    /// Weights of the net in a file, instead of those that come with the program.
    pub weights: Option<PathBuf>,
}

/// Listens to the track in the file at `path`.
///
/// The same file always gives the same analysis, whatever the number of threads, and a gain on it changes nothing.
///
/// # Errors
/// The file can't be decoded, see [`super::decode::decode`], or `progress` said stop.
pub fn analyze(path: &Path, progress: &dyn Progress) -> Result<Analysis> {
    analyze_with(path, &Options::default(), progress)
}

/// As [`analyze`], in another way.
///
/// # Errors
/// Also: the weights can't be read.
pub fn analyze_with(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Analysis> {
    let weights = match &options.weights {
        Some(path) => {
            let unreadable = || Error::model(format!("can't read the weights '{}'", path.display()));
            Weights::parse(&read::bytes(path, MAX_WEIGHTS).context(unreadable)?)?
        }
        None => Weights::shipped()?,
    };
    let kept = keep(path, progress)?;
    if kept.gain.is_none() {
        progress.note("the track is silent: nothing in it moves the picture");
    }
    let heard = match (options.tracker, kept.gain) {
        (Tracker::Aubio, Some(gain)) => Some(beat::listen(path, &kept, gain, progress)?),
        _ => None,
    };
    Track::new(kept, &weights).map(|track| track.describe(heard.as_ref()))
}

/// A track on the hop grid, at level.
struct Track {
    /// Seconds between two hops.
    hop: f64,
    duration: Seconds,
    decoded: Decoded,
    features: Features,
    energy: Energy,
    /// Whether there is sound, per hop.
    sounding: Vec<bool>,
    /// The hops from the first sound to the last.
    span: Range<usize>,
    /// What the net says of the hops of the span.
    chances: Chances,
}

/// Beats with what is known about them.
#[derive(Default)]
struct Beats {
    times: Vec<f64>,
    /// Indices of the beats with which the music sets in anew; ascending, never 0.
    cuts: Vec<usize>,
    confidence: f32,
}

impl Track {
    fn new(kept: Kept, weights: &Weights) -> Result<Self> {
        let Kept { decoded, grid, bands, low, extractor, energy, gain, loud: span, .. } = kept;
        let hops = usize::try_from(decoded.samples.div_ceil(grid.hop as u64))
            .map_err(|_| Error::input("the track is too long for this machine"))?;
        let level = gain.unwrap_or(0.0);
        let features = extractor.finish(hops, &bands, level);
        let sounding: Vec<bool> = features.loudness.iter().map(|a| *a > QUIETEST).collect();
        let gains = tone::gains(&bands, level, &span);
        let sound = Sound { bands: &bands, low: &low, gains: &gains, level };
        let chances = net::listen(weights, sound, span.clone());
        let duration = decoded.rate.time_of(decoded.samples);
        let energy = energy.levelled(level);
        Ok(Track { hop: grid.seconds(), duration, decoded, features, energy, sounding, span, chances })
    }

    /// Draws conclusions.
    fn describe(self, heard: Option<&beat::Heard>) -> Analysis {
        let onsets = self.hits(&self.chances.onset, LEAST_ONSET, &self.features.flux);
        let mut envelopes = envelopes(&self.features, &self.sounding, self.hop);
        let clear = onset::clear(&onsets);
        let beats = match heard {
            // Where hardly anything begins, nothing recurs.
            None if clear < FEWEST => Beats::default(),
            None => self.place(&count(&self.chances, clear + self.strikes(), self.hop)),
            Some(heard) => self.second_opinion(heard, &envelopes["onset"].values),
        };
        let pulses = pulse::pulses(&beats.times, self.duration.0, &envelopes, &self.features.textures);
        // With few beats the pulses are half seconds, which have no bars.
        let bars = (beats.times.len() >= pulse::FEWEST).then(|| self.bars(&beats, &pulses));
        let meter = bars.as_ref().map(|bars| bars.meter);
        let first = bars.map_or_else(Vec::new, |bars| bars.first);
        let drums = self.drums(&beats.times, meter.unwrap_or(bar::USUAL));
        envelopes.extend(struck(&drums, self.features.flux.len(), self.hop));
        let novelty = section::novelties(&pulses);
        envelopes.insert("novelty".into(), section::novelty_curve(&pulses, &novelty, self.duration.0));
        Analysis {
            duration: self.duration,
            sample_rate: self.decoded.rate,
            samples: self.decoded.samples,
            tempo_bpm: tempo(&beats.times),
            sections: section::sections(&pulses, &first, &novelty, self.duration.0),
            loudness_lufs: integrated(&self.features.squares, self.hop),
            downbeats: first.iter().map(|i| Seconds(beats.times[*i])).collect(),
            beats: beats.times.into_iter().map(Seconds).collect(),
            meter: meter.map(|beats| beats as u32),
            confidence: beats.confidence,
            onset_strengths: onsets.iter().map(|hit| hit.strength).collect(),
            onsets: onsets.into_iter().map(|hit| hit.time).collect(),
            drums,
            envelopes,
        }
    }

    /// The events of a kind, by their chance at each hop of the span and their flux at each hop.
    fn hits(&self, chance: &[f32], least: f32, flux: &[f32]) -> Vec<Hit> {
        let picked: Vec<usize> =
            onset::picks(chance, least).into_iter().map(|hop| hop + self.span.start).collect();
        onset::hits(&picked, flux, &self.energy, self.hop, self.duration.0)
    }

    /// The bars of beats, of which each has a pulse.
    fn bars(&self, beats: &Beats, pulses: &[Pulse]) -> bar::Bars {
        let hops: Vec<f64> = self.hops(&beats.times).collect();
        let near = |chance: &[f32], hop: f64| {
            let hop = hop.round().max(0.0) as usize;
            let span = hop.saturating_sub(BESIDE).min(chance.len())..(hop + BESIDE + 1).min(chance.len());
            chance[span].iter().copied().fold(0.0, f32::max)
        };
        let c = &self.chances;
        let at_beats = |chance: &[f32]| hops.iter().map(|hop| near(chance, *hop)).collect::<Vec<_>>();
        let share = |hop: &f64| near(&c.downbeat, *hop) / (near(&c.beat, *hop) + UNSURE);
        let signs = bar::Signs {
            pulses,
            kick: at_beats(&c.kick),
            snare: at_beats(&c.snare),
            share: hops.iter().map(share).collect(),
        };
        let ends = beats.cuts.iter().copied().chain([hops.len()]);
        let stretches: Vec<Range<usize>> =
            [0].into_iter().chain(beats.cuts.iter().copied()).zip(ends).map(|(from, to)| from..to).collect();
        bar::bars(&signs, &stretches, hops.first().is_some_and(|hop| *hop <= AT_ONCE))
    }

    /// Where times lie on the hops of the span.
    fn hops(&self, times: &[f64]) -> impl Iterator<Item = f64> {
        times.iter().map(|time| time / self.hop - self.span.start as f64)
    }

    fn drums(&self, beats: &[f64], meter: usize) -> Drums {
        let (c, flux) = (&self.chances, &self.features.drums);
        let bars = Bars { beats: self.hops(beats).collect(), meter };
        let strokes = |chance, flux| self.hits(&stroke::weigh(chance, &bars), 0.5, flux);
        Drums {
            kick: strokes(&c.kick, &flux[0]),
            snare: strokes(&c.snare, &flux[1]),
            hat: strokes(&c.hat, &flux[2]),
        }
    }

    /// How much is struck to a listener for beats.
    fn strikes(&self) -> usize {
        let kinds = self.chances.strikes.iter().zip(&self.features.drums);
        kinds.map(|(chance, flux)| onset::clear(&self.hits(chance, LEAST_STRIKE, flux))).sum()
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
        Beats {
            cuts: course.cuts.iter().map(|cut| kept.partition_point(|beat| beat < cut)).collect(),
            // A beat on the first sample may come out a little before it.
            times: kept.iter().map(|i| times[*i].max(0.0)).collect(),
            confidence,
        }
    }

    /// The chance of every beat of a course, and where it lies.
    fn exact(&self, course: &Course) -> (Vec<f32>, Vec<Found>) {
        let heard = course.beats.iter().map(|hop| {
            let from = hop.saturating_sub(BEAT_REACH);
            let near = &self.chances.beat[from..(hop + BEAT_REACH + 1).min(self.chances.beat.len())];
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
    fn second_opinion(&self, heard: &beat::Heard, onset: &[f32]) -> Beats {
        let strength = grid::Strength { onset, sounding: &self.sounding, hop: self.hop };
        let laid = grid::lay(&strength, &heard.beats, &|guess| self.energy.refine(guess));
        Beats { times: laid.beats, ..Beats::default() }
    }
}
