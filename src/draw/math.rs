//! Functions of lanes: exponential, logarithm, circle, and the small shapes that pictures are made of.
//!
//! Polynomials of Cephes' single-precision routines (Moshier), branchless: relative errors below 1e-6 where a picture uses them.

use super::lanes::{Lanes, Simd};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LOG2_E, PI, SQRT_2};

/// e^x; x is kept within ±87.
#[inline(always)]
pub(super) fn exp<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let x = x.clamp(-87.0, 87.0);
    let n = (x * LOG2_E).round();
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, x));
    let p = r.all(1.987_569_1e-4);
    let p = p.mul_add_lanes(r, r.all(1.398_199_9e-3));
    let p = p.mul_add_lanes(r, r.all(8.333_452e-3));
    let p = p.mul_add_lanes(r, r.all(4.166_579_6e-2));
    let p = p.mul_add_lanes(r, r.all(0.166_666_65));
    let p = p.mul_add_lanes(r, r.all(0.5));
    let p = p.mul_add_lanes(r * r, r + 1.0);
    p * (n.whole() + 127).shl(23).as_float()
}

/// The natural logarithm of what is above 0.
#[inline(always)]
pub(super) fn ln<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let bits = x.max(1.2e-38).bits();
    let exponent = bits.shr(23).to_float() - 126.0;
    let mantissa = (bits & 0x007f_ffff).plus(x.all(0.5).bits()).as_float();
    let small = mantissa.below(SQRT_2 / 2.0);
    let e = exponent - small.one();
    let m = small.select(mantissa + mantissa, mantissa) - 1.0;
    let z = m * m;
    let mut p = m.all(7.037_683_6e-2);
    for c in [
        -0.115_146_1,
        0.116_769_99,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_58,
        0.200_007_15,
        -0.249_999_94,
        0.333_333_3,
    ] {
        p = p.mul_add_lanes(m, m.all(c));
    }
    let y = p * m * z - 0.5 * z;
    e.mul_add(LN_2, m + y)
}

/// x^power of what is at least 0.
#[inline(always)]
pub(super) fn pow<S: Simd>(x: Lanes<S>, power: f32) -> Lanes<S> {
    x.above(1.2e-38).select(exp(ln(x) * power), x.all(0.0))
}

/// Sine, of some thousands at most.
#[inline(always)]
pub(super) fn sin<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let n = (x * (1.0 / PI)).round();
    half_wave(reduced(x, n), n)
}

/// Cosine, of some thousands at most.
#[inline(always)]
pub(super) fn cos<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let n = (x * (1.0 / PI) + 0.5).round();
    // cos(x) = sin(x + π/2), with n counted from there.
    half_wave(reduced(x, n - 0.5), n)
}

/// x − n·π, by π in three parts.
#[inline(always)]
fn reduced<S: Simd>(x: Lanes<S>, n: Lanes<S>) -> Lanes<S> {
    let x = n.mul_add(-3.140_625, x);
    let x = n.mul_add(-9.670_257_6e-4, x);
    n.mul_add(-6.277_114e-7, x)
}

/// (−1)^n sin(r) for |r| ≤ π/2.
#[inline(always)]
fn half_wave<S: Simd>(r: Lanes<S>, n: Lanes<S>) -> Lanes<S> {
    let z = r * r;
    let p = z.all(2.606_690_7e-6);
    let p = p.mul_add_lanes(z, z.all(-1.980_714_5e-4));
    let p = p.mul_add_lanes(z, z.all(8.333_066e-3));
    let p = p.mul_add_lanes(z, z.all(-0.166_666_57));
    let wave = p.mul_add_lanes(z * r, r);
    wave.bits().xor((n.whole() & 1).shl(31)).as_float()
}

/// The angle of (x, y), −π to π.
#[inline(always)]
pub(super) fn atan2<S: Simd>(y: Lanes<S>, x: Lanes<S>) -> Lanes<S> {
    let (ax, ay) = (x.abs(), y.abs());
    let (small, large) = (ax.lower(ay), ax.upper(ay));
    let ratio = small / large.max(1e-30);
    // Beyond tan(π/8) the angle is taken from π/4.
    let far = ratio.above(0.414_213_57);
    let t = far.select((ratio - 1.0) / (ratio + 1.0), ratio);
    let z = t * t;
    let p = z.all(8.053_744_5e-2);
    let p = p.mul_add_lanes(z, z.all(-0.138_776_86));
    let p = p.mul_add_lanes(z, z.all(0.199_777_1));
    let p = p.mul_add_lanes(z, z.all(-0.333_329_5));
    let angle = p.mul_add_lanes(z * t, t) + far.select(t.all(FRAC_PI_4), t.all(0.0));
    let angle = ay.gt(ax).select(FRAC_PI_2 - angle, angle);
    let angle = x.below(0.0).select(PI - angle, angle);
    y.below(0.0).select(-angle, angle)
}

/// The angle whose cosine is x.
#[inline(always)]
pub(super) fn acos<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    atan2(((1.0 - x) * (1.0 + x)).max(0.0).sqrt(), x)
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    1.0 / (1.0 + exp(-x))
}

/// Smoothly from 0 at `a` to 1 at `b`.
#[inline(always)]
pub(super) fn step<S: Simd>(a: f32, b: f32, x: Lanes<S>) -> Lanes<S> {
    let k = ((x - a) * (1.0 / (b - a))).unit();
    k * k * (3.0 - 2.0 * k)
}

/// e^−(d/width)².
#[inline(always)]
pub(super) fn bell<S: Simd>(d: Lanes<S>, width: f32) -> Lanes<S> {
    let q = d * (1.0 / width);
    exp(-(q * q))
}

/// How much of a pixel, `aa` wide, lies within `w` of where `d` is 0.
#[inline(always)]
pub(super) fn cover<S: Simd>(d: Lanes<S>, w: f32, aa: f32) -> Lanes<S> {
    ((w - d) * (1.0 / aa) + 0.5).unit()
}

/// [`cover`] by pixels that differ in size.
#[inline(always)]
pub(super) fn cover_by<S: Simd>(d: Lanes<S>, w: f32, aa: Lanes<S>) -> Lanes<S> {
    ((w - d) / aa + 0.5).unit()
}

/// Turned by an angle.
#[inline(always)]
pub(super) fn rot<S: Simd>(x: Lanes<S>, y: Lanes<S>, angle: f64) -> (Lanes<S>, Lanes<S>) {
    let (sin, cos) = angle.sin_cos();
    let (sin, cos) = (sin as f32, cos as f32);
    (x * cos - y * sin, x * sin + y * cos)
}

/// Numbers in [0, 1) for whole numbers (as floats).
#[inline(always)]
pub(super) fn hash2<S: Simd>(i: Lanes<S>, j: Lanes<S>, seed: u64) -> Lanes<S> {
    let salt = seed.wrapping_mul(974_711).wrapping_add(12345) & 0x7ff_ffff;
    let n = (i.whole() * 374_761_393).plus(j.whole() * 668_265_263) + salt as u32;
    let n = n.xor(n.shr(13) & 0x7ffff) * 1_274_126_177;
    let n = n.xor(n.shr(16) & 0xffff) * 461_845_907;
    (n.shr(8) & 0xffff).to_float() * (1.0 / 65536.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::lanes::dispatch;
    use pulp::WithSimd;

    /// The largest difference of `ours` from `exact` over some arguments.
    struct Apart<'a, F: Function>(&'a [f32], F, fn(f64) -> f64);

    trait Function: Copy {
        fn of<S: Simd>(self, x: Lanes<S>) -> Lanes<S>;
    }

    impl<F: Function> WithSimd for Apart<'_, F> {
        type Output = f64;

        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let Apart(arguments, function, exact) = self;
            let mut worst = 0.0f64;
            for chunk in arguments.chunks(S::F32_LANES) {
                let ours = function.of(Lanes::load(simd, chunk)).lanes();
                for (x, y) in chunk.iter().zip(ours) {
                    let exact = exact(f64::from(*x));
                    worst = worst.max((f64::from(y) - exact).abs() / exact.abs().max(1.0));
                }
            }
            worst
        }
    }

    macro_rules! function {
        ($name:ident, $x:ident => $y:expr) => {
            #[derive(Clone, Copy)]
            struct $name;
            impl Function for $name {
                fn of<S: Simd>(self, $x: Lanes<S>) -> Lanes<S> {
                    $y
                }
            }
        };
    }
    function!(Exp, x => exp(x));
    function!(Ln, x => ln(x));
    function!(Sin, x => sin(x));
    function!(Cos, x => cos(x));
    function!(Angle, x => atan2(sin(x), cos(x)));
    function!(Power, x => pow(x, 0.45));
    function!(Floor, x => x.floor());

    #[test]
    fn functions_are_the_exact_ones() {
        let line = |from: f32, to: f32| -> Vec<f32> {
            (0..4001).map(|i| from + (to - from) * i as f32 / 4000.0).collect()
        };
        assert!(dispatch(Apart(&line(-20.0, 20.0), Exp, f64::exp)) < 1e-6);
        assert!(dispatch(Apart(&line(1e-6, 900.0), Ln, f64::ln)) < 1e-6);
        assert!(dispatch(Apart(&line(-900.0, 900.0), Sin, f64::sin)) < 2e-6);
        assert!(dispatch(Apart(&line(-900.0, 900.0), Cos, f64::cos)) < 2e-6);
        assert!(dispatch(Apart(&line(-3.1, 3.1), Angle, |x| x)) < 1e-6);
        assert!(dispatch(Apart(&line(0.0, 40.0), Power, |x| x.powf(0.45))) < 2e-6);
        assert_eq!(dispatch(Apart(&line(-70.0, 70.0), Floor, f64::floor)), 0.0);
    }
}
