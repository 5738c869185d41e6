//! RIFE 4: blocks, each of which sees a finer picture than the one before, find how both pictures move to the one between them, and a mask.

use super::layer::Layer;
use crate::error::Result;
use crate::nn::blocks::Doubling;
use crate::nn::cpu::flow::{enlarged, fetched, reduced};
use crate::nn::cpu::{each_piece, read, tensor};
use crate::nn::layers::{Conv2d, pixel_shuffle};
use crate::weights::Scope;
use crate::weights::keys::rife::{LAYERS, RifeNet};
use candle_core::{Device, Result as TensorResult, Tensor, bail};

/// Slope of all leaky ReLUs below 0.
const SLOPE: f32 = 0.2;
/// Pixels of a picture up to which the last block sees it in full; of a larger one it sees a half, and so do all before, as is advised for 4K.
const MOST: usize = 1920 * 1088;
/// How many times as small as what a block sees that is of which its layers make something.
const INSIDE: usize = 4;

/// The network, loaded.
#[derive(Debug)]
pub(super) struct Rife {
    encoder: Option<Encoder>,
    blocks: Vec<Block>,
    net: RifeNet,
    most: usize,
}

/// A picture, and what the network sees of it; its sides are multiples of what the coarsest block makes one of.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// \[1, 3, h, w], f32 in 0..=1; black where there is nothing of the picture.
    picture: Tensor,
    /// \[1, c, h, w]
    features: Option<Tensor>,
    /// How many times as small as usual what blocks see is.
    coarser: usize,
}

impl Rife {
    pub fn new(scope: &Scope<'_>, net: RifeNet) -> Result<Self> {
        let encoder = (!net.encoder.is_empty()).then(|| Encoder::new(scope, &net.encoder)).transpose()?;
        let block = |number| Block::new(&scope.at(format!("block{number}")), &net, number);
        let blocks = (0..net.widths.len()).map(block).collect::<Result<_>>()?;
        Ok(Rife { encoder, blocks, net, most: MOST })
    }

    /// The same that sees pictures of more pixels at a half of their size.
    #[cfg(test)]
    pub fn seeing(self, most: usize) -> Self {
        Rife { most, ..self }
    }

    /// Looks at `picture` \[1, 3, h, w], f32 in −1..=1 on the CPU.
    pub fn look(&self, picture: &Tensor) -> TensorResult<Look> {
        let (_, _, h, w) = picture.dims4()?;
        let coarser = if h * w > self.most { 2 } else { 1 };
        let unit = INSIDE * coarser * self.net.scales[0];
        let lack = |side: usize| side.next_multiple_of(unit) - side;
        let picture = picture.affine(0.5, 0.5)?.pad_with_zeros(2, 0, lack(h))?;
        let picture = picture.pad_with_zeros(3, 0, lack(w))?.contiguous()?;
        let features = self.encoder.as_ref().map(|encoder| encoder.forward(&picture)).transpose()?;
        Ok(Look { picture, features, coarser })
    }

    /// The picture \[1, 3, h, w] in −1..=1 at `time` between two of this `size`.
    pub fn between(&self, pictures: [&Look; 2], time: f32, size: (usize, usize)) -> TensorResult<Tensor> {
        let mut known = None;
        for (block, scale) in self.blocks.iter().zip(self.net.scales) {
            let seen = along(pictures, known.as_ref())?;
            known = Some(block.forward(&seen, known, (time, scale * pictures[0].coarser))?);
        }
        match known {
            Some(known) => shown(pictures, &known, size),
            None => bail!("a network without blocks puts nothing between pictures"),
        }
    }
}

/// Bytes that a picture of so many pixels takes between two, about: planes that stand at once, and what the last block makes of them.
pub(super) fn room(net: &RifeNet, pixels: usize) -> f64 {
    let seen = 2 * (3 + net.features());
    let planes = 2 * seen + 2 * (5 + net.handed) + 2 * net.inputs(net.widths.len() - 1);
    let inside = net.widths.last().map_or(0, |width| width / 2);
    (4 * pixels * (planes + inside)) as f64
}

/// What is known of the way between two pictures.
struct Known {
    /// How far what is between them has come from the first picture, and how far it is from the second, in pixels, \[1, 4, h, w].
    way: Tensor,
    /// How much more likely the first is seen than the second, as a logarithm, \[1, 1, h, w].
    mask: Tensor,
    /// What a block tells the next, \[1, c, h, w].
    handed: Option<Tensor>,
}

/// Both pictures and both their features along the way, where it is known, and as they are where it isn't.
fn along(pictures: [&Look; 2], known: Option<&Known>) -> TensorResult<Vec<Tensor>> {
    let all = pictures
        .map(|look| Some(&look.picture))
        .into_iter()
        .chain(pictures.map(|look| look.features.as_ref()));
    let moved = |(number, x): (usize, Option<&Tensor>)| {
        let x = x?;
        Some(match known {
            Some(known) => known.way.narrow(1, number % 2 * 2, 2).and_then(|way| fetched(x, &way, 1.0)),
            None => Ok(x.clone()),
        })
    };
    all.enumerate().filter_map(moved).collect()
}

/// Both pictures along the way, mixed by the mask, without what was put beside them.
fn shown(pictures: [&Look; 2], known: &Known, (h, w): (usize, usize)) -> TensorResult<Tensor> {
    let moved = |number: usize| fetched(&pictures[number].picture, &known.way.narrow(1, 2 * number, 2)?, 1.0);
    let (_, _, height, width) = known.mask.dims4()?;
    read([&moved(0)?, &moved(1)?, &known.mask], |[first, second, mask]| {
        let out = each_piece((3 * h * w, w), |row, out| {
            let (color, at) = (row / h, row % h * width);
            let from = color * height * width + at;
            let both = first[from..][..w].iter().zip(&second[from..][..w]);
            for (out, ((a, b), mask)) in out.iter_mut().zip(both.zip(&mask[at..][..w])) {
                let share = 1.0 / (1.0 + (-mask).exp());
                *out = 2.0 * (share * a + (1.0 - share) * b) - 1.0;
            }
        });
        tensor(out, (1, 3, h, w))
    })
}

/// What looks at a picture: layers at half of its size, and one that doubles what they make.
#[derive(Debug)]
struct Encoder {
    layers: Vec<Layer>,
    last: Doubling,
}

impl Encoder {
    fn new(scope: &Scope<'_>, channels: &[usize]) -> Result<Self> {
        let at = |number: usize| scope.at(format!("encode.{number}"));
        // Of two layers the first has no activation.
        let slope = if channels.len() == 2 { 1.0 } else { SLOPE };
        let (mut inputs, mut layers) = (3, Vec::new());
        let (outputs, before) =
            channels.split_last().ok_or_else(|| scope.error("nothing looks at pictures"))?;
        for (number, channels) in before.iter().enumerate() {
            let stride = if number == 0 { 2 } else { 1 };
            layers.push(Layer::new(&at(number), (inputs, *channels), (stride, slope))?);
            inputs = *channels;
        }
        Ok(Encoder { layers, last: Doubling::new(&at(before.len()), inputs, *outputs)? })
    }

    /// `picture` \[1, 3, h, w] to \[1, c, h, w].
    fn forward(&self, picture: &Tensor) -> TensorResult<Tensor> {
        self.last.forward(&self.layers.iter().try_fold(picture.clone(), |x, layer| layer.forward(&x))?)
    }
}

/// Layers that see both pictures along the way that is known, at a fraction of their size, and find what is left of it.
#[derive(Debug)]
struct Block {
    first: [Layer; 2],
    layers: Vec<Layer>,
    last: Doubling,
    /// Whether what each of the layers sees is added to its result, and the last one's result is unfolded once more.
    folded: bool,
    /// Channels that are handed to the next block.
    handed: usize,
    /// Whether the mask is added to the one that is known: without features of pictures it is.
    adds: bool,
}

impl Block {
    fn new(scope: &Scope<'_>, net: &RifeNet, number: usize) -> Result<Self> {
        let (inputs, width) = (net.inputs(number), net.widths[number]);
        let halving = |name: &str, channels| Layer::new(&scope.at(name), channels, (2, SLOPE));
        let layer = |number: usize| {
            let named = scope.at(net.layer(number));
            if !net.folded {
                return Layer::new(&named, (width, width), (1, SLOPE));
            }
            let factors = scope.get(&format!("convblock.{number}.beta"), &[1, width, 1, 1])?;
            Layer::of(Conv2d::weighed(&named, (width, width), &factors)?, width, SLOPE)
        };
        Ok(Block {
            first: [halving("conv0.0.0", (inputs, width / 2))?, halving("conv0.1.0", (width / 2, width))?],
            layers: (0..LAYERS).map(layer).collect::<Result<_>>()?,
            last: Doubling::new(&scope.at(net.last()), width, net.outputs())?,
            folded: net.folded,
            handed: net.handed,
            adds: net.encoder.is_empty(),
        })
    }

    /// What is known once this block has `seen` both pictures and their features, \[1, c, h, w] each, and what was `known`, all of it
    /// `scale` times as small.
    fn forward(
        &self,
        seen: &[Tensor],
        known: Option<Known>,
        (time, scale): (f32, usize),
    ) -> TensorResult<Known> {
        let mut parts = seen.iter().map(|x| reduced(x, scale)).collect::<TensorResult<Vec<_>>>()?;
        let (_, _, h, w) = parts[0].dims4()?;
        parts.push(Tensor::full(time, (1, 1, h, w), &Device::Cpu)?);
        if let Some(known) = &known {
            parts.push(reduced(&known.mask, scale)?);
            parts.extend(known.handed.as_ref().map(|handed| reduced(handed, scale)).transpose()?);
            parts.push(reduced(&known.way, scale)?.affine(1.0 / scale as f64, 0.0)?);
        }
        let mut x = Tensor::cat(&parts, 1)?;
        drop(parts);
        for layer in &self.first {
            x = layer.forward(&x)?;
        }
        for layer in &self.layers {
            x = layer.after(&x, self.folded.then_some(&x))?;
        }
        let x = self.last.forward(&x)?;
        let (found, times) = if self.folded { (pixel_shuffle(&x, 2)?, scale) } else { (x, 2 * scale) };
        let at_full_size =
            |from, count, factor: usize| enlarged(&found.narrow(1, from, count)?, times, factor as f32);
        let handed = (self.handed > 0).then(|| at_full_size(5, self.handed, 1)).transpose()?;
        let (way, mask) = (at_full_size(0, 4, times)?, at_full_size(4, 1, 1)?);
        let (way, mask) = match known {
            Some(known) => ((way + known.way)?, if self.adds { (mask + known.mask)? } else { mask }),
            None => (way, mask),
        };
        Ok(Known { way, mask, handed })
    }
}
