//! FFmpeg: MP4 with its edit lists, Opus with its pre-skip, and everything that symphonia can't place.
//!
//! libavcodec drops what the demuxer marks as delay. The end of an AAC track in MP4 is not marked, but
//! the container knows how long the track is: what lies beyond is the encoder's padding.

use super::outlet::{Outlet, ends_early};
use crate::error::{Context, Error, Result};
use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::{codec, frame, media};
use std::fs::File;
use std::path::Path;

/// Most samples that can be padding: two long AAC frames with spectral band replication.
const MAX_PADDING: u64 = 4096;
/// A jump of the timestamps that is a gap and not rounding, in seconds.
const GAP: f64 = 0.05;

/// Decodes the best audio stream of `file` into `outlet`; `path` is used in messages only.
pub(super) fn decode(file: File, path: &Path, outlet: &mut Outlet<'_, '_>) -> Result<()> {
    ffmpeg::log::set_level(ffmpeg::log::Level::Fatal);
    let mut input = open(file, path)?;
    let stream = input.streams().best(media::Type::Audio).ok_or_else(|| {
        Error::input(format!("'{}' has no sound in it", path.display()))
            .hint("name a file with an audio stream; `ffprobe FILE` lists the streams")
    })?;
    let unknown = || {
        Error::input(format!("'{}' is in a format that can't be decoded", path.display()))
            .hint("convert it to FLAC, WAV, MP3 or AAC")
    };
    let index = stream.index();
    let mut track = Delivery::new(&input, index);
    let mut decoder = codec::Context::from_parameters(stream.parameters())
        .and_then(|context| context.decoder().audio())
        .context(unknown)?;
    decoder.set_packet_time_base(stream.time_base());

    let mut packet = ffmpeg::Packet::empty();
    let mut damaged = 0u64;
    loop {
        match packet.read(&mut input) {
            Ok(()) if packet.stream() != index => continue,
            Ok(()) => damaged += u64::from(decoder.send_packet(&packet).is_err()),
            Err(ffmpeg::Error::Eof) => break,
            Err(e) => {
                outlet.note(format!("the file is damaged ({e}); what comes before is used"));
                break;
            }
        }
        receive(&mut decoder, &mut track, outlet)?;
    }
    // Draining may be refused where no packet was good; there is nothing to drain then.
    if decoder.send_eof().is_ok() {
        receive(&mut decoder, &mut track, outlet)?;
    }
    if damaged > 0 && outlet.samples() > 0 {
        outlet.note(format!("{damaged} packets are damaged; they count as silence"));
    }
    track.finish(outlet);
    Ok(())
}

fn open(file: File, path: &Path) -> Result<Input> {
    let mut options = ffmpeg::Dictionary::new();
    // A playlist must not make us open other files or addresses.
    options.set("protocol_whitelist", "none");
    StreamIo::from_read_seek(file)
        .and_then(|io| ffmpeg::format::input_from_stream(io, None, Some(options)))
        .context(|| {
            Error::input(format!("'{}' can't be read as sound or video", path.display()))
                .hint("MP3, FLAC, WAV, AIFF, Ogg, Opus, M4A, MP4, MKV and WMA are understood; if it is one, it is damaged")
        })
}

fn receive(
    decoder: &mut codec::decoder::Audio,
    track: &mut Delivery,
    outlet: &mut Outlet<'_, '_>,
) -> Result<()> {
    let mut frame = frame::Audio::empty();
    while decoder.receive_frame(&mut frame).is_ok() {
        track.deliver(&frame, outlet)?;
    }
    Ok(())
}

/// Turns decoded frames into blocks: fills gaps, holds back what may be padding.
struct Delivery {
    /// Seconds per tick of the timestamps.
    tick: f64,
    /// The time of the first sample, once known.
    start: Option<f64>,
    /// Length in seconds, where the container's figure is without padding.
    length: Option<f64>,
    /// Samples per channel that were delivered or held back.
    position: u64,
    held: Vec<f32>,
    rate: u32,
    channels: usize,
}

impl Delivery {
    fn new(input: &Input, index: usize) -> Self {
        let stream = input.stream(index).expect("the index came from this input");
        let tick = f64::from(stream.time_base());
        let exact = input.format().name().contains("mp4") && stream.duration() > 0;
        let length = exact.then(|| stream.duration() as f64 * tick);
        Delivery { tick, start: None, length, position: 0, held: Vec::new(), rate: 0, channels: 0 }
    }

    /// Samples per channel after which all is padding, if the container knows.
    fn end(&self) -> Option<u64> {
        self.length.map(|l| (l * f64::from(self.rate)).round() as u64)
    }

    fn deliver(&mut self, frame: &frame::Audio, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        let mut samples = interleave(frame)?;
        (self.rate, self.channels) = (frame.rate(), usize::from(frame.channels()));
        if samples.is_empty() || self.rate == 0 {
            return Ok(());
        }
        self.fill_gap(frame, outlet)?;
        self.position += (samples.len() / self.channels) as u64;
        let Some(end) = self.end().filter(|end| self.position > *end) else {
            return outlet.push(self.rate, self.channels, &mut samples);
        };
        if self.position > end + MAX_PADDING {
            // That much is no padding: the container is wrong about the length.
            self.length = None;
            self.held.append(&mut samples);
            return outlet.push(self.rate, self.channels, &mut std::mem::take(&mut self.held));
        }
        let beyond = ((self.position - end) as usize * self.channels).min(samples.len());
        let inside = samples.len() - beyond;
        self.held.extend_from_slice(&samples[inside..]);
        outlet.push(self.rate, self.channels, &mut samples[..inside])
    }

    /// A player leaves a gap in the timestamps silent, and so must the analysis.
    fn fill_gap(&mut self, frame: &frame::Audio, outlet: &mut Outlet<'_, '_>) -> Result<()> {
        let Some(time) = frame.timestamp().map(|t| t as f64 * self.tick) else { return Ok(()) };
        let start = *self.start.get_or_insert(time);
        let missing = time - start - self.position as f64 / f64::from(self.rate);
        if missing > GAP && self.held.is_empty() {
            let count = (missing * f64::from(self.rate)).round() as u64;
            outlet.push_silence(count)?;
            self.position += count;
        }
        Ok(())
    }

    /// Says so if the container promised more; what is held back is padding and goes.
    fn finish(self, outlet: &mut Outlet<'_, '_>) {
        if let Some(end) =
            self.end().filter(|end| outlet.samples() > 0 && outlet.samples() + MAX_PADDING < *end)
        {
            outlet.note(ends_early(self.rate, outlet.samples(), end));
        }
    }
}

/// All samples of a frame as interleaved floats, full scale ±1.
fn interleave(frame: &frame::Audio) -> Result<Vec<f32>> {
    let channels = usize::from(frame.channels());
    if channels == 0 || frame.planes() == 0 {
        return Err(Error::input("a decoded block has no channels").hint("convert the track to FLAC or WAV"));
    }
    let layout = |kind| (kind, channels);
    Ok(match frame.format() {
        Sample::U8(kind) => gather::<u8>(frame, layout(kind), |v| (f32::from(v) - 128.0) / 128.0),
        Sample::I16(kind) => gather::<i16>(frame, layout(kind), |v| f32::from(v) / 32_768.0),
        Sample::I32(kind) => gather::<i32>(frame, layout(kind), |v| (f64::from(v) / 2_147_483_648.0) as f32),
        Sample::F32(kind) => gather::<f32>(frame, layout(kind), |v| v),
        Sample::F64(kind) => gather::<f64>(frame, layout(kind), |v| v as f32),
        Sample::I64(_) | Sample::None => {
            return Err(
                Error::input("the track uses 64-bit integer samples").hint("convert it to FLAC or WAV")
            );
        }
    })
}

fn gather<T: frame::audio::Sample + Copy>(
    frame: &frame::Audio,
    (kind, channels): (Type, usize),
    convert: impl Fn(T) -> f32,
) -> Vec<f32> {
    if kind == Type::Packed {
        return frame.plane::<T>(0).iter().map(|v| convert(*v)).collect();
    }
    let mut out = vec![0.0; frame.samples() * channels];
    for channel in 0..channels {
        for (slot, value) in out[channel..].iter_mut().step_by(channels).zip(frame.plane::<T>(channel)) {
            *slot = convert(*value);
        }
    }
    out
}
