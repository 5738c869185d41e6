//! Flashes, counted as frames pass: transitions of cells, and of the picture.
//!
//! A cell makes a transition when its value has moved by a step from the extreme since its last one, the other way. The picture makes
//! one when more than a quarter of its area has, the same way, within a tenth of a second; it goes up and down in turn. A
//! flash is a pair of opposing transitions, so no more than six of them belong into a second. Those that lead away from how the picture
//! mostly is, up from a dark one or down from a bright one, begin a flash: they are refused where the way back would be,
//! so that a picture isn't held in its flash.

use super::cells::Cell;
use std::collections::VecDeque;

/// How much of the picture has to change at once (ITU-R BT.1702: a quarter of the screen).
const AREA: f32 = 0.25;
/// Least change of relative luminance that is a transition (WCAG 2.3.1).
pub const STEP: f32 = 0.1;
/// The light from which the darker state of a transition is bright itself, and harms nobody (WCAG 2.3.1).
pub const BRIGHT: f32 = 0.8;
/// Least change of R - G - B (WCAG: 20 of 320), which counts where either state is saturated.
const RED_STEP: f32 = 20.0 / 320.0;
/// Most flashes in a second that harm nobody.
pub const MOST: usize = 3;

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Luminance: general flashes.
    Light,
    /// Saturated red.
    Red,
}

/// A way that light goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// How strictly is counted: what is chosen keeps some distance from what is forbidden, for an encoder moves values about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Strictness {
    /// As the thresholds say.
    Plain,
    /// At 85 % of the step and 80 % of the area, and with what is a little brighter.
    Careful,
}

/// From where on something counts.
#[derive(Clone, Copy, Debug)]
struct Limits {
    step: f32,
    area: f32,
    bright: f32,
}

impl Limits {
    fn new(kind: Kind, strictness: Strictness) -> Self {
        let step = match kind {
            Kind::Light => STEP,
            Kind::Red => RED_STEP,
        };
        match strictness {
            Strictness::Plain => Limits { step, area: AREA, bright: BRIGHT },
            Strictness::Careful => Limits { step: 0.85 * step, area: 0.8 * AREA, bright: BRIGHT + 0.05 },
        }
    }
}

/// A value and whether what it is of is saturated.
#[derive(Clone, Copy, Debug)]
struct State {
    value: f32,
    saturated: bool,
}

/// What is remembered of a cell.
#[derive(Clone, Copy, Debug)]
struct Course {
    low: State,
    high: State,
    last: Option<Way>,
    /// Frames of transitions up and down that the picture has not yet made.
    pending: [Option<u64>; 2],
}

/// Where a frame lies in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The frame's number.
    pub frame: u64,
    /// Frames within which transitions of cells count as one of the picture.
    pub together: u64,
    /// Frames of a second, by which is told how a picture mostly is.
    pub second: usize,
}

/// The transitions of one kind, of every cell and of the picture.
#[derive(Clone, Debug)]
pub(super) struct Flashes {
    kind: Kind,
    cells: Vec<Course>,
    last: Option<Way>,
    /// Frames in which the picture went up, and down: the newest few.
    made: [Vec<u64>; 2],
    /// Whether the picture was up, in the frames of the last second.
    up: VecDeque<bool>,
    /// Frames before the first transition.
    before: usize,
}

impl Flashes {
    pub fn new(kind: Kind) -> Self {
        Flashes {
            kind,
            cells: Vec::new(),
            last: None,
            made: [Vec::new(), Vec::new()],
            up: VecDeque::new(),
            before: 0,
        }
    }

    /// Takes the next frame's cells in.
    pub fn step(&mut self, cells: &[Cell], now: Moment, strictness: Strictness) {
        let state = |cell: &Cell| match self.kind {
            Kind::Light => State { value: cell.light, saturated: false },
            Kind::Red => State { value: cell.red, saturated: cell.saturated },
        };
        if self.cells.len() != cells.len() {
            let course =
                |cell| Course { low: state(cell), high: state(cell), last: None, pending: [None; 2] };
            self.cells = cells.iter().map(course).collect();
            self.before = 1;
            return;
        }
        let limits = Limits::new(self.kind, strictness);
        let (kind, oldest) = (self.kind, now.frame.saturating_sub(now.together));
        let mut going = [0usize; 2];
        for (course, cell) in self.cells.iter_mut().zip(cells) {
            course.step(kind, state(cell), limits, now.frame);
            for (way, count) in going.iter_mut().enumerate() {
                *count += usize::from(course.pending[way].is_some_and(|at| at >= oldest));
            }
        }
        let many = |way: Way| going[way as usize] as f32 > limits.area * cells.len() as f32;
        let turns = match self.last {
            Some(Way::Up) => [Way::Down, Way::Up],
            _ => [Way::Up, Way::Down],
        };
        for way in turns {
            if self.last != Some(way) && many(way) {
                self.turn(way, now);
            }
        }
        match self.last {
            Some(last) => self.up.push_back(last == Way::Up),
            None => self.before += 1,
        }
        while self.up.len() > now.second {
            self.up.pop_front();
        }
    }

    /// The picture makes a transition; those of its cells are used up, and the opposite ones before it are over.
    fn turn(&mut self, way: Way, Moment { frame, second, .. }: Moment) {
        if self.last.is_none() {
            // Before its first transition the picture was where that leads away from.
            self.up.extend(std::iter::repeat_n(way == Way::Down, self.before.min(second)));
        }
        self.last = Some(way);
        let made = &mut self.made[way as usize];
        made.push(frame);
        if made.len() > MOST + 2 {
            made.remove(0);
        }
        for course in &mut self.cells {
            course.pending[way as usize] = None;
            let other = &mut course.pending[1 - way as usize];
            *other = other.filter(|at| *at == frame);
        }
    }

    /// Whether the picture made a transition with `frame` and it is one too many: more than [`MOST`] pairs of them lie within
    /// `second` frames; or it begins the last flash that is free, and its end, after as long as the flash before took, would not be.
    pub fn are_too_many(&self, frame: u64, second: f64) -> bool {
        let within = |at: &&u64| ((frame - **at) as f64) < second - 1e-6;
        let recent = || self.made.iter().flatten().filter(within);
        let made_now = |way: Way| self.made[way as usize].last() == Some(&frame);
        let (begins, ends) = if self.is_bright() { (Way::Down, Way::Up) } else { (Way::Up, Way::Down) };
        match recent().count() {
            count if count < 2 * MOST || !(made_now(Way::Up) || made_now(Way::Down)) => false,
            count if count > 2 * MOST => true,
            _ if !made_now(begins) => false,
            _ => {
                let began = self.made[begins as usize].iter().rev().nth(1);
                let ended = began.and_then(|began| self.made[ends as usize].iter().find(|at| *at > began));
                let took = ended.zip(began).map_or(1, |(ended, began)| ended - began);
                recent().min().is_some_and(|first| (frame + took - first) as f64 + 1e-6 < second)
            }
        }
    }

    /// Whether the picture was up for most of the last second, the newest frame aside, which is asked about.
    fn is_bright(&self) -> bool {
        let before = self.up.len().saturating_sub(1);
        2 * self.up.iter().take(before).filter(|up| **up).count() > before
    }
}

impl Course {
    fn step(&mut self, kind: Kind, now: State, Limits { step, bright, .. }: Limits, frame: u64) {
        let counts = |low: State, high: State| match kind {
            Kind::Light => low.value < bright,
            Kind::Red => low.saturated || high.saturated,
        };
        if self.last != Some(Way::Up) && now.value - self.low.value >= step && counts(self.low, now) {
            (self.last, self.high, self.pending[0]) = (Some(Way::Up), now, Some(frame));
        } else if self.last != Some(Way::Down)
            && self.high.value - now.value >= step
            && counts(now, self.high)
        {
            (self.last, self.low, self.pending[1]) = (Some(Way::Down), now, Some(frame));
        }
        if now.value < self.low.value {
            self.low = now;
        }
        if now.value > self.high.value {
            self.high = now;
        }
    }
}
