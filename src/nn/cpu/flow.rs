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
                for (column, (place, (dx, dy))) in places.iter_mut().zip(across.iter().zip(down)).enumerate()
                {
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

/// How unalike `a` and `b` \[1, c, h, w] are at either end of every movement of up to `reach` cells along either side through a place, and
/// around it: mean squares over 3x3 cells, \[1, (2 reach + 1)², h, w], row by row. A movement of d cells begins ⌈d / 2⌉ before the place
/// and ends ⌊d / 2⌋ behind it; beyond its edges a picture goes on as at the edge.
pub fn costs(a: &Tensor, b: &Tensor, reach: usize) -> Result<Tensor> {
    let (n, c, h, w) = a.dims4()?;
    if n != 1 || b.dims() != a.dims() {
        bail!("features of {:?} and {:?} can't be compared", a.dims(), b.dims());
    }
    let (side, plane) = (2 * reach + 1, h * w);
    let inside = |at: usize, by: isize, count: usize| at.saturating_add_signed(by).min(count - 1);
    read([a, b], |[a, b]| {
        let out = each_piece((side * side * plane, plane), |i, out| {
            let [dy, dx] = [i / side, i % side].map(|d| d as isize - reach as isize);
            let (by, bx) = (dy.div_euclid(2), dx.div_euclid(2));
            let (ay, ax) = (by - dy, bx - dx);
            let columns: Vec<(usize, usize)> = (0..w).map(|x| (inside(x, ax, w), inside(x, bx, w))).collect();
            for (a, b) in a.chunks_exact(plane).zip(b.chunks_exact(plane)) {
                for (y, out) in out.chunks_exact_mut(w).enumerate() {
                    let (a, b) = (&a[inside(y, ay, h) * w..][..w], &b[inside(y, by, h) * w..][..w]);
                    for (out, (first, second)) in out.iter_mut().zip(&columns) {
                        let apart = a[*first] - b[*second];
                        *out += apart * apart;
                    }
                }
            }
            around(out, (h, w), 1.0 / c as f32);
        });
        tensor(out, (1, side * side, h, w))
    })
}

/// The means over what there is of 3x3 pixels around each of `x` \[n, c, h, w].
pub fn smoothed(x: &Tensor) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    read([x], |[values]| {
        let out = each_piece((values.len(), h * w), |i, out| {
            out.copy_from_slice(&values[i * h * w..][..h * w]);
            around(out, (h, w), 1.0);
        });
        tensor(out, x.dims())
    })
}

/// The means over what there is of 3x3 cells around each of a plane \[h, w], times `factor`.
fn around(plane: &mut [f32], (h, w): (usize, usize), factor: f32) {
    let ends = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
    for line in plane.chunks_exact_mut(w) {
        let own = line.to_vec();
        line.iter_mut().enumerate().for_each(|(x, v)| *v = own[ends(x, w)].iter().sum());
    }
    let own = plane.to_vec();
    for (y, line) in plane.chunks_exact_mut(w).enumerate() {
        let rows = ends(y, h);
        for (x, v) in line.iter_mut().enumerate() {
            let cells = rows.len() * ends(x, w).len();
            *v = rows.clone().map(|row| own[row * w + x]).sum::<f32>() * (factor / cells as f32);
        }
    }
}

/// Of [`costs`] \[1, d, h, w] with this `reach`: each as a share of the mean of its place plus `least`; and the movement \[1, 2, h, w] that
/// is likeliest, to the right and downwards: the mean of all, weighted by e to the `choosy` times how cheap they are.
pub fn cheapest(costs: &Tensor, reach: usize, (least, choosy): (f32, f32)) -> Result<(Tensor, Tensor)> {
    let (_, count, h, w) = costs.dims4()?;
    let (side, plane) = (2 * reach + 1, h * w);
    read([costs], |[costs]| {
        let mut shares = costs.to_vec();
        let mut way = vec![0.0; 2 * plane];
        let mut row = vec![0.0f32; count];
        for at in 0..plane {
            let mean = (0..count).map(|d| costs[d * plane + at]).sum::<f32>() / count as f32 + least;
            let mut smallest = f32::INFINITY;
            for (d, share) in row.iter_mut().enumerate() {
                *share = costs[d * plane + at] / mean;
                shares[d * plane + at] = *share;
                smallest = smallest.min(*share);
            }
            let (mut all, mut across, mut down) = (0.0, 0.0, 0.0);
            for (d, share) in row.iter().enumerate() {
                let weight = (choosy * (smallest - share)).exp();
                all += weight;
                across += weight * (d % side) as f32;
                down += weight * (d / side) as f32;
            }
            way[at] = across / all - reach as f32;
            way[plane + at] = down / all - reach as f32;
        }
        Ok((tensor(shares, (1, count, h, w))?, tensor(way, (1, 2, h, w))?))
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
        (near, if i.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(count - 1) })
    };
    let columns: Vec<(usize, usize)> = (0..width).map(|i| sides(i, w)).collect();
    read([x], |[x]| {
        let out = each_piece((n * c * height * width, height * width), |i, out| {
            let x = &x[i * h * w..][..h * w];
            let mut line = vec![0.0; w];
            for (y, out) in out.chunks_exact_mut(width).enumerate() {
                let (near, far) = sides(y, h);
                let rows = x[near * w..][..w].iter().zip(&x[far * w..][..w]);
                line.iter_mut()
                    .zip(rows)
                    .for_each(|(v, (near, far))| *v = factor * (0.75 * near + 0.25 * far));
                out.iter_mut()
                    .zip(&columns)
                    .for_each(|(v, (near, far))| *v = 0.75 * line[*near] + 0.25 * line[*far]);
            }
        });
        tensor(out, (n, c, height, width))
    })
}

/// `x` \[n, c, k h, k w] at 1 / k of its size: what it shows in the middle of each k x k, between pixels by straight lines, and so, for an
/// even k, means of four pixels. As PyTorch's bilinear mode, corners not aligned, which leaves the others out.
pub fn reduced(x: &Tensor, k: usize) -> Result<Tensor> {
    let (n, c, height, width) = x.dims4()?;
    if k == 1 {
        return Ok(x.clone());
    }
    if k == 0 || k % 2 == 1 || height % k + width % k > 0 {
        bail!("{width}x{height} can't be made {k} times as small");
    }
    let (h, w) = (height / k, width / k);
    read([x], |[x]| {
        let out = each_piece((n * c * h * w, h * w), |i, out| {
            let x = &x[i * height * width..][..height * width];
            for (y, out) in out.chunks_exact_mut(w).enumerate() {
                let top = &x[(k * y + k / 2 - 1) * width..][..2 * width];
                for (column, out) in out.iter_mut().enumerate() {
                    let at = k * column + k / 2 - 1;
                    *out = (top[at] + top[at + 1] + top[width + at] + top[width + at + 1]) / 4.0;
                }
            }
        });
        tensor(out, (n, c, h, w))
    })
}

/// `x` \[n, c, h, w] at k times its size, by straight lines between the middles of pixels, and times `factor`; [`doubled`] for any k.
pub fn enlarged(x: &Tensor, k: usize, factor: f32) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    if k == 1 {
        return x.affine(f64::from(factor), 0.0);
    }
    let (height, width) = (k * h, k * w);
    let places = |count: usize, side: usize| -> Vec<_> {
        (0..count).map(|i| between((i as f32 + 0.5) / k as f32 - 0.5, side)).collect()
    };
    let (rows, columns) = (places(height, h), places(width, w));
    read([x], |[x]| {
        let out = each_piece((n * c * height * width, height * width), |i, out| {
            let x = &x[i * h * w..][..h * w];
            let mut line = vec![0.0; w];
            for (out, (above, below, share)) in out.chunks_exact_mut(width).zip(&rows) {
                let both = x[above * w..][..w].iter().zip(&x[below * w..][..w]);
                line.iter_mut()
                    .zip(both)
                    .for_each(|(v, (a, b))| *v = factor * ((1.0 - share) * a + share * b));
                out.iter_mut().zip(&columns).for_each(|(v, (left, right, share))| {
                    *v = (1.0 - share) * line[*left] + share * line[*right]
                });
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
        // b is a, moved by (3, -2).
        let (h, w) = (12usize, 14usize);
        let a = noise(3, &[1, 64, h, w]);
        let moved = |plane: &[f32], y: usize, x: usize| plane[(y + 2) % h * w + (x + w - 3) % w];
        let b: Vec<f32> = values(&a)
            .chunks_exact(h * w)
            .flat_map(|plane| (0..h * w).map(|i| moved(plane, i / w, i % w)).collect::<Vec<_>>())
            .collect();
        let b = Tensor::from_vec(b, (1, 64, h, w), &Device::Cpu).unwrap();
        let found = costs(&a, &b, 3).unwrap();
        let (shares, way) = cheapest(&found, 3, (1e-3, 30.0)).unwrap();
        let (shares, way) = (values(&shares), values(&way));
        for y in 4..8 {
            for x in 5..9 {
                let at = y * w + x;
                let best = (0..49).min_by(|i, j| shares[i * h * w + at].total_cmp(&shares[j * h * w + at]));
                assert_eq!(best, Some(13), "{y} {x}");
                assert!((way[at] - 3.0).abs() < 1e-3 && (way[h * w + at] + 2.0).abs() < 1e-3);
                let mean = (0..49).map(|d| shares[d * h * w + at]).sum::<f32>() / 49.0;
                assert!((mean - 1.0).abs() < 1e-2);
            }
        }
        assert!(costs(&a, &a.narrow(2, 0, 5).unwrap(), 3).is_err());
    }

    #[test]
    fn costs_are_means_over_the_cells_that_there_are() {
        let plane =
            |v: f32| Tensor::from_vec(vec![v, 0.0, 0.0, 0.0, 0.0, 0.0], (1, 1, 2, 3), &Device::Cpu).unwrap();
        let found = values(&costs(&plane(6.0), &plane(0.0), 0).unwrap());
        assert_eq!(found, [9.0, 6.0, 0.0, 9.0, 6.0, 0.0]);
        // Where nothing is to be seen nothing moves.
        let (_, way) = cheapest(&costs(&plane(0.0), &plane(0.0), 1).unwrap(), 1, (1e-3, 10.0)).unwrap();
        assert!(values(&way).iter().all(|way| way.abs() < 1e-6));
    }

    #[test]
    fn what_is_enlarged_is_on_straight_lines_and_what_is_reduced_in_the_middle() {
        let x = noise(5, &[1, 3, 4, 5]);
        assert!(apart(&enlarged(&x, 2, 1.5).unwrap(), &doubled(&x, 1.5).unwrap()) < 1e-6);
        assert_eq!(apart(&enlarged(&x, 1, 2.0).unwrap(), &(&x * 2.0).unwrap()), 0.0);
        // A slope of 1 to the right and 10 downwards, at four times its size.
        let slope: Vec<f32> = (0..4 * 5).map(|i| (i % 5) as f32 + 10.0 * (i / 5) as f32).collect();
        let slope = Tensor::from_vec(slope, (1, 1, 4, 5), &Device::Cpu).unwrap();
        let large = enlarged(&slope, 4, 1.0).unwrap();
        let found = values(&large);
        for (y, x) in (2..14).flat_map(|y| (2..18).map(move |x| (y, x))) {
            let wanted = (x as f32 - 1.5) / 4.0 + 10.0 * (y as f32 - 1.5) / 4.0;
            assert!((found[y * 20 + x] - wanted).abs() < 1e-5, "{y} {x}");
        }
        // The middle of 4x4 pixels is the pixel that they were made of, but for the edges; that of 2x2 their mean.
        let small = values(&reduced(&large, 4).unwrap());
        assert!((small[6] - 11.0).abs() < 1e-5, "{small:?}");
        assert!(apart(&reduced(&large, 2).unwrap(), &large.avg_pool2d(2).unwrap()) < 1e-6);
        assert_eq!(apart(&reduced(&x, 1).unwrap(), &x), 0.0);
        assert!(reduced(&x, 2).is_err() && reduced(&large, 3).is_err());
    }

    #[test]
    fn doubling_keeps_slopes_and_means() {
        let x = Tensor::from_vec(vec![0.0f32, 4.0, 8.0, 12.0], (1, 1, 1, 4), &Device::Cpu).unwrap();
        let row = [0.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 12.0].map(|v: f32| 2.0 * v);
        assert_eq!(values(&doubled(&x, 2.0).unwrap()), [row, row].concat());
    }
}
