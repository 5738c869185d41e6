//! Tongues of flame with fine licks, sparks that swirl upwards, heat behind; a wall of it, logs, or a ring.

use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{atan2, bell, exp, pow, rot, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Screen, Stage};
use crate::draw::texture::{Spectrum, Texture};
use std::f32::consts::TAU;

const SPARKS: usize = 420;
const TAIL: usize = 7;
/// Place, turn and length of each log.
const LOGS: [(f32, f32, f64, f32); 3] =
    [(-0.12, -0.86, 0.32, 0.52), (0.16, -0.87, -0.36, 0.55), (0.0, -0.94, 0.02, 0.7)];
const THICK: f32 = 0.062;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Wall,
    Pyre,
    Ring,
}

struct Fire {
    size: (usize, usize),
    scale: f32,
    px: f32,
    tones: Tones,
    large: Texture,
    fine: Texture,
    form: Form,
    sparks: Vec<Spark>,
    /// Light by temperature.
    heat: [[f32; 3]; 5],
}

struct Spark {
    x: f32,
    start: f64,
    speed: f64,
    light: f32,
    swirl: f32,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let large = Texture::new(151 + stage.seed % 5, Spectrum::new(1.7, 3.0));
    let fine = Texture::new(156 + stage.seed % 5, Spectrum::new(1.55, 7.0));
    let form = stage.pick(&[Form::Wall, Form::Pyre, Form::Ring]);
    let x: Vec<f32> = match form {
        Form::Wall => stage.dice.uniforms(-1.7, 1.7, SPARKS),
        _ => (0..SPARKS).map(|_| (stage.normal() * 0.33) as f32).collect(),
    };
    let start = stage.dice.uniforms(0.0, 1.0, SPARKS);
    let speed = stage.dice.uniforms(0.010, 0.022, SPARKS);
    let light: Vec<f32> = (0..SPARKS).map(|_| stage.u(0.2, 1.0).powi(2) as f32).collect();
    let swirl = stage.dice.uniforms(0.0, 6.28, SPARKS);
    let spark = |i: usize| {
        let (start, speed) = (start[i].into(), speed[i].into());
        Spark { x: x[i], start, speed, light: light[i], swirl: swirl[i] }
    };
    let sparks = (0..SPARKS).map(spark).collect();
    let tones = stage.tones;
    let times = |tone: [f32; 3], by: f32| tone.map(|v| v * by);
    let heat = [
        [0.0; 3],
        times(tones.deep, 0.7),
        times(tones.main, 0.85),
        times(tones.accent, 1.25),
        times(tones.hot, 2.0),
    ];
    let (size, scale, px) = (stage.size(), stage.scale(), stage.px());
    Box::new(Fire { size, scale, px, tones, large, fine, form, sparks, heat })
}

impl Scene for Fire {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        self.sparks.iter().for_each(|spark| self.rise(spark, p, &mut light));
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, light, p })
    }

    fn glow(&self) -> f32 {
        0.7
    }
}

impl Fire {
    fn rise(&self, spark: &Spark, p: f64, light: &mut Planes) {
        let screen = Screen::new(self.size);
        let q = (spark.start + spark.speed * p * 0.62).rem_euclid(1.0) as f32;
        let bright = spark.light * (1.0 - q).powf(0.8) * (q * 9.0).clamp(0.0, 1.0);
        for s in 0..TAIL {
            let up = (q - 0.0045 * s as f32).max(0.0);
            let (x, y) = if self.form == Form::Ring {
                let angle = spark.swirl + 0.9 * up + 0.25 * (5.0 * up + spark.swirl).sin();
                let radius = 0.42 + 1.35 * up;
                (radius * angle.cos(), radius * angle.sin())
            } else {
                let sway =
                    0.10 * (7.0 * up + spark.swirl).sin() + 0.05 * (17.0 * up + 2.0 * spark.swirl).sin();
                (spark.x * (1.0 + 0.9 * up) + sway, -0.95 + 2.15 * up)
            };
            let w = bright * (-(s as f32) / 3.0).exp();
            light.splat(1, screen.at(x, y), w * 1.5 * self.scale);
            if s == 0 {
                light.dot(2, screen.at(x, y), w * 1.7, (0.95 * self.scale, 2));
            }
        }
    }
}

struct Frame<'a> {
    scene: &'a Fire,
    light: Planes,
    p: f64,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, y) = (at.x, at.y);
        let r = (x * x + y * y).sqrt();
        let (u, h) = match scene.form {
            Form::Ring => (atan2(y, x) * (4.0 / TAU), (r - 0.42) * 1.15),
            Form::Wall => (x, (y + 1.0) * 0.62),
            Form::Pyre => (x, (y + 1.0) * 0.50),
        };
        let flame = self.glow(self.flame(x, u, h));
        let warm = match scene.form {
            Form::Ring => bell(r - 0.45, 0.5),
            _ => exp(((x * 0.6).sq() + (y + 0.5).sq()) * -1.3),
        };
        let mut light = flame.plus(tones.dark, 1.0).add(tones.deep, warm * 0.55);
        if scene.form == Form::Pyre {
            for (number, log) in LOGS.into_iter().enumerate() {
                light = self.with_log(light, (x, y), (number as f32, log));
            }
        }
        light.add(tones.accent, self.light.load(1, at) * 1.6).add(tones.hot, self.light.load(2, at) * 1.4)
    }
}

impl Frame<'_> {
    /// How hot it is at (u, h), h being the height above the fuel.
    #[inline(always)]
    fn flame<S: Simd>(&self, x: Lanes<S>, u: Lanes<S>, h: Lanes<S>) -> Lanes<S> {
        let (a, b) = (&self.scene.large, &self.scene.fine);
        let gone = |speed: f64| (0.011 * self.p * speed) as f32;
        let w1 = a.look(u * 0.25 + (0.002 * self.p) as f32, h * 0.20 - gone(0.55));
        let w2 = a.look(u * 0.42 + w1 * 0.06 + 0.4, h * 0.20 - gone(0.8) + w1 * 0.04);
        let lick = a.look(u * 0.34 + w2 * (h + 0.4) * 0.030, h * 0.15 - gone(1.0) + w1 * 0.03);
        let fine = b.look(u * 0.50 + w1 * 0.04 + w2 * 0.015, h * 0.14 - gone(1.1) + w2 * 0.02);
        let ridge = exp(-(lick * 2.2).sq()) * 0.5 + exp(-(fine * 2.6 + w1 * 0.6).sq()) * 0.42;
        let t = match self.scene.form {
            Form::Wall => 1.10 - h * 1.35 + w1 * 0.33 + lick * 0.22,
            Form::Pyre => {
                let wide = (1.0 - h.unit() * 0.62) * 0.62 + w1 * 0.10;
                1.25 - h * 1.25 - pow(x.abs() / wide.max(0.08), 2.2) * 0.9 + w1 * 0.30 + lick * 0.24
            }
            Form::Ring => 0.95 - h.max(0.0) * 2.4 - (-h).max(0.0) * 9.0 + w1 * 0.28 + lick * 0.25,
        };
        let body = step(-0.05, 1.3, t);
        (body * (ridge * 0.80 + 0.30) + body * body * body * 0.10) * 1.02
    }

    /// The light of a temperature.
    #[inline(always)]
    fn glow<S: Simd>(&self, v: Lanes<S>) -> Light<S> {
        let v = v.clamp(0.0, 0.9999) * 4.0;
        // Between two temperatures, each counts by how near it is.
        let near = |at: f32| (1.0 - (v - at).abs()).max(0.0);
        let mut light = Light::of(self.scene.heat[1], near(1.0));
        for (i, tone) in self.scene.heat.into_iter().enumerate().skip(2) {
            light = light.add(tone, near(i as f32));
        }
        light
    }

    #[inline(always)]
    fn with_log<S: Simd>(
        &self,
        light: Light<S>,
        (x, y): (Lanes<S>, Lanes<S>),
        (number, (lx, ly, turn, length)): (f32, (f32, f32, f64, f32)),
    ) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (u, v) = rot(x - lx, y - ly, -turn);
        let inside = |d: Lanes<S>, far: f32| ((far - d.abs()) * (1.0 / scene.px) + 0.5).unit();
        let share = inside(v, THICK) * inside(u, length);
        if !share.above(0.0).anywhere() {
            return light;
        }
        let across = v * (1.0 / THICK);
        let bark = scene.fine.look(u * 0.35 + number * 0.3, v * 1.5 + 0.2);
        let pulse = 0.5 * (0.11 * self.p + f64::from(number)).sin() as f32;
        let ember = step(0.25, 1.2, bark + pulse) * (1.0 - across.sq()).unit();
        let log = Light::of(tones.dark, u.all(0.5))
            .add(tones.deep, (across * 0.5 + 0.5) * (bark * 0.3 + 0.6) * 0.5)
            .add(tones.main, ember * 1.5)
            .add(tones.accent, ember * ember * ember * 0.9);
        light.mix(log, share)
    }
}
