//! Expressions: what a route listens to, from a plain signal to arithmetic over everything that was heard.
//!
//! Text goes in (`0.9 + 0.3 * kick * (section == 'B')`), a checked [`Expr`] comes out that has one value in every
//! cell of a grid. The idea: all that depends on the track is a *leaf*, sampled once over all cells; the rest is a
//! tree of pure functions of numbers. There are no loops and no names that can be bound, so the cost is bounded by
//! the number of nodes times that of cells. Where the result is no number (0/0), it counts as 0.

mod function;
mod lex;
mod parse;
mod tree;

pub(super) use function::truth;
pub use function::{TABLE as FUNCTIONS, table as function_table};
pub(super) use tree::Wrong;

use super::grid::{Cells, Reduce};
use super::keyframe::Keyframes;
use super::signal::Signal;
use crate::audio::Analysis;
use crate::error::Result;
use crate::units::Seconds;
use function::Shows;
use tree::{Leaf, Node};

/// A checked expression: a number in every cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    leaves: Vec<Leaf>,
    root: Node,
}

impl Expr {
    /// The signal alone, counting every `every`-th beat or bar.
    pub(super) fn signal(signal: &'static Signal, every: usize) -> Self {
        Expr { leaves: vec![Leaf::Signal(signal, every)], root: Node::Leaf(0) }
    }

    /// A curve of the preset alone.
    pub(super) fn curve(curve: &Keyframes) -> Self {
        Expr { leaves: vec![Leaf::Curve(curve.clone())], root: Node::Leaf(0) }
    }

    /// The expression that `text` writes down, over signals and the preset's `curves`.
    pub(super) fn parse(text: &str, curves: &[Keyframes]) -> Result<Self, Wrong> {
        let (leaves, root) = parse::Parser::new(text, curves)?.whole()?;
        Ok(Expr { leaves, root })
    }

    /// The labels of sections that it asks for.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.leaves.iter().filter_map(|leaf| match leaf {
            Leaf::Section(label) => Some(label.as_str()),
            _ => None,
        })
    }

    /// Whether `name` already means something in expressions.
    pub(super) fn is_taken(name: &str) -> bool {
        parse::WORDS.contains(&name) || FUNCTIONS.iter().any(|f| f.name == name) || Signal::find(name).is_ok()
    }

    /// What a frame shows of the cells in it: the largest of what is made of hits, the mean of what is smooth.
    pub(super) fn reduce(&self) -> Reduce {
        self.shown(&self.root)
    }

    fn shown(&self, node: &Node) -> Reduce {
        match node {
            Node::Number(_) => Reduce::Mean,
            Node::Leaf(i) => match &self.leaves[*i] {
                Leaf::Signal(signal, _) => signal.reduce(),
                Leaf::Curve(curve) if curve.steps() => Reduce::Last,
                Leaf::Curve(curve) if curve.jumps() => Reduce::Max,
                Leaf::Section(_) => Reduce::Last,
                Leaf::Curve(_) | Leaf::Time | Leaf::Turns(_) => Reduce::Mean,
            },
            Node::Call(function, args) => match function.shows {
                Shows::Its(reduce) => reduce,
                Shows::Arguments { falls_in } => {
                    let negative = args.iter().any(|a| matches!(a, Node::Number(x) if *x < 0.0));
                    let scaled_down = function.name == "*" && negative;
                    args.iter()
                        .enumerate()
                        .map(|(i, arg)| match self.shown(arg) {
                            shown if scaled_down || falls_in == Some(i) => shown.turned(),
                            shown => shown,
                        })
                        .fold(Reduce::Mean, Reduce::and)
                }
            },
        }
    }

    /// The value in every cell as it will be `ahead` later.
    ///
    /// # Errors
    /// Input, where the analysis lacks what is listened to.
    pub(super) fn sample(&self, analysis: &Analysis, cells: &Cells, ahead: Seconds) -> Result<Vec<f32>> {
        let leaves: Vec<Vec<f64>> =
            self.leaves.iter().map(|leaf| leaf.sample(analysis, cells, ahead)).collect::<Result<_>>()?;
        let value = |i| match self.root.value(&leaves, i) as f32 {
            v if v.is_finite() => v,
            _ => 0.0,
        };
        Ok((0..cells.count()).map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;
    use crate::score::grid::Span;
    use crate::units::FrameRate;
    use proptest::prelude::proptest;
    use std::f64::consts::TAU;

    fn cells(fps: u32, frames: u64) -> Cells {
        Cells::new(FrameRate::new(fps, 1).unwrap(), Span { start: Seconds(0.0), frames }, Seconds(0.0))
    }

    /// The value in every frame of the fixture: 120 bpm, bars of 2 s, sections A, B, A, B of 4 s.
    fn seen(text: &str, fps: u32) -> Vec<f32> {
        let expr = Expr::parse(text, &[]).unwrap_or_else(|w| panic!("{text}: {} {}", w.at, w.error));
        let cells = cells(fps, u64::from(fps) * 16);
        cells.frames(&expr.sample(&fixture(16.0), &cells, Seconds(0.0)).unwrap(), expr.reduce())
    }

    /// A number that doesn't depend on the track.
    fn number(text: &str) -> f32 {
        seen(text, 1)[0]
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("-2 ^ 2", -4.0),
            ("2 * -3", -6.0),
            ("7 % 4 + -1 % 4", 6.0),
            ("8 / 4 / 2", 1.0),
            ("1 + 1 == 2", 1.0),
            ("1 < 2 and 2 <= 2 or 0", 1.0),
            ("not 1 == 2", 1.0),
            ("1 > 2 or 3 != 3", 0.0),
            ("1e2 + .5", 100.5),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_follow_their_formulas() {
        for (text, expected) in [
            ("min(2, 3) + max(2, 3)", 5.0),
            ("clamp(5, 0, 2) + clamp(-5, 1, 2)", 3.0),
            ("abs(-3) + floor(2.7) + sqrt(16)", 9.0),
            ("mix(2, 4, 0.25)", 2.5),
            ("if(1 > 2, 10, 20)", 20.0),
            ("smooth(2, 4, 3)", 0.5),
            ("smooth(2, 4, 2.5)", 0.156_25),
            ("sin(pi / 2) + cos(0)", 2.0),
            ("exp(0)", 1.0),
            ("0 / 0", 0.0),
            ("1 / 0", 0.0),
        ] {
            assert!((number(text) - expected).abs() < 1e-6, "{text}: {}", number(text));
        }
    }

    /// At 100 frames a second a frame is two cells; the oscillators' formulas hold in its middle.
    #[test]
    fn oscillators_are_locked_to_beats_bars_and_seconds() {
        let check = |text: &str, seconds: f64, of: &dyn Fn(f64) -> f64| {
            for (f, v) in seen(text, 100).into_iter().enumerate() {
                let u = ((f as f64 + 0.5) / 100.0 / seconds).fract();
                assert!((f64::from(v) - of(u)).abs() < 0.03, "{text} {f}: {v} {}", of(u));
            }
        };
        check("sine(2 bars)", 4.0, &|u| 0.5 - 0.5 * (TAU * u).cos());
        check("sine(1 bars, 0.25)", 2.0, &|u| 0.5 - 0.5 * (TAU * (u + 0.25)).cos());
        check("triangle(2 beats)", 1.0, &|u| 1.0 - (2.0 * u - 1.0).abs());
        check("saw(4 s)", 4.0, &|u| u);
        check("pulse(1 beats, 0, 0.2)", 0.5, &|u| f64::from(u < 0.2));
        check("pulse(500 ms, 0.5)", 0.5, &|u| f64::from(u >= 0.5));
    }

    #[test]
    fn a_pulse_begins_in_the_frame_that_holds_the_beat_at_every_rate() {
        for fps in [8, 12, 24, 30, 60] {
            let rate = FrameRate::new(fps, 1).unwrap();
            let seen = seen("pulse(1 beats, 0, 0.02)", fps);
            for beat in 0..32 {
                let frame = rate.frame_at(Seconds(f64::from(beat) * 0.5)) as usize;
                assert_eq!(seen[frame], 1.0, "{fps} {beat}");
            }
            assert!(seen.iter().filter(|v| **v > 0.0).count() <= 64, "{fps}");
        }
    }

    #[test]
    fn noise_is_bounded_seeded_and_smooth_and_random_holds_for_its_turn() {
        let smooth = seen("noise(1 beats)", 100);
        assert!(smooth.iter().all(|v| (0.0..=1.0).contains(v)));
        // Smoothstep's steepest slope is 1.5 a turn: 1.5 · 0.01 s / 0.5 s a frame.
        assert!(smooth.windows(2).all(|w| (w[1] - w[0]).abs() <= 0.031));
        assert!(smooth.iter().any(|v| *v < 0.3) && smooth.iter().any(|v| *v > 0.7));
        assert_eq!(smooth, seen("noise(1 beats)", 100));
        assert_ne!(smooth, seen("noise(1 beats, 7)", 100));
        let held = seen("random(1 beats)", 12);
        for beat in held.chunks_exact(6) {
            assert!(beat.iter().all(|v| *v == beat[0]), "{beat:?}");
        }
        let different: std::collections::BTreeSet<u32> = held.iter().map(|v| v.to_bits()).collect();
        assert!(different.len() >= 30, "{}", different.len());
    }

    #[test]
    fn sections_and_time_are_known() {
        let b = seen("section == 'B'", 10);
        assert!((0..160).all(|f| b[f] == f32::from(u8::from((f / 40) % 2 == 1))));
        let other = seen("1 - ('B' != section)", 10);
        assert_eq!(b, other);
        assert!((seen("time", 10)[37] - 3.75).abs() < 1e-4);
        assert!(seen("tempo", 10).iter().all(|v| (v - 120.0).abs() < 1e-3));
    }

    #[test]
    fn a_hit_in_an_expression_is_still_seen_by_the_frame_that_holds_it() {
        // The fixture's hits are one hop long: a mean over the frame would lose them.
        for text in ["0.9 + 0.1 * kick", "kick * (section == 'A' or 1)", "max(kick, 0.5)", "1 - (1 - kick)"] {
            assert!((seen(text, 12)[6] - 1.0).abs() < 1e-6, "{text}");
        }
        assert_eq!(seen("1 - kick", 12)[6], 0.0);
        assert_eq!(seen("-0.5 * kick", 12)[6], -0.5);
    }

    #[test]
    fn wrong_expressions_are_told_where_and_what() {
        for (text, at, message, hint) in [
            ("", 0, "nothing is written here", ""),
            ("1 +", 3, "something is missing", ""),
            ("1 + kik", 4, "there is no 'kik'", "'kick'"),
            ("1 + sin(2 bars)", 8, "a length of time", "sine(2 bars)"),
            ("sine(2)", 5, "sine wants a length", "2 bars"),
            ("sine(2 beets)", 7, "'beets' can't stand here", "'beats'"),
            ("sine(0 s)", 5, "too short", "0.01"),
            ("sine()", 5, "something is missing", ""),
            ("mix(1, 2)", 0, "mix takes 3", "mix(a, b, x)"),
            ("sinus(1)", 0, "there is no function 'sinus'", "'sine'"),
            ("kick(1)", 0, "there is no function 'kick'", ""),
            ("section * 2", 0, "section is text", "section == 'B'"),
            ("kick == 'B'", 8, "'B' is text", "section == 'B'"),
            ("1 < 2 < 3", 6, "one at a time", "and"),
            ("(1", 2, "')' is missing", ""),
            ("1 )", 2, "')' can't stand here", ""),
            ("2 $ 3", 2, "'$' means nothing", ""),
            ("'B", 0, "no end", ""),
            ("max(1, 2, 3)", 0, "max takes 2", "max(a, b)"),
            ("1 2", 2, "'2' can't stand here", ""),
        ] {
            let wrong = Expr::parse(text, &[]).expect_err(text);
            assert_eq!(wrong.at, at, "{text}: {}", wrong.error);
            assert!(wrong.error.to_string().contains(message), "{text}: {}", wrong.error);
            assert!(wrong.error.hints().concat().contains(hint), "{text}: {:?}", wrong.error.hints());
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let error = |text: String| Expr::parse(&text, &[]).unwrap_err().error.to_string();
        assert!(error("(".repeat(40) + "1" + &")".repeat(40)).contains("too deeply"));
        assert!(error("-".repeat(100) + "1").contains("too deeply"));
        assert!(error("1".to_owned() + &"+1".repeat(240)).contains("too many"));
        assert!(error("1+".repeat(300) + "1").contains("too long"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_error_or_plays(text in "[-+*/%^()a-z0-9.,'<>=! é\"]{0,60}") {
            play(&text);
        }

        #[test]
        fn any_row_of_words_is_an_error_or_plays(words in proptest::collection::vec(
            proptest::sample::select(vec![
                "1", "2.5", "kick", "section", "'B'", "sine", "(", ")", ",", "2 bars", "-", "+", "*", "/", "^", "%",
                "<", "==", "and", "or", "not", "noise", "random", "mix", "if", "beat.phase", "time", "0 s",
            ]), 0..20))
        {
            play(&words.join(" "));
        }
    }

    fn play(text: &str) {
        if let Ok(expr) = Expr::parse(text, &[]) {
            let cells = cells(10, 20);
            let values = expr.sample(&fixture(2.0), &cells, Seconds(0.0)).unwrap();
            assert!(values.iter().all(|v| v.is_finite()), "{text}");
            expr.reduce();
        }
    }
}
