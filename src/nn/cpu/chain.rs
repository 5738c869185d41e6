//! Chains: 3x3 convolutions one behind the other, over a large picture, without a tensor for each.
//!
//! Two pictures in memory are enough, from which and into which the layers compute in turns. As tensors every layer's result would be new
//! memory, too large to be kept for the next one: cleared by the system, by us, and filled, once a layer.

use super::conv_config::{Below, Finish};
use super::winograd::{Prepared, Workspace};
use super::{read, tensor};
use candle_core::{Result, Tensor, bail};

/// Convolutions with a border of zeros, in their order.
#[derive(Debug)]
pub struct Chain(Vec<Prepared>);

impl Chain {
    /// Of layers' weights \[o, c, 3, 3], biases \[o], and factors \[o] of values below 0, where there are any.
    pub fn new<'a>(
        layers: impl IntoIterator<Item = (&'a Tensor, &'a Tensor, Option<&'a Tensor>)>,
    ) -> Result<Self> {
        let prepared = |(weight, bias, factors): (&Tensor, &Tensor, Option<&Tensor>)| {
            let below = factors.map_or(Below::Stay, Below::Shrink);
            Prepared::new(weight, bias, Finish { residual: None, below })
        };
        let layers: Vec<Prepared> = layers.into_iter().map(prepared).collect::<Result<_>>()?;
        if layers.is_empty() {
            bail!("a chain of no layers");
        }
        for pair in layers.windows(2) {
            if pair[0].outputs() != pair[1].inputs() {
                bail!("{} channels behind {} in a chain", pair[1].inputs(), pair[0].outputs());
            }
        }
        Ok(Chain(layers))
    }

    /// What it makes of `x` \[n, c, h, w]: \[n, o, h, w]. It is made on the calling thread.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (n, c, h, w) = x.dims4()?;
        let (first, last) = (&self.0[0], &self.0[self.0.len() - 1]);
        if c != first.inputs() {
            bail!("{c} channels into a chain for {}", first.inputs());
        }
        let widest = self.0.iter().map(Prepared::outputs).max().unwrap_or(0);
        let mut room = Workspace::default();
        let (mut from, mut to) = (vec![0.0; widest * h * w], vec![0.0; widest * h * w]);
        let mut out = Vec::with_capacity(n * last.outputs() * h * w);
        read([x], |[x]| {
            for x in x.chunks_exact(c * h * w) {
                for (number, layer) in self.0.iter().enumerate() {
                    let input = if number == 0 { x } else { &from[..layer.inputs() * h * w] };
                    layer.convolve(input, (h, w), &mut to[..layer.outputs() * h * w], &mut room);
                    std::mem::swap(&mut from, &mut to);
                }
                out.extend_from_slice(&from[..last.outputs() * h * w]);
            }
            Ok(())
        })?;
        tensor(out, (n, last.outputs(), h, w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::conv::conv2d;
    use crate::nn::cpu::conv_config::Conv2dConfig;
    use crate::nn::cpu::{apart, noise};

    #[test]
    fn it_is_its_layers_one_by_one() {
        let layers: Vec<[Tensor; 3]> = [(3, 20), (20, 20), (20, 20), (20, 12)]
            .into_iter()
            .zip(0..)
            .map(|((c, o), i)| {
                let weight = (noise(i, &[o, c, 3, 3]) / (9.0 * c as f64).sqrt()).unwrap();
                [weight, noise(10 + i, &[o]), noise(20 + i, &[o])]
            })
            .collect();
        let last = layers.len() - 1;
        let parts = || layers.iter().enumerate().map(|(i, [w, b, f])| (w, b, (i < last).then_some(f)));
        let chain = Chain::new(parts()).unwrap();
        for [n, h, w] in [[2, 7, 9], [1, 40, 333], [1, 1, 1]] {
            let x = noise(5, &[n, 3, h, w]);
            let wanted = parts().fold(x.clone(), |x, (weight, bias, factors)| {
                let below = factors.map_or(Below::Stay, Below::Shrink);
                conv2d(&x, (weight, bias), Conv2dConfig::SAME, Finish { residual: None, below }).unwrap()
            });
            let worst = apart(&chain.forward(&x).unwrap(), &wanted);
            assert!(worst < 1e-4, "{n} {h} {w}: {worst}");
        }
        assert!(chain.forward(&noise(1, &[1, 4, 5, 5])).is_err());
        assert!(Chain::new(parts().skip(3).chain(parts())).is_err() && Chain::new([]).is_err());
    }
}
