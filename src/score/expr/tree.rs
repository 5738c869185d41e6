//! Expression trees, what an expression is made of: leaves, which depend on the track, and a tree of pure functions over them.

use super::function::Function;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::clock::{Clock, Length};
use crate::score::grid::Cells;
use crate::score::keyframe::Keyframes;
use crate::score::signal::Signal;
use crate::units::Seconds;

/// Longest expression, in characters.
pub const MAX_CHARS: usize = 500;
/// Most functions and operators in an expression.
pub const MAX_NODES: usize = 200;
/// Deepest nesting of an expression.
pub const MAX_DEPTH: usize = 32;

/// What depends on the track.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// A signal; beats and bars count every so many of them.
    Signal(&'static Signal, usize),
    /// A curve of the preset.
    Curve(Keyframes),
    /// 1 in sections of this label, 0 elsewhere.
    Section(String),
    /// Seconds since the track's first sample.
    Time,
    /// How often a length has gone by.
    Turns(Length),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Number(f64),
    Leaf(usize),
    Call(&'static Function, Vec<Node>),
}

/// What is wrong with an expression, and at which byte of it.
#[derive(Debug)]
pub struct Wrong {
    pub at: usize,
    pub error: Error,
}

impl Node {
    /// The value in cell `i`.
    pub fn value(&self, leaves: &[Vec<f64>], i: usize) -> f64 {
        match self {
            Node::Number(x) => *x,
            Node::Leaf(leaf) => leaves[*leaf][i],
            Node::Call(function, args) => {
                let mut values = [0.0; Function::MOST];
                for (slot, arg) in values.iter_mut().zip(args) {
                    *slot = arg.value(leaves, i);
                }
                (function.apply)(&values)
            }
        }
    }
}

impl Leaf {
    /// The value in every cell as it will be `ahead` later.
    ///
    /// # Errors
    /// Input, where the analysis lacks what is listened to.
    pub fn sample(&self, analysis: &Analysis, cells: &Cells, ahead: Seconds) -> Result<Vec<f64>> {
        let clock = Clock::new(analysis);
        let at = |i: usize, part: f64| Seconds(cells.start_of(i).0 + ahead.0 + part * cells.width().0);
        let all = |of: &dyn Fn(usize) -> f64| (0..cells.count()).map(of).collect();
        Ok(match self {
            Leaf::Signal(signal, every) => {
                let values = signal.sample(analysis, *every, cells, ahead)?;
                values.into_iter().map(f64::from).collect()
            }
            Leaf::Curve(curve) => {
                let line = curve.line(&clock);
                all(&|i| line.at(at(i, 0.5).0))
            }
            Leaf::Section(label) => {
                let mut inside = vec![0.0; cells.count()];
                for section in analysis.sections.iter().filter(|s| s.label == *label) {
                    let edge = |t: Seconds| cells.index_from(Seconds(t.0 - ahead.0));
                    let (from, to) = (edge(section.start), edge(section.end));
                    inside[from.min(to)..to].fill(1.0);
                }
                inside
            }
            Leaf::Time => all(&|i| at(i, 0.5).0),
            // A cell in which a turn begins belongs to it, as with hits.
            Leaf::Turns(length) => all(&|i| {
                let end = clock.turns(*length, Seconds(at(i, 1.0).0 - 1e-6)).floor();
                clock.turns(*length, at(i, 0.5)).max(end)
            }),
        })
    }
}
