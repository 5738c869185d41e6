//! The networks against torch's results in `tests/fixtures/interpolate` and `rife`, and pictures whose between is known.

use super::{Interpolator, InterpolatorFile};
use crate::error::ErrorKind;
use crate::nn::cpu::{apart, noise};
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn between(net: &Interpolator, a: &Tensor, b: &Tensor, time: f32) -> Tensor {
    net.between(&net.look(a).unwrap(), &net.look(b).unwrap(), time).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// All of a file, and its two pictures.
fn load(name: &str) -> (HashMap<String, Tensor>, [Tensor; 2]) {
    let all = candle_core::safetensors::load(fixture(name), &Device::Cpu).unwrap();
    let bytes = all["pictures"].permute((0, 3, 1, 2)).unwrap().to_dtype(DType::F32).unwrap();
    let pictures = ((bytes / 127.5).unwrap() - 1.0).unwrap();
    let both = [0, 1].map(|i| pictures.narrow(0, i, 1).unwrap().contiguous().unwrap());
    (all, both)
}

#[test]
fn every_version_of_rife_puts_torchs_pictures_between() {
    let (wanted, [a, b]) = load("rife/pictures.safetensors");
    for (file, key, said) in [
        ("rife44.safetensors", "rife44", "RIFE 4.2 to 4.4"),
        ("rife45.safetensors", "rife45", "RIFE 4.5"),
        ("flownet.pkl", "rife46", "RIFE 4.6"),
        ("rife47.safetensors", "rife47", "RIFE 4.7 to 4.9"),
        ("rife417.safetensors", "rife417", "RIFE 4.10 to 4.20 or 4.24"),
        ("rife422.safetensors", "rife422", "RIFE 4.21 to 4.23"),
        ("rife426.safetensors", "rife426", "RIFE 4.25 or 4.26"),
        ("lite.safetensors", "lite", "RIFE 4.25 lite"),
    ] {
        let opened = InterpolatorFile::open(&fixture("rife").join(file)).unwrap();
        assert_eq!(opened.said(), said);
        let near = |net: &Interpolator, time: f32, key: &str| {
            let found = ((between(net, &a, &b, time) + 1.0).unwrap() / 2.0).unwrap().squeeze(0).unwrap();
            let worst = apart(&found, &wanted[key]);
            assert!(worst < 1e-5, "{key}: {worst}");
        };
        let net = opened.load().unwrap();
        [0.5, 0.3].iter().for_each(|time| near(&net, *time, &format!("{key} {time}")));
        if let Some(half) = wanted.keys().find(|name| **name == format!("{key} half")) {
            near(&net.seeing(1), 0.5, half);
        }
    }
}

#[test]
fn files_that_put_no_pictures_between_are_refused_by_what_they_are() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    for (file, cause) in [
        (shipped.join("vae/diffusion_pytorch_model.safetensors"), "autoencoder"),
        (fixture("upscale/compact.pth"), "no network that interpolates (upscaler)"),
        (fixture("pickle/system.pt"), "system"),
        (fixture("rife/none.pkl"), "can't open"),
    ] {
        let error = InterpolatorFile::open(&file).unwrap_err();
        assert!(error.kind() == ErrorKind::Model && error.to_string().contains(cause), "{error}");
    }
    let (_, [a, _]) = load("rife/pictures.safetensors");
    let (own, other) =
        (Interpolator::shipped().unwrap(), InterpolatorFile::open(&fixture("rife/flownet.pkl")));
    let (own_look, other_look) = (own.look(&a).unwrap(), other.unwrap().load().unwrap().look(&a).unwrap());
    assert_eq!(own.between(&own_look, &other_look, 0.5).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn pictures_between_are_torchs() {
    let (fixture, [a, b]) = load("interpolate/between.safetensors");
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
