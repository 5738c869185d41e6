//! Exposure, flash, saturation and hue, in linear light.

use super::settings::Finish;
use super::srgb::{to_light, to_srgb};

/// Pixels that are graded together.
const LANES: usize = 32;

/// What happens to light: a matrix over (r, g, b), then a move towards white.
pub(super) struct Grade {
    matrix: [[f32; 3]; 3],
    flash: f32,
}

impl Grade {
    /// The grade that `finish` asks for; none if colours stay as they are.
    pub(super) fn new(finish: &Finish) -> Option<Self> {
        let none = finish.exposure == 0.0
            && finish.flash == 0.0
            && finish.saturation == 1.0
            && finish.hue.rem_euclid(360.0) == 0.0;
        if none {
            return None;
        }
        let gain = finish.exposure.exp2();
        let matrix = chroma_matrix(finish.saturation, finish.hue).map(|row| row.map(|v| v * gain));
        Some(Grade { matrix, flash: finish.flash })
    }

    /// Grades a row of RGB values from 0 to 255 in place; what the filter left outside is cut off.
    #[inline(always)]
    pub(super) fn apply(&self, row: &mut [f32]) {
        for block in row.chunks_mut(3 * LANES) {
            // One array a channel, so that the arithmetic runs in vectors.
            let mut rgb = [[0.0f32; LANES]; 3];
            for (i, pixel) in block.chunks_exact(3).enumerate() {
                for c in 0..3 {
                    rgb[c][i] = pixel[c];
                }
            }
            let lit = self.block(rgb);
            for (i, pixel) in block.chunks_exact_mut(3).enumerate() {
                for c in 0..3 {
                    pixel[c] = lit[c][i];
                }
            }
        }
    }

    #[inline(always)]
    fn block(&self, mut rgb: [[f32; LANES]; 3]) -> [[f32; LANES]; 3] {
        for channel in &mut rgb {
            for v in channel {
                *v = to_light((*v * (1.0 / 255.0)).clamp(0.0, 1.0));
            }
        }
        let mut out = [[0.0f32; LANES]; 3];
        for (channel, [r, g, b]) in out.iter_mut().zip(self.matrix) {
            for (i, v) in channel.iter_mut().enumerate() {
                let lit = (r * rgb[0][i] + g * rgb[1][i] + b * rgb[2][i]).clamp(0.0, 1.0);
                *v = 255.0 * to_srgb(lit + (1.0 - lit) * self.flash);
            }
        }
        out
    }
}

/// Turns and stretches colour about the grey axis without changing BT.709 luminance.
fn chroma_matrix(saturation: f32, hue: f32) -> [[f32; 3]; 3] {
    const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];
    let (sin, cos) = hue.to_radians().sin_cos();
    // Rotation about (1, 1, 1): cos·I + (1 - cos)/3·J + sin/√3·K, K being the axis's cross product.
    let [same, next, last] = {
        let base = (1.0 - cos) / 3.0;
        let cross = sin / 3.0f32.sqrt();
        [base + cos, base - cross, base + cross]
    };
    let turn = [[same, next, last], [last, same, next], [next, last, same]];
    // What the turn changed in luminance is given back evenly, then colour is stretched away from grey.
    let after = |column: usize| (0..3).map(|row| LUMA[row] * turn[row][column]).sum::<f32>();
    std::array::from_fn(|row| {
        std::array::from_fn(|column| saturation * (turn[row][column] - after(column)) + LUMA[column])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(rgb: [f32; 3], finish: Finish) -> [f32; 3] {
        let mut row = rgb;
        if let Some(grade) = Grade::new(&finish) {
            grade.apply(&mut row);
        }
        row
    }

    /// The standard's own words.
    fn exact_light(v: f64) -> f64 {
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    }

    fn exact_srgb(v: f64) -> f64 {
        if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
    }

    fn luminance(rgb: [f32; 3]) -> f32 {
        let [r, g, b] = rgb.map(|v| exact_light(f64::from(v) / 255.0) as f32);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn one_stop_doubles_the_light() {
        for v in [3.0, 20.0, 100.0, 180.0] {
            let seen = graded([v; 3], Finish { exposure: 1.0, ..Finish::NONE });
            let expected = 255.0 * exact_srgb(2.0 * exact_light(f64::from(v) / 255.0)) as f32;
            assert!((seen[0] - expected).abs() < 0.2, "{v}: {} {expected}", seen[0]);
        }
    }

    #[test]
    fn no_saturation_is_grey_of_the_same_luminance() {
        for rgb in [[250.0, 20.0, 30.0], [10.0, 200.0, 90.0], [7.0, 9.0, 255.0]] {
            let grey = graded(rgb, Finish { saturation: 0.0, ..Finish::NONE });
            assert!(grey.iter().all(|v| (v - grey[0]).abs() < 0.1), "{grey:?}");
            assert!((luminance(grey) - luminance(rgb)).abs() < 0.003, "{grey:?}");
        }
    }

    #[test]
    fn a_full_turn_of_hue_is_none_and_a_third_keeps_luminance() {
        let rgb = [150.0, 120.0, 110.0];
        assert_eq!(graded(rgb, Finish { hue: 360.0, ..Finish::NONE }), rgb);
        let third = Finish { hue: 120.0, ..Finish::NONE };
        let once = graded(rgb, third);
        assert!((luminance(once) - luminance(rgb)).abs() < 0.002, "{once:?}");
        // Red turns towards green.
        assert!(once[1] > once[0] && once[1] > once[2], "{once:?}");
        let back = graded(graded(once, third), third);
        assert!(back.iter().zip(rgb).all(|(a, b)| (a - b).abs() < 0.5), "{back:?}");
    }

    #[test]
    fn flash_ends_in_white_and_grey_has_no_hue() {
        let white = graded([9.0, 99.0, 199.0], Finish { flash: 1.0, ..Finish::NONE });
        assert!(white.iter().all(|v| (v - 255.0).abs() < 0.1), "{white:?}");
        let grey = graded([99.0; 3], Finish { hue: 77.0, saturation: 3.0, ..Finish::NONE });
        assert!(grey.iter().all(|v| (v - 99.0).abs() < 0.1), "{grey:?}");
    }
}
