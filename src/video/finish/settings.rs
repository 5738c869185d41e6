//! Finish settings: what is done to one frame, as numbers.

use super::grain::Grain;
use super::ripple::Ripple;
use super::tame::tame;
use super::tone::Tone;

/// What is done to one frame. [`Finish::NONE`] changes nothing but the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// How the picture's colours are held to those that the take began with.
    pub colour_match: ColourMatch,
    /// Enlargement about the centre; 1 = none. Used between 0.1 and 16.
    pub zoom: f32,
    /// Turn about the centre in degrees, clockwise.
    pub roll: f32,
    /// Movement to the right, as a fraction of the picture's width.
    pub shift_x: f32,
    /// Movement downwards, as a fraction of the picture's height.
    pub shift_y: f32,
    /// Photographic stops: +1 doubles the light. Used between -16 and 16.
    pub exposure: f32,
    /// How far everything goes towards white, from 0 to 1.
    pub flash: f32,
    /// Strength of colour: 0 = grey, 1 = unchanged. Used between 0 and 8.
    pub saturation: f32,
    /// Turn of all hues in degrees; brightness stays.
    pub hue: f32,
    /// Light that spills from bright places, from 0 to 2.
    pub glow: f32,
    /// The middle of kaleidoscope, ripple and trails: how far right of the picture's and how far below, in its widths and
    /// heights. Used between -1 and 1.
    pub centre: [f32; 2],
    /// Mirrors through the centre, that many lines at even angles; 0 = none, 1 = two alike halves. Used up to 24.
    pub kaleidoscope: u32,
    /// How far the mirrors are turned, in degrees, clockwise.
    pub kaleidoscope_turn: f32,
    /// Rings that run outwards from the centre.
    pub ripple: Ripple,
    /// How far the picture wavers, from 0 to 1.
    pub displace: f32,
    /// When it wavers: the picture's time in seconds.
    pub time: f32,
    /// How much of the picture gives way to its outlines, which light up, from 0 to 2.
    pub edges: f32,
    /// How much soft outlines are sharpened, from 0 to 1.
    pub sharpen: f32,
    /// What stays of the picture before.
    pub trails: Trails,
    /// How much of the take before is still shown after a cut.
    pub cut: Cut,
    /// Whether the take begins with this picture.
    pub begins: bool,
    /// Whether the picture after this one asks for it: trails, or a cut over which it stays.
    pub kept: bool,
    /// Light that spills near and far, from 0 to 2.
    pub bloom: f32,
    /// How far red and blue come apart towards the corners, from 0 to 1.
    pub aberration: f32,
    /// Lift, gamma, gain and temperature.
    pub tone: Tone,
    /// How much of the look-up table is taken, where there is one, from 0 to 1.
    pub lut: f32,
    /// How few levels a colour has: from 256 at 0 to 2 at 1.
    pub posterise: f32,
    /// How much darker the corners are, from 0 to 1.
    pub vignette: f32,
    /// How dark the gaps between the lines of a screen are, from 0 to 1.
    pub scanlines: f32,
    /// The grain of film on top of everything.
    pub grain: Grain,
    /// The share of the height that black bars cover, from 0 to 1.
    pub letterbox: f32,
}

/// How colours are held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourMatch {
    /// How far they are led back, from 0 to 1.
    pub strength: f32,
    /// Whether other colours are meant from this picture on.
    pub anew: bool,
    /// Over how many pictures they are averaged.
    pub over: f32,
}

impl ColourMatch {
    /// Colours stay as they are.
    pub const NONE: ColourMatch = ColourMatch { strength: 0.0, anew: false, over: 16.0 };
}

/// What stays of the finished picture before, from one frame to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trails {
    /// How much of its brightness stays, from 0 to below 1.
    pub keep: f32,
    /// How much it is enlarged about the centre. Used between 0.5 and 2.
    pub zoom: f32,
    /// How far it is turned about the centre, in degrees, clockwise.
    pub turn: f32,
}

impl Trails {
    /// Nothing stays.
    pub const NONE: Trails = Trails { keep: 0.0, zoom: 1.0, turn: 0.0 };
}

/// How much of the last picture of the take before is still shown, from 1 (all of it) to 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Mixed with the new one.
    pub dissolve: f32,
    /// At the side to which the new one hasn't come.
    pub wipe: f32,
}

impl Cut {
    /// Nothing of it.
    pub const HARD: Cut = Cut { dissolve: 0.0, wipe: 0.0 };
}

impl Finish {
    /// No effect at all.
    pub const NONE: Finish = Finish {
        colour_match: ColourMatch::NONE,
        zoom: 1.0,
        roll: 0.0,
        shift_x: 0.0,
        shift_y: 0.0,
        exposure: 0.0,
        flash: 0.0,
        saturation: 1.0,
        hue: 0.0,
        glow: 0.0,
        centre: [0.0; 2],
        kaleidoscope: 0,
        kaleidoscope_turn: 0.0,
        ripple: Ripple::NONE,
        displace: 0.0,
        time: 0.0,
        edges: 0.0,
        sharpen: 0.0,
        trails: Trails::NONE,
        cut: Cut::HARD,
        begins: false,
        kept: false,
        bloom: 0.0,
        aberration: 0.0,
        tone: Tone::NONE,
        lut: 1.0,
        posterise: 0.0,
        vignette: 0.0,
        scanlines: 0.0,
        grain: Grain::NONE,
        letterbox: 0.0,
    };

    /// The same with every value in the range that is used; what is no number has no effect.
    pub(super) fn tamed(self) -> Self {
        let none = Finish::NONE;
        let turn = |v: f32| tame(v, 0.0, -1e6, 1e6) % 360.0;
        let share = |v: f32| tame(v, 0.0, 0.0, 1.0);
        let colour_match = ColourMatch {
            strength: share(self.colour_match.strength),
            over: tame(self.colour_match.over, 16.0, 1.0, 1e4),
            ..self.colour_match
        };
        Finish {
            colour_match,
            zoom: tame(self.zoom, none.zoom, 0.1, 16.0),
            roll: turn(self.roll),
            shift_x: tame(self.shift_x, none.shift_x, -2.0, 2.0),
            shift_y: tame(self.shift_y, none.shift_y, -2.0, 2.0),
            exposure: tame(self.exposure, none.exposure, -16.0, 16.0),
            flash: share(self.flash),
            saturation: tame(self.saturation, none.saturation, 0.0, 8.0),
            hue: turn(self.hue),
            glow: tame(self.glow, none.glow, 0.0, 2.0),
            centre: self.centre.map(|v| tame(v, 0.0, -1.0, 1.0)),
            kaleidoscope: self.kaleidoscope.min(24),
            kaleidoscope_turn: turn(self.kaleidoscope_turn),
            ripple: self.ripple.tamed(),
            displace: share(self.displace),
            time: tame(self.time, 0.0, 0.0, 1e6),
            edges: tame(self.edges, none.edges, 0.0, 2.0),
            sharpen: share(self.sharpen),
            trails: Trails {
                keep: tame(self.trails.keep, 0.0, 0.0, 0.999),
                zoom: tame(self.trails.zoom, 1.0, 0.5, 2.0),
                turn: turn(self.trails.turn),
            },
            cut: Cut { dissolve: share(self.cut.dissolve), wipe: share(self.cut.wipe) },
            bloom: tame(self.bloom, none.bloom, 0.0, 2.0),
            aberration: share(self.aberration),
            tone: self.tone.tamed(),
            lut: share(self.lut),
            posterise: share(self.posterise),
            vignette: share(self.vignette),
            scanlines: share(self.scanlines),
            grain: Grain { amount: share(self.grain.amount), ..self.grain },
            letterbox: share(self.letterbox),
            ..self
        }
    }
}

impl Default for Finish {
    fn default() -> Self {
        Finish::NONE
    }
}
