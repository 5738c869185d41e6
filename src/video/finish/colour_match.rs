//! Colour matching: what a take's colours drift to is brought back to what it began with. What changes fast, as with the music, stays.
//!
//! The colours of a picture are seen as a cloud in Oklab. The mean and the covariance of a long stretch are led to those of the
//! take's beginning by the linear map that moves colours least (F. Pitié and A. Kokaram, "The linear Monge-Kantorovitch linear
//! colour mapping for example-based colour transfer", 2007).

use super::oklab::{from_srgb, to_srgb_colour};
use super::rows::{Last, copied};
use super::settings::ColourMatch;
use super::symmetric::{Matrix, Symmetric, product, times};
use crate::video::frame::Frame;
use crate::video::lut::{Lut, cube};
use std::sync::LazyLock;

/// Colours of a picture that are looked at.
const SAMPLES: usize = 8192;
/// Spread that is taken for none: a picture of one colour isn't torn apart.
const FLOOR: f64 = 0.02 * 0.02;
/// Entries on a side of the table that the map is looked up in.
const SIDE: usize = 17;
/// Oklab of what the entries stand for.
static GRID: LazyLock<Vec<[f32; 3]>> = LazyLock::new(|| cube(SIDE).map(from_srgb).collect());

/// Mean and mean products of a picture's colours.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Colours {
    mean: [f64; 3],
    products: Matrix,
}

impl Colours {
    fn of(frame: &Frame) -> Self {
        let pixels = frame.size().pixels();
        // Odd, so that columns don't repeat.
        let step = (pixels / SAMPLES).max(1) | 1;
        let (mut mean, mut products) = ([0.0; 3], [[0.0; 3]; 3]);
        let samples = frame.rgb().chunks_exact(3).step_by(step);
        let share = 1.0 / samples.len().max(1) as f64;
        for pixel in samples {
            let colour = from_srgb([0, 1, 2].map(|c| f32::from(pixel[c]) / 255.0)).map(f64::from);
            for i in 0..3 {
                mean[i] += share * colour[i];
                for j in 0..3 {
                    products[i][j] += share * colour[i] * colour[j];
                }
            }
        }
        Colours { mean, products }
    }

    /// `share` of the way to `other`.
    fn towards(&self, other: &Colours, share: f64) -> Self {
        let mut next = *self;
        for i in 0..3 {
            next.mean[i] += share * (other.mean[i] - self.mean[i]);
            for j in 0..3 {
                next.products[i][j] += share * (other.products[i][j] - self.products[i][j]);
            }
        }
        next
    }

    fn covariance(&self) -> Symmetric {
        let floor = |i, j| if i == j { FLOOR } else { 0.0 };
        let own = |i: usize, j: usize| self.products[i][j] - self.mean[i] * self.mean[j] + floor(i, j);
        Symmetric([0, 1, 2].map(|i| [0, 1, 2].map(|j| own(i, j))))
    }

    /// The matrix that makes this cloud as wide as `wanted`'s.
    fn map(&self, wanted: &Colours) -> Matrix {
        let (own, wanted) = (self.covariance(), wanted.covariance());
        let (root, back) = (own.power(0.5), own.power(-0.5));
        let between = Symmetric(product(&product(&root, &wanted.0), &root)).power(0.5);
        product(&product(&back, &between), &back)
    }
}

/// What is remembered of a take's colours.
#[derive(Clone, Debug)]
struct Memory {
    wanted: Colours,
    average: Colours,
    seen: f32,
}

/// Holds the colours of the pictures of a video, in their order.
#[derive(Clone, Debug, Default)]
pub struct ColourMatcher {
    memory: Option<Memory>,
}

impl ColourMatcher {
    /// `frame` with its colours led back; none where they stay as they are.
    pub fn next(&mut self, frame: &Frame, how: ColourMatch) -> Option<Frame> {
        if how.strength <= 0.0 {
            self.memory = None;
            return None;
        }
        let colours = Colours::of(frame);
        let before = self.memory.take().filter(|_| !how.anew);
        let seen = before.as_ref().map_or(1.0, |memory| memory.seen + 1.0);
        let share = 1.0 / f64::from(seen.min(how.over.max(1.0)));
        let average = before.as_ref().map_or(colours, |memory| memory.average.towards(&colours, share));
        // What it began with is known once a stretch of it was seen.
        let begins = seen <= how.over;
        let wanted = before.filter(|_| !begins).map_or(average, |memory| memory.wanted);
        let shown = (!begins).then(|| led(frame, &average, &wanted, how.strength));
        self.memory = Some(Memory { wanted, average, seen });
        shown
    }
}

/// `frame` on the way from `average` to `wanted`.
fn led(frame: &Frame, average: &Colours, wanted: &Colours, strength: f32) -> Frame {
    let map = average.map(wanted);
    let colours = GRID.iter().map(|own| {
        let apart = [0, 1, 2].map(|c| f64::from(own[c]) - average.mean[c]);
        let moved = times(&map, apart);
        let led = [0, 1, 2].map(|c| own[c] + strength * ((wanted.mean[c] + moved[c]) as f32 - own[c]));
        to_srgb_colour(led)
    });
    let table = Lut::of_cube(SIDE, colours);
    copied(
        frame,
        &Last::NOTHING,
        #[inline(always)]
        |row| table.apply(row, 1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    const SIZE: Size = Size { width: 96, height: 54 };
    const HELD: ColourMatch = ColourMatch { strength: 1.0, anew: false, over: 4.0 };

    /// A cloud of colours about `middle`, `wide` of 255 either way.
    fn cloud(middle: [f32; 3], wide: f32) -> Frame {
        let value = |i: usize| {
            let (c, pixel) = (i % 3, i / 3);
            let phase = pixel as f32 * [0.37, 0.61, 0.83][c];
            (middle[c] + wide * phase.sin()).clamp(0.0, 255.0) as u8
        };
        Frame::new(SIZE, (0..3 * SIZE.pixels()).map(value).collect())
    }

    fn apart(a: &Colours, b: &Colours) -> f64 {
        let spread = |c: &Colours| c.covariance().0.iter().flatten().copied().collect::<Vec<f64>>();
        let means = a.mean.iter().zip(b.mean).map(|(a, b)| (a - b).abs());
        means.chain(spread(a).iter().zip(spread(b)).map(|(a, b)| (a - b).abs())).fold(0.0, f64::max)
    }

    #[test]
    fn what_drifts_comes_back_in_mean_and_spread() {
        let (first, drifted) = (cloud([90.0, 120.0, 150.0], 50.0), cloud([130.0, 120.0, 110.0], 30.0));
        let mut matcher = ColourMatcher::default();
        for _ in 0..4 {
            assert!(matcher.next(&first, HELD).is_none());
        }
        let shown: Vec<Frame> = (0..30).filter_map(|_| matcher.next(&drifted, HELD)).collect();
        let wanted = Colours::of(&first);
        let (before, after) =
            (apart(&Colours::of(&drifted), &wanted), apart(&Colours::of(&shown[29]), &wanted));
        assert!(before > 0.05 && after < 0.004, "{before}, {after}");
        // What comes suddenly is seen at first.
        let sudden = apart(&Colours::of(&shown[0]), &wanted);
        assert!(sudden > 0.4 * before, "{sudden} of {before}");
        let mut half = ColourMatcher::default();
        let how = ColourMatch { strength: 0.5, ..HELD };
        (0..4).for_each(|_| drop(half.next(&first, how)));
        let shown = (0..30).filter_map(|_| half.next(&drifted, how)).last().unwrap();
        let left =
            (Colours::of(&shown).mean[2] - wanted.mean[2]) / (Colours::of(&drifted).mean[2] - wanted.mean[2]);
        assert!((left - 0.5).abs() < 0.03, "{left}");
    }

    #[test]
    fn the_map_turns_the_covariance_into_the_one_that_is_wanted() {
        let (a, b) =
            (Colours::of(&cloud([90.0, 120.0, 150.0], 50.0)), Colours::of(&cloud([60.0, 20.0, 200.0], 20.0)));
        let map = a.map(&b);
        let moved = product(&product(&map, &a.covariance().0), &map);
        let wanted = b.covariance().0;
        for i in 0..3 {
            for j in 0..3 {
                assert!((moved[i][j] - wanted[i][j]).abs() < 1e-9 && (map[i][j] - map[j][i]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn other_colours_are_let_in_where_they_are_meant() {
        let (first, other) = (cloud([90.0, 120.0, 150.0], 50.0), cloud([200.0, 80.0, 40.0], 20.0));
        let mut matcher = ColourMatcher::default();
        (0..6).for_each(|_| drop(matcher.next(&first, HELD)));
        assert!(matcher.next(&other, ColourMatch { anew: true, ..HELD }).is_none());
        (0..3).for_each(|_| assert!(matcher.next(&other, HELD).is_none()));
        let shown = matcher.next(&other, HELD).unwrap();
        let off = shown.rgb().iter().zip(other.rgb()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(2), "{off:?}");
        assert!(matcher.next(&first, ColourMatch::NONE).is_none() && matcher.memory.is_none());
        // One colour alone has no spread to be led by, and stays one colour.
        let flat = |v| Frame::new(SIZE, vec![v; 3 * SIZE.pixels()]);
        let mut matcher = ColourMatcher::default();
        (0..4).for_each(|_| drop(matcher.next(&flat(100), HELD)));
        let last = (0..30).filter_map(|_| matcher.next(&flat(120), HELD)).last().unwrap();
        assert!(last.rgb().iter().all(|v| v.abs_diff(100) <= 2), "{:?}", &last.rgb()[..3]);
    }
}
