//! A floor of hexagons to the horizon, rings of light running over it, a glowing ball or none above.

use crate::draw::camera::{Camera, Vector};
use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{atan2, bell, cos, exp, hash2, pow, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Stage, Stars};
use std::f32::consts::PI;

const ROOT_3: f32 = 1.732_050_8;
const RADIUS: f32 = 0.42;

struct Hexfloor {
    size: (usize, usize),
    tones: Tones,
    cell: f32,
    ball: bool,
    two: bool,
    /// Stars at twice the size.
    sky: Stars,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let cell = stage.pick(&[0.20, 0.28]);
    let ball = stage.pick(&[true, true, false]);
    let sky = stage.stars(300, 0.3).enlarged();
    let two = stage.pick(&[true, false]);
    Box::new(Hexfloor { size: stage.size(), tones: stage.tones, cell, ball, two, sky })
}

impl Scene for Hexfloor {
    fn draw(&mut self, p: f64) -> Planes {
        let from = [0.5 * (0.02 * p).sin(), 0.9, -2.2];
        let camera = Camera::new(self.size, from, [0.0, 0.15, 0.6], 1.35, 0.02 * (0.023 * p).sin());
        let gone = if self.ball { 0.0 } else { 0.14 * p };
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, camera, p, gone: gone as f32 })
    }

    fn glow(&self) -> f32 {
        0.6
    }
}

struct Frame<'a> {
    scene: &'a Hexfloor,
    camera: Camera,
    p: f64,
    gone: f32,
}

impl Shader for Frame<'_> {
    const SAMPLES: usize = 2;

    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let d = self.camera.rays(at);
        let up = step(-0.008, 0.002, d[1]);
        let light = match up.below(1.0).anywhere() {
            true => self.floor(d).mix(self.back(at, d), up),
            false => self.back(at, d),
        };
        if self.scene.ball { self.with_ball(light, d) } else { light }
    }
}

impl Frame<'_> {
    #[inline(always)]
    fn back<S: Simd>(&self, at: Samples<S>, d: Vector<S>) -> Light<S> {
        let tones = &self.scene.tones;
        Light::of(tones.dark, d[1].all(1.0))
            .add(tones.deep, exp(d[1].max(0.0) * -4.0) * 0.85)
            .add(tones.main, exp(d[1].abs() * -12.0) * 0.25)
            .add(tones.hot, self.scene.sky.load(at) * step(0.02, 0.2, d[1]))
    }

    #[inline(always)]
    fn floor<S: Simd>(&self, d: Vector<S>) -> Light<S> {
        let (scene, tones, camera) = (self.scene, &self.scene.tones, &self.camera);
        let size = scene.cell;
        let down = (-d[1]).max(0.008);
        let t = camera.position[1] / down;
        let (x, z) = (d[0] * t + camera.position[0], d[2] * t + camera.position[2]);
        let (x, z) = (x * (1.0 / size), z * (1.0 / size) + self.gone);
        let aa = t * (camera.pixel / 2.0 / size);
        let soft = (aa / down.max(0.05)).min(4.0) * 0.75 + aa * 0.25;
        // The nearer of two interleaved lattices.
        let (ax, az) = (x - x.round(), z - (z * (1.0 / ROOT_3)).round() * ROOT_3);
        let other = z - ROOT_3 / 2.0;
        let bx = x - 0.5 - (x - 0.5).round();
        let bz = other - (other * (1.0 / ROOT_3)).round() * ROOT_3;
        let near = (ax * ax + az * az).lt(bx * bx + bz * bz);
        let (hx, hz) = (near.select(ax, bx), near.select(az, bz));
        let (ix, iz) = (x - hx, z - hz);
        let e = 0.5 - hx.abs().upper(hx.abs() * 0.5 + hz.abs() * 0.866);
        let lit = self.wave(ix * size, iz * size - self.gone * size - 0.5).sq().sq();
        let h = hash2((ix * 2.0).round(), (iz * 4.0).round(), 5);
        let sharp = soft.max(1e-3);
        let seam = ((0.035 - e) / sharp + 0.5).unit();
        let inner = ((0.012 - (e - 0.085).abs()) / sharp + 0.5).unit() * soft.below(0.25).one();
        let plate = (h * 0.35 + 0.25) * (e * 0.8 + 0.6);
        let open = 1.0 - seam;
        let tile = Light::of(tones.dark, t.all(0.9))
            .add(tones.deep, plate * 0.55)
            .add(tones.main, lit * (h * 0.65 + 0.35) * open * 1.05)
            .add(tones.accent, inner * (lit + 0.10) * 1.25)
            .add(tones.hot, h.above(0.93).one() * lit * open * 0.8)
            .times(1.0 - seam * exp(soft * -1.5) * 0.85);
        let haze = Light::of(tones.deep, t.all(0.75)).plus(tones.main, 0.15);
        haze.mix(tile, exp(t * -0.10))
    }

    /// Rings that run outwards, from one place or two.
    #[inline(always)]
    fn wave<S: Simd>(&self, x: Lanes<S>, z: Lanes<S>) -> Lanes<S> {
        let r = (x * x + z * z).sqrt();
        let wave = cos(r * 4.2 - (0.34 * self.p) as f32) * 0.5 + 0.5;
        if !self.scene.two {
            return wave;
        }
        let r = ((x - 1.6).sq() + (z - 0.6).sq()).sqrt();
        wave * 0.6 + (cos(r * 5.0 - (0.27 * self.p) as f32) * 0.5 + 0.5) * 0.4
    }

    #[inline(always)]
    fn with_ball<S: Simd>(&self, light: Light<S>, d: Vector<S>) -> Light<S> {
        let (tones, p, from) = (&self.scene.tones, self.p, self.camera.position);
        let centre = [0.0, 0.55 + 0.05 * (0.07 * p).sin() as f32, 0.5];
        let [ox, oy, oz] = [0, 1, 2].map(|i| from[i] - centre[i]);
        let b = d[0] * ox + d[1] * oy + d[2] * oz;
        let inside = b * b - (ox * ox + oy * oy + oz * oz - RADIUS * RADIUS);
        let edge = 1.0 / (2.0 * RADIUS) / (self.camera.pixel * 2.2);
        let share = (inside * edge + 0.5).unit() * b.below(0.0).one();
        if !share.above(0.0).anywhere() {
            return light;
        }
        let t = -b - inside.max(0.0).sqrt();
        let normal = |o: f32, d: Lanes<S>| (d * t + o) * (1.0 / RADIUS);
        let (nx, ny, nz) = (normal(ox, d[0]), normal(oy, d[1]), normal(oz, d[2]));
        let rim = (d[0] * nx + d[1] * ny + d[2] * nz + 1.0).unit();
        let level = (ny * 9.0 - (0.05 * p) as f32).tri() * (1.0 / 9.0);
        let upright = (atan2(nz, nx) * (12.0 / PI) + (0.03 * p) as f32).tri() * (PI / 12.0);
        let upright = upright * (1.0 - ny * ny).max(0.0).sqrt();
        let net = ((0.007 - level.lower(upright)) * (1.0 / 0.006) + 0.5).unit();
        let pulse = 0.9 * (0.4 + 0.6 * (0.34 * p).cos().powi(2) as f32);
        let ball = Light::of(tones.dark, t.all(0.6))
            .add(tones.deep, (0.5 - ny * 0.5) * 0.8)
            .add(tones.main, pow((-ny).max(0.0), 1.5) * pulse)
            .add(tones.accent, rim * rim * rim * 1.1 + net * 0.9)
            .add(tones.hot, bell(nx + 0.35, 0.12) * bell(ny - 0.55, 0.10) * 1.6);
        light.mix(ball, share)
    }
}
