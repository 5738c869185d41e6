//! What another program's file says, before it becomes a preset.

use super::own::{Own, same};
use super::prompts::{Prompt, Prompts};
use super::timed::ByName;
use crate::score::param_table::ParamId;
use crate::units::{FrameRate, Size};
use std::collections::BTreeMap;

/// What another program's file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Frames a second that it counts in, if it says so.
    pub fps: Option<FrameRate>,
    /// One value a frame for every name.
    pub curves: BTreeMap<String, Frames>,
    /// What those of the other program's names mean.
    pub meaning: Meaning,
    /// beatbolt's own parameters, where it wrote the file.
    pub own: Own,
    /// Curves with times of their own.
    pub drawn: ByName,
    /// Prompts, ascending.
    pub prompts: Vec<Prompt>,
    /// Whether there was a prompt that could not be taken over.
    pub prompt_lost: bool,
    /// What could not be taken over, by name and place.
    pub left_out: Vec<String>,
    /// What is not quite as it was.
    pub notes: Vec<String>,
}

/// A curve of one value a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// The value of every frame.
    pub values: Vec<f64>,
    /// The same as an expression over the frame's number, [`FRAME`](super::term::FRAME), where it has one.
    pub formula: Option<String>,
    /// Whether the file has it frame by frame, so that a few points near it say as much.
    pub dense: bool,
}

/// Whose names a file's curves have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Meaning {
    /// beatbolt's or anybody's.
    #[default]
    Plain,
    /// Deforum's: speeds by the frame, in pixels of a picture of this size.
    Speeds(Size),
    /// Parseq's: places, in such pixels.
    Places(Size),
}

/// What another program plays of beatbolt's values, by its own names.
pub struct Written<'a> {
    /// The values of every frame.
    pub values: BTreeMap<&'static str, Vec<f64>>,
    /// The names of what moves the picture.
    pub motion: &'a [&'a str],
    /// The names of parameters that stand by themselves.
    pub others: [(&'a str, ParamId); 2],
    /// How values are taken that were changed since.
    pub taken: &'a str,
}

impl Imported {
    /// Takes beatbolt's values over where the file's are those that were written with them.
    pub fn take_own(&mut self, mut own: Own, written: &Written<'_>) {
        let is = |curves: &BTreeMap<String, Frames>, name: &str| {
            let same = |c: &Frames| written.values.get(name).is_some_and(|w| same(&c.values, w));
            curves.get(name).is_none_or(same)
        };
        if written.motion.iter().all(|name| is(&self.curves, name)) {
            written.motion.iter().for_each(|name| drop(self.curves.remove(*name)));
        } else {
            own.forget_motion();
            let what = "zoom, angle and translation were changed since beatbolt wrote them: taken";
            self.notes.push(format!("{what} {}", written.taken));
        }
        for (name, id) in written.others {
            match is(&self.curves, name) {
                true => drop(self.curves.remove(name)),
                false => own.forget(id),
            }
        }
        self.own = own;
    }

    /// Whether a curve has more than one value.
    pub fn moves(&self, name: &str) -> bool {
        self.curves.get(name).is_some_and(|c| c.values.windows(2).any(|pair| pair[0] != pair[1]))
    }

    /// Leaves out curves, naming those that move.
    pub fn leave_out(&mut self, names: &[&str], why: &str) {
        let moving: Vec<&str> = names.iter().copied().filter(|n| self.moves(n)).collect();
        if !moving.is_empty() {
            self.left_out.push(format!("{}: {why}", moving.join(", ")));
        }
        names.iter().for_each(|name| drop(self.curves.remove(*name)));
    }

    /// Leaves out curves of speeds, naming those that are ever anything but 0: a speed that stays the same moves the picture, too.
    pub fn leave_out_speeds(&mut self, names: &[&str], why: &str) {
        let moves = |name: &&str| self.curves.get(*name).is_some_and(|c| c.values.iter().any(|v| *v != 0.0));
        let moving: Vec<&str> = names.iter().copied().filter(moves).collect();
        if !moving.is_empty() {
            self.left_out.push(format!("{}: {why}", moving.join(", ")));
        }
        names.iter().for_each(|name| drop(self.curves.remove(*name)));
    }

    /// Takes over prompts, and what was said of them.
    pub fn take(&mut self, prompts: Prompts) {
        self.prompts = prompts.list;
        self.prompt_lost = prompts.lost;
        self.left_out.extend(prompts.left_out);
        self.notes.extend(prompts.notes);
    }
}
