//! Particles with trails along the level lines of noise; two colours by where they were born.

use crate::draw::lanes::Simd;
use crate::draw::math::{exp, sigmoid};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage};
use crate::draw::texture::{Spectrum, Texture};

const COUNT: usize = 3600;
/// Steps of a particle's whole way, and of its trail.
const LENGTH: usize = 150;
const TAIL: usize = 34;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Field,
    Eye,
    Ribbons,
}

struct Flow {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    particles: Vec<Particle>,
    texture: Texture,
    /// Where the noise begins, and how large it is.
    field: (f32, f32, f32),
}

struct Particle {
    /// Its way, in pixels.
    way: Vec<(f32, f32)>,
    start: f64,
    pace: f64,
    light: f32,
    plane: usize,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let texture = Texture::new(101 + stage.seed % 6, Spectrum::new(2.1, 2.0));
    let form = stage.pick(&[Form::Field, Form::Eye, Form::Ribbons]);
    let aspect = stage.aspect();
    let (x, y) = if form == Form::Ribbons {
        let x = stage.dice.uniforms(-aspect * 1.2, aspect * 1.2, COUNT);
        let off: Vec<f64> = (0..COUNT).map(|_| stage.normal() * 0.09).collect();
        (x, off.into_iter().map(|off| (off + stage.pick(&[-0.45, 0.0, 0.45])) as f32).collect())
    } else {
        (stage.dice.uniforms(-aspect * 1.15, aspect * 1.15, COUNT), stage.dice.uniforms(-1.15, 1.15, COUNT))
    };
    let field = (stage.u(0.0, 1.0) as f32, stage.u(0.0, 1.0) as f32, stage.u(0.13, 0.19) as f32);
    let start = stage.dice.uniforms(0.0, LENGTH as f64, COUNT);
    let pace = stage.dice.uniforms(1.0, 2.2, COUNT);
    let light: Vec<f32> = (0..COUNT).map(|_| stage.u(0.25, 1.0).powf(1.5) as f32).collect();
    let tint = stage.u(0.0, 6.0) as f32;
    let screen = Screen::new(stage.size());
    let particle = |i: usize| Particle {
        way: way(&texture, field, form, (x[i], y[i])).into_iter().map(|(x, y)| screen.at(x, y)).collect(),
        start: start[i].into(),
        pace: pace[i].into(),
        light: light[i],
        plane: usize::from((2.2 * x[i] + 1.7 * y[i] + tint).sin() > 0.1),
    };
    let particles = (0..COUNT).map(particle).collect();
    let (size, scale, tones) = (stage.size(), stage.scale(), stage.tones);
    Box::new(Flow { size, scale, tones, particles, texture, field })
}

/// The places that a particle comes to.
fn way(texture: &Texture, (u, v, scale): (f32, f32, f32), form: Form, start: (f32, f32)) -> Vec<(f32, f32)> {
    const E: f32 = 0.004;
    let (mut x, mut y) = start;
    let mut way = Vec::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        way.push((x, y));
        let (a, b) = (u + x * scale, v + y * scale);
        let gx = (texture.at(a + E, b) - texture.at(a - E, b)) / (2.0 * E) * scale;
        let gy = (texture.at(a, b + E) - texture.at(a, b - E)) / (2.0 * E) * scale;
        let (mut vx, mut vy) = (gy, -gx);
        match form {
            Form::Field => {}
            Form::Eye => {
                let r = (x * x + y * y + 0.06).powf(0.75);
                (vx, vy) = (0.35 * vx - 0.9 * y / r, 0.35 * vy + 0.9 * x / r);
            }
            Form::Ribbons => (vx, vy) = (0.45 * vx + 1.1, 0.6 * vy),
        }
        let m = 0.0115 / (vx * vx + vy * vy + 0.05).sqrt();
        (x, y) = (x + vx * m, y + vy * m);
    }
    way
}

impl Scene for Flow {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        let fades: Vec<f32> = (0..TAIL).map(|lag| (-(lag as f32) / 13.0).exp() * 0.62 * self.scale).collect();
        for particle in &self.particles {
            particle.draw(p, &fades, self.scale, &mut light);
        }
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light })
    }

    fn glow(&self) -> f32 {
        0.8
    }
}

impl Particle {
    fn draw(&self, p: f64, fades: &[f32], scale: f32, light: &mut Planes) {
        let head = (self.start + self.pace * p).rem_euclid(LENGTH as f64) as f32;
        let bright = (head / 18.0).clamp(0.0, 1.0)
            * ((LENGTH as f32 - 1.0 - head) / 18.0).clamp(0.0, 1.0)
            * self.light;
        let mut before: Option<((f32, f32), f32)> = None;
        for (lag, fade) in fades.iter().enumerate() {
            let at = head - lag as f32;
            let weight = if at >= 0.0 { bright * fade } else { 0.0 };
            let at = at.clamp(0.0, LENGTH as f32 - 1.001);
            let (j, f) = (at as usize, at.fract());
            let (a, b) = (self.way[j], self.way[j + 1]);
            let place = (a.0 + (b.0 - a.0) * f, a.1 + (b.1 - a.1) * f);
            if lag == 0 {
                light.dot(2, place, 0.9 * bright, (0.85 * scale, 1));
            }
            if weight > 0.0 {
                light.splat(self.plane, place, weight);
            }
            if let Some((last, weight)) = before.filter(|(_, weight)| *weight > 0.0) {
                light.splat(self.plane, ((last.0 + place.0) / 2.0, (last.1 + place.1) / 2.0), weight);
            }
            before = Some((place, weight));
        }
    }
}

struct Frame<'a> {
    scene: &'a Flow,
    light: Planes,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones, (u, v, scale)) = (self.scene, &self.scene.tones, self.scene.field);
        let back = scene.texture.look(at.x * scale + u, at.y * scale + v);
        let body = sigmoid(back * 1.6 - 0.8) * exp((at.x.sq() * 0.5 + at.y.sq()) * -0.5);
        Light::of(tones.dark, at.x.all(1.0))
            .add(tones.deep, body * 0.55)
            .add(tones.main, self.light.load(0, at))
            .add(tones.accent, self.light.load(1, at))
            .add(tones.hot, self.light.load(2, at) * 0.9)
    }
}
