//! The whole way from a file to an [`Analysis`].

use super::analysis::Analysis;
use super::beat::{Heard, Listener};
use super::decode::{Block, decode};
use super::envelope::envelopes;
use super::features::{Extractor, Features};
use super::grid::{Strength, lay};
use super::spectrum::{Grid, Spectra};
use super::survey::{Survey, go_on, survey};
use super::transient::Energy;
use super::{bar, pulse, section};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::units::Seconds;
use std::path::Path;

/// A hop sounds if it is less than 60 dB below the level of the music.
const QUIETEST: f32 = 2e-4;
/// Onset strength, against the strong ones of the track, from which a guess is an onset.
const FAINTEST_ONSET: f32 = 0.1;
/// Hops around aubio's guess in which the onset lies: it may be 60 ms off.
const ONSET_REACH: usize = 6;
/// Two onsets are at least this far apart, in seconds.
const ONSET_DISTANCE: f64 = 0.03;

/// Listens to the track in the file at `path`.
///
/// The same file always gives the same analysis, and a gain on it changes nothing.
///
/// # Errors
/// The file can't be decoded, see [`super::decode::decode`], or `progress` said stop.
pub fn analyze(path: &Path, progress: &dyn Progress) -> Result<Analysis> {
    let survey = survey(path, progress)?;
    let grid = Grid::new(survey.decoded.rate);
    let hops = usize::try_from(survey.decoded.samples.div_ceil(grid.hop as u64))
        .map_err(|_| Error::input("the track is too long for this machine"))?;
    let Some(gain) = survey.gain else {
        progress.note("the track is silent: nothing in it moves the picture");
        return Ok(describe(&survey, grid, &Ears::deaf(grid, hops)));
    };
    let ears = listen(path, &survey, grid, gain, progress)?;
    Ok(describe(&survey, grid, &ears))
}

/// What the second pass gives.
struct Ears {
    features: Features,
    energy: Energy,
    heard: Heard,
}

impl Ears {
    /// What is heard of silence.
    fn deaf(grid: Grid, hops: usize) -> Self {
        let features = Extractor::new(grid).finish(hops);
        Ears { features, energy: Energy::new(0.0), heard: Heard::default() }
    }
}

/// Decodes the track again, levelled, and listens to it in all ways at once.
fn listen(path: &Path, survey: &Survey, grid: Grid, gain: f32, progress: &dyn Progress) -> Result<Ears> {
    progress.stage("Listening to the track", survey.decoded.samples);
    let mut spectra = Spectra::new(grid, survey.decoded.channels, gain);
    let mut extractor = Extractor::new(grid);
    let mut energy = Energy::new(gain);
    let mut listener = Listener::new(survey.decoded.rate.0)?;
    let mut mono = Vec::new();
    let mut done = 0u64;
    decode(path, &mut |block: Block<'_>| {
        if (block.rate, block.channels) != (survey.decoded.rate, survey.decoded.channels) {
            return Err(Error::input("the track changed while it was read").hint("run the command again"));
        }
        spectra.push(block, &mut |m| extractor.push(m));
        energy.push(block);
        mono.clear();
        mono.extend(block.samples.chunks_exact(block.channels).map(|set| survey.mix.apply(set) * gain));
        listener.push(&mono)?;
        done += mono.len() as u64;
        go_on(progress, done)
    })?;
    spectra.finish(&mut |m| extractor.push(m));
    let hops = survey.decoded.samples.div_ceil(grid.hop as u64) as usize;
    Ok(Ears { features: extractor.finish(hops), energy, heard: listener.finish()? })
}

/// Draws conclusions.
fn describe(survey: &Survey, grid: Grid, ears: &Ears) -> Analysis {
    let hop = grid.seconds();
    let duration = survey.decoded.rate.time_of(survey.decoded.samples);
    let sounding: Vec<bool> = ears.features.loudness.iter().map(|a| *a > QUIETEST).collect();
    let envelopes = envelopes(&ears.features, &sounding, hop);
    let strength = Strength { onset: &envelopes["onset"].values, sounding: &sounding, hop };
    let beats = lay(&strength, &ears.heard.beats, &|guess| ears.energy.refine(guess));
    let onsets = onsets(ears, strength.onset, hop, duration);
    let pulses = pulse::pulses(&beats.beats, duration.0, &envelopes, &ears.features.textures);
    // Without beats the pulses are half seconds, which have no bars.
    let bars = if beats.beats.len() == pulses.len() { bar::downbeats(&pulses) } else { Vec::new() };
    let sections = section::sections(&pulses, &bars, duration.0);
    Analysis {
        duration,
        sample_rate: survey.decoded.rate,
        samples: survey.decoded.samples,
        tempo_bpm: beats.bpm,
        downbeats: bars.iter().map(|i| Seconds(pulses[*i].start)).collect(),
        beats: beats.beats.into_iter().map(Seconds).collect(),
        onsets,
        sections,
        envelopes,
    }
}

/// aubio's onsets that are strong enough, at their exact times.
fn onsets(ears: &Ears, strength: &[f32], hop: f64, duration: Seconds) -> Vec<Seconds> {
    let exact = |guess: &f64| {
        let at = (guess / hop).max(0.0) as usize;
        let from = at.saturating_sub(ONSET_REACH).min(strength.len());
        let near = &strength[from..(at + ONSET_REACH + 1).min(strength.len())];
        let (i, top) = near.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        (*top >= FAINTEST_ONSET).then(|| ears.energy.refine((from + i) as f64 * hop))
    };
    let mut times: Vec<f64> = ears.heard.onsets.iter().filter_map(exact).collect();
    times.retain(|t| *t < duration.0);
    times.sort_by(f64::total_cmp);
    times.dedup_by(|later, earlier| *later - *earlier < ONSET_DISTANCE);
    times.into_iter().map(Seconds).collect()
}
