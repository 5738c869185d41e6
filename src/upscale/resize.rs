//! Exact sizes: a plane brought to the size that is wanted, as the finish does it (Catmull-Rom, cropped to the shape), before it is
//! rounded to 8 bits.

use crate::units::Size;

/// The weighted source values of every output value along one side.
struct Taps {
    /// First source value and weights, by output value.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Taps {
    /// From `count` values to `out` of them, `scale` times as far apart, centres on each other.
    fn new(count: usize, out: usize, scale: f64) -> Self {
        // Shrinking widens the filter, so that every value counts.
        let narrow = scale.min(1.0);
        let reach = 2.0 / narrow;
        let tap = |i: usize| {
            let centre = (i as f64 + 0.5 - out as f64 / 2.0) / scale + count as f64 / 2.0 - 0.5;
            let range = (centre - reach).ceil() as i64..=(centre + reach).floor() as i64;
            // Beyond the ends a row goes on as its outermost value.
            let last = count as i64 - 1;
            let first = (*range.start()).clamp(0, last) as usize;
            let mut weights = vec![0.0; (*range.end()).clamp(0, last) as usize + 1 - first];
            for at in range {
                weights[at.clamp(0, last) as usize - first] += catmull_rom((at as f64 - centre) * narrow);
            }
            let sum: f64 = weights.iter().sum();
            (first, weights.iter().map(|weight| (weight / sum) as f32).collect())
        };
        Taps { taps: (0..out).map(tap).collect() }
    }
}

fn catmull_rom(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// Planes \[c, h, w] of `size` at the size `out`, filled and cropped at two sides where their shapes differ.
pub(super) fn resized(planes: Vec<f32>, (h, w): (usize, usize), out: Size) -> Vec<f32> {
    let (height, width) = (out.height as usize, out.width as usize);
    if (h, w) == (height, width) {
        return planes;
    }
    let scale = (width as f64 / w as f64).max(height as f64 / h as f64);
    let (columns, rows) = (Taps::new(w, width, scale), Taps::new(h, height, scale));
    let mut resized = Vec::with_capacity(planes.len() / (h * w) * height * width);
    for plane in planes.chunks_exact(h * w) {
        let mut wide = vec![0.0f32; h * width];
        for (line, from) in wide.chunks_exact_mut(width).zip(plane.chunks_exact(w)) {
            for (value, (first, weights)) in line.iter_mut().zip(&columns.taps) {
                *value = from[*first..].iter().zip(weights).map(|(value, weight)| value * weight).sum();
            }
        }
        for (first, weights) in &rows.taps {
            let mut line = vec![0.0f32; width];
            for (from, weight) in wide[first * width..].chunks_exact(width).zip(weights) {
                line.iter_mut().zip(from).for_each(|(value, from)| *value += weight * from);
            }
            resized.extend(line);
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    #[test]
    fn its_own_size_changes_nothing_and_flat_planes_stay_flat() {
        let plane: Vec<f32> = (0..24).map(|i| i as f32).collect();
        assert_eq!(resized(plane.clone(), (4, 6), size(6, 4)), plane);
        for out in [size(9, 5), size(3, 2), size(7, 40), size(1, 1)] {
            let flat = resized(vec![0.7; 48], (4, 6), out);
            assert_eq!(flat.len(), 2 * out.pixels());
            assert!(flat.iter().all(|v| (v - 0.7).abs() < 1e-6), "{out}");
        }
    }

    /// Catmull-Rom reproduces straight lines; shrunk, its mean over a pixel's reach.
    #[test]
    fn slopes_keep_their_slope_and_other_shapes_are_cropped() {
        let plane: Vec<f32> = (0..40 * 60).map(|i| (i % 60) as f32 + 100.0 * (i / 60) as f32).collect();
        for (out, scale) in
            [(size(120, 80), 2.0f32), (size(30, 20), 0.5), (size(60, 20), 1.0), (size(40, 40), 1.0)]
        {
            let found = resized(plane.clone(), (40, 60), out);
            for (i, value) in found.iter().enumerate() {
                let (x, y) = ((i as u32 % out.width) as f32, (i as u32 / out.width) as f32);
                let at =
                    |x: f32, side: u32, count: f32| (x + 0.5 - side as f32 / 2.0) / scale + count / 2.0 - 0.5;
                let (x, y) = (at(x, out.width, 60.0), at(y, out.height, 40.0));
                let inside = (4.0..56.0).contains(&x) && (4.0..36.0).contains(&y);
                assert!(!inside || (value - x - 100.0 * y).abs() < 0.02, "{out}: {value} at {x} {y}");
            }
        }
    }
}
