//! Results that several tasks fill, and what happens to sums on their way there.

use super::super::panels::ROWS;
use super::tiles::Square;
use super::vector::{first, load, transposed};
use std::arch::x86_64::*;

/// A result in the making. Tasks write to it side by side, for what a task makes of a picture does not lie in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    at: *mut f32,
    len: usize,
}

#[allow(unsafe_code, reason = "see `Target::put`")]
// SAFETY: it is only written to, by `put`, whose callers never meet.
unsafe impl Send for Target {}
#[allow(unsafe_code, reason = "see `Target::put`")]
// SAFETY: as above.
unsafe impl Sync for Target {}

/// Results of as many values as `counts` say, which `work` fills, all of them.
#[allow(unsafe_code, reason = "the values aren't cleared before")]
pub fn filled<const N: usize>(counts: [usize; N], work: impl FnOnce([Target; N])) -> [Vec<f32>; N] {
    let mut all = counts.map(Vec::<f32>::with_capacity);
    all.iter_mut().for_each(|values| crate::system::in_large_pages(values.spare_capacity_mut()));
    let mut lens = counts.into_iter();
    work(all.each_mut().map(|values| Target { at: values.as_mut_ptr(), len: lens.next().unwrap_or(0) }));
    for (values, len) in all.iter_mut().zip(counts) {
        // SAFETY: there is room for them, and layers and convolutions write each value of their results once.
        unsafe { values.set_len(len) };
    }
    all
}

impl Target {
    /// Puts the first `count` values, 16 at most, to `place`.
    ///
    /// # Panics
    /// If there is no room for them.
    ///
    /// # Safety
    /// No other task writes there.
    #[allow(unsafe_code, reason = "several threads write to one vector")]
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub unsafe fn put(self, place: usize, count: usize, values: __m512) {
        assert!(place + count.min(ROWS) <= self.len, "a result does not fit");
        // SAFETY: it lies inside, and the caller sees to it that nobody else writes there.
        unsafe { _mm512_mask_storeu_ps(self.at.add(place), first(count), values) };
    }
}

/// Sums as the rows of 16 outputs, by rows, and the other way round.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn turned(sums: &Square) -> [__m512; ROWS] {
    let mut rows = [_mm512_setzero_si512(); ROWS];
    for (row, sums) in rows.iter_mut().zip(sums) {
        *row = _mm512_castps_si512(load(sums));
    }
    let mut out = [_mm512_setzero_ps(); ROWS];
    for (out, row) in out.iter_mut().zip(transposed(rows)) {
        *out = _mm512_castsi512_ps(row);
    }
    out
}
