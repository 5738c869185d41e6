//! Spectra go in, magnitudes in bands come out and are kept for the whole track.
//!
//! The bands are the same at every sample rate. There are 80 for all that is heard: 16 at multiples of 21.5 Hz, where a
//! semitone is narrower than a spectrum can tell, and a semitone apart from there up to 13.9 kHz; and 37 more for the
//! low end, out of spectra of its own (see [`super::low`]). Bands above half the rate stay empty.
//! A value is kept in 16 bits, with the exponent of an `f32` and 8 bits of precision (0.03 dB): an hour of music
//! takes 84 MB, and a gain of a power of two changes nothing but exponents.

use super::spectrum::Grid;

/// Number of bands for all that is heard.
pub(super) const BANDS: usize = 80;
/// Number of bands for the low end.
pub(super) const LOW_BANDS: usize = 37;
/// Hops before the first sample that are kept too: a taper reaches into the sound before it begins, wherever in the
/// file that is.
pub(super) const LEAD: usize = 12;

/// Where bands lie: so many at equal distances in hertz, the others a semitone apart.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    linear: usize,
    step_hz: f64,
}

/// All that is heard.
pub(super) const WHOLE: Scale = Scale { linear: 16, step_hz: 44_100.0 / 2048.0 };
/// The low end: every 10 Hz up to 240 Hz, the last of them at 509 Hz.
pub(super) const LOW: Scale = Scale { linear: 24, step_hz: 10.0 };

impl Scale {
    /// The frequency in the middle of band `i`, in hertz; also beyond the last band.
    pub(super) fn center_hz(self, i: usize) -> f64 {
        let linear = (i + 1).min(self.linear) as f64 * self.step_hz;
        linear * ((i + 1).saturating_sub(self.linear) as f64 / 12.0).exp2()
    }
}

/// A triangle on the spectrum, of sum 1.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

/// Magnitudes of all hops so far, in `N` bands.
pub(super) struct Bands<const N: usize = BANDS> {
    filters: Vec<Filter>,
    values: Vec<u16>,
}

impl<const N: usize> Bands<N> {
    /// Bands that lie on a scale.
    pub(super) fn new(grid: Grid, scale: Scale) -> Self {
        Bands { filters: (0..N).map(|i| filter(grid, scale, i)).collect(), values: Vec::new() }
    }

    /// Takes the spectrum of the next hop; the first one is the [`LEAD`]-th before the first sample.
    pub(super) fn push(&mut self, magnitudes: &[f32]) {
        self.values.extend(self.filters.iter().map(|f| {
            let spectrum = &magnitudes[f.first..f.first + f.weights.len()];
            shorten(spectrum.iter().zip(&f.weights).map(|(m, w)| m * w).sum())
        }));
    }

    /// Hops so far, with those before the first sample.
    pub(super) fn count(&self) -> usize {
        self.values.len() / N
    }

    /// The magnitudes of a hop; silence before the first and after the last.
    pub(super) fn hop(&self, index: isize) -> [f32; N] {
        let row =
            usize::try_from(index + LEAD as isize).ok().and_then(|i| self.values.chunks_exact(N).nth(i));
        row.map_or([0.0; N], |row| std::array::from_fn(|k| f32::from_bits(u32::from(row[k]) << 16)))
    }
}

#[cfg(test)]
impl<const N: usize> Bands<N> {
    /// A track of the given magnitudes, hop after hop.
    pub(super) fn of_values(values: &[f32]) -> Self {
        let values = std::iter::repeat_n(&0.0, LEAD * N).chain(values).map(|v| shorten(*v)).collect();
        Bands { filters: Vec::new(), values }
    }

    /// All magnitudes, hop after hop.
    pub(super) fn values(&self) -> Vec<f32> {
        self.values[LEAD * N..].iter().map(|v| f32::from_bits(u32::from(*v) << 16)).collect()
    }
}

/// The upper half of an `f32`, rounded; values are finite and not negative.
fn shorten(value: f32) -> u16 {
    ((value.to_bits() + 0x8000) >> 16) as u16
}

/// From one neighbor's middle to the other's, but never narrower than a bin.
fn filter(grid: Grid, scale: Scale, band: usize) -> Filter {
    let bin = grid.bin_hz();
    let low = if band == 0 { 0.0 } else { scale.center_hz(band - 1) };
    let (center, high) = (scale.center_hz(band), scale.center_hz(band + 1));
    if center >= f64::from(grid.rate.0) / 2.0 {
        return Filter { first: 0, weights: Vec::new() };
    }
    let (below, above) = ((center - low).max(bin), (high - center).max(bin));
    let weight = |k: usize| match k as f64 * bin {
        hz if hz <= center => (1.0 - (center - hz) / below).max(0.0),
        hz => (1.0 - (hz - center) / above).max(0.0),
    };
    let first = ((center - below) / bin).max(0.0) as usize;
    let last = (((center + above) / bin).ceil() as usize).min(grid.bins() - 1);
    let raw: Vec<f64> = (first..=last).map(weight).collect();
    let sum: f64 = raw.iter().sum();
    Filter { first, weights: raw.iter().map(|w| (w / sum) as f32).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn bands_lie_at_the_same_places_at_every_rate() {
        for rate in [2000, 8000, 22_050, 44_100, 48_000, 96_000, 192_000] {
            let grid = Grid::new(SampleRate(rate));
            let mut bands = Bands::<BANDS>::new(grid, WHOLE);
            for (i, filter) in bands.filters.iter().enumerate() {
                assert!(filter.first + filter.weights.len() <= grid.bins(), "{rate}: {i}");
                let heard = WHOLE.center_hz(i) < f64::from(rate) / 2.0;
                let sum: f32 = filter.weights.iter().sum();
                assert!(if heard { (sum - 1.0).abs() < 1e-5 } else { sum == 0.0 }, "{rate}: {i} {sum}");
            }
            // A flat spectrum of 0.1 is 0.1 in every band that there is.
            bands.push(&vec![0.1; grid.bins()]);
            let hop = bands.hop(-(LEAD as isize));
            assert!(hop.iter().all(|v| (v - 0.1).abs() < 4e-4 || *v == 0.0), "{rate}: {hop:?}");
        }
        assert!((WHOLE.center_hz(BANDS - 1) - 13_891.0).abs() < 1.0);
    }

    #[test]
    fn before_and_after_the_track_is_silence() {
        let grid = Grid::new(SampleRate(44_100));
        let mut bands = Bands::<BANDS>::new(grid, WHOLE);
        bands.push(&vec![0.1; grid.bins()]);
        assert_eq!(bands.hop(-1 - LEAD as isize), [0.0; BANDS]);
        assert_eq!(bands.hop(0), [0.0; BANDS]);
    }

    #[test]
    fn sixteen_bits_keep_a_value_to_half_a_percent() {
        for value in [0.0f32, 1e-30, 1e-5, 0.003, 0.7, 1.0, 250.0] {
            let back = f32::from_bits(u32::from(shorten(value)) << 16);
            assert!((back - value).abs() <= value * 0.004, "{value} {back}");
            assert_eq!(f32::from_bits(u32::from(shorten(value * 2.0)) << 16), back * 2.0);
        }
    }
}
