//! The network against torch's results in `tests/fixtures/interpolate`, and pictures whose between is known.

use super::Interpolator;
use crate::error::ErrorKind;
use crate::nn::cpu::{apart, noise};
use candle_core::{DType, Device, Tensor};
use std::path::Path;

fn between(net: &Interpolator, a: &Tensor, b: &Tensor, time: f32) -> Tensor {
    net.between(&net.look(a).unwrap(), &net.look(b).unwrap(), time).unwrap()
}

#[test]
fn pictures_between_are_torchs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/interpolate/between.safetensors");
    let fixture = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let bytes = fixture["pictures"].permute((0, 3, 1, 2)).unwrap().to_dtype(DType::F32).unwrap();
    let pictures = ((bytes / 127.5).unwrap() - 1.0).unwrap();
    let [a, b] = [0, 1].map(|i| pictures.narrow(0, i, 1).unwrap().contiguous().unwrap());
    let net = Interpolator::shipped().unwrap();
    for time in [0.5f32, 0.3] {
        let found = between(&net, &a, &b, time).squeeze(0).unwrap();
        let worst = apart(&found, &fixture[&time.to_string()]);
        assert!(worst < 1e-5, "{time}: {worst}");
    }
}

/// A pattern \[1, 3, h, w] of waves of all directions and many lengths, which comes again nowhere, moved by so many pixels to the right and
/// downwards.
fn moved(size: (usize, usize), by: (f64, f64), scale: f64) -> Tensor {
    let (h, w) = size;
    let value = |i: usize| {
        let (color, y, x) = (i / (h * w), (i / w % h) as f64 - by.1, (i % w) as f64 - by.0);
        let wave = |n: u32| {
            let (turn, length) = (2.4 * f64::from(n), 14.0 * 1.13f64.powi(n as i32) * scale);
            let along = x * turn.cos() + y * turn.sin();
            (std::f64::consts::TAU * along / length + 1.7 * f64::from(n * n) + 0.4 * color as f64).sin()
        };
        ((0..10).map(wave).sum::<f64>() / 5.0) as f32
    };
    let values: Vec<f32> = (0..3 * h * w).map(value).collect();
    Tensor::from_vec(values, (1, 3, h, w), &Device::Cpu).unwrap()
}

/// How far apart, root of the mean square, leaving out a border.
fn off(a: &Tensor, b: &Tensor, border: usize) -> f32 {
    let (_, _, h, w) = a.dims4().unwrap();
    let inside = |x: &Tensor| {
        x.narrow(2, border, h - 2 * border)
            .unwrap()
            .narrow(3, border, w - 2 * border)
            .unwrap()
            .contiguous()
            .unwrap()
    };
    let squares = (inside(a) - inside(b)).unwrap().sqr().unwrap();
    squares.mean_all().unwrap().to_scalar::<f32>().unwrap().sqrt()
}

#[test]
fn what_moves_evenly_is_where_it_is_at_that_time() {
    let net = Interpolator::shipped().unwrap();
    let size = (90, 124);
    let at = |time: f64| moved(size, (6.0 * time, -4.0 * time), 1.0);
    let (a, b) = (at(0.0), at(1.0));
    for time in [0.5, 0.25, 0.8] {
        let truth = at(time);
        let found = off(&between(&net, &a, &b, time as f32), &truth, 16);
        let blended = ((&a * (1.0 - time)).unwrap() + (&b * time).unwrap()).unwrap();
        let blended = off(&blended, &truth, 16);
        assert!(found < 0.2 * blended, "{time}: {found} of {blended}");
    }
}

#[test]
fn large_pictures_are_seen_at_a_fraction_of_their_size() {
    let net = Interpolator::shipped().unwrap().seeing(90 * 124);
    let size = (181, 250);
    let at = |time: f64| moved(size, (12.0 * time, -8.0 * time), 2.0);
    let (a, b, truth) = (at(0.0), at(1.0), at(0.5));
    let found = between(&net, &a, &b, 0.5);
    assert_eq!(found.dims(), a.dims());
    let blended = ((&a + &b).unwrap() * 0.5).unwrap();
    let (found, blended) = (off(&found, &truth, 32), off(&blended, &truth, 32));
    assert!(found < 0.25 * blended, "{found} of {blended}");
}

#[test]
fn pictures_of_two_sizes_are_refused_and_small_ones_are_taken() {
    let net = Interpolator::shipped().unwrap();
    let [a, b] = [[1, 3, 16, 16], [1, 3, 16, 24]].map(|shape| net.look(&noise(1, &shape)).unwrap());
    assert_eq!(net.between(&a, &b, 0.5).unwrap_err().kind(), ErrorKind::Internal);
    let tiny = noise(2, &[1, 3, 2, 3]);
    assert_eq!(between(&net, &tiny, &tiny, 0.5).dims(), tiny.dims());
}
