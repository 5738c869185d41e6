//! Timecode that counts every frame: hours, minutes, seconds and frames, of which a second has the whole number next to the
//! rate, so that at 29.97 it falls behind the clock by 3.6 s an hour (SMPTE ST 12-1, non-drop).

use crate::error::{Error, Result};
use crate::units::{FrameIndex, FrameRate};

/// An editor's way to count frames.
#[derive(Clone, Copy, Debug)]
pub struct Timecode {
    base: u64,
    ntsc: bool,
}

/// What a timeline begins with: an hour.
const START: u64 = 3600;

impl Timecode {
    /// The timecode of a frame rate.
    ///
    /// # Errors
    /// Usage, for a rate that is neither whole nor a whole one over 1.001.
    pub fn new(fps: FrameRate) -> Result<Self> {
        let (num, den) = (u64::from(fps.num()), u64::from(fps.den()));
        match (den, num % 1000) {
            (1, _) => Ok(Timecode { base: num, ntsc: false }),
            (1001, 0) => Ok(Timecode { base: num / 1000, ntsc: true }),
            _ => {
                let error = Error::usage(format!(
                    "editors have no timelines with {} frames a second",
                    fps.per_second()
                ));
                Err(error.hint("choose a usual rate with --fps: 24, 25, 30, 23.976, 29.97, 59.94"))
            }
        }
    }

    /// Frames in a second of timecode.
    pub fn base(self) -> u64 {
        self.base
    }

    /// Whether a second of timecode takes 1.001 seconds.
    pub fn ntsc(self) -> bool {
        self.ntsc
    }

    /// Where a frame stands on a timeline that begins at one hour.
    pub fn at(self, frame: FrameIndex) -> String {
        let (seconds, frames) = (START + frame / self.base, frame % self.base);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!("{hours:02}:{minutes:02}:{:02}:{frames:02}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_counted_from_one_hour_on() {
        let code = |rate: &str| Timecode::new(rate.parse().unwrap()).unwrap();
        assert_eq!(code("25").at(25 * 65 + 7), "01:01:05:07");
        // Ten minutes at 29.97 are 17982 frames, which count for 599.4 s.
        assert_eq!((code("29.97").at(17_982), code("29.97").base()), ("01:09:59:12".into(), 30));
        assert!(code("23.976").ntsc() && !code("24").ntsc());
        assert!(Timecode::new("12.5".parse().unwrap()).unwrap_err().hints()[0].contains("29.97"));
    }
}
