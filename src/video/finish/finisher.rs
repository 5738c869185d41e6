//! Finishers: the effects on the frames of a take, one after the other, with what each leaves to the next.

use super::colour_match::ColourMatcher;
use super::placement::Placement;
use super::rows::{Last, copied};
use super::settings::{Cut, Finish};
use super::warp::Warp;
use super::{aberration, bloom, edges, glow, resample, rotate, sharpen, trails, transition};
use crate::units::Size;
use crate::video::frame::Frame;
use crate::video::lut::Lut;

/// Finishes the frames of a video in their order.
///
/// What it holds is part of a take's state: the same frames and settings from the start of a take give the same pictures,
/// whatever was finished before, but for a dissolve or wipe out of the take before.
#[derive(Clone, Debug)]
pub struct Finisher {
    out: Size,
    lut: Option<Lut>,
    colours: ColourMatcher,
    /// The finished picture before, without what lies over it (light and colour), where somebody asks for it.
    last: Option<Frame>,
    /// The last one of the take before.
    before: Option<Frame>,
}

impl Finisher {
    /// For a video of size `out`, with `lut` as its look-up table.
    pub fn new(out: Size, lut: Option<Lut>) -> Self {
        Finisher { out, lut, colours: ColourMatcher::default(), last: None, before: None }
    }

    /// `frame`, the one after that of the last call, at the output's size with the effects of `finish`: its colours held; cropped to the output's
    /// shape, moved and enlarged; then places (mirrors, rings), outlines, and what stays of pictures before; then light, the
    /// lens, colour, and the screen that it is shown on. Beyond its edges the picture goes on mirrored, so no border ever shows.
    ///
    /// With [`Finish::NONE`] and the frame's own size the result is the frame, byte for byte. An empty frame gives black.
    pub fn next(&mut self, frame: &Frame, finish: &Finish) -> Frame {
        let (source, out) = (frame.size(), self.out);
        let finish = finish.tamed();
        if finish.begins {
            self.before = self.last.take();
        }
        if finish.cut == Cut::HARD {
            self.before = None;
        }
        let last = self.last.take();
        if source.pixels() == 0 || out.pixels() == 0 {
            return Frame::black(out);
        }
        let held = self.colours.next(frame, finish.colour_match);
        let frame = held.as_ref().unwrap_or(frame);
        let lit = (finish.glow > 0.0).then(|| {
            let mut lit = frame.clone();
            glow::add(&mut lit, finish.glow);
            lit
        });
        let frame = lit.as_ref().unwrap_or(frame);
        let colour = Last::new(out, &finish, self.lut.as_ref());
        let Some(shown) = self.placed(frame, &finish, last) else {
            return place(frame, out, &finish, &colour);
        };
        if finish.kept {
            self.last = Some(shown.clone());
        }
        over(shown, &finish, &colour)
    }

    /// `frame` at its place, with what changes places, outlines, and what stays of pictures before; none where it would only be
    /// moved and nobody asks for it.
    fn placed(&self, frame: &Frame, finish: &Finish, last: Option<Frame>) -> Option<Frame> {
        let warp = Warp::new(self.out, finish);
        let last = last.filter(|_| finish.trails.keep > 0.0);
        let light = [finish.edges, finish.sharpen, finish.bloom, finish.aberration].iter().any(|v| *v > 0.0);
        if !light && !finish.kept && warp.is_none() && last.is_none() && self.before.is_none() {
            return None;
        }
        let mut shown = place(frame, self.out, finish, &Last::NOTHING);
        if let Some(warp) = warp {
            shown = warp.apply(&shown);
        }
        if finish.edges > 0.0 {
            shown = edges::add(&shown, finish.edges);
        }
        if finish.sharpen > 0.0 {
            shown = sharpen::add(&shown, finish.sharpen);
        }
        if let Some(last) = last {
            trails::add(&mut shown, &last, finish.trails, finish.centre);
        }
        if let Some(before) = &self.before {
            transition::add(&mut shown, before, finish.cut);
        }
        Some(shown)
    }
}

/// The light and the lens over a picture, and its colours.
fn over(mut shown: Frame, finish: &Finish, colour: &Last) -> Frame {
    if finish.bloom > 0.0 {
        bloom::add(&mut shown, finish.bloom);
    }
    if finish.aberration > 0.0 {
        shown = aberration::add(&shown, finish.aberration);
    }
    if colour.is_nothing() {
        return shown;
    }
    copied(&shown, colour, |_| {})
}

/// `frame` at the size `out`, moved as `finish` says.
fn place(frame: &Frame, out: Size, finish: &Finish, last: &Last) -> Frame {
    let place = Placement::new(frame.size(), out, finish);
    match place.is_identity(frame.size()) {
        true if last.is_nothing() => frame.clone(),
        true => copied(frame, last, |_| {}),
        false if place.roll != 0.0 => rotate::paint(frame, &place, last),
        false => resample::paint(frame, &place, last),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ColourMatch, Trails};
    use super::*;

    const SIZE: Size = Size { width: 32, height: 18 };

    fn flat(value: u8) -> Frame {
        Frame::new(SIZE, vec![value; 3 * SIZE.pixels()])
    }

    /// The first value of every finished picture.
    fn shown(finisher: &mut Finisher, frames: &[(u8, Finish)]) -> Vec<u8> {
        frames.iter().map(|(value, finish)| finisher.next(&flat(*value), finish).rgb()[0]).collect()
    }

    fn trailing(kept: bool) -> Finish {
        Finish { trails: Trails { keep: 0.5, ..Trails::NONE }, kept, ..Finish::NONE }
    }

    #[test]
    fn trails_go_on_from_picture_to_picture_and_end_with_the_take() {
        let mut finisher = Finisher::new(SIZE, None);
        let begins = Finish { begins: true, ..trailing(true) };
        let frames = [
            (200, trailing(true)),
            (0, trailing(true)),
            (0, trailing(true)),
            (10, begins),
            (0, trailing(true)),
        ];
        assert_eq!(shown(&mut finisher, &frames), [200, 100, 50, 10, 5]);
        // Flash and colour lie over it and are not fed back.
        let lit = Finish { flash: 1.0, ..trailing(true) };
        let mut finisher = Finisher::new(SIZE, None);
        assert_eq!(
            shown(&mut finisher, &[(80, lit), (0, trailing(false)), (0, trailing(true))]),
            [255, 40, 0]
        );
    }

    #[test]
    fn the_last_picture_stays_over_a_cut_for_as_long_as_it_is_asked_for() {
        let cut = |dissolve, begins| Finish { begins, cut: Cut { dissolve, wipe: 0.0 }, ..Finish::NONE };
        let kept = Finish { kept: true, ..Finish::NONE };
        let frames = [(100, kept), (200, cut(0.75, true)), (200, cut(0.25, false)), (200, cut(0.0, false))];
        let mut finisher = Finisher::new(SIZE, None);
        assert_eq!(shown(&mut finisher, &frames), [100, 125, 175, 200]);
        // Where nothing was before, the take begins as it is.
        assert_eq!(shown(&mut Finisher::new(SIZE, None), &frames[1..]), [200, 200, 200]);
    }

    /// What begins with a take is what the whole has there, and what was handed on goes on to the same bytes.
    #[test]
    fn a_take_is_the_same_alone_and_after_a_pause() {
        let noise = |i: usize| {
            Frame::new(SIZE, (0..3 * SIZE.pixels()).map(|k| (k * 31 + i * 97 + k * k % 13) as u8).collect())
        };
        let finish = |i: usize| Finish {
            trails: Trails { keep: 0.9, zoom: 1.03, turn: 2.0 },
            colour_match: ColourMatch { strength: 0.8, anew: i == 4, over: 2.0 },
            kept: true,
            begins: i == 4,
            bloom: 0.5,
            aberration: 0.5,
            sharpen: 0.5,
            edges: 0.3,
            displace: 0.4,
            time: i as f32 * 0.1,
            ..Finish::NONE
        };
        let run = |mut finisher: Finisher, part: std::ops::Range<usize>| -> Vec<Frame> {
            part.map(|i| finisher.next(&noise(i), &finish(i))).collect()
        };
        let fresh = || Finisher::new(SIZE, None);
        let whole = run(fresh(), 0..10);
        assert!(run(fresh(), 4..10) == whole[4..]);
        let mut first = fresh();
        (0..7).for_each(|i| drop(first.next(&noise(i), &finish(i))));
        assert!(run(first.clone(), 7..10) == whole[7..]);
        assert!(run(fresh(), 7..10) != whole[7..], "without its state it is another picture");
    }
}
