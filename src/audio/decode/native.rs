//! symphonia: MP3, FLAC, WAV, AIFF and Ogg Vorbis, gapless by their own tags.

use super::outlet::{Outlet, ends_early};
use crate::error::{Error, Result};
use std::fs::File;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, Track};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// An MP3 header counts encoder delay and padding as well: at most two frames and a decoder's delay.
const DELAY: u64 = 4096;

/// Decodes `file` into `outlet`; false if nothing was delivered, because the file is not one of ours or
/// too damaged for symphonia.
pub(super) fn decode(file: File, outlet: &mut Outlet<'_, '_>) -> Result<bool> {
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let probe = symphonia::default::get_probe();
    let Ok(mut reader) =
        probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
    else {
        return Ok(false);
    };
    // Several streams may start at different times, which symphonia does not tell.
    let [track] = reader.tracks() else { return Ok(false) };
    let (id, promised) = (track.id, promised_samples(track));
    let Some(mut decoder) = decoder_for(track) else { return Ok(false) };

    let mut damaged = 0u64;
    let mut interleaved = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(SymphoniaError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(SymphoniaError::IoError(e)) => {
                return Err(Error::input("reading the track failed").because(e).hint("check the disk"));
            }
            Err(e) => {
                outlet.note(format!("the file is damaged ({e}); what comes before is used"));
                break;
            }
        };
        if packet.track_id != id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                buffer.copy_to_vec_interleaved::<f32>(&mut interleaved);
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                outlet.push(rate, channels, &mut interleaved)?;
            }
            // Silence of the same length keeps all that follows in its place.
            Err(SymphoniaError::DecodeError(_) | SymphoniaError::IoError(_)) => {
                damaged += 1;
                outlet.push_silence(packet.dur.get().min(65_536))?;
            }
            Err(e) => {
                outlet.note(format!("decoding stopped part-way ({e}); what comes before is used"));
                break;
            }
        }
    }
    if outlet.samples() == 0 {
        return Ok(false);
    }
    report(outlet, decoder.codec_params(), damaged, promised);
    Ok(true)
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

/// Samples per channel that the header promises; none where it says nothing that can be relied on.
fn promised_samples(track: &Track) -> Option<u64> {
    let params = track.codec_params.as_ref()?.audio()?;
    let samples = track.num_frames?;
    // A WAV that was written to a pipe claims a size near 4 GiB.
    let channels = params.channels.as_ref().map_or(1, |c| c.count()) as u64;
    let bytes = u64::from(params.bits_per_sample.unwrap_or(8)) / 8 * channels;
    (samples.saturating_mul(bytes) < 0xffff_0000).then_some(samples)
}

fn report(outlet: &mut Outlet<'_, '_>, params: &AudioCodecParameters, damaged: u64, promised: Option<u64>) {
    let rate = params.sample_rate.unwrap_or(0);
    if let Some(promised) = promised.filter(|p| outlet.samples() + DELAY < *p) {
        outlet.note(ends_early(rate, outlet.samples(), promised));
    }
    if damaged > 0 {
        outlet.note(format!("{damaged} packets are damaged; they count as silence"));
    }
}
