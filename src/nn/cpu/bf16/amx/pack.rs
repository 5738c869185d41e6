//! Packing: a weight as it is stored, rounded to bf16 and laid out in panels.
//!
//! It goes through memory once, so that a weight of 16 bits may well be packed whenever it is multiplied by: a fifteenth of a step.

use super::super::operands::{Packing, Values};
use super::super::panels::{BLOCK, Line, Panels, ROWS, STEP};
use super::super::spare;
use super::vector::{load, load_halves, load_words, put, rounded, transposed, whole};
use rayon::prelude::*;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

/// Words of a row that are read one behind the other: sixteen rows of them stay in the second-level cache.
const RUN: usize = 4096;

/// `values` \[outputs, inputs, taps], packed, in spare room where they are not packed to `stay`; none where they are not as many, or don't
/// pack so.
pub fn pack(values: Values<'_>, sizes: [usize; 3], (packing, stay): (Packing, bool)) -> Option<Panels> {
    let [outputs, inputs, taps] = sizes;
    let count = inputs.checked_mul(taps).and_then(|row| row.checked_mul(outputs));
    let gated = packing == Packing::Gated;
    if count != Some(values.count()) || count == Some(0) || gated && (outputs % BLOCK != 0 || taps != 1) {
        return None;
    }
    let size = taps * inputs.div_ceil(STEP) * BLOCK;
    let count = outputs.div_ceil(BLOCK) * size;
    let mut lines = if stay { Vec::with_capacity(count) } else { spare::take(count) };
    let room = &mut lines.spare_capacity_mut()[..count];
    crate::system::in_large_pages(room);
    room.par_chunks_mut(size).enumerate().for_each_init(Vec::new, |rows, (panel, lines)| {
        let weight = Weight { values, sizes, packing };
        #[allow(unsafe_code)]
        // SAFETY: panels are packed where tiles are, and with these is AVX-512.
        unsafe {
            weight.pack(panel, rows, lines);
        }
    });
    #[allow(unsafe_code, reason = "the lines aren't cleared before")]
    // SAFETY: there is room for them, and each was written.
    unsafe {
        lines.set_len(count);
    }
    Some(Panels::from_lines(lines, sizes, !stay))
}

/// A weight that is being packed.
struct Weight<'a> {
    values: Values<'a>,
    sizes: [usize; 3],
    packing: Packing,
}

impl Weight<'_> {
    /// The output at a place; none behind the last.
    fn output(&self, place: usize) -> Option<usize> {
        let outputs = self.sizes[0];
        match self.packing {
            _ if place >= outputs => None,
            Packing::Plain => Some(place),
            Packing::Gated => {
                Some(place / BLOCK * ROWS + place % ROWS + place % BLOCK / ROWS * (outputs / 2))
            }
        }
    }

    /// Writes all `lines` of the weights of 32 outputs; `rows` is room to work in.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    fn pack(&self, panel: usize, rows: &mut Vec<u16>, lines: &mut [MaybeUninit<Line>]) {
        let [_, inputs, taps] = self.sizes;
        let (across, step) = (inputs.div_ceil(STEP), STEP * taps);
        // Of each row a run is read before the next row's, as memory gives it fastest.
        let together = (RUN / step).clamp(1, across);
        let run = together * step;
        // What is gathered as a pair of words may begin with the last.
        rows.resize(ROWS * run + STEP, 0);
        let runs = (0..across).step_by(together);
        for (half, first) in (0..2).flat_map(|half| runs.clone().map(move |first| (half, first))) {
            let live = (inputs * taps - first * step).min(run);
            for (r, row) in rows.chunks_exact_mut(run).take(ROWS).enumerate() {
                match self.output(panel * BLOCK + half * ROWS + r) {
                    Some(output) => self.round(output * inputs * taps + first * step, &mut row[..live]),
                    None => row[..live].fill(0),
                }
                row[live..].fill(0);
            }
            for i in 0..together.min(across - first) {
                for tap in 0..taps {
                    let mut pairs = [_mm512_setzero_si512(); ROWS];
                    for (r, pair) in pairs.iter_mut().enumerate() {
                        *pair = under(&rows[r * run + i * step..], (tap, taps));
                    }
                    let at = ((tap * across + first + i) * 2 + half) * ROWS;
                    for (line, pairs) in lines[at..][..ROWS].iter_mut().zip(transposed(pairs)) {
                        put(&mut line.write(Line::ZERO).0, pairs);
                    }
                }
            }
        }
    }

    /// The values from `first` on, rounded.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
    #[inline]
    fn round(&self, first: usize, out: &mut [u16]) {
        for (i, out) in out.chunks_mut(STEP).enumerate() {
            let (at, count) = (first + i * STEP, out.len());
            let middle = at + count.min(ROWS);
            let line = match self.values {
                Values::Single(values) => {
                    rounded(load(&values[at..middle]), load(&values[middle..at + count]))
                }
                Values::Half(bytes) => rounded(
                    load_halves(&bytes[2 * at..2 * middle]),
                    load_halves(&bytes[2 * middle..2 * (at + count)]),
                ),
                Values::Brain(bytes) => load_words(&bytes[2 * at..2 * (at + count)]),
            };
            match out.as_mut_array::<STEP>() {
                Some(out) => put(out, line),
                None => {
                    let mut all = [0; STEP];
                    put(&mut all, line);
                    out.copy_from_slice(&all[..count]);
                }
            }
        }
    }
}

/// Of a row's 32 channels those under tap `tap` of `taps`, with two words more behind the last.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
fn under(row: &[u16], (tap, taps): (usize, usize)) -> __m512i {
    let row = &row[..STEP * taps + 2];
    if let (1, Some(row)) = (taps, row.first_chunk()) {
        return whole(row);
    }
    let every_other = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let even = _mm512_mullo_epi32(every_other, _mm512_set1_epi32(2 * taps as i32));
    let even = _mm512_add_epi32(even, _mm512_set1_epi32(tap as i32));
    // The upper word of a pair is the odd channel's.
    let odd = _mm512_add_epi32(even, _mm512_set1_epi32(taps as i32 - 1));
    #[allow(unsafe_code, reason = "gathers take pointers")]
    // SAFETY: the last index is that of channel 31 under the last tap, behind which there is one more word.
    let [even, odd] = unsafe { [even, odd].map(|at| _mm512_i32gather_epi32::<2>(at, row.as_ptr().cast())) };
    _mm512_mask_blend_epi16(0xaaaa_aaaa, even, odd)
}
