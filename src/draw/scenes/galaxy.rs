//! A tilted disc of twenty thousand stars: arms, a bulge, dust lanes, rosy knots, a field of stars behind.

use crate::draw::lanes::Simd;
use crate::draw::math::{atan2, bell, cos, exp, ln, pow, rot, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage, Stars};
use crate::draw::texture::{Spectrum, Texture};
use std::f64::consts::TAU;

const COUNT: usize = 20_000;
/// The brightest are drawn as dots.
const LARGE: usize = 420;
const KNOTS: usize = 46;
/// Knots are drawn on a picture so many times smaller.
const COARSE: usize = 4;

/// One star on the disc.
#[derive(Clone, Copy)]
struct Star {
    radius: f64,
    angle: f64,
    height: f64,
    light: f32,
    /// Main, accent, hot.
    kind: usize,
}

struct Galaxy {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    stars: Vec<Star>,
    large: Vec<Star>,
    knots: Vec<Star>,
    arms: f32,
    pitch: f32,
    tilt: f64,
    lean: f64,
    turn: f64,
    texture: Texture,
    sky: Stars,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let arms = stage.pick(&[2u32, 2, 3, 4]);
    let pitch = stage.u(2.2, 3.2);
    let stars = disc(stage, arms, pitch);
    let mut large = stars.clone();
    large.sort_by(|a, b| b.light.total_cmp(&a.light));
    large.truncate(LARGE);
    let outside: Vec<&Star> = stars.iter().filter(|star| star.kind != 2).collect();
    let knots = (0..KNOTS).map(|_| *outside[stage.dice.below(outside.len() as u32) as usize]).collect();
    let (tilt, lean) = (stage.u(0.85, 1.2), stage.u(-0.45, 0.45));
    let texture = Texture::new(121 + stage.seed % 5, Spectrum::new(1.5, 3.0));
    let sky = stage.stars(900, 0.35).doubled(0.8);
    let turn = stage.pick(&[1.0, -1.0]) * 0.020;
    let (size, scale, tones) = (stage.size(), stage.scale(), stage.tones);
    let (arms, pitch) = (arms as f32, pitch as f32);
    Box::new(Galaxy { size, scale, tones, stars, large, knots, arms, pitch, tilt, lean, turn, texture, sky })
}

/// The stars, their numbers thrown one after the other for all of them.
fn disc(stage: &mut Stage, arms: u32, pitch: f64) -> Vec<Star> {
    let all = 0..COUNT;
    let Stage { dice, ziggurat, .. } = stage;
    let mut radius: Vec<f64> = all.clone().map(|_| dice.gamma(ziggurat, 2.1, 0.26)).collect();
    for r in &mut radius {
        let other = dice.uniform(0.1, 1.6);
        *r = if *r > 1.7 { other } else { *r } + 0.02;
    }
    let near: Vec<f64> = all.clone().map(|_| dice.normal(ziggurat)).collect();
    let far: Vec<f64> = all.clone().map(|_| dice.normal(ziggurat) * 0.5).collect();
    let strays: Vec<bool> = all.clone().map(|_| dice.random() < 0.22).collect();
    let which: Vec<u32> = all.clone().map(|_| dice.below(arms)).collect();
    let bulge: Vec<bool> = all.clone().map(|_| dice.random() < 0.14).collect();
    let core: Vec<f64> = all.clone().map(|_| (dice.normal(ziggurat) * 0.12).abs()).collect();
    let around: Vec<f64> = all.clone().map(|_| dice.uniform(0.0, 6.283)).collect();
    let height: Vec<f64> = all.clone().map(|_| dice.normal(ziggurat)).collect();
    let warm: Vec<bool> = all.clone().map(|_| dice.random() < 0.16).collect();
    let light: Vec<f64> = all.clone().map(|_| dice.uniform(0.05, 1.0)).collect();
    let star = |i: usize| {
        let r = radius[i];
        let spread = near[i] * (0.16 + 0.10 * r) + if strays[i] { far[i] } else { 0.0 };
        let angle =
            TAU / f64::from(arms) * f64::from(which[i]) - pitch * (r + 0.12).ln() + spread / (r + 0.25) * 0.5;
        let light = (light[i].powi(6) * 3.4 + 0.06) * if bulge[i] { 0.4 } else { 1.0 };
        Star {
            radius: if bulge[i] { core[i] } else { r },
            angle: if bulge[i] { around[i] } else { angle },
            height: height[i] * if bulge[i] { 0.07 } else { 0.016 },
            light: light as f32,
            kind: if bulge[i] { 2 } else { usize::from(warm[i]) },
        }
    };
    all.map(star).collect()
}

impl Scene for Galaxy {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        let k = self.scale;
        for star in &self.stars {
            light.splat(star.kind, self.place(star, p), star.light * 0.62 * k * k);
        }
        for star in &self.large {
            light.dot(star.kind, self.place(star, p), star.light * 0.42, (0.8 * k, 2));
        }
        let mut halos = Planes::black((self.size.0 / COARSE).max(1), (self.size.1 / COARSE).max(1));
        for star in &self.knots {
            let (x, y) = self.place(star, p);
            halos.dot(0, (x / COARSE as f32, y / COARSE as f32), 0.16, (1.6 * k, 4));
        }
        let halos = halos.enlarged(0, self.size);
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light, halos, turn: self.turn * p })
    }

    fn glow(&self) -> f32 {
        0.35
    }
}

impl Galaxy {
    /// Where a star is, in pixels.
    fn place(&self, star: &Star, p: f64) -> (f32, f32) {
        let (sin, cos) = (star.angle + self.turn * p).sin_cos();
        let (x, z) = (star.radius * cos, star.radius * sin);
        let (st, ct) = self.tilt.sin_cos();
        let (y, depth) = (star.height * st + z * ct, z * st - star.height * ct);
        let s = 1.2 / (1.0 + 0.22 * depth);
        let (x, y) = (x * s, y * s);
        let (sin, cos) = self.lean.sin_cos();
        Screen::new(self.size).at((cos * x - sin * y) as f32, (sin * x + cos * y) as f32)
    }
}

struct Frame<'a> {
    scene: &'a Galaxy,
    light: Planes,
    halos: Planes,
    turn: f64,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (qx, qy) = rot(at.x * (1.0 / 1.2), at.y * (1.0 / 1.2), -scene.lean);
        let qy = qy * (1.0 / scene.tilt.cos()) as f32;
        let rr = (qx * qx + qy * qy).sqrt() + 1e-3;
        let angle = atan2(qy, qx) - self.turn as f32;
        let spiral = (angle + scene.pitch * ln(rr + 0.12)) * scene.arms;
        let arm = cos(spiral) * 0.5 + 0.5;
        let lane = cos(spiral + 1.1) * 0.5 + 0.5;
        let (rx, ry) = rot(qx, qy, -self.turn);
        let cloud = scene.texture.look(rx * 0.33 + 0.5, ry * 0.33 + 0.5);
        let wisp = scene.texture.look(rx * 0.95 + 0.2, ry * 0.95);
        let haze = exp(rr * -2.3) * (arm * 0.75 + 0.25) * (cloud * 0.35 + 1.0).max(0.0);
        let ring = bell(rr - 0.45, 0.42);
        let dust = 1.0 - step(0.45, 1.0, lane.sq() * (wisp * 0.30 + 0.75)) * ring * 0.75;
        let core = exp((qx * qx + (qy * 0.75).sq()) * -60.0);
        let stars = Light::of(tones.main, self.light.load(0, at))
            .add(tones.accent, self.light.load(1, at) * 1.4 + pow(core, 0.3) * 0.28)
            .add(tones.hot, self.light.load(2, at) * 0.9 + core);
        Light::of(tones.dark, at.x.all(1.0))
            .add(tones.deep, haze * 1.1 + exp(rr * -0.8) * 0.10)
            .add(tones.main, haze * arm * 0.32)
            .add(tones.hot, scene.sky.load(at) * exp(haze * -2.0))
            .with(stars.times(dust))
            .add(tones.accent, self.halos.load(0, at) * 0.9)
    }
}
