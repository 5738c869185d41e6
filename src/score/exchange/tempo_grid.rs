//! Tempo grids: beats as few places from which they run at one tempo, as DJ programs keep them.

use super::points::{Points, few, round};
use crate::units::FrameIndex;

/// How far beats may lie from a grid of one tempo, in seconds.
const GRID: f64 = 0.002;
/// How far digits that aren't written take beats from a grid, in seconds.
const SAME: f64 = 0.0002;
/// Digits of a grid's times.
pub const PLACES: i32 = 6;

/// Corners of a grid through beats at `times` that is found again in its own beats, so that a grid which is read and written stays
/// what it is: leaving out a corner that hardly is one can straighten the next.
pub fn lasting(mut times: Vec<f64>) -> Points {
    let mut corners = through(&times);
    for _ in 0..times.len() {
        times = run(&corners);
        let again = through(&times);
        if again == corners {
            break;
        }
        corners = again;
    }
    corners
}

/// Corners of a grid through beats at `times`.
fn through(times: &[f64]) -> Points {
    // What was a grid is one still, with the corners that it has.
    let (exact, most) = (few(times, SAME), times.len() * 9 / 10);
    let corners = if exact.len() <= most { exact } else { few(times, GRID) };
    corners.into_iter().map(|(beat, time)| (beat, round(time, PLACES))).collect()
}

/// The beats of a grid, as who reads it counts them.
fn run(corners: &[(FrameIndex, f64)]) -> Vec<f64> {
    let mut times = Vec::new();
    for pair in corners.windows(2) {
        // Where the tempo before would have put it: a corner has a time of its own.
        times.pop();
        let (start, period) = (pair[0].1, 60.0 / bpm(pair));
        times.extend((0..=pair[1].0 - pair[0].0).map(|beat| start + beat as f64 * period));
    }
    times
}

/// Beats a minute from one corner to the next, as they are written.
pub fn bpm(pair: &[(FrameIndex, f64)]) -> f64 {
    round(60.0 * (pair[1].0 - pair[0].0) as f64 / (pair[1].1 - pair[0].1), 4)
}
