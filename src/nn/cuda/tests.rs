//! Each kernel against the CPU's fast path. These need a card.

use super::*;
use crate::nn::cpu;
use crate::nn::cpu::conv_config::{Below, Conv2dConfig, Finish};
use crate::nn::cpu::norm::GroupNormSpec;
use crate::noise::{Stream, gaussian};
use candle_core::{DType, Device, Tensor};

fn noise(seed: u64, shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    gaussian(seed, Stream::Latents, 0, &mut values);
    cpu::tensor(values, shape).unwrap()
}

fn card() -> Device {
    crate::nn::device::open_device("cuda").unwrap().device
}

/// Runs `f` on the card in every format and compares with `exact`: |ours − exact| / |exact|.
fn check(exact: &Tensor, inputs: &[&Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let card = card();
    for (dtype, most) in [(DType::F32, 1e-6), (DType::F16, 2e-3), (DType::BF16, 1.5e-2)] {
        let there = |t: &&Tensor| t.to_device(&card).unwrap().to_dtype(dtype).unwrap();
        let inputs: Vec<Tensor> = inputs.iter().map(there).collect();
        let ours = f(&inputs).unwrap().to_dtype(DType::F32).unwrap().to_device(&Device::Cpu).unwrap();
        let norm = |t: Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let error = norm((&ours - exact).unwrap()) / norm(exact.clone());
        assert!(error < most, "{dtype:?} {:?}: {error:.1e}", exact.dims());
    }
}

#[test]
fn group_norm_is_the_cpus() {
    for (shape, groups) in [([3, 8, 4, 6], 2), ([2, 12, 3, 5], 4), ([16, 64, 16, 16], 32)] {
        for (together, silu) in [(false, true), (true, false)] {
            let spec = GroupNormSpec { groups, eps: 1e-5, together, silu };
            let (x, w, b) = ((noise(1, &shape) + 2.0).unwrap(), noise(2, &[shape[1]]), noise(3, &[shape[1]]));
            let exact = cpu::norm::group_norm(&x, &w, &b, spec).unwrap();
            check(&exact, &[&x, &w, &b], |t| group_norm(&t[0], &t[1], &t[2], spec));
        }
    }
}

#[test]
fn convolution_is_the_cpus() {
    for (kernel, stride, before, after) in [(3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 0, 1), (1, 1, 0, 0)] {
        for (h, w) in [(8, 16), (7, 9)] {
            let window = Conv2dConfig { stride, before, after };
            let (x, weight, bias) =
                (noise(1, &[3, 5, h, w]), noise(2, &[4, 5, kernel, kernel]), noise(3, &[4]));
            let plain = cpu::conv::conv2d(&x, (&weight, &bias), window, Finish::default()).unwrap();
            check(&plain, &[&x, &weight, &bias], |t| {
                conv2d(&t[0], (&t[1], &t[2]), window, Finish::default())
            });
            let more = noise(4, plain.dims());
            let finish = Finish { residual: Some(&more), below: Below::Vanish };
            let exact = cpu::conv::conv2d(&x, (&weight, &bias), window, finish).unwrap();
            check(&exact, &[&x, &weight, &bias, &more], |t| {
                conv2d(&t[0], (&t[1], &t[2]), window, Finish { residual: Some(&t[3]), below: Below::Vanish })
            });
        }
    }
}

#[test]
fn bias_and_gate_are_the_cpus() {
    for width in [16, 18] {
        let (x, bias, more) = (noise(1, &[5, 7, width]), noise(2, &[width]), noise(3, &[5, 7, width]));
        let exact = (x.broadcast_add(&bias).unwrap() + &more).unwrap();
        check(&exact, &[&x, &bias, &more], |t| {
            let y = t[0].copy()?;
            add_bias(&y, &t[1], Some(&t[2]), (1, false))?;
            Ok(y)
        });
        check(&cpu::pointwise::geglu(&x).unwrap(), &[&x], |t| geglu(&t[0]));
    }
}

#[test]
fn attention_is_the_cpus() {
    let scale: Vec<f32> = (0..16).map(|i| 0.15 * i as f32).collect();
    // Frames of a pixel; pixels of a frame, more than a tile of them; the prompt's tokens for all frames.
    for (b, n, m, d) in [(9, 16, 16, 40), (3, 7, 7, 8), (2, 70, 70, 80), (1, 200, 77, 160), (2, 24, 24, 64)] {
        let heads = 3;
        let (q, k, v) =
            (noise(1, &[b, n, heads * d]), noise(2, &[b, m, heads * d]), noise(3, &[b, m, heads * d]));
        let row_scale = (n <= 16).then(|| &scale[..n]);
        let ones = vec![1.0; n];
        let exact =
            cpu::attention::attention(&q, &k, &v, (heads, row_scale.unwrap_or(&ones), false)).unwrap();
        check(&exact, &[&q, &k, &v], |t| {
            if fits(&t[0], heads) {
                return attention(&t[0], &t[1], &t[2], (heads, row_scale));
            }
            // There is no kernel for single precision: nothing to compare.
            assert_eq!(t[0].dtype(), DType::F32);
            exact.to_device(t[0].device())
        });
    }
}

#[test]
fn keys_for_all_are_the_same_keys_repeated() {
    let card = card();
    let on_card = |t: Tensor| t.to_device(&card).unwrap().to_dtype(DType::F16).unwrap();
    let (q, k, v) =
        (on_card(noise(1, &[4, 20, 32])), on_card(noise(2, &[1, 9, 32])), on_card(noise(3, &[1, 9, 32])));
    let one = attention(&q, &k, &v, (2, None)).unwrap();
    let four =
        attention(&q, &k.repeat((4, 1, 1)).unwrap(), &v.repeat((4, 1, 1)).unwrap(), (2, None)).unwrap();
    let values = |t: Tensor| t.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(values(one), values(four));
}
