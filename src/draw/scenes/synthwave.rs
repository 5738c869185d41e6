//! A valley of wire mountains, a banded sun, stars, and its shine on the floor.

use super::ground::{Ground, meet};
use crate::draw::camera::Camera;
use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{cover, exp, hash2, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Stage, Stars};
use crate::draw::texture::{Spectrum, Texture};

struct Synthwave {
    size: (usize, usize),
    tones: Tones,
    texture: Texture,
    sky: Stars,
    valley: Valley,
    sun: f32,
    sun_x: f32,
}

/// How wide the floor is, and how high its walls.
#[derive(Clone, Copy)]
struct Valley {
    lane: f32,
    tall: f32,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let texture = Texture::new(41 + stage.seed % 5, Spectrum::new(1.9, 3.0));
    let [lane, tall, sun] = [(1.6, 2.2), (2.2, 3.2), (0.42, 0.55)].map(|(a, b)| stage.u(a, b) as f32);
    stage.pick(&[0, 1]);
    let sky = stage.stars(420, 0.4);
    let sun_x = stage.u(-0.15, 0.15) as f32;
    let valley = Valley { lane, tall };
    Box::new(Synthwave { size: stage.size(), tones: stage.tones, texture, sky, valley, sun, sun_x })
}

impl Scene for Synthwave {
    fn draw(&mut self, p: f64) -> Planes {
        let (z, sway) = (0.17 * p, 0.25 * (0.03 * p).sin());
        let (from, to) = ([sway, 0.95, z], [sway * 0.6, 0.88, z + 1.0]);
        let camera = Camera::new(self.size, from, to, 1.25, 0.02 * (0.03 * p).sin());
        let frame = Frame { scene: self, camera, sway: sway as f32, slide: (0.06 * p) as f32 };
        Planes::paint(self.size.0, self.size.1, &frame)
    }

    fn glow(&self) -> f32 {
        0.75
    }
}

struct Frame<'a> {
    scene: &'a Synthwave,
    camera: Camera,
    sway: f32,
    slide: f32,
}

impl Ground for Frame<'_> {
    #[inline(always)]
    fn height<S: Simd>(&self, x: Lanes<S>, z: Lanes<S>) -> Lanes<S> {
        let Valley { lane, tall } = self.scene.valley;
        let wall = ((x.abs() - lane) * (1.0 / 3.2)).unit();
        if !wall.above(0.0).anywhere() {
            return wall;
        }
        let h = self.scene.texture.look(x * 0.045 + 0.3, z * 0.045);
        wall * ((h * 0.55 + 0.5).max(0.0) + 0.35) * tall
    }

    fn highest(&self) -> f32 {
        (0.85 + 0.55 * self.scene.texture.highest()) * self.scene.valley.tall
    }
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let d = self.camera.rays(at);
        let (t, hit) = meet(self, &self.camera, d, (0.8, 44.0, 46));
        let share = hit.one();
        let back = self.sky(at, d);
        if !hit.anywhere() {
            return back.0;
        }
        let ground = self.land(d, t);
        let fog = 1.0 - exp(-(t * 0.034).sq());
        let tones = &self.scene.tones;
        let haze = Light::of(tones.deep, t.all(0.8)).add(tones.main, 0.25 * exp(back.1 * -2.0));
        back.0.mix(ground.mix(haze, fog), share)
    }
}

impl Frame<'_> {
    #[inline(always)]
    fn land<S: Simd>(&self, d: [Lanes<S>; 3], t: Lanes<S>) -> Light<S> {
        const E: f32 = 0.06;
        let (camera, tones, tall) = (&self.camera, &self.scene.tones, self.scene.valley.tall);
        let (x, z) = (d[0] * t + camera.position[0], d[2] * t + camera.position[2]);
        let hx = (self.height(x + E, z) - self.height(x - E, z)) * (0.5 / E);
        let hz = (self.height(x, z + E) - self.height(x, z - E)) * (0.5 / E);
        let n = (hx * hx + hz * hz + 1.0).rsqrt();
        let pixel = t * (camera.pixel * 1.1);
        let grazing = ((d[1] - d[0] * hx - d[2] * hz) * n).abs().max(0.03);
        let az = (pixel / grazing).min(2.0);
        let ax = (pixel / grazing * (d[0].abs() + hx.abs() * 0.2).unit() + pixel).min(2.0);
        let w = pixel * 0.6 + 0.018;
        let lines = 1.0 - (1.0 - line(x, w, ax)) * (1.0 - line(z, w, az));
        let near = exp(t * -0.045);
        let glow = exp(x.tri() * -12.0) + exp(z.tri() * -12.0);
        let high = (d[1] * t + camera.position[1]).max(0.0);
        let facet = ((hx * 0.5 * x.sign() + 0.5) * n).unit();
        let up = (high * (1.0 / tall)).unit();
        let rise = step(0.05, 0.7, up);
        let light = (lines * 2.0 + glow * 0.10) * near;
        let ground = Light::of(tones.dark, t.all(0.8)).add(tones.deep, facet * up * 0.40 + 0.10);
        let ground = ground.add(tones.main, light * (1.0 - rise)).add(tones.accent, light * rise);
        let ray = (x - camera.position[0]) / (t * 0.22 + 0.3);
        let glitter = hash2((z * 6.0).floor(), z.all(0.0), 3) * 0.65 + 0.35;
        let mirror = exp(-ray.sq()) * high.below(0.02).one() * glitter * exp(-1.0 / t);
        ground.add(tones.accent, mirror * 0.22)
    }

    /// The sky, and how far the sun's middle is.
    #[inline(always)]
    fn sky<S: Simd>(&self, at: Samples<S>, d: [Lanes<S>; 3]) -> (Light<S>, Lanes<S>) {
        let (scene, tones, px) = (self.scene, &self.scene.tones, self.camera.pixel * 1.25);
        let ahead = d[2].max(0.1);
        let (u, v) = (d[0] / ahead - scene.sun_x + self.sway * 0.1, d[1] / ahead);
        let r = (u * u + (v - 0.30).sq()).sqrt();
        let q = (v - 0.30) * (1.0 / scene.sun);
        let band = (0.42 - 0.5 * (q + 0.25)).clamp(0.0, 0.8) * q.below(0.25).one();
        let cut = ((band * 0.5 - (q * 6.0 - self.slide).tri()) * (scene.sun / (6.0 * px)) + 0.5).unit();
        let disc = cover(r, scene.sun, px * 0.9) * (1.0 - cut * band.above(0.02).one());
        let rise = step(-1.0, 1.0, q);
        let bright = rise * 0.7 + 1.5;
        let black = v.all(0.0);
        let sun = Light::of(tones.main, bright * (1.0 - rise)).add(tones.accent, bright * rise);
        let haze = exp(v.max(0.0) * -4.5);
        let back = Light::of(tones.dark, black + 0.9).add(tones.deep, haze * 0.95);
        let back = back.add(tones.main, exp(r * -2.2) * 0.30);
        let back = back.add(tones.hot, scene.sky.load(at) * (1.0 - disc) * step(0.05, 0.4, v));
        let back = back.mix(sun, disc).add(tones.main, exp(v.abs() * -28.0) * 0.5);
        (back, r)
    }
}

/// How much of a pixel, `a` wide, a line at every whole number covers, `w` to each side.
#[inline(always)]
fn line<S: Simd>(q: Lanes<S>, w: Lanes<S>, a: Lanes<S>) -> Lanes<S> {
    let sharp = ((w - q.tri()) / a + 0.5).unit();
    a.below(0.7).select(sharp, w * 2.0)
}
