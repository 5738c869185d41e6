//! A sea under a moon or sun: waves to the horizon, the light's path of glints, clouds.

use crate::draw::camera::{Camera, Vector};
use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{acos, cover, exp, pow, rot, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::{Stage, Stars};
use crate::draw::texture::{Spectrum, Texture};

/// Frequency, height, and movement of each kind of wave.
const WAVES: [(f32, f32, f64, f64); 4] = [
    (0.035, 0.6, 0.003, -0.006),
    (0.093, 0.42, -0.006, -0.009),
    (0.24, 0.30, 0.010, -0.012),
    (0.61, 0.2, -0.02, -0.022),
];
/// The sky's mean is taken over a picture so many times smaller.
const COARSE: usize = 8;

struct Ocean {
    size: (usize, usize),
    tones: Tones,
    texture: Texture,
    clouds: Texture,
    sky: Stars,
    sun: [f32; 3],
    radius: f32,
    chop: f32,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let waves = Spectrum { beta: 1.55, low: 4.0, top: 0.13 };
    let texture = Texture::new(71 + stage.seed % 4, waves);
    let clouds = Texture::new(75 + stage.seed % 3, Spectrum::new(1.55, 2.0));
    let (x, y) = (stage.u(-0.35, 0.35), stage.u(0.13, 0.26));
    let radius = stage.u(0.05, 0.085) as f32;
    let sky = stage.stars(320, 0.35);
    let chop = stage.u(0.8, 1.25) as f32;
    let far = (x * x + y * y + 1.0).sqrt();
    let sun = [x, y, 1.0].map(|v| (v / far) as f32);
    Box::new(Ocean { size: stage.size(), tones: stage.tones, texture, clouds, sky, sun, radius, chop })
}

impl Scene for Ocean {
    fn draw(&mut self, p: f64) -> Planes {
        let camera = |size| {
            let (from, to) = ([0.0, 1.0, 0.05 * p], [0.0, 0.96 + 0.012 * (0.06 * p).sin(), 1.0 + 0.05 * p]);
            Camera::new(size, from, to, 1.35, 0.012 * (0.045 * p).sin())
        };
        let (width, height) = self.size;
        let small = (width.div_ceil(COARSE), height.div_ceil(COARSE));
        let frame = |size, coarse, mean| Frame { scene: self, camera: camera(size), p, coarse, mean };
        let coarse = Planes::paint(small.0, small.1, &frame(small, true, [0.0; 3]));
        let mean = coarse.planes.map(|plane| plane.iter().sum::<f32>() / plane.len() as f32);
        Planes::paint(width, height, &frame(self.size, false, mean))
    }

    fn glow(&self) -> f32 {
        0.6
    }
}

struct Frame<'a> {
    scene: &'a Ocean,
    camera: Camera,
    p: f64,
    /// Whether only the sky is wanted, without stars.
    coarse: bool,
    /// Of the whole sky.
    mean: [f32; 3],
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let d = self.camera.rays(at);
        let stars = if self.coarse { d[0].all(0.0) } else { self.scene.sky.load(at) };
        let (air, facing) = self.air(d, stars);
        let share = step(0.0035, -0.0035, d[1]);
        if self.coarse || !share.above(0.0).anywhere() {
            return air;
        }
        let t = 1.0 / (-d[1]).max(0.004);
        let water = self.water(d, t);
        let tones = &self.scene.tones;
        let fog = exp(t * -0.014);
        let thick = 1.0 - fog;
        let haze = Light(self.mean.map(|mean| t.all(mean * 0.3)));
        let haze = haze.plus(tones.deep, 0.5).add(tones.main, pow(facing, 40.0) * 0.3);
        air.mix(water.mix(haze, thick), share)
    }
}

impl Frame<'_> {
    /// The light from direction `v`, and how much it faces the sun.
    #[inline(always)]
    fn heaven<S: Simd>(&self, v: Vector<S>) -> (Light<S>, Lanes<S>) {
        let (sun, tones) = (self.scene.sun, &self.scene.tones);
        let f = (v[0] * sun[0] + v[1] * sun[1] + v[2] * sun[2]).unit();
        let light = Light::of(tones.dark, f.all(1.1)).add(tones.deep, exp(v[1].max(0.0) * -3.5) * 0.95);
        (light.add(tones.main, exp(v[1].abs() * -12.0) * 0.55 + pow(f, 40.0) * 0.85), f)
    }

    #[inline(always)]
    fn air<S: Simd>(&self, d: Vector<S>, stars: Lanes<S>) -> (Light<S>, Lanes<S>) {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (air, facing) = self.heaven(d);
        let angle = acos(facing.min(0.999_999_9));
        let disc = cover(angle, scene.radius, 0.7 * self.camera.pixel);
        let s = 0.06 / d[1].max(0.05);
        let (u, v) = (d[0] * s + (0.0016 * self.p) as f32, d[2] * s);
        let c1 = scene.clouds.look(u, v);
        let c2 = scene.clouds.look(u + 0.006 * scene.sun[0], v + 0.012);
        let cloud = step(-0.2, 1.2, c1) * step(0.02, 0.2, d[1]);
        let rim = (c1 - c2).max(0.0) * 2.2;
        let spots = scene.clouds.look(d[0] * 2.2 + 0.2, d[1] * 2.2) * 0.12;
        let star = stars * (1.0 - cloud) * (1.0 - disc) * step(0.06, 0.2, d[1]);
        let air = air.add(tones.hot, star + disc * (spots + 1.5)).add(tones.accent, exp(angle * -7.0) * 0.35);
        let air = air.times(1.0 - cloud * 0.6);
        let air = air.add(tones.deep, cloud * 0.3);
        let air = air.add(tones.accent, cloud * (rim + 0.12) * exp(angle * -1.6));
        (air.add(tones.main, cloud * exp(angle * -2.0) * 0.25), facing)
    }

    #[inline(always)]
    fn water<S: Simd>(&self, d: Vector<S>, t: Lanes<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (x, z) = (d[0] * t, d[2] * t + self.camera.position[2]);
        let zero = t.all(0.0);
        let (mut nx, mut nz, mut high) = (zero, zero, zero);
        for (k, (f, a, vx, vz)) in WAVES.into_iter().enumerate() {
            let fade = exp(-pow(t * (f * 0.17), 1.5)) * a;
            if !fade.above(1e-5).anywhere() {
                continue;
            }
            let (u, v) = rot(x * f, z * (f * 1.3), 0.5 * k as f64);
            let (u, v) = (u + (vx * self.p) as f32, v + (vz * self.p) as f32);
            let h = scene.texture.look(u, v);
            nx = nx + fade * (scene.texture.look(u + 0.004, v) - h);
            nz = nz + fade * (scene.texture.look(u, v + 0.004) - h);
            high = high + fade * h;
        }
        let (nx, nz) = (nx * (scene.chop * 0.55), nz * (scene.chop * 0.55));
        let ny = (nx * nx + nz * nz + 1.0).rsqrt();
        let (nx, nz) = (nx * ny, nz * ny);
        let dn = d[0] * nx + d[1] * ny + d[2] * nz;
        let bent = [d[0] - dn * nx * 2.0, (d[1] - dn * ny * 2.0).abs(), d[2] - dn * nz * 2.0];
        let (mirrored, f) = self.heaven(bent);
        let away = (dn + 1.0).unit();
        let fresnel = away.sq().sq() * away * 0.96 + 0.04;
        let glint = step(0.9962, 0.9992, f) * 5.0;
        let water = Light::of(tones.dark, t.all(0.6)).add(tones.deep, (high + 0.8).max(0.0) * 0.22);
        let water = water.add(tones.main, (high - 0.2).max(0.0) * 0.12).with(mirrored.times(fresnel * 0.9));
        let grain = step(-0.2, 1.0, scene.texture.look(x * 0.9, z * 0.9));
        let foam = step(0.75, 1.5, high) * grain * exp(t * -0.12);
        let water = water.add(tones.hot, glint * exp(t * -0.004) + foam * 0.35);
        water.add(tones.accent, step(0.975, 0.998, f) * 0.8 + foam * 0.1)
    }
}
