//! What other programs say and hear: Open Sound Control's addresses, and what is passed on.

use crate::audio::Analysis;
use crate::render::Live;
use crate::units::Seconds;
use std::sync::Arc;
use tokio::time::Instant;

/// What every address of beatbolt's own begins with.
pub const OWN: &str = "/beatbolt/";

/// The ports of this computer that are used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OscPorts {
    /// Where it is listened.
    pub hear: Option<u16>,
    /// Where is sent to.
    pub tell: Option<u16>,
}

/// What pages are told: values by their addresses in the order in which they came, and what can't be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OscHeard {
    /// Addresses and values.
    pub values: Vec<(String, f32)>,
    /// Why something was refused.
    pub fault: Option<String>,
}

/// Where the playhead was seen last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playhead {
    /// Where in the track.
    pub time: Seconds,
    /// Whether it moves.
    pub playing: bool,
    /// When that was.
    pub seen: Instant,
}

impl Playhead {
    /// Where it is at `now`, in seconds.
    pub fn at(&self, now: Instant) -> f64 {
        let moved = if self.playing { now.saturating_duration_since(self.seen).as_secs_f64() } else { 0.0 };
        self.time.0 + moved
    }
}

/// What is shown at the moment.
pub struct Shown {
    /// What the pictures are made of.
    pub live: Arc<Live>,
    /// What is heard.
    pub analysis: Arc<Analysis>,
    /// The base values of the look that is worked on.
    pub base: Vec<(String, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_playhead_moves_on_while_it_plays() {
        let seen = Instant::now();
        let later = seen + Duration::from_millis(250);
        let at = |playing| Playhead { time: Seconds(2.0), playing, seen }.at(later);
        assert_eq!((at(false), at(true)), (2.0, 2.25));
    }
}
