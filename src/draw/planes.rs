//! Planes: pictures as linear light, a plane for each of three channels, filled by rows on all cores.

use super::lanes::{Lanes, MOST, Simd, dispatch};
use super::palette::Light;
use super::plane::Plane;
use rayon::prelude::*;

/// Three planes of \[height, width] each.
#[derive(Clone)]
pub(super) struct Planes {
    pub width: usize,
    pub height: usize,
    pub planes: [Vec<f32>; 3],
}

/// Where some samples lie that are drawn side by side.
#[derive(Clone, Copy)]
pub(super) struct Samples<S: Simd> {
    /// Columns, whole numbers being pixels' centres.
    pub px: Lanes<S>,
    /// Their row, likewise.
    pub py: Lanes<S>,
    /// On the picture plane, −width/height to width/height.
    pub x: Lanes<S>,
    /// −1 to 1, upwards.
    pub y: Lanes<S>,
    /// The first sample's column and row, counted in samples.
    pub sample: (usize, usize),
}

/// What gives every pixel its light.
pub(super) trait Shader: Sync {
    /// Samples a pixel each way.
    const SAMPLES: usize = 1;

    /// `#[inline(always)]`, as everything that it calls.
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S>;
}

impl Planes {
    pub fn black(width: usize, height: usize) -> Self {
        Planes { width, height, planes: [0; 3].map(|_| vec![0.0; width * height]) }
    }

    /// A picture of this size by `shader`.
    pub fn paint(width: usize, height: usize, shader: &impl Shader) -> Self {
        let mut picture = Planes::black(width, height);
        let [red, green, blue] = &mut picture.planes;
        let rows = red.par_chunks_exact_mut(width).zip(green.par_chunks_exact_mut(width));
        rows.zip(blue.par_chunks_exact_mut(width)).enumerate().for_each(|(row, ((r, g), b))| {
            dispatch(Row { shader, row, size: (width, height), out: [r, g, b] });
        });
        picture
    }

    /// One plane drawn to another size, bilinear between pixels' centres.
    pub fn enlarged(&self, plane: usize, (width, height): (usize, usize)) -> Planes {
        let mut larger = Planes { width, height, planes: Default::default() };
        let small = Plane { width: self.width, height: self.height, values: self.planes[plane].clone() };
        larger.planes[0].resize(width * height, 0.0);
        for (row, out) in larger.planes[0].chunks_exact_mut(width).enumerate() {
            small.row_at(row, height, out);
        }
        larger
    }

    /// What a plane of the samples' size holds there.
    #[inline(always)]
    pub fn load<S: Simd>(&self, plane: usize, at: Samples<S>) -> Lanes<S> {
        load(&self.planes[plane], self.width, at)
    }
}

/// What a plane \[rows, width] of samples holds there.
#[inline(always)]
pub(super) fn load<S: Simd>(plane: &[f32], width: usize, at: Samples<S>) -> Lanes<S> {
    let (column, row) = at.sample;
    at.px.loaded(&plane[row * width..(row + 1) * width][column..])
}

/// One row of pixels.
struct Row<'a, P: Shader> {
    shader: &'a P,
    row: usize,
    size: (usize, usize),
    out: [&'a mut [f32]; 3],
}

impl<P: Shader> pulp::WithSimd for Row<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Row { shader, row, size: (width, height), mut out } = self;
        let (lanes, samples) = (S::F32_LANES, P::SAMPLES);
        let (w, h, ss) = (width as f32, height as f32, samples as f32);
        let (share, aspect) = (1.0 / (ss * ss), w / h);
        for sub in 0..samples {
            let line = (row * samples + sub) as f32 + 0.5;
            let (py, y) = (line / ss - 0.5, 1.0 - line * 2.0 / (h * ss));
            for first in (0..width * samples).step_by(lanes) {
                let column = Lanes::count_from(simd, first as f32) + 0.5;
                let at = Samples {
                    px: column * (1.0 / ss) - 0.5,
                    py: Lanes::splat(simd, py),
                    x: (column * (2.0 / (w * ss)) - 1.0) * aspect,
                    y: Lanes::splat(simd, y),
                    sample: (first, row * samples + sub),
                };
                let Light(light) = shader.shade(at);
                for (light, out) in light.into_iter().zip(&mut out) {
                    gather(light, &mut out[first / samples..], (samples, share));
                }
            }
        }
    }
}

/// Puts lanes where they belong: `samples` side by side are a pixel's, and each adds its `share` to what was black.
#[inline(always)]
fn gather<S: Simd>(light: Lanes<S>, out: &mut [f32], (samples, share): (usize, f32)) {
    if samples == 1 {
        return light.store(out);
    }
    let values: [f32; MOST] = light.lanes();
    for (pixel, values) in out.iter_mut().zip(values[..S::F32_LANES.max(samples)].chunks_exact(samples)) {
        *pixel += values.iter().sum::<f32>() * share;
    }
}
