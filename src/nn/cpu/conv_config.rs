//! Convolution configs: what a 2-D convolution is told besides its weights, whoever computes it.

use candle_core::{Result, Tensor, bail};

/// How a kernel moves over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dConfig {
    /// Distance between outputs, in inputs.
    pub stride: usize,
    /// Zeros above and to the left of the picture.
    pub before: usize,
    /// Zeros below and to the right.
    pub after: usize,
}

impl Conv2dConfig {
    /// Under which a 3x3 kernel keeps the size.
    pub const SAME: Self = Conv2dConfig { stride: 1, before: 1, after: 1 };

    /// Height and width of what `weight` \[o, c, k, k] makes of `x` \[n, c, h, w].
    pub fn output(self, x: &Tensor, weight: &Tensor) -> Result<(usize, usize)> {
        let ((_, c, h, w), (_, c_in, kernel, _)) = (x.dims4()?, weight.dims4()?);
        let [height, width] = self.size([h, w], (c == c_in).then_some(kernel))?;
        Ok((height, width))
    }

    /// Height and width of what a kernel of so many rows makes of pictures of height `h` and width `w`; none: it is for other channels.
    pub fn size(self, [h, w]: [usize; 2], kernel: Option<usize>) -> Result<[usize; 2]> {
        let Some(kernel) = kernel else { bail!("a kernel can't be moved over {w}x{h} of other channels") };
        let extent = |size: usize| (size + self.before + self.after).checked_sub(kernel);
        let (Some(rows), Some(columns)) = (extent(h), extent(w)) else {
            bail!("a {kernel}x{kernel} kernel can't be moved over {w}x{h}");
        };
        Ok([rows / self.stride + 1, columns / self.stride + 1])
    }
}

/// What happens to the result of a convolution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish<'a> {
    /// Is added, \[n, o, h', w'].
    pub residual: Option<&'a Tensor>,
    /// What then becomes of values below 0.
    pub below: Below<'a>,
}

impl<'a> Finish<'a> {
    /// The factors of values below 0, one for each of `o` channels; none where there are none.
    pub fn factors(self, o: usize) -> Result<Option<&'a Tensor>> {
        match self.below {
            Below::Shrink(factors) if factors.dims() != [o] => {
                bail!("the factors of a convolution's result are not [{o}]")
            }
            Below::Shrink(factors) => Ok(Some(factors)),
            Below::Stay | Below::Vanish => Ok(None),
        }
    }
}

/// What becomes of values below 0.
#[derive(Clone, Copy, Debug, Default)]
pub enum Below<'a> {
    /// They stay.
    #[default]
    Stay,
    /// They are 0 (ReLU).
    Vanish,
    /// They are multiplied by a factor of their channel, \[o] (PReLU, leaky ReLU).
    Shrink(&'a Tensor),
}
