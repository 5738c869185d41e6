//! The track's audio packets, untouched but for their place on the video's clock.

use crate::demux::Packets;
use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{Packet, Rational, codec, frame};
use std::path::{Path, PathBuf};

/// Packets that are decoded in search of the first sample; far more than any encoder's delay.
const SEARCHED_PACKETS: usize = 500;

/// What may lie before the first sample that is heard: an encoder's delay, and packets that decoders need for it. What an edit list
/// hides besides would be heard wherever the video's container has no such list.
const PRIMING: Seconds = Seconds(0.15);

/// Reads the packets of one of a track's audio streams in order.
pub(super) struct Sound {
    path: PathBuf,
    packets: Packets,
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
    /// Opens a stream of `track`, the one of number `stream` or the usual one. Where `start` or `end` (seconds from the
    /// first audible sample) are given, only packets that overlap them follow, and `start` becomes the video's zero.
    pub(super) fn open(
        (track, stream): (&Path, Option<usize>),
        start: Option<Seconds>,
        end: Option<Seconds>,
    ) -> Result<Self> {
        let origin = first_sample(track, stream)?;
        let packets = Packets::open(track, stream)?;
        let time_base = packets.time_base();
        let ticks = |t: Seconds| (t.0 / f64::from(time_base)).round() as i64;
        let zero = start.map_or(origin, |t| origin.saturating_add(ticks(t)));
        // From the very start, packets that hold nothing but the encoder's delay belong to the track too.
        let first = if zero == origin { origin.saturating_sub(ticks(PRIMING)) } else { zero };
        let last = end.map_or(i64::MAX, |t| origin.saturating_add(ticks(t)));
        let path = track.to_owned();
        let mut sound =
            Sound { path, packets, time_base, zero, span: first..last, expected: origin, ahead: None };
        sound.ahead = sound.read_inside()?;
        Ok(sound)
    }

    /// The stream's description, for the muxer.
    pub(super) fn parameters(&self) -> codec::Parameters {
        self.packets.parameters()
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
        for mut packet in self.packets.by_ref() {
            let start = packet.pts().unwrap_or(self.expected);
            self.expected = start.saturating_add(packet.duration().max(0));
            if start >= self.span.end {
                return Ok(None);
            }
            if self.expected <= self.span.start {
                continue;
            }
            let start = start.saturating_sub(self.zero);
            packet.set_pts(Some(start));
            packet.set_dts(Some(start));
            return Ok(Some(packet));
        }
        match self.packets.trouble() {
            // What a damaged file holds no more was not heard either.
            None | Some(ffmpeg_next::Error::InvalidData) => Ok(None),
            Some(e) => {
                let message = format!("can't read the sound of {}", self.path.display());
                Err(Error::input(message).because(e).hint("check that the file plays to its end"))
            }
        }
    }
}

/// The timestamp of the first sample that a player lets you hear, in the stream's time base.
///
/// Formats tell the encoder's delay in many ways (edit lists, LAME tags, pre-skip, codec delay), and
/// the decoder knows them all, so it is asked: what it drops is not heard.
pub(super) fn first_sample(track: &Path, stream: Option<usize>) -> Result<i64> {
    let mut packets = Packets::open(track, stream)?;
    let mut decoder = codec::Context::from_parameters(packets.parameters())
        .context(|| Error::input(format!("the sound of {} is described wrongly", track.display())))?
        .decoder();
    decoder.set_packet_time_base(packets.time_base());
    if let Ok(mut decoder) = decoder.audio() {
        for packet in packets.by_ref().take(SEARCHED_PACKETS) {
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
    Ok(packets.start().unwrap_or(0))
}
