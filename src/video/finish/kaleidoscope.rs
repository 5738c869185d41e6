//! Mirrors through a point, at even angles.

use crate::vector::whole;
use std::f32::consts::{FRAC_PI_2, PI, TAU};

/// The fold that mirrors make: every place goes to the one in the first wedge that it is an image of.
pub(super) struct Kaleidoscope {
    /// Wedges for each radian.
    density: f32,
    /// The angle at which the first wedge begins.
    start: f32,
    /// What takes each wedge to the first: a turn for the even ones, a reflection for the odd ones.
    folds: [[[f32; 2]; 2]; WEDGES],
}

/// Room for the wedges of as many mirrors as there can be; a power of two, so that a mask keeps what is looked up within.
const WEDGES: usize = 64;

impl Kaleidoscope {
    /// For `mirrors` lines through the origin, the first of which is upright before it is turned by `turn` degrees.
    /// y counts downwards, so angles go clockwise. With one mirror the left half stays as it is.
    pub fn new(mirrors: u32, turn: f32) -> Self {
        let wedge = PI / mirrors as f32;
        let start = FRAC_PI_2 + turn.to_radians();
        let folds = std::array::from_fn(|k| {
            let k = (k as u32).min(2 * mirrors - 1);
            if k.is_multiple_of(2) {
                let (sin, cos) = (k as f32 * wedge).sin_cos();
                [[cos, sin], [-sin, cos]]
            } else {
                // The reflection that takes the angle start + (k + 1) · wedge to start.
                let (sin, cos) = (2.0 * start + (k + 1) as f32 * wedge).sin_cos();
                [[cos, sin], [sin, -cos]]
            }
        });
        Kaleidoscope { density: 1.0 / wedge, start: start.rem_euclid(TAU), folds }
    }

    /// Takes images at (`x`, `y`), about the origin, to where they are taken from.
    #[inline(always)]
    pub fn fold<const L: usize>(&self, x: &mut [f32; L], y: &mut [f32; L]) {
        let mut wedges = [0i32; L];
        for ((wedge, x), y) in wedges.iter_mut().zip(x.iter()).zip(y.iter()) {
            let angle = angle(*x, *y) - self.start;
            *wedge = whole(if angle < 0.0 { angle + TAU } else { angle } * self.density);
        }
        for ((wedge, x), y) in wedges.iter().zip(x).zip(y) {
            let [a, b] = self.folds[*wedge as usize & (WEDGES - 1)];
            [*x, *y] = [a[0] * *x + a[1] * *y, b[0] * *x + b[1] * *y];
        }
    }
}

/// The angle of (`x`, `y`) from 0 to 2π, by a polynomial of the smaller over the larger one: off by less than 0.0004.
///
/// Two wedges agree where they meet, so what is off by so little shows nowhere.
#[inline(always)]
fn angle(x: f32, y: f32) -> f32 {
    let (low, high) = (x.abs().min(y.abs()), x.abs().max(y.abs()));
    let t = low / high.max(1e-9);
    let s = t * t;
    let near = ((-0.046_496_475 * s + 0.159_314_22) * s - 0.327_622_76) * s * t + t;
    let first = if y.abs() > x.abs() { FRAC_PI_2 - near } else { near };
    let upper = if x < 0.0 { PI - first } else { first };
    if y < 0.0 { TAU - upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(kaleidoscope: &Kaleidoscope, x: f32, y: f32) -> [f32; 2] {
        let (mut x, mut y) = ([x], [y]);
        kaleidoscope.fold(&mut x, &mut y);
        [x[0], y[0]]
    }

    fn places() -> impl Iterator<Item = (f32, f32)> {
        (0..400)
            .map(|i| (i as f32 * 0.37 + 0.01, 0.1 + i as f32 * 0.005))
            .map(|(a, r)| (r * a.cos(), r * a.sin()))
    }

    #[test]
    fn angles_are_those_of_the_standard_library() {
        for (x, y) in places() {
            let exact = y.atan2(x).rem_euclid(TAU);
            let off = (angle(x, y) - exact).abs();
            assert!(off.min(TAU - off) < 4e-4, "{x} {y}: {} {exact}", angle(x, y));
        }
    }

    #[test]
    fn one_mirror_keeps_the_left_half_and_two_keep_a_quarter() {
        let near = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3;
        for (x, y) in places() {
            assert!(near(folded(&Kaleidoscope::new(1, 0.0), x, y), [-x.abs(), y]), "{x} {y}");
            assert!(near(folded(&Kaleidoscope::new(2, 0.0), x, y), [-x.abs(), y.abs()]), "{x} {y}");
            assert!(near(folded(&Kaleidoscope::new(1, 90.0), x, y), [x, -y.abs()]), "{x} {y}");
        }
    }

    /// What the dihedral group does to a place changes nothing about where it is taken from.
    #[test]
    fn every_mirror_line_is_one_and_the_first_wedge_stays() {
        for (mirrors, turn) in [(1, 20.0), (3, 0.0), (5, 77.0), (6, -45.0), (24, 300.0)] {
            let fold = Kaleidoscope::new(mirrors, turn);
            for (x, y) in places() {
                let from = folded(&fold, x, y);
                let length = |[x, y]: [f32; 2]| x.hypot(y);
                assert!((length(from) - x.hypot(y)).abs() < 1e-4);
                let again = folded(&fold, from[0], from[1]);
                assert!((0..2).all(|i| (again[i] - from[i]).abs() < 5e-3), "{mirrors} {from:?} {again:?}");
                let line = 2.0 * (turn.to_radians() + FRAC_PI_2 + PI / mirrors as f32);
                let (sin, cos) = line.sin_cos();
                let image = folded(&fold, cos * x + sin * y, sin * x - cos * y);
                assert!((0..2).all(|i| (image[i] - from[i]).abs() < 5e-3), "{mirrors} {from:?} {image:?}");
            }
        }
    }
}
