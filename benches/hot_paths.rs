//! Where the time of a render goes, as ratios measured side by side in one run: `cargo bench`.
//!
//! The two sides of a ratio are timed in turns, so that whatever else the machine does hits both alike.
#![allow(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]

use beatbolt::diffusion::conditioning::{Conditioning, Movement};
use beatbolt::diffusion::{Model, ModelSpec, Precision};
use beatbolt::draw::{Drawing, scenes};
use beatbolt::interpolate::Interpolator;
use beatbolt::nn::cpu;
use beatbolt::noise::{Stream, gaussian};
use beatbolt::render::{Layers, Painter};
use beatbolt::score::{Layer, LayerKind, Material, Overrides, Show, ShownLayer, Span, find, sung};
use beatbolt::units::{FrameRate, Seconds, ShownFrame, Size};
use beatbolt::video::{
    ColourMatch, Cut, Finish, Finisher, FlashGuard, Fonts, Frame, Grain, Lut, Ripple, Tone, Trails, apply,
};
use candle_core::{Device, Tensor};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
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
    chained();
    between();
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
    draw();
    layers();
    guard();
}

/// The layers of an upscaler for video on a picture of 512x288 with its edges, in a chain and as tensors.
fn chained() {
    let x = noise(&[1, 64, 308, 532]);
    let (weight, bias, factors) = (noise(&[64, 64, 3, 3]), noise(&[64]), noise(&[64]));
    let chain =
        cpu::chain::Chain::new([(&weight, &bias, Some(&factors)); 4]).expect("equal layers make a chain");
    let finish =
        cpu::conv_config::Finish { residual: None, below: cpu::conv_config::Below::Shrink(&factors) };
    let window = cpu::conv_config::Conv2dConfig::SAME;
    compare(
        "four convolutions 3x3 of 64 channels, 532x308: a chain / one by one",
        || drop(black_box(chain.forward(&x))),
        || {
            let layer = |x: Tensor| cpu::conv::conv2d(&x, (&weight, &bias), window, finish);
            drop(black_box(layer(x.clone()).and_then(layer).and_then(layer).and_then(layer)));
        },
    );
}

/// The network between two pictures of 512x288.
fn between() {
    let net = Interpolator::shipped().expect("it comes with the program");
    let pictures = [1.0, 0.9].map(|scale| (noise(&[1, 3, 288, 512]) * (0.3 * scale)).expect("a picture"));
    let [first, second] = pictures.each_ref().map(|picture| net.look(picture).expect("it fits"));
    compare(
        "interpolation at 512x288: a picture between two / looking at one",
        || drop(black_box(net.between(&first, &second, 0.5))),
        || drop(black_box(net.look(&pictures[0]))),
    );
}

/// A frame of every drawn scene on all cores, beside how long it is shown at 24 frames a second.
fn draw() {
    let (size, shown) = (Size { width: 640, height: 360 }, 1e3 / 24.0);
    for (name, _) in scenes() {
        let source = format!("draw:{name}").parse().expect("a scene that there is");
        let mut drawing = Drawing::new(source, size, 1).expect("a usual size");
        let mut times: Vec<f64> = (0..2 * TURNS)
            .map(|i| {
                let start = Instant::now();
                black_box(drawing.frame(i as f64));
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let time = times[TURNS];
        println!(
            "{:5.2} = {time:8.2} / {shown:8.2} ms  draw {name} at {size}: a frame / as it is shown",
            time / shown
        );
    }
}

/// One window of the shipped model.
fn spark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    let spec = ModelSpec { folder, ..ModelSpec::default() };
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

/// What is drawn over one frame of the video, against the finish that is always there.
fn layers() {
    use beatbolt::score::{Hits, LayerForm, Singing};
    let size = Size { width: 1280, height: 720 };
    let track = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light.m4a");
    let (fps, frames) = (FrameRate::new(24, 1).expect("a rate"), 240);
    let analysis = beatbolt::audio::analyze(&track, &beatbolt::progress::Silent).expect("the example");
    let scope = beatbolt::audio::Scope::listen(&track, None, fps, frames).expect("the example");
    let line = "[00:00.00]words that are sung in one line and another\n[00:20.00]";
    let lines = sung(&beatbolt::audio::lyrics::parse(line).expect("lyrics"));
    let material = Material { lines, scope: Some(Arc::new(scope)), ..Material::of(&analysis) };
    let show = Show::of(find("pulse").expect("shipped"));
    let span = Span { start: Seconds(0.0), frames };
    let timeline = show.play(&analysis, &Overrides::default(), fps, span).expect("a shipped preset");
    let small = Frame::black(Size { width: 512, height: 288 });
    let picture = Frame::black(size);
    for (name, kind) in [
        ("lyrics", LayerKind::Lyrics(Singing::Karaoke)),
        ("title", LayerKind::Title),
        ("waveform line", LayerKind::Waveform(LayerForm::Line)),
        ("waveform ring", LayerKind::Waveform(LayerForm::Ring)),
        ("spectrum bars", LayerKind::Spectrum(LayerForm::Line)),
        ("spectrum ring", LayerKind::Spectrum(LayerForm::Ring)),
        ("particles", LayerKind::Particles(Hits::Hat)),
        ("rings", LayerKind::Rings),
    ] {
        let layer = ShownLayer { layer: Layer::usual(name, kind), when: vec![0.0..60.0] };
        let list = vec![(layer, Some(Fonts::new(None).expect("the program's font")))];
        let layers = Layers { list, material: material.clone(), ..Layers::default() };
        let painter = std::cell::RefCell::new(Painter::new(&layers, &timeline, 1));
        compare(
            &format!("{name} over 1280x720 / scaling to it"),
            || {
                let mut frame = picture.clone();
                painter.borrow_mut().draw(&mut frame, ShownFrame(120));
                drop(black_box(frame));
            },
            || drop(black_box(apply(&small, size, &Finish::NONE))),
        );
    }
}

/// One frame past the flash guard, and one that it damps.
fn guard() {
    let size = Size { width: 1280, height: 720 };
    let [dark, light] = [40, 240].map(|v| Frame::new(size, vec![v; 3 * size.pixels()]));
    let fps = FrameRate::new(24, 1).expect("a rate");
    let mut flashed = FlashGuard::new(fps);
    for i in 0..9 {
        flashed.pass(if i % 2 == 0 { dark.clone() } else { light.clone() });
    }
    let calm = std::cell::RefCell::new(FlashGuard::new(fps));
    compare(
        "the flash guard at 1280x720: a frame that is damped / one that passes",
        || drop(black_box(flashed.clone().pass(light.clone()))),
        || drop(black_box(calm.borrow_mut().pass(dark.clone()))),
    );
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

/// Every effect at the output's size, and all of them at once: each has 6 ms.
fn effects() {
    let size = Size { width: 1280, height: 720 };
    let bytes = (0..3 * size.pixels()).map(|i| (i / 9 % 256 + i / 3840 % 64) as u8).collect();
    let frame = Frame::new(size, bytes);
    let (none, kept) = (Finish::NONE, Finish { kept: true, ..Finish::NONE });
    let trails = Finish { trails: Trails { keep: 0.9, zoom: 1.01, turn: 0.5 }, ..kept };
    let cases = [
        (
            "colours held",
            Finish { colour_match: ColourMatch { strength: 1.0, over: 1.0, ..ColourMatch::NONE }, ..none },
        ),
        ("camera", Finish { zoom: 1.1, roll: 0.05, shift_x: 0.02, ..none }),
        ("exposure, flash, colour", Finish { exposure: 0.3, flash: 0.2, saturation: 1.2, hue: 20.0, ..none }),
        ("glow", Finish { glow: 1.0, ..none }),
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
        ("grain", Finish { grain: Grain { amount: 0.5, seed: 1, frame: ShownFrame(7) }, ..none }),
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
        colour_match: ColourMatch { strength: 1.0, over: 1.0, ..ColourMatch::NONE },
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
    beatbolt::video::read_lut(file.path()).expect("a table")
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
