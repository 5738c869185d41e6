//! Curves of one value a frame as few points with straight ways between them.
//!
//! A point's value is that of its frame; what lies between two points lies on the line from one to the other, as
//! Deforum goes between keyframes and Parseq along `L`. Two ways lead there: [`exact`] gives back every value to the last
//! bit, [`few`] as few points as a tolerance allows.

use crate::units::FrameIndex;

/// Frames and values, ascending, the first one in frame 0; behind the last its value is held. Never empty for a curve
/// that has values.
pub type Points = Vec<(FrameIndex, f64)>;

/// How far noise takes the values of a straight line from it, as a share of the largest.
const NOISE: f64 = 2.0 * f32::EPSILON as f64;
/// How many frames further a line is tried that has already missed a value.
const PATIENCE: usize = 256;

/// Points from which a preset's curve of frames has these very values.
pub fn exact(values: &[f32]) -> Points {
    let wide: Vec<f64> = values.iter().map(|v| shortest(*v)).collect();
    let noise = NOISE * wide.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    let same = |from: usize, to: usize| {
        let line = (from as FrameIndex, wide[from], to as FrameIndex, wide[to]);
        (from + 1..to).all(|i| on_line(line, i as FrameIndex) as f32 == values[i])
    };
    // Where a line misses a bit, every frame up to its end is a point: another try from each would take forever.
    let mut single_until = 0;
    pointed(&wide, |from| {
        let to = if from < single_until { from + 1 } else { reach(&wide, from, noise) };
        single_until = if same(from, to) { single_until } else { to };
        if from < single_until { from + 1 } else { to }
    })
}

/// A number in no more digits than tell it from its neighbours.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// Points within `tolerance` of every value, each of them a value itself: from each one the way goes to the last frame that a
/// straight line can reach.
pub fn few(values: &[f64], tolerance: f64) -> Points {
    pointed(values, |from| reach(values, from, tolerance))
}

/// The points at the frames to which `step` leads.
fn pointed(values: &[f64], mut step: impl FnMut(usize) -> usize) -> Points {
    let mut points: Points = values.first().map(|first| (0, *first)).into_iter().collect();
    let mut from = 0;
    while from + 1 < values.len() {
        from = step(from);
        points.push((from as FrameIndex, values[from]));
    }
    // The last value is held.
    while let [.., (_, before), (_, last)] = points[..] {
        if before != last {
            break;
        }
        points.pop();
    }
    points
}

/// The last frame to which a straight line from the value of `from` passes all values between within `tolerance`.
fn reach(values: &[f64], from: usize, tolerance: f64) -> usize {
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut reached = from + 1;
    for to in from + 1..values.len() {
        let (run, rise) = ((to - from) as f64, values[to] - values[from]);
        if (least..=most).contains(&(rise / run)) {
            reached = to;
        }
        (least, most) = (least.max((rise - tolerance) / run), most.min((rise + tolerance) / run));
        if least > most || to - reached > PATIENCE {
            break;
        }
    }
    reached
}

/// The value of each of so many frames.
pub fn played(points: &[(FrameIndex, f64)], frames: FrameIndex) -> Vec<f64> {
    let mut at = 0;
    let value = |frame| {
        while points.get(at + 1).is_some_and(|next| next.0 <= frame) {
            at += 1;
        }
        match (points.get(at), points.get(at + 1)) {
            (Some((a, from)), Some((b, to))) if frame > *a => on_line((*a, *from, *b, *to), frame),
            (Some((_, value)), _) => *value,
            (None, _) => 0.0,
        }
    };
    (0..frames).map(value).collect()
}

/// The value on the line between two points, as a preset's curve computes it.
fn on_line((a, from, b, to): (FrameIndex, f64, FrameIndex, f64), frame: FrameIndex) -> f64 {
    let share = (frame - a) as f64 / (b - a) as f64;
    from + (to - from) * f64::from(share as f32)
}

/// A number with so many digits behind the point; never -0.
pub fn round(value: f64, digits: i32) -> f64 {
    let parts = 10f64.powi(digits.abs());
    let rounded = if digits < 0 { (value / parts).round() * parts } else { (value * parts).round() / parts };
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// A number with nine digits, as it is written into formulas.
pub fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    round(value, (8 - value.abs().log10().floor() as i32).clamp(0, 15))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, proptest};

    #[test]
    fn straight_ways_are_two_points_and_what_stands_still_is_one() {
        let ramp: Vec<f64> = (0..=30).map(|f| 1.0 + 0.05 * f64::from(f) / 30.0).collect();
        assert_eq!(few(&ramp, 1e-9), [(0, 1.0), (30, 1.05)]);
        assert_eq!(few(&[0.56; 240], 0.0), [(0, 0.56)]);
        assert_eq!(exact(&[1.0, 1.0, 1.0, 5.0, 5.0]), [(0, 1.0), (2, 1.0), (3, 5.0)]);
        let line: Vec<f32> =
            played(&[(0, 1.06), (40, -3.3), (41, 0.56)], 60).iter().map(|v| *v as f32).collect();
        assert_eq!(exact(&line), [(0, 1.06), (40, -3.3), (41, 0.56)]);
        assert!(exact(&[]).is_empty() && short(-0.559_999_999_999_999_9) == -0.56);
    }

    #[test]
    fn a_wave_takes_no_more_points_than_its_bends_need() {
        let wave: Vec<f64> = (0..240).map(|f| (f64::from(f) / 10.0).sin()).collect();
        // A chord over an arc of h radians is h²/8 off: 0.01 allows 0.28, so 85 of them and a few for what doesn't fit.
        let points = few(&wave, 0.01);
        assert!((60..=130).contains(&points.len()), "{}", points.len());
        let far = played(&points, 240).iter().zip(&wave).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far <= 0.01, "{far}");
    }

    proptest! {
        #[test]
        fn exact_points_give_back_every_bit(curve in prop::collection::vec(-400.0_f32..400.0, 1..80), flat in 1..9_usize) {
            let values: Vec<f32> = curve.iter().flat_map(|v| vec![*v; flat]).collect();
            let again: Vec<f32> = played(&exact(&values), values.len() as u64).iter().map(|v| *v as f32).collect();
            assert_eq!(again, values);
        }

        #[test]
        fn few_points_stay_within_the_tolerance(curve in prop::collection::vec(-9.0..9.0_f64, 1..80), tolerance in 0.0..4.0_f64) {
            let points = few(&curve, tolerance);
            let again = played(&points, curve.len() as u64);
            assert!(again.iter().zip(&curve).all(|(a, b)| (a - b).abs() <= tolerance + 1e-9));
            assert!(points.iter().all(|(frame, value)| curve[*frame as usize] == *value));
        }
    }
}
