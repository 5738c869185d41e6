//! The flash guard: finished frames pass, and what would be the fourth flash within a second is damped.
//!
//! More than three flashes in a second can bring on seizures (WCAG 2.3.1, ITU-R BT.1702). [`FlashGuard`] counts general flashes and
//! those of saturated red as these say, on the frames that it has let out. A frame with which the picture would go up or down
//! once more than three times in a second is damped, as little as it takes, by the first of these ways that makes no such transition:
//! 1. It is lit as the frame before was, so that what moves goes on moving: its mean light is before + a (frame - before) with the largest
//!    a of 64 steps that will do.
//! 2. The same with each cell's light, gradually from cell to cell.
//! 3. It is blended with the frame before: out = before + a (frame - before). At a = 0 the picture stands, so there is always one.
//!
//! Every other frame passes as it is.
//!
//! **Invariant:** what comes out depends on the frames that came in, in their order, and on nothing else; so a render
//! that goes on after an interruption, which passes all its frames anew, gives the same bytes.

mod cells;
mod flashes;

use super::frame::Frame;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Size};
use cells::Cell;
pub use flashes::{BRIGHT, MOST, STEP};
use flashes::{Flashes, Kind, Moment, Strictness};
use rayon::prelude::*;
use serde::Serialize;

/// Whether a video is guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// No more than three flashes a second come through.
    #[default]
    On,
    /// Frames are written as they are made.
    Off,
}

impl Guard {
    /// What they are called.
    pub const NAMES: [&'static str; 2] = ["on", "off"];

    /// What is called `name`.
    ///
    /// # Errors
    /// Usage: nothing is.
    pub fn find(name: &str) -> Result<Self> {
        match name {
            "on" => Ok(Guard::On),
            "off" => Ok(Guard::Off),
            _ => Err(Error::usage(format!("the flash guard can't be '{name}'")).hint("say on or off")),
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Steps from a frame that stands to one that is as it came.
const STEPS: u16 = 64;
/// Transitions of cells within so many seconds are one of the picture: those of a flash are; what moves takes longer to get around.
const TOGETHER: f64 = 0.1;
/// Behind a damped frame a second is counted longer by this, so that nobody who counts otherwise finds a fourth flash.
const MARGIN: f64 = 0.125;

/// What is as dark as this has no light worth multiplying; and by how much light is multiplied at most.
const DARK: f32 = 0.002;
const MOST_LIT: f32 = 8.0;

/// Lets frames pass and holds flashes to three a second.
#[derive(Clone, Debug)]
pub struct FlashGuard {
    /// Frames a second.
    rate: f64,
    flashes: [Flashes; 2],
    /// How many frames have passed.
    passed: u64,
    /// The frame that was let out last, and its cells.
    before: Frame,
    measured: Vec<Cell>,
    /// The frame that was damped last.
    damped: Option<u64>,
    /// How many were.
    count: u64,
}

impl FlashGuard {
    /// For frames at this rate, from the first one on.
    pub fn new(fps: FrameRate) -> Self {
        FlashGuard {
            rate: fps.per_second(),
            flashes: [Kind::Light, Kind::Red].map(Flashes::new),
            passed: 0,
            before: Frame::black(Size { width: 0, height: 0 }),
            measured: Vec::new(),
            damped: None,
            count: 0,
        }
    }

    /// The next frame: as it came in, or damped.
    pub fn pass(&mut self, frame: Frame) -> Frame {
        let measured = cells::measure(&frame);
        let fits = self.before.size() == frame.size();
        let (out, measured) = match fits && self.forbids(&measured, Strictness::Plain) {
            false => (frame, measured),
            true => {
                (self.damped, self.count) = (Some(self.passed), self.count + 1);
                self.damp(&frame, &measured)
            }
        };
        let now = self.now();
        self.flashes.iter_mut().for_each(|flashes| flashes.step(&measured, now, Strictness::Plain));
        self.passed += 1;
        self.before.clone_from(&out);
        self.measured = measured;
        out
    }

    /// How many frames were damped.
    pub fn damped(&self) -> u64 {
        self.count
    }

    fn now(&self) -> Moment {
        let together = (TOGETHER * self.rate).ceil() as u64;
        Moment { frame: self.passed, together, second: self.rate.ceil() as usize }
    }

    /// Whether these cells would be a transition too many.
    fn forbids(&self, cells: &[Cell], strictness: Strictness) -> bool {
        let now = self.now();
        let recent = self.damped.is_some_and(|at| ((now.frame - at) as f64) < self.rate);
        let second = if recent { (self.rate * (1.0 + MARGIN)).ceil() } else { self.rate };
        self.flashes.iter().any(|flashes| {
            let mut next = flashes.clone();
            next.step(cells, now, strictness);
            next.are_too_many(now.frame, second)
        })
    }

    /// The frame as near to `frame`, whose cells were `measured`, as is allowed, and its cells.
    fn damp(&self, frame: &Frame, measured: &[Cell]) -> (Frame, Vec<Cell>) {
        let (from, to) = (cells::mean(&self.measured), cells::mean(measured));
        let factor = |from: f32, to: f32, share: u16| {
            let wanted = from + (to - from) * f32::from(share) / f32::from(STEPS);
            ((wanted + DARK) / (to + DARK)).clamp(1.0 / MOST_LIT, MOST_LIT)
        };
        let lit = |share| cells::lit(frame, factor(from, to, share));
        let lit_locally = |share| {
            let pairs = self.measured.iter().zip(measured);
            let factors: Vec<f32> = pairs.map(|(from, to)| factor(from.light, to.light, share)).collect();
            cells::lit_locally(frame, &factors)
        };
        let blended = |share| mix(&self.before, frame, share);
        let ways: [&dyn Fn(u16) -> Frame; 3] = [&lit, &lit_locally, &blended];
        let found = ways.into_iter().find_map(|way| self.most(way));
        found.unwrap_or_else(|| (self.before.clone(), self.measured.clone()))
    }

    /// What is made with the largest share that is allowed, and its cells; none if not even a share of 0 is.
    fn most(&self, make: &dyn Fn(u16) -> Frame) -> Option<(Frame, Vec<Cell>)> {
        let allowed_with = |share| {
            let made = make(share);
            let cells = cells::measure(&made);
            (!self.forbids(&cells, Strictness::Careful)).then_some((made, cells))
        };
        let mut best = allowed_with(0)?;
        // What is allowed at some share is allowed below it.
        let (mut allowed, mut forbidden) = (0, STEPS);
        while forbidden - allowed > 1 {
            let middle = (allowed + forbidden) / 2;
            match allowed_with(middle) {
                Some(made) => (allowed, best) = (middle, made),
                None => forbidden = middle,
            }
        }
        Some(best)
    }
}

/// `share` of [`STEPS`] of the way from one frame to another.
fn mix(from: &Frame, to: &Frame, share: u16) -> Frame {
    let mut out = from.clone();
    let lines = out.rgb_mut().par_chunks_mut(1 << 16).zip(to.rgb().par_chunks(1 << 16));
    lines.for_each(|(out, to)| {
        for (byte, to) in out.iter_mut().zip(to) {
            let sum = u16::from(*byte) * (STEPS - share) + u16::from(*to) * share;
            *byte = ((sum + STEPS / 2) / STEPS) as u8;
        }
    });
    out
}

#[cfg(test)]
mod tests;
