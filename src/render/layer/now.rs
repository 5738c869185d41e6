//! A layer in one frame: its place, size, colour and opacity, as timeline and picture have them.

use crate::render::rate;
use crate::score::{Layer, LayerBlend, LayerKind, ShownLayer, Timeline, Tint};
use crate::units::{Seconds, ShownFrame, Size};
use crate::video::{Ink, Mix};

/// A layer in one frame.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Index of the frame.
    pub frame: u64,
    /// The time that it shows: its middle, in seconds.
    pub time: f64,
    /// Seconds that a frame is shown.
    pub period: f64,
    /// The picture's size.
    pub picture: Size,
    /// The layer's middle, in pixels.
    pub at: (f32, f32),
    /// Its size, in pixels.
    pub size: f32,
    /// Its colour, and how it gets onto the picture.
    pub ink: Ink,
    /// The colour of what was sung.
    pub sung: [u8; 3],
    /// What all chance depends on.
    pub seed: u64,
}

/// A layer in a frame; none where it isn't seen.
pub fn now(
    timeline: &Timeline,
    shown: &ShownLayer,
    (index, seed): (ShownFrame, u64),
    picture: Size,
    own: [u8; 3],
) -> Option<Now> {
    let (layer, source) = (&shown.layer, rate::generated(index));
    let period = timeline.fps.period().0;
    let time = timeline.start.0 + timeline.fps.start_of(source).0 + period / 2.0;
    let [opacity, size, x, y] = layer.params().map(|param| timeline.value(param, source));
    let range = shown.when.iter().find(|range| range.contains(&time))?;
    // Lyrics come and go line by line.
    let fade = match layer.kind {
        LayerKind::Lyrics(_) => 1.0,
        _ => faded(layer, (range.start, range.end), Seconds(time), period),
    };
    let tint = |tint| match tint {
        Tint::Picture => own,
        Tint::Rgb(rgb) => rgb,
    };
    let mix = match layer.blend {
        LayerBlend::Normal => Mix::Normal,
        LayerBlend::Add => Mix::Add,
        LayerBlend::Screen => Mix::Screen,
        LayerBlend::Multiply => Mix::Multiply,
    };
    let ink = Ink { color: tint(layer.color), mix, opacity: opacity * fade };
    let (width, height) = (picture.width as f32, picture.height as f32);
    (ink.opacity > 0.0).then_some(Now {
        frame: index.0,
        time,
        period,
        picture,
        at: ((layer.at.0 + x) * width, (layer.at.1 + y) * height),
        size: layer.size * size * height,
        ink,
        sung: tint(layer.sung),
        seed,
    })
}

/// How much is there of what is seen between two times: what begins within a frame has begun by its end.
pub fn faded(layer: &Layer, (start, end): (f64, f64), now: Seconds, period: f64) -> f32 {
    let share = |since: f64, fade: f64| if fade > 0.0 { (since / fade).clamp(0.0, 1.0) } else { 1.0 };
    let (fade_in, fade_out) = layer.fade;
    // What is short comes and goes within its time.
    let scale = ((end - start) / (fade_in + fade_out).max(1e-9)).min(1.0);
    let (comes, goes) = (
        share(now.0 + period / 2.0 - start, fade_in * scale),
        share(end - now.0 + period / 2.0, fade_out * scale),
    );
    comes.min(goes) as f32
}
