//! Textures: fractal noise on a tile of 512 by 512, by its spectrum.

use super::dice::Dice;
use super::lanes::{Lanes, MOST, Simd};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use std::f64::consts::TAU;

const SIDE: usize = 512;
const PLACES: usize = SIDE * SIDE;

/// A spectrum f^−beta up to `top` · 512 waves a tile, flat below `low`.
#[derive(Clone, Copy)]
pub(super) struct Spectrum {
    pub beta: f64,
    pub low: f64,
    pub top: f64,
}

impl Spectrum {
    pub fn new(beta: f64, low: f64) -> Self {
        Spectrum { beta, low, top: 0.45 }
    }
}

/// A tile of unit spread that goes on beyond its edges.
pub(super) struct Texture {
    tile: Box<[f32; PLACES]>,
    highest: f32,
}

impl Texture {
    /// The tile of this number.
    pub fn new(number: u64, spectrum: Spectrum) -> Self {
        let mut dice = Dice::new(number + 7919);
        let half = SIDE / 2 + 1;
        let mut columns = vec![vec![Complex::new(0.0f32, 0.0); SIDE]; half];
        for row in 0..SIDE {
            let y = if row < SIDE / 2 { row as f64 } else { row as f64 - SIDE as f64 };
            for (x, column) in columns.iter_mut().enumerate() {
                let f = y.hypot(x as f64);
                let phase = TAU * dice.random();
                let kept = f > 0.0 && f < SIDE as f64 * spectrum.top;
                let amplitude = if kept { f.max(spectrum.low).powf(-spectrum.beta) } else { 0.0 };
                let wave = Complex::from_polar(amplitude, phase);
                column[row] = Complex::new(wave.re as f32, wave.im as f32);
            }
        }
        let tile = tile(columns);
        let highest = tile.iter().copied().fold(f32::MIN, f32::max);
        Texture { tile, highest }
    }

    /// Nothing of it is higher.
    pub fn highest(&self) -> f32 {
        self.highest
    }

    /// Bilinear at (u, v), in tiles; u goes along rows.
    #[inline(always)]
    pub fn look<S: Simd>(&self, u: Lanes<S>, v: Lanes<S>) -> Lanes<S> {
        let (x, y) = (u.fract() * SIDE as f32, v.fract() * SIDE as f32);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let (left, top) = (left.whole().lanes(), top.whole().lanes());
        let mut corners = [[0.0f32; MOST]; 4];
        let side = SIDE as u32 - 1;
        for i in 0..S::F32_LANES {
            let (x0, y0) = (left[i] & side, (top[i] & side) * SIDE as u32);
            let (x1, y1) = ((x0 + 1) & side, (y0 + SIDE as u32) & (PLACES as u32 - 1));
            // Below 2^18 whatever the numbers were.
            corners[0][i] = self.tile[(y0 + x0) as usize & (PLACES - 1)];
            corners[1][i] = self.tile[(y0 + x1) as usize & (PLACES - 1)];
            corners[2][i] = self.tile[(y1 + x0) as usize & (PLACES - 1)];
            corners[3][i] = self.tile[(y1 + x1) as usize & (PLACES - 1)];
        }
        let [a, b, c, d] = corners.map(|corner| u.loaded(&corner));
        let (above, below) = (fx.mul_add_lanes(b - a, a), fx.mul_add_lanes(d - c, c));
        fy.mul_add_lanes(below - above, above)
    }

    /// [`Self::look`] along one row.
    #[inline(always)]
    pub fn look_row<S: Simd>(&self, u: Lanes<S>, v: f32) -> Lanes<S> {
        self.look(u, u.all(v))
    }

    /// [`Self::look`] at one place.
    pub fn at(&self, u: f32, v: f32) -> f32 {
        let (x, y) = ((u - u.floor()) * SIDE as f32, (v - v.floor()) * SIDE as f32);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let value = |x: usize, y: usize| self.tile[(y % SIDE) * SIDE + x % SIDE];
        let (x, y) = (left as usize, top as usize);
        let (a, b, c, d) = (value(x, y), value(x + 1, y), value(x, y + 1), value(x + 1, y + 1));
        let (above, below) = (a + fx * (b - a), c + fx * (d - c));
        above + fy * (below - above)
    }
}

/// The real tile of half a spectrum, \[257 columns, 512 rows], of unit spread.
fn tile(mut columns: Vec<Vec<Complex<f32>>>) -> Box<[f32; PLACES]> {
    let inverse = FftPlanner::new().plan_fft_inverse(SIDE);
    columns.iter_mut().for_each(|column| inverse.process(column));
    let mut values = vec![0.0f32; PLACES];
    let mut line = vec![Complex::new(0.0, 0.0); SIDE];
    for (y, row) in values.chunks_exact_mut(SIDE).enumerate() {
        for (x, column) in columns.iter().enumerate() {
            line[x] = column[y];
            line[(SIDE - x) % SIDE] = column[y].conj();
        }
        // A real row has no imaginary part in its mean and in its fastest wave.
        line[0].im = 0.0;
        line[SIDE / 2].im = 0.0;
        inverse.process(&mut line);
        row.iter_mut().zip(&line).for_each(|(value, wave)| *value = wave.re);
    }
    let wide = || values.iter().map(|&value| f64::from(value));
    let mean = wide().sum::<f64>() / PLACES as f64;
    let spread = (wide().map(|value| (value - mean).powi(2)).sum::<f64>() / PLACES as f64).sqrt();
    let tile: Box<[f32]> = values.iter().map(|value| value / spread as f32).collect();
    tile.try_into().expect("a tile has as many places as its rows times its columns")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `looks.core.fbm(3, 1.7, low=4)[0, 0]` of the trial, at some rows and columns.
    #[test]
    fn tiles_are_those_of_the_trial() {
        let texture = Texture::new(3, Spectrum::new(1.7, 4.0));
        for (row, column, expected) in TRIAL {
            let found = texture.tile[row * SIDE + column];
            assert!((found - expected).abs() < 1e-5, "{row} {column}: {found} {expected}");
        }
    }

    const TRIAL: [(usize, usize, f32); 4] =
        [(0, 0, -0.064892), (17, 300, -1.329538), (255, 511, -0.638119), (511, 256, -0.420689)];
}
