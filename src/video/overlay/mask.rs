//! Masks: how much of each pixel a shape covers, 0 to 255. Shapes that overlap cover as much as the one that covers more.
//!
//! Coordinates are pixels from the top left corner; the middle of the first pixel lies at 0.5. Edges are a pixel soft: a pixel
//! whose middle lies d inside the edge is covered by d + 1/2.

use crate::units::Size;

/// Coverage of every pixel of a picture, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    size: Size,
    coverage: Vec<u8>,
    /// First and last row and column that may be covered, the last ones excluded.
    pub(super) rows: std::ops::Range<usize>,
    pub(super) columns: std::ops::Range<usize>,
}

impl Mask {
    /// A mask that covers nothing.
    pub fn new(size: Size) -> Self {
        Mask { size, coverage: vec![0; size.pixels()], rows: 0..0, columns: 0..0 }
    }

    /// A mask of `coverage`, one byte a pixel.
    ///
    /// # Panics
    /// If the number of bytes doesn't fit the size: a mistake of the caller.
    pub fn of(size: Size, coverage: Vec<u8>) -> Self {
        assert_eq!(coverage.len(), size.pixels(), "a mask of {size} has {} bytes", size.pixels());
        Mask { size, coverage, rows: 0..size.height as usize, columns: 0..size.width as usize }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The bytes, row by row.
    pub fn coverage(&self) -> &[u8] {
        &self.coverage
    }

    /// The same, spread by about `reach` pixels on every side and stronger by `gain`: a mean of squares, twice.
    pub fn spread(&self, reach: usize, gain: f32) -> Self {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut values: Vec<f32> = self.coverage.iter().map(|c| f32::from(*c)).collect();
        for _ in 0..2 {
            for row in values.chunks_exact_mut(width.max(1)) {
                smooth(row, reach);
            }
            let mut column = vec![0.0; height];
            for x in 0..width {
                column.iter_mut().zip(values[x..].iter().step_by(width)).for_each(|(c, v)| *c = *v);
                smooth(&mut column, reach);
                values[x..].iter_mut().step_by(width).zip(&column).for_each(|(v, c)| *v = *c);
            }
        }
        Mask::of(self.size, values.into_iter().map(|v| (gain * v + 0.5) as u8).collect())
    }

    /// A disc about (x, y), as strong as `strength` from 0 to 1.
    pub fn disc(&mut self, (x, y): (f32, f32), radius: f32, strength: f32) {
        let reach = radius + 1.0;
        self.each((x - reach, y - reach), (x + reach, y + reach), strength, |px, py| {
            radius - (px - x).hypot(py - y)
        });
    }

    /// A ring about (x, y) of this radius and width, of which only the rows' parts near it are looked at.
    pub fn ring(&mut self, (x, y): (f32, f32), radius: f32, width: f32, strength: f32) {
        let (inner, outer) = ((radius - width / 2.0 - 1.0).max(0.0), radius + width / 2.0 + 1.0);
        let inside = |px: f32, py: f32| width / 2.0 - ((px - x).hypot(py - y) - radius).abs();
        let (top, bottom) = clip(y - outer, y + outer, self.size.height);
        for row in top..bottom {
            let dy = row as f32 + 0.5 - y;
            let half = |r: f32| (r * r - dy * dy).max(0.0).sqrt();
            let (near, far) = (half(inner), half(outer));
            let line = (row as f32, row as f32 + 1.0);
            if near < 2.0 {
                self.each((x - far, line.0), (x + far, line.1), strength, inside);
            } else {
                self.each((x - far - 1.0, line.0), (x - near + 1.0, line.1), strength, inside);
                self.each((x + near - 1.0, line.0), (x + far + 1.0, line.1), strength, inside);
            }
        }
    }

    /// A line through `points` of this width, with round joints and ends.
    pub fn stroke(&mut self, points: &[(f32, f32)], width: f32, strength: f32) {
        let half = width / 2.0;
        for pair in points.windows(2) {
            let [(ax, ay), (bx, by)] = [pair[0], pair[1]];
            let (dx, dy) = (bx - ax, by - ay);
            let square = (dx * dx + dy * dy).max(1e-9);
            let reach = half + 1.0;
            let inside = |px: f32, py: f32| {
                let along = (((px - ax) * dx + (py - ay) * dy) / square).clamp(0.0, 1.0);
                half - (px - ax - along * dx).hypot(py - ay - along * dy)
            };
            let (top, bottom) = clip(ay.min(by) - reach, ay.max(by) + reach, self.size.height);
            for row in top..bottom {
                // Only what is near the part of the line that is near the row.
                let y = row as f32 + 0.5;
                let at = |y: f32| if dy == 0.0 { 0.0 } else { ((y - ay) / dy).clamp(0.0, 1.0) };
                let [one, other] =
                    if dy == 0.0 { [ax, bx] } else { [y - reach, y + reach].map(|y| ax + at(y) * dx) };
                let line = (row as f32, row as f32 + 1.0);
                self.each(
                    (one.min(other) - reach, line.0),
                    (one.max(other) + reach, line.1),
                    strength,
                    inside,
                );
            }
        }
    }

    /// An upright rectangle.
    pub fn bar(&mut self, (left, top): (f32, f32), (right, bottom): (f32, f32), strength: f32) {
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let (half_width, half_height) = ((right - left) / 2.0, (bottom - top) / 2.0);
        self.each((left - 1.0, top - 1.0), (right + 1.0, bottom + 1.0), strength, |px, py| {
            (half_width - (px - x).abs()).min(half_height - (py - y).abs())
        });
    }

    /// Covers the pixels between two corners by how far `inside` the shape their middles lie.
    fn each(&mut self, from: (f32, f32), to: (f32, f32), strength: f32, inside: impl Fn(f32, f32) -> f32) {
        let (left, right) = clip(from.0, to.0, self.size.width);
        let (top, bottom) = clip(from.1, to.1, self.size.height);
        if left >= right || top >= bottom {
            return;
        }
        let full = 255.0 * strength.clamp(0.0, 1.0);
        let width = self.size.width as usize;
        for row in top..bottom {
            let y = row as f32 + 0.5;
            for (column, byte) in
                (left..right).zip(&mut self.coverage[row * width + left..row * width + right])
            {
                let share = (inside(column as f32 + 0.5, y) + 0.5).clamp(0.0, 1.0);
                *byte = (*byte).max((full * share + 0.5) as u8);
            }
        }
        self.rows = joined(&self.rows, top..bottom);
        self.columns = joined(&self.columns, left..right);
    }
}

/// The mean of every value and `reach` values on either side; beyond the ends are zeros.
fn smooth(values: &mut [f32], reach: usize) {
    let before: Vec<f32> = values.to_vec();
    let at = |i: usize| before.get(i).copied().unwrap_or(0.0);
    let mut sum: f32 = before.iter().take(reach).sum();
    for (i, value) in values.iter_mut().enumerate() {
        sum += at(i + reach) - i.checked_sub(reach + 1).map_or(0.0, at);
        *value = sum / (2 * reach + 1) as f32;
    }
}

/// The pixels from one coordinate to another, inside the picture.
fn clip(from: f32, to: f32, length: u32) -> (usize, usize) {
    // What is no number is cast to 0.
    let end = length as f32;
    (from.floor().clamp(0.0, end) as usize, to.ceil().clamp(0.0, end) as usize)
}

fn joined(a: &std::ops::Range<usize>, b: std::ops::Range<usize>) -> std::ops::Range<usize> {
    if a.is_empty() { b } else { a.start.min(b.start)..a.end.max(b.end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 100, height: 80 };

    fn area(draw: impl Fn(&mut Mask)) -> f64 {
        let mut mask = Mask::new(SIZE);
        draw(&mut mask);
        let inside = |i: usize| mask.rows.contains(&(i / 100)) && mask.columns.contains(&(i % 100));
        assert!(mask.coverage().iter().enumerate().all(|(i, c)| *c == 0 || inside(i)));
        mask.coverage().iter().map(|c| f64::from(*c) / 255.0).sum()
    }

    #[test]
    fn shapes_have_the_areas_of_their_formulae() {
        let pi = std::f64::consts::PI;
        let near =
            |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.01, "{found} {expected}");
        near(area(|m| m.disc((50.3, 40.6), 20.0, 1.0)), pi * 400.0);
        near(area(|m| m.disc((50.3, 40.6), 20.0, 0.5)), pi * 200.0);
        near(area(|m| m.ring((50.0, 40.0), 30.0, 4.0, 1.0)), 2.0 * pi * 30.0 * 4.0);
        near(area(|m| m.ring((50.0, 40.0), 2.0, 4.0, 1.0)), pi * 16.0);
        near(area(|m| m.bar((10.0, 10.0), (30.0, 50.0), 1.0)), 800.0);
        near(area(|m| m.stroke(&[(10.0, 10.0), (70.0, 10.0)], 6.0, 1.0)), 360.0 + pi * 9.0);
        // Twice the same is the same.
        let corner = [(10.0, 10.0), (70.0, 10.0), (10.0, 10.0)];
        near(area(|m| m.stroke(&corner, 6.0, 1.0)), 360.0 + pi * 9.0);
        near(area(|m| m.disc((100.0, 80.0), 20.0, 1.0)), pi * 100.0);
    }

    #[test]
    fn spreading_keeps_the_sum_and_widens() {
        let mut mask = Mask::new(SIZE);
        mask.bar((40.0, 30.0), (60.0, 50.0), 1.0);
        let spread = mask.spread(3, 1.0);
        let sum = |m: &Mask| m.coverage().iter().map(|c| f64::from(*c)).sum::<f64>();
        assert!((sum(&spread) / sum(&mask) - 1.0).abs() < 0.01, "{} {}", sum(&spread), sum(&mask));
        let lit = |m: &Mask| m.coverage().iter().filter(|c| **c > 0).count();
        assert_eq!((lit(&mask), spread.coverage()[40 * 100 + 50]), (400, 255));
        assert!((600..=32 * 32).contains(&lit(&spread)), "{}", lit(&spread));
    }

    #[test]
    fn wild_numbers_cover_nothing_they_should_not() {
        for v in [f32::NAN, f32::INFINITY, -1e30] {
            area(|m| m.disc((v, 3.0), 5.0, 1.0));
            area(|m| m.ring((3.0, 3.0), v, 2.0, 1.0));
            area(|m| m.stroke(&[(v, 1.0), (3.0, v)], 2.0, 1.0));
            area(|m| m.bar((v, v), (3.0, 4.0), 1.0));
        }
    }
}
