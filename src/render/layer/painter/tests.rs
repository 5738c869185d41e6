//! Layers alone, on black, against their formulae.

use super::*;
use crate::audio::{Scope, lyrics};
use crate::render::fixture::small_settings;
use crate::render::job::{Job, Settings};
use crate::score::{Hits, Layer, LayerBlend, LayerForm, Material, ShownLayer, Singing, Timeline, Tint, sung};
use crate::units::{FrameRate, Size};
use crate::video::Fonts;
use std::path::PathBuf;
use std::sync::Arc;

const SIZE: Size = Size { width: 320, height: 180 };
const WHITE: Tint = Tint::Rgb([255; 3]);

/// A job of 24 frames a second and this one layer, in white.
fn job(layer: Layer, material: Material) -> Job {
    let fps = FrameRate::new(24, 1).unwrap();
    let timeline = crate::render::fixture::flying_timeline();
    let timeline = Timeline { fps, frames: 120, curves: Default::default(), cuts: Vec::new(), ..timeline };
    let settings = Settings { picture: SIZE, frames: 120, ..small_settings(4) };
    let fonts = Some(Fonts::new(None).unwrap());
    let layer = Layer { color: WHITE, blend: LayerBlend::Normal, ..layer };
    let list = vec![(ShownLayer { layer, when: vec![0.0..100.0] }, fonts)];
    let (track, output) = (PathBuf::new(), PathBuf::new());
    let layers = Arc::new(Layers { list, material, scope_for_controls: false });
    Job { settings, timeline, layers, track, output, description: String::new() }
}

fn painter(job: &Job) -> Painter<'_> {
    Painter::new(&job.layers, &job.timeline, 1)
}

fn drawn(job: &Job, index: u64) -> Frame {
    let mut frame = Frame::black(SIZE);
    painter(job).draw(&mut frame, ShownFrame(index));
    frame
}

/// Pixels that are lit, with their middles.
fn lit(frame: &Frame) -> Vec<(f32, f32)> {
    let pixels = frame.rgb().chunks_exact(3).enumerate().filter(|(_, p)| p.iter().any(|v| *v > 127));
    pixels.map(|(i, _)| ((i % 320) as f32 + 0.5, (i / 320) as f32 + 0.5)).collect()
}

fn song(text: &str, singing: Singing) -> Job {
    let layer = Layer { sung: Tint::Rgb([255, 0, 0]), ..Layer::usual("l", LayerKind::Lyrics(singing)) };
    let lines = sung(&lyrics::parse(text).unwrap());
    job(Layer { fade: (0.0, 0.0), ..layer }, Material { lines, ..Material::default() })
}

#[test]
fn a_line_is_seen_in_the_frames_that_show_its_time() {
    let job = song(
        "1\n00:00:01,000 --> 00:00:02,000\none two\n\n2\n00:00:03,500 --> 00:00:04,000\nthree\n",
        Singing::Line,
    );
    for index in 0..120 {
        let seen = !lit(&drawn(&job, index)).is_empty();
        assert_eq!(seen, (24..48).contains(&index) || (84..96).contains(&index), "{index}");
    }
    // In the lower part, centred.
    let pixels = lit(&drawn(&job, 30));
    let mean = pixels.iter().map(|p| p.0).sum::<f32>() / pixels.len() as f32;
    assert!((mean - 160.0).abs() < 6.0 && pixels.iter().all(|p| p.1 > 120.0), "{mean}");
}

#[test]
fn words_come_one_by_one_and_karaoke_fills_as_it_is_sung() {
    let text = "[00:01.00]<00:01.00>aaaa <00:02.00>aaaa <00:03.00>aaaa <00:04.00>\n[00:04.50]";
    let words = song(text, Singing::Words);
    let count = |index| lit(&drawn(&words, index)).len();
    let [one, two, three] = [30, 54, 78].map(count);
    assert!(count(23) == 0 && one > 50, "{one}");
    assert!(two.abs_diff(2 * one) < one / 5 && three.abs_diff(3 * one) < one / 5, "{one} {two} {three}");
    // From one frame to the next.
    assert_eq!((count(24), count(47), count(48), count(71), count(72)), (one, one, two, two, three));
    let karaoke = song(text, Singing::Karaoke);
    let red = |index| {
        let frame = drawn(&karaoke, index);
        let red = frame.rgb().chunks_exact(3).filter(|p| p[0] > 127 && p[1] < 128).count();
        red as f32 / lit(&frame).len() as f32
    };
    for (index, share) in [(24, 0.0), (42, 0.25), (60, 0.5), (95, 1.0)] {
        assert!((red(index) - share).abs() < 0.08, "{index}: {} {share}", red(index));
    }
}

#[test]
fn right_to_left_fills_from_the_right() {
    let job = song("[00:01.00]<00:01.00>שלום שלום<00:03.00>\n[00:04.00]", Singing::Karaoke);
    let frame = drawn(&job, 47);
    let columns = |of: fn(&[u8]) -> bool| {
        let found = frame.rgb().chunks_exact(3).enumerate().filter(move |(_, p)| p[0] > 127 && of(p));
        found.map(|(i, _)| i % 320).collect::<Vec<_>>()
    };
    let (red, white) = (columns(|p| p[1] < 100), columns(|p| p[1] > 150));
    assert!(red.iter().min() > white.iter().max(), "{red:?} {white:?}");
}

/// A track of a second of silence and then of a tone of 440 Hz.
fn tone() -> Material {
    let file = tempfile::NamedTempFile::with_suffix(".wav").unwrap();
    let (channels, sample_rate, bits_per_sample) = (1, 22_050, 16);
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format };
    let mut wav = hound::WavWriter::create(file.path(), spec).unwrap();
    for i in 0..44_100 {
        let sine = (440.0 * std::f64::consts::TAU * f64::from(i) / 22_050.0).sin();
        wav.write_sample(if i < 22_050 { 0 } else { (20_000.0 * sine) as i16 }).unwrap();
    }
    wav.finalize().unwrap();
    let scope = Scope::listen(file.path(), None, FrameRate::new(24, 1).unwrap(), 120).unwrap();
    Material { scope: Some(Arc::new(scope)), ..Material::default() }
}

#[test]
fn a_tone_is_a_sine_on_the_line_and_about_the_ring() {
    let wave = |form| job(Layer::usual("w", LayerKind::Waveform(form)), tone());
    // 40 ms of the tone from 5 % to 95 % of the width, as high as 15 % of the height.
    let cycles = 440.0 * 0.04;
    let pixels = lit(&drawn(&wave(LayerForm::Line), 36));
    assert!(pixels.len() > 1000);
    for (x, y) in pixels {
        let share = (x - 16.0) / 288.0;
        // A pixel's width either way, for the line is steep.
        let heights = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|d| {
            let share = (share + d / 288.0).clamp(0.0, 1.0);
            27.0 * (std::f32::consts::TAU * cycles * share).sin()
                * (std::f32::consts::PI * share).sin().sqrt()
        });
        let (least, most) = heights.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        assert!((least - 4.0..=most + 4.0).contains(&(90.0 - y)), "{x} {y} {least} {most}");
    }
    // Before the tone the ring is a circle.
    for (x, y) in lit(&drawn(&wave(LayerForm::Ring), 10)) {
        assert!(((x - 160.0).hypot(y - 90.0) - 45.0).abs() < 2.0, "{x} {y}");
    }
    let far = lit(&drawn(&wave(LayerForm::Ring), 36)).into_iter().map(|(x, y)| (x - 160.0).hypot(y - 90.0));
    let (least, most) = far.fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(v), b.max(v)));
    assert!((29.0..33.0).contains(&least) && (57.0..62.0).contains(&most), "{least} {most}");
}

#[test]
fn the_highest_bar_is_the_tones() {
    let job = job(Layer::usual("s", LayerKind::Spectrum(LayerForm::Line)), tone());
    let pixels = lit(&drawn(&job, 36));
    let top = pixels.iter().fold((0.0, 180.0), |best: (f32, f32), p| if p.1 < best.1 { *p } else { best });
    // 48 bands from 40 Hz to 16 kHz over 288 pixels from 16 on.
    let band = ((440.0f32 / 40.0).ln() / 400.0f32.ln() * 48.0).floor();
    assert!((top.0 - (16.0 + (band + 0.5) * 6.0)).abs() <= 6.0, "{top:?}");
    assert!((top.1 - (0.98 * 180.0 - 45.0)).abs() < 3.0, "{top:?}");
    assert!(lit(&drawn(&job, 10)).iter().all(|p| p.1 > 170.0));
}

#[test]
fn particles_are_born_on_hits_fly_out_and_go() {
    let hits = [vec![(1.0, 1.0), (3.0, 0.2)], Vec::new(), Vec::new(), Vec::new()];
    let job =
        job(Layer::usual("p", LayerKind::Particles(Hits::Kick)), Material { hits, ..Material::default() });
    let spread = |index: u64| {
        let far = lit(&drawn(&job, index)).into_iter().map(|(x, y)| (x - 160.0).hypot(y - 90.0));
        far.fold((0, 0.0f32), |(n, most), r| (n + 1, most.max(r)))
    };
    assert_eq!((spread(23).0, spread(60).0), (0, 0));
    let (first, third, fifth) = (spread(24), spread(26), spread(30));
    assert!(first.0 > 0 && first.1 < third.1 && third.1 < fifth.1, "{first:?} {third:?} {fifth:?}");
    // Nothing flies further than the reach and what it falls.
    assert!(fifth.1 < 0.4 * 180.0 * 1.25, "{fifth:?}");
    assert!(spread(76).0 > 0 && spread(76).0 < spread(28).0);
    // What was drawn before changes nothing.
    let mut painter = painter(&job);
    let mut last = Frame::black(SIZE);
    for index in 0..31 {
        last = Frame::black(SIZE);
        painter.draw(&mut last, ShownFrame(index));
    }
    assert!(last == drawn(&job, 30));
}

#[test]
fn rings_grow_as_their_formula_says() {
    let material = Material { beats: vec![1.0], ..Material::default() };
    let job = job(Layer::usual("r", LayerKind::Rings), material);
    assert!(lit(&drawn(&job, 23)).is_empty() && lit(&drawn(&job, 48)).is_empty());
    for index in [24u64, 26, 28, 30] {
        let rest = 1.0 - (index as f32 + 0.5 - 24.0) / 24.0;
        let (radius, width) = (0.6 * 180.0 * (1.0 - rest * rest), 1.5 * (0.5 + 2.5 * rest));
        let pixels = lit(&drawn(&job, index));
        assert!(!pixels.is_empty(), "{index}");
        for (x, y) in pixels {
            let far = (x - 160.0).hypot(y - 90.0);
            assert!((far - radius).abs() <= width / 2.0 + 0.5, "{index}: {far} {radius}");
        }
    }
}

#[test]
fn a_title_fades_and_opacity_is_a_parameter() {
    let title = Layer { text: Some("HELLO".into()), ..Layer::usual("t", LayerKind::Title) };
    let mut job = job(title.clone(), Material::default());
    let list = &mut Arc::get_mut(&mut job.layers).unwrap().list;
    list[0].0.when = vec![0.0..3.0];
    let light = |job: &Job, index| drawn(job, index).rgb().iter().map(|v| u64::from(*v)).sum::<u64>();
    let full = light(&job, 36);
    let share = |index| light(&job, index) as f64 / full as f64;
    // 0.8 s from nothing to all at both ends: half of it at 0.4 s.
    assert!((share(9) - 0.5).abs() < 0.06 && (share(62) - 0.5).abs() < 0.06, "{} {}", share(9), share(62));
    assert!(share(0) < 0.1 && share(72) == 0.0);
    let [opacity, ..] = title.params();
    job.timeline.curves.insert(opacity, vec![0.25; 120]);
    assert!((light(&job, 36) as f64 / full as f64 - 0.25).abs() < 0.03);
}
