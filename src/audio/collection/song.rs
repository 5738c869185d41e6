//! A track as a DJ program knows it, and the elements that say it.

use crate::audio::beat_grid::Anchor;
use crate::audio::timed::Entry;
use crate::units::Seconds;

/// Most anchors, and most cue points, that are taken.
const MOST: usize = 100_000;
/// Longest path that is looked at, in bytes: what Linux allows, each written as three.
const LONGEST_PATH: usize = 3 * 4096;

/// What a program says of a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Song {
    /// Folders and name of its file, the name last.
    pub path: Vec<String>,
    pub title: String,
    pub artist: String,
    /// Beats a minute where an anchor doesn't say.
    pub bpm: Option<f64>,
    pub grid: Vec<Anchor>,
    pub cues: Vec<Entry>,
}

impl Song {
    pub(super) fn anchor(&mut self, anchor: Anchor) {
        if self.grid.len() < MOST {
            self.grid.push(anchor);
        }
    }

    pub(super) fn cue(&mut self, time: Option<f64>, label: &str) {
        if let Some(time) = time.filter(|t| *t >= 0.0 && self.cues.len() < MOST) {
            self.cues.push(Entry { time: Seconds(time), label: label.trim().to_owned() });
        }
    }

    /// With what stands at the end of the track's element told to all: its tempo to the anchors without one; ascending,
    /// and of several cue points at one place the first that has a name.
    pub(super) fn settled(mut self) -> Self {
        if let Some(bpm) = self.bpm {
            self.grid.iter_mut().filter(|a| a.bpm == 0.0).for_each(|a| a.bpm = bpm);
        }
        self.grid.retain(Anchor::is_sound);
        self.grid.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
        self.cues
            .sort_by(|a, b| a.time.0.total_cmp(&b.time.0).then(a.label.is_empty().cmp(&b.label.is_empty())));
        self.cues.dedup_by(|b, a| b.time == a.time);
        self
    }

    pub(super) fn says_otherwise(&self, other: &Self) -> bool {
        self.grid != other.grid || self.cues != other.cues
    }
}

/// An element with its attributes.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    /// The text of an attribute; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The number of an attribute, if it has one.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.text(name).trim().parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The folders and the name in an attribute that is a path of any system.
    pub(super) fn path(&self, name: &str) -> Vec<String> {
        let path = Some(self.text(name)).filter(|text| text.len() <= LONGEST_PATH).unwrap_or_default();
        path.split(['/', '\\']).filter(|p| !p.is_empty()).map(str::to_owned).collect()
    }
}
