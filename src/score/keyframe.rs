//! Curves that a preset draws by hand: values at places in the music, eased between them.

use super::clock::{Clock, Length};
use super::shape::Curve;
use crate::units::{FrameRate, Seconds};

/// A drawn curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyframes {
    /// What routes call it.
    pub name: String,
    /// Places and values, as in the file; never empty.
    pub points: Vec<(Length, f64)>,
    /// How a value becomes the next one; none = it stays until then.
    pub ease: Option<Curve>,
    /// Another program's frame rate: each of its frames holds the value with which it begins.
    pub frames: Option<FrameRate>,
}

impl Keyframes {
    /// Its values at `count` times that divide the track evenly, both ends among them.
    pub fn sampled(&self, clock: &Clock, length: Seconds, count: usize) -> Vec<f64> {
        let line = self.line(clock);
        let step = length.0 / (count.max(2) - 1) as f64;
        (0..count).map(|i| line.at(i as f64 * step)).collect()
    }

    /// Whether it goes from one value to the next in steps.
    pub(super) fn steps(&self) -> bool {
        self.ease.is_none() || self.frames.is_some()
    }

    /// Whether it has two values at one place, as a hit has that falls.
    pub(super) fn jumps(&self) -> bool {
        self.points.windows(2).any(|pair| pair[0].0 == pair[1].0)
    }

    /// The curve on a track with this clock.
    pub(super) fn line(&self, clock: &Clock) -> Line {
        // Frames are counted, so that what lies between two of them is the same wherever it is computed.
        let at = |seconds: Seconds| self.frames.map_or(seconds.0, |fps| fps.frame_at(seconds) as f64);
        let mut points: Vec<(f64, f64)> =
            self.points.iter().map(|(place, value)| (at(clock.place(*place)), *value)).collect();
        // Places in seconds and in bars may pass each other on another track.
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { points, ease: self.ease, frames: self.frames }
    }
}

/// A drawn curve over seconds, or over frames.
pub(super) struct Line {
    points: Vec<(f64, f64)>,
    ease: Option<Curve>,
    frames: Option<FrameRate>,
}

impl Line {
    /// The value at `t`: between two points a + (b − a) · ease(x), x being the share of the way; held at both ends.
    pub fn at(&self, t: f64) -> f64 {
        let t = self.frames.map_or(t, |fps| fps.frame_at(Seconds(t)) as f64);
        let after = self.points.partition_point(|p| p.0 <= t);
        match (after.checked_sub(1).and_then(|i| self.points.get(i)), self.points.get(after)) {
            (None, Some((_, value))) | (Some((_, value)), None) => *value,
            (Some((start, a)), Some((end, b))) => match self.ease {
                None => *a,
                Some(ease) => a + (b - a) * f64::from(ease.at(((t - start) / (end - start)) as f32)),
            },
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    #[test]
    fn values_are_eased_between_places_in_the_music_and_held_at_the_ends() {
        let analysis = fixture(16.0);
        let at = |ease, t| {
            // The fixture's bars are 2 s long.
            let points =
                vec![(Length::Seconds(1.0), 10.0), (Length::Bars(2.0), 20.0), (Length::Beats(10.0), 0.0)];
            Keyframes { name: "x".into(), points, ease, frames: None }.line(&Clock::new(&analysis)).at(t)
        };
        for (t, linear, square) in
            [(0.0, 10.0, 10.0), (2.5, 15.0, 12.5), (4.0, 20.0, 20.0), (4.5, 10.0, 15.0), (9.0, 0.0, 0.0)]
        {
            assert!((at(Some(Curve::Power(1.0)), t) - linear).abs() < 1e-5, "{t}");
            assert!((at(Some(Curve::Power(2.0)), t) - square).abs() < 1e-5, "{t}");
        }
        assert_eq!([0.0, 3.9, 4.0, 4.9, 5.0].map(|t| at(None, t)), [10.0, 10.0, 20.0, 20.0, 0.0]);
    }

    #[test]
    fn a_curve_of_frames_holds_every_frames_value_and_goes_straight_from_key_to_key() {
        let fps = FrameRate::new(30_000, 1001).unwrap();
        let places = [0_u64, 4, 5].map(|frame| Length::Seconds(fps.start_of(frame).0));
        let points = places.into_iter().zip([1.0, 3.0, 0.0]).collect();
        let frames = Keyframes { name: "x".into(), points, ease: Some(Curve::Power(1.0)), frames: Some(fps) };
        let line = frames.line(&Clock::new(&fixture(4.0)));
        for (frame, value) in [1.0, 1.5, 2.0, 2.5, 3.0, 0.0, 0.0].into_iter().enumerate() {
            for part in [0.0, 0.4, 0.99] {
                let t = (frame as f64 + part) * fps.period().0;
                assert!((line.at(t) - value).abs() < 1e-6, "{frame} {part}: {}", line.at(t));
            }
        }
        assert!(frames.steps() && !frames.jumps());
    }
}
