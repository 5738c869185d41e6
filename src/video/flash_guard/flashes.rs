//! Flashes, counted as frames pass: transitions of cells, and of the picture.
//!
//! A cell makes a transition when its value has moved by a step from the extreme since its last one, the other way. The picture makes
//! one when more than a quarter of its area has, the same way, within a quarter of a second; it goes up and down in turn. A
//! flash is a pair of opposing transitions, so no more than three of either kind belong into a second.

use super::cells::Cell;

/// How much of the picture has to change at once (ITU-R BT.1702: a quarter of the screen).
const AREA: f32 = 0.25;
/// Least change of relative luminance, and the light from which a darker state is bright itself (WCAG 2.3.1).
const STEP: f32 = 0.1;
const BRIGHT: f32 = 0.8;
/// Least change of R - G - B (WCAG: 20 of 320), which counts where either state is saturated.
const RED_STEP: f32 = 20.0 / 320.0;
/// Most flashes in a second.
pub(super) const MOST: usize = 3;

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
    /// At 85 % of the step and 80 % of the area.
    Careful,
}

impl Strictness {
    fn of(self, step: f32, area: f32) -> (f32, f32) {
        match self {
            Strictness::Plain => (step, area),
            Strictness::Careful => (0.85 * step, 0.8 * area),
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
}

/// The transitions of one kind, of every cell and of the picture.
#[derive(Clone, Debug)]
pub(super) struct Flashes {
    kind: Kind,
    cells: Vec<Course>,
    last: Option<Way>,
    /// Frames in which the picture went up, and down: the newest few.
    made: [Vec<u64>; 2],
}

impl Flashes {
    pub fn new(kind: Kind) -> Self {
        Flashes { kind, cells: Vec::new(), last: None, made: [Vec::new(), Vec::new()] }
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
            return;
        }
        let (step, area) = match self.kind {
            Kind::Light => strictness.of(STEP, AREA),
            Kind::Red => strictness.of(RED_STEP, AREA),
        };
        let (kind, oldest) = (self.kind, now.frame.saturating_sub(now.together));
        let mut going = [0usize; 2];
        for (course, cell) in self.cells.iter_mut().zip(cells) {
            course.step(kind, state(cell), step, now.frame);
            for (way, count) in going.iter_mut().enumerate() {
                *count += usize::from(course.pending[way].is_some_and(|at| at >= oldest));
            }
        }
        let many = |way: Way| going[way as usize] as f32 > area * cells.len() as f32;
        let turns = match self.last {
            Some(Way::Up) => [Way::Down, Way::Up],
            _ => [Way::Up, Way::Down],
        };
        for way in turns {
            if self.last != Some(way) && many(way) {
                self.turn(way, now.frame);
            }
        }
    }

    /// The picture makes a transition; those of its cells are used up, and the opposite ones before it are over.
    fn turn(&mut self, way: Way, frame: u64) {
        self.last = Some(way);
        let made = &mut self.made[way as usize];
        made.push(frame);
        if made.len() > MOST + 1 {
            made.remove(0);
        }
        for course in &mut self.cells {
            course.pending[way as usize] = None;
            let other = &mut course.pending[1 - way as usize];
            *other = other.filter(|at| *at == frame);
        }
    }

    /// Whether the transition that the picture made with `frame` is one more than [`MOST`] of its way within `second` frames.
    pub fn are_too_many(&self, frame: u64, second: f64) -> bool {
        self.made.iter().any(|made| match (made.len().checked_sub(MOST + 1), made.last()) {
            (Some(first), Some(last)) => *last == frame && ((last - made[first]) as f64) < second - 1e-6,
            _ => false,
        })
    }
}

impl Course {
    fn step(&mut self, kind: Kind, now: State, step: f32, frame: u64) {
        let counts = |low: State, high: State| match kind {
            Kind::Light => low.value < BRIGHT,
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
