//! Frames filled row by row, and what comes last in every row.

use super::grain::Grain;
use super::light::Grade;
use crate::units::Size;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// What is done to every row at the end.
#[derive(Clone, Copy)]
pub(super) struct Last<'a> {
    pub grade: Option<&'a Grade>,
    pub grain: Grain,
}

impl Last<'_> {
    pub const NOTHING: Self = Last { grade: None, grain: Grain::NONE };

    fn apply(&self, y: usize, row: &mut [f32], draws: &mut Vec<f32>) {
        if let Some(grade) = self.grade {
            grade.apply(row);
        }
        if self.grain.amount > 0.0 {
            self.grain.add(y, row, draws);
        }
    }
}

/// Fills a frame row by row, on all cores: `fill(y, row)` gets a row of values from 0 to 255, then comes `last`.
pub(super) fn paint(size: Size, last: Last, fill: impl Fn(usize, &mut [f32]) + Sync) -> Frame {
    let mut frame = Frame::black(size);
    let width = 3 * size.width as usize;
    let rows = frame.rgb_mut().par_chunks_exact_mut(width).enumerate();
    rows.for_each_init(
        || (vec![0.0f32; width], Vec::new()),
        |(row, draws), (y, bytes)| {
            fill(y, row);
            last.apply(y, row, draws);
            for (byte, value) in bytes.iter_mut().zip(row.iter()) {
                // The cast keeps to 0..=255.
                *byte = (value + 0.5) as u8;
            }
        },
    );
    frame
}
