//! Where the time of a render goes, as ratios measured side by side in one run: `cargo bench`.
//!
//! The two sides of a ratio are timed in turns, so that whatever else the machine does hits both alike.
#![allow(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::{Model, ModelSpec, Precision, Tier};
use beatbolt::nn::cpu;
use beatbolt::noise::{Stream, gaussian};
use beatbolt::units::Size;
use beatbolt::video::{Cut, Finish, Finisher, Frame, Lut, Ripple, Tone, Trails, apply, read_lut};
use candle_core::{Device, Tensor};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const TURNS: usize = 9;

fn main() {
    for shape in [
        [16, 48, 18, 32],
        [16, 144, 5, 8],
        [16, 96, 9, 16],
        [1, 32, 72, 128],
        [4, 32, 144, 256],
        [2, 320, 64, 64],
    ] {
        let [frames, channels, height, width] = shape;
        let x = noise(&shape);
        let (weight, bias) = (noise(&[channels, channels, 3, 3]), noise(&[channels]));
        let window = cpu::conv_config::Conv2dConfig { stride: 1, before: 1, after: 1 };
        compare(
            &format!("conv 3x3, {channels} channels, {frames} x {width}x{height}: ours / candle's"),
            || {
                drop(black_box(cpu::conv::conv2d(
                    &x,
                    (&weight, &bias),
                    window,
                    cpu::conv_config::Finish::default(),
                )))
            },
            || drop(black_box(x.conv2d(&weight, 1, 1, 1, 1))),
        );
    }
    for shape in [[16, 96, 9, 16], [1, 32, 36, 64], [1, 32, 72, 128]] {
        let [frames, channels, height, width] = shape;
        let x = noise(&shape);
        let (weight, bias) = (noise(&[channels, channels, 3, 3]), noise(&[channels]));
        let window = cpu::conv_config::Conv2dConfig { stride: 1, before: 1, after: 1 };
        let apart = || {
            let large = cpu::layout::upsample(&x, (2 * height, 2 * width))?;
            cpu::conv::conv2d(&large, (&weight, &bias), window, cpu::conv_config::Finish::default())
        };
        compare(
            &format!(
                "doubled, then 3x3, {channels} channels, {frames} x {width}x{height}: in one / one by one"
            ),
            || drop(black_box(cpu::double::double_conv2d(&x, &weight, &bias))),
            || drop(black_box(apart())),
        );
    }
    spark();
    finish();
    effects();
}

/// One window of the shipped model.
fn spark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    let spec = ModelSpec { folder, motion: None, tier: Tier::Develop, steps: None, force_steps: false };
    let f32 = Precision::F32.on(&Device::Cpu).expect("a CPU computes in f32");
    let model = Model::open(&spec, &f32).expect("spark is shipped");
    let latents = noise(&[16, model.info().latent_channels(), 18, 32]);
    let (text, _) = model.encode_prompt("neon tunnel").expect("a prompt");
    let with = Conditioning::new(text, vec![Movement::PLAIN; 16]);
    compare(
        "spark, a window of 16: decoding / one denoising step",
        || drop(black_box(model.decode(&latents))),
        || drop(black_box(model.predict(&latents, 499.0, &with))),
    );
}

/// One frame of the video.
fn finish() {
    let (small, large) = (Size { width: 256, height: 144 }, Size { width: 1280, height: 720 });
    let frame = Frame::black(small);
    let colourful = Finish { hue: 30.0, exposure: 0.5, ..Finish::NONE };
    compare(
        "finish to 1280x720: with colour / scaling alone",
        || drop(black_box(apply(&frame, large, &colourful))),
        || drop(black_box(apply(&frame, large, &Finish::NONE))),
    );
}

/// Every effect at the output's size, and all of them at once: each has 6 ms.
fn effects() {
    let size = Size { width: 1280, height: 720 };
    let bytes = (0..3 * size.pixels()).map(|i| (i / 9 % 256 + i / 3840 % 64) as u8).collect();
    let frame = Frame::new(size, bytes);
    let (none, kept) = (Finish::NONE, Finish { kept: true, ..Finish::NONE });
    let trails = Finish { trails: Trails { keep: 0.9, zoom: 1.01, turn: 0.5 }, ..kept };
    let cases = [
        ("bloom", Finish { bloom: 1.0, ..none }),
        ("trails", trails),
        ("kaleidoscope", Finish { kaleidoscope: 6, ..none }),
        ("ripple", Finish { ripple: Ripple::at(1.0, |_| 1.0), ..none }),
        ("displace", Finish { displace: 1.0, time: 1.0, ..none }),
        ("edges", Finish { edges: 1.0, ..none }),
        ("sharpen", Finish { sharpen: 1.0, ..none }),
        ("aberration", Finish { aberration: 1.0, ..none }),
        ("tone", Finish { tone: Tone { lift: 0.1, gamma: 1.1, gain: 1.1, temperature: 0.3 }, ..none }),
        ("posterise", Finish { posterise: 0.5, ..none }),
        ("vignette", Finish { vignette: 0.5, ..none }),
        ("scanlines", Finish { scanlines: 0.5, ..none }),
        ("letterbox", Finish { letterbox: 0.2, ..none }),
        ("dissolve", Finish { cut: Cut { dissolve: 0.5, wipe: 0.0 }, ..kept }),
        ("wipe", Finish { cut: Cut { dissolve: 0.0, wipe: 0.5 }, ..kept }),
        ("lut", none),
        ("all of them", all(trails)),
    ];
    for (name, finish) in cases {
        let lut = matches!(name, "lut" | "all of them").then(|| identity(33));
        let (mut with, mut without) = (Finisher::new(size, lut), Finisher::new(size, None));
        // What trails and transitions come from.
        with.next(&frame, &kept);
        with.next(&frame, &Finish { begins: finish.cut != Cut::HARD, ..finish });
        compare_mut(
            &format!("{name}, 1280x720 / a copy"),
            || drop(black_box(with.next(&frame, &finish))),
            || drop(black_box(without.next(&frame, &none))),
        );
    }
}

/// Every effect at once.
fn all(trails: Finish) -> Finish {
    Finish {
        kaleidoscope: 6,
        ripple: Ripple::at(1.0, |_| 1.0),
        displace: 1.0,
        edges: 1.0,
        sharpen: 1.0,
        bloom: 1.0,
        aberration: 1.0,
        tone: Tone { lift: 0.1, gamma: 1.1, gain: 1.1, temperature: 0.3 },
        posterise: 0.5,
        vignette: 0.5,
        scanlines: 0.5,
        letterbox: 0.2,
        ..trails
    }
}

/// A cube of `side` entries on a side that changes nothing.
fn identity(side: usize) -> Lut {
    let unit = |i: usize| i as f32 / (side - 1) as f32;
    let lines = (0..side.pow(3))
        .map(|i| format!("{} {} {}\n", unit(i % side), unit(i / side % side), unit(i / side / side)));
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let text = format!("LUT_3D_SIZE {side}\n{}", lines.collect::<String>());
    std::fs::write(file.path(), text).expect("a temporary file can be written");
    read_lut(file.path()).expect("a table")
}

fn noise(shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    gaussian(1, Stream::Latents, 0, &mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).expect("the values fit the shape")
}

/// Prints the median times of two pieces of work and their ratio.
fn compare(name: &str, ours: impl Fn(), other: impl Fn()) {
    compare_mut(name, ours, other);
}

/// The same of work that goes on from turn to turn.
fn compare_mut(name: &str, mut ours: impl FnMut(), mut other: impl FnMut()) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    ours();
    other();
    let (mut a, mut b): (Vec<f64>, Vec<f64>) =
        (0..TURNS).map(|_| (time(&mut ours), time(&mut other))).unzip();
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (a, b) = (a[TURNS / 2], b[TURNS / 2]);
    println!("{:5.2} = {a:8.2} / {b:8.2} ms  {name}", a / b);
}
