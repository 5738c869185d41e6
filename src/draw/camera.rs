//! Cameras: rays through pixels of a scene that has depth.

use super::lanes::{Lanes, Simd};
use super::planes::Samples;

/// A direction, or a place.
pub(super) type Vector<S> = [Lanes<S>; 3];

/// Where the viewer is, and how they look.
pub(super) struct Camera {
    pub position: [f32; 3],
    /// How wide a pixel is at distance 1.
    pub pixel: f32,
    axes: [[f32; 3]; 3],
    zoom: f32,
    size: (f32, f32),
}

impl Camera {
    pub fn new(
        (width, height): (usize, usize),
        position: [f64; 3],
        at: [f64; 3],
        zoom: f64,
        roll: f64,
    ) -> Self {
        let forward = unit([0, 1, 2].map(|i| at[i] - position[i]));
        let right = unit(cross(forward, [roll.sin(), roll.cos(), 0.0]));
        let up = cross(right, forward);
        Camera {
            position: position.map(|v| v as f32),
            pixel: (2.0 / height as f64 / zoom) as f32,
            axes: [right, up, forward].map(|axis| axis.map(|v| v as f32)),
            zoom: zoom as f32,
            size: (width as f32, height as f32),
        }
    }

    /// The directions in which the samples lie.
    #[inline(always)]
    pub fn rays<S: Simd>(&self, at: Samples<S>) -> Vector<S> {
        let (w, h) = self.size;
        let half = 2.0 / h;
        let u = (at.px + (0.5 - w / 2.0)) * half;
        let v = (h / 2.0 - 0.5 - at.py) * half;
        let n = (u * u + v * v + self.zoom * self.zoom).rsqrt();
        let [right, up, forward] = self.axes;
        let along = |i: usize| (u * right[i] + v * up[i] + self.zoom * forward[i]) * n;
        [along(0), along(1), along(2)]
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = v.iter().map(|v| v * v).sum::<f64>().sqrt();
    v.map(|v| v / length)
}
