//! One look at all packets of a stream, without decoding them: how long it is, and whether it stays the same.

use super::packets::{Packets, is_unheard, rate_of, skipped};
use crate::error::Result;
use ffmpeg_next::Packet;
use ffmpeg_next::codec::Id;
use ffmpeg_next::codec::packet::side_data::Type;
use std::path::Path;

/// What a look at all packets tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Seconds from the first sample that is heard to the last one, by the packets' timestamps.
    pub length: f64,
    /// Whether one description of the stream holds for all its packets, and all of them are heard. If not, a copy of the
    /// packets would play something else.
    pub uniform: bool,
    /// Whether packets say of themselves that channels or sample rate change.
    pub changes: bool,
}

/// Looks at all packets of the stream that [`super::choose`] chooses.
///
/// # Errors
/// As [`super::choose`].
pub fn survey(path: &Path, asked: Option<usize>) -> Result<Survey> {
    Packets::open(path, asked).map(look)
}

/// Whether one description of that stream holds for all its packets, as [`Survey::uniform`] has it.
///
/// # Errors
/// As [`super::choose`].
pub fn is_uniform(path: &Path, asked: Option<usize>) -> Result<bool> {
    let packets = Packets::open(path, asked)?;
    // Matroska keeps one description a stream; its files are the largest, so they are not looked through for that.
    Ok(packets.container().contains("matroska") || look(packets).uniform)
}

fn look(mut packets: Packets) -> Survey {
    let (codec, tick) = (packets.parameters().id(), f64::from(packets.time_base()));
    let sample = rate_of(packets.parameters()).map_or(0.0, f64::from);
    let (mut start, mut end) = (None, None);
    let (mut count, mut uniform, mut changes, mut form) = (0u64, true, false, None);
    let (mut heard, mut anew) = (false, false);
    for packet in packets.by_ref() {
        if let Some(at) = packet.pts() {
            start.get_or_insert_with(|| at as f64 * tick + f64::from(skipped(&packet).0) * sample);
            end = Some((at + packet.duration()) as f64 * tick);
        }
        anew |= count > 0 && is_described_anew(codec, &packet);
        // Copied, what is not heard inside the track would be.
        uniform &= !(heard && is_unheard(&packet));
        heard |= !is_unheard(&packet);
        let told = form_of(codec, &packet);
        changes |= form.is_some() && told.is_some() && form != told;
        form = told.or(form);
        count += 1;
    }
    let start = packets.start().map(|t| t as f64 * tick).or(start);
    // Packets of AAC with headers of their own lose these in other containers.
    uniform &= !(anew || changes && codec == Id::AAC);
    let length = end.zip(start).map_or(0.0, |(end, start)| (end - start).max(0.0));
    Survey { length, uniform, changes: changes || anew }
}

/// Whether the stream is described anew with this packet: side data, or Vorbis headers behind the first.
fn is_described_anew(codec: Id, packet: &Packet) -> bool {
    let header = || packet.data().is_some_and(|data| data.get(1..7) == Some(b"vorbis") && data[0] & 1 == 1);
    packet.side_data().any(|side| matches!(side.kind(), Type::NewExtraData | Type::ParamChange))
        || codec == Id::VORBIS && header()
}

/// What a packet's own header says of channels and sample rate, where it has one.
fn form_of(codec: Id, packet: &Packet) -> Option<[u8; 3]> {
    let head = packet.data()?.first_chunk::<4>()?;
    match codec {
        // Version, layer, sample rate, and whether it is mono.
        Id::MP3 | Id::MP2 | Id::MP1 if head[0] == 0xff && head[1] & 0xe0 == 0xe0 => {
            Some([head[1] & 0x1e, head[2] & 0x0c, u8::from(head[3] >> 6 == 3)])
        }
        // ADTS: profile, sample rate, channels.
        Id::AAC if head[0] == 0xff && head[1] & 0xf6 == 0xf0 => Some([0, head[2] & 0xfd, head[3] & 0xc0]),
        _ => None,
    }
}
