//! exp and erf in single precision, written so that a loop over them compiles to vector instructions.

/// Adding and subtracting 1.5 · 2²³ rounds a small float to the nearest whole number, which then stands in its low bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts: the first has few enough bits that its product with a small whole number is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e to the `x`, with a relative error below 2e-7 for x in [-87, 88]; held to the ends outside.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r by its Taylor series.
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = r.mul_add(p, c);
    }
    let power = (shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits());
    p * f32::from_bits(power)
}

/// x / (1 + e^-x).
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// The exact GELU, x Φ(x).
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// x sigmoid(1.702 x).
#[inline(always)]
pub fn quick_gelu(x: f32) -> f32 {
    x / (1.0 + exp(-1.702 * x))
}

// erf(x) / x as a quotient of polynomials in x², fitted by iterated weighted least squares on [0, 4].
pub(super) const ERF_TOP: [f32; 6] = [
    1.986_729_3e-6,
    2.845_648_8e-4,
    3.883_431e-3,
    5.310_202_4e-2,
    1.935_475_3e-1,
    std::f32::consts::FRAC_2_SQRT_PI,
];
pub(super) const ERF_BOTTOM: [f32; 6] =
    [3.741_956_2e-5, 1.185_586_2e-3, 1.520_743_5e-2, 1.153_509_8e-1, 5.048_595_7e-1, 1.0];

/// The error function, with a relative error below 5e-7.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let u = x * x;
    let (mut top, mut bottom) = (ERF_TOP[0], ERF_BOTTOM[0]);
    for i in 1..ERF_TOP.len() {
        top = top.mul_add(u, ERF_TOP[i]);
        bottom = bottom.mul_add(u, ERF_BOTTOM[i]);
    }
    x * top / bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_double_precision_to_2e_7() {
        let worst = (-87_000..=88_000)
            .map(|i| i as f32 / 1000.0)
            .map(|x| (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2e-7, "{worst}");
        assert!(exp(f32::NAN).is_nan() && exp(-1e9) < 1e-37 && exp(0.0) == 1.0);
    }

    /// erf by its Maclaurin series in double precision, which converges everywhere.
    fn erf_series(x: f64) -> f64 {
        let (mut sum, mut term) = (0.0, x);
        for n in 0..200 {
            sum += term / f64::from(2 * n + 1);
            term *= -x * x / f64::from(n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn erf_agrees_with_its_series() {
        for i in 1..=4000 {
            let x = i as f32 * 1e-3;
            let exact = erf_series(f64::from(x));
            assert!((f64::from(erf(x)) / exact - 1.0).abs() < 5e-7, "{x}");
            assert_eq!(erf(-x), -erf(x));
        }
        assert!((erf(50.0) - 1.0).abs() < 5e-7 && erf(f32::NAN).is_nan());
    }
}
