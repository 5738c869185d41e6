//! What is said of interpolation: how many of a video's frames are generated.

use crate::error::{Error, Result};
use crate::units::{FrameIndex, FrameRate};
use std::fmt;
use std::str::FromStr;

/// Which frames are generated, and which put between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolate {
    /// About as many a second are generated as the model was made for.
    #[default]
    On,
    /// All are generated.
    Off,
    /// About so many a second are generated.
    From(FrameRate),
}

impl Interpolate {
    /// One of how many frames is generated of a video of `shown` frames a second, by a model that was made for `own`: a whole number, so
    /// that every generated frame has a frame of its own.
    pub fn every(self, own: u32, shown: FrameRate) -> FrameIndex {
        let from = match self {
            Interpolate::Off => return 1,
            Interpolate::On => f64::from(own),
            Interpolate::From(rate) => rate.per_second(),
        };
        // In the middle of two numbers, the smaller: more is generated.
        ((shown.per_second() / from - 0.5 - 1e-9).ceil() as FrameIndex).max(1)
    }
}

impl fmt::Display for Interpolate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interpolate::On => f.write_str("on"),
            Interpolate::Off => f.write_str("off"),
            Interpolate::From(rate) => rate.fmt(f),
        }
    }
}

impl FromStr for Interpolate {
    type Err = Error;

    /// `on`, `off`, or a frame rate.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "on" => Ok(Interpolate::On),
            "off" => Ok(Interpolate::Off),
            rate => rate.parse().map(Interpolate::From).map_err(|_| {
                Error::usage(format!("'{text}' says nothing of interpolation"))
                    .hint("write on, off, or how many frames a second are generated, like 12")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_frame_has_a_frame_of_its_own() {
        let every =
            |said: &str, shown: &str| said.parse::<Interpolate>().unwrap().every(12, shown.parse().unwrap());
        for (shown, wanted) in [
            ("12", 1),
            ("24", 2),
            ("25", 2),
            ("23.976", 2),
            ("29.97", 2),
            ("30", 2),
            ("48", 4),
            ("50", 4),
            ("60", 5),
            ("59.94", 5),
            ("10", 1),
            ("1", 1),
            ("17", 1),
            ("240", 20),
        ] {
            assert_eq!(every("on", shown), wanted, "{shown}");
            assert_eq!(every("off", shown), 1);
        }
        assert_eq!((every("8", "24"), every("24", "24"), every("30", "24"), every("6", "60")), (3, 1, 1, 10));
    }

    #[test]
    fn what_is_said_comes_back_and_the_rest_is_refused() {
        for text in ["on", "off", "8", "30000/1001"] {
            assert_eq!(text.parse::<Interpolate>().unwrap().to_string(), text);
        }
        for wrong in ["", "yes", "0", "2x"] {
            assert!(wrong.parse::<Interpolate>().is_err(), "{wrong}");
        }
    }
}
