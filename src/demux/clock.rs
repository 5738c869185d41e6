//! The places of a stream's packets on one clock that never goes back.
//!
//! Containers leave timestamps out, start them again where files were joined, and are damaged. A packet without one
//! follows the packet before; where they start again, the clock goes on; small steps, and gaps in which nothing was
//! stored, are kept as they are.

/// Furthest step back that is a container's inaccuracy and no new beginning, in seconds.
const BACK: f64 = 0.1;
/// Furthest step ahead that is always a gap, in seconds; a longer one has to fit into the length that is stated.
const AHEAD: f64 = 10.0;

/// The clock of one stream, in ticks of its timestamps.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Seconds of a tick.
    tick: f64,
    /// The last tick that the container speaks of, if its word can be relied on.
    limit: Option<i64>,
    /// What is added to timestamps now, and what was before the last new beginning.
    shift: i64,
    former: i64,
    /// Where the last packet lies, and where it ends if that is known.
    last: Option<i64>,
    end: Option<i64>,
}

impl Clock {
    pub(super) fn new(tick: f64, limit: Option<i64>) -> Self {
        Clock { tick, limit, shift: 0, former: 0, last: None, end: None }
    }

    /// The place of the next packet, which has this timestamp and this length (0: unknown). None if nothing is known.
    pub(super) fn place(&mut self, stamp: Option<i64>, length: i64) -> Option<i64> {
        let here = match (stamp, self.end.or(self.last)) {
            (None, _) => self.end,
            (Some(stamp), None) => Some(stamp),
            (Some(stamp), Some(due)) => Some(self.follow(stamp, due)),
        };
        self.last = here.or(self.last);
        self.end = here.filter(|_| length > 0).map(|here| here.saturating_add(length));
        here
    }

    /// The place of a packet that is decoded for the sake of the next one only: it lies before what was heard last, and what
    /// comes next is due where it was.
    pub(super) fn aside(&mut self, stamp: Option<i64>, length: i64) -> Option<i64> {
        match self.last {
            Some(_) => stamp.map(|stamp| stamp.saturating_add(self.shift)),
            None => self.place(stamp, length),
        }
    }

    /// The place of a packet with this timestamp that was due at `due`.
    fn follow(&mut self, stamp: i64, due: i64) -> i64 {
        let here = stamp.saturating_add(self.shift);
        if self.is_near(here, due) || here > due && self.limit.is_some_and(|limit| here <= limit) {
            return here;
        }
        // Damage may have led away from the clock that was right before.
        let again = stamp.saturating_add(self.former);
        let (shift, place) = match self.is_near(again, due) {
            true => (self.former, again),
            false => (due.saturating_sub(stamp), due),
        };
        (self.former, self.shift) = (self.shift, shift);
        place
    }

    fn is_near(&self, here: i64, due: i64) -> bool {
        let step = here.saturating_sub(due) as f64 * self.tick;
        (-BACK..=AHEAD).contains(&step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places of packets that are 20 ticks of a millisecond long.
    fn places(limit: Option<i64>, stamps: &[Option<i64>]) -> Vec<Option<i64>> {
        let mut clock = Clock::new(0.001, limit);
        stamps.iter().map(|stamp| clock.place(*stamp, 20)).collect()
    }

    #[test]
    fn what_is_only_decoded_moves_nothing() {
        let mut clock = Clock::new(0.001, None);
        assert_eq!(clock.aside(Some(-20), 20), Some(-20));
        assert_eq!((clock.place(Some(0), 20), clock.place(Some(1980), 20)), (Some(0), Some(1980)));
        // A second of it before a cut in an edit list.
        assert_eq!((clock.aside(Some(1000), 20), clock.aside(None, 20)), (Some(1000), None));
        assert_eq!(clock.place(Some(2000), 20), Some(2000));
    }

    #[test]
    fn what_is_left_out_follows_and_what_starts_again_goes_on() {
        let known = |list: &[i64]| list.iter().map(|t| Some(*t)).collect::<Vec<_>>();
        assert_eq!(places(None, &[Some(-20), None, None, Some(40)]), known(&[-20, 0, 20, 40]));
        // Two files of 10 s, joined; the second one begins with its delay.
        let joined = places(None, &[Some(0), Some(9980), Some(-7), Some(13), Some(33)]);
        assert_eq!(joined, known(&[0, 9980, 10_000, 10_020, 10_040]));
        assert_eq!(places(None, &[None, Some(5)]), [None, Some(5)]);
    }

    #[test]
    fn gaps_stay_and_leaps_do_not() {
        let known = |list: &[i64]| list.iter().map(|t| Some(*t)).collect::<Vec<_>>();
        assert_eq!(places(None, &[Some(0), Some(3000), Some(2990)]), known(&[0, 3000, 2990]));
        assert_eq!(places(Some(90_000), &[Some(0), Some(60_000)]), known(&[0, 60_000]));
        // A damaged stretch far outside of the file, and the way back.
        let leap = places(Some(90_000), &[Some(0), Some(500_000), Some(500_020), Some(60)]);
        assert_eq!(leap, known(&[0, 20, 40, 60]));
        assert_eq!(places(None, &[Some(i64::MAX), Some(i64::MIN)]), known(&[i64::MAX, i64::MAX]));
    }

    #[test]
    fn packets_of_unknown_length_have_no_followers_without_timestamps() {
        let mut clock = Clock::new(0.001, None);
        assert_eq!([Some(0), None, Some(20)].map(|stamp| clock.place(stamp, 0)), [Some(0), None, Some(20)]);
    }
}
