//! Single planes, and what is made of them at other sizes.

/// A plane of one channel.
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// Means of two by two, at odd edges of what there is.
    pub fn halved(&self) -> Plane {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = |y: usize| &self.values[y.min(self.height - 1) * self.width..][..self.width];
            let (above, below) = (row(2 * y), row(2 * y + 1));
            for x in 0..width {
                let (left, right) = (2 * x, (2 * x + 1).min(self.width - 1));
                values.push((above[left] + above[right] + below[left] + below[right]) * 0.25);
            }
        }
        Plane { width, height, values }
    }

    /// Means of three by three, at edges of what there is.
    pub fn blurred(&self) -> Plane {
        let (width, height) = (self.width, self.height);
        let mut values = vec![0.0; width * height];
        let mut sums = vec![0.0f32; width];
        for (y, out) in values.chunks_exact_mut(width).enumerate() {
            let rows = y.saturating_sub(1)..(y + 2).min(height);
            let down = 1.0 / rows.len() as f32;
            sums.fill(0.0);
            for row in rows {
                let row = &self.values[row * width..][..width];
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            for (x, out) in out.iter_mut().enumerate() {
                let columns = x.saturating_sub(1)..(x + 2).min(width);
                let across = 1.0 / columns.len() as f32;
                *out = sums[columns].iter().sum::<f32>() * across * down;
            }
        }
        Plane { width, height, values }
    }

    /// Row `row` of this plane drawn to `height` rows of `out`'s length, bilinear between pixels' centres.
    pub fn row_at(&self, row: usize, height: usize, out: &mut [f32]) {
        let place = |i: usize, from: usize, to: usize| {
            let at = ((i as f32 + 0.5) * (from as f32 / to as f32) - 0.5).max(0.0);
            let first = (at as usize).min(from - 1);
            (first, (first + 1).min(from - 1), at - first as f32)
        };
        let (above, below, fy) = place(row, self.height, height);
        let line = |y: usize| &self.values[y * self.width..][..self.width];
        let (above, below) = (line(above), line(below));
        let count = out.len();
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right, fx) = place(x, self.width, count);
            let upper = above[left] + fx * (above[right] - above[left]);
            let lower = below[left] + fx * (below[right] - below[left]);
            *out = upper + fy * (lower - upper);
        }
    }
}
