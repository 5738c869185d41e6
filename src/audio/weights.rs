//! The numbers of the nets: read from the file that `training/ears/export.py` writes, checked before use.
//!
//! The file is safetensors, its tensors in `f32`, `f16`, or `i8` with a scale for each row in another tensor. Nothing in it decides how much memory is taken but its own length.

use crate::error::{Context, Error, Result};
use half::f16;
use safetensors::{Dtype, SafeTensors};

use super::cue::{CUES, DRUM_CUES};

/// What comes with the program.
static SHIPPED: &[u8] = include_bytes!("../../models/ears/net.safetensors");
/// How many events the net for beats tells apart, and that for drums.
const BEAT_HEADS: usize = 5;
const DRUM_HEADS: usize = 3;
/// Most residual blocks; beyond that the reach would be hours.
const MAX_BLOCKS: usize = 12;
/// Most values per step inside the net.
const MAX_WIDTH: usize = 256;
/// Most nets that listen for beats.
const MAX_LISTENERS: usize = 8;

/// A convolution over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Convolution {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) kernel: usize,
    pub(super) dilation: usize,
    /// One per output, filled up with 0 to a multiple of four.
    pub(super) bias: Vec<f32>,
    /// In the order four outputs, input, tap, output; outputs filled up as the bias.
    weights: Vec<f32>,
}

impl Convolution {
    /// Steps before and after a step on which its output depends.
    pub(super) fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) / 2
    }

    /// The weights of the four outputs from 4 `four` on, for every input at every tap.
    pub(super) fn four(&self, four: usize) -> &[[f32; 4]] {
        let count = self.inputs * self.kernel;
        &self.weights.as_chunks().0[four * count..][..count]
    }
}

/// Nets for beats, which are asked together, and for drums.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// At least one; all reach equally far.
    pub(super) beats: Vec<Net>,
    pub(super) drums: Net,
}

impl Weights {
    /// The weights that come with the program.
    pub(super) fn shipped() -> Result<Self> {
        Weights::parse(SHIPPED)
    }

    /// Reads weights.
    ///
    /// # Errors
    /// Model: the bytes are no safetensors file, or no nets of this kind.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let file = Tensors::parse(bytes)?;
        let listener = |i: usize| format!("beats.{i}");
        let count =
            (1..MAX_LISTENERS).take_while(|i| file.has(&format!("{}.stem.weight", listener(*i)))).count();
        let beats: Vec<Net> =
            (0..=count).map(|i| file.net(&listener(i), CUES, BEAT_HEADS)).collect::<Result<_>>()?;
        if beats.iter().any(|net| net.reach() != beats[0].reach()) {
            return Err(wrong("the nets for beats reach differently far"));
        }
        Ok(Weights { beats, drums: file.net("drums", DRUM_CUES, DRUM_HEADS)? })
    }
}

/// A whole net.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Net {
    pub(super) stem: Convolution,
    /// A dilated convolution and a mixing one each.
    pub(super) blocks: Vec<(Convolution, Convolution)>,
    pub(super) head: Convolution,
}

impl Net {
    /// Steps before and after a step on which its chances depend.
    pub(super) fn reach(&self) -> usize {
        self.stem.reach() + self.blocks.iter().map(|(reach, _)| reach.reach()).sum::<usize>()
    }
}

/// The tensors of a file by name.
pub(super) struct Tensors<'a>(SafeTensors<'a>);

impl<'a> Tensors<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        SafeTensors::deserialize(bytes).map(Tensors).context(|| wrong("it is no whole safetensors file"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    /// Shape and values of a tensor.
    pub(super) fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let view = self.0.tensor(name).context(|| wrong(&format!("it has no '{name}'")))?;
        let data = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Dtype::F16 => data.as_chunks().0.iter().map(|two| f16::from_le_bytes(*two).to_f32()).collect(),
            Dtype::I8 => {
                let (_, scales) = self.tensor(&format!("{name}.scale"))?;
                let row = view.shape().iter().skip(1).product::<usize>().max(1);
                if scales.len() != data.len().div_ceil(row) {
                    return Err(wrong(&format!("'{name}' has not one scale for each row")));
                }
                let rows = data.chunks(row).zip(scales);
                rows.flat_map(|(row, scale)| row.iter().map(move |v| f32::from(v.cast_signed()) * scale))
                    .collect()
            }
            other => return Err(wrong(&format!("'{name}' is in {other:?}, not in f32, f16 or i8"))),
        };
        if values.iter().any(|v| !v.is_finite()) {
            return Err(wrong(&format!("'{name}' holds something that is not a number")));
        }
        Ok((view.shape().to_vec(), values))
    }

    /// The net `name`, which is shown so many cues and tells so many events apart.
    fn net(&self, name: &str, cues: usize, events: usize) -> Result<Net> {
        let layer = |part: &str, dilation| self.convolution(&format!("{name}.{part}"), dilation);
        let stem = layer("stem", 1)?;
        let mut blocks = Vec::new();
        while blocks.len() < MAX_BLOCKS && self.has(&format!("{name}.reach.{}.weight", blocks.len())) {
            let i = blocks.len();
            blocks.push((layer(&format!("reach.{i}"), 1 << i)?, layer(&format!("mix.{i}"), 1)?));
        }
        let head = layer("head", 1)?;
        let width = stem.outputs;
        let square = |c: &Convolution| (c.inputs, c.outputs) == (width, width);
        let fits = stem.inputs == cues
            && (1..=MAX_WIDTH).contains(&width)
            && blocks.iter().all(|(a, b)| square(a) && square(b) && b.kernel == 1)
            && (head.inputs, head.outputs, head.kernel) == (width, 2 * events, 1);
        if !fits {
            return Err(wrong(&format!("the layers of '{name}' don't fit together")));
        }
        Ok(Net { stem, blocks, head })
    }

    fn convolution(&self, name: &str, dilation: usize) -> Result<Convolution> {
        let (shape, values) = self.tensor(&format!("{name}.weight"))?;
        let (_, mut bias) = self.tensor(&format!("{name}.bias"))?;
        let &[outputs, inputs, kernel] = &shape[..] else {
            return Err(wrong(&format!("'{name}' is no convolution")));
        };
        if bias.len() != outputs || kernel % 2 == 0 || values.is_empty() {
            return Err(wrong(&format!("'{name}' is no convolution of odd length with a bias")));
        }
        bias.resize(outputs.next_multiple_of(4), 0.0);
        let mut weights = vec![0.0; bias.len() * inputs * kernel];
        for (i, value) in values.iter().enumerate() {
            let (output, input, tap) = (i / (inputs * kernel), i / kernel % inputs, i % kernel);
            weights[((output / 4 * inputs + input) * kernel + tap) * 4 + output % 4] = *value;
        }
        Ok(Convolution { outputs, inputs, kernel, dilation, bias, weights })
    }
}

fn wrong(why: &str) -> Error {
    Error::model("the weights of the ears can't be used").because(why.to_owned()).hint("see training/ears")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_nets_for_beats_and_for_drums() {
        let Weights { beats, drums } = Weights::shipped().unwrap();
        assert_eq!((drums.stem.inputs, drums.head.outputs), (DRUM_CUES, 2 * DRUM_HEADS));
        assert_eq!(beats.len(), 3);
        for net in beats {
            assert_eq!((net.stem.inputs, net.head.outputs), (CUES, 2 * BEAT_HEADS));
            assert!(net.reach() > 250, "beats are heard over less than five seconds to either side");
        }
    }

    #[test]
    fn damaged_weights_are_refused() {
        let head = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
        let mut holes = SHIPPED.to_vec();
        let last = holes.len() - 4;
        holes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        let huge = r#"{"beats.0.stem.weight":{"dtype":"F32","shape":[4294967295,4294967295,9],"data_offsets":[0,4]}}"#;
        let back = r#"{"beats.0.stem.weight":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#;
        let unscaled = r#"{"beats.0.stem.weight":{"dtype":"I8","shape":[1,1,1],"data_offsets":[0,1]}}"#;
        let cases: [&[u8]; 9] = [
            b"",
            b"junk",
            &[0xff; 40],
            &SHIPPED[..SHIPPED.len() - 1000],
            &holes,
            &head("{}"),
            &head(huge),
            &head(back),
            &[&head(unscaled)[..], &[7]].concat(),
        ];
        for bytes in cases {
            let error = Weights::parse(bytes).unwrap_err();
            assert!(!error.hints().is_empty(), "{error}");
        }
    }
}
