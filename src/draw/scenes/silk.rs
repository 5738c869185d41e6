//! Folded cloth: broad folds, a highlight along each, fine threads that follow them.

use crate::draw::lanes::{Lanes, Simd};
use crate::draw::math::{bell, pow, rot, sin, step};
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::Stage;
use crate::draw::texture::{Spectrum, Texture};

struct Silk {
    size: (usize, usize),
    px: f32,
    tones: Tones,
    cloth: Texture,
    weave: Texture,
    fine: f32,
    turn: f64,
    gain: f32,
    threads: f32,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let cloth = Texture::new(211 + stage.seed % 6, Spectrum::new(3.2, 2.0));
    let weave = Texture::new(217, Spectrum::new(1.2, 20.0));
    let (fine, turn) = (stage.u(0.10, 0.15) as f32, stage.u(0.0, 3.14));
    let gain = stage.pick(&[1.1, 1.6, 2.2]);
    let threads = stage.pick(&[34.0, 46.0]);
    let (size, px, tones) = (stage.size(), stage.px(), stage.tones);
    Box::new(Silk { size, px, tones, cloth, weave, fine, turn, gain, threads })
}

impl Scene for Silk {
    fn draw(&mut self, p: f64) -> Planes {
        let sway = [0.07 * (0.03 * p).sin(), 0.06 * (0.026 * p).cos()].map(|v| v as f32);
        Planes::paint(self.size.0, self.size.1, &Frame { scene: self, p, sway })
    }

    fn glow(&self) -> f32 {
        0.3
    }
}

struct Frame<'a> {
    scene: &'a Silk,
    p: f64,
    /// Of the lamp.
    sway: [f32; 2],
}

impl Frame<'_> {
    /// Height of the cloth, and the place on it across the folds and along them.
    #[inline(always)]
    fn fold<S: Simd>(&self, x: Lanes<S>, y: Lanes<S>) -> [Lanes<S>; 3] {
        let (scene, p) = (self.scene, self.p);
        let (k, gain) = (scene.fine, scene.gain);
        let (u, v) = rot(x, y, scene.turn);
        let w = scene.cloth.look(u * (k * 1.2) + (0.0013 * p) as f32, v * (k * 0.5) + (0.0009 * p) as f32);
        let rough = scene.cloth.look(u * (k * 1.2) + w * 0.05 + 0.3, v * (k * 0.7) - (0.0017 * p) as f32);
        let s = (u * 1.3 + w * 0.75) * gain + rough * 0.18 + (0.02 * p) as f32;
        let height = sin(s * 2.2 + sin(s * 1.7) * 1.1) * (0.5 / gain) + rough * 0.05;
        [height, s, v + w * 0.3]
    }
}

impl Shader for Frame<'_> {
    const SAMPLES: usize = 2;

    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let (scene, tones, e) = (self.scene, &self.scene.tones, self.scene.px);
        let (x, y) = (at.x, at.y);
        let [h, s, v] = self.fold(x, y);
        let hx = (self.fold(x + e, y)[0] - h) * (1.0 / e);
        let hy = (self.fold(x, y + e)[0] - h) * (1.0 / e);
        let n = (hx * hx + hy * hy + 1.0).rsqrt();
        let [a, b] = self.sway;
        let lamp = ((0.62 - hx * (a - 0.6) - hy * (b + 0.55)) * n).max(0.0);
        let other = ((hx * -0.8 + hy * 0.25 + 0.25) * n).max(0.0);
        let sheen = bell(-(hx * (a - 0.45)) - hy * 0.45 - 0.15, 0.20) * n;
        let thread = (0.5 - (v * scene.threads).tri()) * 2.0 * step(0.25, 0.9, n) * 0.36 + 0.82;
        let fuzz = scene.weave.look(v * 1.1, s * 0.7) * 0.05 + 1.0;
        let shade = (step(-0.7, 0.6, h * scene.gain) * 0.75 + 0.45) * thread * fuzz;
        Light::of(tones.dark, h.all(0.5))
            .add(tones.deep, lamp * 0.5 + 0.35)
            .add(tones.main, pow(lamp, 1.6) * 0.9)
            .add(tones.accent, other.sq() * 0.55)
            .times(shade)
            .add(tones.hot, sheen * thread.sq() * (lamp * 0.6 + 0.4) * 0.62)
    }
}
