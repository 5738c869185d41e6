//! Layers as they are written down, and what is usual for each kind.

use crate::error::Result;
use crate::score::clock::Length;
use crate::score::param::ParamRef;
use crate::score::place::Place;
use crate::score::slot::{SlotKind, Slots, slot};

/// Most layers of a preset, and of a project.
pub const MOST: usize = 16;

/// A thing that is drawn over the pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What routes call it.
    pub name: String,
    /// What it shows.
    pub kind: LayerKind,
    /// Where on the track it is seen.
    pub place: Place,
    /// Its middle, as shares of the picture's width and height.
    pub at: (f32, f32),
    /// How large it is, as a share of the picture's height: letters, bars, radius.
    pub size: f32,
    /// Its colour.
    pub color: Tint,
    /// The colour of what has been sung.
    pub sung: Tint,
    /// How it gets onto the picture.
    pub blend: LayerBlend,
    /// Seconds in which it, or a line of it, comes and goes.
    pub fade: (f64, f64),
    /// A font's file; none: the program's own.
    pub font: Option<String>,
    /// Its text, where it is a title; none: artist and title of the track.
    pub text: Option<String>,
}

/// What a layer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// The lyrics.
    Lyrics(Singing),
    /// A title.
    Title,
    /// The wave of what is heard.
    Waveform(Form),
    /// Its spectrum, low to high.
    Spectrum(Form),
    /// Particles that are born on hits.
    Particles(Hits),
    /// A ring for every beat.
    Rings,
}

/// How lyrics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Singing {
    /// Line by line.
    Line,
    /// Word by word.
    Words,
    /// The line, filled as it is sung.
    Karaoke,
}

/// The form of a waveform or a spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Along a line.
    Line,
    /// Around a circle.
    Ring,
}

/// What particles are born on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// The bass drum.
    Kick,
    /// The snare drum.
    Snare,
    /// The hi-hat.
    Hat,
    /// Everything that begins.
    Onset,
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// The picture's own, in every frame.
    Picture,
    /// Red, green and blue.
    Rgb([u8; 3]),
}

/// How a layer gets onto the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerBlend {
    /// It covers the picture.
    Normal,
    /// Its light is added.
    Add,
    /// The same, softly towards white.
    Screen,
    /// The picture takes its colour on.
    Multiply,
}

impl Layer {
    /// The layer called `name` of this kind, with everything else as it usually is.
    pub fn usual(name: &str, kind: LayerKind) -> Self {
        let white = Tint::Rgb([255; 3]);
        let (at, size, color, blend, fade) = match kind {
            LayerKind::Lyrics(_) => ((0.5, 0.82), 0.075, white, LayerBlend::Normal, (0.1, 0.2)),
            LayerKind::Title => ((0.5, 0.5), 0.11, white, LayerBlend::Normal, (0.8, 0.8)),
            LayerKind::Waveform(Form::Line) => {
                ((0.5, 0.5), 0.15, Tint::Picture, LayerBlend::Screen, (0.0, 0.0))
            }
            LayerKind::Spectrum(Form::Line) => {
                ((0.5, 0.98), 0.25, Tint::Picture, LayerBlend::Screen, (0.0, 0.0))
            }
            LayerKind::Waveform(Form::Ring) | LayerKind::Spectrum(Form::Ring) => {
                ((0.5, 0.5), 0.25, Tint::Picture, LayerBlend::Screen, (0.0, 0.0))
            }
            LayerKind::Particles(_) => ((0.5, 0.5), 0.4, Tint::Picture, LayerBlend::Add, (0.0, 0.0)),
            LayerKind::Rings => ((0.5, 0.5), 0.6, Tint::Picture, LayerBlend::Screen, (0.0, 0.0)),
        };
        let place = match kind {
            LayerKind::Title => Place::Between(Length::Seconds(0.0), Length::Seconds(6.0)),
            _ => Place::Everywhere,
        };
        let sung = Tint::Picture;
        let name = name.to_owned();
        Layer { name, kind, place, at, size, color, sung, blend, fade, font: None, text: None }
    }

    /// The parameters that routes can turn: opacity, size, x, y.
    pub fn params(&self) -> [ParamRef; 4] {
        PARAMS.map(|kind| slot(kind, &self.name))
    }
}

/// What a layer has in the slots.
const PARAMS: [SlotKind; 4] =
    [SlotKind::LayerOpacity, SlotKind::LayerSize, SlotKind::LayerX, SlotKind::LayerY];

/// The slots of these layers.
///
/// # Errors
/// Usage: two of them share a name, or one can't be called so.
pub fn slots(layers: &[Layer]) -> Result<Slots> {
    Slots::new(layers.iter().flat_map(|layer| PARAMS.map(|kind| (kind, layer.name.as_str()))))
}

/// Whether `param` is how much is seen of the layer called `name`.
pub fn is_opacity_of(param: &ParamRef, layer: &Layer) -> bool {
    param.name.strip_prefix("layer.").and_then(|rest| rest.strip_suffix(".opacity")) == Some(&layer.name)
}
