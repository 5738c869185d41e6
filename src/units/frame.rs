//! Frame numbers, from 0 at the start of the track: of the frames that the generator makes, and of those that are shown.
//!
//! A generated frame has the number of the frame that shows it, but where frames are interpolated not every one is generated: so each
//! has a type of its own. One place turns one into the other: `render/rate.rs`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

macro_rules! frame_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The frames from this one on, without `end`.
            pub fn until(self, end: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
                (self.0..end.0).map($name)
            }

            /// This frame and all that follow.
            pub fn onwards(self) -> impl Iterator<Item = Self> + Clone {
                (self.0..).map($name)
            }

            /// How many frames after `first` it is; none before it.
            pub fn since(self, first: Self) -> Option<u64> {
                self.0.checked_sub(first.0)
            }

            /// How many frames lie from the one to the other, whichever comes first.
            pub fn apart(self, other: Self) -> u64 {
                self.0.abs_diff(other.0)
            }

            /// The frame so many before it, or the first.
            pub fn before(self, frames: u64) -> Self {
                $name(self.0.saturating_sub(frames))
            }
        }

        /// So many frames later.
        impl Add<u64> for $name {
            type Output = Self;

            fn add(self, frames: u64) -> Self {
                $name(self.0.saturating_add(frames))
            }
        }

        /// How many frames after the other it is; 0 before it.
        impl Sub for $name {
            type Output = u64;

            fn sub(self, first: Self) -> u64 {
                self.0.saturating_sub(first.0)
            }
        }

        impl From<$name> for u64 {
            fn from(frame: $name) -> u64 {
                frame.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

frame_number! {
    /// A frame that the generator makes: what windows, takes, noise and latents are counted in, and the timeline.
    GeneratedFrame
}

frame_number! {
    /// A frame of the finished video, counted from where the track starts: what pictures and their finish are counted in.
    ShownFrame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_from_one_to_another() {
        let [a, b] = [GeneratedFrame(3), GeneratedFrame(7)];
        assert_eq!((a + 4, b - a, a - b, b.since(a), a.since(b)), (b, 4, 0, Some(4), None));
        assert_eq!((a.apart(b), b.apart(a), b.before(4), a.before(9)), (4, 4, a, GeneratedFrame(0)));
        assert_eq!(a.until(b).map(u64::from).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!((b.until(a).count(), a.onwards().nth(4)), (0, Some(b)));
        assert_eq!(GeneratedFrame(u64::MAX) + 1, GeneratedFrame(u64::MAX));
    }

    #[test]
    fn a_frame_is_written_as_its_number() {
        assert_eq!(serde_json::to_string(&[ShownFrame(12)]).unwrap(), "[12]");
        assert_eq!(serde_json::from_str::<ShownFrame>("12").unwrap(), ShownFrame(12));
        assert_eq!(format!("{:06}", GeneratedFrame(120)), "000120");
    }
}
