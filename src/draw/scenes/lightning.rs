//! Branching bolts that crawl, clouds lit from within, a dark land, rain veils; or arcs from a ball.

use crate::draw::dice::{Dice, Ziggurat};
use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{bell, cover, exp, hash2, sigmoid, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage, Stars};
use crate::draw::texture::{Spectrum, Texture};
use std::f64::consts::TAU;

/// Most branches of one bolt: its dice would hardly ever come to more.
const MOST: usize = 400;
const BALL: f32 = 0.17;

/// A path of light, and how strong it is between its points.
struct Path {
    points: Vec<(f64, f64)>,
    weights: Vec<f32>,
}

struct Bolt {
    paths: Vec<Path>,
    phase: f64,
    rate: f64,
}

struct Lightning {
    size: (usize, usize),
    scale: f32,
    px: f32,
    tones: Tones,
    storm: bool,
    bolts: Vec<Bolt>,
    cloud: Texture,
    fine: Texture,
    wobble: Texture,
    sky: Stars,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let storm = stage.pick(&[true, true, false]);
    let bolts = (0..if storm { 3 } else { 5 }).map(|i| bolt(stage, storm, i)).collect();
    let cloud = Texture::new(171 + stage.seed % 5, Spectrum::new(1.9, 2.0));
    let fine = Texture::new(176 + stage.seed % 5, Spectrum::new(1.65, 4.0));
    let wobble = Texture::new(181, Spectrum::new(1.35, 4.0));
    let sky = stage.stars(150, 0.2);
    let (size, scale, px, tones) = (stage.size(), stage.scale(), stage.px(), stage.tones);
    Box::new(Lightning { size, scale, px, tones, storm, bolts, cloud, fine, wobble, sky })
}

fn bolt(stage: &mut Stage, storm: bool, number: u32) -> Bolt {
    let mut grown = Growth { dice: &mut stage.dice, ziggurat: &stage.ziggurat, paths: Vec::new() };
    if storm {
        let x = grown.dice.uniform(-1.3, 1.3);
        let top = 0.8 + grown.dice.uniform(0.0, 0.25);
        let foot = x + grown.dice.uniform(-0.6, 0.6);
        grown.grow([(x, top), (foot, -0.64)], (0.105, 0.32), (7, 1.0));
    } else {
        let a = TAU * (f64::from(number) + grown.dice.uniform(-0.25, 0.25)) / 5.0;
        let ends = [(0.17 * a.cos(), 0.17 * a.sin()), (1.45 * a.cos(), 0.92 * a.sin())];
        grown.grow(ends, (0.10, 0.5), (7, 0.9));
    }
    let paths = grown.paths;
    Bolt { paths, phase: stage.u(0.0, 6.28), rate: stage.u(0.05, 0.11) }
}

/// A bolt that grows.
struct Growth<'a> {
    dice: &'a mut Dice,
    ziggurat: &'a Ziggurat,
    paths: Vec<Path>,
}

impl Growth<'_> {
    /// A path between two points by midpoint displacement, and its branches.
    fn grow(
        &mut self,
        [from, to]: [(f64, f64); 2],
        (rough, branch): (f64, f64),
        (depth, weight): (i32, f64),
    ) {
        let mut points = vec![from, to];
        for k in 0..depth {
            let spread = rough * 0.93f64.powi(k);
            let mut finer = vec![points[0]];
            for pair in points.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let off = (self.dice.normal(self.ziggurat) * spread).clamp(-2.0 * rough, 2.0 * rough);
                finer.push(((a.0 + b.0) / 2.0 - (b.1 - a.1) * off, (a.1 + b.1) / 2.0 + (b.0 - a.0) * off));
                finer.push(b);
            }
            points = finer;
        }
        let count = points.len() - 1;
        let last = if weight < 0.9 { 0.55 } else { 0.9 };
        let fade = |i: usize| weight * (1.0 + (last - 1.0) * i as f64 / (count.max(2) - 1) as f64);
        let weights = (0..count).map(|i| fade(i) as f32).collect();
        self.paths.push(Path { points: points.clone(), weights });
        if weight <= 0.12 || self.paths.len() > MOST {
            return;
        }
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        for _ in 0..self.dice.poisson(branch * 10.0 * weight) {
            let most = ((points.len() as f64 * 0.85) as u32).max(3);
            let start = points[2 + self.dice.below(most - 2) as usize];
            let side = self.dice.pick(&[-1.0, 1.0]);
            let (sin, cos) = (side * self.dice.uniform(0.25, 0.75)).sin_cos();
            let far = self.dice.uniform(0.18, 0.5) / length.max(1e-6) * length;
            let end = (start.0 + (cos * dx - sin * dy) * far, start.1 + (sin * dx + cos * dy) * far);
            let weight = weight * self.dice.uniform(0.3, 0.55);
            self.grow([start, end], (rough, branch), ((depth - 2).max(2), weight));
        }
    }
}

impl Scene for Lightning {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        let mut flashes = Vec::new();
        for bolt in &self.bolts {
            let on = 0.10 + 0.9 * (0.5 + 0.5 * (bolt.rate * 2.2 * p + bolt.phase).sin()).powi(2);
            for path in &bolt.paths {
                let places = self.crawl(path, p);
                self.stroke(path, &places, on as f32, &mut light);
                if path.weights[0] > 0.6 {
                    let middle = if self.storm { places.len() / 5 } else { 0 };
                    flashes.push((places[middle], on as f32));
                }
            }
        }
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light, flashes, p })
    }

    fn glow(&self) -> f32 {
        1.1
    }
}

impl Lightning {
    /// Where a path's points are now.
    fn crawl(&self, path: &Path, p: f64) -> Vec<(f32, f32)> {
        let (wobble, p) = (&self.wobble, p as f32);
        let place = |&(a, b): &(f64, f64)| {
            let (a, b) = (a as f32, b as f32);
            let held = if self.storm { 0.72 - b } else { a.hypot(b) - 0.15 };
            let large = 0.06 * held.clamp(0.0, 1.0) * wobble.at(0.2 * a + 0.0035 * p, 0.2 * b);
            let small = 0.010 * wobble.at(0.6 * a - 0.005 * p, 0.6 * b + 0.2);
            (a + large + small, b + 0.015 * wobble.at(0.3 * b + 0.5, 0.3 * a + 0.003 * p))
        };
        path.points.iter().map(place).collect()
    }

    fn stroke(&self, path: &Path, places: &[(f32, f32)], on: f32, light: &mut Planes) {
        let screen = Screen::new(self.size);
        let thick = path.weights[0] > 0.6;
        let points: Vec<(f32, f32)> = places.iter().map(|&(x, y)| screen.at(x, y)).collect();
        for (ends, weight) in points.windows(2).zip(&path.weights) {
            let weight = weight * on * self.scale;
            let (plane, much) = if thick { (2, 2.6) } else { (1, 1.5) };
            light.stroke(plane, ends[0], ends[1], (weight * much, 1.6));
            for off in [-0.8, 0.8].iter().filter(|_| thick) {
                let beside = |(x, y): (f32, f32)| (x + off * self.scale, y);
                light.stroke(0, beside(ends[0]), beside(ends[1]), (weight * 1.1, 1.2));
            }
        }
    }
}

struct Frame<'a> {
    scene: &'a Lightning,
    light: Planes,
    /// Where it is bright, and how.
    flashes: Vec<((f32, f32), f32)>,
    p: f64,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, y) = (at.x, at.y);
        let w = scene.cloud.look(x * 0.16 + self.gone(0.0016), y * 0.32 + self.gone(0.0004));
        let (u, v) = (x * 0.26 + self.gone(0.0026) + w * 0.03, y * 0.42 + w * 0.02);
        let rough = scene.fine.look(u, v);
        let mut flash = x.all(0.0);
        for ((fx, fy), on) in &self.flashes {
            flash = flash + exp(((x - *fx).sq() * 1.1 + (y - *fy).sq() * 2.2) * -2.2) * *on;
        }
        let back = match scene.storm {
            true => self.storm(at, (w, rough, flash), (u, v)),
            false => self.arcs(at, (w, rough)),
        };
        let light = back
            .add(tones.main, self.light.load(0, at) * 1.3)
            .add(tones.accent, self.light.load(1, at) * 1.3)
            .add(tones.hot, self.light.load(2, at) * 1.5);
        if scene.storm { self.with_land(light, (x, y), (rough, flash)) } else { light }
    }
}

impl Frame<'_> {
    #[inline(always)]
    fn gone(&self, speed: f64) -> f32 {
        (speed * self.p) as f32
    }

    #[inline(always)]
    fn storm<S: Simd>(
        &self,
        at: Samples<S>,
        (w, rough, flash): (Lanes<S>, Lanes<S>, Lanes<S>),
        (u, v): (Lanes<S>, Lanes<S>),
    ) -> Light<S> {
        let (scene, tones, x, y) = (self.scene, &self.scene.tones, at.x, at.y);
        let cloud = sigmoid(w * 1.5 + rough * 0.7 + (y - 0.25) * 2.6);
        let beside = scene.fine.look(u + 0.010, v - 0.014);
        let relief = ((rough - beside) * 1.3 + w * 0.12 + 0.45).clamp(0.0, 1.5);
        let lit = cloud * relief;
        let veil = scene.fine.look(x * 0.5 + y * 0.16 - self.gone(0.002), y * 0.03 + 0.1);
        let veil = sigmoid(veil * 2.0) * step(0.35, -0.5, y);
        Light::of(tones.dark, x.all(0.9))
            .add(tones.deep, exp((y + 0.6).abs() * -2.6) * 0.30 + lit * 0.28 + veil * (flash + 0.3) * 0.22)
            .add(tones.main, flash * lit * 0.75)
            .add(tones.accent, flash.sq() * lit * 0.5)
            .add(tones.hot, scene.sky.load(at) * (1.0 - cloud) * 0.3)
    }

    #[inline(always)]
    fn arcs<S: Simd>(&self, at: Samples<S>, (w, rough): (Lanes<S>, Lanes<S>)) -> Light<S> {
        let (scene, tones, x, y) = (self.scene, &self.scene.tones, at.x, at.y);
        let r = (x * x + y * y).sqrt();
        let haze = (rough.max(0.0) * 0.25 + w.max(0.0) * 0.2 + 0.35) * exp(r * -0.9);
        let back =
            Light::of(tones.dark, x.all(1.0)).add(tones.deep, haze).add(tones.main, exp(r * r * -9.0) * 0.5);
        let share = cover(r, BALL, scene.px);
        let nz = (1.0 - (r * (1.0 / BALL)).sq()).max(0.0).sqrt();
        let rim = 1.0 - nz;
        let metal = bell(y * (1.0 / BALL) - 0.35 + w * 0.1, 0.16) * 0.9 + rim * rim * rim * 0.5 + 0.12;
        let spot = bell((x + 0.06) * (1.0 / BALL), 0.2) * bell((y - 0.07) * (1.0 / BALL), 0.15);
        let ball = Light::of(tones.deep, metal).add(tones.hot, spot * 0.9).add(tones.main, rim.sq() * 0.6);
        back.mix(ball, share)
    }

    #[inline(always)]
    fn with_land<S: Simd>(
        &self,
        light: Light<S>,
        (x, y): (Lanes<S>, Lanes<S>),
        (rough, flash): (Lanes<S>, Lanes<S>),
    ) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        if !y.below(-0.2).anywhere() {
            return light;
        }
        let zero = x.all(0.0);
        let hills =
            scene.cloud.look_row(x * 0.12 + 0.2, 0.0) * 0.05 + scene.fine.look_row(x * 0.5, 0.0) * 0.012;
        let land = hills - 0.66;
        let wood = hash2((x * 9.0).floor(), zero, 5).above(0.5).one();
        let trees = hash2((x * 60.0).floor(), zero, 4) * 0.03 * wood;
        let share = ((land + trees - y) * (1.0 / scene.px) + 0.5).unit();
        let sheen = exp((y - land) * 9.0) * (flash * 0.25 + 0.05);
        let ground = Light::of(tones.dark, x.all(0.35)).add(tones.deep, sheen * (rough * 0.4 + 0.6));
        light.mix(ground, share)
    }
}
