//! RGB to what the encoders take: planes of luma and chroma, plain bytes, or 256 colours.

use super::frame::Frame;
use super::yuv;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;
use rayon::prelude::*;

/// Whether colours of this format are told as luma and chroma.
pub(super) fn is_yuv(pixel: Pixel) -> bool {
    matches!(pixel, Pixel::YUV420P | Pixel::YUV422P10LE)
}

/// A picture of the format `pixel` with the content of `source`; none if memory is short.
pub(super) fn from_rgb(source: &Frame, pixel: Pixel) -> Option<frame::Video> {
    match pixel {
        Pixel::YUV422P10LE => yuv::fine_from_rgb(source),
        Pixel::RGB24 => packed(source, pixel, 3, |rgb, _, out| out.copy_from_slice(rgb)),
        Pixel::BGRZ => {
            packed(source, pixel, 4, |rgb, _, out| out.copy_from_slice(&[rgb[2], rgb[1], rgb[0], 0]))
        }
        Pixel::RGB8 => packed(source, pixel, 1, |rgb, at, out| out[0] = few_colours(rgb, at)),
        _ => yuv::from_rgb(source),
    }
}

/// A picture of one plane, `bytes` for each pixel, written by `put` from the pixel and its column and row.
fn packed(
    source: &Frame,
    pixel: Pixel,
    bytes: usize,
    put: impl Fn(&[u8], (usize, usize), &mut [u8]) + Sync,
) -> Option<frame::Video> {
    let size = source.size();
    let mut picture = frame::Video::new(pixel, size.width, size.height);
    if picture.planes() < 1 {
        return None;
    }
    let stride = picture.stride(0);
    let rows =
        picture.data_mut(0).par_chunks_mut(stride).zip(source.rgb().par_chunks(3 * size.width as usize));
    rows.enumerate().for_each(|(y, (out, rgb))| {
        for (x, (rgb, out)) in rgb.chunks_exact(3).zip(out.chunks_exact_mut(bytes)).enumerate() {
            put(rgb, (x, y), out);
        }
    });
    Some(picture)
}

/// Order in which the pixels of a square of four by four get the next brighter colour (Bayer 1973, "An optimum method
/// for two-level rendition of continuous-tone pictures").
const BAYER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// One of 8 reds, 8 greens and 4 blues, so that squares of pixels have the right colour on the mean.
fn few_colours(rgb: &[u8], (x, y): (usize, usize)) -> u8 {
    let threshold = (f32::from(BAYER[y % 4][x % 4]) + 0.5) / 16.0;
    let level = |value: u8, steps: u8| {
        let exact = f32::from(value) / 255.0 * f32::from(steps);
        ((exact + threshold) as u8).min(steps)
    };
    level(rgb[0], 7) << 5 | level(rgb[1], 7) << 2 | level(rgb[2], 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    #[test]
    fn dithered_squares_have_the_right_colour_on_the_mean() {
        for value in [0u8, 17, 90, 128, 200, 255] {
            let squares = (0..16).map(|i| few_colours(&[value; 3], (i % 4, i / 4)));
            let (mut red, mut blue) = (0.0, 0.0);
            for colour in squares {
                red += f64::from(colour >> 5) / 7.0 / 16.0;
                blue += f64::from(colour & 3) / 3.0 / 16.0;
            }
            let exact = f64::from(value) / 255.0;
            assert!((red - exact).abs() < 0.01 && (blue - exact).abs() < 0.02, "{value}: {red} {blue}");
        }
    }

    #[test]
    fn plain_bytes_stay_as_they_are() {
        let size = Size { width: 18, height: 16 };
        let frame = Frame::new(size, (0..3 * size.pixels()).map(|i| (i * 7 % 251) as u8).collect());
        let picture = from_rgb(&frame, Pixel::BGRZ).unwrap();
        let row = &picture.data(0)[picture.stride(0)..][..4 * 18];
        let expected: Vec<u8> =
            frame.rgb()[3 * 18..][..3 * 18].chunks(3).flat_map(|p| [p[2], p[1], p[0], 0]).collect();
        assert_eq!(row, expected);
    }
}
