//! Single pictures out of a finished video, made small.

use super::frame::Frame;
use super::yuv::{self, Colour};
use crate::demux;
use crate::error::{Context as _, Error, Result};
use crate::units::{Seconds, Size};
use ffmpeg_next::codec::decoder;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Packet, codec, frame, media};
use std::path::Path;

/// The pictures of a video that are seen at some times.
pub struct Stills {
    input: Input,
    decoder: decoder::Video,
    index: usize,
    /// Seconds per tick of the timestamps, and the first timestamp.
    tick: f64,
    start: f64,
    length: Seconds,
    size: Size,
}

impl Stills {
    /// Opens the video at `path`.
    ///
    /// # Errors
    /// Input: it can't be read, has no picture, or one in a format that can't be decoded.
    pub fn open(path: &Path) -> Result<Self> {
        let input = demux::open(path)?;
        let stream = input.streams().best(media::Type::Video).ok_or_else(|| {
            Error::input(format!("{} has no picture in it", path.display())).hint("name a video")
        })?;
        let unknown = || {
            Error::input(format!("the picture of {} can't be decoded", path.display()))
                .hint("name a video that beatbolt made; `beatbolt doctor` says what FFmpeg can do here")
        };
        let context = codec::Context::from_parameters(stream.parameters()).context(unknown)?;
        let decoder = context.decoder().video().context(unknown)?;
        let size = Size { width: decoder.width(), height: decoder.height() };
        let sides = 1..=Size::MAX_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(unknown().because(format!("its size is {size}")));
        }
        let tick = f64::from(stream.time_base());
        let first = stream.start_time();
        let start = if first == i64::MIN { 0.0 } else { first as f64 * tick };
        let rate = f64::from(stream.avg_frame_rate());
        let counted = stream.frames() as f64 / rate;
        // In microseconds.
        let stated = input.duration() as f64 / 1e6;
        let length = if counted.is_finite() && counted > 0.0 { counted } else { stated.max(0.0) };
        let index = stream.index();
        Ok(Stills { input, decoder, index, tick, start, length: Seconds(length), size })
    }

    /// How long the video is.
    pub fn length(&self) -> Seconds {
        self.length
    }

    /// Width and height of its pictures.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The pictures seen at `times`, which ascend, each as large as `size` or cut off where the video ends before; averaged over
    /// the pixels that a small one stands for.
    ///
    /// # Errors
    /// Input: the pixels are of a form that isn't known, or the video is damaged from its start on.
    pub fn take(mut self, times: &[Seconds], size: Size) -> Result<Vec<Frame>> {
        let mut found = Vec::with_capacity(times.len());
        let mut shown: Option<frame::Video> = None;
        let mut packet = Packet::empty();
        let mut ended = false;
        while !ended && found.len() < times.len() {
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.index => continue,
                Ok(()) => {
                    // In place of a damaged packet's picture the one before is seen.
                    let _ = self.decoder.send_packet(&packet);
                }
                Err(_) => {
                    ended = true;
                    // Refused where no packet was good; nothing comes out then.
                    let _ = self.decoder.send_eof();
                }
            }
            loop {
                let mut next = frame::Video::empty();
                if self.decoder.receive_frame(&mut next).is_err() {
                    break;
                }
                let at = next.timestamp().map_or(0.0, |t| t as f64 * self.tick - self.start);
                // What is seen at a time is the last picture that began before, with some room for rounded timestamps.
                while let (Some(time), Some(shown)) = (times.get(found.len()), &shown) {
                    if at <= time.0 + 1e-3 {
                        break;
                    }
                    found.push(small(shown, size)?);
                }
                shown = Some(next);
            }
        }
        let last = shown.ok_or_else(|| {
            Error::input("no picture of the video can be decoded").hint("check that it plays elsewhere")
        });
        if found.len() < times.len() {
            let last = small(&last?, size)?;
            found.resize(times.len(), last);
        }
        Ok(found)
    }
}

/// A decoded picture, made small.
fn small(picture: &frame::Video, size: Size) -> Result<Frame> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixel = pixels(picture)?;
    let edges = |i: u32, count: u32, pixels: usize| {
        let from = (i as usize * pixels / count as usize).min(pixels - 1);
        from..((i as usize + 1) * pixels / count as usize).clamp(from + 1, pixels)
    };
    let mut rgb = Vec::with_capacity(3 * size.pixels());
    for row in 0..size.height {
        for column in 0..size.width {
            let (mut sum, mut count) = ([0.0; 3], 0.0);
            for y in edges(row, size.height, height) {
                for x in edges(column, size.width, width) {
                    let value = pixel(x, y);
                    sum = std::array::from_fn(|c| sum[c] + value[c]);
                    count += 1.0;
                }
            }
            rgb.extend(sum.map(|s| (s / count).round().clamp(0.0, 255.0) as u8));
        }
    }
    Ok(Frame::new(size, rgb))
}

/// The colour of a picture's pixels, 0..=255.
fn pixels(picture: &frame::Video) -> Result<Colour<'_>> {
    let packed = |bytes: usize, order: [usize; 3]| -> Colour<'_> {
        let (data, stride) = (picture.data(0), picture.stride(0));
        Box::new(move |x, y| order.map(|c| f32::from(data[y * stride + x * bytes + c])))
    };
    Ok(match picture.format() {
        Pixel::YUV420P | Pixel::YUVJ420P => yuv::to_rgb(picture, (1, 1), 1),
        Pixel::YUV422P => yuv::to_rgb(picture, (1, 0), 1),
        Pixel::YUV444P => yuv::to_rgb(picture, (0, 0), 1),
        Pixel::YUV422P10LE => yuv::to_rgb(picture, (1, 0), 2),
        Pixel::RGB24 => packed(3, [0, 1, 2]),
        Pixel::RGBA => packed(4, [0, 1, 2]),
        Pixel::BGRA | Pixel::BGRZ => packed(4, [2, 1, 0]),
        other => {
            return Err(Error::input(format!("pictures of the form {other:?} can't be shown"))
                .hint("name a video that beatbolt made"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::pixels::from_rgb;
    use super::*;

    #[test]
    fn what_went_into_an_encoder_comes_back_small() {
        let size = Size { width: 64, height: 32 };
        // The left half red, the right half a dark blue.
        let row = [[200, 30, 40].repeat(32), [10, 20, 90].repeat(32)].concat();
        let source = Frame::new(size, row.repeat(32));
        for pixel in [Pixel::YUV420P, Pixel::YUV422P10LE, Pixel::RGB24, Pixel::BGRZ] {
            let picture = from_rgb(&source, pixel).unwrap();
            let frame = small(&picture, Size { width: 4, height: 2 }).unwrap();
            for (i, seen) in frame.rgb().chunks(3).enumerate() {
                // Beside the edge encoders mix chroma.
                let expected = match i % 4 {
                    0 => [200, 30, 40],
                    3 => [10, 20, 90],
                    _ => continue,
                };
                let apart = seen.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(apart <= 2, "{pixel:?} {i}: {seen:?} {expected:?}");
            }
        }
        let grey = frame::Video::new(Pixel::GRAY8, 16, 16);
        assert!(small(&grey, size).is_err());
    }
}
