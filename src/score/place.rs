//! Places: where on a track something holds.

use super::clock::{Clock, Length};

/// Where a prompt, a part or a layer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Everywhere.
    Everywhere,
    /// In sections of this label.
    Section(String),
    /// From here to the end.
    From(Length),
    /// From here to there.
    Between(Length, Length),
}

impl Place {
    /// Whether it holds at time `t`, in a section with this label.
    pub(super) fn holds(&self, clock: &Clock, label: Option<&str>, t: f64) -> bool {
        let after = |from: Length| clock.place(from).0 <= t;
        match self {
            Place::Everywhere => true,
            Place::Section(wanted) => label == Some(wanted),
            Place::From(from) => after(*from),
            Place::Between(from, to) => after(*from) && !after(*to),
        }
    }

    /// The times at which it begins or ends, those of sections aside.
    pub(super) fn edges(&self, clock: &Clock) -> impl Iterator<Item = f64> {
        let ends = match self {
            Place::Everywhere | Place::Section(_) => [None, None],
            Place::From(from) => [Some(*from), None],
            Place::Between(from, to) => [Some(*from), Some(*to)],
        };
        ends.map(|end| end.map(|length| clock.place(length).0)).into_iter().flatten()
    }
}
