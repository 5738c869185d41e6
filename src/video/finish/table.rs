//! Functions of one number as tables, read between the entries.

use crate::vector::whole;

/// How many entries a table has.
const COUNT: usize = 1024;

/// Values of a function at evenly spaced places.
pub(super) struct Table {
    /// One more, so that what is read at the end has a neighbour.
    values: Box<[f32; COUNT + 1]>,
    low: f32,
    /// Entries for each unit.
    density: f32,
}

impl Table {
    /// `f` at even places from `low` to `high`, both included.
    pub fn of(low: f32, high: f32, f: impl Fn(f32) -> f32) -> Self {
        let density = (COUNT - 1) as f32 / (high - low);
        let mut values = Box::new([0.0; COUNT + 1]);
        values.iter_mut().enumerate().for_each(|(i, v)| *v = f((low + i as f32 / density).min(high)));
        Table { values, low, density }
    }

    /// The value at `x`, along a straight line between entries; beyond the ends theirs.
    #[inline(always)]
    pub fn at(&self, x: f32) -> f32 {
        let place = ((x - self.low) * self.density).clamp(0.0, (COUNT - 1) as f32);
        // The mask says that it lies within.
        let index = whole(place) as usize & (COUNT - 1);
        let share = place - place.floor();
        self.values[index] + share * (self.values[index + 1] - self.values[index])
    }
}

impl Table {
    /// [`Table::at`] of many, a step at a time, as vectors have it.
    #[inline(always)]
    pub fn at_all<const L: usize>(&self, x: &[f32; L]) -> [f32; L] {
        let mut out = [0.0; L];
        let mut shares = [0.0; L];
        let mut indexes = [0; L];
        for i in 0..L {
            let place = ((x[i] - self.low) * self.density).clamp(0.0, (COUNT - 1) as f32);
            (indexes[i], shares[i]) = (whole(place), place - place.floor());
        }
        for i in 0..L {
            let index = indexes[i] as u32 as usize & (COUNT - 1);
            out[i] = self.values[index] + shares[i] * (self.values[index + 1] - self.values[index]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_lines_are_exact_and_ends_go_on() {
        let table = Table::of(-2.0, 2.0, |x| 3.0 * x + 1.0);
        for x in [-2.0f32, -1.99, 0.0, 0.3, 1.999, 2.0] {
            assert!((table.at(x) - (3.0 * x + 1.0)).abs() < 1e-5, "{x}");
        }
        assert_eq!((table.at(-9.0), table.at(9.0)), (-5.0, 7.0));
        let curve = Table::of(0.0, 1.0, |x| x.powf(2.2));
        assert!((0..500).map(|i| i as f32 / 499.0).all(|x| (curve.at(x) - x.powf(2.2)).abs() < 1e-5));
    }
}
