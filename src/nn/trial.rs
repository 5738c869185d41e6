//! A trial of how fast a device computes: the layers that networks spend their time in, once, on made-up weights.

use super::cpu::conv_config::Conv2dConfig;
use super::layers::{Conv2d, Linear};
use crate::timing::Stopwatch;
use crate::weights::Placement;
use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Multiply-adds a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// In convolutions of 3x3.
    pub conv: f64,
    /// In linear layers.
    pub linear: f64,
}

/// The rates of convolutions over pictures of `size` (height, width) and of linear layers over as many tokens, all with `channels`;
/// of `images` at a time.
pub fn rates(
    placement: &Placement,
    channels: usize,
    (images, size): (usize, (usize, usize)),
) -> Result<Rates> {
    let make = |shape: &[usize]| {
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        tensor.to_device(&placement.device)?.to_dtype(placement.tensors())
    };
    let (h, w) = size;
    let (bias, area) = (make(&[channels])?, (images * h * w) as f64);
    let conv = Conv2d::from_tensors(make(&[channels, channels, 3, 3])?, bias.clone(), Conv2dConfig::SAME);
    let linear = Linear::from_tensors(make(&[channels, channels])?, bias);
    let (conv, linear) =
        if placement.rounds() { (conv.rounded()?, linear.rounded()?) } else { (conv, linear) };
    let pictures = make(&[images, channels, h, w])?;
    let tokens = make(&[images, h * w, channels])?;
    let products = (channels * channels) as f64 * area;
    let on_cpu = placement.device.is_cpu();
    Ok(Rates {
        conv: 9.0 * products / seconds(on_cpu, || conv.forward(&pictures))?,
        linear: products / seconds(on_cpu, || linear.forward(&tokens))?,
    })
}

/// The least time of three runs, after one to warm up; on a CPU without what other programs took meanwhile.
fn seconds(on_cpu: bool, run: impl Fn() -> Result<Tensor>) -> Result<f64> {
    // Reading one number back waits for devices that compute in the background.
    let wait = |out: Tensor| out.flatten_all()?.narrow(0, 0, 1)?.to_device(&Device::Cpu).map(drop);
    wait(run()?)?;
    let mut least = f64::INFINITY;
    for _ in 0..3 {
        let (began, watch) = (Instant::now(), Stopwatch::start());
        wait(run()?)?;
        let taken = if on_cpu { watch.seconds() } else { began.elapsed().as_secs_f64() };
        least = least.min(taken);
    }
    Ok(least.max(1e-9))
}
