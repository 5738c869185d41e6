//! Planes of light and their halves: blurs of many widths for the price of one.

use rayon::prelude::*;

/// A picture in light: three values a pixel, rows from the top.
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// Fills a plane row by row, on all cores.
    pub fn of(width: usize, height: usize, row: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let mut values = vec![0.0; 3 * width * height];
        values.par_chunks_exact_mut(3 * width).enumerate().for_each(|(y, out)| row(y, out));
        Plane { width, height, values }
    }

    pub fn row(&self, y: usize) -> &[f32] {
        &self.values[3 * self.width * y..][..3 * self.width]
    }

    /// Half as large, blurred by the binomial (1, 3, 3, 1) / 8 both ways; the edge goes on as it is.
    pub fn halved(&self) -> Plane {
        let [width, height] = [self.width, self.height].map(|v| v.div_ceil(2));
        let near = |i: usize, count: usize| {
            [(2 * i).saturating_sub(1), 2 * i, 2 * i + 1, 2 * i + 2].map(|v| v.min(count - 1))
        };
        let weights = [0.125, 0.375, 0.375, 0.125];
        Plane::of(width, height, |y, out| {
            let rows = near(y, self.height).map(|y| self.row(y));
            let mut sum = vec![0.0f32; 3 * self.width];
            for (row, weight) in rows.into_iter().zip(weights) {
                sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
            }
            for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
                for (from, weight) in near(x, self.width).into_iter().zip(weights) {
                    for c in 0..3 {
                        pixel[c] += weight * sum[3 * from + c];
                    }
                }
            }
        })
    }

    /// Itself, and what is made of `coarse`, which is about half as large, at its own size.
    pub fn plus(mut self, coarse: &Plane) -> Plane {
        let columns = steps(coarse.width, self.width);
        let rows = steps(coarse.height, self.height);
        let width = self.width;
        self.values.par_chunks_exact_mut(3 * width).zip(&rows).for_each_init(
            Vec::new,
            |wide, (row, step)| {
                coarse.between(*step, wide);
                for (pixel, step) in row.chunks_exact_mut(3).zip(&columns) {
                    for (c, v) in pixel.iter_mut().enumerate() {
                        *v += step.mixed(wide, c);
                    }
                }
            },
        );
        self
    }

    /// The row at a step between two of them.
    #[inline(always)]
    pub fn between(&self, step: Step, out: &mut Vec<f32>) {
        let (a, b) = (self.row(step.first), self.row(step.second));
        out.clear();
        out.extend(a.iter().zip(b).map(|(a, b)| a + step.share * (b - a)));
    }
}

/// A place between two pixels.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub first: usize,
    pub second: usize,
    /// How much of the second.
    pub share: f32,
}

impl Step {
    /// The value of channel `c` there.
    #[inline(always)]
    pub fn mixed(self, row: &[f32], c: usize) -> f32 {
        let (a, b) = (row[3 * self.first + c], row[3 * self.second + c]);
        a + self.share * (b - a)
    }
}

/// Where the pixels of a row of `out` lie in one of `count` of the same length.
pub(super) fn steps(count: usize, out: usize) -> Vec<Step> {
    let place = |i: usize| (i as f32 + 0.5) * count as f32 / out as f32 - 0.5;
    let step = |i: usize| {
        let at = place(i).clamp(0.0, (count - 1) as f32);
        let first = at as usize;
        Step { first, second: (first + 1).min(count - 1), share: at - first as f32 }
    };
    (0..out).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_keep_what_is_even_and_slopes_and_lose_no_light() {
        let even = Plane::of(37, 21, |_, row| row.fill(0.5));
        assert!(even.halved().values.iter().all(|v| (v - 0.5).abs() < 1e-6));
        let slope =
            Plane::of(40, 8, |_, row| row.iter_mut().enumerate().for_each(|(i, v)| *v = (i / 3) as f32));
        let half = slope.halved();
        assert!((1..19).all(|x| (half.row(2)[3 * x] - (2.0 * x as f32 + 0.5)).abs() < 1e-4));
        let mut dot = Plane::of(64, 64, |_, _| ());
        dot.values[3 * (64 * 30 + 30)] = 1.0;
        let total: f32 = dot.halved().values.iter().sum();
        assert!((total - 0.25).abs() < 1e-6, "{total}");
    }

    #[test]
    fn what_is_coarse_is_added_along_straight_lines() {
        let coarse =
            Plane::of(20, 5, |_, row| row.iter_mut().enumerate().for_each(|(i, v)| *v = (i / 3) as f32));
        let fine = Plane::of(40, 10, |_, row| row.fill(1.0)).plus(&coarse);
        for x in 1..39 {
            let expected = 1.0 + (x as f32 + 0.5) / 2.0 - 0.5;
            assert!((fine.row(3)[3 * x] - expected).abs() < 1e-4, "{x}");
        }
    }
}
