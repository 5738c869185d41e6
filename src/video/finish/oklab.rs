//! Oklab, a space in which equal distances look equal (Björn Ottosson, "A perceptual color space for image processing", 2020): lightness,
//! and how green or red and how blue or yellow it is.

use super::srgb::{to_light, to_srgb};

/// Oklab of an sRGB colour whose values go from 0 to 1.
pub(super) fn from_srgb(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(to_light);
    let [l, m, s] = [
        0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b,
        0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b,
        0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b,
    ]
    .map(f32::cbrt);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The sRGB colour of an Oklab one; what a screen can't show is cut off.
pub(super) fn to_srgb_colour([l, a, b]: [f32; 3]) -> [f32; 3] {
    let [l, m, s] = [
        l + 0.396_337_78 * a + 0.215_803_76 * b,
        l - 0.105_561_346 * a - 0.063_854_17 * b,
        l - 0.089_484_18 * a - 1.291_485_5 * b,
    ]
    .map(|v| v * v * v);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(|light| to_srgb(light.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_lie_where_the_article_has_them() {
        let near = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-3);
        assert!(near(from_srgb([1.0; 3]), [1.0, 0.0, 0.0]));
        // Pure red, as CSS Color 4 lists it: oklch(62.8% .2577 29.23deg).
        let (chroma, hue) = (0.2577f32, 29.23f32.to_radians());
        assert!(near(from_srgb([1.0, 0.0, 0.0]), [0.628, chroma * hue.cos(), chroma * hue.sin()]));
    }

    #[test]
    fn there_and_back_is_the_same_colour() {
        for i in 0..1000u32 {
            let rgb = [i % 10, i / 10 % 10, i / 100].map(|v| v as f32 / 9.0);
            let back = to_srgb_colour(from_srgb(rgb));
            assert!(rgb.iter().zip(back).all(|(a, b)| (a - b).abs() < 0.5 / 255.0), "{rgb:?} {back:?}");
        }
    }
}
