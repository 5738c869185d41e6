//! Reactive effects: from a generated frame to one of the output, in one pass over the pixels.

mod glow;
mod grain;
mod light;
mod resample;
mod rotate;
mod shake;

use super::frame::Frame;
use crate::units::Size;
use light::Grade;
use rayon::prelude::*;

pub use grain::Grain;
pub use shake::shake_offset;

/// What is done to one frame. [`Finish::NONE`] changes nothing but the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Enlargement about the centre; 1 = none. Used between 0.1 and 16.
    pub zoom: f32,
    /// Turn about the centre in degrees, clockwise.
    pub roll: f32,
    /// Movement to the right, as a fraction of the picture's width.
    pub shift_x: f32,
    /// Movement downwards, as a fraction of the picture's height.
    pub shift_y: f32,
    /// Photographic stops: +1 doubles the light. Used between -16 and 16.
    pub exposure: f32,
    /// How far everything goes towards white, from 0 to 1.
    pub flash: f32,
    /// Strength of colour: 0 = grey, 1 = unchanged. Used between 0 and 8.
    pub saturation: f32,
    /// Turn of all hues in degrees; brightness stays.
    pub hue: f32,
    /// Light that spills from bright places, from 0 to 2.
    pub glow: f32,
    /// The grain of film on top of everything.
    pub grain: Grain,
}

impl Finish {
    /// No effect at all.
    pub const NONE: Finish = Finish {
        zoom: 1.0,
        roll: 0.0,
        shift_x: 0.0,
        shift_y: 0.0,
        exposure: 0.0,
        flash: 0.0,
        saturation: 1.0,
        hue: 0.0,
        glow: 0.0,
        grain: Grain::NONE,
    };

    /// The same with every value in the range that is used; what is no number has no effect.
    fn tamed(self) -> Self {
        let none = Finish::NONE;
        let tame =
            |v: f32, none: f32, low: f32, high: f32| if v.is_finite() { v.clamp(low, high) } else { none };
        Finish {
            zoom: tame(self.zoom, none.zoom, 0.1, 16.0),
            roll: tame(self.roll, none.roll, -1e6, 1e6) % 360.0,
            shift_x: tame(self.shift_x, none.shift_x, -2.0, 2.0),
            shift_y: tame(self.shift_y, none.shift_y, -2.0, 2.0),
            exposure: tame(self.exposure, none.exposure, -16.0, 16.0),
            flash: tame(self.flash, none.flash, 0.0, 1.0),
            saturation: tame(self.saturation, none.saturation, 0.0, 8.0),
            hue: tame(self.hue, none.hue, -1e6, 1e6) % 360.0,
            glow: tame(self.glow, none.glow, 0.0, 2.0),
            grain: Grain { amount: tame(self.grain.amount, 0.0, 0.0, 1.0), ..self.grain },
        }
    }
}

impl Default for Finish {
    fn default() -> Self {
        Finish::NONE
    }
}

/// Where the picture lands in the output: source pixels times `scale`, turned by `roll`, about the
/// two centres, moved by `shift` output pixels.
#[derive(Clone, Copy, Debug)]
struct Placement {
    out: Size,
    scale: f32,
    roll: f32,
    shift: [f32; 2],
}

impl Placement {
    /// Fills `out` with a picture of `source`'s size, cropping what sticks out, then adds the effects.
    fn new(source: Size, out: Size, finish: &Finish) -> Self {
        let [w, h] = [source.width, source.height].map(|v| v as f32);
        let [ow, oh] = [out.width, out.height].map(|v| v as f32);
        let cover = (ow / w).max(oh / h);
        let shift = [finish.shift_x * ow, finish.shift_y * oh];
        Placement { out, scale: cover * finish.zoom, roll: finish.roll, shift }
    }

    /// Whether pixels are only copied.
    fn is_identity(&self, source: Size) -> bool {
        self.out == source && self.scale == 1.0 && self.roll == 0.0 && self.shift == [0.0; 2]
    }
}

/// `frame` at the size `out` with the effects of `finish`: cropped to the output's shape, moved,
/// enlarged, then lit; glow comes first, at the frame's own size, and grain last. Beyond its edges the
/// picture goes on mirrored, so no border ever shows.
///
/// Colours are mixed in linear light. With [`Finish::NONE`] and the frame's own size the result is
/// the frame, byte for byte. An empty frame gives black.
pub fn apply(frame: &Frame, out: Size, finish: &Finish) -> Frame {
    let source = frame.size();
    if source.pixels() == 0 || out.pixels() == 0 {
        return Frame::black(out);
    }
    let finish = finish.tamed();
    if finish.glow > 0.0 {
        let lit = glow::add(frame, finish.glow);
        return apply(&lit, out, &Finish { glow: 0.0, ..finish });
    }
    let place = Placement::new(source, out, &finish);
    let grade = Grade::new(&finish);
    let last = Last { grade: grade.as_ref(), grain: finish.grain };
    match place.is_identity(source) {
        true if grade.is_none() && finish.grain.amount == 0.0 => frame.clone(),
        true => paint(out, last, |y, row| {
            let start = y * row.len();
            for (value, byte) in row.iter_mut().zip(&frame.rgb()[start..]) {
                *value = f32::from(*byte);
            }
        }),
        false if place.roll != 0.0 => rotate::paint(frame, &place, last),
        false => resample::paint(frame, &place, last),
    }
}

/// What is done to every row at the end.
#[derive(Clone, Copy)]
struct Last<'a> {
    grade: Option<&'a Grade>,
    grain: Grain,
}

impl Last<'_> {
    const NOTHING: Self = Last { grade: None, grain: Grain::NONE };

    fn apply(&self, y: usize, row: &mut [f32], draws: &mut Vec<f32>) {
        if let Some(grade) = self.grade {
            grade.apply(row);
        }
        if self.grain.amount > 0.0 {
            self.grain.add(y, row, draws);
        }
    }
}

/// Fills a frame row by row, on all cores: `fill(y, row)` gets a row of values from 0 to 255, then comes `last`.
fn paint(size: Size, last: Last, fill: impl Fn(usize, &mut [f32]) + Sync) -> Frame {
    let mut frame = Frame::black(size);
    let width = 3 * size.width as usize;
    let rows = frame.rgb_mut().par_chunks_exact_mut(width).enumerate();
    rows.for_each_init(
        || (vec![0.0f32; width], Vec::new()),
        |(row, draws), (y, bytes)| {
            fill(y, row);
            last.apply(y, row, draws);
            for (byte, value) in bytes.iter_mut().zip(row.iter()) {
                // The cast keeps to 0..=255.
                *byte = (value + 0.5) as u8;
            }
        },
    );
    frame
}

/// Catmull-Rom: runs through the pixels, sharp, with little ringing. `x` in source pixels.
fn catmull_rom(x: f32) -> f32 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// The pixel that stands at `index` when a row of `count` goes on mirrored on both sides.
fn mirrored(index: i64, count: usize) -> usize {
    let count = count as i64;
    let turn = index.rem_euclid(2 * count);
    (if turn < count { turn } else { 2 * count - 1 - turn }) as usize
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
