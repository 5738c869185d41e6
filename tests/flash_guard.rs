//! The flash guard in whole renders: flashes are counted in what FFmpeg decodes, after WCAG 2.3.1, without a line of the program.

use crate::cli::{SMALL, Stage};
use crate::projects::pictures;
use std::process::Command;

const PIXELS: usize = 96 * 64;

/// The relative luminance of every pixel of every frame of a video of 96x64.
fn luminances(stage: &Stage, name: &str) -> Vec<Vec<f64>> {
    let path = stage.path(name);
    let args = ["-v", "error", "-i", path.to_str().unwrap(), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    let decoded = Command::new("ffmpeg").args(args).output().unwrap().stdout;
    let linear = |v: u8| match f64::from(v) / 255.0 {
        v if v <= 0.04045 => v / 12.92,
        v => ((v + 0.055) / 1.055).powf(2.4),
    };
    let table: Vec<f64> = (0..=255).map(linear).collect();
    let light = |p: &[u8]| {
        0.2126 * table[p[0] as usize] + 0.7152 * table[p[1] as usize] + 0.0722 * table[p[2] as usize]
    };
    let frames = decoded.chunks_exact(3 * PIXELS);
    frames.map(|frame| frame.chunks_exact(3).map(light).collect()).collect()
}

/// Where a list of values rises by a tenth from the valley before, to fall by a tenth again, the darker one below 0.8.
fn peaks(values: &[f64]) -> Vec<usize> {
    let (mut found, mut valley, mut peak) = (Vec::new(), values[0], None);
    for (frame, value) in values.iter().copied().enumerate() {
        peak = match peak {
            None if value >= valley + 0.1 && valley < 0.8 => Some((frame, value)),
            None => {
                valley = f64::min(valley, value);
                None
            }
            Some((at, top)) if value > top => Some((at, value)),
            Some((at, top)) if value <= top - 0.1 && value < 0.8 => {
                found.push(at);
                valley = value;
                None
            }
            standing => standing,
        };
    }
    found
}

/// The most flashes within a second of 30 frames: of the mean light, and of more than a quarter of the pixels at once.
fn most_flashes(frames: &[Vec<f64>]) -> (usize, usize) {
    let most = |flashes: &[usize]| {
        let within = |first: usize| flashes.iter().filter(|f| (first..first + 30).contains(*f)).count();
        flashes.iter().map(|first| within(*first)).max().unwrap_or(0)
    };
    let means: Vec<f64> = frames.iter().map(|f| f.iter().sum::<f64>() / PIXELS as f64).collect();
    let mut flashing = vec![0; frames.len()];
    for pixel in 0..PIXELS {
        let values: Vec<f64> = frames.iter().map(|f| f[pixel]).collect();
        peaks(&values).into_iter().for_each(|frame| flashing[frame] += 1);
    }
    let wide: Vec<usize> = (0..frames.len()).filter(|f| flashing[*f] > PIXELS / 4).collect();
    (most(&peaks(&means)), most(&wide))
}

/// A preset that goes to white for a share of every so many milliseconds.
fn strobe(stage: &Stage, name: &str, every: u32) {
    let route = format!("[[route]]\nvalue = \"pulse({every} ms, 0, 0.34)\"\nto = \"flash\"\n");
    let text = format!("[base]\nexposure = -1.5\n{route}[[prompt]]\ntext = \"rings\"\n");
    std::fs::write(stage.path(name), text).unwrap();
}

#[test]
fn ten_flashes_a_second_come_out_as_three_and_two_are_untouched() {
    let stage = Stage::new(2.0);
    strobe(&stage, "ten.toml", 100);
    strobe(&stage, "two.toml", 500);
    let render = |preset: &str, options: &str, output: &str| {
        stage
            .run(&format!("render track.wav {SMALL} --fps 30 --preset {preset} {options} -o {output}"))
            .succeeds()
    };
    let told = render("ten.toml", "", "guarded.mp4").err;
    assert!(told.contains("flash guard dimmed"), "{told}");
    render("ten.toml", "--flash-guard off", "open.mp4");
    let (guarded, open) = (luminances(&stage, "guarded.mp4"), luminances(&stage, "open.mp4"));
    assert_eq!((guarded.len(), open.len()), (60, 60));
    let ((mean, wide), (open_mean, open_wide)) = (most_flashes(&guarded), most_flashes(&open));
    assert!(open_mean >= 9 && open_wide >= 9, "{open_mean} {open_wide}");
    assert!((1..=3).contains(&mean) && (1..=3).contains(&wide), "{mean} {wide}");
    let told = render("two.toml", "--profile ffv1", "guarded.mkv").err;
    assert!(!told.contains("flash guard"), "{told}");
    render("two.toml", "--profile ffv1 --flash-guard off", "open.mkv");
    assert_eq!(pictures(&stage, "guarded.mkv"), pictures(&stage, "open.mkv"));
    let plan = |preset, options| {
        stage.run(&format!("plan track.wav --fps 30 --preset {preset} {options}")).succeeds()
    };
    let warned = plan("ten.toml", "").out;
    assert!(warned.contains("flashes 10 times in a second: 0:00") && warned.contains("flash guard dampens"));
    assert!(!plan("two.toml", "").out.contains("flashes"));
    // The record says so, and a project made of it says it again.
    stage.run("extract open.mkv --to again").succeeds();
    assert!(
        std::fs::read_to_string(stage.path("again/video.toml")).unwrap().contains("flash_guard = \"off\"")
    );
}
