//! A hand-held camera's tremble.

use crate::noise::{Stream, uniform};
use crate::units::Seconds;

/// Random points a second that the tremble is drawn through: nothing in it is faster than half of that.
const POINTS_PER_SECOND: f64 = 16.0;

/// How far a shaken picture is from its place at `time`, as fractions of its width and height, for
/// [`super::Finish::shift_x`] and [`super::Finish::shift_y`]. Smooth in time, never beyond `amount`,
/// and a function of the arguments alone.
pub fn shake_offset(seed: u64, time: Seconds, amount: f32) -> (f32, f32) {
    if !time.0.is_finite() || !amount.is_finite() {
        return (0.0, 0.0);
    }
    let position = time.0 * POINTS_PER_SECOND;
    let point = position.floor();
    let t = (position - point) as f32;
    // Uniform cubic B-spline: twice smooth, and a mean of its points, so it stays between them.
    let s = 1.0 - t;
    let weights = [
        s * s * s / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0,
        t * t * t / 6.0,
    ];
    let axis = |axis: u64| {
        let points = (0..4).map(|k| {
            let index = (point as i64).wrapping_add(k).wrapping_mul(2) as u64;
            2.0 * uniform(seed, Stream::Finish, index.wrapping_add(axis)) - 1.0
        });
        amount * points.zip(weights).map(|(point, weight)| point * weight).sum::<f32>()
    };
    (axis(0), axis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tremble_is_bounded_smooth_centred_and_different_on_both_axes() {
        let at = |i: i32| shake_offset(5, Seconds(f64::from(i) / 960.0), 0.02);
        let path: Vec<(f32, f32)> = (-500..9500).map(at).collect();
        assert!(path.iter().all(|(x, y)| x.abs() <= 0.02 && y.abs() <= 0.02));
        // A cubic B-spline through points in ±1 moves by at most 4/3 of their half-range a point.
        let fastest = path.windows(2).map(|p| (p[1].0 - p[0].0).abs()).fold(0.0, f32::max);
        assert!(fastest <= 0.02 * 16.0 / 960.0 * 4.0 / 3.0, "{fastest}");
        let mean = path.iter().map(|p| p.0).sum::<f32>() / path.len() as f32;
        assert!(mean.abs() < 0.002, "{mean}");
        assert!(path.iter().filter(|(x, y)| (x - y).abs() > 1e-3).count() > 5000);
        assert_eq!(at(77), at(77));
        assert_ne!(shake_offset(6, Seconds(0.1), 0.02), shake_offset(5, Seconds(0.1), 0.02));
        assert_eq!(shake_offset(5, Seconds(f64::NAN), 0.02), (0.0, 0.0));
    }
}
