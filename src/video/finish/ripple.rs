//! Rings that run outwards, as on water: what a curve said a moment ago is seen that moment's way from the centre.

use super::table::Table;
use super::tame::tame;
use std::f32::consts::TAU;

/// How fast rings run, in heights a second.
const SPEED: f32 = 0.9;
/// How many rings there are in a height.
const RINGS: f32 = 3.3;
/// How far a ring moves what it passes at full strength, in heights.
const DEPTH: f32 = 0.05;
/// How far from the centre rings are seen, in heights.
const REACH: f32 = 2.0;
/// Nearer to the centre than this, in heights, rings grow out of nothing.
const CORE: f32 = 0.08;

/// The rings of one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ripple {
    /// How strong rings were born, from 0 to 1, now and at even steps back in time: as many as rings are seen for.
    strengths: [f32; Ripple::MOMENTS],
    /// The picture's time in seconds: where in its swing a ring is.
    time: f32,
}

impl Ripple {
    /// How many steps it looks back.
    const MOMENTS: usize = 64;

    /// No rings.
    pub const NONE: Ripple = Ripple { strengths: [0.0; Ripple::MOMENTS], time: 0.0 };

    /// The rings at `time`, in seconds, where `strength` says how strong they were born, from 0 to 1, so many seconds ago.
    pub fn at(time: f64, strength: impl Fn(f32) -> f32) -> Self {
        let strengths =
            std::array::from_fn(|i| strength(i as f32 / (Self::MOMENTS - 1) as f32 * REACH / SPEED));
        if strengths == [0.0; Self::MOMENTS] {
            return Ripple::NONE;
        }
        // Where a ring is in its swing goes round: no more of the time is of interest.
        Ripple { strengths, time: (time % f64::from(1.0 / (RINGS * SPEED))) as f32 }
    }

    /// The same with strengths within the range.
    pub(super) fn tamed(self) -> Self {
        let strengths = self.strengths.map(|v| tame(v, 0.0, 0.0, 1.0));
        Ripple { strengths, time: tame(self.time, 0.0, 0.0, 1e6) }
    }

    /// Whether there are none.
    pub(super) fn is_none(&self) -> bool {
        self.strengths.iter().all(|v| *v == 0.0)
    }

    /// By how much a place at a distance from the centre, in heights, is nearer to it than what is shown there.
    pub(super) fn factors(&self) -> Table {
        let born = |r: f32| {
            let place = (r / REACH).min(1.0) * (Self::MOMENTS - 1) as f32;
            let first = (place as usize).min(Self::MOMENTS - 2);
            let [a, b] = [self.strengths[first], self.strengths[first + 1]];
            a + (place - first as f32) * (b - a)
        };
        Table::of(0.0, REACH, |r| {
            let swing = (TAU * RINGS * (r - SPEED * self.time)).sin();
            // Rings lose height as they widen.
            let depth = DEPTH * born(r) * swing / (1.0 + r);
            1.0 - depth / r.max(CORE) * (r / CORE).min(1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hit that lasted a twentieth of a second is a ring as wide as it got on in this time.
    #[test]
    fn a_hit_runs_outwards_at_its_speed() {
        for ago in [0.3f32, 0.8, 1.5] {
            let hit = |t: f32| if (t - ago).abs() < 0.05 { 1.0 } else { 0.0 };
            let factors = Ripple::at(7.0, hit).factors();
            let moved: Vec<f32> =
                (0..400).map(|i| i as f32 * 0.005).filter(|r| (factors.at(*r) - 1.0).abs() > 1e-4).collect();
            let (first, last) = (moved[0], moved[moved.len() - 1]);
            let (inner, outer) = (SPEED * (ago - 0.05), SPEED * (ago + 0.05));
            // A step of the moments is 2/63 of a height.
            assert!((first - inner).abs() < 0.04 && (last - outer).abs() < 0.04, "{ago}: {first} {last}");
        }
    }

    #[test]
    fn a_ring_goes_on_as_one_wave() {
        // What is at r now was at r - SPEED / 10 a tenth of a second ago.
        let (now, before) = (Ripple::at(20.1, |_| 1.0).factors(), Ripple::at(20.0, |_| 1.0).factors());
        let depth = |factors: &Table, r: f32| (1.0 - factors.at(r)) * r * (1.0 + r) / DEPTH;
        for i in 20..100 {
            let r = i as f32 * 0.01;
            assert!((depth(&now, r) - depth(&before, r - 0.09)).abs() < 0.02, "{r}");
        }
    }

    #[test]
    fn without_hits_nothing_moves() {
        assert!(Ripple::at(3.0, |_| 0.0).is_none() && Ripple::at(3.0, |_| f32::NAN).tamed().is_none());
        let factors = Ripple::NONE.factors();
        assert!((0..300).all(|i| factors.at(i as f32 * 0.01) == 1.0));
    }
}
