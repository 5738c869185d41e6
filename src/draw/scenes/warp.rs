//! A flight among stars with streaks, through a nebula in three depths.

use crate::draw::lanes::Simd;
use crate::draw::math::{exp, rot, sigmoid, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage};
use crate::draw::texture::{Spectrum, Texture};
use std::f64::consts::PI;

const COUNT: usize = 2600;

struct Warp {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    stars: Vec<Star>,
    cloud: Texture,
    fine: Texture,
    /// How long the streaks are.
    fast: f32,
    roll: f64,
    ahead: (f32, f32),
}

struct Star {
    x: f64,
    y: f64,
    z: f64,
    light: f32,
    plane: usize,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let x = stage.dice.uniforms(-1.6, 1.6, COUNT);
    let y = stage.dice.uniforms(-1.0, 1.0, COUNT);
    let z = stage.dice.uniforms(0.0, 1.0, COUNT);
    let light: Vec<f32> = (0..COUNT).map(|_| stage.u(0.15, 1.0).powi(3) as f32).collect();
    let plane: Vec<usize> = (0..COUNT).map(|_| stage.pick(&[0, 1, 2, 2])).collect();
    let cloud = Texture::new(111 + stage.seed % 5, Spectrum::new(1.7, 2.0));
    let fine = Texture::new(116 + stage.seed % 4, Spectrum::new(1.25, 4.0));
    let fast = stage.pick(&[0.35, 1.0, 2.2]);
    let roll = stage.pick(&[0.006, -0.006, 0.0]);
    stage.pick(&[0, 2, 3]);
    let ahead = (stage.u(-0.25, 0.25) as f32, stage.u(-0.12, 0.12) as f32);
    let star = |i: usize| {
        let close = x[i].abs() < 0.05 && y[i].abs() < 0.05;
        let x = if close { x[i] + 0.2 } else { x[i] };
        Star { x: x.into(), y: y[i].into(), z: z[i].into(), light: light[i], plane: plane[i] }
    };
    let stars = (0..COUNT).map(star).collect();
    let (size, scale, tones) = (stage.size(), stage.scale(), stage.tones);
    Box::new(Warp { size, scale, tones, stars, cloud, fine, fast, roll, ahead })
}

impl Scene for Warp {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        for star in &self.stars {
            self.streak(star, p, &mut light);
        }
        let layers = [0, 1, 2].map(|layer| {
            let depth = (0.0075 * 0.55 * p + f64::from(layer) / 3.0).rem_euclid(1.0);
            Layer {
                scale: (0.40 * (1.15 - 0.75 * depth)) as f32,
                share: (PI * depth).sin().powi(2) as f32,
                turn: self.roll * p + f64::from(layer),
                shift: layer as f32,
            }
        });
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light, layers })
    }

    fn glow(&self) -> f32 {
        0.75
    }
}

impl Warp {
    fn streak(&self, star: &Star, p: f64, light: &mut Planes) {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let z = (star.z - 0.0075 * p).rem_euclid(1.0) as f32;
        let near = 0.06 + 0.94 * z;
        let (sin, cos) = (self.roll * p).sin_cos();
        let (u, v) = ((cos * star.x - sin * star.y) as f32, (sin * star.x + cos * star.y) as f32);
        let screen = Screen::new(self.size);
        let place = |z: f32| screen.at(self.ahead.0 + 0.42 * u / z, self.ahead.1 + 0.42 * v / z);
        let (a, b) = (place(near), place(near + 0.011 * self.fast));
        let w = star.light * (1.0 - z).clamp(0.0, 1.0) * (z * 12.0).clamp(0.0, 1.0) * (0.35 + 0.10 / near);
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        if a.0 > -60.0 && a.0 < width + 60.0 && a.1 > -60.0 && a.1 < height + 60.0 {
            let weight = w * 3.4 / (1.2 + length).powf(0.55) * self.scale;
            light.stroke(star.plane, a, b, (weight, 1.2));
        }
        light.dot(star.plane, a, 1.3 * w, ((0.55 + 0.055 / near).min(1.9) * self.scale, 3));
    }
}

/// One depth of the nebula.
struct Layer {
    scale: f32,
    share: f32,
    turn: f64,
    shift: f32,
}

struct Frame<'a> {
    scene: &'a Warp,
    light: Planes,
    layers: [Layer; 3],
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, y) = (at.x - scene.ahead.0, at.y - scene.ahead.1);
        let zero = x.all(0.0);
        let (mut glow, mut warm, mut dust) = (zero, zero, zero);
        for layer in &self.layers {
            let (u, v) = rot(x * layer.scale, y * layer.scale, layer.turn);
            let rough = scene.fine.look(u * 1.9 + 0.3 * layer.shift, v * 1.9);
            let (du, dv) = (0.37 * layer.shift, 0.21 * layer.shift);
            let c = scene.cloud.look(u + rough * 0.03 + du, v + rough * 0.03 + dv);
            let cloud = sigmoid(c * 3.0 + rough * 0.45 - 2.4) * layer.share;
            glow = glow + cloud;
            let heat = scene.cloud.look(v * 0.7 + 0.5, u * 0.7 + 0.13 * layer.shift);
            warm = warm + cloud * sigmoid(heat * 3.0);
            let lanes = scene.cloud.look(u * 1.3 + 0.7, v * 1.3 + 0.2) + rough * 0.4;
            dust = dust + step(0.4, 1.6, lanes) * layer.share;
        }
        let far = x * x + y * y;
        let dust = (1.0 - dust * 0.8).clamp(0.1, 1.0);
        let nebula = Light::of(tones.deep, glow * 0.5 + 0.08)
            .add(tones.main, (glow - warm).max(0.0) * glow * 0.42)
            .add(tones.accent, warm * glow * 0.5);
        Light::of(tones.dark, x.all(1.0))
            .with(nebula.times(dust))
            .add(tones.main, exp(far * -5.0) * 0.16 + self.light.load(0, at) * 1.3)
            .add(tones.accent, self.light.load(1, at) * 1.3)
            .add(tones.hot, exp(far * -160.0) * 0.2 + self.light.load(2, at) * 1.2)
    }
}
