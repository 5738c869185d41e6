//! Where the time of a render goes, as ratios measured side by side in one run: `cargo bench`.
//!
//! The two sides of a ratio are timed in turns, so that whatever else the machine does hits both alike.
#![allow(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::{Model, ModelSpec, Precision, Tier};
use beatbolt::nn::cpu;
use beatbolt::noise::{Stream, gaussian};
use beatbolt::units::Size;
use beatbolt::video::{Finish, Frame, apply};
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
}

/// One window of the shipped model.
fn spark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    let spec = ModelSpec {
        folder,
        motion: None,
        vae: None,
        skipped_layers: 0,
        tier: Tier::Develop,
        steps: None,
        force_steps: false,
    };
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

fn noise(shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    gaussian(1, Stream::Latents, 0, &mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).expect("the values fit the shape")
}

/// Prints the median times of two pieces of work and their ratio.
fn compare(name: &str, ours: impl Fn(), other: impl Fn()) {
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    ours();
    other();
    let (mut a, mut b): (Vec<f64>, Vec<f64>) = (0..TURNS).map(|_| (time(&ours), time(&other))).unzip();
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (a, b) = (a[TURNS / 2], b[TURNS / 2]);
    println!("{:5.2} = {a:8.2} / {b:8.2} ms  {name}", a / b);
}
