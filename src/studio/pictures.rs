//! Finished pictures: the newest of every frame, as many as fit.

use crate::units::ShownFrame;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Memory for pictures, in bytes: minutes of a draft.
const MOST_BYTES: usize = 64 << 20;

/// Consecutive frames whose pictures are of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The first frame.
    pub from: ShownFrame,
    /// The frame behind the last.
    pub to: ShownFrame,
    /// The version of the session that they show.
    pub version: u64,
}

/// A cache of pictures by frame and version.
#[derive(Debug, Default)]
pub struct Pictures {
    newest: BTreeMap<ShownFrame, (u64, Arc<[u8]>)>,
    bytes: usize,
}

impl Pictures {
    /// Puts a picture in; what lies farthest from `playhead` makes room for it.
    pub fn put(&mut self, frame: ShownFrame, version: u64, jpeg: Arc<[u8]>, playhead: ShownFrame) {
        self.bytes += jpeg.len();
        if let Some((_, old)) = self.newest.insert(frame, (version, jpeg)) {
            self.bytes -= old.len();
        }
        while self.bytes > MOST_BYTES {
            let far = farthest(&self.newest, |frame| frame.apart(playhead));
            let Some((_, old)) = far.and_then(|f| self.newest.remove(&f)) else { return };
            self.bytes -= old.len();
        }
    }

    /// The picture of `frame`, if it is of this version.
    pub fn get(&self, frame: ShownFrame, version: u64) -> Option<Arc<[u8]>> {
        self.newest.get(&frame).filter(|(v, _)| *v == version).map(|(_, jpeg)| jpeg.clone())
    }

    /// The first frame from `from` on whose picture is missing or older than `version`.
    pub fn first_old(&self, from: ShownFrame, version: u64) -> ShownFrame {
        let fresh = |f: &ShownFrame| self.newest.get(f).is_some_and(|(v, _)| *v == version);
        from.onwards().take_while(fresh).last().map_or(from, |last| last + 1)
    }

    /// All pictures, as runs in order.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (&frame, &(version, _)) in &self.newest {
            match runs.last_mut() {
                Some(run) if run.to == frame && run.version == version => run.to = run.to + 1,
                _ => runs.push(Run { from: frame, to: frame + 1, version }),
            }
        }
        runs
    }
}

/// The frame among the keys that is farthest away from the playhead.
pub fn farthest<F: Copy + Ord, T>(frames: &BTreeMap<F, T>, away: impl Fn(F) -> u64) -> Option<F> {
    let ends = [frames.first_key_value(), frames.last_key_value()];
    ends.into_iter().flatten().map(|(f, _)| *f).max_by_key(|f| away(*f))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(bytes: usize) -> Arc<[u8]> {
        vec![0; bytes].into()
    }

    #[test]
    fn the_newest_picture_of_a_frame_is_kept() {
        let mut pictures = Pictures::default();
        (0..4).for_each(|f| pictures.put(ShownFrame(f), 1, jpeg(9), ShownFrame(0)));
        pictures.put(ShownFrame(2), 2, jpeg(9), ShownFrame(0));
        let run = |from, to, version| Run { from: ShownFrame(from), to: ShownFrame(to), version };
        assert_eq!(pictures.runs(), [run(0, 2, 1), run(2, 3, 2), run(3, 4, 1)]);
        assert!(pictures.get(ShownFrame(2), 1).is_none() && pictures.get(ShownFrame(2), 2).is_some());
        let first_old = |from, version| pictures.first_old(ShownFrame(from), version).0;
        assert_eq!((first_old(0, 1), first_old(2, 1), first_old(2, 2)), (2, 2, 3));
        assert_eq!(pictures.bytes, 36);
    }

    #[test]
    fn memory_is_bounded_and_what_is_far_away_goes() {
        let mut pictures = Pictures::default();
        (0..200).for_each(|f| pictures.put(ShownFrame(f), 1, jpeg(MOST_BYTES / 100), ShownFrame(150)));
        assert!(pictures.bytes <= MOST_BYTES);
        assert_eq!(pictures.runs(), [Run { from: ShownFrame(100), to: ShownFrame(200), version: 1 }]);
    }
}
