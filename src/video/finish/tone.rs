//! The colourist's four wheels: lift, gamma, gain and temperature.

use super::srgb::{to_light, to_srgb};
use super::table::Table;
use super::tame::tame;

/// How many stops red goes up and blue down at full warmth.
const WARMTH: f32 = 0.8;

/// What is done to brightness and to the colour of white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// How far black is lifted, or pressed below where it shows; white stays. From -0.5 to 0.5.
    pub lift: f32,
    /// Middle tones get brighter above 1, darker below; black and white stay. From 0.2 to 5.
    pub gamma: f32,
    /// What everything is multiplied by; black stays. From 0 to 4.
    pub gain: f32,
    /// From -1, cold, to 1, warm; white keeps its luminance.
    pub temperature: f32,
}

impl Tone {
    /// Everything as it is.
    pub const NONE: Tone = Tone { lift: 0.0, gamma: 1.0, gain: 1.0, temperature: 0.0 };

    pub(super) fn tamed(self) -> Self {
        Tone {
            lift: tame(self.lift, 0.0, -0.5, 0.5),
            gamma: tame(self.gamma, 1.0, 0.2, 5.0),
            gain: tame(self.gain, 1.0, 0.0, 4.0),
            temperature: tame(self.temperature, 0.0, -1.0, 1.0),
        }
    }

    /// A curve for red, green and blue, over values from 0 to 255; none where everything stays as it is.
    ///
    /// Temperature multiplies light. Then, over values from 0 to 1: (lift · (1 − gain · v) + gain · v) ^ (1 / gamma).
    pub(super) fn curves(&self) -> Option<[Table; 3]> {
        let white = self.white();
        (*self != Tone::NONE).then(|| {
            white.map(|channel| {
                Table::of(0.0, 255.0, |v| {
                    let lit = to_srgb((channel * to_light(v / 255.0)).min(1.0));
                    let v = self.gain * if channel == 1.0 { v / 255.0 } else { lit };
                    let v = (v + self.lift * (1.0 - v)).max(0.0);
                    255.0 * v.powf(1.0 / self.gamma).min(1.0)
                })
            })
        })
    }

    /// What light is multiplied by, of the luminance of BT.709 in all.
    fn white(&self) -> [f32; 3] {
        let stops = WARMTH * self.temperature;
        let [r, g, b] = [stops.exp2(), 1.0, (-stops).exp2()];
        [r, g, b].map(|v| v / (0.2126 * r + 0.7152 * g + 0.0722 * b))
    }
}

/// Puts the values of a row of RGB, from 0 to 255, on their curves.
#[inline(always)]
pub(super) fn apply([red, green, blue]: &[Table; 3], row: &mut [f32]) {
    for pixel in row.chunks_exact_mut(3) {
        pixel.copy_from_slice(&[red.at(pixel[0]), green.at(pixel[1]), blue.at(pixel[2])]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toned(rgb: [f32; 3], tone: Tone) -> [f32; 3] {
        let mut row = rgb;
        if let Some(curves) = tone.tamed().curves() {
            apply(&curves, &mut row);
        }
        row
    }

    #[test]
    fn grey_follows_the_formula() {
        for (lift, gamma, gain) in [(0.2, 1.0, 1.0), (0.0, 2.2, 1.0), (0.0, 1.0, 1.5), (-0.1, 0.7, 0.8)] {
            for v in [0.0f32, 30.0, 99.0, 180.0, 255.0] {
                let x = gain * v / 255.0;
                let expected = 255.0 * (x + lift * (1.0 - x)).max(0.0).powf(1.0 / gamma).min(1.0);
                let seen = toned([v; 3], Tone { lift, gamma, gain, temperature: 0.0 });
                assert!(
                    seen.iter().all(|s| (s - expected).abs() < 0.1),
                    "{lift} {gamma} {gain} {v}: {seen:?}"
                );
            }
        }
    }

    #[test]
    fn each_wheel_leaves_its_own_places_alone() {
        let close = |a: [f32; 3], b: f32| a.iter().all(|v| (v - b).abs() < 1e-3);
        assert!(close(toned([255.0; 3], Tone { lift: 0.3, ..Tone::NONE }), 255.0));
        assert!(close(toned([0.0; 3], Tone { gain: 3.0, ..Tone::NONE }), 0.0));
        assert!([0.0, 255.0].iter().all(|v| close(toned([*v; 3], Tone { gamma: 3.0, ..Tone::NONE }), *v)));
        assert_eq!(toned([1.0, 2.0, 3.0], Tone::NONE), [1.0, 2.0, 3.0]);
        assert_eq!(toned([1.0, 2.0, 3.0], Tone { gamma: f32::NAN, ..Tone::NONE }), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn warmth_shifts_colour_and_keeps_luminance() {
        for temperature in [-1.0, -0.4, 0.5, 1.0] {
            let [r, g, b] = toned([120.0; 3], Tone { temperature, ..Tone::NONE });
            assert_eq!((r > g, g > b), (temperature > 0.0, temperature > 0.0));
            let light = |v: f32| to_light(v / 255.0);
            let luminance = 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
            assert!((luminance - light(120.0)).abs() < 0.002, "{temperature}");
            let ratio = light(r) / light(b);
            assert!((ratio.log2() - 2.0 * WARMTH * temperature).abs() < 0.03, "{temperature}: {ratio}");
        }
    }
}
