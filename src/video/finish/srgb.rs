//! sRGB values to light and back.

// The transfer function of sRGB (IEC 61966-2-1), which would need a power for every value. Above its
// straight dark end it is a polynomial here, fitted at Chebyshev nodes: off by less than 0.03 of the
// 255 steps in either direction, and done in vectors.
const LIGHT: [f32; 7] =
    [0.000_919_755, 0.032_948_937, 0.513_254_5, 0.710_048_2, -0.421_929_17, 0.215_906_15, -0.051_152_307];
/// Over the fourth root of the light.
const SRGB: [f32; 5] = [-0.064_843_78, 0.198_040_78, 1.117_347, -0.329_371_87, 0.078_855_8];

/// Light from an sRGB value, both from 0 to 1.
#[inline(always)]
pub(super) fn to_light(v: f32) -> f32 {
    let curve = LIGHT.iter().rev().fold(0.0, |sum, c| sum * v + c);
    if v <= 0.040_45 { v / 12.92 } else { curve }
}

/// An sRGB value from light, both from 0 to 1.
#[inline(always)]
pub(super) fn to_srgb(v: f32) -> f32 {
    let root = v.sqrt().sqrt();
    let curve = SRGB.iter().rev().fold(0.0, |sum, c| sum * root + c);
    if v <= 0.003_130_8 { 12.92 * v } else { curve }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard's own words.
    fn exact_srgb(v: f64) -> f64 {
        if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
    }

    #[test]
    fn the_fitted_curves_are_those_of_the_standard() {
        for i in 0..=10_000 {
            let v = f64::from(i) / 10_000.0;
            let there = exact_srgb(f64::from(to_light(v as f32)));
            let back = f64::from(to_srgb(v as f32));
            assert!((there - v).abs() * 255.0 < 0.05, "{v}: {there}");
            assert!((back - exact_srgb(v)).abs() * 255.0 < 0.05, "{v}: {back}");
        }
    }
}
