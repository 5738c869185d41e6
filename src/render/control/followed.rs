//! What a control follows, as it is written, and a control of a job.

use super::music::{self, Music};
use super::prepare::Prepare;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::render::init::Init;
use crate::score::Material;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What a control follows, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub(super) pictures: Pictures,
    pub(super) prepare: Vec<Prepare>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pictures {
    /// As inits name them.
    Named(String),
    /// What the music draws.
    Music(Music),
}

/// The key of what is made of pictures before a net sees them.
const PREPARE: &str = "prepare=";

impl FromStr for Followed {
    type Err = Error;

    /// # Errors
    /// Usage: there is no such source, setting or preparation.
    fn from_str(text: &str) -> Result<Self> {
        // A file's name may have commas: what isn't known stays a part of it.
        let is_prepare = |part: &&str| part.trim_start().starts_with(PREPARE);
        let (own, rest): (Vec<&str>, Vec<&str>) = text.split(',').partition(is_prepare);
        let prepare = match own.as_slice() {
            [] => Vec::new(),
            [one] => {
                one.trim().trim_start_matches(PREPARE).split('+').map(str::parse).collect::<Result<_>>()?
            }
            _ => {
                return Err(Error::usage(format!("'{text}' has prepare twice"))
                    .hint("write one after the other: prepare=luminance+canny"));
            }
        };
        let name = rest.join(",").trim().to_owned();
        let pictures = match name.strip_prefix(music::PREFIX) {
            Some(rest) => Pictures::Music(rest.parse()?),
            None => {
                name.parse::<Init>()?;
                Pictures::Named(name)
            }
        };
        Ok(Followed { pictures, prepare })
    }
}

impl Followed {
    /// The pictures as an init would be written; none: the music draws them.
    pub fn init(&self) -> Option<&str> {
        match &self.pictures {
            Pictures::Named(name) => Some(name),
            Pictures::Music(_) => None,
        }
    }

    /// Whether waveform or spectrum is drawn.
    pub fn wants_a_scope(&self) -> bool {
        matches!(&self.pictures, Pictures::Music(music) if music.wants_a_scope())
    }
}

/// A control of a job, at its ControlNet's place among the model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// The parameter that is its strength, like `control.canny`.
    pub param: String,
    /// What is followed, as it is written.
    pub source: String,
    /// From which to which share of the steps it acts, 0 to 1.
    pub span: (f32, f32),
    pub(super) followed: Followed,
    /// SHA-256 of what was heard that it is drawn from; empty where the music draws nothing.
    heard: String,
}

impl Control {
    /// The control that is written `source`; `material` is what was heard.
    ///
    /// # Errors
    /// Usage: there is no such source.
    pub fn new(param: String, source: String, span: (f32, f32), material: &Material) -> Result<Self> {
        let followed: Followed = source.parse()?;
        let heard = match followed.init() {
            Some(_) => String::new(),
            None => {
                let mut digest = Digest::default();
                digest.update(format!("{:?} {:?} {:?}", material.beats, material.bars, material.hits));
                digest.finish()
            }
        };
        Ok(Control { param, source, span, followed, heard })
    }
}

impl Control {
    /// Whether it is drawn from waveform or spectrum.
    pub fn wants_a_scope(&self) -> bool {
        self.followed.wants_a_scope()
    }
}

impl fmt::Display for Control {
    /// All that decides what is seen, but for the files of pictures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = self.span;
        write!(f, "{} {} {start} {end} {}", self.param, self.source, self.heard)
    }
}

impl Serialize for Control {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preparations_may_stand_anywhere_behind_a_name() {
        let read = |text: &str| text.parse::<Followed>().unwrap();
        let clip = read("Me, myself.mp4,prepare=luminance+canny@60-120,fit=contain");
        assert_eq!(clip.init(), Some("Me, myself.mp4,fit=contain"));
        assert_eq!(clip.prepare.len(), 2);
        assert_eq!(read("draw:tunnel").init(), Some("draw:tunnel"));
        let music = read("music:spectrum,form=ring,prepare=invert");
        assert!(music.init().is_none() && music.wants_a_scope() && !read("music:tunnel").wants_a_scope());
        for wrong in [
            "",
            "prepare=canny",
            "a.png,prepare=depth",
            "a.png,prepare=",
            "music:choir",
            "music:rings,form=ring",
            "draw:nothing",
            "a.png,prepare=blur@x",
            "a.png,prepare=blur,prepare=canny",
        ] {
            assert!(wrong.parse::<Followed>().is_err(), "{wrong}");
        }
    }
}
