//! Fits: pictures of any form, size and shape brought into frames of the size that is wanted.

use super::frame::Frame;
use super::pixels::from_rgb;
use crate::error::{Context as _, Error, Result};
use crate::units::Size;
use ffmpeg_next::color::{Range, Space};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::software::scaling::{Context, Flags};
use ffmpeg_next::{ffi, frame};
use std::str::FromStr;

/// How a picture of another shape comes into a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// It fills the frame; what stands out at two sides is cut off.
    #[default]
    Cover,
    /// All of it is seen; at the sides lies its own blurred picture.
    Contain,
    /// It is pulled into the frame's shape.
    Stretch,
}

/// How pictures are turned before they are shown: quarters clockwise, after a mirroring from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    pub quarters: u8,
    pub mirrored: bool,
}

impl FromStr for Fit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cover" => Ok(Fit::Cover),
            "contain" => Ok(Fit::Contain),
            "stretch" => Ok(Fit::Stretch),
            other => Err(Error::usage(format!("a picture can't be fitted by '{other}'"))
                .hint("cover, contain and stretch are there")),
        }
    }
}

/// Deep blur: a picture of so many rows, made large again.
const BLURRED_ROWS: u32 = 9;
/// How bright the blurred sides are.
const SIDES: f32 = 0.55;

/// Scales pictures of one source with libswscale, the same bits on every machine.
pub(super) struct Scaler {
    /// Width of a source's pixel in heights, and how its pictures are turned.
    aspect: f64,
    turn: Turn,
    /// The context used last, and what it is for.
    context: Option<(Form, Context)>,
}

/// What decides a scaling: the source's and the target's form.
type Form = ((Pixel, u32, u32, Space, Range), Size);

impl Scaler {
    pub fn new(aspect: f64, turn: Turn) -> Self {
        Scaler { aspect, turn, context: None }
    }

    /// `picture` in a frame of `size`.
    ///
    /// # Errors
    /// Input: its pixels are of a form that can't be converted.
    pub fn frame(&mut self, picture: &frame::Video, size: Size, fit: Fit) -> Result<Frame> {
        let shape = self.shape(picture);
        match fit {
            Fit::Stretch => self.scaled(picture, size),
            Fit::Cover => Ok(cropped(&self.scaled(picture, around(size, shape, f64::max))?, size)),
            Fit::Contain => {
                let whole = self.scaled(picture, around(size, shape, f64::min))?;
                if whole.size() == size {
                    return Ok(whole);
                }
                let blurred = self.blurred(picture, size)?;
                Ok(laid_over(&whole, blurred))
            }
        }
    }

    /// Width and height of a picture as it is shown.
    fn shape(&self, picture: &frame::Video) -> (f64, f64) {
        let shape = (f64::from(picture.width()) * self.aspect, f64::from(picture.height()));
        if self.turn.quarters % 2 == 1 { (shape.1, shape.0) } else { shape }
    }

    fn blurred(&mut self, picture: &frame::Video, size: Size) -> Result<Frame> {
        let width = (u64::from(size.width) * u64::from(BLURRED_ROWS) / u64::from(size.height)).max(2) as u32;
        let small = Size { width, height: BLURRED_ROWS };
        let tiny = cropped(&self.scaled(picture, around(small, self.shape(picture), f64::max))?, small);
        let tiny = from_rgb(&tiny, Pixel::RGB24).ok_or_else(unknown)?;
        let flags = Flags::BICUBIC | exact();
        let (rgb, Size { width: w, height: h }) = (Pixel::RGB24, size);
        let mut context = Context::get(rgb, width, BLURRED_ROWS, rgb, w, h, flags).context(unknown)?;
        let mut large = scale(&mut context, &tiny, size)?;
        large.rgb_mut().iter_mut().for_each(|value| *value = (f32::from(*value) * SIDES) as u8);
        Ok(large)
    }

    /// The whole picture, turned, pulled to `size`.
    fn scaled(&mut self, picture: &frame::Video, size: Size) -> Result<Frame> {
        let before = match self.turn.quarters % 2 {
            0 => size,
            _ => Size { width: size.height, height: size.width },
        };
        let source = (picture.format(), picture.width(), picture.height(), space(picture), range(picture));
        let form = (source, before);
        if self.context.as_ref().is_none_or(|(known, _)| *known != form) {
            self.context = Some((form, context(form)?));
        }
        let (_, context) = self.context.as_mut().ok_or_else(unknown)?;
        Ok(turned(scale(context, picture, before)?, self.turn))
    }
}

fn unknown() -> Error {
    Error::input("pictures of this form can't be converted").hint("convert the file with FFmpeg first")
}

fn exact() -> Flags {
    Flags::ACCURATE_RND | Flags::BITEXACT | Flags::FULL_CHR_H_INT | Flags::FULL_CHR_H_INP
}

/// The matrix of a picture's colours; where it names none, that of its size, as players have it.
fn space(picture: &frame::Video) -> Space {
    match picture.color_space() {
        Space::Unspecified | Space::Reserved if picture.height() > 576 || picture.width() >= 1280 => {
            Space::BT709
        }
        Space::Unspecified | Space::Reserved => Space::SMPTE170M,
        named => named,
    }
}

fn range(picture: &frame::Video) -> Range {
    match picture.format() {
        Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P => Range::JPEG,
        _ => picture.color_range(),
    }
}

#[allow(unsafe_code)]
fn context(((pixel, width, height, space, range), size): Form) -> Result<Context> {
    let flags = Flags::LANCZOS | exact();
    let mut context =
        Context::get(pixel, width, height, Pixel::RGB24, size.width, size.height, flags).context(unknown)?;
    let full = i32::from(range == Range::JPEG);
    let space: ffi::AVColorSpace = space.into();
    // SAFETY: the context is alive and ours alone; the tables are static ones of libswscale. Sources that have no matrix
    // (RGB) refuse the call, which changes nothing then.
    unsafe {
        let tables = (ffi::sws_getCoefficients(space as i32), ffi::sws_getCoefficients(ffi::SWS_CS_DEFAULT));
        let one = 1 << 16;
        ffi::sws_setColorspaceDetails(context.as_mut_ptr(), tables.0, full, tables.1, 1, 0, one, one);
    }
    Ok(context)
}

/// A picture of `size` made from `picture`.
fn scale(context: &mut Context, picture: &frame::Video, size: Size) -> Result<Frame> {
    let mut scaled = frame::Video::empty();
    context.run(picture, &mut scaled).context(unknown)?;
    let row = 3 * size.width as usize;
    let rows = scaled.data(0).chunks(scaled.stride(0)).take(size.height as usize);
    Ok(Frame::new(size, rows.flat_map(|line| &line[..row]).copied().collect()))
}

/// The size of `shape` when it just covers `size` (`choose` the larger scale) or just fits in (the smaller).
fn around(size: Size, shape: (f64, f64), choose: fn(f64, f64) -> f64) -> Size {
    let scale = choose(f64::from(size.width) / shape.0, f64::from(size.height) / shape.1);
    let side = |length: f64| (length * scale).round().clamp(1.0, f64::from(4 * Size::MAX_SIDE)) as u32;
    Size { width: side(shape.0), height: side(shape.1) }
}

/// The middle of a picture that is as large as `size` or larger.
fn cropped(frame: &Frame, size: Size) -> Frame {
    let from = frame.size();
    if from == size {
        return frame.clone();
    }
    let left = 3 * (from.width.saturating_sub(size.width) / 2) as usize;
    let top = (from.height.saturating_sub(size.height) / 2) as usize;
    let rows = frame.rgb().chunks(3 * from.width as usize).skip(top).take(size.height as usize);
    let bytes = rows.flat_map(|row| &row[left..][..3 * size.width as usize]).copied().collect();
    Frame::new(size, bytes)
}

/// `frame` in the middle of `ground`.
fn laid_over(frame: &Frame, mut ground: Frame) -> Frame {
    let (size, under) = (frame.size(), ground.size());
    let left = 3 * ((under.width - size.width) / 2) as usize;
    let top = ((under.height - size.height) / 2) as usize;
    let row = 3 * size.width as usize;
    let rows = ground.rgb_mut().chunks_mut(3 * under.width as usize).skip(top);
    rows.zip(frame.rgb().chunks(row)).for_each(|(to, from)| to[left..][..row].copy_from_slice(from));
    ground
}

/// A picture mirrored and turned as `turn` says.
fn turned(frame: Frame, turn: Turn) -> Frame {
    if turn == Turn::default() {
        return frame;
    }
    let from = frame.size();
    let (w, h) = (from.width as usize, from.height as usize);
    let size = if turn.quarters % 2 == 1 { Size { width: from.height, height: from.width } } else { from };
    let mut bytes = Vec::with_capacity(frame.rgb().len());
    for y in 0..size.height as usize {
        for x in 0..size.width as usize {
            let (sx, sy) = match turn.quarters {
                0 => (x, y),
                1 => (y, h - 1 - x),
                2 => (w - 1 - x, h - 1 - y),
                _ => (w - 1 - y, x),
            };
            let sx = if turn.mirrored { w - 1 - sx } else { sx };
            bytes.extend(&frame.rgb()[3 * (sy * w + sx)..][..3]);
        }
    }
    Frame::new(size, bytes)
}
