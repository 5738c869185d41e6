//! Draws the pictures of docs/looks.md: a scene of our own under every effect. `make looks`.

use beatbolt::units::{ShownFrame, Size};
use beatbolt::video::{ColourMatch, Cut, Finish, Finisher, Frame, Grain, Ripple, Tone, Trails, read_lut};
use jpeg_encoder::{ColorType, Encoder};
use std::error::Error;
use std::f32::consts::TAU;
use std::path::{Path, PathBuf};

const SIZE: Size = Size { width: 416, height: 234 };
/// Frames a second, and how many are shown before the one that is kept: trails grow.
const RATE: f32 = 24.0;
const FRAMES: u64 = 36;
const QUALITY: u8 = 72;

type Looks = Vec<(&'static str, Finish)>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("docs/looks".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, finish) in looks() {
        let mut finisher = Finisher::new(SIZE, None);
        let frames: Vec<Frame> =
            (0..FRAMES).map(|i| finisher.next(&scene(seconds(i)), &at(finish, i))).collect();
        keep(&folder, name, &frames[frames.len() - 1])?;
    }
    for (name, cut) in
        [("cut_dissolve", Cut { dissolve: 0.5, wipe: 0.0 }), ("cut_wipe", Cut { dissolve: 0.0, wipe: 0.5 })]
    {
        let mut finisher = Finisher::new(SIZE, None);
        finisher.next(&waves(), &Finish { kept: true, ..Finish::NONE });
        keep(&folder, name, &finisher.next(&scene(1.5), &Finish { begins: true, cut, ..Finish::NONE }))?;
    }
    keep(&folder, "colour_match", &held())?;
    let table = tempfile::NamedTempFile::new()?;
    std::fs::write(table.path(), teal_and_orange())?;
    let mut graded = Finisher::new(SIZE, Some(read_lut(table.path())?));
    keep(&folder, "lut", &graded.next(&scene(1.5), &Finish::NONE))
}

/// The end of a take that got greener: on the left as it is, on the right with its colours held.
fn held() -> Frame {
    let colour_match = ColourMatch { strength: 1.0, over: 4.0, ..ColourMatch::NONE };
    let mut finisher = Finisher::new(SIZE, None);
    let drifted = |i: u64| {
        let share = i as f32 / FRAMES as f32;
        let tone = Tone { temperature: -0.3 * share, lift: 0.1 * share, ..Tone::NONE };
        let green = Finish { tone, saturation: 1.0 + 0.3 * share, hue: 50.0 * share, ..Finish::NONE };
        Finisher::new(SIZE, None).next(&scene(seconds(i)), &green)
    };
    let shown =
        (0..FRAMES).map(|i| finisher.next(&drifted(i), &Finish { colour_match, ..Finish::NONE })).last();
    let (left, right) = (drifted(FRAMES - 1), shown.unwrap_or_else(|| drifted(0)));
    let row = 3 * SIZE.width as usize;
    let halves = left.rgb().chunks_exact(row).zip(right.rgb().chunks_exact(row));
    Frame::new(SIZE, halves.flat_map(|(a, b)| [&a[..row / 2], &b[row / 2..]].concat()).collect())
}

fn seconds(frame: u64) -> f32 {
    frame as f32 / RATE
}

/// What belongs to frame `i` alone.
fn at(finish: Finish, i: u64) -> Finish {
    let grain = Grain { frame: ShownFrame(i), ..finish.grain };
    Finish { time: seconds(i), kept: true, grain, ..finish }
}

/// The effects, each as it may be shown at its strongest.
fn looks() -> Looks {
    let none = Finish::NONE;
    let tone =
        |lift, gamma, gain, temperature| Finish { tone: Tone { lift, gamma, gain, temperature }, ..none };
    let trails = |zoom: f32, turn| Finish {
        trails: Trails {
            keep: 0.1f32.powf(1.0 / (0.9 * RATE)),
            zoom: zoom.powf(1.0 / RATE),
            turn: turn / RATE,
        },
        ..none
    };
    // Two hits: 0.3 and 0.75 seconds ago.
    let hits = |ago: f32| {
        [0.3, 0.75].iter().map(|hit| (1.0 - (ago - hit).abs() / 0.2).max(0.0)).sum::<f32>().min(1.0)
    };
    vec![
        ("plain", none),
        ("glow", Finish { glow: 1.0, ..none }),
        ("bloom", Finish { bloom: 1.2, ..none }),
        ("trails", trails(1.0, 0.0)),
        ("trails_zoom", trails(2.2, 0.0)),
        ("trails_turn", trails(1.3, 60.0)),
        ("kaleidoscope_1", Finish { kaleidoscope: 1, ..none }),
        ("kaleidoscope_2", Finish { kaleidoscope: 2, ..none }),
        ("kaleidoscope", Finish { kaleidoscope: 6, kaleidoscope_turn: 20.0, ..none }),
        ("centre", Finish { kaleidoscope: 3, centre: [-0.2, 0.1], ..none }),
        ("ripple", Finish { ripple: Ripple::at(1.4, hits), ..none }),
        ("displace", Finish { displace: 0.8, ..none }),
        ("edges", Finish { edges: 1.2, ..none }),
        ("sharpen", Finish { sharpen: 1.0, ..none }),
        ("aberration", Finish { aberration: 0.8, ..none }),
        ("lift", tone(0.15, 1.0, 1.0, 0.0)),
        ("gamma", tone(0.0, 1.6, 1.0, 0.0)),
        ("gain", tone(0.0, 1.0, 1.5, 0.0)),
        ("temperature", tone(0.0, 1.0, 1.0, 0.9)),
        ("posterise", Finish { posterise: 0.8, ..none }),
        ("vignette", Finish { vignette: 0.9, ..none }),
        ("scanlines", Finish { scanlines: 0.6, ..none }),
        ("letterbox", Finish { letterbox: 0.256, ..none }),
        ("grain", Finish { grain: Grain { amount: 0.8, seed: 1, frame: ShownFrame(0) }, ..none }),
        ("cut_flash", Finish { flash: 0.6, ..none }),
        ("cut_zoom", Finish { zoom: 1.6, ..none }),
    ]
}

/// A night over water at `t` seconds: a sun in stripes, hills, stars, and three lamps that fly in circles.
fn scene(t: f32) -> Frame {
    drawn(|x, y| {
        let mut light = mixed([0.06, 0.03, 0.2], [0.75, 0.2, 0.5], (y + 0.5).clamp(0.0, 1.0).powi(2));
        let star = (x * 37.7).sin() * (y * 53.1 + x * 11.0).sin();
        light = light.map(|v| v + if star > 0.992 && y < 0.0 { 0.7 } else { 0.0 });
        let sun = (x * x + (y + 0.05) * (y + 0.05)).sqrt();
        let stripe = y > -0.1 && ((y * 30.0).sin() > 0.55 - y);
        if sun < 0.24 && !stripe {
            light = mixed([1.0, 0.85, 0.2], [1.0, 0.15, 0.35], (y + 0.29) * 2.2);
        }
        if y > 0.14 + 0.04 * (x * 5.0).sin() + 0.02 * (x * 13.0 + 1.0).sin() {
            light = [0.05, 0.02, 0.12];
        }
        if y > 0.2 {
            let depth = 0.08 / (y - 0.17);
            let line = ((x * depth * 6.0).fract().abs() - 0.5)
                .abs()
                .min(((depth * 5.0 + t * 0.8).fract() - 0.5).abs());
            light =
                mixed([0.1, 0.9, 1.0], [0.04, 0.02, 0.12], (line / 0.06).max(1.2 - 8.0 * (y - 0.2)).min(1.0));
        }
        for (k, colour) in [[1.0, 0.9, 0.4], [0.4, 1.0, 0.6], [0.9, 0.4, 1.0]].into_iter().enumerate() {
            let angle = TAU * (t * 0.6 + k as f32 / 3.0);
            let away = (x - 0.55 * angle.cos()).hypot(y + 0.2 - 0.2 * angle.sin());
            light = mixed(colour, light, (away / 0.022 - 0.5).clamp(0.0, 1.0));
        }
        light
    })
}

/// What is seen before a cut.
fn waves() -> Frame {
    drawn(|x, y| {
        let wave = 0.5 + 0.5 * (9.0 * y + 2.0 * (3.0 * x).sin() + 1.5 * (5.0 * x * y).cos()).sin();
        mixed([0.0, 0.12, 0.2], [0.3, 1.0, 0.8], wave * wave)
    })
}

fn mixed(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|c| a[c] + share.clamp(0.0, 1.0) * (b[c] - a[c]))
}

/// A picture of the colours at (x, y), in heights from the middle; four looks a pixel.
fn drawn(colour: impl Fn(f32, f32) -> [f32; 3]) -> Frame {
    let height = SIZE.height as f32;
    let place = |i: u32, step: f32, count: u32| (i as f32 + step - count as f32 / 2.0) / height;
    let pixel = |x: u32, y: u32| {
        let looks = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let seen = looks.map(|(u, v)| colour(place(x, u, SIZE.width), place(y, v, SIZE.height)));
        let mean = |c: usize| seen.iter().map(|p| p[c].clamp(0.0, 1.0)).sum::<f32>() / 4.0;
        [0, 1, 2].map(|c| (255.0 * mean(c) + 0.5) as u8)
    };
    let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
    Frame::new(SIZE, pixels.flat_map(|(x, y)| pixel(x, y)).collect())
}

/// A table as films like it: shadows go towards teal, lights towards orange.
fn teal_and_orange() -> String {
    let mut text = "LUT_3D_SIZE 17\n".to_owned();
    for i in 0..17usize.pow(3) {
        let [r, g, b] = [i % 17, i / 17 % 17, i / 289].map(|v| v as f32 / 16.0);
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let tint = mixed([0.0, 0.22, 0.3], [1.0, 0.82, 0.55], luma);
        let [r, g, b] = mixed([r, g, b], tint, 0.35);
        text += &format!("{r} {g} {b}\n");
    }
    text
}

fn keep(folder: &Path, name: &str, frame: &Frame) -> Result<(), Box<dyn Error>> {
    let encoder = Encoder::new_file(folder.join(format!("{name}.jpg")), QUALITY)?;
    let (width, height) = (frame.size().width as u16, frame.size().height as u16);
    Ok(encoder.encode(frame.rgb(), width, height, ColorType::Rgb)?)
}
