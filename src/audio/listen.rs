//! The whole way from a file to an [`Analysis`].

use super::align::tempo;
use super::analysis::Analysis;
use super::envelope::{envelopes, struck};
use super::loudness::integrated;
use super::pass::keep;
use super::rhythm::{Beats, Rhythm};
use super::self_similarity::Likeness;
use super::track::{FEWEST, Track};
use super::weights::Weights;
use super::{bar, beat, onset, section};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::units::Seconds;
use std::path::{Path, PathBuf};

/// Least chance from which an onset is picked.
const LEAST_ONSET: f32 = 0.65;
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
    /// The audio stream to listen to, from 1; none: the one that players choose.
    pub stream: Option<usize>,
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
            Weights::parse(&bounded_read::bytes(path, MAX_WEIGHTS).context(unreadable)?)?
        }
        None => Weights::shipped()?,
    };
    let kept = keep(path, options.stream, progress)?;
    if kept.gain.is_none() {
        progress.note("the track is silent, so nothing moves the picture");
    }
    let heard = match (options.tracker, kept.gain) {
        (Tracker::Aubio, Some(gain)) => Some(beat::listen((path, options.stream), &kept, gain, progress)?),
        _ => None,
    };
    Track::new(kept, &weights).map(|track| describe(track, heard.as_ref()))
}

/// Draws conclusions from a track.
fn describe(mut track: Track, heard: Option<&beat::Heard>) -> Analysis {
    let onsets = track.hits(&track.chances.onset, LEAST_ONSET, &track.features.flux);
    let mut envelopes = envelopes(&track.features, &track.sounding, track.hop);
    let loudness_lufs = integrated(&track.features.squares, track.hop);
    track.features.keep_fluxes();
    let clear = onset::clear(&onsets);
    let rhythm = match heard {
        // Where hardly anything begins, nothing recurs.
        None if clear < FEWEST => track.rhythm(Beats::default(), &envelopes),
        None => track.counted(clear + track.strikes(), &envelopes),
        Some(heard) => track.rhythm(track.second_opinion(heard, &envelopes["onset"].values), &envelopes),
    };
    let Rhythm { beats, bars } = rhythm;
    let meter = bars.as_ref().map(|bars| bars.meter);
    let first = bars.map_or_else(Vec::new, |bars| bars.first);
    let drums = track.drums(&beats.times, meter.unwrap_or(bar::USUAL));
    envelopes.extend(struck(&drums, track.features.flux.len(), track.hop));
    let starts = section::starts(&beats.times, &first, track.duration.0);
    let likeness = Likeness::new(&starts, track.duration.0, &envelopes);
    envelopes.insert("novelty".into(), section::novelty_curve(&likeness, &starts, track.duration.0));
    let tempo_bpm = tempo(&beats.times);
    Analysis {
        duration: track.duration,
        sample_rate: track.decoded.rate,
        samples: track.decoded.samples,
        tempo_bpm,
        alternative_bpm: tempo_bpm.zip(beats.other).map(|(bpm, share)| bpm * share),
        sections: section::sections(&likeness, &starts, track.duration.0),
        loudness_lufs,
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audio::Envelope;
    use crate::progress::Silent;
    use std::collections::BTreeMap;

    /// A track that these nets listened to, its first envelopes, and how many events it has.
    pub(in crate::audio) fn heard(
        path: &Path,
        weights: &Weights,
    ) -> (Track, BTreeMap<String, Envelope>, usize) {
        let track = Track::new(keep(path, None, &Silent).unwrap(), weights).unwrap();
        let onsets = track.hits(&track.chances.onset, LEAST_ONSET, &track.features.flux);
        let envelopes = envelopes(&track.features, &track.sounding, track.hop);
        let events = onset::clear(&onsets) + track.strikes();
        (track, envelopes, events)
    }
}
