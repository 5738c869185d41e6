//! Snapping: the bar or beat that a time of the track is nearest to, as a person would write it.

use super::clock::{Clock, Length};
use crate::units::Seconds;

/// What times snap to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grid {
    /// The first beats of bars.
    #[default]
    Bars,
    /// Beats.
    Beats,
    /// Nothing.
    Free,
}

/// A time so near to a beat is written as that beat, in seconds.
const SAME: f64 = 2e-3;

impl Clock<'_> {
    /// The place that is meant by `t` seconds: the nearest bar or beat of the grid, or that very time, to the millisecond. The start of
    /// the track stays where it is.
    pub fn meant(&self, t: Seconds, grid: Grid) -> Length {
        let near = |times: &[Seconds]| {
            let apart = |i: &usize| (times[*i].0 - t.0).abs();
            (0..times.len()).min_by(|a, b| apart(a).total_cmp(&apart(b))).map(|i| (i as f64, apart(&i)))
        };
        let bar = near(self.bars()).map(|(i, apart)| (Length::Bars(i), apart));
        let beat = near(self.beats()).map(|(i, apart)| (Length::Beats(i), apart));
        let exact = [bar, beat].into_iter().flatten().find(|(_, apart)| *apart <= SAME);
        let snapped = match grid {
            Grid::Bars => bar.or(beat),
            // A beat that begins a bar is written as that bar.
            Grid::Beats => exact.or(match beat {
                Some((beat, apart)) => near(self.bars())
                    .map(|(i, _)| Length::Bars(i))
                    .filter(|bar| (self.place(*bar).0 - self.place(beat).0).abs() <= SAME)
                    .map_or(Some((beat, apart)), |bar| Some((bar, apart))),
                None => bar,
            }),
            Grid::Free => exact,
        };
        let at_start = t.0 <= snapped.map_or(0.0, |(length, _)| self.place(length).0 / 2.0);
        match snapped {
            Some((length, _)) if !at_start || self.place(length).0 <= SAME => length,
            _ if at_start => Length::Seconds(0.0),
            _ => Length::Seconds((t.0 * 1e3).round() / 1e3),
        }
    }
}

impl Length {
    /// As a person writes it: `8 bars`, `3 beats`, `1.5`.
    pub fn written(self) -> String {
        match self {
            Length::Bars(n) => format!("{n} bars"),
            Length::Beats(n) => format!("{n} beats"),
            Length::Seconds(n) => n.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    #[test]
    fn times_become_the_bars_and_beats_that_are_meant() {
        // Bars of two seconds from 0 on.
        let analysis = fixture(16.0);
        let clock = Clock::new(&analysis);
        let of = |t: f64, grid| clock.meant(Seconds(t), grid).written();
        assert_eq!((of(3.9, Grid::Bars), of(0.2, Grid::Bars)), ("2 bars".into(), "0 bars".into()));
        assert_eq!((of(3.4, Grid::Beats), of(4.1, Grid::Beats)), ("7 beats".into(), "2 bars".into()));
        assert_eq!((of(3.4004, Grid::Free), of(4.001, Grid::Free)), ("3.4".into(), "2 bars".into()));
        for text in ["2 bars", "7 beats", "3.4"] {
            let length: Length = text.parse().unwrap_or(Length::Seconds(3.4));
            assert_eq!(length.written(), text);
        }
    }

    #[test]
    fn the_start_stays_the_start_before_the_first_bar() {
        let mut analysis = fixture(16.0);
        analysis.downbeats.remove(0);
        analysis.beats.drain(..4);
        let clock = Clock::new(&analysis);
        assert_eq!(clock.meant(Seconds(0.3), Grid::Bars), Length::Seconds(0.0));
        assert_eq!(clock.meant(Seconds(1.7), Grid::Bars), Length::Bars(0.0));
        analysis.downbeats.clear();
        analysis.beats.clear();
        assert_eq!(Clock::new(&analysis).meant(Seconds(1.7), Grid::Bars), Length::Seconds(1.7));
    }
}
