//! Harmonic-percussive separation, what sounds on and what strikes: bands go in, the powers of the harmonic and the percussive part come out.
//!
//! Median filtering (FitzGerald 2010): a tone is the same before and after, a stroke is the same above and below. Each
//! band is shared out by the squares of its median over time and of that over frequency. Five values stand for each
//! filter: 160 ms, and nine bands.

use super::band::{BANDS, Bands};

/// Hops between the values of a median over time.
const TIME: isize = 4;
/// Bands between the values of a median over frequency.
const FREQUENCY: isize = 2;
/// Keeps what is silent both ways from being shared out by noise.
const FLOOR: f32 = 1e-12;

/// Powers of the harmonic and of the percussive part of a hop of a track that is brought to level by `gain`.
pub(super) fn split(bands: &Bands, hop: usize, gain: f32) -> (f32, f32) {
    let level = |i: usize| bands.hop(hop as isize + (i as isize - 2) * TIME).map(|m| m * gain);
    let rows: [[f32; BANDS]; 5] = std::array::from_fn(level);
    let now = &rows[2];
    let (mut harmonic, mut percussive) = (0.0, 0.0);
    for k in 0..BANDS {
        let beside = |i: isize| now[(k as isize + i * FREQUENCY).clamp(0, BANDS as isize - 1) as usize];
        let tone = median(std::array::from_fn(|i| rows[i][k])).powi(2);
        let stroke = median([beside(-2), beside(-1), beside(0), beside(1), beside(2)]).powi(2);
        let share = (tone + FLOOR) / (tone + stroke + 2.0 * FLOOR);
        harmonic += now[k] * now[k] * share;
        percussive += now[k] * now[k] * (1.0 - share);
    }
    (harmonic, percussive)
}

/// The middle one of five, without a branch.
fn median([a, b, c, d, e]: [f32; 5]) -> f32 {
    let (low, high) = (a.min(b).max(c.min(d)), a.max(b).min(c.max(d)));
    low.min(high).max(low.max(high).min(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 40 hops in which the bands and hops that `sounds` says have magnitude 0.1.
    fn picture(sounds: impl Fn(usize, usize) -> bool) -> Bands {
        let cell = |i: usize| if sounds(i / BANDS, i % BANDS) { 0.1 } else { 0.0 };
        Bands::of_values(&(0..40 * BANDS).map(cell).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_along_time_is_harmonic_and_one_across_it_percussive() {
        let (harmonic, percussive) = split(&picture(|_, band| band == 30), 20, 1.0);
        assert!(harmonic > 0.0099 && percussive < 1e-6, "{harmonic} {percussive}");
        let (harmonic, percussive) = split(&picture(|hop, _| hop == 20), 20, 1.0);
        assert!(percussive > 0.79 && harmonic < 1e-6, "{harmonic} {percussive}");
    }

    proptest! {
        #[test]
        fn the_median_is_the_middle_one(mut values: [f32; 5]) {
            prop_assume!(values.iter().all(|v| v.is_finite()));
            let found = median(values);
            values.sort_by(f32::total_cmp);
            prop_assert_eq!(found, values[2]);
        }
    }
}
