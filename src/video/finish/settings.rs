//! Finish settings: what is done to one frame, as numbers.

use super::grain::Grain;

/// What is done to one frame. [`Finish::NONE`] changes nothing but the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
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
    /// The grain of film on top of everything.
    pub grain: Grain,
}

impl Finish {
    /// No effect at all.
    pub const NONE: Finish = Finish {
        zoom: 1.0,
        roll: 0.0,
        shift_x: 0.0,
        shift_y: 0.0,
        exposure: 0.0,
        flash: 0.0,
        saturation: 1.0,
        hue: 0.0,
        glow: 0.0,
        grain: Grain::NONE,
    };

    /// The same with every value in the range that is used; what is no number has no effect.
    pub(super) fn tamed(self) -> Self {
        let none = Finish::NONE;
        let tame =
            |v: f32, none: f32, low: f32, high: f32| if v.is_finite() { v.clamp(low, high) } else { none };
        Finish {
            zoom: tame(self.zoom, none.zoom, 0.1, 16.0),
            roll: tame(self.roll, none.roll, -1e6, 1e6) % 360.0,
            shift_x: tame(self.shift_x, none.shift_x, -2.0, 2.0),
            shift_y: tame(self.shift_y, none.shift_y, -2.0, 2.0),
            exposure: tame(self.exposure, none.exposure, -16.0, 16.0),
            flash: tame(self.flash, none.flash, 0.0, 1.0),
            saturation: tame(self.saturation, none.saturation, 0.0, 8.0),
            hue: tame(self.hue, none.hue, -1e6, 1e6) % 360.0,
            glow: tame(self.glow, none.glow, 0.0, 2.0),
            grain: Grain { amount: tame(self.grain.amount, 0.0, 0.0, 1.0), ..self.grain },
        }
    }
}

impl Default for Finish {
    fn default() -> Self {
        Finish::NONE
    }
}
