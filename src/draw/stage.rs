//! Stages: what a scene is set up with: size, palette and dice.

use super::dice::{Dice, Ziggurat};
use super::lanes::{Lanes, Simd};
use super::palette::Tones;
use super::plane::Plane;
use super::planes::{Planes, Samples, load};

/// The height that scenes are paced for: sizes in pixels are theirs there.
pub(super) const USUAL: f32 = 288.0;

/// One take of a scene.
pub(super) struct Stage {
    pub width: usize,
    pub height: usize,
    pub tones: Tones,
    pub seed: u64,
    pub dice: Dice,
    pub ziggurat: Ziggurat,
    /// The phase of the first frame.
    pub start: f64,
}

impl Stage {
    pub fn new((width, height): (usize, usize), tones: Tones, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let start = dice.uniform(0.0, 200.0);
        Stage { width, height, tones, seed, dice, ziggurat: Ziggurat::new(), start }
    }

    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The size of a pixel on the picture plane.
    pub fn px(&self) -> f32 {
        2.0 / self.height as f32
    }

    /// How much larger sizes in pixels are than at the usual height.
    pub fn scale(&self) -> f32 {
        self.height as f32 / USUAL
    }

    pub fn aspect(&self) -> f64 {
        self.width as f64 / self.height as f64
    }

    pub fn u(&mut self, low: f64, high: f64) -> f64 {
        self.dice.uniform(low, high)
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        self.dice.pick(choices)
    }

    pub fn normal(&mut self) -> f64 {
        self.dice.normal(&self.ziggurat)
    }

    pub fn black(&self) -> Planes {
        Planes::black(self.width, self.height)
    }

    /// A still field of `count` small stars above a horizon.
    pub fn stars(&mut self, count: usize, light: f32) -> Stars {
        let x = self.dice.uniforms(0.0, self.width as f64, count);
        let y = self.dice.uniforms(0.0, self.height as f64 * 0.75, count);
        let mut sky = self.black();
        for (x, y) in x.into_iter().zip(y) {
            let m = self.dice.uniform(0.0, 1.0).powi(6) as f32;
            sky.dot(0, (x, y), light * (0.12 + 2.4 * m), ((0.55 + 0.5 * m) * self.scale(), 2));
        }
        let [values, ..] = sky.planes;
        Stars { values, width: self.width }
    }
}

/// Places of the picture plane in pixels.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    width: f32,
    height: f32,
}

impl Screen {
    pub fn new((width, height): (usize, usize)) -> Self {
        Screen { width: width as f32, height: height as f32 }
    }

    pub fn at(self, x: f32, y: f32) -> (f32, f32) {
        (self.width / 2.0 + x * self.height / 2.0, self.height / 2.0 - y * self.height / 2.0)
    }
}

/// Stars, one value a pixel.
pub(super) struct Stars {
    values: Vec<f32>,
    width: usize,
}

impl Stars {
    #[inline(always)]
    pub fn load<S: Simd>(&self, at: Samples<S>) -> Lanes<S> {
        load(&self.values, self.width, at)
    }

    /// Also those of this sky turned upside down and left to right, `share` as bright.
    pub fn doubled(mut self, share: f32) -> Self {
        let turned: Vec<f32> = self.values.iter().rev().map(|v| v * share).collect();
        self.values.iter_mut().zip(turned).for_each(|(own, other)| *own = own.max(other));
        self
    }

    /// At twice the size, bilinear.
    pub fn enlarged(&self) -> Self {
        let height = self.values.len() / self.width;
        let small = Plane { width: self.width, height, values: self.values.clone() };
        let width = 2 * self.width;
        let mut values = vec![0.0; width * 2 * height];
        values.chunks_exact_mut(width).enumerate().for_each(|(row, out)| small.row_at(row, 2 * height, out));
        Stars { values, width }
    }
}
