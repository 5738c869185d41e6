//! symphonia: MP3, FLAC, WAV, AIFF and Ogg Vorbis, gapless by their own tags.

use super::outlet::{Form, Outlet};
use crate::error::{Error, Result};
use crate::units::{SampleRate, Seconds};
use std::fs::File;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// What symphonia says of a file without decoding it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    /// Samples per channel of all packets, without delay and padding.
    pub(super) samples: u64,
    /// Samples a second.
    pub(super) rate: u32,
    /// The length that the header states, where it can be relied on.
    pub(super) stated: Option<Seconds>,
}

/// Looks at all packets of `file`; none if symphonia doesn't place them one behind another from its start to its end.
pub(super) fn plan(file: File) -> Option<Plan> {
    let mut reader = open(file)?;
    let track = only_track(&*reader)?;
    let params = track.codec_params.as_ref()?.audio()?;
    let (id, rate, codec) = (track.id, params.sample_rate?, params.codec);
    let stated = stated_samples(track).map(|n| SampleRate(rate).time_of(n));
    decoder_for(track)?;
    let (mut samples, mut due) = (0u64, None);
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(SymphoniaError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(_) => return None,
        };
        if packet.track_id != id {
            continue;
        }
        let at = packet.pts.get();
        if due.is_some_and(|due| due != at) {
            return None;
        }
        let (whole, heard) = lengths(codec, &packet);
        due = Some(at.checked_add_unsigned(whole)?);
        samples = samples.checked_add(heard)?;
    }
    Some(Plan { samples, rate, stated })
}

/// Decodes `file` into `outlet`, as far as nothing is wrong with it.
pub(super) fn decode(file: File, outlet: &mut Outlet<'_, '_>) -> Result<()> {
    let Some(mut reader) = open(file) else { return Ok(()) };
    let Some(track) = only_track(&*reader) else { return Ok(()) };
    let (id, codec) = (track.id, track.codec_params.as_ref().and_then(|p| p.audio()).map(|p| p.codec));
    let Some(mut decoder) = decoder_for(track) else { return Ok(()) };
    let mut interleaved = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Err(SymphoniaError::IoError(e)) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
                return Err(Error::input("reading the track failed").because(e).hint("check the disk"));
            }
            Ok(None) | Err(_) => return Ok(()),
        };
        if packet.track_id != id {
            continue;
        }
        let Ok(buffer) = decoder.decode(&packet) else { return Ok(()) };
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        let form = Form { rate, channels, speakers: if channels == 1 { 4 } else { 3 } };
        if buffer.frames() == 0 {
            continue;
        }
        // What is shorter than it should be, or in another form, puts what follows elsewhere.
        if codec.is_none_or(|codec| buffer.frames() as u64 != lengths(codec, &packet).1)
            || outlet.begin(form)? != form
        {
            return Ok(());
        }
        buffer.copy_to_vec_interleaved::<f32>(&mut interleaved);
        outlet.push(&mut interleaved)?;
    }
}

fn open(file: File) -> Option<Box<dyn FormatReader>> {
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let probe = symphonia::default::get_probe();
    probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()).ok()
}

/// Samples of a packet with delay and padding, and without. symphonia's own duration of an MP3 packet includes what is
/// to be trimmed (0.6.1).
fn lengths(codec: AudioCodecId, packet: &Packet) -> (u64, u64) {
    let trimmed = packet.trim_start.get().saturating_add(packet.trim_end.get());
    let told = packet.dur.get();
    if codec == CODEC_ID_MP3 {
        (told, told.saturating_sub(trimmed))
    } else {
        (told.saturating_add(trimmed), told)
    }
}

/// The one track of a file with one or two channels; several may start at different times, which symphonia doesn't tell.
fn only_track(reader: &dyn FormatReader) -> Option<&Track> {
    let [track] = reader.tracks() else { return None };
    let channels = track.codec_params.as_ref()?.audio()?.channels.as_ref()?.count();
    (1..=2).contains(&channels).then_some(track)
}
/// A decoder for the codecs that symphonia places exactly; none for others.
fn decoder_for(track: &Track) -> Option<Box<dyn AudioDecoder>> {
    let params = track.codec_params.as_ref()?.audio()?;
    let ours = [CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS].contains(&params.codec) || is_pcm(params);
    let codecs = symphonia::default::get_codecs();
    ours.then(|| codecs.make_audio_decoder(params, &AudioDecoderOptions::default()).ok()).flatten()
}

/// Whether the samples are stored as they are.
fn is_pcm(params: &AudioCodecParameters) -> bool {
    use symphonia::core::codecs::audio::well_known as id;
    [
        id::CODEC_ID_PCM_S16LE,
        id::CODEC_ID_PCM_S16BE,
        id::CODEC_ID_PCM_S24LE,
        id::CODEC_ID_PCM_S24BE,
        id::CODEC_ID_PCM_S32LE,
        id::CODEC_ID_PCM_S32BE,
        id::CODEC_ID_PCM_F32LE,
        id::CODEC_ID_PCM_F32BE,
        id::CODEC_ID_PCM_F64LE,
        id::CODEC_ID_PCM_F64BE,
        id::CODEC_ID_PCM_U8,
        id::CODEC_ID_PCM_S8,
        id::CODEC_ID_PCM_ALAW,
        id::CODEC_ID_PCM_MULAW,
    ]
    .contains(&params.codec)
}

/// Samples per channel that the header states; none where it says nothing that can be relied on.
fn stated_samples(track: &Track) -> Option<u64> {
    let params = track.codec_params.as_ref()?.audio()?;
    let samples = track.num_frames?;
    // A WAV that was written to a pipe claims a size near 4 GiB.
    let channels = params.channels.as_ref().map_or(1, |c| c.count()) as u64;
    let bytes = u64::from(params.bits_per_sample.unwrap_or(8)) / 8 * channels;
    (samples.saturating_mul(bytes) < 0xffff_0000).then_some(samples)
}
