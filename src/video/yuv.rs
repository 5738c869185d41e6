//! RGB to the encoder's planes: BT.709, MPEG range, 4:2:0 with 8 bits or 4:2:2 with 10.

use super::frame::Frame;
use crate::units::Size;
use crate::vector::{vectorized, whole};
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
        rows.for_each_init(Columns::new, |columns, (out, pair)| chroma_row(pair, weights, columns, out));
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
        rows.for_each_init(Columns::new, |columns, (out, rgb)| {
            fine_row(rgb, weights, zero, plane > 0, columns, out)
        });
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

/// Numbers of a row at work: what its columns weigh.
type Columns = Vec<f32>;

fn luma_row(rgb: &[u8], out: &mut [u8]) {
    vectorized(
        #[inline(always)]
        || {
            for (pixel, y) in rgb.chunks_exact(3).zip(out) {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
                *y = whole(16.5 + LUMA * (KR * r + KG * g + KB * b)) as u8;
            }
        },
    );
}

/// One row of chroma from two rows of pixels.
fn chroma_row(pair: &[u8], weights: [f32; 3], columns: &mut Columns, out: &mut [u8]) {
    let (upper, lower) = pair.split_at(pair.len() / 2);
    vectorized(
        #[inline(always)]
        || {
            columns.resize(upper.len() / 3 + 1, 0.0);
            let pixels = upper.chunks_exact(3).zip(lower.chunks_exact(3));
            for (column, (upper, lower)) in columns[1..].iter_mut().zip(pixels) {
                *column = (0..3).map(|c| weights[c] * (f32::from(upper[c]) + f32::from(lower[c]))).sum();
            }
            for_left_columns(columns, out.iter_mut(), |value, sum| *value = whole(128.5 + sum / 8.0) as u8);
        },
    );
}

/// One row of 10-bit values, low byte first.
fn fine_row(
    rgb: &[u8],
    weights: [f32; 3],
    zero: f32,
    is_chroma: bool,
    columns: &mut Columns,
    out: &mut [u8],
) {
    vectorized(
        #[inline(always)]
        || {
            columns.resize(rgb.len() / 3 + 1, 0.0);
            for (column, pixel) in columns[1..].iter_mut().zip(rgb.chunks_exact(3)) {
                *column = (0..3).map(|c| weights[c] * f32::from(pixel[c])).sum();
            }
            let (values, _) = out.as_chunks_mut::<2>();
            if is_chroma {
                for_left_columns(columns, values.iter_mut(), |out, sum| *out = low_first(zero + sum / 4.0));
            } else {
                values.iter_mut().zip(&columns[1..]).for_each(|(out, value)| *out = low_first(zero + value));
            }
        },
    );
}

#[inline(always)]
fn low_first(value: f32) -> [u8; 2] {
    (whole(value) as u16).to_le_bytes()
}

/// Puts for every other pixel the sum of the columns left of, on and right of it, weighing 1, 2, 1: players expect chroma to sit on
/// the left of two pixels. `columns` begins with a place for what is left of the first, which is the first again.
#[inline(always)]
fn for_left_columns<T>(columns: &mut [f32], out: impl Iterator<Item = T>, put: impl Fn(T, f32)) {
    columns[0] = columns[1];
    let sums = columns.chunks_exact(2).zip(columns[1..].chunks_exact(2));
    for (out, (left, right)) in out.zip(sums) {
        put(out, left[0] + 2.0 * left[1] + right[1]);
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
