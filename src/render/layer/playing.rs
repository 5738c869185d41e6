//! Layers that play: waveform, spectrum, particles and rings, each a mask of one colour.

use super::now::Now;
use crate::noise::{Stream, uniform};
use crate::score::{Hits, LayerForm, LayerKind, Material};
use crate::video::{Frame, Mask, paint};
use std::f32::consts::{PI, TAU};

/// Width of lines, as a share of the picture's height.
const LINE: f32 = 0.005;
/// Of the picture's width, what lies on either side of a waveform or spectrum.
const MARGIN: f32 = 0.05;
/// Seconds that a ring lives, and a particle at most.
const RING: f64 = 1.0;
const LIFE: f64 = 1.2;
/// Particles of a weak hit, and how many more a strong one has.
const FEWEST: f32 = 8.0;
const MORE: f32 = 24.0;
/// Draws of chance that a hit may have, and a particle.
const OF_HIT: u64 = 256;
const OF_PARTICLE: u64 = 4;
/// Drag, in times over a particle's life, and how far it falls in it, as a share of its way.
const DRAG: f32 = 3.0;
const FALL: f32 = 0.25;

/// Draws a layer of this kind.
pub fn draw(frame: &mut Frame, kind: LayerKind, material: &Material, now: Now) {
    let mut mask = Mask::new(now.picture);
    match kind {
        LayerKind::Waveform(form) => wave(&mut mask, form, material, now),
        LayerKind::Spectrum(form) => spectrum(&mut mask, form, material, now),
        LayerKind::Particles(hits) => particles(&mut mask, hits, material, now),
        LayerKind::Rings => rings(&mut mask, material, now),
        LayerKind::Lyrics(_) | LayerKind::Title => return,
    }
    paint(frame, &mask, (0, 0), now.ink);
}

fn line_width(now: Now) -> f32 {
    (LINE * now.picture.height as f32).max(1.5)
}

/// The wave about the middle, `size` high either way; or around a circle of that radius, a third of which it moves it by.
fn wave(mask: &mut Mask, form: LayerForm, material: &Material, now: Now) {
    let Some(scope) = &material.scope else { return };
    let wave = scope.wave(now.frame);
    let last = (wave.len() - 1) as f32;
    // Both ends are brought to rest, so that a ring closes.
    let calm = |i: usize| wave[i] * (PI * i as f32 / last).sin().sqrt();
    let width = now.picture.width as f32;
    let point = |i: usize| match form {
        LayerForm::Line => {
            let x = now.at.0 + (i as f32 / last - 0.5) * (1.0 - 2.0 * MARGIN) * width;
            (x, now.at.1 - now.size * calm(i))
        }
        LayerForm::Ring => around(now.at, now.size * (1.0 + calm(i) / 3.0), i as f32 / last),
    };
    let points: Vec<(f32, f32)> = (0..wave.len()).map(point).collect();
    mask.stroke(&points, line_width(now), 1.0);
}

/// Bars that stand on the place, `size` high; or around a circle of that radius, as long as it at most, alike on both sides.
fn spectrum(mask: &mut Mask, form: LayerForm, material: &Material, now: Now) {
    let Some(scope) = &material.scope else { return };
    let bands = scope.bands(now.frame);
    let count = bands.len() as f32;
    let step = (1.0 - 2.0 * MARGIN) * now.picture.width as f32 / count;
    for (i, band) in bands.into_iter().enumerate() {
        match form {
            LayerForm::Line => {
                let left = now.at.0 + (i as f32 - count / 2.0 + 0.15) * step;
                let height = (now.size * band).max(1.0);
                mask.bar((left, now.at.1 - height), (left + 0.7 * step, now.at.1), 1.0);
            }
            LayerForm::Ring => {
                let turn = (i as f32 + 0.5) / count / 2.0;
                for turn in [turn, -turn] {
                    // The lowest is at the bottom.
                    let ends = [1.0, 1.0 + band].map(|r| around(now.at, now.size * r, 0.5 + turn));
                    mask.stroke(&ends, 0.6 * now.size * TAU / (2.0 * count), 1.0);
                }
            }
        }
    }
}

/// The place at `radius` about `at`, so far around it, clockwise from the top.
fn around(at: (f32, f32), radius: f32, turn: f32) -> (f32, f32) {
    let (sin, cos) = (TAU * turn).sin_cos();
    (at.0 + radius * sin, at.1 - radius * cos)
}

/// Particles fly from the middle on every hit, slow down, fall, and go out. With the age x as a share of the life, the way is
/// reach · (1 - e^(-3x)) / (1 - e^-3), the light (1 - x)².
fn particles(mask: &mut Mask, of: Hits, material: &Material, now: Now) {
    let hits = material.hits(of);
    let from = hits.partition_point(|(time, _)| *time <= now.time - LIFE);
    let to = hits.partition_point(|(time, _)| *time <= now.time);
    for (hit, (time, strength)) in hits.iter().enumerate().take(to).skip(from) {
        let count = (FEWEST + MORE * strength.clamp(0.0, 1.0)) as u64;
        for particle in 0..count {
            let first = hit as u64 * OF_HIT + particle * OF_PARTICLE;
            let chance = |draw| uniform(now.seed, Stream::Layers, ((of as u64) << 48) + first + draw);
            let x = ((now.time - time) / (LIFE * f64::from(0.6 + 0.4 * chance(0)))) as f32;
            if x >= 1.0 {
                continue;
            }
            let reach = now.size * (0.3 + 0.7 * chance(1)) * (0.5 + 0.5 * strength);
            let way = reach * (1.0 - (-DRAG * x).exp()) / (1.0 - (-DRAG).exp());
            let (px, py) = around(now.at, way, chance(2));
            let radius = now.picture.height as f32 * (0.004 + 0.006 * chance(3)) * (1.0 - 0.5 * x);
            mask.disc((px, py + FALL * now.size * x * x), radius.max(0.7), (1.0 - x).powi(2));
        }
    }
}

/// Rings grow from every beat: with the age x as a share of the life, of radius size · (1 - (1 - x)²) and light (1 - x)².
fn rings(mask: &mut Mask, material: &Material, now: Now) {
    let beats = &material.beats;
    let from = beats.partition_point(|time| *time <= now.time - RING);
    let to = beats.partition_point(|time| *time <= now.time);
    for time in &beats[from..to.max(from)] {
        let rest = 1.0 - ((now.time - time) / RING) as f32;
        let radius = now.size * (1.0 - rest * rest);
        mask.ring(now.at, radius, line_width(now) * (0.5 + 2.5 * rest), rest * rest);
    }
}
