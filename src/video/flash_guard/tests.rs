//! Frames of known light go in; what comes out is counted by a counter that knows nothing of the guard.

use super::*;

const SIZE: Size = Size { width: 96, height: 54 };
const DARK: [u8; 3] = [60, 60, 60];
const WHITE: [u8; 3] = [255; 3];

/// A picture whose left `share` is of the one colour and the rest of the other.
fn picture(share: f64, left: [u8; 3], rest: [u8; 3]) -> Frame {
    let edge = (share * f64::from(SIZE.width)).round() as u32;
    let row = (0..SIZE.width).flat_map(|x| if x < edge { left } else { rest });
    Frame::new(SIZE, row.collect::<Vec<u8>>().repeat(SIZE.height as usize))
}

/// Three seconds at 30 frames a second in which `of` is lit for the last `on` of every `period` frames.
fn strobe(period: usize, on: usize, of: impl Fn(bool) -> Frame) -> Vec<Frame> {
    (0..90).map(|i| of(i % period >= period - on)).collect()
}

fn passed(frames: &[Frame]) -> (Vec<Frame>, u64) {
    let mut guard = FlashGuard::new(FrameRate::new(30, 1).unwrap());
    let out = frames.iter().map(|f| guard.pass(f.clone())).collect();
    (out, guard.damped())
}

/// The most peaks within a second of a value, by the mean over the picture: up by a step from the valley before, and down again.
fn most(frames: &[Frame], step: f64, value: impl Fn([f64; 3]) -> f64) -> usize {
    let linear = |v: u8| ((f64::from(v) / 255.0 + 0.055) / 1.055).powf(2.4);
    let mean = |frame: &Frame| {
        let sum: f64 = frame.rgb().chunks_exact(3).map(|p| value([p[0], p[1], p[2]].map(linear))).sum();
        sum / SIZE.pixels() as f64
    };
    let values: Vec<f64> = frames.iter().map(mean).collect();
    let mut peaks: Vec<usize> = Vec::new();
    let (mut low, mut high) = (values[0], None);
    for (i, v) in values.iter().copied().enumerate() {
        match high {
            None if v - low >= step && low < 0.8 => high = Some((i, v)),
            None => low = low.min(v),
            Some((_, top)) if v > top => high = Some((i, v)),
            Some((at, top)) if top - v >= step && v < 0.8 => {
                peaks.push(at);
                (low, high) = (v, None);
            }
            Some(_) => {}
        }
    }
    let second = |first: &usize| peaks.iter().filter(|p| (*first..first + 30).contains(p)).count();
    peaks.iter().map(second).max().unwrap_or(0)
}

fn light([r, g, b]: [f64; 3]) -> f64 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[test]
fn four_and_more_flashes_a_second_come_out_as_three() {
    for (period, on) in [(2, 1), (3, 1), (3, 2), (4, 2), (5, 1), (6, 3), (7, 3), (7, 5)] {
        let frames = strobe(period, on, |lit| picture(1.0, if lit { WHITE } else { DARK }, DARK));
        let (out, damped) = passed(&frames);
        assert!(most(&frames, 0.1, light) > 3, "{period} {on}");
        assert!((1..=3).contains(&most(&out, 0.1, light)), "{period} {on}: {}", most(&out, 0.1, light));
        assert!(damped > 0 && out.iter().zip(&frames).filter(|(a, b)| a != b).count() as u64 == damped);
    }
}

#[test]
fn what_moves_goes_on_moving_while_a_flash_is_held() {
    // A bar that is nowhere for two frames running, before a ground that flashes six times a second.
    let scene = |i: usize| {
        let ground = if i.is_multiple_of(5) { 180 } else { 90 };
        let bar = i;
        let row =
            (0..SIZE.width as usize).flat_map(|x| [if (bar..bar + 6).contains(&x) { 20 } else { ground }; 3]);
        Frame::new(SIZE, row.collect::<Vec<u8>>().repeat(SIZE.height as usize))
    };
    let frames: Vec<Frame> = (0..90).map(scene).collect();
    let (out, damped) = passed(&frames);
    assert!(damped >= 6 && most(&out, 0.1, light) <= 3, "{damped} {}", most(&out, 0.1, light));
    for (i, frame) in out.iter().enumerate() {
        let dark = frame.rgb().chunks(3).take(96).position(|p| p[0] < 50);
        assert_eq!(dark, Some(i), "frame {i}");
    }
}

#[test]
fn a_picture_is_not_held_in_its_flash() {
    let lit = |frames: &[Frame]| {
        let light = |f: &Frame| f.rgb()[0] > 200;
        frames.iter().filter(|f| light(f)).count()
    };
    // What begins lit and is dark for two frames of three comes back to the dark; what is lit for most of the time, to the light.
    let bright = |i: usize| picture(1.0, if i.is_multiple_of(3) { WHITE } else { DARK }, DARK);
    let dark = |i: usize| picture(1.0, if i.is_multiple_of(3) { DARK } else { WHITE }, DARK);
    let [flashing, blinking] = [(0..90).map(bright).collect::<Vec<_>>(), (0..90).map(dark).collect()];
    let (out, _) = passed(&flashing);
    assert!(most(&out, 0.1, light) <= 3 && lit(&out) < 14, "{} {}", most(&out, 0.1, light), lit(&out));
    let (out, _) = passed(&blinking);
    assert!(most(&out, 0.1, light) <= 3 && lit(&out) > 76, "{} {}", most(&out, 0.1, light), lit(&out));
}

#[test]
fn flashes_that_harm_nobody_pass_bit_for_bit() {
    let flash = |period, of: &dyn Fn(bool) -> Frame| strobe(period, period / 2, of);
    let lit = |share, on: [u8; 3], off: [u8; 3]| {
        move |lit| if lit { picture(share, on, DARK) } else { picture(share, off, DARK) }
    };
    let harmless = [
        ("two a second", flash(15, &lit(1.0, WHITE, DARK))),
        ("three a second", flash(10, &lit(1.0, WHITE, DARK))),
        ("a fifth of the picture", flash(3, &lit(0.2, WHITE, DARK))),
        // 60 is 4.5 % of the light, 101 is 13 %.
        ("steps of less than a tenth", flash(3, &lit(1.0, [101; 3], DARK))),
        // 231 is 80 % of the light.
        ("what is bright at its darkest", flash(3, &lit(1.0, WHITE, [232; 3]))),
        ("a slow rise", (0..90).map(|i| picture(1.0, [2 * i; 3], DARK)).collect()),
    ];
    for (name, frames) in harmless {
        let (out, damped) = passed(&frames);
        assert!(out == frames && damped == 0, "{name}");
    }
}

#[test]
fn red_is_held_to_three_where_its_luminance_hardly_changes() {
    let (red, grey) = ([235, 0, 0], [110; 3]);
    let frames = strobe(3, 1, |lit| picture(1.0, if lit { red } else { grey }, DARK));
    let redness = |[r, g, b]: [f64; 3]| if r >= 0.8 * (r + g + b) { (r - g - b).max(0.0) } else { 0.0 };
    assert!(most(&frames, 0.1, light) == 0 && most(&frames, 0.0625, redness) > 3);
    let (out, damped) = passed(&frames);
    assert!(damped > 0 && most(&out, 0.0625, redness) <= 3, "{}", most(&out, 0.0625, redness));
}

#[test]
fn halves_that_flash_in_turns_and_slow_decays_are_flashes() {
    let frames = strobe(4, 2, |lit| if lit { picture(0.5, WHITE, DARK) } else { picture(0.5, DARK, WHITE) });
    let (out, damped) = passed(&frames);
    let halves = |frames: &[Frame], x: usize| -> usize {
        let half = |f: &Frame| {
            Frame::new(SIZE, [f.rgb()[3 * x], f.rgb()[3 * x + 1], f.rgb()[3 * x + 2]].repeat(SIZE.pixels()))
        };
        most(&frames.iter().map(half).collect::<Vec<_>>(), 0.1, light)
    };
    assert!(damped > 0 && halves(&out, 0) <= 3 && halves(&out, 95) <= 3);
    let decay =
        (0..90).map(|i| picture(1.0, [[60, 255, 200, 150, 100, 60][i % 6]; 3], DARK)).collect::<Vec<_>>();
    assert!(most(&decay, 0.1, light) == 5 && most(&passed(&decay).0, 0.1, light) <= 3);
}

#[test]
fn frames_of_other_sizes_and_of_no_size_pass() {
    let mut guard = FlashGuard::new(FrameRate::new(24, 1).unwrap());
    for (width, height) in [(0, 0), (16, 16), (1, 1), (0, 0), (640, 360)] {
        let frame = Frame::black(Size { width, height });
        assert_eq!(guard.pass(frame.clone()), frame);
    }
}
