//! Units of time and the only rounding rules: seconds, sample rates, frame rates, frames.
//!
//! Frame *f* of a video shows the half-open span [f/fps, (f+1)/fps). Rates are fractions, and no
//! duration is ever added up: every time is computed from its index.

mod frame;

pub use frame::{GeneratedFrame, ShownFrame};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A time or a duration in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl fmt::Display for Seconds {
    /// `m:ss.mmm`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = (self.0.max(0.0) * 1000.0).round() as u64;
        write!(f, "{}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
    }
}

impl FromStr for Seconds {
    type Err = Error;

    /// Seconds (`12.5`) or clock time (`1:02.5`, `1:00:00`).
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a time"))
                .hint("write seconds (12.5) or minutes and seconds (1:02.5)")
        };
        let mut total = 0.0;
        // Four parts are a timecode with frames of an unknown rate.
        if text.split(':').count() > 3 {
            return Err(bad());
        }
        for part in text.split(':') {
            let value: f64 = part.parse().map_err(|_| bad())?;
            if !value.is_finite() || value < 0.0 {
                return Err(bad());
            }
            total = total * 60.0 + value;
        }
        Ok(Seconds(total))
    }
}

/// Audio samples a second, per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(pub u32);

impl SampleRate {
    /// When sample `index` sounds.
    pub fn time_of(self, index: u64) -> Seconds {
        Seconds(index as f64 / f64::from(self.0))
    }
}

/// A number or a count of frames at some frame rate. Where it matters which frames are meant, they are [`GeneratedFrame`]s
/// or [`ShownFrame`]s.
pub type FrameIndex = u64;

/// Frames a second, as a fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FrameRate {
    num: u32,
    den: u32,
}

impl FrameRate {
    /// A rate of `num`/`den` frames a second, between 1/10 and 240.
    pub fn new(num: u32, den: u32) -> Result<Self> {
        let rate = f64::from(num) / f64::from(den.max(1));
        if den == 0 || den > 100_000 || num > 24_000_000 || !(0.1..=240.0).contains(&rate) {
            return Err(Error::usage(format!("{num}/{den} is not a usable frame rate"))
                .hint("from 0.1 to 240 frames a second, like 12, 24, 29.97 or 30000/1001"));
        }
        let common = gcd(num, den);
        Ok(FrameRate { num: num / common, den: den / common })
    }

    /// The fraction's numerator.
    pub fn num(self) -> u32 {
        self.num
    }

    /// The fraction's denominator.
    pub fn den(self) -> u32 {
        self.den
    }

    /// Frames a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The rate of one of so many frames, 1 or more.
    pub fn divided(self, by: u64) -> Self {
        let by = by.clamp(1, u64::from(u32::MAX / self.den)) as u32;
        let common = gcd(self.num, self.den * by);
        FrameRate { num: self.num / common, den: self.den * by / common }
    }

    /// How long one frame is shown.
    pub fn period(self) -> Seconds {
        Seconds(f64::from(self.den) / f64::from(self.num))
    }

    /// When `frame` starts to be shown.
    pub fn start_of(self, frame: impl Into<FrameIndex>) -> Seconds {
        Seconds(frame.into() as f64 * f64::from(self.den) / f64::from(self.num))
    }

    /// The frame on screen at time `t`; 0 before the start.
    pub fn frame_at(self, t: Seconds) -> FrameIndex {
        // A beat that was computed to lie on a frame's edge belongs to that frame, not to the one before.
        (t.0 * self.per_second() + 1e-6).floor().max(0.0) as FrameIndex
    }

    /// How many frames cover `length`: the picture is never shorter than the sound.
    pub fn frames_covering(self, length: Seconds) -> FrameIndex {
        (length.0 * self.per_second() - 1e-9).ceil().max(0.0) as FrameIndex
    }

    /// As [`Self::frames_covering`], exact for a length in whole samples.
    pub fn frames_covering_samples(self, samples: u64, rate: SampleRate) -> FrameIndex {
        let num = u128::from(samples) * u128::from(self.num);
        num.div_ceil(u128::from(self.den) * u128::from(rate.0)) as FrameIndex
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

impl FromStr for FrameRate {
    type Err = Error;

    /// `24`, `30000/1001` or a decimal; the NTSC decimals (23.976, 29.97, 59.94) mean their fractions.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a frame rate"))
                .hint("from 0.1 to 240 frames a second, like 12, 24, 29.97 or 30000/1001")
        };
        if let Some((num, den)) = text.split_once('/') {
            return Self::new(num.trim().parse().map_err(|_| bad())?, den.trim().parse().map_err(|_| bad())?);
        }
        match text.trim() {
            "23.976" | "23.98" => return Self::new(24_000, 1001),
            "29.97" => return Self::new(30_000, 1001),
            "59.94" => return Self::new(60_000, 1001),
            _ => {}
        }
        let value: f64 = text.trim().parse().map_err(|_| bad())?;
        if !(0.1..=240.0).contains(&value) {
            return Err(bad());
        }
        Self::new((value * 1000.0).round() as u32, 1000)
    }
}

impl TryFrom<String> for FrameRate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<FrameRate> for String {
    fn from(rate: FrameRate) -> Self {
        rate.to_string()
    }
}

/// Width and height of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// Longest side that is accepted, in pixels.
    pub const MAX_SIDE: u32 = 8192;

    /// Width over height.
    pub fn aspect(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// How many pixels there are.
    pub fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = Error;

    /// `1280x720`: even sides from 16 to 8192.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a picture size"))
                .hint("write WIDTHxHEIGHT with even numbers from 16 to 8192, like 1280x720")
        };
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(bad)?;
        let side = |t: &str| -> Result<u32> {
            let v: u32 = t.trim().parse().map_err(|_| bad())?;
            if !v.is_multiple_of(2) || !(16..=Self::MAX_SIDE).contains(&v) { Err(bad()) } else { Ok(v) }
        };
        Ok(Size { width: side(width)?, height: side(height)? })
    }
}

impl TryFrom<String> for Size {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntsc_rates_are_fractions() {
        let rate: FrameRate = "29.97".parse().unwrap();
        assert_eq!((rate.num(), rate.den()), (30_000, 1001));
        assert_eq!("24".parse::<FrameRate>().unwrap().to_string(), "24");
        assert!("0".parse::<FrameRate>().is_err());
        assert!("nan".parse::<FrameRate>().is_err());
    }

    #[test]
    fn the_picture_is_never_shorter_than_the_sound() {
        for rate in ["12", "24", "29.97", "23.976", "60"] {
            let rate: FrameRate = rate.parse().unwrap();
            for samples in [1u64, 44_099, 44_100, 44_101, 158_760_000, 158_760_001] {
                let frames = rate.frames_covering_samples(samples, SampleRate(44_100));
                let length = samples as f64 / 44_100.0;
                let error = rate.start_of(frames).0 - length;
                assert!((-1e-6..rate.period().0).contains(&error), "{rate} {samples}: {error}");
            }
        }
    }

    #[test]
    fn frame_edges_belong_to_the_frame_they_start() {
        let rate: FrameRate = "30000/1001".parse().unwrap();
        for frame in [0u64, 1, 7, 1000, 107_892] {
            assert_eq!(rate.frame_at(rate.start_of(frame)), frame);
        }
    }

    #[test]
    fn times_and_sizes_read_back() {
        assert_eq!("1:02.5".parse::<Seconds>().unwrap(), Seconds(62.5));
        assert_eq!(Seconds(62.5).to_string(), "1:02.500");
        assert!("-3".parse::<Seconds>().is_err());
        assert_eq!("1280x720".parse::<Size>().unwrap(), Size { width: 1280, height: 720 });
        assert!("1281x720".parse::<Size>().is_err());
    }
}
