//! FFmpeg: MP4 with its edit lists, Opus with its pre-skip, joined and damaged files, and everything that symphonia
//! can't place.
//!
//! libavcodec drops what the demuxer marks as delay, and hands timestamps through: every stretch of sound goes where its
//! packet lies on the stream's clock, which is where a player, and a copy of the packets, has it.

mod delivery;
mod form;

use super::outlet::Outlet;
use crate::demux::Packets;
use crate::error::{Context, Error, Result};
use delivery::Delivery;
use ffmpeg_next::{codec, frame};
use std::path::Path;

/// Decodes an audio stream of the file at `path` into `outlet`: the one of number `asked`, or the usual one. With
/// `varied` set it is known that channels or sample rate change on the way.
pub(super) fn decode(
    path: &Path,
    asked: Option<usize>,
    varied: bool,
    outlet: &mut Outlet<'_, '_>,
) -> Result<()> {
    let mut packets = Packets::open(path, asked)?;
    let unknown = || {
        Error::input(format!("'{}' is in a format that can't be decoded", path.display()))
            .hint("convert it to FLAC, WAV, MP3 or AAC")
    };
    let mut decoder = codec::Context::from_parameters(packets.parameters())
        .and_then(|context| context.decoder().audio())
        .context(unknown)?;
    decoder.set_packet_time_base(packets.time_base());
    let mut track = Delivery::new(&packets, decoder.rate(), varied);
    let mut damaged = 0u64;
    for packet in packets.by_ref() {
        let taken = decoder.send_packet(&packet).is_ok();
        let given = receive(&mut decoder, &mut track, outlet)?;
        damaged += u64::from(!(taken && given));
    }
    // Draining may be refused where no packet was good; there is nothing to drain then.
    if decoder.send_eof().is_ok() {
        receive(&mut decoder, &mut track, outlet)?;
    }
    let silence = track.finish(outlet)?;
    if let Some(trouble) = packets.trouble() {
        let heard = outlet.heard();
        outlet.note(format!("the file is damaged at {heard} ({trouble}); what comes before is used"));
    }
    match (damaged, silence.0 > 0.0) {
        (0, false) => {}
        (0, true) => outlet.note(format!("the track has gaps; {silence} of silence stand in them")),
        (n, false) => outlet.note(format!("damaged packets: {n}; nothing is heard in their place")),
        (n, true) => outlet.note(format!("damaged packets: {n}; {silence} of silence stand in their place")),
    }
    outlet.promise(packets.missing());
    Ok(())
}

/// Takes all that the decoder has ready; false if it says that something is wrong.
fn receive(
    decoder: &mut codec::decoder::Audio,
    track: &mut Delivery,
    outlet: &mut Outlet<'_, '_>,
) -> Result<bool> {
    let mut frame = frame::Audio::empty();
    loop {
        match decoder.receive_frame(&mut frame) {
            Ok(()) => track.take(&frame, outlet)?,
            Err(ffmpeg_next::Error::Eof) => return Ok(true),
            Err(ffmpeg_next::Error::Other { errno }) if errno == ffmpeg_next::util::error::EAGAIN => {
                return Ok(true);
            }
            Err(_) => return Ok(false),
        }
    }
}
