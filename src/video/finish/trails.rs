//! Feedback: what was bright in the finished picture before stays while it fades, grows and turns.

use super::packed::{Packed, STEPS};
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
    let faded = |v: u8| (u32::from(v) * keep >> 16) as u8;
    let rows = frame.rgb_mut().par_chunks_exact_mut(3 * size.width as usize);
    if trails.zoom == 1.0 && trails.turn == 0.0 {
        rows.zip(last.rgb().par_chunks_exact(3 * size.width as usize)).for_each(|(row, last)| {
            row.iter_mut().zip(last).for_each(|(now, before)| *now = faded(*before).max(*now));
        });
        return;
    }
    let (source, place) = (Packed::of(last), Place::new(size, trails, middle));
    rows.enumerate().for_each(|(y, row)| {
        vectorized(
            #[inline(always)]
            || {
                for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                    let [u, v] = place.from(x as f32, y as f32);
                    let before = source.at((u * STEPS + 0.5).floor() as i32, (v * STEPS + 0.5).floor() as i32);
                    pixel.iter_mut().zip(before).for_each(|(now, before)| *now = faded(before).max(*now));
                }
            },
        );
    });
}

/// Where pixels were a frame ago: a similarity about the centre.
struct Place {
    centre: [f32; 2],
    /// Cosine and sine of the turn, over the zoom.
    back: [f32; 2],
}

impl Place {
    fn new(size: Size, trails: Trails, middle: [f32; 2]) -> Self {
        let (sin, cos) = trails.turn.to_radians().sin_cos();
        let centre = centre(size, middle).map(|v| v * size.height as f32 - 0.5);
        Place { centre, back: [cos / trails.zoom, sin / trails.zoom] }
    }

    #[inline(always)]
    fn from(&self, x: f32, y: f32) -> [f32; 2] {
        let ([cx, cy], [cos, sin]) = (self.centre, self.back);
        let (x, y) = (x - cx, y - cy);
        [cx + cos * x + sin * y, cy - sin * x + cos * y]
    }
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
        assert!((0..3).all(|i| (f32::from(colour[i]) - expected[i]).abs() <= 3.0 && f32::from(colour[i]) <= expected[i]));
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
