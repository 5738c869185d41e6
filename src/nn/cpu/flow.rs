//! Pictures and motion: what a picture shows along a flow, how alike two are along every short movement, doubling by straight lines.

use super::{each_piece, read, tensor};
use candle_core::{Result, Tensor, bail};

/// Planes that are fetched together: places and shares are the same for all.
const GROUP: usize = 8;

/// Where a row or column between two others lies: the one before, the one behind, and how much of that one is seen.
fn between(at: f32, count: usize) -> (usize, usize, f32) {
    let at = at.clamp(0.0, (count - 1) as f32);
    let before = at as usize;
    (before, (before + 1).min(count - 1), at - before as f32)
}

/// What `x` \[1, c, h, w] shows at each place plus `share` times `flow` \[1, 2, h, w] (to the right and downwards, in pixels), between
/// pixels by straight lines; beyond its edges it goes on as at the edge. As PyTorch's `grid_sample` with a border, corners aligned.
pub fn fetched(x: &Tensor, flow: &Tensor, share: f32) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    if n != 1 || flow.dims() != [1, 2, h, w] {
        bail!("a flow of {:?} doesn't fit pictures of {:?}", flow.dims(), x.dims());
    }
    let plane = h * w;
    read([x, flow], |[x, flow]| {
        let out = each_piece((c * plane, GROUP * plane), |group, out| {
            let x = &x[group * GROUP * plane..][..out.len()];
            let mut places = vec![([0usize; 4], [0.0f32; 4]); w];
            for y in 0..h {
                let (across, down) = (&flow[y * w..][..w], &flow[plane + y * w..][..w]);
                for (column, (place, (dx, dy))) in places.iter_mut().zip(across.iter().zip(down)).enumerate() {
                    let (left, right, fx) = between(column as f32 + share * dx, w);
                    let (top, bottom, fy) = between(y as f32 + share * dy, h);
                    let at = [top * w + left, top * w + right, bottom * w + left, bottom * w + right];
                    *place = (at, [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy]);
                }
                for (x, out) in x.chunks_exact(plane).zip(out.chunks_exact_mut(plane)) {
                    for (out, (at, weights)) in out[y * w..][..w].iter_mut().zip(&places) {
                        *out = at.iter().zip(weights).map(|(at, weight)| x[*at] * weight).sum();
                    }
                }
            }
        });
        tensor(out, (1, c, h, w))
    })
}

/// How alike `a` and `b` \[1, c, h, w] are at either end of every movement of up to `reach` cells along either side, as the mean of
/// products: \[1, (2 reach + 1)², h, w], row by row. A movement of d cells through a place begins ⌈d / 2⌉ before it and ends ⌊d / 2⌋
/// behind it; beyond the edges there is nothing.
pub fn costs(a: &Tensor, b: &Tensor, reach: usize) -> Result<Tensor> {
    let (n, c, h, w) = a.dims4()?;
    if n != 1 || b.dims() != a.dims() {
        bail!("features of {:?} and {:?} can't be compared", a.dims(), b.dims());
    }
    let (side, plane, reach) = (2 * reach + 1, h * w, reach as isize);
    read([a, b], |[a, b]| {
        let out = each_piece((side * side * plane, plane), |i, out| {
            let [dy, dx] = [i / side, i % side].map(|d| d as isize - reach);
            let (by, bx) = (dy.div_euclid(2), dx.div_euclid(2));
            let (ay, ax) = (by - dy, bx - dx);
            let inside = |first: isize, second: isize, count: usize| {
                let from = 0.max(-first).max(-second) as usize;
                from..(count as isize).min(count as isize - first).min(count as isize - second).max(0) as usize
            };
            let (rows, columns) = (inside(ay, by, h), inside(ax, bx, w));
            if columns.start >= columns.end {
                return;
            }
            for (a, b) in a.chunks_exact(plane).zip(b.chunks_exact(plane)) {
                for y in rows.clone() {
                    let line = |x: &[f32], (dy, dx): (isize, isize)| {
                        let start = (y as isize + dy) * w as isize + columns.start as isize + dx;
                        start as usize..start as usize + columns.len().min(x.len())
                    };
                    let (a, b) = (&a[line(a, (ay, ax))], &b[line(b, (by, bx))]);
                    let out = &mut out[y * w + columns.start..][..columns.len()];
                    out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out += a * b);
                }
            }
            out.iter_mut().for_each(|value| *value /= c as f32);
        });
        tensor(out, (1, side * side, h, w))
    })
}

/// `x` \[n, c, h, w] at twice its size, by straight lines between the middles of pixels, and times `factor`. As PyTorch's bilinear mode,
/// corners not aligned.
pub fn doubled(x: &Tensor, factor: f32) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (height, width) = (2 * h, 2 * w);
    // The nearer one, and the one beyond it, of which a quarter is seen.
    let sides = |i: usize, count: usize| {
        let near = i / 2;
        (near, if i % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(count - 1) })
    };
    let columns: Vec<(usize, usize)> = (0..width).map(|i| sides(i, w)).collect();
    read([x], |[x]| {
        let out = each_piece((n * c * height * width, height * width), |i, out| {
            let x = &x[i * h * w..][..h * w];
            let mut line = vec![0.0; w];
            for (y, out) in out.chunks_exact_mut(width).enumerate() {
                let (near, far) = sides(y, h);
                let rows = x[near * w..][..w].iter().zip(&x[far * w..][..w]);
                line.iter_mut().zip(rows).for_each(|(v, (near, far))| *v = factor * (0.75 * near + 0.25 * far));
                out.iter_mut()
                    .zip(&columns)
                    .for_each(|(v, (near, far))| *v = 0.75 * line[*near] + 0.25 * line[*far]);
            }
        });
        tensor(out, (n, c, height, width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{apart, noise};
    use candle_core::Device;

    fn values(x: &Tensor) -> Vec<f32> {
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn whole_pixels_are_fetched_as_they_are_and_edges_go_on() {
        let x = noise(1, &[1, 11, 5, 7]);
        let flow = Tensor::from_vec([[2.0f32; 35], [-1.0; 35]].concat(), (1, 2, 5, 7), &Device::Cpu).unwrap();
        let (was, found) = (values(&x), values(&fetched(&x, &flow, 1.0).unwrap()));
        for c in 0..11 {
            for y in 0..5usize {
                for column in 0..7 {
                    let from = (c * 5 + y.saturating_sub(1)) * 7 + (column + 2).min(6);
                    assert_eq!(found[(c * 5 + y) * 7 + column], was[from]);
                }
            }
        }
        assert_eq!(apart(&fetched(&x, &flow, 0.0).unwrap(), &x), 0.0);
    }

    #[test]
    fn between_pixels_a_slope_is_followed() {
        let slope: Vec<f32> = (0..6 * 8).map(|i| (i % 8) as f32 + 10.0 * (i / 8) as f32).collect();
        let x = Tensor::from_vec(slope, (1, 1, 6, 8), &Device::Cpu).unwrap();
        let flow = Tensor::from_vec([[0.5f32; 48], [0.25; 48]].concat(), (1, 2, 6, 8), &Device::Cpu).unwrap();
        let found = values(&fetched(&x, &flow, -1.0).unwrap());
        for y in 1..6 {
            for column in 1..8 {
                let wanted = column as f32 - 0.5 + 10.0 * (y as f32 - 0.25);
                assert!((found[y * 8 + column] - wanted).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn what_moved_is_alike_along_its_movement() {
        // b is a, moved by (3, -2): the movement stands at its place among 7 x 7.
        let (h, w) = (12usize, 14usize);
        let a = noise(3, &[1, 64, h, w]);
        let moved = |plane: &[f32], y: usize, x: usize| {
            let (y, x) = ((y + 2) % h, (x + w - 3) % w);
            plane[y * w + x]
        };
        let flat = values(&a);
        let b: Vec<f32> = flat
            .chunks_exact(h * w)
            .flat_map(|plane| (0..h * w).map(|i| moved(plane, i / w, i % w)).collect::<Vec<_>>())
            .collect();
        let b = Tensor::from_vec(b, (1, 64, h, w), &Device::Cpu).unwrap();
        let found = values(&costs(&a, &b, 3).unwrap());
        let at = |d: usize, y: usize, x: usize| found[(d * h + y) * w + x];
        for y in 4..8 {
            for x in 4..10 {
                let best = (0..49).max_by(|i, j| at(*i, y, x).total_cmp(&at(*j, y, x))).unwrap();
                assert_eq!(best, (3 - 2) * 7 + 6, "{y} {x}");
            }
        }
        // At the edges there is nothing to be alike.
        assert_eq!(at(0, 0, w - 1), 0.0);
        assert!(costs(&a, &a.narrow(2, 0, 5).unwrap(), 3).is_err());
    }

    #[test]
    fn doubling_keeps_slopes_and_means() {
        let x = Tensor::from_vec(vec![0.0f32, 4.0, 8.0, 12.0], (1, 1, 1, 4), &Device::Cpu).unwrap();
        let row = [0.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 12.0].map(|v: f32| 2.0 * v);
        assert_eq!(values(&doubled(&x, 2.0).unwrap()), [row, row].concat());
    }
}
