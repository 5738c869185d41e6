//! Decoded stretches go in, an unbroken track comes out: each stretch where its timestamp says.

use super::form::{Former, form_of, interleave};
use crate::audio::decode::outlet::Outlet;
use crate::demux::Packets;
use crate::error::Result;
use crate::units::{SampleRate, Seconds};
use ffmpeg_next::frame;

/// Most samples that can be padding: two long AAC frames with spectral band replication.
const MAX_PADDING: u64 = 4096;
/// A stretch and the one behind it so far from where they are due, in seconds, lie elsewhere. Timestamps of single
/// stretches are off by more: FFmpeg's of Vorbis by 9 ms where long blocks become short.
const APART: f64 = 0.008;
/// The same for the last stretch, which nothing confirms.
const FAR_APART: f64 = 0.05;

/// Sound of one decoded frame.
struct Stretch {
    samples: Vec<f32>,
    /// Where it begins, in samples since the first one that was heard, if it says so.
    at: Option<f64>,
}

/// Turns decoded frames into blocks: fills gaps, leaves out what is there twice, holds back what may be padding.
pub(super) struct Delivery {
    /// Seconds per tick of the timestamps.
    tick: f64,
    /// The time of the first sample, once there was one and if it said so.
    start: Option<f64>,
    begun: bool,
    /// Length in seconds, where the container's figure is without padding.
    length: Option<f64>,
    /// Samples per channel that were delivered or held back.
    position: u64,
    held: Vec<f32>,
    /// Samples per channel of silence that were put in.
    silence: u64,
    /// What waits for the stretch behind it.
    waiting: Option<Stretch>,
    former: Former,
    /// The rate that timestamps were made for.
    rate: u32,
    /// Whether timestamps can be relied on: in a part of another rate they can't.
    stamped: bool,
}

impl Delivery {
    pub(super) fn new(packets: &Packets, rate: u32, varied: bool) -> Self {
        let exact = packets.container().contains("mp4");
        Delivery {
            tick: f64::from(packets.time_base()),
            start: None,
            begun: false,
            length: packets.stated().filter(|_| exact).map(|s| s.0),
            position: 0,
            held: Vec::new(),
            silence: 0,
            waiting: None,
            former: Former::new(varied),
            rate,
            stamped: true,
        }
    }

    /// Takes the next frame.
    pub(super) fn take(&mut self, frame: &frame::Audio, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        let (samples, form) = (interleave(frame)?, form_of(frame));
        if samples.is_empty() || form.rate == 0 {
            return Ok(());
        }
        self.stamped &= self.rate == 0 || form.rate == self.rate;
        let tail = self.former.turn(form, outlet, self.position)?;
        if !tail.is_empty() {
            self.follow(Stretch { samples: tail, at: None }, outlet)?;
        }
        let time = frame.pts().map(|t| t as f64 * self.tick);
        if !self.begun {
            (self.begun, self.start) = (true, time);
        }
        let rate = f64::from(self.former.rate());
        let at = time.zip(self.start).filter(|_| self.stamped).map(|(time, start)| (time - start) * rate);
        let stretch = Stretch { samples: self.former.bring(samples), at };
        self.follow(stretch, outlet)
    }

    /// Settles what waits, and lets `stretch` wait.
    fn follow(&mut self, stretch: Stretch, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        if let Some(waiting) = self.waiting.replace(stretch) {
            self.settle(waiting, outlet)?;
        }
        Ok(())
    }

    /// Puts a stretch where it lies.
    fn settle(&mut self, mut stretch: Stretch, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        let channels = self.former.channels();
        let off = self.off(&stretch);
        if off > 0 {
            outlet.push_silence(off.unsigned_abs())?;
            self.position += off.unsigned_abs();
            self.silence += off.unsigned_abs();
        } else if off < 0 {
            let twice = (off.unsigned_abs() as usize * channels).min(stretch.samples.len());
            stretch.samples.drain(..twice);
        }
        self.deliver(stretch.samples, outlet)
    }

    /// How many samples later than it is due a stretch lies, if the next one agrees; negative: earlier.
    fn off(&self, stretch: &Stretch) -> i64 {
        let rate = f64::from(self.former.rate());
        let Some(off) = stretch.at.map(|at| at - self.position as f64) else { return 0 };
        let behind = self.position as f64 + (stretch.samples.len() / self.former.channels()) as f64;
        let next = self.waiting.as_ref().and_then(|next| next.at).map(|at| at - behind);
        let off = match next {
            Some(next) if next * off <= 0.0 => 0.0,
            // The smaller one: either may be inaccurate.
            Some(next) if next.abs().min(off.abs()) >= APART * rate => {
                if next.abs() < off.abs() {
                    next
                } else {
                    off
                }
            }
            None if off.abs() >= FAR_APART * rate => off,
            _ => 0.0,
        };
        off.round() as i64
    }

    fn deliver(&mut self, mut samples: Vec<f32>, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        let channels = self.former.channels();
        self.position += (samples.len() / channels) as u64;
        let Some(end) = self.end().filter(|end| self.position > *end) else {
            return outlet.push(&mut samples);
        };
        if self.position > end + MAX_PADDING {
            // That much is no padding: the container is wrong about the length.
            self.length = None;
            self.held.append(&mut samples);
            return outlet.push(&mut std::mem::take(&mut self.held));
        }
        let beyond = ((self.position - end) as usize * channels).min(samples.len());
        let inside = samples.len() - beyond;
        self.held.extend_from_slice(&samples[inside..]);
        outlet.push(&mut samples[..inside])
    }

    /// Samples per channel after which all is padding, if the container knows.
    fn end(&self) -> Option<u64> {
        self.length.map(|l| (l * f64::from(self.former.rate())).round() as u64)
    }

    /// Delivers what waits; what is held back is padding and goes. Gives how long the silence is that was put in.
    pub(super) fn finish(mut self, outlet: &mut Outlet<'_, '_>) -> Result<Seconds> {
        let tail = self.former.rest();
        if !tail.is_empty() {
            self.follow(Stretch { samples: tail, at: None }, outlet)?;
        }
        if let Some(last) = self.waiting.take() {
            self.settle(last, outlet)?;
        }
        Ok(SampleRate(self.former.rate()).time_of(self.silence))
    }
}
