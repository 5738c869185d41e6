//! What feedback draws: a closed curve and its forty older selves, each a little larger and turned.

use crate::draw::lanes::Simd;
use crate::draw::math::{bell, exp};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage};
use std::f64::consts::TAU;

const COUNT: usize = 38;
const POINTS: usize = 900;

struct Echoes {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    symmetry: f64,
    lobes: f64,
    grow: f64,
    spin: f64,
    gap: f64,
    phases: [f64; 4],
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let (symmetry, lobes) = (stage.pick(&[1.0, 2.0, 3.0, 5.0]), stage.pick(&[3.0, 4.0, 5.0, 7.0]));
    let (grow, spin) = (stage.pick(&[0.024, 0.030]), stage.pick(&[0.014, -0.018, 0.008]));
    let gap = stage.pick(&[2.6, 3.2]);
    let phases = [0; 4].map(|_| stage.u(0.0, 6.28));
    let (size, scale, tones) = (stage.size(), stage.scale(), stage.tones);
    Box::new(Echoes { size, scale, tones, symmetry, lobes, grow, spin, gap, phases })
}

impl Scene for Echoes {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        let count = (p / self.gap).floor();
        let begun = p / self.gap - count;
        for k in 0..COUNT {
            self.echo((p, count, begun), k, &mut light);
        }
        Planes::paint(self.size.0, self.size.1, &Frame { tones: &self.tones, light })
    }

    fn glow(&self) -> f32 {
        0.9
    }
}

impl Echoes {
    /// Tied to the clock, so that echoes drift outwards evenly, a third of their distance a step.
    fn echo(&self, (p, count, begun): (f64, f64, f64), k: usize, light: &mut Planes) {
        let (screen, number) = (Screen::new(self.size), k as f64);
        let lag = (number + begun) * self.gap;
        let turn = (count - number).rem_euclid(4.0) as usize;
        let (size, angle) = ((self.grow * lag).exp(), self.spin * lag);
        let (sin, cos) = angle.sin_cos();
        let place = |(x, y): (f64, f64)| {
            let (x, y) = (x * size, y * size);
            screen.at((cos * x - sin * y) as f32, (sin * x + cos * y) as f32)
        };
        let points: Vec<(f32, f32)> = (0..=POINTS).map(|i| place(self.curve(i, p - lag))).collect();
        let young = if k == 0 { (begun * 4.0).min(1.0) } else { 1.0 };
        let fade = (-lag / 60.0).exp() * young * ((COUNT as f64 - number - begun) / 4.0).min(1.0);
        let weight = (1.1 * fade * (0.3 + 0.7 * (lag / 34.0).min(1.0))) as f32 * self.scale;
        points.windows(2).for_each(|ends| light.stroke(turn / 2, ends[0], ends[1], (weight, 2.0)));
        if turn == 0 {
            let dots = points[..POINTS].iter().step_by(POINTS / 20);
            dots.for_each(|place| light.dot(2, *place, (1.6 * fade) as f32, (1.6 * self.scale, 3)));
        }
    }

    /// A point of the curve as it was at `q`.
    fn curve(&self, point: usize, q: f64) -> (f64, f64) {
        let t = TAU * point as f64 / POINTS as f64;
        let [a, b, c, _] = self.phases;
        let r = 0.16
            * (1.0
                + 0.38 * (self.lobes * t + 0.07 * q + a).sin()
                + 0.22 * ((self.lobes + self.symmetry) * t - 0.05 * q + b).sin()
                + 0.10 * (11.0 * t + 0.1 * q + c).sin());
        (r * t.cos(), r * t.sin())
    }
}

struct Frame<'a> {
    tones: &'a Tones,
    light: Planes,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let tones = self.tones;
        let r = (at.x * at.x + at.y * at.y).sqrt();
        Light::of(tones.dark, r.all(1.0))
            .add(tones.deep, exp(r * -1.2) * 0.85)
            .add(tones.main, self.light.load(0, at) * 1.3)
            .add(tones.accent, self.light.load(1, at) * 1.3)
            .add(tones.hot, self.light.load(2, at) * 1.5 + bell(r, 0.1) * 0.1)
    }
}
