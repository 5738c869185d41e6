//! A bending tunnel of panels with seams, bolts and rings of lamps; round, square or eight-sided.

use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{atan2, cos, cover_by, exp, hash2, sin};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::Stage;
use crate::draw::texture::{Spectrum, Texture};
use std::f32::consts::TAU;

struct Tunnel {
    size: (usize, usize),
    px: f32,
    tones: Tones,
    texture: Texture,
    /// 0 for a round one.
    sides: u32,
    /// Panels in a ring.
    around: f32,
    twist: f32,
    bend: f32,
    bend_start: f64,
    seed: u64,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let sides = stage.pick(&[0, 4, 6, 8]);
    let texture = Texture::new(95 + stage.seed % 4, Spectrum::new(1.3, 4.0));
    let around = stage.pick(&[12.0, 16.0, 24.0]);
    let twist = stage.pick(&[0.0, 0.12, -0.12]);
    let bend = stage.u(0.05, 0.10) as f32;
    let bend_start = stage.u(0.0, 6.28);
    let (size, px, tones, seed) = (stage.size(), stage.px(), stage.tones, stage.seed);
    Box::new(Tunnel { size, px, tones, texture, sides, around, twist, bend, bend_start, seed })
}

impl Scene for Tunnel {
    fn draw(&mut self, p: f64) -> Planes {
        let bends = [0.03 * p + self.bend_start, 0.023 * p + self.bend_start].map(|v| v as f32);
        let frame = Frame { scene: self, bends, turn: (0.008 * p) as f32, gone: (0.13 * p) as f32 };
        Planes::paint(self.size.0, self.size.1, &frame)
    }

    fn glow(&self) -> f32 {
        0.7
    }
}

struct Frame<'a> {
    scene: &'a Tunnel,
    bends: [f32; 2],
    turn: f32,
    gone: f32,
}

/// Where a ray meets the wall.
struct Wall<S: Simd> {
    z: Lanes<S>,
    angle: Lanes<S>,
    radius: Lanes<S>,
}

impl Shader for Frame<'_> {
    const SAMPLES: usize = 2;

    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let tones = &self.scene.tones;
        let wall = self.wall(at);
        let z = wall.z;
        let near_end = wall.radius.sq();
        let fog = exp(z * -0.10);
        let thick = 1.0 - fog;
        let panel = self.panel(&wall).times(fog);
        panel
            .add(tones.deep, thick * 0.55)
            .add(tones.main, thick * exp(near_end * -30.0) * 0.35)
            .add(tones.hot, exp(near_end * -260.0) * 1.2)
    }
}

impl Frame<'_> {
    /// Where the ray meets the wall of a tunnel whose middle wanders.
    #[inline(always)]
    fn wall<S: Simd>(&self, at: Samples<S>) -> Wall<S> {
        let scene = self.scene;
        let mut wall = Wall { z: at.x.all(1.5), angle: at.x, radius: at.x };
        for _ in 0..3 {
            let z = wall.z;
            let x = at.x - sin(z * 0.35 + self.bends[0]) * (scene.bend * 0.35);
            let y = at.y - cos(z * 0.3 + self.bends[1]) * (scene.bend * 0.25);
            wall.angle = atan2(y, x) + self.turn + z * scene.twist;
            wall.radius = (x * x + y * y).sqrt().max(1e-3);
            if scene.sides > 0 {
                let side = TAU / scene.sides as f32;
                let q = wall.angle * (1.0 / side);
                wall.radius = wall.radius * cos((q - q.round()) * side);
            }
            wall.z = (1.05 / wall.radius.max(0.03)).min(34.0);
        }
        wall
    }

    #[inline(always)]
    fn panel<S: Simd>(&self, wall: &Wall<S>) -> Light<S> {
        let (scene, tones) = (self.scene, &self.scene.tones);
        let (z, a) = (wall.z, wall.angle);
        let depth = z + self.gone;
        let along = z * z * (scene.px / 2.0);
        let across = z * (scene.px / 2.0 * scene.around / TAU);
        let (q, w) = (depth * 0.8, a * (scene.around / TAU));
        let column = w.floor().remainder(scene.around);
        let shifted = if scene.seed % 2 == 1 { q + column.remainder(2.0) * 0.5 } else { q };
        let row = shifted.floor();
        let (fq, fw) = ((shifted - row - 0.5).abs(), (w - w.floor() - 0.5).abs());
        let (h, h2) = (hash2(row, column, scene.seed), hash2(row, column, scene.seed.wrapping_add(1)));
        let soft = along * 0.8;
        let seam =
            cover_by(0.5 - fq, 0.022, soft).upper(cover_by(0.5 - fw, 0.0264, across)) * exp(along * -1.2);
        let upright = cover_by((0.36 - fq).abs(), 0.010, soft) * fw.below(0.37).one();
        let level = cover_by((0.36 - fw).abs(), 0.010, across) * fq.below(0.37).one();
        let inset = upright.upper(level) * exp(along * -2.0);
        let corner = ((fq - 0.43).sq() + (fw - 0.43).sq()).sqrt();
        let bolt = cover_by(corner, 0.025, soft + across) * exp(along * -3.0);
        let grime = scene.texture.look(w * 0.11, q * 0.11);
        let open = (h2.above(0.72) & fw.below(0.30) & fq.below(0.36)).one();
        let slits = open * cover_by((shifted * 3.0).tri() * (1.0 / 3.0), 0.055, soft);
        let ring = row.remainder(4.0).below(0.5).one();
        let lamp = ring * cover_by(fq, 0.10, soft) * cover_by(fw, 0.34, across);
        let strip = column.remainder(scene.around / 4.0).below(0.5).one() * cover_by(fw, 0.08, across);
        let near = exp(((q - 0.5) * 0.25).tri() * (-4.0 / 0.8 * 1.1));
        let (flat, facet) = self.facing(a);
        let body = (h * 0.5 + grime * 0.18 + 0.25) * facet;
        let light = (near * 1.5 + 0.10) * flat;
        Light::of(tones.dark, z.all(1.0))
            .add(tones.deep, body * 0.7 * light)
            .add(tones.main, body * h2.above(0.4).one() * 0.22 * light)
            .times((1.0 - seam * 0.8) * (1.0 - bolt * 0.5))
            .add(tones.accent, inset * near * 0.45 + strip * 2.4)
            .add(tones.hot, bolt * near * 0.4 + lamp * 3.0)
            .add(tones.main, slits * 2.0)
    }

    /// How flat the light falls on a side, and how the side stands to it.
    #[inline(always)]
    fn facing<S: Simd>(&self, a: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
        if self.scene.sides == 0 {
            return (a.all(1.0), cos(a + 0.7) * 0.4 + 0.6);
        }
        let side = TAU / self.scene.sides as f32;
        let q = a * (1.0 / side);
        let flat = cos((q - q.round()) * side);
        (flat.sq() * flat.sq() * flat.sq(), cos(q.round() * side + 0.7) * 0.45 + 0.55)
    }
}
