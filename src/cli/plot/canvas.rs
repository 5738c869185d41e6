//! The canvas that all pictures of a track share: the time axis, sections, beats, columns and lines on it.

use crate::audio::{Analysis, Section};
use crate::units::Seconds;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Space between rows, in pixels.
pub const GAP: i32 = 8;
/// What texts are written in.
pub const INK: RGBColor = RGBColor(40, 42, 50);
/// What lesser texts are written in.
pub const FAINT: RGBColor = RGBColor(120, 122, 130);
const BACKGROUND: RGBColor = RGBColor(250, 250, 247);
/// Colors of the sections, by letter.
const SECTIONS: [RGBColor; 6] = [
    RGBColor(188, 208, 232),
    RGBColor(244, 202, 160),
    RGBColor(190, 224, 190),
    RGBColor(228, 190, 220),
    RGBColor(238, 228, 160),
    RGBColor(200, 200, 204),
];

/// Whether something could be drawn.
pub type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Sizes in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Of the picture.
    pub width: i32,
    /// Where the time axis begins and ends.
    pub left: i32,
    /// Its other end.
    pub right: i32,
    /// Height of ordinary letters.
    pub text: u32,
}

/// A picture with a time axis from left to right.
pub struct Canvas<B: DrawingBackend> {
    /// What is drawn on.
    pub area: DrawingArea<B, Shift>,
    /// The times at both ends of the axis.
    pub span: Range<Seconds>,
    /// Sizes.
    pub layout: Layout,
}

impl<B: DrawingBackend> Canvas<B> {
    /// An empty picture.
    pub fn clear(&self) -> Drawn<B> {
        self.area.fill(&BACKGROUND)
    }

    /// The horizontal place of a time; outside the axis at its ends.
    pub fn x(&self, seconds: f64) -> i32 {
        let Layout { left, right, .. } = self.layout;
        let share = (seconds - self.span.start.0) / self.length().max(1e-9);
        left + (share.clamp(0.0, 1.0) * f64::from(right - left)).round() as i32
    }

    fn length(&self) -> f64 {
        self.span.end.0 - self.span.start.0
    }

    /// The time at a horizontal place.
    pub fn time(&self, x: i32) -> Seconds {
        let Layout { left, right, .. } = self.layout;
        Seconds(self.span.start.0 + self.length() * f64::from(x - left) / f64::from(right - left))
    }

    /// Text of some height, its middle at the height of `at`.
    pub fn text(&self, text: &str, at: (i32, i32), size: u32, style: (RGBColor, HPos)) -> Drawn<B> {
        let style = TextStyle::from(("sans-serif", size).into_font())
            .color(&style.0)
            .pos(Pos::new(style.1, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }

    /// A row's name, left of the axis.
    pub fn label(&self, text: &str, middle: i32) -> Drawn<B> {
        self.text(text, (self.layout.left - 12, middle), self.layout.text, (INK, HPos::Right))
    }

    /// The white ground of a row.
    pub fn ground(&self, (top, bottom): (i32, i32)) -> Drawn<B> {
        let corners = [(self.layout.left, top), (self.layout.right, bottom)];
        self.area.draw(&Rectangle::new(corners, WHITE.filled()))
    }

    /// The thin line under a row.
    pub fn base_line(&self, bottom: i32) -> Drawn<B> {
        let ends = [(self.layout.left, bottom), (self.layout.right, bottom)];
        self.area.draw(&PathElement::new(ends, FAINT.mix(0.5)))
    }

    /// A line from top to bottom at a time, if that is on the axis.
    pub fn upright(&self, time: f64, (top, bottom): (i32, i32), style: ShapeStyle) -> Drawn<B> {
        if !(self.span.start.0..=self.span.end.0).contains(&time) {
            return Ok(());
        }
        let x = self.x(time);
        self.area.draw(&PathElement::new([(x, top), (x, bottom)], style))
    }

    /// A strip of sections, each in the color of its letter.
    pub fn sections(&self, sections: &[Section], (top, bottom): (i32, i32)) -> Drawn<B> {
        let mut letters: Vec<&str> = Vec::new();
        for section in sections {
            let index = letters.iter().position(|l| *l == section.label).unwrap_or_else(|| {
                letters.push(&section.label);
                letters.len() - 1
            });
            let (left, right) = (self.x(section.start.0), self.x(section.end.0));
            if left >= right {
                continue;
            }
            let color = SECTIONS[index % SECTIONS.len()];
            self.area.draw(&Rectangle::new([(left, top), (right - 1, bottom)], color.filled()))?;
            if right - left > self.layout.text as i32 {
                let size = self.layout.text + 2;
                self.text(
                    &section.label,
                    ((left + right) / 2, (top + bottom) / 2),
                    size,
                    (INK, HPos::Center),
                )?;
            }
        }
        Ok(())
    }

    /// Lines through all rows: thin on beats, strong on downbeats; none where they would be a gray area.
    pub fn beats(&self, analysis: &Analysis, rows: (i32, i32)) -> Drawn<B> {
        for (times, strength) in [(&analysis.beats, 0.10), (&analysis.downbeats, 0.28)] {
            let shown = times.iter().filter(|t| (self.span.start.0..=self.span.end.0).contains(&t.0));
            if shown.clone().count() as i32 * 5 > self.layout.right - self.layout.left {
                continue;
            }
            for time in shown {
                self.upright(time.0, rows, INK.mix(strength).into())?;
            }
        }
        Ok(())
    }

    /// As high at every pixel as `value` says for the times of its edges, 1 being the whole height; equal neighbors
    /// share a rectangle.
    pub fn columns(
        &self,
        (top, bottom): (i32, i32),
        color: RGBAColor,
        value: impl Fn(Seconds, Seconds) -> f32,
    ) -> Drawn<B> {
        let high = |x: i32| {
            let value = value(self.time(x), self.time(x + 1)).clamp(0.0, 1.0);
            (value * (bottom - top) as f32).round() as i32
        };
        let mut x = self.layout.left;
        while x < self.layout.right {
            let (left, height) = (x, high(x));
            while x < self.layout.right && high(x) == height {
                x += 1;
            }
            if height > 0 {
                let run = Rectangle::new([(left, bottom - height), (x, bottom)], color.filled());
                self.area.draw(&run)?;
            }
        }
        Ok(())
    }

    /// The times under the rows.
    pub fn axis(&self, bottom: i32) -> Drawn<B> {
        let size = self.layout.text - 1;
        let most = f64::from(self.layout.right - self.layout.left) / (5.0 * f64::from(size));
        let steps =
            [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
        let step = steps.into_iter().find(|s| self.length() / s <= most).unwrap_or(3600.0);
        let first = (self.span.start.0 / step - 1e-9).ceil().max(0.0) as u64;
        for i in first..=(self.span.end.0 / step) as u64 {
            let time = i as f64 * step;
            let x = self.x(time);
            self.area.draw(&PathElement::new([(x, bottom), (x, bottom + 6)], FAINT))?;
            let label = if step < 1.0 {
                format!("{time:.1}")
            } else {
                format!("{}:{:02}", time as u64 / 60, time as u64 % 60)
            };
            self.text(&label, (x, bottom + 4 + size as i32), size, (FAINT, HPos::Center))?;
        }
        Ok(())
    }
}
