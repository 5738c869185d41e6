//! Spectra go in, a few numbers per hop come out: loudness, band levels, fluxes, brightness, pitch classes.
//!
//! What is proportional to the signal is taken from the spectra as they come, what is not (fluxes) from
//! the kept bands, once the level of the track is known.

use super::band;
use super::band::{Bands, WHOLE};
use super::chroma::{Chroma, POOL};
use super::cue::{LAG, logs, rises};
use super::hpss::split;
use super::spectrum::{Grid, Spectrum, lanes};
use std::ops::Range;

/// The named bands with their lower and upper edges in hertz, low to high.
pub(super) const BANDS: [(&str, f32, f32); 5] = [
    ("sub", 20.0, 60.0),
    ("bass", 60.0, 250.0),
    ("low_mid", 250.0, 800.0),
    ("mid", 800.0, 3000.0),
    ("high", 3000.0, 16_000.0),
];
/// Where drums have their attacks, in hertz: two spans each, for the drum's body and its noise.
pub(super) const DRUMS: [(&str, [(f32, f32); 2]); 3] = [
    ("kick", [(30.0, 110.0), (30.0, 110.0)]),
    ("snare", [(160.0, 350.0), (1800.0, 6000.0)]),
    ("hat", [(7000.0, 16_000.0), (7000.0, 16_000.0)]),
];

/// What is kept of a track: lists with one value per hop.
#[derive(Default)]
pub(super) struct Features {
    /// K-weighted mean square, summed over the channels; of the track as it came.
    pub(super) squares: Vec<f32>,
    /// Amplitude as the ear weighs it, of the track at level.
    pub(super) loudness: Vec<f32>,
    /// Amplitudes of what sounds on and of what strikes.
    pub(super) harmonic: Vec<f32>,
    pub(super) percussive: Vec<f32>,
    /// Amplitude in each of [`BANDS`].
    pub(super) bands: [Vec<f32>; BANDS.len()],
    /// Mean flux in each of [`BANDS`].
    pub(super) fluxes: [Vec<f32>; BANDS.len()],
    /// Flux of each of [`DRUMS`].
    pub(super) drums: [Vec<f32>; DRUMS.len()],
    /// Mean flux over all filters.
    pub(super) flux: Vec<f32>,
    /// Sum of the magnitudes times the logarithm (base 2) of their frequencies; and the sum of the magnitudes.
    pub(super) centroid: Vec<(f32, f32)>,
    /// Magnitudes of the pitch classes, one set per [`POOL`] hops.
    pub(super) chroma: Vec<[f32; 12]>,
}

/// Turns spectra into [`Features`].
pub(super) struct Extractor {
    /// Logarithm (base 2) of each bin's frequency.
    octaves: Vec<f32>,
    /// The bins of each band.
    bands: [Range<usize>; BANDS.len()],
    chroma: Chroma,
    features: Features,
}

impl Extractor {
    pub(super) fn new(grid: Grid) -> Self {
        let hz = |k: usize| k as f32 * grid.bin_hz() as f32;
        // The first bin from a frequency on; never the one at 0 Hz.
        let bin = |hz: f32| ((f64::from(hz) / grid.bin_hz()).ceil() as usize).clamp(1, grid.bins());
        Extractor {
            octaves: (0..grid.bins()).map(|k| hz(k).max(1.0).log2()).collect(),
            bands: BANDS.map(|(_, low, high)| bin(low)..bin(high)),
            chroma: Chroma::new(grid),
            features: Features::default(),
        }
    }

    /// Takes the spectrum of the next hop.
    pub(super) fn push(&mut self, spectrum: Spectrum<'_>) {
        let magnitudes = spectrum.magnitudes;
        let dot = |a: &[f32], b: &[f32]| lanes(a.iter().zip(b).map(|(x, y)| x * y));
        self.features.squares.push(spectrum.square);
        for (list, span) in self.features.bands.iter_mut().zip(&self.bands) {
            list.push(dot(&magnitudes[span.clone()], &magnitudes[span.clone()]).sqrt());
        }
        let heard = self.bands[0].start..self.bands[BANDS.len() - 1].end;
        let weighted = dot(&magnitudes[heard.clone()], &self.octaves[heard.clone()]);
        self.features.centroid.push((weighted, lanes(magnitudes[heard].iter().copied())));
        self.chroma.push(magnitudes);
    }

    /// All hops, cut or held to `hops`, as if the track had been brought to level by `gain` before.
    pub(super) fn finish(mut self, hops: usize, bands: &Bands, gain: f32) -> Features {
        let f = &mut self.features;
        for list in std::iter::once(&mut f.squares).chain(&mut f.bands) {
            let last = list.last().copied().unwrap_or(0.0);
            list.resize(hops, last);
        }
        f.bands.iter_mut().flatten().for_each(|v| *v *= gain);
        f.loudness = f.squares.iter().map(|square| square.sqrt() * gain).collect();
        f.centroid.resize(hops, (0.0, 0.0));
        f.centroid.iter_mut().for_each(|c| *c = (c.0 * gain, c.1 * gain));
        f.chroma = self.chroma.finish();
        f.chroma.resize(hops.div_ceil(POOL), [0.0; 12]);
        f.chroma.iter_mut().flatten().for_each(|v| *v *= gain);
        f.push_fluxes(hops, bands, gain);
        self.features
    }
}

impl Features {
    /// Lets go of all but the fluxes that hits are measured by: of an hour of music it is 30 MB.
    pub(super) fn keep_fluxes(&mut self) {
        let (flux, drums) = (std::mem::take(&mut self.flux), std::mem::take(&mut self.drums));
        *self = Features { flux, drums, ..Features::default() };
    }

    fn push_fluxes(&mut self, hops: usize, bands: &Bands, gain: f32) {
        let named = BANDS.map(|(_, low, high)| span(low, high));
        let drums = DRUMS.map(|(_, spans)| spans.map(|(low, high)| span(low, high)));
        let gains = [gain; band::BANDS];
        let mut history = [logs(bands, -2, &gains), logs(bands, -1, &gains)];
        for hop in 0..hops {
            let now = logs(bands, hop as isize, &gains);
            let rise = rises(&now, &history[0]);
            let mean =
                |span: &Range<usize>| rise[span.clone()].iter().sum::<f32>() / span.len().max(1) as f32;
            self.flux.push(mean(&(0..band::BANDS)));
            let (harmonic, percussive) = split(bands, hop, gain);
            self.harmonic.push(harmonic.sqrt());
            self.percussive.push(percussive.sqrt());
            for (list, span) in self.fluxes.iter_mut().zip(&named) {
                list.push(mean(span));
            }
            for (list, [body, noise]) in self.drums.iter_mut().zip(&drums) {
                // A snare has both its body and its noise; the geometric mean asks for both.
                list.push((mean(body) * mean(noise)).sqrt());
            }
            history.rotate_left(1);
            history[LAG - 1] = now;
        }
    }
}

/// The bands whose middles lie between two frequencies.
fn span(low: f32, high: f32) -> Range<usize> {
    let first =
        |hz: f32| (0..band::BANDS).find(|i| WHOLE.center_hz(*i) >= f64::from(hz)).unwrap_or(band::BANDS);
    first(low)..first(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn a_rise_is_flux_and_a_fall_is_none() {
        let grid = Grid::new(SampleRate(44_100));
        let (mut extractor, mut bands) = (Extractor::new(grid), Bands::new(grid, WHOLE));
        (0..band::LEAD).for_each(|_| bands.push(&vec![0.0; grid.bins()]));
        for i in 0..30 {
            let spectrum = vec![if (10..20).contains(&i) { 0.1 } else { 0.0 }; grid.bins()];
            extractor.push(Spectrum { magnitudes: &spectrum, square: 0.0 });
            bands.push(&spectrum);
        }
        let features = extractor.finish(30, &bands, 1.0);
        assert!(features.flux[10] > 1.0 && features.flux[11] > 1.0);
        assert_eq!(features.flux.iter().filter(|f| **f > 0.0).count(), LAG);
        assert_eq!(features.chroma, [[0.0; 12]; 6]);
    }

    #[test]
    fn every_band_and_drum_has_bands_of_its_own() {
        assert!(BANDS.iter().all(|(_, low, high)| !span(*low, *high).is_empty()));
        assert!(DRUMS.iter().flat_map(|d| d.1).all(|(low, high)| !span(low, high).is_empty()));
        assert_eq!(span(7000.0, 16_000.0).end, band::BANDS);
    }
}
