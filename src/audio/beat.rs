//! aubio's ears, for a second opinion: one channel goes in, first guesses of beats come out.
//!
//! aubio works causally: its beats start after some two seconds. [`super::grid`] makes the final times of them.

use super::decode::{Block, decode};
use super::pass::{Kept, go_on};
use super::resample::Resampler;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use aubio_rs::{OnsetMode, Tempo};
use std::path::Path;

/// Samples under aubio's taper.
const TAPER: usize = 512;
/// Samples per step of aubio: with 128 the beats of a click track lie within 4 ms, with 512 within 30.
const STEP: usize = 128;

/// What aubio heard: times in seconds, ascending.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) beats: Vec<f64>,
}

/// Decodes the track again, brought to level by `gain`, and listens to its one-channel mix.
pub(super) fn listen(
    (path, stream): (&Path, Option<usize>),
    kept: &Kept,
    gain: f32,
    progress: &dyn Progress,
) -> Result<Heard> {
    progress.stage("Asking for a second opinion", kept.decoded.samples);
    let mut listener = Listener::new(kept.decoded.rate.0)?;
    let mut mono = Vec::new();
    let mut done = 0u64;
    decode(path, stream, &mut |block: Block<'_>| {
        if (block.rate, block.channels) != (kept.decoded.rate, kept.decoded.channels) {
            return Err(Error::input("the track changed while it was read").hint("run the command again"));
        }
        mono.clear();
        mono.extend(block.samples.chunks_exact(block.channels).map(|set| kept.mix.apply(set) * gain));
        listener.push(&mono)?;
        done += mono.len() as u64;
        go_on(progress, done)
    })?;
    listener.finish()
}

/// Listens to one channel.
pub(super) struct Listener {
    rate: u32,
    resampler: Option<Resampler>,
    tempo: Tempo,
    pending: Vec<f32>,
    heard: Heard,
}

impl Listener {
    /// Listens to a signal with `rate` samples a second.
    pub(super) fn new(rate: u32) -> Result<Self> {
        // aubio's constants are made for these rates.
        let native = matches!(rate, 44_100 | 48_000);
        let own = if native { rate } else { 44_100 };
        let failed = || Error::internal("the beat tracker can't be set up");
        Ok(Listener {
            rate: own,
            resampler: (!native).then(|| Resampler::new(rate, own)),
            tempo: Tempo::new(OnsetMode::SpecFlux, TAPER, STEP, own).context(failed)?,
            pending: Vec::new(),
            heard: Heard::default(),
        })
    }

    /// Takes the next samples, full scale ±1, at the usual level of music.
    pub(super) fn push(&mut self, samples: &[f32]) -> Result<()> {
        match &mut self.resampler {
            Some(resampler) => resampler.push(samples, &mut self.pending),
            None => self.pending.extend_from_slice(samples),
        }
        self.listen()
    }

    /// What was heard in all.
    pub(super) fn finish(mut self) -> Result<Heard> {
        if let Some(resampler) = self.resampler.take() {
            resampler.finish(&mut self.pending);
        }
        let filled = self.pending.len().next_multiple_of(STEP);
        self.pending.resize(filled, 0.0);
        self.listen()?;
        Ok(self.heard)
    }

    fn listen(&mut self) -> Result<()> {
        let failed = || Error::internal("the beat tracker failed");
        let whole = self.pending.len() / STEP * STEP;
        let seconds = |samples: usize| samples as f64 / f64::from(self.rate);
        for step in self.pending[..whole].chunks_exact(STEP) {
            if self.tempo.do_result(step).context(failed)? > 0.0 {
                self.heard.beats.push(seconds(self.tempo.get_last()));
            }
        }
        self.pending.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_are_heard_as_beats() {
        let mut samples = vec![0.0f32; 44_100 * 12];
        for beat in 0..24 {
            let at = 22_050 * beat + 11_025;
            for (i, v) in samples[at..at + 400].iter_mut().enumerate() {
                *v = if i % 20 < 10 { 0.8 } else { -0.8 };
            }
        }
        let mut listener = Listener::new(44_100).unwrap();
        for part in samples.chunks(1001) {
            listener.push(part).unwrap();
        }
        let heard = listener.finish().unwrap();
        assert!(heard.beats.len() >= 18, "{:?}", heard.beats);
    }
}
