//! Places that are shown elsewhere: kaleidoscope, ripple, displacement.

use super::kaleidoscope::Kaleidoscope;
use super::packed::{LANES, Packed, STEPS};
use super::settings::Finish;
use super::table::Table;
use crate::units::Size;
use crate::vector::{vectorized, whole};
use crate::video::frame::Frame;
use rayon::prelude::*;
use std::f32::consts::TAU;

/// How far the picture wavers at full strength, in heights.
const DEPTH: f32 = 0.06;
/// Each wave's crests in a height, and how often a second it swings, to one side and to the other.
const WAVES: [(f32, f32); 2] = [(1.3, 0.31), (2.9, -0.47)];

/// Where every place of the picture is taken from. Lengths are heights of the picture.
pub(super) struct Warp {
    size: Size,
    /// From the picture's top left to the centre.
    centre: [f32; 2],
    fold: Option<Kaleidoscope>,
    /// Distance from the centre → what it is multiplied by.
    ripple: Option<Table>,
    /// Place on the other axis → how far a place is moved on this one.
    waver: Option<Table>,
}

impl Warp {
    /// What `finish` asks for; none if everything stays in its place.
    pub fn new(size: Size, finish: &Finish) -> Option<Self> {
        let waver = (finish.displace > 0.0).then(|| waver(finish.displace, finish.time));
        let ripple = (!finish.ripple.is_none()).then(|| finish.ripple.factors());
        let fold = (finish.kaleidoscope > 0)
            .then(|| Kaleidoscope::new(finish.kaleidoscope, finish.kaleidoscope_turn));
        let any = waver.is_some() || ripple.is_some() || fold.is_some();
        any.then(|| Warp { size, centre: centre(size, finish.centre), fold, ripple, waver })
    }

    /// `frame` with every place taken from where it belongs.
    pub fn apply(&self, frame: &Frame) -> Frame {
        let source = Packed::of(frame);
        let mut out = Frame::black(self.size);
        let rows = out.rgb_mut().par_chunks_exact_mut(3 * self.size.width as usize).enumerate();
        rows.for_each(|(y, row)| {
            vectorized(
                #[inline(always)]
                || self.row(&source, y, row),
            );
        });
        out
    }

    #[inline(always)]
    fn row(&self, source: &Packed, y: usize, row: &mut [u8]) {
        let height = self.size.height as f32;
        let [centre_x, centre_y] = self.centre;
        let down = (y as f32 + 0.5) / height - centre_y;
        let mut colours = [[0; 3]; LANES];
        for (start, pixels) in (0u32..).step_by(LANES).zip(row.chunks_mut(3 * LANES)) {
            let (mut x, mut y) = ([0.0; LANES], [down; LANES]);
            for (i, x) in x.iter_mut().enumerate() {
                *x = ((start + i as u32) as f32 + 0.5) * (1.0 / height) - centre_x;
            }
            self.from(&mut x, &mut y);
            let (x, y) = (places(&x, centre_x, height), places(&y, centre_y, height));
            source.read(&x, &y, &mut colours);
            pixels.copy_from_slice(&colours.as_flattened()[..pixels.len()]);
        }
    }

    /// Takes places about the centre to where they are taken from.
    #[inline(always)]
    fn from<const L: usize>(&self, x: &mut [f32; L], y: &mut [f32; L]) {
        // The mirrors come first, so that what they make is even however it wavers.
        if let Some(fold) = &self.fold {
            fold.fold(x, y);
        }
        if let Some(ripple) = &self.ripple {
            let mut away = [0.0; L];
            for (away, (x, y)) in away.iter_mut().zip(x.iter().zip(y.iter())) {
                *away = (x * x + y * y).sqrt();
            }
            let factors = ripple.at_all(&away);
            for v in [&mut *x, y] {
                v.iter_mut().zip(&factors).for_each(|(v, factor)| *v *= factor);
            }
        }
        if let Some(waver) = &self.waver {
            // The axes are out of step, so that it doesn't lean to one side.
            let mut aside = *x;
            aside.iter_mut().for_each(|x| *x += 0.37);
            let (across, down) = (waver.at_all(y), waver.at_all(&aside));
            x.iter_mut().zip(across).for_each(|(x, by)| *x += by);
            y.iter_mut().zip(down).for_each(|(y, by)| *y += by);
        }
    }
}

/// Lengths from the centre as steps between pixels.
#[inline(always)]
fn places<const L: usize>(v: &[f32; L], centre: f32, height: f32) -> [i32; L] {
    let (scale, shift) = (height * STEPS, centre * height * STEPS - 0.5 * STEPS + 0.5);
    let mut out = [0; L];
    for (out, v) in out.iter_mut().zip(v) {
        *out = whole(v * scale + shift);
    }
    out
}

/// From the top left of a picture to what lies `shift`, in its widths and heights, from its middle; in heights.
pub(super) fn centre(size: Size, [right, below]: [f32; 2]) -> [f32; 2] {
    let aspect = size.width as f32 / size.height as f32;
    [(0.5 + right) * aspect, 0.5 + below]
}

fn waver(amount: f32, time: f32) -> Table {
    Table::of(-3.0, 3.0, |v| {
        let wave = |(crests, often): (f32, f32)| (TAU * (crests * v + (often * time).fract())).sin();
        amount * DEPTH / WAVES.len() as f32 * WAVES.map(wave).iter().sum::<f32>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::finish::ripple::Ripple;

    const SIZE: Size = Size { width: 96, height: 54 };

    fn slopes() -> Frame {
        let pixels = (0..54u32).flat_map(|y| (0..96u32).flat_map(move |x| [2 * x + 20, 4 * y + 10, 100]));
        Frame::new(SIZE, pixels.map(|v| v as u8).collect())
    }

    fn warped(finish: Finish) -> Frame {
        Warp::new(SIZE, &finish.tamed()).unwrap().apply(&slopes())
    }

    /// On a slope, colours say where they come from.
    #[test]
    fn every_place_is_taken_from_where_the_formulae_say() {
        let still = Finish { centre: [0.1, -0.2], displace: 0.7, time: 3.3, ..Finish::NONE };
        let rings = Finish { ripple: Ripple::at(4.0, |t| (1.0 - t).max(0.0)), ..Finish::NONE };
        for finish in [still, rings, Finish { ripple: rings.ripple, ..still }] {
            let (seen, warp) = (warped(finish), Warp::new(SIZE, &finish).unwrap());
            for (i, pixel) in seen.rgb().chunks_exact(3).enumerate() {
                let [cx, cy] = warp.centre;
                let (x, y) = ((i % 96) as f32 + 0.5, (i / 96) as f32 + 0.5);
                let (mut u, mut v) = ([x / 54.0 - cx], [y / 54.0 - cy]);
                warp.from(&mut u, &mut v);
                let ([u], [v]) = (u, v);
                let (u, v) = ((u + cx) * 54.0 - 0.5, (v + cy) * 54.0 - 0.5);
                if (0.0..95.0).contains(&u) && (0.0..53.0).contains(&v) {
                    assert!((f32::from(pixel[0]) - 20.0 - 2.0 * u).abs() < 0.6, "{i}: {pixel:?} {u}");
                    assert!((f32::from(pixel[1]) - 10.0 - 4.0 * v).abs() < 0.6, "{i}: {pixel:?} {v}");
                }
                assert_eq!(pixel[2], 100);
            }
        }
    }

    #[test]
    fn mirrors_make_even_pictures_however_they_waver() {
        let wild = Finish { displace: 1.0, time: 2.0, ripple: Ripple::at(1.0, |_| 1.0), ..Finish::NONE };
        let at = |f: &Frame, x: usize, y: usize| f.rgb()[3 * (96 * y + x)];
        for finish in [Finish::NONE, wild] {
            let seen = warped(Finish { kaleidoscope: 2, ..finish });
            for (x, y) in (0..48).flat_map(|x| (0..27).map(move |y| (x, y))) {
                let four =
                    [at(&seen, x, y), at(&seen, 95 - x, y), at(&seen, x, 53 - y), at(&seen, 95 - x, 53 - y)];
                assert!(four.iter().all(|v| v.abs_diff(four[0]) <= 1), "{x} {y}: {four:?}");
            }
        }
        // Half of a picture stays where it is.
        let halves = warped(Finish { kaleidoscope: 1, ..Finish::NONE });
        let kept = (0..54).all(|y| (0..48).all(|x| at(&halves, x, y) == at(&slopes(), x, y)));
        assert!(kept);
    }

    #[test]
    fn what_stays_in_its_place_is_no_warp() {
        let none = Finish { kaleidoscope_turn: 30.0, centre: [0.3, 0.1], time: 9.0, ..Finish::NONE };
        assert!(Warp::new(SIZE, &none).is_none());
    }
}
