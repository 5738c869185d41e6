//! Reactive effects: from a generated frame to one of the output. What only moves and colours takes one pass over the pixels; what
//! looks at other places, or at pictures before, takes one each, at the output's size.

mod aberration;
mod bloom;
mod colour_match;
mod edges;
mod finisher;
mod glow;
mod grain;
mod kaleidoscope;
mod light;
mod neighbours;
mod oklab;
mod packed;
mod placement;
mod pyramid;
mod resample;
mod ripple;
mod rotate;
mod rows;
mod screen;
mod settings;
mod shake;
mod sharpen;
mod spill;
mod srgb;
mod symmetric;
mod table;
mod tame;
mod tone;
mod trails;
mod transition;
mod warp;

use super::frame::Frame;
use crate::units::Size;

pub use finisher::Finisher;
pub use grain::Grain;
pub use ripple::Ripple;
pub use settings::{ColourMatch, Cut, Finish, Trails};
pub use shake::shake_offset;
pub use tone::Tone;

/// `frame` alone at the size `out` with the effects of `finish`: see [`Finisher::next`].
pub fn apply(frame: &Frame, out: Size, finish: &Finish) -> Frame {
    Finisher::new(out, None).next(frame, finish)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ShownFrame;

    fn pattern(size: Size, value: impl Fn(u32, u32) -> [u8; 3]) -> Frame {
        let rgb = (0..size.height)
            .flat_map(|y| (0..size.width).map(move |x| (x, y)))
            .flat_map(|(x, y)| value(x, y));
        Frame::new(size, rgb.collect())
    }

    fn noise(size: Size) -> Frame {
        pattern(size, |x, y| [0, 1, 2].map(|c| (x * 7919 + y * 104_729 + c * 31 + x * y * 13) as u8))
    }

    const SIZE: Size = Size { width: 64, height: 36 };

    #[test]
    fn nothing_is_nothing() {
        let frame = noise(SIZE);
        assert_eq!(apply(&frame, SIZE, &Finish::NONE), frame);
        let wild = Finish { zoom: f32::NAN, hue: f32::INFINITY, shift_x: f32::NAN, ..Finish::NONE };
        assert_eq!(apply(&frame, SIZE, &wild), frame);
    }

    #[test]
    fn grain_and_glow_come_with_and_without_other_effects_and_keep_the_size() {
        let (frame, out) = (noise(SIZE), Size { width: 160, height: 90 });
        let grain = Grain { amount: 0.3, seed: 1, frame: ShownFrame(2) };
        for plain in
            [Finish::NONE, Finish { zoom: 1.2, ..Finish::NONE }, Finish { roll: 5.0, ..Finish::NONE }]
        {
            for (size, with) in [(SIZE, Finish { grain, ..plain }), (out, Finish { glow: 1.0, ..plain })] {
                let (before, after) = (apply(&frame, size, &plain), apply(&frame, size, &with));
                assert_eq!(after.size(), size);
                assert_ne!(before, after, "{with:?}");
                assert_eq!(after, apply(&frame, size, &with));
            }
        }
    }

    #[test]
    fn the_two_resamplers_agree() {
        let frame = noise(SIZE);
        let out = Size { width: 160, height: 90 };
        let straight = Finish { zoom: 1.3, shift_x: 0.07, shift_y: -0.2, ..Finish::NONE };
        let turned = Finish { roll: 1e-7, ..straight };
        let (a, b) = (apply(&frame, out, &straight), apply(&frame, out, &turned));
        let worst = a.rgb().iter().zip(b.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 2, "{worst}");
    }

    #[test]
    fn a_quarter_turn_moves_every_pixel_to_its_place() {
        let square = Size { width: 48, height: 48 };
        let frame = noise(square);
        let turned = apply(&frame, square, &Finish { roll: 90.0, ..Finish::NONE });
        let expected = pattern(square, |x, y| {
            // Clockwise: what stood at the left edge's bottom comes to the top left.
            let from = 3 * ((47 - x) * 48 + y) as usize;
            [frame.rgb()[from], frame.rgb()[from + 1], frame.rgb()[from + 2]]
        });
        let worst = turned.rgb().iter().zip(expected.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 1, "{worst}");
    }

    #[test]
    fn zoom_2_of_a_slope_is_half_the_slope_about_the_centre() {
        // Catmull-Rom reproduces straight lines exactly, so the closed form holds to rounding.
        let frame = pattern(SIZE, |x, y| [(3 * x) as u8, (5 * y) as u8, 77]);
        let zoomed = apply(&frame, SIZE, &Finish { zoom: 2.0, ..Finish::NONE });
        for (i, pixel) in zoomed.rgb().chunks_exact(3).enumerate() {
            let [x, y] = [i % 64, i / 64].map(|v| v as f32);
            let u = (x + 0.5 - 32.0) / 2.0 + 32.0 - 0.5;
            let v = (y + 0.5 - 18.0) / 2.0 + 18.0 - 0.5;
            assert!((f32::from(pixel[0]) - 3.0 * u).abs() <= 0.51, "{x} {y} {pixel:?}");
            assert!((f32::from(pixel[1]) - 5.0 * v).abs() <= 0.51, "{x} {y} {pixel:?}");
            assert_eq!(pixel[2], 77);
        }
    }

    #[test]
    fn a_shift_by_whole_pixels_copies_them_and_mirrors_the_edge() {
        let frame = noise(SIZE);
        let moved = apply(&frame, SIZE, &Finish { shift_x: 4.0 / 64.0, ..Finish::NONE });
        for y in 0..36 {
            for x in 0..64usize {
                let from = if x >= 4 { x - 4 } else { 3 - x };
                let at = |f: &Frame, x: usize| f.rgb()[3 * (y * 64 + x)];
                assert_eq!(at(&moved, x), at(&frame, from), "{x} {y}");
            }
        }
    }

    #[test]
    fn flat_pictures_stay_flat_at_any_size_zoom_and_angle() {
        let frame = pattern(SIZE, |_, _| [200, 10, 99]);
        for out in [
            Size { width: 1280, height: 720 },
            Size { width: 20, height: 90 },
            Size { width: 16, height: 16 },
        ] {
            for (zoom, roll, shift) in
                [(1.0, 0.0, 0.0), (0.3, 0.0, 1.5), (3.0, 33.0, -0.5), (0.1, 200.0, 2.0)]
            {
                let finish = Finish { zoom, roll, shift_x: shift, shift_y: shift, ..Finish::NONE };
                let result = apply(&frame, out, &finish);
                assert_eq!(result.size(), out);
                assert!(result.rgb().chunks_exact(3).all(|p| p == [200, 10, 99]), "{out} {finish:?}");
            }
        }
    }

    #[test]
    fn shrinking_averages_instead_of_skipping() {
        let checks = pattern(SIZE, |x, y| [if (x + y) % 2 == 0 { 0 } else { 200 }; 3]);
        for roll in [0.0, 1e-3] {
            let small = apply(&checks, Size { width: 16, height: 9 }, &Finish { roll, ..Finish::NONE });
            assert!(small.rgb().iter().all(|v| v.abs_diff(100) <= 12), "{roll}: {:?}", &small.rgb()[..30]);
        }
    }
}
