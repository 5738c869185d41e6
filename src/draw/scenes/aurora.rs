//! Curtains with fine rays over snowy ridges, stars, and a lake that mirrors them.

use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{bell, exp, hash2, sigmoid, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Stage, Stars};
use crate::draw::texture::{Spectrum, Texture};

const SHORE: f32 = -0.52;

struct Aurora {
    size: (usize, usize),
    px: f32,
    tones: Tones,
    curtains: [Curtain; 3],
    lean: f32,
    folds: Texture,
    rays: Texture,
    ridge: Texture,
    sky: Stars,
}

/// How high a curtain hangs, and where it begins in the noise.
#[derive(Clone, Copy)]
struct Curtain {
    base: f32,
    offset: f32,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let folds = Texture::new(81 + stage.seed % 4, Spectrum::new(1.9, 2.0));
    let rays = Texture::new(85 + stage.seed % 4, Spectrum::new(1.0, 8.0));
    let ridge = Texture::new(89 + stage.seed % 5, Spectrum::new(1.75, 3.0));
    let sky = stage.stars(700, 0.5);
    let bases = [(-0.05, 0.12), (0.18, 0.32), (0.4, 0.55)].map(|(a, b)| stage.u(a, b) as f32);
    let curtains = bases.map(|base| Curtain { base, offset: stage.u(0.0, 1.0) as f32 });
    let lean = stage.u(-0.25, 0.25) as f32;
    let (size, px, tones) = (stage.size(), stage.px(), stage.tones);
    Box::new(Aurora { size, px, tones, curtains, lean, folds, rays, ridge, sky })
}

impl Scene for Aurora {
    fn draw(&mut self, p: f64) -> Planes {
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, p })
    }

    fn glow(&self) -> f32 {
        0.5
    }
}

struct Frame<'a> {
    scene: &'a Aurora,
    p: f64,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, y) = (at.x, at.y);
        let lake = ((SHORE - y) * (1.0 / scene.px) + 0.5).unit();
        let shine = bell(y - SHORE, 0.004) * 0.22;
        if !lake.above(0.0).anywhere() {
            return self.above(x, y, (scene.sky.load(at), scene.px)).add(tones.hot, shine);
        }
        let t = 1.0 / (SHORE - y).max(0.01);
        let ripple = scene.rays.look(x * t * 0.06 + self.gone(0.002), t * 0.35 + self.gone(0.006));
        let ripple = ripple * 0.010 * ((SHORE - y) * 3.0 + 1.0);
        let mirrored = self.above(x, 2.0 * SHORE - y + ripple, (x.all(0.0), scene.px * 2.0));
        let depth = (SHORE - y).unit();
        let water = mirrored
            .times(0.62 - depth * 0.25)
            .plus(tones.dark, 0.3)
            .add(tones.accent, step(0.4, 1.6, ripple * 90.0) * 0.03);
        if !lake.below(1.0).anywhere() {
            return water.add(tones.hot, shine);
        }
        let top = self.above(x, y, (scene.sky.load(at), scene.px));
        top.mix(water, lake).add(tones.hot, shine)
    }
}

impl Frame<'_> {
    #[inline(always)]
    fn gone(&self, speed: f64) -> f32 {
        (speed * self.p) as f32
    }

    /// Sky and mountains at a place, with stars as they are there, and pixels of this size.
    #[inline(always)]
    fn above<S: Simd>(&self, x: Lanes<S>, v: Lanes<S>, (stars, aa): (Lanes<S>, f32)) -> Light<S> {
        let mut light = self.air(x, v, stars);
        if !v.below(0.3).anywhere() {
            return light;
        }
        for k in 0..3 {
            light = self.with_mountain(light, (x, v), (k as f32, aa));
        }
        light
    }

    #[inline(always)]
    fn air<S: Simd>(&self, x: Lanes<S>, v: Lanes<S>, stars: Lanes<S>) -> Light<S> {
        let tones = &self.scene.tones;
        let (mut a, mut b) = (x.all(0.0), x.all(0.0));
        for (k, curtain) in self.scene.curtains.iter().enumerate() {
            let (light, share) = self.curtain(x, v, (k as f32, *curtain));
            a = a + light * share;
            b = b + light * (1.0 - share);
        }
        Light::of(tones.dark, x.all(1.0))
            .add(tones.deep, exp((v + 0.3).max(0.0) * -2.2) * 0.38)
            .add(tones.main, a * 1.5)
            .add(tones.accent, b * 1.35 + a.sq() * 0.3)
            .add(tones.hot, a.sq() * 0.55 + stars * exp((a + b) * -1.5))
    }

    /// The light of one curtain, and how much of it is the lower tone.
    #[inline(always)]
    fn curtain<S: Simd>(
        &self,
        u: Lanes<S>,
        v: Lanes<S>,
        (k, curtain): (f32, Curtain),
    ) -> (Lanes<S>, Lanes<S>) {
        let scene = self.scene;
        let u = u + (v - curtain.base) * scene.lean;
        let s = u * 0.13 + curtain.offset;
        let fold = scene.folds.look_row(s * 1.5 + self.gone(0.0016), 0.31 * k + self.gone(0.0009));
        let h = v - (fold * 0.20 + (curtain.base - 0.16));
        let q = u + fold * 0.10;
        let drift = self.gone(0.004) * (1.0 - 0.5 * k);
        let streak = scene.rays.look_row(q * 0.32 + drift, 0.17 * k + self.gone(0.0025));
        let streak = sigmoid(streak * 1.5 + 0.2);
        let fine = scene.rays.look_row(q * 0.95 - self.gone(0.003), 0.57 + 0.23 * k + self.gone(0.003));
        let bright = streak * (sigmoid(fine * 1.6) * 0.9 + 0.35);
        let tall = streak.sq() * 0.30 + 0.10;
        let rising = h.max(0.0);
        let curtain =
            h.above(0.0).one() * exp(-(rising / tall)) * (1.0 - exp(rising * -60.0)) + bell(h, 0.016) * 0.8;
        let wide = scene.folds.look_row(s * 1.1 + 0.4, 0.77 + self.gone(0.002));
        (curtain * bright * sigmoid(wide * 3.2 + 0.5), exp(rising * -2.6))
    }

    /// With the ridge of number `k`, the far one first.
    #[inline(always)]
    fn with_mountain<S: Simd>(
        &self,
        light: Light<S>,
        (x, v): (Lanes<S>, Lanes<S>),
        (k, aa): (f32, f32),
    ) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let near = k == 2.0;
        let u = x * (0.13 + 0.03 * k) + (0.2 * k + self.gone(0.0010) * (k + 1.0));
        let h = scene.ridge.look_row(u, 0.3 * k + 0.1);
        let mut top = (h - h.abs() * 0.5) * (0.16 - 0.035 * k) + (-0.20 - 0.10 * k + 0.05 * (2.0 - k));
        if near {
            // It is wooded.
            let (large, small) = (u * 190.0, u * (190.0 * 0.63));
            let one = hash2(large.floor(), u.all(0.0), 3) * 0.55 + 0.45;
            let two = hash2(small.floor(), u.all(0.0), 4) * 1.3;
            let trees = (crown(large) * one).upper(crown(small) * two);
            top = h * 0.05 + trees * 0.055 - 0.44;
        }
        let q = v - top;
        let share = (0.5 - q * (1.0 / aa)).unit();
        if !share.above(0.0).anywhere() {
            return light;
        }
        let w = (q * 0.35 + scene.rays.look(u * 1.5, v * 0.5) * 0.05) * 0.3;
        let (a, b) = (u * 0.85 + w, v * 0.20 + 0.3 * k);
        let slope = (scene.ridge.look(a + 0.006, b + 0.003) - scene.ridge.look(a, b)) * 5.0;
        let snow = step(-0.7, 1.3, slope) * exp(q.min(0.0) * (6.0 + 3.0 * k));
        let (deep, accent) = if near { (0.2, 0.0) } else { (1.0, 0.12) };
        let rock = Light::of(tones.dark, x.all(0.7))
            .add(tones.deep, (snow + 0.25) * (0.40 * deep))
            .add(tones.main, snow * (0.26 * (1.0 - 0.45 * k)))
            .add(tones.accent, snow.sq() * accent);
        light.mix(rock, share)
    }
}

/// The outline of a row of trees, one at each whole number.
#[inline(always)]
fn crown<S: Simd>(j: Lanes<S>) -> Lanes<S> {
    (0.5 - (j.fract() - 0.5).abs()) * 2.0
}
