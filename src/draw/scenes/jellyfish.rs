//! Jellyfish of light: bells of fine meridians, frills, trailing threads; specks in dark water, rays from above.

use crate::draw::lanes::Simd;
use crate::draw::math::{exp, rot, sigmoid, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage};
use crate::draw::texture::{Spectrum, Texture};
use std::f64::consts::{PI, TAU};

const SPECKS: usize = 520;
const ROWS: usize = 34;
const MERIDIANS: usize = 44;
const THREADS: usize = 30;
/// Points of a thread, and of an arm.
const THREAD: usize = 64;
const ARM: usize = 150;

struct Jellyfish {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    animals: Vec<Animal>,
    specks: Vec<[f32; 4]>,
    texture: Texture,
}

struct Animal {
    x: f64,
    y: f64,
    radius: f64,
    phase: f64,
    lean: f64,
    tone: usize,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let count = stage.pick(&[1usize, 2, 3]);
    let animals = (0..count).map(|number| animal(stage, number, count)).collect();
    let rows = [0; 4].map(|_| stage.dice.uniforms(0.0, 1.0, SPECKS));
    let specks = (0..SPECKS).map(|i| [rows[0][i], rows[1][i], rows[2][i], rows[3][i]]).collect();
    let texture = Texture::new(291 + stage.seed % 4, Spectrum::new(1.8, 2.0));
    let (size, scale, tones) = (stage.size(), stage.scale(), stage.tones);
    Box::new(Jellyfish { size, scale, tones, animals, specks, texture })
}

fn animal(stage: &mut Stage, number: usize, count: usize) -> Animal {
    let alone = count == 1;
    let wide = if alone { 0.3 } else { 0.9 };
    let (x, y) = (stage.u(-wide, wide), stage.u(-0.1, 0.4));
    let radius = if alone { 0.5 } else { [0.46, 0.36, 0.28][number % 3] };
    let (phase, lean) = (stage.u(0.0, 6.28), stage.u(-0.45, 0.45));
    Animal { x, y, radius, phase, lean, tone: number % 2 }
}

impl Scene for Jellyfish {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        let poses: Vec<Pose> = self.animals.iter().map(|animal| animal.at(p)).collect();
        for (animal, pose) in self.animals.iter().zip(&poses) {
            let mut pen =
                Pen { screen: Screen::new(self.size), k: self.scale, pose, animal, light: &mut light, p };
            pen.bell();
            pen.threads();
            pen.arms();
        }
        let screen = Screen::new(self.size);
        for [a, b, c, d] in &self.specks {
            let x = (a + (0.0010 * p) as f32 * (c - 0.3)).rem_euclid(1.0) * 3.9 - 1.95;
            let y = (b + (0.0016 * p) as f32 * (0.3 + c)).rem_euclid(1.0) * 2.2 - 1.1;
            let radius = (0.6 + 0.9 * c.powi(3)) * self.scale;
            light.dot(1, screen.at(x, y), 0.10 + 0.6 * d.powi(6), (radius, 2));
        }
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light, poses, p })
    }

    fn glow(&self) -> f32 {
        0.8
    }
}

/// How an animal is at a moment.
struct Pose {
    /// 0 to 1.
    beat: f64,
    x: f64,
    y: f64,
    lean: f64,
    turn: f64,
}

impl Animal {
    fn at(&self, p: f64) -> Pose {
        let rise = 0.06 * (0.20 * p + self.phase - 1.2).sin() + 0.10 * (0.017 * p + self.phase).sin();
        Pose {
            beat: 0.5 + 0.5 * (0.20 * p + self.phase).sin(),
            x: self.x + 0.05 * (0.03 * p + self.phase).sin(),
            y: self.y + rise,
            lean: self.lean + 0.08 * (0.04 * p + self.phase).sin(),
            turn: 0.02 * p,
        }
    }
}

/// What draws an animal.
struct Pen<'a> {
    screen: Screen,
    k: f32,
    pose: &'a Pose,
    animal: &'a Animal,
    light: &'a mut Planes,
    p: f64,
}

impl Pen<'_> {
    /// Where a place of the animal is seen.
    fn place(&self, x: f64, y: f64, z: f64) -> (f32, f32) {
        let s = self.animal.radius / (1.0 + 0.25 * z);
        let (x, y) = (x * s, y * s);
        let (sin, cos) = self.pose.lean.sin_cos();
        let (x, y) = (self.pose.x + cos * x - sin * y, self.pose.y + sin * x + cos * y);
        self.screen.at(x as f32, y as f32)
    }

    /// How wide the bell is, and how high.
    fn breath(&self) -> (f64, f64) {
        (1.0 + 0.14 * (self.pose.beat - 0.5), 0.86 - 0.16 * (self.pose.beat - 0.5))
    }

    fn bell(&mut self) {
        let (wide, high) = self.breath();
        let mut net: Vec<Vec<((f32, f32), f32)>> = Vec::with_capacity(ROWS);
        for row in 0..ROWS {
            let q = row as f64 / (ROWS - 1) as f64;
            let radius = wide * (q * 1.95).sin().powf(0.9) * (1.0 - 0.10 * self.pose.beat * q.powi(6));
            let point = |m: usize| {
                let th = m as f64 * TAU / MERIDIANS as f64;
                let frill = 1.0 + 0.05 * q.powi(8) * (12.0 * th).cos();
                let (sin, cos) = (th + self.pose.turn).sin_cos();
                let z = radius * sin;
                let hem = 0.05 * q.powi(6) * (12.0 * th + 0.2 * self.p).cos();
                let y = high * (q * 1.95).cos() + hem - 0.18 * z * 0.6;
                (self.place(radius * frill * cos, y, z), (0.55 - 0.45 * z) as f32)
            };
            net.push((0..MERIDIANS).map(point).collect());
        }
        let tone = self.animal.tone;
        for (row, pair) in net.windows(2).enumerate() {
            let share = 0.38 * (0.35 + 0.65 * row as f32 / (ROWS - 1) as f32) * self.k;
            for (from, to) in pair[0].iter().zip(&pair[1]) {
                self.light.stroke(tone, from.0, to.0, (share * from.1, 1.3));
            }
        }
        for row in [6, 12, 18, 23, 27, 30, 33] {
            let (plane, share) = if row == 33 { (2, 0.75) } else { (tone, 0.35) };
            for m in 0..MERIDIANS {
                let (from, to) = (net[row][m], net[row][(m + 1) % MERIDIANS]);
                self.light.stroke(plane, from.0, to.0, (share * from.1 * self.k, 1.3));
            }
        }
        net[33].iter().for_each(|(at, front)| self.light.dot(2, *at, 0.9 * front, (1.1 * self.k, 2)));
    }

    fn threads(&mut self) {
        let (wide, high) = self.breath();
        let r0 = wide * 0.90 * (1.0 - 0.10 * self.pose.beat);
        let (p, phase) = (self.p, self.animal.phase);
        for thread in 0..THREADS {
            let a = thread as f64 * TAU / THREADS as f64;
            let long = 2.0 + 0.8 * (5.0 * a + phase).sin();
            let (sin, cos) = (a + self.pose.turn).sin_cos();
            let point = |i: usize| {
                let q = i as f64 / (THREAD - 1) as f64;
                let sway = 0.16 * q * (5.5 * q * 1.2 - 0.20 * p + 3.0 * a + phase).sin()
                    + 0.10 * q * (11.0 * q - 0.31 * p + 7.0 * a).sin();
                let z = r0 * sin * (1.0 - 0.3 * q);
                let y = high * 1.95f64.cos() - long * q - 0.10 * z;
                let weight = 0.55 * (1.0 - q).powf(0.8) * (0.6 - 0.4 * z);
                (self.place(r0 * cos * (1.0 - 0.35 * q) + sway, y, z), weight as f32 * self.k)
            };
            let points: Vec<((f32, f32), f32)> = (0..THREAD).map(point).collect();
            for pair in points.windows(2) {
                self.light.stroke(self.animal.tone, pair[0].0, pair[1].0, (pair[0].1, 1.3));
            }
        }
    }

    /// Four frilled arms.
    fn arms(&mut self) {
        let p = self.p;
        for arm in 0..4 {
            let number = f64::from(arm);
            let base = number * PI / 2.0 + self.pose.turn * 2.0;
            for side in [-1.0, 1.0] {
                let point = |i: usize| {
                    let q = i as f64 / (ARM - 1) as f64;
                    let frill =
                        (0.13 * (1.0 - q) + 0.02) * (0.6 + 0.4 * (46.0 * q - 0.25 * p + number).sin());
                    let sway = 0.12 * q * (4.0 * q - 0.17 * p + number).sin();
                    let x = 0.18 * base.cos() * (1.0 + q) + side * frill + sway;
                    (self.place(x, 0.25 - 1.75 * q, 0.3 * base.sin()), (0.75 * (1.0 - q)) as f32 * self.k)
                };
                let points: Vec<((f32, f32), f32)> = (0..ARM).map(point).collect();
                for pair in points.windows(2) {
                    self.light.stroke(1 - self.animal.tone, pair[0].0, pair[1].0, (pair[0].1, 1.3));
                }
            }
        }
    }
}

struct Frame<'a> {
    scene: &'a Jellyfish,
    light: Planes,
    poses: Vec<Pose>,
    p: f64,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, y) = (at.x, at.y);
        let mut halo = x.all(0.0);
        for (animal, pose) in scene.animals.iter().zip(&self.poses) {
            let radius = animal.radius as f32;
            let (u, v) = rot(x - pose.x as f32, y - pose.y as f32, -animal.lean);
            let far = (u * (1.0 / radius)).sq() + ((v - 0.25 * radius) * (1.0 / (0.75 * radius))).sq();
            halo = halo + exp(far * -1.5) * (0.6 + 0.4 * pose.beat) as f32;
        }
        let angle = (x + 0.4) / (2.4 - y);
        let ray = scene.texture.look_row(angle * 0.55 + (0.0012 * self.p) as f32, (0.0016 * self.p) as f32);
        let ray = sigmoid(ray * 2.2) * step(-0.9, 1.0, y);
        let surface = step(-1.0, 1.0, y);
        Light::of(tones.dark, x.all(1.0))
            .add(tones.deep, surface.sq() * 0.55 + ray * 0.35 + 0.25)
            .add(tones.main, ray.sq() * 0.10 + halo * 0.22 + self.light.load(0, at) * 1.25)
            .add(tones.accent, self.light.load(1, at) * 1.25)
            .add(tones.hot, self.light.load(2, at) * 1.2)
    }
}
