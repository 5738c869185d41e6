//! A plan as a picture: the waveform, sections, takes and every curve that moves, on one time axis.
//!
//! Made to be read on a phone: narrow, large letters, names inside the rows.

use super::canvas::{Canvas, Drawn, FAINT, GAP, INK, Layout};
use super::{extent, picture};
use crate::audio::decode::{Block, decode};
use crate::error::Result;
use crate::job::Scene;
use crate::score::ParamRef;
use crate::units::Seconds;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::ops::Range;
use std::path::Path;

const LAYOUT: Layout = Layout { width: 1080, left: 20, right: 1060, text: 28 };
const TOP: i32 = 76;
const SECTION_HEIGHT: i32 = 48;
const WAVE_HEIGHT: i32 = 150;
const CURVE_HEIGHT: i32 = 130;
const CUT: RGBColor = RGBColor(200, 30, 60);
const WAVE: RGBColor = RGBColor(70, 78, 102);
/// Colors of the curves, in turn.
const CURVES: [RGBColor; 6] = [
    RGBColor(178, 58, 72),
    RGBColor(46, 134, 140),
    RGBColor(120, 90, 180),
    RGBColor(196, 124, 32),
    RGBColor(60, 130, 80),
    RGBColor(64, 120, 190),
];

/// Draws the plan of `scene` to `path`, as its extension says.
pub fn draw(scene: &Scene, title: &str, path: &Path) -> Result<()> {
    let fps = scene.timeline.fps;
    let span = fps.start_of(scene.part.start)..fps.start_of(scene.part.end);
    let wave = wave(scene, &span)?;
    let params = scene.timeline.curves.iter().map(|(param, _)| param);
    let curves: Vec<ParamRef> = params.filter(|p| moves(scene, p)).collect();
    let height =
        TOP + SECTION_HEIGHT + GAP + WAVE_HEIGHT + GAP + curves.len() as i32 * (CURVE_HEIGHT + GAP) + 56;
    picture!(path, (LAYOUT.width, height), |area| {
        let canvas = Canvas { area, span: span.clone(), layout: LAYOUT };
        Planned { canvas, scene, wave: &wave, curves: &curves }.draw(title)
    })
}

/// Whether a look routes something into this parameter, or its curve moves for another reason.
fn moves(scene: &Scene, param: &ParamRef) -> bool {
    let routed = scene.request.show.looks.iter().any(|l| l.preset.routes.iter().any(|r| r.to == *param));
    let curve = scene.timeline.curves.get(param);
    routed || curve.iter().any(|v| *v != curve[0])
}

/// The loudest sample of every pixel of the axis, 0..=1 of the loudest of all.
fn wave(scene: &Scene, span: &Range<Seconds>) -> Result<Vec<f32>> {
    let columns = (LAYOUT.right - LAYOUT.left) as usize;
    let mut peaks = vec![0.0_f32; columns];
    let mut sample = 0_u64;
    let length = span.end.0 - span.start.0;
    decode(&scene.request.track, scene.request.hearing.options.stream, &mut |block: Block<'_>| {
        for set in block.samples.chunks_exact(block.channels) {
            let place = (block.rate.time_of(sample).0 - span.start.0) / length;
            sample += 1;
            if (0.0..1.0).contains(&place) {
                let peak = &mut peaks[(place * columns as f64) as usize];
                *peak = set.iter().fold(*peak, |most, v| most.max(v.abs()));
            }
        }
        Ok(())
    })?;
    let most = peaks.iter().copied().fold(1e-6, f32::max);
    peaks.iter_mut().for_each(|p| *p /= most);
    Ok(peaks)
}

struct Planned<'a, B: DrawingBackend> {
    canvas: Canvas<B>,
    scene: &'a Scene,
    wave: &'a [f32],
    curves: &'a [ParamRef],
}

impl<B: DrawingBackend> Planned<'_, B> {
    fn draw(&self, title: &str) -> Drawn<B> {
        let canvas = &self.canvas;
        canvas.clear()?;
        let shown: String = title.chars().take(40).collect();
        canvas.text(&shown, (LAYOUT.left, 40), 36, (INK, HPos::Left))?;
        let tempo = self.scene.analysis.tempo_bpm.map_or("no beat".into(), |bpm| format!("{bpm:.0} BPM"));
        canvas.text(&tempo, (LAYOUT.right, 40), LAYOUT.text, (FAINT, HPos::Right))?;
        canvas.sections(&self.scene.analysis.sections, (TOP, TOP + SECTION_HEIGHT))?;
        let first = TOP + SECTION_HEIGHT + GAP;
        let bottom = first + WAVE_HEIGHT + GAP + self.curves.len() as i32 * (CURVE_HEIGHT + GAP);
        canvas.ground((first, first + WAVE_HEIGHT))?;
        let row = |i: usize| first + WAVE_HEIGHT + GAP + i as i32 * (CURVE_HEIGHT + GAP);
        for i in 0..self.curves.len() {
            canvas.ground((row(i), row(i) + CURVE_HEIGHT))?;
        }
        canvas.beats(&self.scene.analysis, (first, bottom - GAP))?;
        self.wave((first, first + WAVE_HEIGHT))?;
        self.cuts((TOP, bottom - GAP))?;
        for (i, param) in self.curves.iter().enumerate() {
            self.curve(param, (row(i), row(i) + CURVE_HEIGHT), CURVES[i % CURVES.len()])?;
        }
        canvas.axis(bottom)?;
        canvas.area.present()
    }

    fn wave(&self, (top, bottom): (i32, i32)) -> Drawn<B> {
        let middle = (top + bottom) / 2;
        for (x, peak) in (LAYOUT.left..).zip(self.wave) {
            let half = (peak * (bottom - top) as f32 / 2.0) as i32;
            self.canvas
                .area
                .draw(&PathElement::new([(x, middle - half), (x, middle + half)], WAVE.mix(0.8)))?;
        }
        Ok(())
    }

    /// A line wherever a take starts.
    fn cuts(&self, rows: (i32, i32)) -> Drawn<B> {
        let timeline = &self.scene.timeline;
        for cut in &timeline.cuts {
            self.canvas.upright(timeline.fps.start_of(*cut).0, rows, CUT.mix(0.6).stroke_width(2))?;
        }
        Ok(())
    }

    /// A curve between its least and its largest value in this part, both written at its end.
    fn curve(&self, param: &ParamRef, (top, bottom): (i32, i32), color: RGBColor) -> Drawn<B> {
        let values = self.scene.timeline.values(param, &self.scene.part);
        let (least, most) = extent(values);
        let room = (bottom - top) as f32 - 12.0;
        let height = |v: f32| {
            let share = if most > least { (v - least) / (most - least) } else { 0.5 };
            bottom - 6 - (share * room) as i32
        };
        self.line(values, &height, color)?;
        let size = LAYOUT.text - 4;
        let middle = |edge: i32| edge + size as i32 * 2 / 3;
        self.canvas.text(&param.name, (LAYOUT.left + 8, middle(top)), size, (color, HPos::Left))?;
        if most > least {
            self.canvas.text(&short(most), (LAYOUT.right - 6, middle(top)), size, (FAINT, HPos::Right))?;
        }
        let low = bottom - size as i32 * 2 / 3;
        self.canvas.text(&short(least), (LAYOUT.right - 6, low), size, (FAINT, HPos::Right))
    }

    /// At every pixel from the least to the largest value of the frames that fall on it, so that no hit is lost.
    fn line(&self, values: &[f32], height: &dyn Fn(f32) -> i32, color: RGBColor) -> Drawn<B> {
        let columns = (LAYOUT.right - LAYOUT.left) as usize;
        let mut points = Vec::with_capacity(2 * columns);
        for column in 0..columns {
            let from = column * values.len() / columns;
            let to = ((column + 1) * values.len() / columns).max(from + 1).min(values.len());
            let (least, most) = extent(&values[from..to]);
            let x = LAYOUT.left + column as i32;
            points.push((x, height(least)));
            if most > least {
                points.push((x, height(most)));
            }
        }
        self.canvas.area.draw(&PathElement::new(points, color.stroke_width(3)))
    }
}

/// A value in few digits.
fn short(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
