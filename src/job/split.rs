//! Extra cuts: takes that are longer than somebody wants are cut in equal parts, on a bar where one is near.

use crate::audio::Analysis;
use crate::score::Timeline;
use crate::units::{GeneratedFrame, Seconds};

/// How far a cut moves to fall on a bar, as a share of the part's length.
const NEAR: f64 = 0.25;

/// The cuts of `timeline`, with more where a take lasts longer than `most`.
pub fn cuts(timeline: &Timeline, analysis: &Analysis, most: Seconds) -> Vec<GeneratedFrame> {
    let fps = timeline.fps;
    let bars: Vec<u64> = analysis.downbeats.iter().map(|bar| fps.frame_at(*bar)).collect();
    // At least a frame, whatever was asked for.
    let most = ((most.0 * fps.per_second()).floor() as u64).max(1);
    let (start, end) = (GeneratedFrame(0), timeline.end());
    let starts = std::iter::once(start).chain(timeline.cuts.iter().copied().filter(|cut| *cut > start));
    let starts: Vec<GeneratedFrame> = starts.collect();
    let ends = starts.iter().copied().skip(1).chain([end]);
    let mut cuts = timeline.cuts.clone();
    for (start, end) in starts.iter().copied().zip(ends) {
        cuts.extend(inside(start, end, most, &bars));
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The cuts inside the take from `start` to `end`, none of whose parts is longer than `most` frames, `bars` permitting.
fn inside(start: GeneratedFrame, end: GeneratedFrame, most: u64, bars: &[u64]) -> Vec<GeneratedFrame> {
    let length = end - start;
    let parts = length.div_ceil(most).max(1);
    let reach = (length as f64 / parts as f64 * NEAR) as u64;
    let at = |part: u64| {
        let even = start + length * part / parts;
        let near = bars.iter().copied().min_by_key(|bar| even.apart(GeneratedFrame(*bar)));
        near.map(GeneratedFrame).filter(|bar| even.apart(*bar) <= reach).unwrap_or(even)
    };
    (1..parts).map(at).filter(|cut| *cut > start && *cut < end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u64, end: u64, most: u64, bars: &[u64]) -> Vec<u64> {
        let [start, end] = [start, end].map(GeneratedFrame);
        inside(start, end, most, bars).into_iter().map(u64::from).collect()
    }

    #[test]
    fn long_takes_are_cut_evenly_or_on_a_near_bar() {
        assert_eq!(at(100, 200, 100, &[]), [0; 0]);
        assert_eq!(at(100, 201, 100, &[]), [150]);
        assert_eq!(at(0, 120, 40, &[]), [40, 80]);
        assert_eq!(at(0, 120, 40, &[0, 36, 72, 108]), [36, 72]);
        assert_eq!(at(0, 120, 40, &[0, 60, 120]), [40, 80]);
        assert_eq!(at(5, 6, 1, &[5]), [0; 0]);
    }
}
