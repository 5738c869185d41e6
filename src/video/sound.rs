//! The track's audio packets, untouched but for their place on the video's clock.

use super::ffmpeg;
use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{Packet, Rational, Stream, codec, frame, media};
use std::path::{Path, PathBuf};

/// Packets that are decoded in search of the first sample; far more than any encoder's delay.
const SEARCHED_PACKETS: usize = 500;
/// Damaged spots in a row that a demuxer may step over before the file is given up.
const DAMAGED_IN_A_ROW: usize = 1000;

/// Reads the packets of a track's first audio stream in order.
pub(super) struct Sound {
    path: PathBuf,
    input: Input,
    stream: usize,
    time_base: Rational,
    /// Timestamp, in `time_base`, that becomes the video's zero.
    zero: i64,
    /// Timestamps outside of which packets are left out.
    span: std::ops::Range<i64>,
    /// Where a packet without a timestamp belongs.
    expected: i64,
    ahead: Option<Packet>,
}

impl Sound {
    /// Opens `track`. Where `start` or `end` (seconds from the first audible sample) are given, only
    /// packets that overlap them follow, and `start` becomes the video's zero.
    pub(super) fn open(track: &Path, start: Option<Seconds>, end: Option<Seconds>) -> Result<Self> {
        let origin = first_sample(track)?;
        let input = ffmpeg::open(track)?;
        let stream = audio_stream(&input, track)?;
        let (stream, time_base) = (stream.index(), stream.time_base());
        let ticks = |t: Seconds| (t.0 / f64::from(time_base)).round() as i64;
        let zero = start.map_or(origin, |t| origin.saturating_add(ticks(t)));
        // From the very start, packets that hold nothing but the encoder's delay belong to the track too.
        let first = if zero == origin { i64::MIN } else { zero };
        let last = end.map_or(i64::MAX, |t| origin.saturating_add(ticks(t)));
        let path = track.to_owned();
        let mut sound =
            Sound { path, input, stream, time_base, zero, span: first..last, expected: origin, ahead: None };
        sound.ahead = sound.read_inside()?;
        Ok(sound)
    }

    /// How the sound of `track` is coded.
    pub(super) fn codec(track: &Path) -> Result<codec::Id> {
        let input = ffmpeg::open(track)?;
        Ok(audio_stream(&input, track)?.parameters().id())
    }

    /// The stream's description, for the muxer.
    pub(super) fn parameters(&self) -> Result<codec::Parameters> {
        Ok(audio_stream(&self.input, &self.path)?.parameters())
    }

    /// The unit of the packets' timestamps.
    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }

    /// The next packet if it starts at or before `limit` on the video's clock.
    pub(super) fn next_until(&mut self, limit: Seconds) -> Result<Option<Packet>> {
        let starts = self.ahead.as_ref().and_then(Packet::pts);
        match starts {
            Some(pts) if pts as f64 * f64::from(self.time_base) <= limit.0 => {
                let following = self.read_inside()?;
                Ok(std::mem::replace(&mut self.ahead, following))
            }
            _ => Ok(None),
        }
    }

    /// The next packet that overlaps the span, on the video's clock.
    fn read_inside(&mut self) -> Result<Option<Packet>> {
        while let Some(mut packet) = read_packet(&mut self.input, self.stream, &self.path)? {
            let start = packet.pts().or(packet.dts()).unwrap_or(self.expected);
            self.expected = start.saturating_add(packet.duration().max(0));
            if start >= self.span.end {
                return Ok(None);
            }
            // Empty packets carry no sound, and muxers refuse them.
            if self.expected <= self.span.start || packet.size() == 0 {
                continue;
            }
            // Audio is decoded in the order in which it is heard.
            let start = start.saturating_sub(self.zero);
            packet.set_pts(Some(start));
            packet.set_dts(Some(start));
            return Ok(Some(packet));
        }
        Ok(None)
    }
}

/// The stream that is copied: the first one with sound. Cover pictures are no sound.
fn audio_stream<'a>(input: &'a Input, track: &Path) -> Result<Stream<'a>> {
    let mut streams = input.streams();
    streams.find(|s| s.parameters().medium() == media::Type::Audio).ok_or_else(|| {
        Error::input(format!("{} has no sound", track.display())).hint("give a file with an audio stream")
    })
}

/// The next packet of `stream`; none at the end of the file.
fn read_packet(input: &mut Input, stream: usize, path: &Path) -> Result<Option<Packet>> {
    let mut damaged = 0;
    loop {
        let mut packet = Packet::empty();
        match packet.read(input) {
            Ok(()) if packet.stream() == stream => return Ok(Some(packet)),
            Ok(()) => damaged = 0,
            Err(ffmpeg_next::Error::Eof) => return Ok(None),
            Err(ffmpeg_next::Error::InvalidData) if damaged < DAMAGED_IN_A_ROW => damaged += 1,
            Err(e) => {
                let message = format!("can't read the sound of {}", path.display());
                return Err(Error::input(message).because(e).hint("check that the file plays to its end"));
            }
        }
    }
}

/// The timestamp of the first sample that a player lets you hear, in the stream's time base.
///
/// Formats tell the encoder's delay in many ways (edit lists, LAME tags, pre-skip, codec delay), and
/// the decoder knows them all, so it is asked: what it drops is not heard.
fn first_sample(track: &Path) -> Result<i64> {
    let mut input = ffmpeg::open(track)?;
    let stream = audio_stream(&input, track)?;
    let (index, time_base, stated) = (stream.index(), stream.time_base(), stream.start_time());
    let mut decoder = codec::Context::from_parameters(stream.parameters())
        .context(|| Error::input(format!("the sound of {} is described wrongly", track.display())))?
        .decoder();
    decoder.set_packet_time_base(time_base);
    if let Ok(mut decoder) = decoder.audio() {
        for _ in 0..SEARCHED_PACKETS {
            let Some(packet) = read_packet(&mut input, index, track)? else { break };
            let mut sound = frame::Audio::empty();
            if decoder.send_packet(&packet).is_err() {
                continue;
            }
            match decoder.receive_frame(&mut sound) {
                Ok(()) => return Ok(sound.pts().or(sound.timestamp()).unwrap_or(0)),
                Err(ffmpeg_next::Error::Other { errno: EAGAIN }) => {}
                Err(_) => continue,
            }
        }
    }
    // A sound that FFmpeg can copy but not decode: the container's word has to do.
    Ok(if stated == ffmpeg_next::ffi::AV_NOPTS_VALUE { 0 } else { stated })
}
