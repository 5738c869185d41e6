//! The analysis as a picture: everything that was heard on one time axis.

use super::canvas::{Canvas, Drawn, FAINT, GAP, INK, Layout};
use super::picture;
use crate::audio::Analysis;
use crate::error::Result;
use crate::units::Seconds;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::path::Path;

const LAYOUT: Layout = Layout { width: 1600, left: 110, right: 1570, text: 16 };
const TOP: i32 = 64;
const SECTION_HEIGHT: i32 = 34;

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
/// Draws the analysis to `path`, as its extension says.
pub fn draw(analysis: &Analysis, title: &str, path: &Path) -> Result<()> {
    picture!(path, (LAYOUT.width, height()), |area| {
        let span = Seconds(0.0)..analysis.duration;
        Heard { canvas: Canvas { area, span, layout: LAYOUT }, analysis }.draw(title)
    })
}

fn height() -> i32 {
    TOP + SECTION_HEIGHT + ROWS.iter().map(|r| r.height + GAP).sum::<i32>() + GAP + 48
}

struct Heard<'a, B: DrawingBackend> {
    canvas: Canvas<B>,
    analysis: &'a Analysis,
}

impl<B: DrawingBackend> Heard<'_, B> {
    fn draw(&self, title: &str) -> Drawn<B> {
        let canvas = &self.canvas;
        canvas.clear()?;
        self.heading(title)?;
        canvas.sections(&self.analysis.sections, (TOP, TOP + SECTION_HEIGHT))?;
        canvas.label("sections", TOP + SECTION_HEIGHT / 2)?;
        let mut top = TOP + SECTION_HEIGHT + GAP;
        let bottom = top + ROWS.iter().map(|r| r.height + GAP).sum::<i32>();
        for row in &ROWS {
            canvas.ground((top, top + row.height))?;
            top += row.height + GAP;
        }
        top = TOP + SECTION_HEIGHT + GAP;
        canvas.beats(self.analysis, (top, bottom - GAP))?;
        for row in &ROWS {
            self.row(row, top)?;
            top += row.height + GAP;
        }
        canvas.axis(bottom)?;
        canvas.area.present()
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
        self.canvas.text(&shown, (LAYOUT.left, 32), 26, (INK, HPos::Left))?;
        self.canvas.text(&facts, (LAYOUT.right, 34), 18, (FAINT, HPos::Right))
    }

    fn row(&self, row: &Row, top: i32) -> Drawn<B> {
        let bottom = top + row.height;
        self.canvas.label(row.label, (top + bottom) / 2)?;
        let filled = row.color.mix(if row.spikes.is_some() { 0.35 } else { 0.85 });
        self.columns(row.area, (top, bottom), filled)?;
        if let Some(spikes) = row.spikes {
            self.columns(spikes, (top, bottom), row.color.mix(0.9))?;
        }
        self.canvas.base_line(bottom)
    }

    /// As high at every pixel as the largest value that falls on it.
    fn columns(&self, name: &str, (top, bottom): (i32, i32), color: RGBAColor) -> Drawn<B> {
        let Some(envelope) = self.analysis.envelopes.get(name) else { return Ok(()) };
        self.canvas.columns((top, bottom), color, |from, to| envelope.peak(from, to))
    }
}
