//! Flashes of the whole picture, counted as WCAG 2.3.1 counts them: up and down again by a tenth of full light, from a
//! darker picture below 0.8, more than three times in any second.

use crate::units::Seconds;
pub use crate::video::flash_guard::MOST;
use crate::video::flash_guard::{BRIGHT, STEP};

/// Relative luminance of a picture that is neither bright nor dark, which is graded.
const MIDDLE: f32 = 0.2;

/// The relative luminance of an even picture of middle brightness after `exposure` stops and a move of `flash` to white.
pub fn light(exposure: f32, flash: f32) -> f32 {
    let lit = (MIDDLE * exposure.exp2()).clamp(0.0, 1.0);
    lit + (1.0 - lit) * flash.clamp(0.0, 1.0)
}

/// The most flashes in a second, and the time of the first of them; `lights` are the pictures' luminances, `time` is when
/// each is shown.
pub fn most(lights: &[f32], time: impl Fn(usize) -> Seconds) -> (usize, Seconds) {
    let peaks = peaks(lights);
    let mut worst = (0, Seconds(0.0));
    for (i, first) in peaks.iter().enumerate() {
        let start = time(*first);
        let count = peaks[i..].iter().take_while(|peak| time(**peak).0 - start.0 < 1.0 - 1e-9).count();
        if count > worst.0 {
            worst = (count, start);
        }
    }
    worst
}

/// From where to where there are more flashes in a second than [`MOST`]; arguments as of [`most`].
pub fn stretches(lights: &[f32], time: impl Fn(usize) -> Seconds) -> Vec<(Seconds, Seconds)> {
    let mut found: Vec<(Seconds, Seconds)> = Vec::new();
    for run in peaks(lights).windows(MOST + 1) {
        let (first, last) = (time(run[0]), time(run[MOST]));
        if last.0 - first.0 >= 1.0 - 1e-9 {
            continue;
        }
        match found.last_mut().filter(|(_, end)| first.0 <= end.0) {
            Some((_, end)) => *end = last,
            None => found.push((first, last)),
        }
    }
    found
}

/// Pictures at which light has gone up and goes down again.
fn peaks(lights: &[f32]) -> Vec<usize> {
    let mut peaks = Vec::new();
    let Some(first) = lights.first() else { return peaks };
    // The lowest light since the last peak, and the highest since then.
    let (mut low, mut high): (f32, Option<(usize, f32)>) = (*first, None);
    for (i, light) in lights.iter().copied().enumerate() {
        high = match high {
            Some((at, top)) if top - light >= STEP && light < BRIGHT => {
                peaks.push(at);
                low = light;
                None
            }
            Some((_, top)) if light > top => Some((i, light)),
            None if light - low >= STEP && low < BRIGHT => Some((i, light)),
            held => held,
        };
        if high.is_none() {
            low = low.min(light);
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most flashes in a second of light that is `bright` for two pictures of every `period`, at 24 a second.
    fn flashes(period: usize, (dark, bright): (f32, f32)) -> usize {
        let lights: Vec<f32> = (0..240).map(|i| if i % period < 2 { bright } else { dark }).collect();
        most(&lights, |i| Seconds(i as f64 / 24.0)).0
    }

    #[test]
    fn more_than_three_a_second_are_found_and_small_changes_are_none() {
        assert_eq!((flashes(4, (0.2, 1.0)), flashes(6, (0.2, 1.0)), flashes(8, (0.2, 1.0))), (6, 4, 3));
        assert_eq!((flashes(4, (0.2, 0.29)), flashes(4, (0.85, 1.0))), (0, 0));
        // A slow rise and a sudden fall is a flash as well; a rise alone is none.
        let saw: Vec<f32> = (0..48).map(|i| (i % 6) as f32 / 6.0).collect();
        assert_eq!(most(&saw, |i| Seconds(i as f64 / 24.0)).0, 4);
        assert_eq!(most(&[0.1, 0.2, 0.5, 0.9], |i| Seconds(i as f64)).0, 0);
        assert_eq!(most(&[], |_| Seconds(0.0)), (0, Seconds(0.0)));
    }

    #[test]
    fn every_stretch_of_too_many_is_named_from_its_first_flash_to_its_last() {
        // Six a second in the second and in the fifth second of eight; two a second around them.
        let lit = |i: usize| if matches!(i / 24, 1 | 4) { i % 4 < 2 } else { i % 12 < 2 };
        let lights: Vec<f32> = (0..192).map(|i| if lit(i) { 1.0 } else { 0.2 }).collect();
        let found = stretches(&lights, |i| Seconds(i as f64 / 24.0));
        assert_eq!(found.len(), 2, "{found:?}");
        for ((from, to), second) in found.iter().zip([1.0, 4.0]) {
            assert!(
                (second - 0.51..=second).contains(&from.0) && (second + 0.8..=second + 1.51).contains(&to.0)
            );
        }
        assert!(stretches(&lights[..24], |i| Seconds(i as f64 / 24.0)).is_empty());
    }

    #[test]
    fn light_goes_to_white_and_doubles_by_the_stop() {
        assert!((light(1.0, 0.0) - 0.4).abs() < 1e-6 && light(9.0, 0.0) == 1.0 && light(0.0, 1.0) == 1.0);
    }
}
