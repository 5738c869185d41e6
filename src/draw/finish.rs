//! Bloom and tone mapping: from linear light without an upper bound to bytes.

use super::lanes::{Lanes, MOST, Simd, dispatch};
use super::math::{exp, pow};
use super::plane::Plane;
use super::planes::Planes;
use super::stage::USUAL;
use crate::vector::whole;
use rayon::prelude::*;

/// Halvings of the picture that glow.
const LEVELS: usize = 5;
/// How dark the corners are.
const VIGNETTE: f32 = 0.25;
const EXPOSURE: f32 = 1.25;

/// The picture as bytes, \[height, width, 3]; `glow` is how much of its light spills.
pub(super) fn finish(picture: &Planes, glow: f32) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height);
    let spilled: Vec<Plane> = picture.planes.par_iter().map(|plane| pyramid(plane, width, height)).collect();
    let mut bytes = vec![0u8; width * height * 3];
    bytes.par_chunks_exact_mut(3 * width).enumerate().for_each_init(Vec::new, |line, (row, out)| {
        line.resize(6 * width, 0.0);
        let (light, glows) = line.split_at_mut(3 * width);
        for c in 0..3 {
            spilled[c].row_at(row, height, &mut glows[c * width..][..width]);
            light[c * width..][..width].copy_from_slice(&picture.planes[c][row * width..][..width]);
        }
        dispatch(ToneMap { light, glows, out, row, height, glow: glow / LEVELS as f32 });
    });
    bytes
}

/// The sum of all levels at half the size.
fn pyramid(values: &[f32], width: usize, height: usize) -> Plane {
    let tamed = values.iter().map(|v| v.clamp(0.0, 12.0)).collect();
    let mut plane = Plane { width, height, values: tamed };
    // Light spills as far on larger pictures as on small ones.
    for _ in 0..(height as f32 / USUAL).log2().round() as u32 {
        plane = plane.halved();
    }
    let mut levels = vec![plane.halved().blurred()];
    while let (Some(last), true) = (levels.last(), levels.len() < LEVELS) {
        let next = last.halved().blurred();
        levels.push(next);
    }
    let smallest = levels.pop();
    let Some(mut sum) = smallest else { return Plane { width: 1, height: 1, values: vec![0.0] } };
    for mut larger in levels.into_iter().rev() {
        let mut line = vec![0.0; larger.width];
        for row in 0..larger.height {
            sum.row_at(row, larger.height, &mut line);
            let own = &mut larger.values[row * larger.width..][..larger.width];
            own.iter_mut().zip(&line).for_each(|(own, other)| *own += other);
        }
        sum = larger;
    }
    sum
}

/// One row of linear light to bytes.
struct ToneMap<'a> {
    light: &'a [f32],
    glows: &'a [f32],
    out: &'a mut [u8],
    row: usize,
    height: usize,
    glow: f32,
}

impl pulp::WithSimd for ToneMap<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.out.len() / 3;
        let span = |count: usize| 2.0 / (count.max(2) - 1) as f32;
        let y = self.row as f32 * span(self.height) - 1.0;
        for first in (0..width).step_by(S::F32_LANES) {
            let x = Lanes::count_from(simd, first as f32) * span(width) - 1.0;
            let shade = (1.0 - pow((x * x + y * y) * 0.5, 1.3) * VIGNETTE) * EXPOSURE;
            let mut light = [x; 3];
            for (c, light) in light.iter_mut().enumerate() {
                let row = c * width..(c + 1) * width;
                let own = Lanes::load(simd, &self.light[row.clone()][first..]).max(0.0);
                *light = Lanes::load(simd, &self.glows[row][first..]).mul_add(self.glow, own) * shade;
            }
            let most = light[0].upper(light[1]).upper(light[2]);
            let white = (most - 1.0).max(0.0) * 0.12; // very bright light goes to white
            let mut bytes = [[0u8; MOST]; 3];
            for (light, bytes) in light.into_iter().zip(&mut bytes) {
                let v = pow(1.0 - exp(-(light + white)), 1.0 / 2.2);
                let v = v * 0.62 + v * v * (3.0 - 2.0 * v) * 0.38;
                let values = (v * 255.0 + 0.5).clamp(0.0, 255.0).lanes();
                bytes.iter_mut().zip(values).for_each(|(byte, value)| *byte = whole(value) as u8);
            }
            for (i, pixel) in self.out[3 * first..].chunks_exact_mut(3).take(S::F32_LANES).enumerate() {
                pixel.copy_from_slice(&[bytes[0][i], bytes[1][i], bytes[2][i]]);
            }
        }
    }
}
