//! Frames filled row by row, and what comes last in every row.

use super::grain::Grain;
use super::light::Grade;
use super::screen::Screen;
use super::settings::Finish;
use super::table::Table;
use super::tone;
use crate::units::Size;
use crate::vector::{byte as to_byte, vectorized};
use crate::video::frame::Frame;
use crate::video::lut::Lut;
use rayon::prelude::*;

/// What is done to every row at the end.
pub(super) struct Last<'a> {
    grade: Option<Grade>,
    tone: Option<[Table; 3]>,
    lut: Option<(&'a Lut, f32)>,
    screen: Option<Screen>,
    grain: Grain,
}

impl<'a> Last<'a> {
    pub const NOTHING: Self = Last { grade: None, tone: None, lut: None, screen: None, grain: Grain::NONE };

    /// What `finish` asks for in a frame of `size`, with `lut` as its look-up table.
    pub fn new(size: Size, finish: &Finish, lut: Option<&'a Lut>) -> Self {
        Last {
            grade: Grade::new(finish),
            tone: finish.tone.curves(),
            lut: lut.map(|lut| (lut, finish.lut)).filter(|(_, amount)| *amount > 0.0),
            screen: Screen::new(size, finish),
            grain: finish.grain,
        }
    }

    /// Whether rows stay as they are.
    pub fn is_nothing(&self) -> bool {
        let still = self.grain.amount == 0.0 && self.grade.is_none() && self.tone.is_none();
        still && self.lut.is_none() && self.screen.is_none()
    }

    #[inline(always)]
    fn apply(&self, y: usize, row: &mut [f32], draws: &mut Vec<f32>) {
        if let Some(grade) = &self.grade {
            grade.apply(row);
        }
        if let Some(curves) = &self.tone {
            tone::apply(curves, row);
        }
        if let Some((lut, amount)) = self.lut {
            lut.apply(row, amount);
        }
        if let Some(screen) = &self.screen {
            screen.apply(y, row);
        }
        if self.grain.amount > 0.0 {
            self.grain.add(y, row, draws);
        }
        if self.screen.as_ref().is_some_and(|screen| screen.hides(y)) {
            row.fill(0.0);
        }
    }
}

/// Fills a frame row by row, on all cores: `fill(y, row)` gets a row of values from 0 to 255, then comes `last`.
pub(super) fn paint(size: Size, last: &Last, fill: impl Fn(usize, &mut [f32]) + Sync) -> Frame {
    let mut frame = Frame::black(size);
    let width = 3 * size.width as usize;
    let rows = frame.rgb_mut().par_chunks_exact_mut(width).enumerate();
    rows.for_each_init(
        || (vec![0.0f32; width], Vec::new()),
        |(row, draws), (y, bytes)| {
            vectorized(
                #[inline(always)]
                || {
                    fill(y, row);
                    last.apply(y, row, draws);
                    for (byte, value) in bytes.iter_mut().zip(row.iter()) {
                        *byte = to_byte(*value);
                    }
                },
            );
        },
    );
    frame
}

/// `frame` with something done to every row of values from 0 to 255.
pub(super) fn copied(frame: &Frame, last: &Last, change: impl Fn(&mut [f32]) + Sync) -> Frame {
    paint(
        frame.size(),
        last,
        #[inline(always)]
        |y, row| {
            let start = y * row.len();
            for (value, byte) in row.iter_mut().zip(&frame.rgb()[start..]) {
                *value = f32::from(*byte);
            }
            change(row);
        },
    )
}
