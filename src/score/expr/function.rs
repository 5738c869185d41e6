//! The function table: everything an expression can call, and the operators between numbers.

use crate::noise::{Stream, uniform};
use crate::score::grid::Reduce;
use crate::score::markdown::aligned;
use std::f64::consts::TAU;

/// A row of the table.
#[derive(Debug)]
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// Its formula.
    pub about: &'static str,
    /// How many arguments it has.
    pub(super) args: usize,
    /// What the last ones are where they are left out.
    pub(super) defaults: &'static [f64],
    pub(super) apply: fn(&[f64; Function::MOST]) -> f64,
    pub(super) shows: Shows,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a frame shows of a result that changes inside it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shows {
    /// This; the function repeats in a length, its first argument.
    Its(Reduce),
    /// What its arguments show, upside down for the one in which it falls.
    Arguments { falls_in: Option<usize> },
}

impl Function {
    /// Most arguments of any function.
    pub(super) const MOST: usize = 3;

    /// Whether the first argument is a length.
    pub(super) fn is_cyclic(&self) -> bool {
        matches!(self.shows, Shows::Its(_))
    }
}

const RISES: Shows = Shows::Arguments { falls_in: None };

const fn row(
    (name, usage, about): (&'static str, &'static str, &'static str),
    args: usize,
    apply: fn(&[f64; Function::MOST]) -> f64,
) -> Function {
    Function { name, usage, about, args, defaults: &[], apply, shows: RISES }
}

/// A function of u, how often its length has gone by; `defaults` are those of all further arguments.
const fn cyclic(
    (name, usage, about): (&'static str, &'static str, &'static str),
    defaults: &'static [f64],
    shows: Reduce,
    apply: fn(&[f64; Function::MOST]) -> f64,
) -> Function {
    Function { name, usage, about, args: 1 + defaults.len(), defaults, apply, shows: Shows::Its(shows) }
}

/// Every function there is.
pub const TABLE: &[Function] = &[
    cyclic(
        (
            "sine",
            "sine(2 bars, phase)",
            "0 on the beat, softly up to 1 and back: (1 - cos(2 pi (u + phase))) / 2",
        ),
        &[0.0],
        Reduce::Mean,
        |a| 0.5 - 0.5 * (TAU * (a[0] + a[1])).cos(),
    ),
    cyclic(
        ("triangle", "triangle(2 bars, phase)", "0 on the beat, straight up to 1 and back"),
        &[0.0],
        Reduce::Mean,
        |a| 1.0 - (2.0 * fraction(a[0] + a[1]) - 1.0).abs(),
    ),
    cyclic(
        ("saw", "saw(2 bars, phase)", "0 on the beat, straight up to 1, then 0 again"),
        &[0.0],
        Reduce::Min,
        |a| fraction(a[0] + a[1]),
    ),
    cyclic(
        ("pulse", "pulse(1 beats, phase, width)", "1 from the beat on for the share `width`, then 0"),
        &[0.0, 0.5],
        Reduce::Max,
        |a| truth(fraction(a[0] + a[1]) < a[2]),
    ),
    cyclic(
        ("noise", "noise(1 bars, seed)", "wanders between 0 and 1, to a new place in every length"),
        &[0.0],
        Reduce::Mean,
        |a| {
            let (from, to) = (lot(a[1], a[0].floor()), lot(a[1], a[0].floor() + 1.0));
            from + (to - from) * smoothstep(fraction(a[0]))
        },
    ),
    cyclic(
        ("random", "random(1 beats, seed)", "a new random number between 0 and 1 for every such length"),
        &[0.0],
        Reduce::Last,
        |a| lot(a[1], a[0].floor()),
    ),
    row(("min", "min(a, b)", "the smaller one"), 2, |a| a[0].min(a[1])),
    row(("max", "max(a, b)", "the larger one"), 2, |a| a[0].max(a[1])),
    row(("clamp", "clamp(x, low, high)", "x kept between low and high"), 3, |a| a[0].max(a[1]).min(a[2])),
    row(("mix", "mix(a, b, x)", "a + (b - a) x"), 3, |a| a[0] + (a[1] - a[0]) * a[2]),
    row(("smooth", "smooth(low, high, x)", "0 below low, 1 above high, between them 3t^2 - 2t^3"), 3, |a| {
        smoothstep(((a[2] - a[0]) / (a[1] - a[0])).clamp(0.0, 1.0))
    }),
    row(("if", "if(condition, a, b)", "a where the condition isn't 0, else b"), 3, |a| {
        if a[0] != 0.0 { a[1] } else { a[2] }
    }),
    row(("abs", "abs(x)", "x without its sign"), 1, |a| a[0].abs()),
    row(("floor", "floor(x)", "the whole number at or below x"), 1, |a| a[0].floor()),
    row(("sqrt", "sqrt(x)", "square root; 0 below 0"), 1, |a| a[0].max(0.0).sqrt()),
    row(("exp", "exp(x)", "e to the power of x"), 1, |a| a[0].exp()),
    row(("sin", "sin(x)", "sine of x in radians"), 1, |a| a[0].sin()),
    row(("cos", "cos(x)", "cosine of x in radians"), 1, |a| a[0].cos()),
];

/// An operator that falls in its argument `falls_in`.
const fn sign(
    name: &'static str,
    falls_in: Option<usize>,
    apply: fn(&[f64; Function::MOST]) -> f64,
) -> Function {
    let shows = Shows::Arguments { falls_in };
    Function { name, usage: name, about: "", args: 2, defaults: &[], apply, shows }
}

/// What stands between or before numbers; comparisons give 1 or 0.
pub(super) const OPERATORS: &[Function] = &[
    sign("+", None, |a| a[0] + a[1]),
    sign("-", Some(1), |a| a[0] - a[1]),
    sign("*", None, |a| a[0] * a[1]),
    sign("/", Some(1), |a| a[0] / a[1]),
    sign("%", None, |a| a[0].rem_euclid(a[1])),
    sign("^", None, |a| a[0].powf(a[1])),
    sign("negative", Some(0), |a| -a[0]),
    sign("not", Some(0), |a| truth(a[0] == 0.0)),
    sign("and", None, |a| truth(a[0] != 0.0 && a[1] != 0.0)),
    sign("or", None, |a| truth(a[0] != 0.0 || a[1] != 0.0)),
    sign("==", None, |a| truth(a[0] == a[1])),
    sign("!=", None, |a| truth(a[0] != a[1])),
    sign("<", Some(0), |a| truth(a[0] < a[1])),
    sign("<=", Some(0), |a| truth(a[0] <= a[1])),
    sign(">", Some(1), |a| truth(a[0] > a[1])),
    sign(">=", Some(1), |a| truth(a[0] >= a[1])),
];

/// The functions as text: a Markdown table that is also readable in a terminal.
pub fn table() -> String {
    aligned(["function", "what it gives"], TABLE.iter().map(|f| [f.usage.to_owned(), f.about.to_owned()]))
}

/// 1 for what is, 0 for what is not.
pub fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// What is behind the point: in [0, 1), also below 0.
fn fraction(u: f64) -> f64 {
    u - u.floor()
}

fn smoothstep(x: f64) -> f64 {
    x * x * (3.0 - 2.0 * x)
}

/// The number in [0, 1) that turn `turn` has drawn.
fn lot(seed: f64, turn: f64) -> f64 {
    f64::from(uniform(seed as i64 as u64, Stream::Score, turn as i64 as u64))
}
