//! Ways through keyframes: in steps, straight, along the natural cubic spline, along the polynomial through all of them.

use crate::units::FrameIndex;

/// Keyframes, ascending, with the second derivatives of their spline.
#[derive(Clone, Debug)]
pub struct Spline {
    points: Vec<(FrameIndex, f64)>,
    bends: Vec<f64>,
}

/// Most keyframes that a polynomial goes through: beyond them it is of no use, and slow.
const MAX_POLYNOMIAL: usize = 64;

impl Spline {
    /// The ways through keyframes, ascending; none where there is no keyframe.
    pub fn new(points: Vec<(FrameIndex, f64)>) -> Option<Self> {
        let bends = natural(&points);
        (!points.is_empty()).then_some(Spline { points, bends })
    }

    /// The index of the last keyframe that is not behind `frame`; the first before it.
    fn index(&self, frame: f64) -> usize {
        self.points.partition_point(|p| p.0 as f64 <= frame).saturating_sub(1)
    }

    fn point(&self, i: usize) -> (f64, f64) {
        let last = self.points.len() - 1;
        let (frame, value) = self.points[i.min(last)];
        (frame as f64, value)
    }

    /// The keyframe that holds, and its value.
    pub fn active(&self, frame: f64) -> (f64, f64) {
        self.point(self.index(frame))
    }

    /// The next keyframe, and its value; the last behind it.
    pub fn next(&self, frame: f64) -> (f64, f64) {
        self.point(self.points.partition_point(|p| p.0 as f64 <= frame))
    }

    /// The index of the first of the two keyframes around, and the share of the way between them; none outside of all.
    fn between(&self, frame: f64) -> Option<(usize, f64)> {
        let i = self.index(frame);
        let (a, b) = (self.point(i), self.point(i + 1));
        (a.0 < b.0 && frame > a.0).then(|| (i, (frame - a.0) / (b.0 - a.0)))
    }

    /// The value on the straight line.
    pub fn straight(&self, frame: f64) -> f64 {
        let Some((i, x)) = self.between(frame) else { return self.active(frame).1 };
        let (a, b) = (self.point(i).1, self.point(i + 1).1);
        a + (b - a) * x
    }

    /// The value on the natural cubic spline.
    pub fn cubic(&self, frame: f64) -> f64 {
        let Some((i, x)) = self.between(frame) else { return self.active(frame).1 };
        let (a, b) = (self.point(i), self.point(i + 1));
        let bend = |x: f64| x * x * x - x;
        let curve = bend(1.0 - x) * self.bends[i] + bend(x) * self.bends[i + 1];
        (1.0 - x) * a.1 + x * b.1 + (b.0 - a.0).powi(2) / 6.0 * curve
    }

    /// The value on the polynomial through all keyframes (Lagrange's form); none through too many.
    pub fn polynomial(&self, frame: f64) -> f64 {
        if self.points.len() > MAX_POLYNOMIAL {
            return f64::NAN;
        }
        let at = |i: usize| self.points[i].0 as f64;
        let weight = |i: usize| {
            let others = (0..self.points.len()).filter(|j| *j != i);
            others.map(|j| (frame - at(j)) / (at(i) - at(j))).product::<f64>()
        };
        (0..self.points.len()).map(|i| weight(i) * self.points[i].1).sum()
    }
}

/// Second derivatives of the natural cubic spline through the points (Press et al., "Numerical Recipes", 3.3).
fn natural(points: &[(FrameIndex, f64)]) -> Vec<f64> {
    let n = points.len();
    let (mut second, mut part) = (vec![0.0; n], vec![0.0; n]);
    let at = |i: usize| (points[i].0 as f64, points[i].1);
    for i in 1..n.saturating_sub(1) {
        let ((x0, y0), (x1, y1), (x2, y2)) = (at(i - 1), at(i), at(i + 1));
        let share = (x1 - x0) / (x2 - x0);
        let pivot = share * second[i - 1] + 2.0;
        second[i] = (share - 1.0) / pivot;
        let turn = (y2 - y1) / (x2 - x1) - (y1 - y0) / (x1 - x0);
        part[i] = (6.0 * turn / (x2 - x0) - share * part[i - 1]) / pivot;
    }
    if n > 0 {
        second[n - 1] = 0.0;
    }
    for i in (0..n.saturating_sub(1)).rev() {
        second[i] = if i == 0 { 0.0 } else { second[i] * second[i + 1] + part[i] };
    }
    second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_meet_at_the_keyframes_and_are_held_outside() {
        let spline = Spline::new(vec![(2, 1.0), (6, 3.0), (10, 1.0)]).unwrap();
        for way in [Spline::straight, Spline::cubic] {
            assert_eq!([0.0, 2.0, 6.0, 10.0, 12.0].map(|f| way(&spline, f)), [1.0, 1.0, 3.0, 1.0, 1.0]);
        }
        assert_eq!(
            (spline.straight(4.0), spline.active(4.0), spline.next(4.0)),
            (2.0, (2.0, 1.0), (6.0, 3.0))
        );
        // The natural spline's second derivative at 6 is -3/8; the parabola through the three has -1/4.
        assert!((spline.cubic(4.0) - 2.375).abs() < 1e-12, "{}", spline.cubic(4.0));
        assert!((spline.polynomial(4.0) - 2.5).abs() < 1e-12);
        assert!(Spline::new(Vec::new()).is_none());
    }
}
