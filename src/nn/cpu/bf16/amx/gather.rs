//! Left sides: rows of tokens, or pictures with a border of zeros, rounded to bf16 and laid out as tiles read them; norms and SiLU happen
//! on the way, so that what they make never stands in memory.
//!
//! The layout is \[channels/32, places, 32]: a tile is 16 lines one behind the other wherever it begins. In pictures a shift by a pixel is
//! a shift by a line, and nothing is unrolled.

use super::super::operands::{Affine, Planes, Rows};
use super::super::panels::{Line, ROWS, STEP};
use super::vector::{in_turns, load, put, rounded, silu, transposed, twice};
use std::arch::x86_64::*;

/// The `live` rows from `first` on, or every `step`th, as lines: row r of them, channels 32 i and on, at line i · `plane` + r.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
pub fn rows(from: Rows<'_>, (first, step, live): (usize, usize, usize), lines: &mut [Line], plane: usize) {
    let k = from.k;
    for r in 0..live {
        let row = &from.x[(first + r * step) * k..][..k];
        let (mean, scale) = from.norm.map_or((0.0, 1.0), |norm| moments(row, norm.eps));
        let (mean, scale) = (_mm512_set1_ps(mean), _mm512_set1_ps(scale));
        let code = from
            .norm
            .and_then(|norm| norm.code)
            .map(|code| &code[(first + r * step) * k % code.len()..][..k]);
        for (i, part) in row.chunks(STEP).enumerate() {
            let half = |half: usize| {
                let from_here = (half * ROWS).min(part.len());
                let value = load(&part[from_here..part.len().min(from_here + ROWS)]);
                let Some(norm) = from.norm else { return value };
                let at = i * STEP + from_here..(i * STEP + part.len()).min(i * STEP + from_here + ROWS);
                let factor = _mm512_mul_ps(scale, load(&norm.weight[at.clone()]));
                let value = _mm512_fmadd_ps(_mm512_sub_ps(value, mean), factor, load(&norm.bias[at.clone()]));
                code.map_or(value, |code| _mm512_add_ps(value, load(&code[at])))
            };
            put(&mut lines[i * plane + r].0, rounded(half(0), half(1)));
        }
    }
}

/// Mean and one over the standard deviation of a row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
fn moments(row: &[f32], eps: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mut sum = _mm512_setzero_ps();
    for part in row.chunks(ROWS) {
        sum = _mm512_add_ps(sum, load(part));
    }
    let mean = _mm512_reduce_add_ps(sum) / count;
    let mut squares = _mm512_setzero_ps();
    let (whole, rest) = row.as_chunks::<ROWS>();
    for part in whole {
        let far = _mm512_sub_ps(load(part), _mm512_set1_ps(mean));
        squares = _mm512_fmadd_ps(far, far, squares);
    }
    let rest: f32 = rest.iter().map(|v| (v - mean) * (v - mean)).sum();
    let variance = (_mm512_reduce_add_ps(squares) + rest) / count;
    (mean, 1.0 / (variance + eps).sqrt())
}

/// Where in the lines pictures come to lie. Of `together` pictures the same pixels lie one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Pictures whose pixels lie side by side.
    pub together: usize,
    /// Pixels of a framed row.
    pub across: usize,
    /// Zeros above and to the left.
    pub before: usize,
    /// Lines of all places.
    pub plane: usize,
}

impl Planes<'_> {
    /// Puts the `count` framed rows from framed row `top` on of the pictures from `image` on, as many as stand together, into the lines from
    /// `first` on. Rows and pixels outside of the picture are zeros.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    pub(super) fn put(
        &self,
        image: usize,
        (top, count): (usize, usize),
        frame: Frame,
        first: usize,
        lines: &mut [Line],
    ) {
        let [n, c, h, w] = self.shape;
        let row = frame.across * frame.together;
        for channel in (0..c).step_by(STEP) {
            let lines = &mut lines[channel / STEP * frame.plane + first..][..count * row];
            for (y, line) in lines.chunks_exact_mut(row).enumerate() {
                let Some(y) = (top + y).checked_sub(frame.before).filter(|y| *y < h) else {
                    line.fill(Line::ZERO);
                    continue;
                };
                let end = ((frame.before + w) * frame.together).min(row);
                line[..frame.before * frame.together].fill(Line::ZERO);
                line[end..].fill(Line::ZERO);
                for number in 0..frame.together {
                    let inside = &mut line[frame.before * frame.together..end];
                    if image + number >= n {
                        inside.iter_mut().skip(number).step_by(frame.together).for_each(|l| *l = Line::ZERO);
                        continue;
                    }
                    let place = [image + number, channel, y];
                    match self.silu {
                        true => self.pixels::<true>(place, (number, frame.together), inside),
                        false => self.pixels::<false>(place, (number, frame.together), inside),
                    }
                }
            }
        }
    }

    /// 32 channels of a row of a picture: pixel x at line x · `step` + `first`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    #[inline]
    fn pixels<const SILU: bool>(
        &self,
        [image, channel, y]: [usize; 3],
        (first, step): (usize, usize),
        lines: &mut [Line],
    ) {
        let [_, c, h, w] = self.shape;
        let live = STEP.min(c - channel);
        let half = usize::from(self.doubled);
        let (plane, begin) = ((h >> half) * (w >> half), (y >> half) * (w >> half));
        let begin = (image * c + channel) * plane + begin;
        for left in (0..w).step_by(ROWS) {
            let count = ROWS.min(w - left);
            let value = |number: usize| {
                if number >= live {
                    return _mm512_setzero_ps();
                }
                let value = load(&self.x[begin + number * plane + (left >> half)..][..count >> half]);
                let value = if self.doubled { twice(value) } else { value };
                let Some(norm) = self.norm else { return if SILU { silu(value) } else { value } };
                let Affine { mean, factor, bias } = norm[image * c + channel + number];
                let value = _mm512_sub_ps(value, _mm512_set1_ps(mean));
                let value = _mm512_fmadd_ps(value, _mm512_set1_ps(factor), _mm512_set1_ps(bias));
                if SILU { silu(value) } else { value }
            };
            let mut pairs = [_mm512_setzero_si512(); ROWS];
            for (i, pair) in pairs.iter_mut().enumerate() {
                *pair = in_turns(rounded(value(2 * i), value(2 * i + 1)));
            }
            let places = transposed(pairs);
            for (i, place) in places.into_iter().enumerate().take(count) {
                if let Some(line) = lines.get_mut((left + i) * step + first) {
                    put(&mut line.0, place);
                }
            }
        }
    }
}
