//! Edges by Canny's method (1986), as OpenCV computes them, to the bit: gradients by Sobel's 3x3 kernels, of a pixel's colours that of the
//! largest; thinned to ridges across the gradient; and of what is weak only what is joined to something strong.

use crate::video::Frame;

/// The largest threshold that any gradient of 8-bit pixels reaches: |dx| + |dy|.
pub(super) const MOST: u32 = 2040;

/// tan(22.5°), in 2^15.
const TAN: i64 = 13_573;

/// White edges on black: from `high` on gradients are edges, from above `low` where they touch one.
pub(super) fn edges(frame: &Frame, low: u32, high: u32) -> Frame {
    let size = frame.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let gradients = gradients(frame);
    let norm = |x: isize, y: isize| -> i64 {
        let inside = x >= 0 && y >= 0 && (x as usize) < width && (y as usize) < height;
        if inside { gradients[y as usize * width + x as usize].norm } else { 0 }
    };
    let (mut edge, mut strong) = (vec![Edge::None; width * height], Vec::new());
    for (i, gradient) in gradients.iter().enumerate() {
        if gradient.norm > i64::from(low) && gradient.is_ridge((i % width, i / width), norm) {
            if gradient.norm > i64::from(high) {
                edge[i] = Edge::Strong;
                strong.push(i);
            } else {
                edge[i] = Edge::Weak;
            }
        }
    }
    while let Some(i) = strong.pop() {
        let (x, y) = (i % width, i / width);
        for near_y in y.saturating_sub(1)..(y + 2).min(height) {
            for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                let near = near_y * width + near_x;
                if edge[near] == Edge::Weak {
                    edge[near] = Edge::Strong;
                    strong.push(near);
                }
            }
        }
    }
    Frame::new(
        size,
        edge.into_iter().flat_map(|edge| [if edge == Edge::Strong { 255 } else { 0 }; 3]).collect(),
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    None,
    Weak,
    Strong,
}

#[derive(Clone, Copy, Default)]
struct Gradient {
    dx: i64,
    dy: i64,
    /// |dx| + |dy|
    norm: i64,
}

impl Gradient {
    /// Whether it is larger than those on both sides along itself, by eighths of a turn.
    fn is_ridge(self, (x, y): (usize, usize), norm: impl Fn(isize, isize) -> i64) -> bool {
        let (x, y, own) = (x as isize, y as isize, self.norm);
        let (ax, ay) = (self.dx.abs(), self.dy.abs() << 15);
        let flat = ax * TAN;
        if ay < flat {
            return own > norm(x - 1, y) && own >= norm(x + 1, y);
        }
        if ay > flat + (ax << 16) {
            return own > norm(x, y - 1) && own >= norm(x, y + 1);
        }
        let side = if (self.dx ^ self.dy) < 0 { -1 } else { 1 };
        own > norm(x - side, y - 1) && own > norm(x + side, y + 1)
    }
}

/// The gradient of every pixel; the pixels at the edge go on beyond it.
fn gradients(frame: &Frame) -> Vec<Gradient> {
    let (width, height) = (frame.size().width as isize, frame.size().height as isize);
    let rgb = frame.rgb();
    let of_color = |x: isize, y: isize, color: isize| {
        let at = |dx: isize, dy: isize| {
            let (x, y) = ((x + dx).clamp(0, width - 1), (y + dy).clamp(0, height - 1));
            i64::from(rgb[(3 * (y * width + x) + color) as usize])
        };
        let dx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
        let dy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
        Gradient { dx, dy, norm: dx.abs() + dy.abs() }
    };
    let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let largest = |(x, y)| {
        let [first, second, third] = [0, 1, 2].map(|color| of_color(x, y, color));
        [second, third].into_iter().fold(first, |best, own| if own.norm > best.norm { own } else { best })
    };
    all.map(largest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;
    use candle_core::{Device, Tensor};
    use std::collections::HashMap;
    use std::path::Path;

    /// Of the fixtures' script, by OpenCV.
    #[test]
    fn edges_are_opencvs_to_the_bit() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/control/sharp.safetensors");
        let known: HashMap<String, Tensor> = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
        let bytes = |name: &str| known[name].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        let picture = Frame::new(Size { width: 80, height: 60 }, bytes("picture"));
        for (low, high) in [(100, 200), (30, 90)] {
            let expected = bytes(&format!("edges.{low}.{high}"));
            let found: Vec<u8> = edges(&picture, low, high).rgb().iter().copied().step_by(3).collect();
            let wrong = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
            assert!(wrong == 0 && expected.contains(&255), "{wrong} pixels at {low} and {high}");
        }
    }
}
