//! Frames to H.264 packets.

use super::frame::Frame;
use super::{ffmpeg, yuv};
use crate::error::{Context as _, Error, Result};
use crate::units::{FrameRate, Size};
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{Codec, Dictionary, Packet, Rational, codec, color, encoder, format};

/// How good the picture is and how long the encoder may think about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Constant rate factor of H.264: 0 is lossless, 18 looks like the original, 51 is worst.
    pub crf: u8,
    /// How hard the encoder tries to make the file small.
    pub effort: Effort,
}

impl Default for Quality {
    fn default() -> Self {
        Quality { crf: 17, effort: Effort::Medium }
    }
}

/// How hard the encoder tries to make the file small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// For drafts.
    Fast,
    /// A good balance.
    #[default]
    Medium,
    /// About a tenth smaller, half as fast.
    Slow,
}

impl Effort {
    fn preset(self) -> &'static str {
        match self {
            Effort::Fast => "veryfast",
            Effort::Medium => "medium",
            Effort::Slow => "slow",
        }
    }
}

/// H.264 encoders that take plain pictures, best first.
const ENCODERS: [&str; 4] = ["libx264", "h264_videotoolbox", "h264_nvenc", "libopenh264"];
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
    time_base: Rational,
    sent: i64,
    note: Option<String>,
}

impl Encoder {
    /// Opens the best H.264 encoder there is, for a container that wants `flags`.
    pub(super) fn open(size: Size, fps: FrameRate, quality: Quality, flags: format::Flags) -> Result<Self> {
        ffmpeg::ready();
        let mut failure = None;
        for codec in ENCODERS.into_iter().filter_map(encoder::find_by_name) {
            match configure(codec, size, fps, quality, flags) {
                Ok(inner) => {
                    let name = codec.name();
                    let note = (name != ENCODERS[0]).then(|| {
                        format!("FFmpeg has no {}: encoding with {name}, larger files", ENCODERS[0])
                    });
                    return Ok(Encoder { inner, time_base: tick(fps), sent: 0, note });
                }
                Err(e) => failure = failure.or(Some((codec, e))),
            }
        }
        Err(match failure {
            Some((codec, e)) => {
                Error::output(format!("the encoder {} doesn't start at {size}", codec.name()))
                    .because(e)
                    .hint("try a smaller picture with --size")
            }
            None => Error::output("FFmpeg has no H.264 encoder")
                .hint("install an FFmpeg with libx264 (Debian: apt install libavcodec-extra)"),
        })
    }

    /// What the person should know about the choice of encoder.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The stream's description, for the muxer.
    pub(super) fn context(&self) -> &codec::Context {
        self.inner.as_ref()
    }

    /// The unit of the packets' timestamps: one frame.
    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Takes the next frame, whose size is that of [`Encoder::open`].
    pub(super) fn send(&mut self, frame: &Frame) -> Result<()> {
        let mut picture = yuv::from_rgb(frame)
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

fn tick(fps: FrameRate) -> Rational {
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
    codec: Codec,
    size: Size,
    fps: FrameRate,
    quality: Quality,
    flags: format::Flags,
) -> Result<encoder::Video, ffmpeg_next::Error> {
    let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(size.width);
    video.set_height(size.height);
    video.set_format(format::Pixel::YUV420P);
    video.set_aspect_ratio((1, 1));
    video.set_time_base(tick(fps));
    video.set_frame_rate(Some((fps.num() as i32, fps.den() as i32)));
    video.set_gop((KEYFRAME_SECONDS * fps.per_second()).round().max(1.0) as u32);
    video.set_colorspace(color::Space::BT709);
    video.set_color_primaries(color::Primaries::BT709);
    video.set_color_transfer_characteristic(color::TransferCharacteristic::BT709);
    video.set_color_range(color::Range::MPEG);
    let mut codec_flags = codec::Flags::BITEXACT;
    if flags.contains(format::Flags::GLOBAL_HEADER) {
        codec_flags |= codec::Flags::GLOBAL_HEADER;
    }
    video.set_flags(codec_flags);
    let mut options = Dictionary::new();
    let threads = (size.height / ROWS_A_THREAD).clamp(1, MOST_THREADS);
    options.set("threads", &threads.to_string());
    if codec.name() == ENCODERS[0] {
        options.set("preset", quality.effort.preset());
        options.set("crf", &quality.crf.min(51).to_string());
        if has_avx512() {
            options.set("x264-params", "asm=avx2");
        }
    } else {
        // The others are steered by bits: about as many as x264 takes for a lively picture at this factor.
        let halvings = (f64::from(quality.crf) - 18.0) / 6.0;
        let bits = 0.2 * size.pixels() as f64 * fps.per_second() / halvings.exp2();
        video.set_bit_rate(bits as usize);
    }
    video.open_as_with(codec, options)
}
