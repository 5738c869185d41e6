//! The analysis as a picture: everything that was heard on one time axis.

use crate::audio::Analysis;
use crate::error::{Context, Error, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const WIDTH: i32 = 1600;
/// Where the time axis begins and ends, in pixels.
const LEFT: i32 = 110;
const RIGHT: i32 = WIDTH - 30;
const TOP: i32 = 64;
const GAP: i32 = 8;
const BACKGROUND: RGBColor = RGBColor(250, 250, 247);
const INK: RGBColor = RGBColor(40, 42, 50);
const FAINT: RGBColor = RGBColor(120, 122, 130);

/// One row of the picture.
struct Row {
    label: &'static str,
    height: i32,
    color: RGBColor,
    /// The envelope that is filled.
    area: &'static str,
    /// The envelope that is drawn over it as spikes.
    spikes: Option<&'static str>,
}

const fn row(label: &'static str, height: i32, color: RGBColor, area: &'static str) -> Row {
    Row { label, height, color, area, spikes: None }
}

const fn band(label: &'static str, color: RGBColor, area: &'static str, spikes: &'static str) -> Row {
    Row { label, height: 64, color, area, spikes: Some(spikes) }
}

const ROWS: [Row; 11] = [
    row("loudness", 130, RGBColor(70, 78, 102), "loudness"),
    row("onset", 52, RGBColor(40, 42, 50), "onset"),
    row("kick", 40, RGBColor(178, 58, 72), "kick"),
    row("snare", 40, RGBColor(214, 126, 44), "snare"),
    row("hat", 40, RGBColor(46, 134, 140), "hat"),
    band("high", RGBColor(64, 156, 196), "high.level", "high.hit"),
    band("mid", RGBColor(72, 160, 120), "mid.level", "mid.hit"),
    band("low mid", RGBColor(196, 164, 52), "low_mid.level", "low_mid.hit"),
    band("bass", RGBColor(208, 112, 60), "bass.level", "bass.hit"),
    band("sub", RGBColor(160, 70, 110), "sub.level", "sub.hit"),
    row("brightness", 52, RGBColor(120, 110, 180), "brightness"),
];
const SECTION_HEIGHT: i32 = 34;
/// Colors of the sections, by letter.
const SECTIONS: [RGBColor; 6] = [
    RGBColor(188, 208, 232),
    RGBColor(244, 202, 160),
    RGBColor(190, 224, 190),
    RGBColor(228, 190, 220),
    RGBColor(238, 228, 160),
    RGBColor(200, 200, 204),
];

/// The path, if its extension names a kind of picture that can be drawn.
pub(super) fn checked(path: &Path) -> Result<&Path> {
    match extension(path).as_str() {
        "svg" | "png" => Ok(path),
        _ => {
            Err(Error::usage(format!("can't draw '{}'", path.display())).hint("end the name in .svg or .png"))
        }
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Draws the analysis to `path`, as its extension says.
pub(super) fn draw(analysis: &Analysis, title: &str, path: &Path) -> Result<()> {
    // The font comes with the program; nothing is looked for on the machine.
    register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| Error::internal("the font of the picture can't be read"))?;
    let size = (WIDTH as u32, height() as u32);
    let failed = || Error::output("can't draw the picture").hint("is the disk full?");
    if extension(path) == "svg" {
        Picture { area: SVGBackend::new(path, size).into_drawing_area(), analysis }
            .draw(title)
            .context(failed)
    } else {
        Picture { area: BitMapBackend::new(path, size).into_drawing_area(), analysis }
            .draw(title)
            .context(failed)
    }
}

fn height() -> i32 {
    TOP + SECTION_HEIGHT + ROWS.iter().map(|r| r.height + GAP).sum::<i32>() + GAP + 48
}

type Drawn<B> = std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

struct Picture<'a, B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    analysis: &'a Analysis,
}

impl<B: DrawingBackend> Picture<'_, B> {
    fn draw(&self, title: &str) -> Drawn<B> {
        self.area.fill(&BACKGROUND)?;
        self.heading(title)?;
        self.sections()?;
        let mut top = TOP + SECTION_HEIGHT + GAP;
        let bottom = top + ROWS.iter().map(|r| r.height + GAP).sum::<i32>();
        for row in &ROWS {
            let ground = Rectangle::new([(LEFT, top), (RIGHT, top + row.height)], WHITE.filled());
            self.area.draw(&ground)?;
            top += row.height + GAP;
        }
        self.beats(bottom)?;
        top = TOP + SECTION_HEIGHT + GAP;
        for row in &ROWS {
            self.row(row, top)?;
            top += row.height + GAP;
        }
        self.axis(bottom)?;
        self.area.present()
    }

    /// The horizontal place of a time.
    fn x(&self, seconds: f64) -> i32 {
        let share = seconds / self.analysis.duration.0.max(1e-9);
        LEFT + (share * f64::from(RIGHT - LEFT)).round() as i32
    }

    fn text(&self, text: &str, at: (i32, i32), size: u32, style: (RGBColor, HPos)) -> Drawn<B> {
        let style = TextStyle::from(("sans-serif", size).into_font())
            .color(&style.0)
            .pos(Pos::new(style.1, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }

    fn heading(&self, title: &str) -> Drawn<B> {
        let a = self.analysis;
        let tempo = a.tempo_bpm.map_or("no beat".into(), |bpm| format!("{bpm:.1} BPM"));
        let facts = format!(
            "{}  ·  {tempo}  ·  {} beats  ·  {} bars  ·  {} onsets",
            a.duration,
            a.beats.len(),
            a.downbeats.len(),
            a.onsets.len()
        );
        // A long name must not run into the facts.
        let shown: String = title.chars().take(60).collect();
        self.text(&shown, (LEFT, 32), 26, (INK, HPos::Left))?;
        self.text(&facts, (RIGHT, 34), 18, (FAINT, HPos::Right))
    }

    fn sections(&self) -> Drawn<B> {
        let mut letters: Vec<&str> = Vec::new();
        for section in &self.analysis.sections {
            let index = letters.iter().position(|l| *l == section.label).unwrap_or_else(|| {
                letters.push(&section.label);
                letters.len() - 1
            });
            let (left, right) = (self.x(section.start.0), self.x(section.end.0));
            let color = SECTIONS[index % SECTIONS.len()];
            self.area
                .draw(&Rectangle::new([(left, TOP), (right - 1, TOP + SECTION_HEIGHT)], color.filled()))?;
            if right - left > 16 {
                self.text(
                    &section.label,
                    ((left + right) / 2, TOP + SECTION_HEIGHT / 2),
                    18,
                    (INK, HPos::Center),
                )?;
            }
        }
        self.text("sections", (LEFT - 12, TOP + SECTION_HEIGHT / 2), 16, (INK, HPos::Right))
    }

    /// Lines through all rows: thin on beats, strong on downbeats; none where they would be a gray area.
    fn beats(&self, bottom: i32) -> Drawn<B> {
        let top = TOP + SECTION_HEIGHT + GAP;
        let lists = [(&self.analysis.beats, 0.10), (&self.analysis.downbeats, 0.28)];
        for (times, strength) in lists {
            if times.len() as i32 * 5 > RIGHT - LEFT {
                continue;
            }
            for time in times {
                let x = self.x(time.0);
                self.area.draw(&PathElement::new([(x, top), (x, bottom - GAP)], INK.mix(strength)))?;
            }
        }
        Ok(())
    }

    fn row(&self, row: &Row, top: i32) -> Drawn<B> {
        let bottom = top + row.height;
        self.text(row.label, (LEFT - 12, (top + bottom) / 2), 16, (INK, HPos::Right))?;
        let filled = row.color.mix(if row.spikes.is_some() { 0.35 } else { 0.85 });
        self.columns(row.area, (top, bottom), filled)?;
        if let Some(spikes) = row.spikes {
            self.columns(spikes, (top, bottom), row.color.mix(0.9))?;
        }
        self.area.draw(&PathElement::new([(LEFT, bottom), (RIGHT, bottom)], FAINT.mix(0.5)))
    }

    /// As high at every pixel as the largest value that falls on it; equal neighbors share a rectangle.
    fn columns(&self, name: &str, (top, bottom): (i32, i32), color: RGBAColor) -> Drawn<B> {
        let Some(envelope) = self.analysis.envelopes.get(name) else { return Ok(()) };
        let duration = self.analysis.duration.0;
        let time = |x: i32| crate::units::Seconds(duration * f64::from(x - LEFT) / f64::from(RIGHT - LEFT));
        let high = |x: i32| {
            (envelope.peak(time(x), time(x + 1)).clamp(0.0, 1.0) * (bottom - top) as f32).round() as i32
        };
        let mut x = LEFT;
        while x < RIGHT {
            let (left, height) = (x, high(x));
            while x < RIGHT && high(x) == height {
                x += 1;
            }
            if height > 0 {
                let run = Rectangle::new([(left, bottom - height), (x, bottom)], color.filled());
                self.area.draw(&run)?;
            }
        }
        Ok(())
    }

    fn axis(&self, bottom: i32) -> Drawn<B> {
        let duration = self.analysis.duration.0;
        let steps =
            [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
        let step = steps.into_iter().find(|s| duration / s <= 18.0).unwrap_or(3600.0);
        for i in 0..=(duration / step) as i32 {
            let time = f64::from(i) * step;
            let x = self.x(time);
            self.area.draw(&PathElement::new([(x, bottom), (x, bottom + 6)], FAINT))?;
            let label = if step < 1.0 {
                format!("{time:.1}")
            } else {
                format!("{}:{:02}", time as u64 / 60, time as u64 % 60)
            };
            self.text(&label, (x, bottom + 20), 15, (FAINT, HPos::Center))?;
        }
        Ok(())
    }
}
