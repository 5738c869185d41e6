//! The doorstep to FFmpeg: opening files safely, and the few calls that its Rust wrapper lacks.

use crate::error::{Context, Error, Result};
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Dictionary, StreamMut, codec, encoder, ffi, format, log};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::path::Path;
use std::sync::Once;

/// What the FFmpeg on this machine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// FFmpeg's version, as its makers write it (`5.1.9-0+deb12u1`).
    pub version: String,
    /// Encoders that a profile may want, and whether they are there.
    pub encoders: Vec<(&'static str, bool)>,
}

const ENCODERS: [&str; 12] = [
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
    "aac",
    "libopus",
];

/// Asks FFmpeg for its version and which encoders it was built with.
pub fn probe_report() -> ProbeReport {
    ready();
    let encoders = ENCODERS.map(|name| (name, encoder::find_by_name(name).is_some()));
    ProbeReport { version: version(), encoders: encoders.to_vec() }
}

/// Prepares FFmpeg: its error texts, and silence on the terminal (failures come back as errors).
pub(super) fn ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registers the texts of error codes; documented as infallible since FFmpeg 4.
        ffmpeg_next::init().expect("nothing in it can fail");
        log::set_level(log::Level::Fatal);
    });
}

/// `path` as FFmpeg wants it: with `file:`, so that a colon in a name is not taken for a protocol.
pub(super) fn url(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains('\0')).ok_or_else(|| {
        Error::usage(format!("the file name {} is not valid UTF-8", path.display()))
            .hint("rename the file or link to it under another name")
    })?;
    Ok(format!("file:{text}"))
}

/// Opens a media file for reading; a playlist in disguise may not reach beyond local files.
pub(super) fn open(path: &Path) -> Result<Input> {
    ready();
    let unreadable = || {
        Error::input(format!("can't read {}", path.display()))
            .hint("check the path and that you may read the file")
    };
    let is_folder = File::open(path).and_then(|f| f.metadata()).context(unreadable)?.is_dir();
    if is_folder {
        return Err(unreadable().because("it is a folder"));
    }
    let options: Dictionary = [("protocol_whitelist", "file")].iter().collect();
    format::input_with_dictionary(&url(path)?, options).context(|| {
        Error::input(format!("{} is not a media file that FFmpeg can read", path.display()))
            .hint("check that it plays elsewhere; `ffprobe FILE` says what it holds")
    })
}

/// Whether FFmpeg's muxer `format` takes streams of `codec`.
#[allow(unsafe_code)]
pub(super) fn can_hold(format: &str, codec: codec::Id) -> bool {
    let Ok(name) = CString::new(format) else { return false };
    // SAFETY: the name outlives the call; the format is a static table of FFmpeg or null.
    unsafe {
        let muxer = ffi::av_guess_format(name.as_ptr(), std::ptr::null(), std::ptr::null());
        !muxer.is_null() && ffi::avformat_query_codec(muxer, codec.into(), ffi::FF_COMPLIANCE_NORMAL) == 1
    }
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
