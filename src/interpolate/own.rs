//! The network that comes with the program: what it is shown of pictures, and what is shown of what it finds.

use super::network::{Features, Motion, Network, UNIT};
use crate::error::Result;
use crate::nn::cpu::flow::{doubled, smoothed};
use crate::nn::cpu::{each_piece, read, tensor};
use crate::weights::{Embedded, Placement, Weights, whole};
use candle_core::{DType, Device, Result as TensorResult, Tensor};
use std::rc::Rc;

/// What comes with the program.
static SHIPPED: &[u8] = include_bytes!("../../models/interpolation/net.safetensors");
/// What errors call it.
const NAME: &str = "models/interpolation/net.safetensors";
/// Pixels of a picture that the network sees in full; of a larger one it sees a half of the size, or a quarter.
const MOST: usize = 640 * 480;
/// Pixels along either side over which differences are taken together.
const BLOCK: usize = 4;
/// How much what a motion leaves unexplained counts, and which differences are none.
const DOUBT: f32 = 2.0;
const NOISE: f32 = 0.01;

/// The network, loaded.
#[derive(Debug)]
pub(super) struct Own {
    net: Network,
    most: usize,
}

/// A picture, and what the network sees of it.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// \[1, 3, h, w], f32 in −1..=1.
    picture: Tensor,
    features: Features,
    /// How often its size was halved for them.
    halvings: u32,
}

impl Own {
    /// # Errors
    /// Model: the program is damaged. Device: there is no room.
    pub fn shipped() -> Result<Self> {
        let placement = Placement { dtype: DType::F32, device: Device::Cpu };
        let source = Rc::new(Embedded::open(NAME, SHIPPED)?);
        let weights = Weights::of(source, &placement, |name| whole(name.to_owned()))?;
        Ok(Own { net: Network::new(&weights.scope(""))?, most: MOST })
    }

    /// The same that sees pictures of more pixels at a fraction of their size.
    #[cfg(test)]
    pub fn seeing(self, most: usize) -> Self {
        Own { most, ..self }
    }

    /// Looks at `picture` \[1, 3, h, w], f32 in −1..=1 on the CPU.
    pub fn look(&self, picture: &Tensor) -> TensorResult<Look> {
        let (_, _, h, w) = picture.dims4()?;
        let halvings = (0..2).take_while(|n| (h * w) >> (2 * n) > self.most).count() as u32;
        let mut small = filled(picture, UNIT << halvings)?;
        for _ in 0..halvings {
            small = small.avg_pool2d(2)?;
        }
        Ok(Look { picture: picture.clone(), features: self.net.features(&small)?, halvings })
    }

    /// The picture \[1, 3, h, w] at `time` between two of one size.
    pub fn between(&self, first: &Look, second: &Look, time: f32) -> TensorResult<Tensor> {
        let mut motion = self.net.motion(&first.features, &second.features, time)?;
        for _ in 0..first.halvings {
            motion.way = doubled(&motion.way, 2.0)?;
            motion.rest = doubled(&motion.rest, 1.0)?;
        }
        shown(&first.picture, &second.picture, &motion, time)
    }
}

/// `picture` \[1, 3, h, w] with its last row and column repeated until its sides are multiples of `unit`.
fn filled(picture: &Tensor, unit: usize) -> TensorResult<Tensor> {
    let (_, _, h, w) = picture.dims4()?;
    let lack = |side: usize| side.next_multiple_of(unit) - side;
    match (lack(h), lack(w)) {
        (0, 0) => Ok(picture.clone()),
        (down, right) => picture.pad_with_same(2, 0, down)?.pad_with_same(3, 0, right)?.contiguous(),
    }
}

/// What both pictures \[1, 3, h, w] show along the motion, mixed by the mask, and the residue; blended where the motion doesn't explain in
/// what they differ.
fn shown(first: &Tensor, second: &Tensor, motion: &Motion, time: f32) -> TensorResult<Tensor> {
    let (_, _, h, w) = first.dims4()?;
    let (along, apart) = along(first, second, motion, time)?;
    let around = smoothed(&filled(&apart, BLOCK)?.avg_pool2d(BLOCK)?)?;
    let around = doubled(&doubled(&around, 1.0)?, 1.0)?;
    let (_, _, height, width) = around.dims4()?;
    read([first, second, &along, &around], |[first, second, along, around]| {
        let (before, after) = around.split_at(height * width);
        let out = each_piece((3 * h * w, w), |row, out| {
            let (from, at) = (row * w, row % h * width);
            let pictures = first[from..][..w].iter().zip(&second[from..][..w]).zip(&along[from..][..w]);
            let around = before[at..][..w].iter().zip(&after[at..][..w]);
            for (out, (((a, b), along), (before, after))) in out.iter_mut().zip(pictures.zip(around)) {
                let explained = before * before;
                let trust = explained / (explained + DOUBT * after * after + NOISE * NOISE);
                let blend = (1.0 - time) * a + time * b;
                *out = blend + trust * (along - blend);
            }
        });
        tensor(out, (1, 3, h, w))
    })
}

/// What both pictures show along the motion, mixed by the mask, and the residue, \[1, 3, h, w]; and how far they are apart, as they are and
/// along the motion, as means of the colors, \[1, 2, h, w].
fn along(first: &Tensor, second: &Tensor, motion: &Motion, time: f32) -> TensorResult<(Tensor, Tensor)> {
    let (_, _, h, w) = first.dims4()?;
    let way = doubled(&motion.way, 2.0)?;
    let (_, _, height, width) = motion.rest.dims4()?;
    let (plane, large) = (h * w, height * width);
    // As likely the one as the other where both are equally far.
    let nearer = ((1.0 - time) / time).ln();
    read([first, second, &way, &motion.rest], |[first, second, way, rest]| {
        // Rows of pixels, color by color, and both distances.
        let rows = each_piece((5 * plane, 5 * w), |y, out| {
            for x in 0..w {
                let at = y * width + x;
                let (dx, dy) = (way[at], way[large + at]);
                let share = 1.0 / (1.0 + (-(rest[at] + nearer)).exp());
                let one = Place::new((x as f32 - time * dx, y as f32 - time * dy), (h, w));
                let other = Place::new((x as f32 + (1.0 - time) * dx, y as f32 + (1.0 - time) * dy), (h, w));
                for color in 0..3 {
                    let (first, second) =
                        (&first[color * plane..][..plane], &second[color * plane..][..plane]);
                    let (a, b) = (one.of(first), other.of(second));
                    out[color * w + x] = a * share + b * (1.0 - share) + rest[(color + 1) * large + at];
                    out[3 * w + x] += (first[y * w + x] - second[y * w + x]).abs() / 3.0;
                    out[4 * w + x] += (a - b).abs() / 3.0;
                }
            }
        });
        let all = tensor(rows, (h, 5, w))?.transpose(0, 1)?.unsqueeze(0)?;
        Ok((all.narrow(1, 0, 3)?.contiguous()?, all.narrow(1, 3, 2)?.contiguous()?))
    })
}

/// A place between four pixels.
struct Place {
    at: [usize; 4],
    weights: [f32; 4],
}

impl Place {
    fn new((x, y): (f32, f32), (h, w): (usize, usize)) -> Self {
        let (x, y) = (x.clamp(0.0, (w - 1) as f32), y.clamp(0.0, (h - 1) as f32));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(w - 1), (top + 1).min(h - 1));
        let (fx, fy) = (x - left as f32, y - top as f32);
        Place {
            at: [top * w + left, top * w + right, bottom * w + left, bottom * w + right],
            weights: [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy],
        }
    }

    fn of(&self, plane: &[f32]) -> f32 {
        self.at.iter().zip(self.weights).map(|(at, weight)| plane[*at] * weight).sum()
    }
}
