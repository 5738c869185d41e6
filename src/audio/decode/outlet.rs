//! Where both decoders deliver: counts samples, guards limits, and keeps the format constant.

use crate::error::{Error, Result};
use crate::units::{SampleRate, Seconds};
use std::path::{Path, PathBuf};

/// Longest track that is taken: six hours.
const MAX_SECONDS: u64 = 6 * 3600;
/// Most channels that are taken: beyond 22.2 surround it is not music but a mistake.
const MAX_CHANNELS: usize = 32;
/// Sample rates that are taken, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 2_000..=768_000;

/// A stretch of sound.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Samples a second, the same in all blocks of a track.
    pub rate: SampleRate,
    /// Number of channels, the same in all blocks of a track.
    pub channels: usize,
    /// Finite values, full scale ±1, channels interleaved.
    pub samples: &'a [f32],
}

/// Takes blocks; an error ends the decoding.
pub type Sink<'s> = dyn FnMut(Block<'_>) -> Result<()> + 's;

/// What was decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Samples a second.
    pub rate: SampleRate,
    /// Number of channels.
    pub channels: usize,
    /// Number of samples per channel, without encoder delay and padding.
    pub samples: u64,
    /// What the person should know: damage, a file that ends early.
    pub notes: Vec<String>,
}

/// The way from a decoder to the sink.
pub(super) struct Outlet<'a, 's> {
    path: PathBuf,
    sink: &'a mut Sink<'s>,
    format: Option<(u32, usize)>,
    samples: u64,
    not_finite: u64,
    notes: Vec<String>,
}

impl<'a, 's> Outlet<'a, 's> {
    /// An outlet for the file at `path`, which is used in messages only.
    pub(super) fn new(path: &Path, sink: &'a mut Sink<'s>) -> Self {
        Outlet { path: path.to_owned(), sink, format: None, samples: 0, not_finite: 0, notes: Vec::new() }
    }

    /// Hands on interleaved samples; values that are not finite become 0.
    pub(super) fn push(&mut self, rate: u32, channels: usize, samples: &mut [f32]) -> Result<()> {
        if samples.is_empty() {
            return Ok(());
        }
        self.check(rate, channels)?;
        for value in samples.iter_mut().filter(|v| !v.is_finite()) {
            *value = 0.0;
            self.not_finite += 1;
        }
        self.samples += (samples.len() / channels) as u64;
        if self.samples > MAX_SECONDS * u64::from(rate) {
            return Err(Error::input(format!("'{}' is longer than six hours", self.path.display()))
                .hint("cut the track into parts and render them one by one"));
        }
        (self.sink)(Block { rate: SampleRate(rate), channels, samples })
    }

    /// Hands on `count` samples of silence in place of what could not be decoded.
    pub(super) fn push_silence(&mut self, mut count: u64) -> Result<()> {
        let Some((rate, channels)) = self.format else { return Ok(()) };
        while count > 0 {
            let step = count.min(4096);
            self.push(rate, channels, &mut vec![0.0; step as usize * channels])?;
            count -= step;
        }
        Ok(())
    }

    /// Number of samples per channel so far.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// Keeps something that the person should know.
    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// What was decoded in all.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn finish(mut self) -> Result<Decoded> {
        let Some((rate, channels)) = self.format else {
            return Err(Error::input(format!("no sound could be decoded from '{}'", self.path.display()))
                .hint("play the file to see whether it is whole; convert it to FLAC or WAV if it plays"));
        };
        if self.not_finite > 0 {
            self.notes.push(format!("{} samples are not finite numbers; they count as 0", self.not_finite));
        }
        Ok(Decoded { rate: SampleRate(rate), channels, samples: self.samples, notes: self.notes })
    }

    fn check(&mut self, rate: u32, channels: usize) -> Result<()> {
        if self.format == Some((rate, channels)) {
            return Ok(());
        }
        let path = self.path.display();
        if self.format.is_some() {
            let at = SampleRate(self.format.map_or(rate, |f| f.0)).time_of(self.samples);
            return Err(Error::input(format!("'{path}' changes its sample rate or channels at {at}"))
                .hint("convert it to FLAC or WAV first"));
        }
        if !RATES.contains(&rate) || !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(Error::input(format!("'{path}' says it has {channels} channels at {rate} Hz"))
                .hint("convert it to stereo at 44.1 or 48 kHz"));
        }
        self.format = Some((rate, channels));
        Ok(())
    }
}

/// The note for a file whose header promises more than there is.
pub(super) fn ends_early(rate: u32, got: u64, promised: u64) -> String {
    let time = |n: u64| -> Seconds { SampleRate(rate.max(1)).time_of(n) };
    format!("the file ends early: {} of {} could be decoded", time(got), time(promised))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_finite_become_silence_and_are_told() {
        let mut heard = Vec::new();
        let mut sink = |block: Block<'_>| {
            heard.extend_from_slice(block.samples);
            Ok(())
        };
        let mut outlet = Outlet::new(Path::new("x"), &mut sink);
        outlet.push(8000, 1, &mut [0.5, f32::NAN, f32::INFINITY, -0.5]).unwrap();
        let decoded = outlet.finish().unwrap();
        assert_eq!(decoded.samples, 4);
        assert!(decoded.notes[0].starts_with("2 samples"));
        assert_eq!(heard, [0.5, 0.0, 0.0, -0.5]);
    }

    #[test]
    fn absurd_formats_and_changes_are_refused() {
        let mut sink = |_: Block<'_>| Ok(());
        let mut outlet = Outlet::new(Path::new("x"), &mut sink);
        assert!(outlet.push(44_100, 1000, &mut [0.0; 1000]).is_err());
        assert!(outlet.push(3, 1, &mut [0.0]).is_err());
        outlet.push(44_100, 2, &mut [0.0; 4]).unwrap();
        assert!(outlet.push(48_000, 2, &mut [0.0; 4]).is_err());
    }
}
