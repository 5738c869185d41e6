//! Splats: points, dots and lines of light, added to planes. Positions in pixels, a pixel's centre at its number and a half.

use super::planes::Planes;
use super::stage::USUAL;

impl Planes {
    /// Adds a point, shared by the four pixels around it.
    pub fn splat(&mut self, plane: usize, (x, y): (f32, f32), weight: f32) {
        let (width, height) = (self.width as f32, self.height as f32);
        let (x, y) = (x - 0.5, y - 0.5);
        if !(x > -1.0 && x < width && y > -1.0 && y < height) {
            return;
        }
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let (w, h) = (self.width as i32, self.height as i32);
        let picture = &mut self.planes[plane];
        for (row, share) in [(top, 1.0 - fy), (top + 1, fy)] {
            if row < 0 || row >= h {
                continue;
            }
            for (column, share) in [(left, share * (1.0 - fx)), (left + 1, share * fx)] {
                if column >= 0 && column < w {
                    picture[(row * w + column) as usize] += weight * share;
                }
            }
        }
    }

    /// Adds a bell of `radius` pixels that is `weight` high, out to `reach` pixels of a picture of the usual height.
    pub fn dot(&mut self, plane: usize, (x, y): (f32, f32), weight: f32, (radius, reach): (f32, i32)) {
        const MOST: usize = 65;
        let larger = (self.height as f32 / USUAL).max(1.0);
        let reach = ((reach as f32 * larger).ceil() as i32).min(MOST as i32 / 2);
        let far = reach as f32;
        let (width, height) = (self.width as f32, self.height as f32);
        if !(x > -far && x < width + far && y > -far && y < height + far) {
            return;
        }
        let (left, top) = (x.floor(), y.floor());
        let narrow = -1.0 / (radius * radius);
        let side = (2 * reach + 1) as usize;
        let bell = |centre: f32, at: f32| {
            let mut values = [0.0f32; MOST];
            for (i, value) in values[..side].iter_mut().enumerate() {
                let d = centre + (i as i32 - reach) as f32 + 0.5 - at;
                *value = (d * d * narrow).exp();
            }
            values
        };
        let (across, down) = (bell(left, x), bell(top, y));
        let (w, h) = (self.width as i32, self.height as i32);
        let (left, top) = (left as i32 - reach, top as i32 - reach);
        let picture = &mut self.planes[plane];
        for (j, vertical) in down[..side].iter().enumerate() {
            let row = top + j as i32;
            if row < 0 || row >= h {
                continue;
            }
            for (i, horizontal) in across[..side].iter().enumerate() {
                let column = left + i as i32;
                if column >= 0 && column < w {
                    picture[(row * w + column) as usize] += weight * vertical * horizontal;
                }
            }
        }
    }

    /// Adds a line of `weight` light per pixel of its length, `density` points a pixel.
    pub fn stroke(&mut self, plane: usize, from: (f32, f32), to: (f32, f32), (weight, density): (f32, f32)) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let count = (length.min(400.0) * density).ceil().max(1.0);
        let each = weight * length / count;
        for i in 0..count as u32 {
            let f = (i as f32 + 0.5) / count;
            self.splat(plane, (from.0 + dx * f, from.1 + dy * f), each);
        }
    }
}
