//! RGB to the encoder's planes: BT.709, MPEG range, 4:2:0 with 8 bits or 4:2:2 with 10.

use super::frame::Frame;
use crate::units::Size;
use ffmpeg_next::{color, format, frame};
use rayon::prelude::*;

// BT.709: Y' = KR·R + KG·G + KB·B, Cb = (B - Y') / 2(1 - KB), Cr = (R - Y') / 2(1 - KR).
const KR: f32 = 0.2126;
const KB: f32 = 0.0722;
const KG: f32 = 1.0 - KR - KB;
/// MPEG range: black at 16, white at 235; chroma from 16 to 240 around 128.
const LUMA: f32 = 219.0 / 255.0;
const CHROMA: f32 = 224.0 / 255.0;
const CB: [f32; 3] = [-KR, -KG, 1.0 - KB];
const CR: [f32; 3] = [1.0 - KR, -KG, -KB];

/// A picture for the encoder with the content of `source`, whose sides are even; none if memory is short.
pub(super) fn from_rgb(source: &Frame) -> Option<frame::Video> {
    let mut picture = blank(format::Pixel::YUV420P, source.size())?;
    let row = 3 * source.size().width as usize;
    let stride = picture.stride(0);
    let luma = picture.data_mut(0).par_chunks_mut(stride).zip(source.rgb().par_chunks(row));
    luma.for_each(|(out, rgb)| luma_row(rgb, out));
    for (plane, weights, unit) in [(1, CB, 2.0 * (1.0 - KB)), (2, CR, 2.0 * (1.0 - KR))] {
        let weights = weights.map(|w| w * CHROMA / unit);
        let stride = picture.stride(plane);
        let rows = picture.data_mut(plane).par_chunks_mut(stride).zip(source.rgb().par_chunks(2 * row));
        rows.for_each(|(out, pair)| chroma_row(pair, weights, out));
    }
    Some(picture)
}

/// As [`from_rgb`], with ten bits a value and a chroma value for every second pixel of each row.
pub(super) fn fine_from_rgb(source: &Frame) -> Option<frame::Video> {
    let mut picture = blank(format::Pixel::YUV422P10LE, source.size())?;
    let row = 3 * source.size().width as usize;
    // Four times the codes of 8 bits; halves are rounded up.
    let luma = [KR, KG, KB].map(|w| w * 4.0 * LUMA);
    let chroma = |weights: [f32; 3], unit: f32| weights.map(|w| w * 4.0 * CHROMA / unit);
    let planes =
        [(0, luma, 64.5), (1, chroma(CB, 2.0 * (1.0 - KB)), 512.5), (2, chroma(CR, 2.0 * (1.0 - KR)), 512.5)];
    for (plane, weights, zero) in planes {
        let stride = picture.stride(plane);
        let rows = picture.data_mut(plane).par_chunks_mut(stride).zip(source.rgb().par_chunks(row));
        rows.for_each(|(out, rgb)| fine_row(rgb, weights, zero, plane > 0, out));
    }
    Some(picture)
}

/// A picture of three planes to be filled; none if memory is short.
fn blank(pixel: format::Pixel, size: Size) -> Option<frame::Video> {
    let mut picture = frame::Video::new(pixel, size.width, size.height);
    if picture.planes() < 3 {
        return None;
    }
    picture.set_color_space(color::Space::BT709);
    picture.set_color_range(color::Range::MPEG);
    Some(picture)
}

/// One row of 10-bit values, low byte first; chroma sits on every other pixel, its neighbours weighing 1, 2, 1.
fn fine_row(rgb: &[u8], weights: [f32; 3], zero: f32, is_chroma: bool, out: &mut [u8]) {
    let pixels = rgb.len() / 3;
    let at = |x: usize| (0..3).map(|c| weights[c] * f32::from(rgb[3 * x + c])).sum::<f32>();
    let step = if is_chroma { 2 } else { 1 };
    for (i, out) in out.chunks_exact_mut(2).take(pixels / step).enumerate() {
        let x = step * i;
        let value = match is_chroma {
            true => (at(x.saturating_sub(1)) + 2.0 * at(x) + at((x + 1).min(pixels - 1))) / 4.0,
            false => at(x),
        };
        out.copy_from_slice(&((zero + value) as u16).to_le_bytes());
    }
}

fn luma_row(rgb: &[u8], out: &mut [u8]) {
    for (pixel, y) in rgb.chunks_exact(3).zip(out) {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        *y = (16.5 + LUMA * (KR * r + KG * g + KB * b)) as u8;
    }
}

/// One row of chroma from two rows of pixels. H.264 players expect chroma to sit on the left column of
/// each square of four pixels, so the columns left of, on and right of it weigh 1, 2, 1.
fn chroma_row(pair: &[u8], weights: [f32; 3], out: &mut [u8]) {
    let (upper, lower) = pair.split_at(pair.len() / 2);
    let column = |x: usize| {
        (0..3).map(|c| weights[c] * (f32::from(upper[3 * x + c]) + f32::from(lower[3 * x + c]))).sum::<f32>()
    };
    let mut left = column(0);
    for (i, value) in out.iter_mut().take(upper.len() / 6).enumerate() {
        let right = column(2 * i + 1);
        *value = (128.5 + (left + 2.0 * column(2 * i) + right) / 8.0) as u8;
        left = right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 3 values of BT.709 colour bars at 100 %, 8 bits.
    #[test]
    fn colour_bars_have_the_standard_codes() {
        let bars = [
            ([255, 255, 255], [235, 128, 128]),
            ([255, 255, 0], [219, 16, 138]),
            ([0, 255, 255], [188, 154, 16]),
            ([0, 255, 0], [173, 42, 26]),
            ([255, 0, 255], [78, 214, 230]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 0, 255], [32, 240, 118]),
            ([0, 0, 0], [16, 128, 128]),
        ];
        let size = Size { width: 18, height: 16 };
        for (rgb, yuv) in bars {
            let frame = Frame::new(size, rgb.repeat(size.pixels()));
            let picture = from_rgb(&frame).unwrap();
            for (plane, expected) in yuv.into_iter().enumerate() {
                let columns = if plane == 0 { 18 } else { 9 };
                let seen: Vec<u8> = picture
                    .data(plane)
                    .chunks(picture.stride(plane))
                    .flat_map(|r| r[..columns].to_vec())
                    .collect();
                assert!(seen.iter().all(|v| *v == expected), "{rgb:?} plane {plane}: {} {expected}", seen[0]);
            }
            let fine = fine_from_rgb(&frame).unwrap();
            for (plane, expected) in yuv.into_iter().enumerate() {
                let code = u16::from_le_bytes([fine.data(plane)[2], fine.data(plane)[3]]);
                assert!(
                    code.abs_diff(4 * u16::from(expected)) <= 2,
                    "{rgb:?} plane {plane}: {code} {expected}"
                );
            }
        }
    }
}
