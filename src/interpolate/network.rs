//! The network between two pictures, as `training/interpolation/net.py` has it.

use super::layer::{Layer, slopes};
use crate::error::Result;
use crate::nn::cpu::flow::{cheapest, costs, doubled, fetched};
use crate::nn::layers::{Conv2d, pixel_shuffle, shrink};
use crate::weights::Scope;
use candle_core::{Device, Result as TensorResult, Tensor};

/// Channels of the features at a half, a quarter and an eighth of the size.
const FEATURES: [usize; 3] = [16, 32, 64];
/// Channels of the three estimates, coarsest first.
const ESTIMATES: [usize; 3] = [64, 48, 32];
/// Cells that a movement may be long, along either side: of an eighth of the size, and beside what is known, of a quarter and a half.
const REACH: usize = 3;
const BESIDE: usize = 1;
/// What is beside a mean of costs, so that nothing is made of nothing; and how much the cheapest movement counts.
const CHOICE: (f32, f32) = (1e-3, 10.0);
const SLOPE: f32 = 0.1;
/// Channels beside the motion that the finest estimate gives, at a half: a mask and a residue of three colors, of 2x2 pixels each.
const REST: usize = 16;
/// What sides of pictures are multiples of.
pub(super) const UNIT: usize = 8;

/// What is seen of one picture, \[1, c, h, w] each: at a half, a quarter and an eighth of its size.
#[derive(Clone, Debug)]
pub(super) struct Features([Tensor; 3]);

/// What happens between two pictures at some time, in pictures of half the size.
#[derive(Debug)]
pub(super) struct Motion {
    /// How far everything goes from the first picture to the second, \[1, 2, h / 2, w / 2], in pixels of that size.
    pub way: Tensor,
    /// Mask and residue \[1, 4, h, w].
    pub rest: Tensor,
}

#[derive(Debug)]
pub(super) struct Network {
    half: Layer,
    quarter: [Layer; 2],
    eighth: [Layer; 2],
    coarse: Estimate,
    middle: Estimate,
    fine: Estimate,
}

impl Network {
    pub fn new(scope: &Scope<'_>) -> Result<Self> {
        let [half, quarter, eighth] = FEATURES;
        let [coarse, middle, fine] = ESTIMATES;
        let layer = |name: &str, inputs, outputs, stride| {
            Layer::new(&scope.at(name), (inputs, outputs), (stride, SLOPE))
        };
        let pair = |name: &str, inputs, outputs| -> Result<[Layer; 2]> {
            Ok([
                layer(&format!("{name}.0"), inputs, outputs, 2)?,
                layer(&format!("{name}.1"), outputs, outputs, 1)?,
            ])
        };
        let compared = |reach: usize| (2 * reach + 1).pow(2) + 3;
        Ok(Network {
            half: layer("conv_in", 3, half, 2)?,
            quarter: pair("quarter", half, quarter)?,
            eighth: pair("eighth", quarter, eighth)?,
            coarse: Estimate::new(
                scope,
                ("coarse", "coarse_out"),
                [compared(REACH) + 2 * eighth, coarse, 4, 4 * middle],
            )?,
            middle: Estimate::new(
                scope,
                ("middle", "middle_out"),
                [compared(BESIDE) + 2 * quarter + middle, middle, 3, 4 * fine],
            )?,
            fine: Estimate::new(
                scope,
                ("fine", "conv_out"),
                [compared(BESIDE) + 2 * half + fine, fine, 2, REST],
            )?,
        })
    }

    /// What is seen of a picture \[1, 3, h, w] in −1..=1, whose sides are multiples of [`UNIT`].
    pub fn features(&self, picture: &Tensor) -> TensorResult<Features> {
        let half = self.half.forward(picture)?;
        let through = |x: &Tensor, layers: &[Layer; 2]| layers[1].forward(&layers[0].forward(x)?);
        let quarter = through(&half, &self.quarter)?;
        let eighth = through(&quarter, &self.eighth)?;
        Ok(Features([half, quarter, eighth]))
    }

    /// What happens between two pictures at `time`, above 0 and below 1.
    pub fn motion(&self, first: &Features, second: &Features, time: f32) -> TensorResult<Motion> {
        let (Features([half_a, quarter_a, eighth_a]), Features([half_b, quarter_b, eighth_b])) =
            (first, second);
        let (shares, way) = cheapest(&costs(eighth_a, eighth_b, REACH)?, REACH, CHOICE)?;
        let seen = [&shares, eighth_a, eighth_b, &way, &everywhere(time, eighth_a)?];
        let (more, hidden) = self.coarse.forward(&seen)?;
        let way = (way + more)?;
        let refined = |estimate: &Estimate, [a, b]: [&Tensor; 2], way: &Tensor, hidden: &Tensor| {
            let (way, hidden) = (doubled(way, 2.0)?, pixel_shuffle(hidden, 2)?);
            let hidden = shrink(hidden, &estimate.slopes_in, SLOPE)?;
            let (a, b) = (fetched(a, &way, -time)?, fetched(b, &way, 1.0 - time)?);
            let (shares, beside) = cheapest(&costs(&a, &b, BESIDE)?, BESIDE, CHOICE)?;
            let way = (way + beside)?;
            let (more, rest) =
                estimate.forward(&[&shares, &a, &b, &hidden, &way, &everywhere(time, &way)?])?;
            TensorResult::Ok(((way + more)?, rest))
        };
        let (way, hidden) = refined(&self.middle, [quarter_a, quarter_b], &way, &hidden)?;
        let (way, rest) = refined(&self.fine, [half_a, half_b], &way, &hidden)?;
        Ok(Motion { way, rest: pixel_shuffle(&rest, 2)? })
    }
}

/// `time` at every place of `x` \[1, c, h, w]: \[1, 1, h, w].
fn everywhere(time: f32, x: &Tensor) -> TensorResult<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    Tensor::full(time, (1, 1, h, w), &Device::Cpu)
}

/// Layers that make a motion of what they are shown, and something for the next level.
#[derive(Debug)]
struct Estimate {
    layers: Vec<Layer>,
    out: Conv2d,
    /// For the channels that the level before hands on.
    slopes_in: Tensor,
}

impl Estimate {
    /// Of `count` layers from `inputs` to `width` channels, with `more` channels for the next level.
    fn new(
        scope: &Scope<'_>,
        (name, out): (&str, &str),
        [inputs, width, count, more]: [usize; 4],
    ) -> Result<Self> {
        let layer = |i: usize| {
            let inputs = if i == 0 { inputs } else { width };
            Layer::new(&scope.at(format!("{name}.{i}")), (inputs, width), (1, SLOPE))
        };
        Ok(Estimate {
            layers: (0..count).map(layer).collect::<Result<_>>()?,
            out: Conv2d::same(&scope.at(out), width, 2 + more)?,
            slopes_in: slopes(width, SLOPE)?,
        })
    }

    /// Motion \[1, 2, h, w], and the rest.
    fn forward(&self, seen: &[&Tensor]) -> TensorResult<(Tensor, Tensor)> {
        let mut x = Tensor::cat(seen, 1)?;
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        let x = self.out.forward(&x)?;
        let channels = x.dim(1)?;
        Ok((x.narrow(1, 0, 2)?.contiguous()?, x.narrow(1, 2, channels - 2)?.contiguous()?))
    }
}
