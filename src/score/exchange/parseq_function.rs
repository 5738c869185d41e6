//! What Parseq's formulas can call: oscillators, ways from keyframe to keyframe, arithmetic.

use super::spline::Spline;

/// Where a formula is computed.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The frame.
    pub frame: f64,
    /// The keyframes of the field.
    pub keys: &'a Spline,
    /// What it was in the frame before.
    pub before: f64,
    /// Frames a second.
    pub fps: f64,
    /// Beats a minute.
    pub bpm: f64,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// As it is written.
    pub name: &'static str,
    /// The names of each argument.
    pub args: &'static [&'static [&'static str]],
    /// How many arguments, the first ones, can't be left out.
    pub needed: usize,
    /// Its formula.
    pub apply: fn(&[Option<f64>], &At) -> f64,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const VALUE: &[&[&str]] = &[&["v"]];
const TWO: &[&[&str]] = &[&["a"], &["b"]];
const PLACES: &[&[&str]] = &[&["v"], &["p"]];
const WAVE: &[&[&str]] = &[
    &["period", "p"],
    &["phase", "ps"],
    &["amp", "a"],
    &["centre", "c"],
    &["limit", "li"],
    &["pulse", "pw"],
];
const SLIDE: &[&[&str]] = &[&["from", "start", "s"], &["to", "end", "t"], &["span", "in"], &["offset", "os"]];
const BEZIER: &[&[&str]] = &[
    &["x1"],
    &["y1"],
    &["x2"],
    &["y2"],
    &["from", "start"],
    &["to", "end", "t"],
    &["span", "in", "s"],
    &["offset", "os"],
    &["curve", "c"],
    &["d", "delta"],
];

const fn row(
    name: &'static str,
    args: &'static [&'static [&'static str]],
    needed: usize,
    apply: fn(&[Option<f64>], &At) -> f64,
) -> Function {
    Function { name, args, needed, apply }
}

/// Every function there is.
pub const FUNCTIONS: [Function; 30] = [
    row("min", TWO, 2, |a, _| of(a, 0, 0.0).min(of(a, 1, 0.0))),
    row("max", TWO, 2, |a, _| of(a, 0, 0.0).max(of(a, 1, 0.0))),
    row("abs", VALUE, 1, |a, _| of(a, 0, 0.0).abs()),
    // As JavaScript rounds: halves go up.
    row("round", PLACES, 1, |a, _| to_places(a, |x| (x + 0.5).floor())),
    row("floor", PLACES, 1, |a, _| to_places(a, f64::floor)),
    row("ceil", PLACES, 1, |a, _| to_places(a, f64::ceil)),
    row("sin", WAVE, 1, |a, at| wave(a, at, |x, _, _| (x * std::f64::consts::TAU).sin())),
    row("sq", WAVE, 1, |a, at| {
        wave(a, at, |x, _, _| if (x * std::f64::consts::TAU).sin() >= 0.0 { 1.0 } else { -1.0 })
    }),
    row("tri", WAVE, 1, |a, at| {
        wave(a, at, |x, _, _| (x * std::f64::consts::TAU).sin().asin() * std::f64::consts::FRAC_2_PI)
    }),
    row("saw", WAVE, 1, |a, at| wave(a, at, |x, _, _| x % 1.0)),
    row("pulse", WAVE, 1, |a, at| {
        wave(a, at, |x, period, width| if x % 1.0 * period < width - 1e-9 { 1.0 } else { 0.0 })
    }),
    row("slide", SLIDE, 0, slide),
    row("bez", BEZIER, 0, bezier),
    row("f2b", VALUE, 1, |a, at| of(a, 0, 0.0) * at.bpm / 60.0 / at.fps),
    row("f2s", VALUE, 1, |a, at| of(a, 0, 0.0) / at.fps),
    row("b2f", VALUE, 1, |a, at| of(a, 0, 0.0) * 60.0 * at.fps / at.bpm),
    row("s2f", VALUE, 1, |a, at| of(a, 0, 0.0) * at.fps),
    row("_sin", VALUE, 1, |a, _| of(a, 0, 0.0).sin()),
    row("_cos", VALUE, 1, |a, _| of(a, 0, 0.0).cos()),
    row("_tan", VALUE, 1, |a, _| of(a, 0, 0.0).tan()),
    row("_asin", VALUE, 1, |a, _| of(a, 0, 0.0).asin()),
    row("_acos", VALUE, 1, |a, _| of(a, 0, 0.0).acos()),
    row("_atan", VALUE, 1, |a, _| of(a, 0, 0.0).atan()),
    row("_log", VALUE, 1, |a, _| of(a, 0, 0.0).ln()),
    row("_log2", VALUE, 1, |a, _| of(a, 0, 0.0).log2()),
    row("_log10", VALUE, 1, |a, _| of(a, 0, 0.0).log10()),
    row("_exp", VALUE, 1, |a, _| of(a, 0, 0.0).exp()),
    row("_sqrt", VALUE, 1, |a, _| of(a, 0, 0.0).sqrt()),
    row("_tanh", VALUE, 1, |a, _| of(a, 0, 0.0).tanh()),
    row("_sign", VALUE, 1, |a, _| if of(a, 0, 0.0) == 0.0 { 0.0 } else { of(a, 0, 0.0).signum() }),
];

fn of(args: &[Option<f64>], i: usize, otherwise: f64) -> f64 {
    args.get(i).copied().flatten().unwrap_or(otherwise)
}

fn to_places(args: &[Option<f64>], to: fn(f64) -> f64) -> f64 {
    let parts = 10f64.powi(of(args, 1, 0.0).clamp(-15.0, 15.0) as i32);
    to(of(args, 0, 0.0) * parts) / parts
}

/// An oscillator: `shape` of periods gone by, the period and the pulse's width; nothing behind its limit.
fn wave(args: &[Option<f64>], at: &At, shape: fn(f64, f64, f64) -> f64) -> f64 {
    let (period, limit) = (of(args, 0, 0.0), of(args, 4, 0.0));
    if limit > 0.0 && at.frame - at.keys.active(at.frame).0 > limit * period {
        return 0.0;
    }
    let periods = (at.frame + of(args, 1, 0.0)) / period;
    // What is a whole number of periods but for rounding.
    let periods = if (periods - periods.round()).abs() < 1e-9 { periods.round() } else { periods };
    of(args, 3, 0.0) + shape(periods, period, of(args, 5, 5.0)) * of(args, 2, 1.0)
}

/// From one value to another in so many frames since the keyframe, by default those of the keyframes around.
fn slide(args: &[Option<f64>], at: &At) -> f64 {
    let ((start, from), (end, to)) = (at.keys.active(at.frame), at.keys.next(at.frame));
    let (from, to) = (of(args, 0, from), of(args, 1, to));
    let (span, gone) = (of(args, 2, end - start), at.frame - start);
    if span == 0.0 {
        return from;
    }
    if gone >= span { to } else { from + (to - from) * gone / span }
}

/// The same along a cubic Bézier curve from (0, 0) to (1, 1), as in CSS (Level 1 of its easing functions).
fn bezier(args: &[Option<f64>], at: &At) -> f64 {
    let ((start, from), (end, to)) = (at.keys.active(at.frame), at.keys.next(at.frame));
    let from = of(args, 4, from);
    let to = if of(args, 9, 0.0) == 0.0 { of(args, 5, to) } else { from + of(args, 9, 0.0) };
    let span = of(args, 6, end - start);
    if span == 0.0 {
        return from;
    }
    let offset = of(args, 7, 2.0);
    let x = if offset.abs() < 1.0 { offset } else { (at.frame - start) / span };
    let [x1, y1, x2, y2] = [(0, 0.5), (1, 0.0), (2, 0.5), (3, 1.0)].map(|(i, d)| of(args, i, d));
    if x >= 1.0 { to } else { from + (to - from) * ease([x1, x2], [y1, y2], x) }
}

/// The height of the Bézier curve with these control points at `x`, by bisection.
fn ease(xs: [f64; 2], ys: [f64; 2], x: f64) -> f64 {
    let at = |[a, b]: [f64; 2], t: f64| {
        let u = 1.0 - t;
        3.0 * u * u * t * a + 3.0 * u * t * t * b + t * t * t
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if at(xs, middle) < x { low = middle } else { high = middle }
    }
    at(ys, 0.5 * (low + high))
}

/// CSS's named curves and their kin: control points x1, y1, x2, y2.
pub const CURVES: [(&[&str], [f64; 4]); 31] = [
    (&["ease"], [0.25, 0.1, 0.25, 1.0]),
    (&["ease-in", "easeIn"], [0.42, 0.0, 1.0, 1.0]),
    (&["ease-out", "easeOut"], [0.0, 0.0, 0.58, 1.0]),
    (&["ease-in-out", "easeInOut"], [0.42, 0.0, 0.58, 1.0]),
    (&["linear"], [0.0, 0.0, 1.0, 1.0]),
    (&["step-start", "stepStart"], [0.0, 0.0, 0.0, 1.0]),
    (&["step-end", "stepEnd"], [1.0, 0.0, 1.0, 1.0]),
    (&["easeInSine", "easeIn1"], [0.12, 0.0, 0.39, 0.0]),
    (&["easeOutSine", "easeOut1"], [0.61, 1.0, 0.88, 1.0]),
    (&["easeInOutSine", "easeInOut1"], [0.37, 0.0, 0.63, 1.0]),
    (&["easeInQuad", "easeIn2"], [0.11, 0.0, 0.5, 0.0]),
    (&["easeOutQuad", "easeOut2"], [0.5, 1.0, 0.89, 1.0]),
    (&["easeInOutQuad", "easeInOut2"], [0.45, 0.0, 0.55, 1.0]),
    (&["easeInCubic", "easeIn3"], [0.32, 0.0, 0.67, 0.0]),
    (&["easeOutCubic", "easeOut3"], [0.33, 1.0, 0.68, 1.0]),
    (&["easeInOutCubic", "easeInOut3"], [0.65, 0.0, 0.35, 1.0]),
    (&["easeInQuart", "easeIn4"], [0.5, 0.0, 0.75, 0.0]),
    (&["easeOutQuart", "easeOut4"], [0.25, 1.0, 0.5, 1.0]),
    (&["easeInOutQuart", "easeInOut4"], [0.76, 0.0, 0.24, 1.0]),
    (&["easeInQuint", "easeIn5"], [0.64, 0.0, 0.78, 0.0]),
    (&["easeOutQuint", "easeOut5"], [0.22, 1.0, 0.36, 1.0]),
    (&["easeInOutQuint", "easeInOut5"], [0.83, 0.0, 0.17, 1.0]),
    (&["easeInExpo", "easeIn6"], [0.7, 0.0, 0.84, 0.0]),
    (&["easeOutExpo", "easeOut6"], [0.16, 1.0, 0.3, 1.0]),
    (&["easeInOutExpo", "easeInOut6"], [0.87, 0.0, 0.13, 1.0]),
    (&["easeInCirc"], [0.55, 0.0, 1.0, 0.45]),
    (&["easeOutCirc"], [0.0, 0.55, 0.45, 1.0]),
    (&["easeInOutCirc"], [0.85, 0.0, 0.15, 1.0]),
    (&["easeInBack"], [0.36, 0.0, 0.66, -0.56]),
    (&["easeOutBack"], [0.34, 1.56, 0.64, 1.0]),
    (&["easeInOutBack"], [0.68, -0.6, 0.32, 1.6]),
];
