//! Bars: where among the bars of a track a time lies.

use crate::digest::Digest;
use crate::units::Seconds;
use std::sync::Arc;

/// The first beats of a track's bars, at least two.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars(Arc<[f64]>);

impl Bars {
    /// Bars that begin at these times, ascending; none where there are fewer than two.
    pub fn new(downbeats: &[Seconds]) -> Option<Self> {
        let mut starts: Vec<f64> = downbeats.iter().map(|at| at.0).collect();
        starts.dedup();
        (starts.len() > 1).then(|| Bars(starts.into()))
    }

    /// How many bars have gone since the first one began, with the share of the one that is heard: 2.5 is in the middle of the third. Before the
    /// first, bars are as long as that one; behind the last beginning as long as the one before.
    pub fn at(&self, time: Seconds) -> f64 {
        let starts = &self.0;
        let bar = starts.partition_point(|start| *start <= time.0).clamp(1, starts.len() - 1) - 1;
        bar as f64 + (time.0 - starts[bar]) / (starts[bar + 1] - starts[bar])
    }

    /// SHA-256, as hexadecimal digits.
    pub fn hash(&self) -> String {
        let mut digest = Digest::default();
        self.0.iter().for_each(|start| digest.update(start.to_le_bytes()));
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_among_bars_of_any_length() {
        let bars = Bars::new(&[1.0, 3.0, 3.0, 4.0].map(Seconds)).unwrap();
        let at = [-1.0, 0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 6.0].map(|time| bars.at(Seconds(time)));
        assert_eq!(at, [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 4.0]);
        assert!(Bars::new(&[Seconds(1.0); 2]).is_none() && Bars::new(&[]).is_none());
    }
}
