//! Beat grids: places from which beats run at a steady tempo, as DJ programs keep them; out come beats with their places
//! in the bar.

use super::timed::Entry;
use crate::units::Seconds;

/// Beats a minute that a grid can have.
const TEMPOS: std::ops::RangeInclusive<f64> = 10.0..=1000.0;

/// A beat from which on, until the next anchor, beats follow at one tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// When the beat is.
    pub time: Seconds,
    /// Beats a minute from there on.
    pub bpm: f64,
    /// Its place in the bar, from 1.
    pub beat: u32,
    /// Beats in a bar.
    pub meter: u32,
}

impl Anchor {
    /// Whether a grid can be made of it.
    pub(super) fn is_sound(&self) -> bool {
        self.time.0.is_finite() && TEMPOS.contains(&self.bpm) && self.meter > 0
    }
}

/// The beats of a grid over a track of this length, labelled with their places in the bar. Before the first anchor its
/// own tempo holds.
pub(super) fn beats(anchors: &[Anchor], duration: Seconds) -> Vec<Entry> {
    let mut anchors: Vec<&Anchor> = anchors.iter().filter(|a| a.is_sound()).collect();
    anchors.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    let mut beats = Vec::new();
    for (i, anchor) in anchors.iter().enumerate() {
        let period = 60.0 / anchor.bpm;
        let start = -(anchor.time.0 / period).floor();
        let from = if i == 0 { start } else { start.max(0.0) };
        // A beat that all but falls on the next anchor is that anchor.
        let to = anchors.get(i + 1).map_or(duration.0, |next| (next.time.0 - 0.5 * period).min(duration.0));
        let first = from as i64;
        let count = ((to - anchor.time.0) / period - from).ceil().max(0.0) as i64;
        beats.extend((first..first + count).map(|k| {
            let place = (i64::from(anchor.beat.max(1)) - 1 + k).rem_euclid(i64::from(anchor.meter)) + 1;
            Entry { time: Seconds(anchor.time.0 + k as f64 * period), label: place.to_string() }
        }));
    }
    beats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(anchors: &[Anchor], duration: f64) -> Vec<(f64, String)> {
        beats(anchors, Seconds(duration))
            .into_iter()
            .map(|e| ((e.time.0 * 1e6).round() / 1e6, e.label))
            .collect()
    }

    #[test]
    fn beats_run_both_ways_from_the_first_anchor() {
        let anchor = Anchor { time: Seconds(1.25), bpm: 120.0, beat: 3, meter: 4 };
        let right = [(0.25, "1"), (0.75, "2"), (1.25, "3"), (1.75, "4"), (2.25, "1")];
        assert_eq!(told(&[anchor], 2.5), right.map(|(t, l)| (t, l.to_owned())));
    }

    #[test]
    fn another_tempo_begins_at_its_anchor() {
        let first = Anchor { time: Seconds(0.0), bpm: 120.0, beat: 1, meter: 3 };
        let second = Anchor { time: Seconds(1.01), bpm: 60.0, beat: 1, meter: 4 };
        let right = [(0.0, "1"), (0.5, "2"), (1.01, "1"), (2.01, "2")];
        assert_eq!(told(&[second, first], 3.0), right.map(|(t, l)| (t, l.to_owned())));
    }

    #[test]
    fn what_makes_no_grid_is_left_out() {
        let anchor = Anchor { time: Seconds(0.0), bpm: 0.0, beat: 1, meter: 4 };
        for bad in [anchor, Anchor { bpm: f64::NAN, ..anchor }, Anchor { bpm: 120.0, meter: 0, ..anchor }] {
            assert!(told(&[bad], 3.0).is_empty());
        }
        let at = |time| Anchor { time: Seconds(time), bpm: 120.0, ..anchor };
        assert!(told(&[at(1e300)], 3.0).is_empty());
        assert_eq!(told(&[at(-1e12), at(-1e9)], 3.0).len(), 6);
    }
}
