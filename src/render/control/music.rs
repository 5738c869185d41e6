//! Control pictures that the music draws: spectrum, waveform, rings on beats, particles on hits, a tunnel at the bar's pace. White on black.

use crate::error::{Error, Result};
use crate::render::layer::{Moment, alone, tunnel};
use crate::score::{Hits, LayerForm, LayerKind, Material};
use crate::video::Frame;
use std::str::FromStr;

/// What begins them when they are written.
pub(super) const PREFIX: &str = "music:";

/// What the music draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Music {
    /// As a layer of this kind.
    Layer(LayerKind),
    /// A corridor of frames, one a beat, those of bars bolder.
    Tunnel,
}

impl FromStr for Music {
    type Err = Error;

    /// # Errors
    /// Usage: the music draws no such thing.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("the music draws no '{PREFIX}{text}'")).hint(
                "music:spectrum, music:waveform (both with form=ring), music:rings, music:particles (with on=kick), music:tunnel are there",
            )
        };
        let (name, setting) = match text.split_once(',') {
            Some((name, setting)) => (name.trim(), Some(setting.trim())),
            None => (text.trim(), None),
        };
        let form = match setting {
            None | Some("form=line") => Some(LayerForm::Line),
            Some("form=ring") => Some(LayerForm::Ring),
            Some(_) => None,
        };
        let on = match setting {
            None | Some("on=kick") => Some(Hits::Kick),
            Some("on=snare") => Some(Hits::Snare),
            Some("on=hat") => Some(Hits::Hat),
            Some("on=onset") => Some(Hits::Onset),
            Some(_) => None,
        };
        let kind = match (name, setting) {
            ("spectrum", _) => form.map(LayerKind::Spectrum),
            ("waveform", _) => form.map(LayerKind::Waveform),
            ("particles", _) => on.map(LayerKind::Particles),
            ("rings", None) => Some(LayerKind::Rings),
            ("tunnel", None) => return Ok(Music::Tunnel),
            _ => None,
        };
        kind.map(Music::Layer).ok_or_else(wrong)
    }
}

impl Music {
    /// Whether it needs waveform and spectrum.
    pub fn wants_a_scope(self) -> bool {
        matches!(self, Music::Layer(LayerKind::Waveform(_) | LayerKind::Spectrum(_)))
    }

    /// What it draws in a moment.
    pub fn frame(self, material: &Material, moment: Moment) -> Frame {
        match self {
            Music::Layer(kind) => alone(kind, material, moment),
            Music::Tunnel => tunnel(material, moment),
        }
    }
}
