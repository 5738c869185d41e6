//! Feedback: what was bright in the finished picture before stays while it fades, grows and turns.

use super::packed::{LANES, Packed};
use super::settings::Trails;
use super::warp::centre;
use crate::units::Size;
use crate::vector::vectorized;
use crate::video::frame::Frame;
use rayon::prelude::*;

/// Per value the brighter of `frame` and of `last`, enlarged and turned about the centre and down to `trails.keep` of its
/// brightness. `middle` is the centre, in widths and heights from the picture's.
pub(super) fn add(frame: &mut Frame, last: &Frame, trails: Trails, middle: [f32; 2]) {
    let size = frame.size();
    // Rounded down, so that whatever fades ends in black.
    let keep = (trails.keep * 65536.0) as u32;
    let faded = |v: u8| ((u32::from(v) * keep) >> 16) as u8;
    let rows = frame.rgb_mut().par_chunks_exact_mut(3 * size.width as usize);
    if trails.zoom == 1.0 && trails.turn == 0.0 {
        rows.zip(last.rgb().par_chunks_exact(3 * size.width as usize)).for_each(|(row, last)| {
            row.iter_mut().zip(last).for_each(|(now, before)| *now = faded(*before).max(*now));
        });
        return;
    }
    let (source, place) = (Packed::of(last), Place::new(size, trails, middle));
    rows.enumerate().for_each(|(y, row)| {
        let ([x, y], [right, down]) = (place.start(y), place.step);
        vectorized(
            #[inline(always)]
            || {
                let mut before = [[0; 3]; LANES];
                for (pixels, first) in row.chunks_mut(3 * LANES).zip((0..).step_by(LANES)) {
                    // Rounded to the steps between pixels.
                    let places = |start: i64, step: i64| {
                        let mut places = [0; LANES];
                        for (place, i) in places.iter_mut().zip(first..) {
                            *place = ((start + i * step + 512) >> 10) as i32;
                        }
                        places
                    };
                    source.read(&places(x, right), &places(y, down), &mut before);
                    let before = before.as_flattened();
                    pixels.iter_mut().zip(before).for_each(|(now, before)| *now = faded(*before).max(*now));
                }
            },
        );
    });
}

/// Where pixels were a frame ago: a similarity about the centre, in 1/65536 of a pixel.
struct Place {
    centre: [f64; 2],
    /// From a pixel to the one right of it.
    step: [i64; 2],
    /// Cosine and sine of the turn, over the zoom.
    back: [f64; 2],
}

impl Place {
    fn new(size: Size, trails: Trails, middle: [f32; 2]) -> Self {
        let (sin, cos) = f64::from(trails.turn).to_radians().sin_cos();
        let centre = centre(size, middle).map(|v| f64::from(v * size.height as f32 - 0.5));
        let back = [cos, sin].map(|v| v / f64::from(trails.zoom));
        Place { centre, back, step: [fixed(back[0]), fixed(-back[1])] }
    }

    /// Where the first pixel of row `y` was.
    fn start(&self, y: usize) -> [i64; 2] {
        let ([cx, cy], [cos, sin]) = (self.centre, self.back);
        let (x, y) = (-cx, y as f64 - cy);
        [fixed(cx + cos * x + sin * y), fixed(cy - sin * x + cos * y)]
    }
}

fn fixed(v: f64) -> i64 {
    (v * 65536.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 61, height: 41 };

    fn dot(x: usize, y: usize) -> Frame {
        let mut frame = Frame::black(SIZE);
        frame.rgb_mut()[3 * (61 * y + x)..][..3].copy_from_slice(&[255, 128, 7]);
        frame
    }

    /// The state after `frames` black ones.
    fn after(first: Frame, frames: usize, trails: Trails) -> Frame {
        (0..frames).fold(first, |last, _| {
            let mut now = Frame::black(SIZE);
            add(&mut now, &last, trails, [0.0; 2]);
            now
        })
    }

    /// The place of the brightest pixel, and its colour.
    fn brightest(frame: &Frame) -> ([usize; 2], [u8; 3]) {
        let pixels = frame.rgb().chunks_exact(3).enumerate();
        let (i, pixel) = pixels.max_by_key(|(_, p)| u32::from(p[0]) + u32::from(p[1])).unwrap();
        ([i % 61, i / 61], [pixel[0], pixel[1], pixel[2]])
    }

    #[test]
    fn what_is_gone_fades_by_its_share_a_frame_down_to_black() {
        let trails = Trails { keep: 0.75, ..Trails::NONE };
        let (place, colour) = brightest(&after(dot(20, 10), 3, trails));
        let expected = [255.0f32, 128.0, 7.0].map(|v| v * 0.75f32.powi(3));
        assert_eq!(place, [20, 10]);
        assert!((0..3).all(
            |i| (f32::from(colour[i]) - expected[i]).abs() <= 3.0 && f32::from(colour[i]) <= expected[i]
        ));
        let slow = Trails { keep: 0.999, ..Trails::NONE };
        assert!(after(dot(20, 10), 256, slow).rgb().iter().all(|v| *v == 0));
    }

    #[test]
    fn a_picture_that_stays_is_what_it_is() {
        let still = dot(5, 9);
        let mut now = still.clone();
        add(&mut now, &still, Trails { keep: 0.99, ..Trails::NONE }, [0.0; 2]);
        assert_eq!(now, still);
    }

    #[test]
    fn trails_run_from_the_centre_and_turn_clockwise() {
        let outwards = Trails { keep: 0.99, zoom: 1.5, turn: 0.0 };
        assert_eq!(brightest(&after(dot(34, 18), 1, outwards)).0, [36, 17]);
        // A quarter turn: what was right of the centre comes below it.
        let quarter = Trails { keep: 0.99, zoom: 1.0, turn: 90.0 };
        assert_eq!(brightest(&after(dot(40, 20), 1, quarter)).0, [30, 30]);
        let mut aside = Frame::black(SIZE);
        add(&mut aside, &dot(45, 20), quarter, [10.0 / 61.0, 0.0]);
        assert_eq!(brightest(&aside).0, [40, 25]);
    }
}
