//! What is done with sixteen values at a time before they are rounded and after they were summed up.
//!
//! All of it is compiled for AVX-512, which every processor with AMX has; [`super::tiles::is_there`] looks for both.

use super::super::panels::ROWS;
use std::arch::x86_64::*;

/// Of sixteen channels at sixteen places, sixteen places with their channels, and the other way round.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn transposed(rows: [__m512i; ROWS]) -> [__m512i; ROWS] {
    let mut pairs = rows;
    for i in 0..ROWS / 2 {
        pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    let mut fours = pairs;
    for i in (0..ROWS).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    let mut out = fours;
    for i in 0..4 {
        let (a, b) = (fours[i], fours[4 + i]);
        let (c, d) = (fours[8 + i], fours[12 + i]);
        let (first, second) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
        let (third, fourth) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
        out[i] = _mm512_shuffle_i32x4::<0x88>(first, third);
        out[4 + i] = _mm512_shuffle_i32x4::<0xdd>(first, third);
        out[8 + i] = _mm512_shuffle_i32x4::<0x88>(second, fourth);
        out[12 + i] = _mm512_shuffle_i32x4::<0xdd>(second, fourth);
    }
    out
}

/// Two times sixteen values as 32 of bf16, one behind the other. NaN stays NaN, what is too small to be normal becomes 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn rounded(first: __m512, second: __m512) -> __m512i {
    bits(_mm512_cvtne2ps_pbh(second, first))
}

/// The same values, in turns.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn in_turns(values: __m512i) -> __m512i {
    const ORDER: [u16; 32] = {
        let mut order = [0; 32];
        let mut i = 0;
        while i < 32 {
            order[i] = (i / 2 + i % 2 * 16) as u16;
            i += 1;
        }
        order
    };
    _mm512_permutexvar_epi16(whole(&ORDER), values)
}

/// The first eight values, each twice.
#[target_feature(enable = "avx512f")]
#[inline]
pub fn twice(values: __m512) -> __m512 {
    let order = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
    _mm512_permutexvar_ps(order, values)
}

#[inline(always)]
fn bits(values: __m512bh) -> __m512i {
    #[allow(unsafe_code, reason = "the type of bf16 vectors has no other way out")]
    // SAFETY: both are 64 bytes of which all values are allowed.
    unsafe {
        std::mem::transmute(values)
    }
}

/// 32 words.
#[target_feature(enable = "avx512f")]
#[inline]
pub fn whole(words: &[u16; 32]) -> __m512i {
    #[allow(unsafe_code, reason = "loads take pointers")]
    // SAFETY: it reads the array.
    unsafe {
        _mm512_loadu_si512(words.as_ptr().cast())
    }
}

/// Puts 32 values of bf16 where they belong.
#[target_feature(enable = "avx512f")]
#[inline]
pub fn put(line: &mut [u16; 32], values: __m512i) {
    #[allow(unsafe_code, reason = "stores take pointers")]
    // SAFETY: it is as long as the vector.
    unsafe {
        _mm512_storeu_si512(line.as_mut_ptr().cast(), values);
    }
}

/// The first of the values, sixteen at most; zeros behind them.
#[target_feature(enable = "avx512f")]
#[inline]
pub fn load(values: &[f32]) -> __m512 {
    #[allow(unsafe_code, reason = "loads take pointers")]
    // SAFETY: it reads no more than there is.
    unsafe {
        _mm512_maskz_loadu_ps(first(values.len()), values.as_ptr())
    }
}

/// The first of the little-endian values of half precision, sixteen at most; zeros behind them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub fn load_halves(bytes: &[u8]) -> __m512 {
    #[allow(unsafe_code, reason = "loads take pointers")]
    // SAFETY: it reads no more than there is.
    let halves = unsafe { _mm256_maskz_loadu_epi16(first(bytes.len() / 2), bytes.as_ptr().cast()) };
    _mm512_cvtph_ps(halves)
}

/// The first of the little-endian words, 32 at most; zeros behind them.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub fn load_words(bytes: &[u8]) -> __m512i {
    let count = bytes.len() / 2;
    let mask = if count >= 32 { !0 } else { (1 << count) - 1 };
    #[allow(unsafe_code, reason = "loads take pointers")]
    // SAFETY: it reads no more than there is.
    unsafe {
        _mm512_maskz_loadu_epi16(mask, bytes.as_ptr().cast())
    }
}

/// Puts as many values into `out` as there is room for, sixteen at most.
#[target_feature(enable = "avx512f")]
#[inline]
pub fn store(out: &mut [f32], values: __m512) {
    #[allow(unsafe_code, reason = "stores take pointers")]
    // SAFETY: it writes no more than there is.
    unsafe {
        _mm512_mask_storeu_ps(out.as_mut_ptr(), first(out.len()), values);
    }
}

/// Which of sixteen lanes are among the first `count`.
#[inline(always)]
pub fn first(count: usize) -> __mmask16 {
    if count >= ROWS { !0 } else { (1 << count) - 1 }
}

/// e to the x, as [`super::super::super::math::exp`] computes it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn exp(x: __m512) -> __m512 {
    let x = _mm512_min_ps(_mm512_set1_ps(88.0), _mm512_max_ps(_mm512_set1_ps(-87.0), x));
    let round = _mm512_set1_ps(12_582_912.0);
    let shifted = _mm512_fmadd_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E), round);
    let n = _mm512_sub_ps(shifted, round);
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_4), x);
    let r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.121_944_4e-4), r);
    let mut p = _mm512_set1_ps(1.0 / 720.0);
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = _mm512_fmadd_ps(r, p, _mm512_set1_ps(c));
    }
    let power = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
    let power = _mm512_add_epi32(power, _mm512_set1_epi32(0x3f80_0000));
    _mm512_mul_ps(p, _mm512_castsi512_ps(power))
}

/// 2 to the x, to 5e-5, for x up to 127: as exact as what is rounded to bf16 needs. Minus infinity gives 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn exp2(x: __m512) -> __m512 {
    let x = _mm512_max_ps(_mm512_set1_ps(-200.0), x);
    let n = _mm512_roundscale_ps::<0>(x);
    let r = _mm512_sub_ps(x, n);
    // By its Taylor series.
    let mut p = _mm512_set1_ps(9.618_129e-3);
    for c in [5.550_411e-2, 2.402_265e-1, 6.931_472e-1, 1.0] {
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    }
    _mm512_scalef_ps(p, n)
}

/// One over x, for x from 1e-30 to 1e30, to 1e-7.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
fn inverse(x: __m512) -> __m512 {
    let guess = _mm512_rcp14_ps(x);
    _mm512_mul_ps(guess, _mm512_fnmadd_ps(x, guess, _mm512_set1_ps(2.0)))
}

/// x / (1 + e^-x); NaN stays NaN.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn silu(x: __m512) -> __m512 {
    let held = _mm512_max_ps(x, _mm512_set1_ps(-60.0));
    let power = exp(_mm512_sub_ps(_mm512_setzero_ps(), held));
    _mm512_mul_ps(x, inverse(_mm512_add_ps(power, _mm512_set1_ps(1.0))))
}

/// x Φ(x), as [`super::super::super::math::gelu`] computes it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")]
#[inline]
pub fn gelu(x: __m512) -> __m512 {
    use super::super::super::math::{ERF_BOTTOM, ERF_TOP};
    let z = _mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::FRAC_1_SQRT_2));
    let z = _mm512_min_ps(_mm512_set1_ps(4.0), _mm512_max_ps(_mm512_set1_ps(-4.0), z));
    let u = _mm512_mul_ps(z, z);
    let (mut top, mut bottom) = (_mm512_set1_ps(ERF_TOP[0]), _mm512_set1_ps(ERF_BOTTOM[0]));
    for i in 1..ERF_TOP.len() {
        top = _mm512_fmadd_ps(top, u, _mm512_set1_ps(ERF_TOP[i]));
        bottom = _mm512_fmadd_ps(bottom, u, _mm512_set1_ps(ERF_BOTTOM[i]));
    }
    let erf = _mm512_mul_ps(_mm512_mul_ps(z, top), inverse(bottom));
    let half = _mm512_mul_ps(x, _mm512_set1_ps(0.5));
    _mm512_fmadd_ps(half, erf, half)
}
