//! Spectra go in, a few numbers per hop come out: band levels, fluxes, brightness, texture.
//!
//! The flux is SuperFlux (Böck and Widmer 2013): the rise of log magnitudes in a logarithmic filter bank
//! over two hops, against the maximum of three neighboring filters, so that vibrato is no onset.

use super::spectrum::Grid;
use std::collections::VecDeque;

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
/// Filters per octave.
const PER_OCTAVE: f32 = 12.0;
/// Magnitude, over 1, from which a rise counts by its ratio; below, by its size: quiet hits are small hits.
const COMPRESSION: f32 = 250.0;
/// Hops between the two spectra of a flux.
const LAG: usize = 2;
/// Hops that share one texture.
pub(super) const POOL: usize = 5;
/// Bands of a texture, before its twelve pitch classes.
pub(super) const TIMBRE: usize = 24;
/// Numbers in a texture.
pub(super) const TEXTURE: usize = TIMBRE + 12;

/// What is kept of a track: lists with one value per hop.
#[derive(Default)]
pub(super) struct Features {
    /// Amplitude as the ear weighs it.
    pub(super) loudness: Vec<f32>,
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
    /// One per [`POOL`] hops: log magnitudes in [`TIMBRE`] bands, then twelve pitch classes.
    pub(super) textures: Vec<[f32; TEXTURE]>,
}

/// A triangle on the spectrum.
struct Filter {
    first: usize,
    weights: Vec<f32>,
    hz: f32,
}

/// Turns spectra into [`Features`].
pub(super) struct Extractor {
    grid: Grid,
    filters: Vec<Filter>,
    /// Weight of each bin's power in the loudness.
    ear: Vec<f32>,
    /// Log magnitudes of the last [`LAG`] hops.
    history: VecDeque<Vec<f32>>,
    pool: [f32; TEXTURE],
    pooled: usize,
    features: Features,
}

impl Extractor {
    pub(super) fn new(grid: Grid) -> Self {
        let ear = (0..grid.bins()).map(|k| ear_weight(k as f32 * grid.bin_hz() as f32)).collect();
        Extractor {
            grid,
            filters: filter_bank(grid),
            ear,
            history: VecDeque::new(),
            pool: [0.0; TEXTURE],
            pooled: 0,
            features: Features::default(),
        }
    }

    /// Takes the spectrum of the next hop.
    pub(super) fn push(&mut self, magnitudes: &[f32]) {
        self.push_levels(magnitudes);
        let logs: Vec<f32> = self.filters.iter().map(|f| f.log_magnitude(magnitudes)).collect();
        self.push_fluxes(&logs);
        self.push_texture(magnitudes, &logs);
        self.history.push_back(logs);
        if self.history.len() > LAG {
            self.history.pop_front();
        }
    }

    /// All hops, cut or held to `hops`.
    pub(super) fn finish(mut self, hops: usize) -> Features {
        if self.pooled > 0 {
            self.close_pool();
        }
        let f = &mut self.features;
        for list in [&mut f.loudness, &mut f.flux]
            .into_iter()
            .chain(&mut f.bands)
            .chain(&mut f.fluxes)
            .chain(&mut f.drums)
        {
            let last = list.last().copied().unwrap_or(0.0);
            list.resize(hops, last);
        }
        f.centroid.resize(hops, (0.0, 0.0));
        self.features
    }

    fn push_levels(&mut self, magnitudes: &[f32]) {
        let hz = self.grid.bin_hz() as f32;
        let (mut sum, mut weighted, mut loud) = (0.0, 0.0, 0.0);
        let mut bands = [0.0f32; BANDS.len()];
        for (k, m) in magnitudes.iter().enumerate().skip(1) {
            let (f, p) = (k as f32 * hz, m * m);
            loud += p * self.ear[k];
            if let Some(band) = BANDS.iter().position(|(_, low, high)| (*low..*high).contains(&f)) {
                bands[band] += p;
                sum += m;
                weighted += m * f.log2();
            }
        }
        self.features.loudness.push(loud.sqrt());
        self.features.centroid.push((weighted, sum));
        for (list, power) in self.features.bands.iter_mut().zip(bands) {
            list.push(power.sqrt());
        }
    }

    fn push_fluxes(&mut self, logs: &[f32]) {
        let rises: Vec<f32> = match self.history.front().filter(|_| self.history.len() == LAG) {
            Some(before) => (0..logs.len())
                .map(|i| {
                    let near = &before[i.saturating_sub(1)..(i + 2).min(before.len())];
                    (logs[i] - near.iter().copied().fold(0.0, f32::max)).max(0.0)
                })
                .collect(),
            None => vec![0.0; logs.len()],
        };
        let mean = |low: f32, high: f32| {
            let inside = self.filters.iter().zip(&rises).filter(|(f, _)| (low..high).contains(&f.hz));
            let (sum, count) = inside.fold((0.0, 0), |(s, n), (_, rise)| (s + rise, n + 1));
            sum / count.max(1) as f32
        };
        self.features.flux.push(mean(0.0, f32::MAX));
        for (list, (_, low, high)) in self.features.fluxes.iter_mut().zip(BANDS) {
            list.push(mean(low, high));
        }
        for (list, (_, [body, noise])) in self.features.drums.iter_mut().zip(DRUMS) {
            // A snare has both its body and its noise; the geometric mean asks for both.
            list.push((mean(body.0, body.1) * mean(noise.0, noise.1)).sqrt());
        }
    }

    fn push_texture(&mut self, magnitudes: &[f32], logs: &[f32]) {
        for (i, log) in logs.iter().enumerate() {
            self.pool[i * TIMBRE / logs.len()] += log * TIMBRE as f32 / logs.len() as f32;
        }
        let hz = self.grid.bin_hz() as f32;
        let (low, high) = ((100.0 / hz).ceil() as usize, (2000.0 / hz) as usize);
        for (k, m) in magnitudes.iter().enumerate().take(high + 1).skip(low.max(1)) {
            let pitch = 12.0 * (k as f32 * hz / 440.0).log2();
            self.pool[TIMBRE + (pitch.round() as i32).rem_euclid(12) as usize] += m;
        }
        self.pooled += 1;
        if self.pooled == POOL {
            self.close_pool();
        }
    }

    fn close_pool(&mut self) {
        let scale = 1.0 / self.pooled as f32;
        self.features.textures.push(self.pool.map(|v| v * scale));
        (self.pool, self.pooled) = ([0.0; TEXTURE], 0);
    }
}

impl Filter {
    fn log_magnitude(&self, magnitudes: &[f32]) -> f32 {
        let sum: f32 = magnitudes[self.first..].iter().zip(&self.weights).map(|(m, w)| m * w).sum();
        (1.0 + COMPRESSION * sum).log10()
    }
}

/// Triangles a semitone apart from 30 Hz to 16 kHz, one per bin where bins are wider than that.
fn filter_bank(grid: Grid) -> Vec<Filter> {
    let top = (grid.bins() - 1) as f32;
    let mut centers = Vec::new();
    for i in 0.. {
        let hz = 30.0 * (i as f32 / PER_OCTAVE).exp2();
        let bin = (hz / grid.bin_hz() as f32).round();
        if hz > 16_000.0 || bin >= top {
            break;
        }
        if bin >= 1.0 && centers.last() != Some(&bin) {
            centers.push(bin);
        }
    }
    let edge = |i: isize| match usize::try_from(i) {
        Ok(i) => centers.get(i).copied().unwrap_or(top),
        Err(_) => 0.0,
    };
    (0..centers.len() as isize)
        .map(|i| {
            let (low, center, high) = (edge(i - 1), edge(i), edge(i + 1));
            let first = low as usize + 1;
            let weight = |k: usize| match k as f32 {
                k if k <= center => (k - low) / (center - low),
                k => (high - k) / (high - center),
            };
            let weights = (first..high.max(center + 1.0) as usize).map(weight).collect();
            Filter { first, weights, hz: center * grid.bin_hz() as f32 }
        })
        .collect()
}

/// Roughly the K weighting of ITU-R BS.1770 on power: less below 60 Hz, 4 dB more above 2 kHz.
fn ear_weight(hz: f32) -> f32 {
    let low = (hz / 60.0).powi(2);
    let shelf = (hz / 1700.0).powi(2);
    low / (1.0 + low) * (1.0 + 2.5 * shelf) / (1.0 + shelf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn filters_cover_the_spectrum_at_every_rate() {
        for rate in [2000, 8000, 44_100, 192_000] {
            let grid = Grid::new(SampleRate(rate));
            let filters = filter_bank(grid);
            assert!(!filters.is_empty());
            for filter in &filters {
                assert!(filter.first + filter.weights.len() <= grid.bins(), "{rate}");
                assert!(filter.weights.iter().all(|w| (0.0..=1.0).contains(w)), "{rate} {}", filter.hz);
                assert!(filter.weights.contains(&1.0), "{rate} {}", filter.hz);
            }
        }
    }

    #[test]
    fn a_rise_is_flux_and_a_fall_is_none() {
        let grid = Grid::new(SampleRate(44_100));
        let mut extractor = Extractor::new(grid);
        for i in 0..30 {
            let m = if (10..20).contains(&i) { 0.1 } else { 0.0 };
            extractor.push(&vec![m; grid.bins()]);
        }
        let features = extractor.finish(30);
        assert!(features.flux[10] > 1.0 && features.flux[11] > 1.0);
        assert_eq!(features.flux.iter().filter(|f| **f > 0.0).count(), LAG);
        assert_eq!(features.textures.len(), 6);
    }
}
