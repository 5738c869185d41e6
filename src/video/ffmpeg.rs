//! The doorstep to FFmpeg's muxers: the few calls that its Rust wrapper lacks.

use crate::demux;
use crate::error::{Error, Result};
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Disposition;
use ffmpeg_next::{Stream, StreamMut, codec, encoder, ffi};
use std::ffi::{CStr, CString};
use std::path::Path;

/// What the FFmpeg on this machine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// FFmpeg's version, as its makers write it (`5.1.9-0+deb12u1`).
    pub version: String,
    /// Encoders that a profile may want, and whether they are there.
    pub encoders: Vec<(&'static str, bool)>,
}

const ENCODERS: [&str; 14] = [
    "libx264",
    "libopenh264",
    "libx265",
    "libsvtav1",
    "libaom-av1",
    "libvpx-vp9",
    "prores_ks",
    "ffv1",
    "gif",
    "png",
    "flac",
    "alac",
    "aac",
    "libvorbis",
];

/// Asks FFmpeg for its version and which encoders it was built with.
pub fn probe_report() -> ProbeReport {
    demux::ready();
    let encoders = ENCODERS.map(|name| (name, encoder::find_by_name(name).is_some()));
    ProbeReport { version: version(), encoders: encoders.to_vec() }
}

/// `path` as FFmpeg wants it: with `file:`, so that a colon in a name is not taken for a protocol.
pub(super) fn url(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains('\0')).ok_or_else(|| {
        Error::usage(format!("the file name {} is not valid UTF-8", path.display()))
            .hint("rename the file or link to it under another name")
    })?;
    Ok(format!("file:{text}"))
}

/// Whether FFmpeg's muxer `format` takes streams of `codec`. Matroska takes more than it says: what WAV and AVI files
/// know by a number (WMA and such) goes in under that.
#[allow(unsafe_code)]
pub(super) fn can_hold(format: &str, codec: codec::Id) -> bool {
    let Ok(name) = CString::new(format) else { return false };
    // SAFETY: the name outlives the calls; the format and its lists of tags are static tables of FFmpeg or null.
    unsafe {
        let muxer = ffi::av_guess_format(name.as_ptr(), std::ptr::null(), std::ptr::null());
        !muxer.is_null()
            && (ffi::avformat_query_codec(muxer, codec.into(), ffi::FF_COMPLIANCE_NORMAL) == 1
                || format == "matroska" && ffi::av_codec_get_tag((*muxer).codec_tag, codec.into()) != 0)
    }
}

/// Bits of a sample as it is stored, if that is known.
#[allow(unsafe_code)]
pub(super) fn stored_bits(parameters: &codec::Parameters) -> Option<u8> {
    // SAFETY: the parameters are alive; both fields are plain numbers.
    let (raw, coded) = unsafe {
        let parameters = &*parameters.as_ptr();
        (parameters.bits_per_raw_sample, parameters.bits_per_coded_sample)
    };
    [raw, coded].into_iter().find(|bits| *bits > 0).and_then(|bits| u8::try_from(bits).ok())
}

/// The stream that is a file's cover picture.
pub(super) fn cover(input: &Input) -> Option<Stream<'_>> {
    input.streams().find(|stream| stream.disposition().contains(Disposition::ATTACHED_PIC))
}

/// Marks a stream as the file's cover picture.
#[allow(unsafe_code)]
pub(super) fn set_cover(stream: &mut StreamMut<'_>) {
    // SAFETY: the stream is alive and ours alone; the field is meant to be set by callers.
    unsafe { (*stream.as_mut_ptr()).disposition = ffi::AV_DISPOSITION_ATTACHED_PIC }
}

/// Makes a stream a file that is attached: its bytes are the stream's description.
#[allow(unsafe_code)]
pub(super) fn attach(stream: &mut StreamMut<'_>, codec: codec::Id, bytes: &[u8]) -> bool {
    let Ok(size) = i32::try_from(bytes.len()) else { return false };
    let padded = bytes.len() + ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize;
    // SAFETY: `parameters()` points at the live stream's own parameters, which own the memory from here on; it is
    // FFmpeg's own, zeroed, and holds the bytes and the padding that FFmpeg asks for.
    unsafe {
        let memory = ffi::av_mallocz(padded).cast::<u8>();
        if memory.is_null() {
            return false;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
        let parameters = stream.parameters().as_mut_ptr();
        (*parameters).codec_type = ffi::AVMediaType::AVMEDIA_TYPE_ATTACHMENT;
        (*parameters).codec_id = codec.into();
        ((*parameters).extradata, (*parameters).extradata_size) = (memory, size);
    }
    true
}

/// Sets the four-letter tag by which a container knows a codec. All zero: its own choice, which is needed where a
/// copied stream brings the tag of its old container.
#[allow(unsafe_code)]
pub(super) fn set_tag(stream: &mut StreamMut<'_>, tag: [u8; 4]) {
    // SAFETY: `parameters()` points at the live stream's own parameters, and we hold it mutably.
    unsafe { (*stream.parameters().as_mut_ptr()).codec_tag = u32::from_le_bytes(tag) }
}

/// Clears the encoder's delay from a copied stream's description. For Matroska: its muxer counts the
/// delay a second time there (how often depends on its version), where timestamps already tell it.
#[allow(unsafe_code)]
pub(super) fn forget_delay(stream: &mut StreamMut<'_>) {
    // SAFETY: as in `set_tag`.
    unsafe { (*stream.parameters().as_mut_ptr()).initial_padding = 0 }
}

#[allow(unsafe_code)]
fn version() -> String {
    // SAFETY: FFmpeg returns a static, null-terminated text.
    unsafe { CStr::from_ptr(ffi::av_version_info()) }.to_string_lossy().into_owned()
}
