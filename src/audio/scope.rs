//! A scope: what an oscilloscope and a spectrum analyzer would show of every video frame.
//!
//! A wave of [`POINTS`] points over 40 ms from the rising zero crossing nearest the middle of the frame on, so that a steady tone stands still, in
//! shares of the loudest sample; and [`BANDS`] bands from 40 Hz to 16 kHz, a constant ratio apart, in decibels from 60 below the
//! track's strongest band up to it, as 0 to 1.

use super::decode::{Block, decode};
use super::spectrum::{Grid, Spectra};
use crate::error::Result;
use crate::units::{FrameRate, SampleRate};
use std::collections::VecDeque;
use std::path::Path;

/// Points of a wave.
pub const POINTS: usize = 192;
/// Bands of a spectrum.
pub const BANDS: usize = 48;
/// Seconds that a wave shows, and seconds in which its zero crossing is looked for.
const SHOWN: f64 = 0.04;
const SOUGHT: f64 = 0.012;
/// Lowest and highest edge of the bands, in hertz.
const EDGES: (f64, f64) = (40.0, 16_000.0);
/// Decibels that a band's height shows.
const RANGE: f32 = 60.0;
/// Most frames that are taken: a day at 60 a second.
const MOST: u64 = 24 * 3600 * 60;

/// Wave and spectrum of every frame of a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    waves: Vec<[i8; POINTS]>,
    bands: Vec<[u8; BANDS]>,
}

impl Scope {
    /// The wave of a frame, -1 to 1; silence behind the end.
    pub fn wave(&self, frame: u64) -> [f32; POINTS] {
        let wave = self.waves.get(frame as usize).copied().unwrap_or([0; POINTS]);
        wave.map(|v| f32::from(v) / 127.0)
    }

    /// The bands of a frame, low to high, 0 to 1; nothing behind the end.
    pub fn bands(&self, frame: u64) -> [f32; BANDS] {
        let bands = self.bands.get(frame as usize).copied().unwrap_or([0; BANDS]);
        bands.map(|v| f32::from(v) / 255.0)
    }

    /// Listens to a track for as many frames at this rate; the stream as in [`decode`].
    ///
    /// # Errors
    /// As [`decode`].
    pub fn listen(track: &Path, stream: Option<usize>, fps: FrameRate, frames: u64) -> Result<Self> {
        let mut listener: Option<Listener> = None;
        decode(track, stream, &mut |block| {
            let listener = listener.get_or_insert_with(|| Listener::new(block, fps, frames.min(MOST)));
            listener.push(block);
            Ok(())
        })?;
        Ok(listener.map(Listener::finish).unwrap_or_default())
    }
}

/// Takes a track in, block by block, and keeps what its frames show.
struct Listener {
    rate: SampleRate,
    fps: FrameRate,
    frames: u64,
    /// Samples of the mean of the channels that later frames still need; the first one's number.
    kept: VecDeque<f32>,
    first: u64,
    waves: Vec<[f32; POINTS]>,
    loudest: f32,
    spectra: Spectra,
    seconds: f64,
    /// First and last magnitude of each band.
    edges: Vec<(usize, usize)>,
    hop: u64,
    bands: Vec<[f32; BANDS]>,
}

impl Listener {
    fn new(block: Block<'_>, fps: FrameRate, frames: u64) -> Self {
        let grid = Grid::new(block.rate);
        let bin = |share: f64| EDGES.0 * (EDGES.1 / EDGES.0).powf(share) / grid.bin_hz();
        let edge = |i: usize| {
            let from = (bin(i as f64 / BANDS as f64).round() as usize).min(grid.bins() - 1);
            (
                from,
                (bin((i + 1) as f64 / BANDS as f64).round() as usize)
                    .clamp(from + 1, grid.bins().max(from + 1)),
            )
        };
        Listener {
            rate: block.rate,
            fps,
            frames,
            kept: VecDeque::new(),
            first: 0,
            waves: Vec::new(),
            loudest: 0.0,
            spectra: Spectra::new(grid, block.channels, 0),
            seconds: grid.seconds(),
            edges: (0..BANDS).map(edge).collect(),
            hop: 0,
            bands: Vec::new(),
        }
    }

    /// The middle of a frame in seconds.
    fn middle(&self, frame: usize) -> f64 {
        self.fps.start_of(frame as u64).0 + self.fps.period().0 / 2.0
    }

    fn push(&mut self, block: Block<'_>) {
        let mean = |set: &[f32]| set.iter().sum::<f32>() / block.channels as f32;
        for sample in block.samples.chunks_exact(block.channels).map(mean) {
            self.loudest = self.loudest.max(sample.abs());
            self.kept.push_back(sample);
        }
        self.draw(false);
        self.hear(Some(block));
    }

    /// Draws the waves of all frames that are heard.
    fn draw(&mut self, ended: bool) {
        let per_second = f64::from(self.rate.0);
        while (self.waves.len() as u64) < self.frames {
            let start = self.middle(self.waves.len()) - (SHOWN + SOUGHT) / 2.0;
            let start = (start.max(0.0) * per_second) as u64;
            let reach = ((SHOWN + SOUGHT) * per_second) as u64;
            if !ended && start + reach > self.first + self.kept.len() as u64 {
                break;
            }
            let unneeded = (start.saturating_sub(self.first) as usize).min(self.kept.len());
            self.kept.drain(..unneeded);
            self.first += unneeded as u64;
            let at = |i: usize| self.kept.get(i).copied().unwrap_or(0.0);
            let sought = (SOUGHT * per_second) as usize;
            // Nearest to the middle of what is looked through, so that the shown stretch lies about the frame.
            let crossings = (1..sought).filter(|i| at(i - 1) < 0.0 && at(*i) >= 0.0);
            let zero = crossings.min_by_key(|i| i.abs_diff(sought / 2)).unwrap_or(sought / 2);
            let step = SHOWN * per_second / POINTS as f64;
            self.waves.push(std::array::from_fn(|i| at(zero + (i as f64 * step) as usize)));
        }
    }

    /// Takes the spectra in that a block completes; without one, those that are left.
    fn hear(&mut self, block: Option<Block<'_>>) {
        let (edges, seconds, fps, frames) = (&self.edges, self.seconds, self.fps, self.frames);
        let (hop, bands) = (&mut self.hop, &mut self.bands);
        let mut each = |spectrum: super::spectrum::Spectrum<'_>| {
            let magnitudes = spectrum.magnitudes;
            let heard: [f32; BANDS] = std::array::from_fn(|i| {
                magnitudes[edges[i].0..edges[i].1].iter().copied().fold(0.0, f32::max)
            });
            // Every frame whose middle is nearer to this hop than to the next.
            while (bands.len() as u64) < frames {
                let middle = fps.start_of(bands.len() as u64).0 + fps.period().0 / 2.0;
                if middle > (*hop as f64 + 0.5) * seconds {
                    break;
                }
                bands.push(heard);
            }
            *hop += 1;
        };
        match block {
            Some(block) => self.spectra.push(block, &mut each),
            None => {
                let grid = Grid::new(self.rate);
                std::mem::replace(&mut self.spectra, Spectra::new(grid, 1, 0)).finish(&mut each);
            }
        }
    }

    fn finish(mut self) -> Scope {
        self.draw(true);
        self.hear(None);
        let scale = 127.0 / self.loudest.max(1e-4);
        let strongest = self.bands.iter().flatten().copied().fold(1e-6, f32::max);
        let height = |m: f32| (1.0 + 20.0 * (m / strongest).max(1e-9).log10() / RANGE).clamp(0.0, 1.0);
        Scope {
            waves: self.waves.iter().map(|wave| wave.map(|v| (v * scale) as i8)).collect(),
            bands: self.bands.iter().map(|bands| bands.map(|m| (255.0 * height(m) + 0.5) as u8)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine, in blocks of an odd length.
    fn listened(hz: f64, seconds: f64) -> Scope {
        let (rate, fps) = (SampleRate(22_050), FrameRate::new(24, 1).unwrap());
        let sine = |i: usize| 0.5 * (hz * std::f64::consts::TAU * i as f64 / 22_050.0).sin() as f32;
        let samples: Vec<f32> = (0..(seconds * 22_050.0) as usize).flat_map(|i| [sine(i); 2]).collect();
        let mut listener: Option<Listener> = None;
        for part in samples.chunks(2 * 1009) {
            let block = Block { rate, channels: 2, speakers: 0, samples: part };
            let listener = listener.get_or_insert_with(|| Listener::new(block, fps, 60));
            listener.push(block);
        }
        listener.map(Listener::finish).unwrap()
    }

    #[test]
    fn a_steady_tone_stands_still_and_is_highest_in_its_own_band() {
        let scope = listened(440.0, 3.0);
        assert_eq!((scope.waves.len(), scope.bands.len()), (60, 60));
        let band = ((440.0f64 / EDGES.0).ln() / (EDGES.1 / EDGES.0).ln() * BANDS as f64) as usize;
        for frame in 2..58 {
            let (wave, bands) = (scope.wave(frame), scope.bands(frame));
            // The formula of the tone from a zero crossing on, to a sample's time.
            for (i, v) in wave.iter().enumerate() {
                let phase = 440.0 * std::f64::consts::TAU * SHOWN * i as f64 / POINTS as f64;
                assert!((f64::from(*v) - phase.sin()).abs() < 0.15, "{frame} {i}");
            }
            let highest = (0..BANDS).max_by(|a, b| bands[*a].total_cmp(&bands[*b])).unwrap();
            assert!(highest.abs_diff(band) <= 1 && bands[highest] > 0.95, "{highest} {band}");
            assert!(bands[BANDS - 1] < 0.2 && bands[0] < 0.5, "{bands:?}");
        }
    }

    #[test]
    fn behind_the_end_it_is_silent() {
        let scope = listened(440.0, 1.0);
        assert_eq!((scope.wave(59), scope.bands(1000)), ([0.0; POINTS], [0.0; BANDS]));
        assert_eq!(Scope::default().wave(0), [0.0; POINTS]);
    }
}
