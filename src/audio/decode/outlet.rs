//! Outlets, where decoders deliver: counts samples, guards limits, and keeps the format constant.

use crate::error::{Error, Result};
use crate::units::{SampleRate, Seconds};
use std::path::{Path, PathBuf};

/// Longest track that is taken: six hours.
const MAX_SECONDS: u64 = 6 * 3600;
/// Most channels that are taken: beyond 22.2 surround it is not music but a mistake.
const MAX_CHANNELS: usize = 32;
/// Sample rates that are taken, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 2_000..=768_000;
/// What may be missing at the end without a word, in seconds: padding that a header counts.
const SLACK: f64 = 0.1;

/// A stretch of sound.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Samples a second, the same in all blocks of a track.
    pub rate: SampleRate,
    /// Number of channels, the same in all blocks of a track.
    pub channels: usize,
    /// Which loudspeaker each channel is for, as bits in ascending order (those of WAV files); 0: not known.
    pub speakers: u64,
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
    /// Which loudspeaker each channel is for, as in [`Block`].
    pub speakers: u64,
    /// Number of samples per channel, without encoder delay and padding.
    pub samples: u64,
    /// What the person should know: damage, a file that ends early.
    pub notes: Vec<String>,
}

/// The way from a decoder to the sink.
pub(super) struct Outlet<'a, 's> {
    path: PathBuf,
    sink: &'a mut Sink<'s>,
    form: Option<Form>,
    samples: u64,
    /// Samples that were handed on before and come again.
    again: u64,
    not_finite: u64,
    /// Length that the file promised.
    promised: Option<Seconds>,
    notes: Vec<String>,
}

/// What all blocks of a track have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Samples a second.
    pub(super) rate: u32,
    /// Number of channels.
    pub(super) channels: usize,
    /// Which loudspeaker each channel is for, as in [`Block`].
    pub(super) speakers: u64,
}

impl<'a, 's> Outlet<'a, 's> {
    /// An outlet for the file at `path`, which is used in messages only.
    pub(super) fn new(path: &Path, sink: &'a mut Sink<'s>) -> Self {
        let path = path.to_owned();
        Outlet {
            path,
            sink,
            form: None,
            samples: 0,
            again: 0,
            not_finite: 0,
            promised: None,
            notes: Vec::new(),
        }
    }

    /// Says what blocks are made of, before the first one. What was said first holds, and comes back.
    ///
    /// # Errors
    /// No music is made of that.
    pub(super) fn begin(&mut self, form: Form) -> Result<Form> {
        let Form { rate, channels, .. } = form;
        if self.form.is_none() && !(RATES.contains(&rate) && (1..=MAX_CHANNELS).contains(&channels)) {
            let message = format!("'{}' says it has {channels} channels at {rate} Hz", self.path.display());
            return Err(Error::input(message).hint("convert it to stereo at 44.1 or 48 kHz"));
        }
        Ok(*self.form.get_or_insert(form))
    }

    /// Has another decoder begin from the front: what was handed on already is not handed on again.
    pub(super) fn begin_again(&mut self) {
        self.again = self.samples;
    }

    /// Hands on interleaved samples; values that are not finite become 0.
    pub(super) fn push(&mut self, samples: &mut [f32]) -> Result<()> {
        let Some(Form { rate, channels, speakers }) = self.form else {
            return Err(Error::internal("sound came before it was said what it is made of"));
        };
        let sets = (samples.len() / channels) as u64;
        let before = self.again.min(sets);
        self.again -= before;
        let samples = &mut samples[before as usize * channels..];
        if samples.is_empty() {
            return Ok(());
        }
        for value in samples.iter_mut().filter(|v| !v.is_finite()) {
            *value = 0.0;
            self.not_finite += 1;
        }
        self.samples += sets - before;
        if self.samples > MAX_SECONDS * u64::from(rate) {
            return Err(Error::input(format!("'{}' is longer than six hours", self.path.display()))
                .hint("cut the track into parts and render them one by one"));
        }
        (self.sink)(Block { rate: SampleRate(rate), channels, speakers, samples })
    }

    /// Hands on `count` samples of silence in place of what could not be decoded.
    pub(super) fn push_silence(&mut self, mut count: u64) -> Result<()> {
        let Some(Form { channels, .. }) = self.form else { return Ok(()) };
        while count > 0 {
            let step = count.min(4096);
            self.push(&mut vec![0.0; step as usize * channels])?;
            count -= step;
        }
        Ok(())
    }

    /// Number of samples per channel so far.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// How long that is.
    pub(super) fn heard(&self) -> Seconds {
        SampleRate(self.form.map_or(1, |form| form.rate)).time_of(self.samples)
    }

    /// Keeps something that the person should know, once.
    pub(super) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Keeps the length that the file promises, where it can be relied on; the longest counts.
    pub(super) fn promise(&mut self, length: Option<Seconds>) {
        if length > self.promised {
            self.promised = length;
        }
    }

    /// What was decoded in all.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn finish(mut self) -> Result<Decoded> {
        let Some(Form { rate, channels, speakers }) = self.form.filter(|_| self.samples > 0) else {
            return Err(Error::input(format!("no sound could be decoded from '{}'", self.path.display()))
                .hint("play the file to see whether it is whole; convert it to FLAC or WAV if it plays"));
        };
        let (rate, heard) = (SampleRate(rate), self.heard());
        if let Some(promised) = self.promised.filter(|promised| heard.0 + SLACK < promised.0) {
            self.notes.push(format!("the file ends early: {heard} of {promised} could be decoded"));
        }
        if self.not_finite > 0 {
            self.notes.push(format!("{} samples are not finite numbers; they count as 0", self.not_finite));
        }
        Ok(Decoded { rate, channels, speakers, samples: self.samples, notes: self.notes })
    }
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
        outlet.begin(Form { rate: 8000, channels: 1, speakers: 4 }).unwrap();
        outlet.push(&mut [0.5, f32::NAN, f32::INFINITY, -0.5]).unwrap();
        let decoded = outlet.finish().unwrap();
        assert_eq!(decoded.samples, 4);
        assert!(decoded.notes[0].starts_with("2 samples"));
        assert_eq!(heard, [0.5, 0.0, 0.0, -0.5]);
    }

    #[test]
    fn absurd_forms_are_refused_and_the_first_one_stays() {
        let mut sink = |_: Block<'_>| Ok(());
        let mut outlet = Outlet::new(Path::new("x"), &mut sink);
        let form = |rate, channels| Form { rate, channels, speakers: 0 };
        assert!(outlet.begin(form(44_100, 1000)).is_err() && outlet.begin(form(3, 1)).is_err());
        assert_eq!(outlet.begin(form(44_100, 2)).unwrap(), form(44_100, 2));
        assert_eq!(outlet.begin(form(48_000, 1)).unwrap(), form(44_100, 2));
    }

    #[test]
    fn a_second_decoder_goes_on_where_the_first_one_ended() {
        let mut heard = Vec::new();
        let mut sink = |block: Block<'_>| {
            heard.extend_from_slice(block.samples);
            Ok(())
        };
        let mut outlet = Outlet::new(Path::new("x"), &mut sink);
        outlet.begin(Form { rate: 8000, channels: 2, speakers: 3 }).unwrap();
        outlet.push(&mut [1.0, 1.5, 2.0, 2.5]).unwrap();
        outlet.begin_again();
        [[1.0, 1.5], [2.0, 2.5], [3.0, 3.5]].iter_mut().for_each(|set| outlet.push(set).unwrap());
        outlet.promise(Some(Seconds(1.0)));
        outlet.promise(Some(Seconds(0.5)));
        let decoded = outlet.finish().unwrap();
        assert_eq!(decoded.notes, ["the file ends early: 0:00.000 of 0:01.000 could be decoded"]);
        assert_eq!(heard, [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]);
    }
}
