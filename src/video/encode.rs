//! Frames to packets.

use super::frame::Frame;
use super::pixels;
use super::profile::Profile;
use crate::error::{Context as _, Error, Result};
use crate::units::{FrameRate, Size};
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{Codec, Dictionary, Packet, Rational, codec, color, encoder, format};

/// How good the picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Constant rate factor, in H.264's terms: 0 is lossless, 18 looks like the original, 51 is worst. Other profiles
    /// with losses take what looks about the same; those without don't care.
    pub crf: u8,
}

impl Default for Quality {
    fn default() -> Self {
        Quality { crf: 17 }
    }
}

/// Most threads of the encoder. Its output depends on their number, so that is the same on every machine.
const MOST_THREADS: u32 = 4;
/// Rows of pixels that each of them has at least: threads work on frames that follow each other, a few rows of blocks
/// apart, and in pictures with few rows they would only get in each other's way.
const ROWS_A_THREAD: u32 = 64;
/// Longest way between two points where a player can jump to.
const KEYFRAME_SECONDS: f64 = 2.0;

/// An opened encoder; frames are shown in the order of [`Encoder::send`], one a tick of its time base.
pub(super) struct Encoder {
    inner: encoder::Video,
    profile: Profile,
    sent: i64,
    note: Option<String>,
}

impl Encoder {
    /// Opens the best encoder of `profile` that there is, for a container that wants `flags`.
    pub(super) fn open(
        profile: Profile,
        size: Size,
        fps: FrameRate,
        quality: Quality,
        flags: format::Flags,
    ) -> Result<Self> {
        let best = profile.row().encoders[0];
        let refused = |name: &str| {
            Error::output(format!("the encoder {name} doesn't start at {size}"))
                .hint("try a smaller picture with --size")
        };
        let mut failure = None;
        for codec in profile.encoders()? {
            match configure(profile, codec, size, fps, quality, flags) {
                Ok(inner) => {
                    let name = codec.name();
                    let note = (name != best)
                        .then(|| format!("FFmpeg has no {best}: encoding with {name}, larger files"));
                    return Ok(Encoder { inner, profile, sent: 0, note });
                }
                Err(e) => failure = failure.or_else(|| Some(refused(codec.name()).because(e))),
            }
        }
        Err(failure.unwrap_or_else(|| refused(best)))
    }

    /// What the person should know about the choice of encoder.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The stream's description, for the muxer.
    pub(super) fn context(&self) -> &codec::Context {
        self.inner.as_ref()
    }

    /// Takes the next frame, whose size is that of [`Encoder::open`].
    pub(super) fn send(&mut self, frame: &Frame) -> Result<()> {
        let mut picture = pixels::from_rgb(frame, self.profile.row().pixel)
            .ok_or_else(|| Error::output(format!("no memory for a picture of {}", frame.size())))?;
        picture.set_pts(Some(self.sent));
        self.inner.send_frame(&picture).context(failed)?;
        self.sent += 1;
        Ok(())
    }

    /// Says that no frame follows.
    pub(super) fn close(&mut self) -> Result<()> {
        self.inner.send_eof().context(failed)
    }

    /// How many frames were taken.
    pub(super) fn frames(&self) -> u64 {
        self.sent.unsigned_abs()
    }

    /// The next finished packet; none if the encoder wants more frames or is through.
    pub(super) fn receive(&mut self) -> Result<Option<Packet>> {
        let mut packet = Packet::empty();
        match self.inner.receive_packet(&mut packet) {
            Ok(()) => {
                // x264 leaves the duration open; every frame is shown for one tick.
                packet.set_duration(1);
                Ok(Some(packet))
            }
            Err(ffmpeg_next::Error::Eof | ffmpeg_next::Error::Other { errno: EAGAIN }) => Ok(None),
            Err(e) => Err(failed().because(e)),
        }
    }
}

fn failed() -> Error {
    Error::output("the video encoder failed").hint("try again with less load or a smaller picture")
}

/// How long a frame is shown.
pub(super) fn tick(fps: FrameRate) -> Rational {
    Rational::new(fps.den() as i32, fps.num() as i32)
}

/// Whether x264 would take its AVX-512 code. One of its loops (the propagation of macroblock trees, r3095) takes
/// memory into account that nobody has written, so that the same frames give other bytes every now and then.
fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

fn configure(
    profile: Profile,
    codec: Codec,
    size: Size,
    fps: FrameRate,
    quality: Quality,
    flags: format::Flags,
) -> Result<encoder::Video, ffmpeg_next::Error> {
    let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(size.width);
    video.set_height(size.height);
    let pixel = profile.row().pixel;
    video.set_format(pixel);
    video.set_aspect_ratio((1, 1));
    video.set_time_base(tick(fps));
    video.set_frame_rate(Some((fps.num() as i32, fps.den() as i32)));
    video.set_gop((KEYFRAME_SECONDS * fps.per_second()).round().max(1.0) as u32);
    if pixels::is_yuv(pixel) {
        video.set_colorspace(color::Space::BT709);
        video.set_color_primaries(color::Primaries::BT709);
        video.set_color_transfer_characteristic(color::TransferCharacteristic::BT709);
        video.set_color_range(color::Range::MPEG);
    }
    let mut codec_flags = codec::Flags::BITEXACT;
    if flags.contains(format::Flags::GLOBAL_HEADER) {
        codec_flags |= codec::Flags::GLOBAL_HEADER;
    }
    video.set_flags(codec_flags);
    let mut options = Dictionary::new();
    let threads = (size.height / ROWS_A_THREAD).clamp(1, MOST_THREADS);
    options.set("threads", &threads.to_string());
    match steering(codec.name(), quality) {
        Some(list) => list.into_iter().for_each(|(key, value)| options.set(key, &value)),
        None => {
            // The others are steered by bits: about as many as x264 takes for a lively picture at this factor.
            let halvings = (f64::from(quality.crf) - 18.0) / 6.0;
            let bits = 0.2 * size.pixels() as f64 * fps.per_second() / halvings.exp2();
            video.set_bit_rate(bits as usize);
        }
    }
    video.open_as_with(codec, options)
}

/// What an encoder is told about quality and speed; none for those that are steered by bits.
fn steering(encoder: &str, quality: Quality) -> Option<Vec<(&'static str, String)>> {
    let crf = u32::from(quality.crf.min(51));
    Some(match encoder {
        "libx264" => {
            // On such pictures as small and, in SSIM, as good as "medium", at two fifths of the work.
            let mut list = vec![("preset", "veryfast".into()), ("crf", crf.to_string())];
            if has_avx512() {
                list.push(("x264-params", "asm=avx2".into()));
            }
            list
        }
        // Its factors look like x264's that are some three lower. The number of frame threads changes what comes out.
        "libx265" => vec![
            ("preset", "medium".into()),
            ("crf", (crf + 3).min(51).to_string()),
            ("x265-params", "log-level=none:frame-threads=1".into()),
        ],
        // Factors from 0 to 63.
        "libaom-av1" => vec![
            ("crf", (crf * 63 / 51 + 4).min(63).to_string()),
            ("b", "0".into()),
            ("cpu-used", "6".into()),
            ("row-mt", "1".into()),
        ],
        "libsvtav1" => {
            vec![("crf", (crf * 63 / 51 + 8).min(63).to_string()), ("preset", "8".into())]
        }
        "libvpx-vp9" => vec![
            ("crf", (crf * 63 / 51).min(63).to_string()),
            ("b", "0".into()),
            ("deadline", "good".into()),
            ("cpu-used", "3".into()),
            ("row-mt", "1".into()),
        ],
        "prores_ks" => vec![("profile", "hq".into()), ("vendor", "apl0".into())],
        "ffv1" => vec![("level", "3".into()), ("slices", "4".into()), ("slicecrc", "1".into())],
        "gif" | "png" => Vec::new(),
        _ => return None,
    })
}
