//! Footage: a picture or a clip of somebody's own, as its file says it is.

use super::ffmpeg;
use super::fit::Turn;
use crate::demux;
use crate::digest::Digest;
use crate::error::{Context as _, Error, Result};
use crate::units::{Seconds, Size};
use ffmpeg_next::codec::decoder::Video;
use ffmpeg_next::codec::packet::side_data::Type as SideData;
use ffmpeg_next::color::TransferCharacteristic;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Packet, Rational, Stream, codec, media};
use std::path::{Path, PathBuf};

/// A file of moving or still pictures that was looked at, not yet decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Footage {
    pub(super) path: PathBuf,
    pub(super) index: usize,
    pub(super) turn: Turn,
    /// Width of a pixel as it is shown, in heights.
    pub(super) aspect: f64,
    /// The first picture's time on the file's own clock, in seconds.
    pub(super) start: f64,
    size: Size,
    length: Option<Seconds>,
    note: Option<String>,
}

impl Footage {
    /// Looks at the video or picture at `path`.
    ///
    /// # Errors
    /// Input: it can't be read, has no picture, or one in a form that can't be decoded.
    pub fn open(path: &Path) -> Result<Self> {
        let input = demux::open(path)?;
        let stream = input.streams().best(media::Type::Video).ok_or_else(|| {
            Error::input(format!("{} has no picture in it", path.display())).hint("name a video or a picture")
        })?;
        let index = stream.index();
        Footage::of(path, input, index)
    }

    /// Looks at the cover picture inside the track at `path`.
    ///
    /// # Errors
    /// Input: it has none.
    pub fn cover(path: &Path) -> Result<Self> {
        let input = demux::open(path)?;
        let index = ffmpeg::cover(&input).map(|stream| stream.index()).ok_or_else(|| {
            Error::input(format!("there is no cover picture in {}", path.display()))
                .hint("name a picture's file instead")
        })?;
        Footage::of(path, input, index)
    }

    fn of(path: &Path, mut input: Input, index: usize) -> Result<Self> {
        let (decoder, tick) = decoder(path, &input, index)?;
        let turn = input.stream(index).map(|stream| turn(&stream)).unwrap_or_default();
        let stored = Size { width: decoder.width(), height: decoder.height() };
        let sides = 1..=Size::MAX_SIDE;
        if !sides.contains(&stored.width) || !sides.contains(&stored.height) {
            return Err(undecodable(path).because(format!("their size is {stored}")));
        }
        let aspect = aspect(decoder.aspect_ratio());
        let transfer = decoder.color_transfer_characteristic();
        let is_hdr =
            matches!(transfer, TransferCharacteristic::SMPTE2084 | TransferCharacteristic::ARIB_STD_B67);
        let note = is_hdr
            .then(|| format!("{} is HDR, which isn't converted: its colours look pale", path.display()));
        let (start, length) = extent(&mut input, index, tick);
        let wide = (f64::from(stored.width) * aspect).round().max(1.0) as u32;
        let size = match turn.quarters % 2 {
            0 => Size { width: wide, height: stored.height },
            _ => Size { width: stored.height, height: wide },
        };
        Ok(Footage { path: path.to_owned(), index, turn, aspect, start, size, length, note })
    }

    /// Width and height as they are shown: turned as the file says, pixels square.
    pub fn size(&self) -> Size {
        self.size
    }

    /// How long it lasts; none for a single picture.
    pub fn length(&self) -> Option<Seconds> {
        self.length
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file, and which of its streams it is.
    ///
    /// # Errors
    /// Input: it can't be read any more.
    pub fn hash(&self) -> Result<String> {
        let mut digest = Digest::default();
        digest.update_file(&self.path)?;
        Ok(format!("{} {}", digest.finish(), self.index))
    }

    /// What the person should know of it.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// The decoder of a stream's pictures, and the seconds per tick of its timestamps.
pub(super) fn decoder(path: &Path, input: &Input, index: usize) -> Result<(Video, f64)> {
    let unknown = || undecodable(path);
    let stream = input.stream(index).ok_or_else(unknown)?;
    let context = codec::Context::from_parameters(stream.parameters()).context(unknown)?;
    Ok((context.decoder().video().context(unknown)?, f64::from(stream.time_base())))
}

fn undecodable(path: &Path) -> Error {
    Error::input(format!("the pictures of {} can't be decoded", path.display()))
        .hint("`beatbolt doctor` says what FFmpeg can do here")
}

/// Width of a pixel in heights; 1 where a file says nothing, or nothing that can be meant.
fn aspect(ratio: Rational) -> f64 {
    let ratio = f64::from(ratio);
    if (0.1..=10.0).contains(&ratio) { ratio } else { 1.0 }
}

/// The first picture's time in seconds, and how long all of them last: until the last one ends, as the packets say, which are
/// read without being decoded. A single picture has no length.
fn extent(input: &mut Input, index: usize, tick: f64) -> (f64, Option<Seconds>) {
    let (mut first, mut end, mut pictures) = (f64::INFINITY, f64::NEG_INFINITY, 0u64);
    let (mut packet, mut last) = (Packet::empty(), f64::NEG_INFINITY);
    while packet.read(input).is_ok() {
        if packet.stream() != index {
            continue;
        }
        pictures += 1;
        let Some(at) = packet.pts().or(packet.dts()) else { continue };
        let at = at as f64 * tick;
        first = first.min(at);
        last = last.max(at);
        end = end.max(at + packet.duration().max(0) as f64 * tick);
    }
    if pictures < 2 || first >= last {
        return (if first.is_finite() { first } else { 0.0 }, None);
    }
    // Where no packet says how long it lasts, the last picture lasts as long as the others on the mean.
    let usual = last + (last - first) / (pictures - 1) as f64;
    (first, Some(Seconds(if end > last { end } else { usual } - first)))
}

/// How a stream's display matrix turns its pictures; whole quarters only.
fn turn(stream: &Stream<'_>) -> Turn {
    let Some(matrix) = stream.side_data().find(|data| data.kind() == SideData::DisplayMatrix) else {
        return Turn::default();
    };
    let number = |i: usize| {
        let bytes = matrix.data().get(4 * i..4 * i + 4)?;
        Some(f64::from(i32::from_ne_bytes(bytes.try_into().ok()?)) / 65536.0)
    };
    let (Some(a), Some(b), Some(c), Some(d)) = (number(0), number(1), number(3), number(4)) else {
        return Turn::default();
    };
    // A pixel at (x, y) is shown at (a x + c y, b x + d y), y downwards.
    let mirrored = a * d - b * c < 0.0;
    let sign = if mirrored { -1.0 } else { 1.0 };
    let quarters = ((sign * b).atan2(sign * a) / std::f64::consts::FRAC_PI_2).round() as i64;
    Turn { quarters: quarters.rem_euclid(4) as u8, mirrored }
}
