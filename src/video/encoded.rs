//! The track's sound encoded anew, where it can't be copied: samples come from the listener's own decoder, so that what
//! is heard in the video is what was listened to.

use super::coding::Coding;
use super::spec::{Pcm, SoundSpan};
use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{ChannelLayout, Dictionary, Packet, Rational, codec, encoder, frame};
use std::ops::Range;

/// Bits a second and channel of AAC, and the quality of Vorbis: beyond what listeners tell from the original.
const AAC_BITS: usize = 160_000;
const VORBIS_QUALITY: usize = 8;
/// Samples of a frame of an encoder that takes any number.
const ANY: usize = 4096;

/// Encodes the samples of a stretch of a track.
pub(super) struct Encoded {
    inner: encoder::audio::Encoder,
    pcm: Pcm,
    time_base: Rational,
    /// Samples of the track that are wanted, and how many were seen.
    span: Range<u64>,
    seen: u64,
    /// Interleaved samples that wait for a whole frame.
    waiting: Vec<f32>,
    sent: i64,
    ended: bool,
    ahead: Option<Packet>,
}

impl Encoded {
    /// Opens the decoder and the encoder, whose description goes to the head of the file.
    pub(super) fn open(span: &SoundSpan<'_>, coding: Coding) -> Result<Self> {
        let samples = span.samples.ok_or_else(|| Error::internal("there is no sound to encode"))?;
        let pcm = (samples.0)()?;
        let inner = open(&pcm, coding)?;
        let time_base = Rational::new(1, pcm.rate.0 as i32);
        let at = |t: Seconds| (t.0 * f64::from(pcm.rate.0)).round().max(0.0) as u64;
        let span = span.start.map_or(0, at)..span.end.map_or(u64::MAX, at);
        let mut sound = Encoded {
            inner,
            pcm,
            time_base,
            span,
            seen: 0,
            waiting: Vec::new(),
            sent: 0,
            ended: false,
            ahead: None,
        };
        sound.ahead = sound.read()?;
        Ok(sound)
    }

    /// The stream's description, for the muxer.
    pub(super) fn context(&self) -> &codec::Context {
        self.inner.as_ref()
    }

    /// The unit of the packets' timestamps: a sample.
    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }

    /// The next packet if it starts at or before `limit` on the video's clock.
    pub(super) fn next_until(&mut self, limit: Seconds) -> Result<Option<Packet>> {
        let starts = self.ahead.as_ref().map(|packet| packet.pts().unwrap_or(0));
        match starts {
            Some(pts) if pts as f64 * f64::from(self.time_base) <= limit.0 => {
                let following = self.read()?;
                Ok(std::mem::replace(&mut self.ahead, following))
            }
            _ => Ok(None),
        }
    }

    fn read(&mut self) -> Result<Option<Packet>> {
        loop {
            let mut packet = Packet::empty();
            match self.inner.receive_packet(&mut packet) {
                Ok(()) => return Ok(Some(packet)),
                Err(ffmpeg_next::Error::Eof) => return Ok(None),
                Err(ffmpeg_next::Error::Other { errno: EAGAIN }) if !self.ended => self.feed()?,
                Err(e) => return Err(failed().because(e)),
            }
        }
    }

    /// Hands the encoder another frame, or the end.
    fn feed(&mut self) -> Result<()> {
        let (channels, most) = (self.pcm.channels, self.frame_size());
        let wanted = most * channels;
        while self.waiting.len() < wanted && self.take_block()? {}
        if self.waiting.is_empty() {
            self.ended = true;
            return self.inner.send_eof().context(failed);
        }
        let now: Vec<f32> = self.waiting.drain(..wanted.min(self.waiting.len())).collect();
        let mut frame = frame_of(&now, channels, &self.inner);
        frame.set_rate(self.pcm.rate.0);
        frame.set_pts(Some(self.sent));
        self.sent += (now.len() / channels) as i64;
        self.inner.send_frame(&frame).context(failed)
    }

    fn frame_size(&self) -> usize {
        match self.inner.frame_size() as usize {
            0 => ANY,
            size => size,
        }
    }

    /// Takes what is wanted of the decoder's next block; false at the end.
    fn take_block(&mut self) -> Result<bool> {
        if self.seen >= self.span.end {
            return Ok(false);
        }
        let Some(block) = self.pcm.blocks.next().transpose()? else { return Ok(false) };
        let channels = self.pcm.channels;
        let here = self.seen..self.seen + (block.len() / channels) as u64;
        let inside = |n: u64| (n.clamp(here.start, here.end) - here.start) as usize * channels;
        let (from, to) = (inside(self.span.start), inside(self.span.end));
        self.waiting.extend_from_slice(&block[from..to.max(from)]);
        self.seen = here.end;
        Ok(true)
    }
}

fn failed() -> Error {
    Error::output("the audio encoder failed").hint("choose another one with --audio")
}

fn open(pcm: &Pcm, coding: Coding) -> Result<encoder::audio::Encoder> {
    let name = coding.encoder();
    let refused = || {
        let message = format!("the encoder {name} takes no {} channels at {} Hz", pcm.channels, pcm.rate.0);
        Error::output(message)
            .hint("write to a file that ends in .mkv, or choose another encoder with --audio")
    };
    let encoder = encoder::find_by_name(name).ok_or_else(refused)?;
    let mut audio = codec::Context::new_with_codec(encoder).encoder().audio().context(refused)?;
    audio.set_rate(pcm.rate.0 as i32);
    audio.set_time_base(Rational::new(1, pcm.rate.0 as i32));
    audio.set_format(match coding {
        Coding::Alac(..=16) => Sample::I16(Type::Planar),
        Coding::Alac(_) => Sample::I32(Type::Planar),
        Coding::Flac(..=16) => Sample::I16(Type::Packed),
        Coding::Flac(_) => Sample::I32(Type::Packed),
        Coding::Aac | Coding::Vorbis => Sample::F32(Type::Planar),
    });
    audio.set_channel_layout(layout(pcm, coding));
    audio.set_flags(codec::Flags::BITEXACT | codec::Flags::GLOBAL_HEADER);
    match coding {
        Coding::Aac => audio.set_bit_rate(AAC_BITS * pcm.channels),
        Coding::Vorbis => {
            audio.set_flags(codec::Flags::BITEXACT | codec::Flags::GLOBAL_HEADER | codec::Flags::QSCALE);
            audio.set_quality(VORBIS_QUALITY);
        }
        Coding::Alac(_) | Coding::Flac(_) => {}
    }
    // One thread: the same bytes everywhere.
    let options: Dictionary = [("threads", "1")].iter().collect();
    audio.open_as_with(encoder, options).context(refused)
}

/// The loudspeakers, as the encoder has names for them.
fn layout(pcm: &Pcm, coding: Coding) -> ChannelLayout {
    let usual = ChannelLayout::default(pcm.channels as i32);
    let known =
        [ChannelLayout::_5POINT1, ChannelLayout::_5POINT0, ChannelLayout::QUAD, ChannelLayout::_7POINT1];
    let told = known.into_iter().find(|layout| layout.bits() == pcm.speakers && pcm.speakers != 0);
    // ALAC and Vorbis have one order a number of channels.
    if matches!(coding, Coding::Flac(_)) { told.unwrap_or(usual) } else { usual }
}

/// A frame of interleaved samples, in the encoder's format.
fn frame_of(samples: &[f32], channels: usize, encoder: &encoder::audio::Encoder) -> frame::Audio {
    let count = samples.len() / channels;
    let mut frame = frame::Audio::new(encoder.format(), count, encoder.channel_layout());
    match encoder.format() {
        Sample::I16(_) => spread(&mut frame, samples, channels, |v| whole(v, 16) as i16),
        // Samples of 24 bits stand in the upper part.
        Sample::I32(_) => spread(&mut frame, samples, channels, |v| whole(v, 24) << 8),
        _ => spread(&mut frame, samples, channels, |v| v),
    }
    frame
}

/// The whole number that stands for a value of full scale ±1.
fn whole(value: f32, bits: i32) -> i32 {
    let full = f64::from(1i32 << (bits - 1));
    (f64::from(value) * full).round().clamp(-full, full - 1.0) as i32
}

fn spread<T: frame::audio::Sample>(
    frame: &mut frame::Audio,
    samples: &[f32],
    channels: usize,
    convert: impl Fn(f32) -> T,
) {
    if frame.is_packed() {
        let slots = frame.plane_mut::<T>(0).iter_mut();
        return slots.zip(samples).for_each(|(slot, value)| *slot = convert(*value));
    }
    for channel in 0..channels {
        let slots = frame.plane_mut::<T>(channel).iter_mut();
        let values = samples[channel..].iter().step_by(channels);
        slots.zip(values).for_each(|(slot, value)| *slot = convert(*value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_16_and_24_bits_comes_back() {
        assert!((-32_768..32_768).all(|v| whole(v as f32 / 32_768.0, 16) == v));
        let full = 1 << 23;
        assert!((-full..full).step_by(97).all(|v| whole(v as f32 / full as f32, 24) == v));
        assert_eq!((whole(1.0, 16), whole(-1.5, 24), whole(f32::NAN, 16)), (32_767, -full, 0));
    }
}
