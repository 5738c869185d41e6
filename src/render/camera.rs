//! The camera that flies: what it comes to is drawn by the generator, at full resolution, however far it goes.
//!
//! Zoom, pan and roll say where the camera stands; the `fly_` parameters say how fast it goes on. Within a window
//! the finished pictures are moved, exact to the frame. At the hand-off what is settled is moved by what the camera has
//! gone, and the next window grows out of it: so pictures are never enlarged for longer than a window, and the way
//! has no end. A window's own picture is the widest view of its frames, so that flying backwards shows
//! no edges before they have been drawn.
//!
//! **Invariant:** where nothing flies, nothing is touched.

use super::pictures::{to_frames, to_pictures};
use super::plan::Window;
use super::rate;
use crate::diffusion::Model;
use crate::error::Result;
use crate::score::{ParamId, Timeline};
use crate::units::{GeneratedFrame, Size};
use crate::video::{Finish, Frame, apply};
use candle_core::Tensor;

/// A similarity of the picture plane about the picture's centre: x ↦ scale · turn(x) + shift, x counted in heights of
/// the video, to the right and downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    scale: f64,
    /// Radians, clockwise.
    turn: f64,
    shift: [f64; 2],
}

impl Pose {
    /// Where the camera has not moved.
    pub const REST: Pose = Pose { scale: 1.0, turn: 0.0, shift: [0.0; 2] };

    /// Scale, turn and shift, to be stored.
    pub fn values(self) -> [f64; 4] {
        [self.scale, self.turn, self.shift[0], self.shift[1]]
    }

    /// The pose that [`Self::values`] stored; none where they are those of no pose.
    pub fn of_values([scale, turn, x, y]: [f64; 4]) -> Option<Pose> {
        let pose = Pose { scale, turn, shift: [x, y] };
        (pose.values().iter().all(|v| v.is_finite()) && scale > 0.0).then_some(pose)
    }

    /// First this, then `next`.
    fn then(self, next: Pose) -> Pose {
        Pose { scale: self.scale * next.scale, turn: self.turn + next.turn, shift: next.apply(self.shift) }
    }

    fn inverse(self) -> Pose {
        let back = Pose { scale: 1.0 / self.scale, turn: -self.turn, shift: [0.0; 2] };
        let [x, y] = back.apply(self.shift);
        Pose { shift: [-x, -y], ..back }
    }

    fn apply(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.turn.sin_cos();
        let turned = [cos * x - sin * y, sin * x + cos * y];
        [0, 1].map(|i| self.scale * turned[i] + self.shift[i])
    }

    /// The same movement of a picture of `generated`'s size that stays as it is, for the video `picture`.
    fn on(self, generated: Size, picture: Size) -> Finish {
        let unit = pixels_per_height(generated, picture);
        Finish {
            zoom: self.scale as f32,
            roll: self.turn.to_degrees() as f32,
            shift_x: (self.shift[0] * unit / f64::from(generated.width)) as f32,
            shift_y: (self.shift[1] * unit / f64::from(generated.height)) as f32,
            ..Finish::NONE
        }
    }

    /// `finish` of a picture of shape `aspect` (width over height) that has flown here before its camera moves it.
    pub fn before(self, finish: Finish, aspect: f64) -> Finish {
        if self == Pose::REST {
            return finish;
        }
        let standing = Pose {
            scale: finish.zoom.into(),
            turn: f64::from(finish.roll).to_radians(),
            shift: [f64::from(finish.shift_x) * aspect, finish.shift_y.into()],
        };
        let Pose { scale, turn, shift } = self.then(standing);
        Finish {
            zoom: scale as f32,
            roll: turn.to_degrees() as f32,
            shift_x: (shift[0] / aspect) as f32,
            shift_y: shift[1] as f32,
            ..finish
        }
    }
}

/// How the camera flies through one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// What the settled latents are moved by, for the window to grow out of them.
    pub arrival: Pose,
    /// What the picture of each frame is moved by that is shown with the window.
    pub shown: Vec<Pose>,
}

impl Flight {
    /// The flight through `window` of a video of shape `aspect` whose last settled frame was moved by `before`.
    pub fn new(window: &Window, timeline: &Timeline, before: Pose, aspect: f64) -> Flight {
        // Poses of the view, as seen from that of the last settled frame.
        let mut view = Pose::REST;
        let new = window.shown();
        let views: Vec<Pose> = (new.start.until(new.end))
            .map(|frame| {
                let frame = rate::generated(frame);
                // A frame's values govern the change from the one before; before a take's first there is none.
                if frame > window.take_start {
                    view = view.then(step(timeline, frame, aspect));
                }
                view
            })
            .collect();
        let start = window.continues().then_some(Pose::REST);
        let widest = start
            .into_iter()
            .chain(views.iter().copied())
            .reduce(|a, b| if b.scale < a.scale { b } else { a });
        let widest = widest.unwrap_or(Pose::REST);
        let from_widest = widest.inverse();
        let shown = views.into_iter().map(|view| from_widest.then(view)).collect();
        Flight { arrival: before.then(widest), shown }
    }

    /// No flight through `window`: what it starts from moves by itself.
    pub fn none(window: &Window) -> Flight {
        Flight { arrival: Pose::REST, shown: vec![Pose::REST; window.shows() as usize] }
    }

    /// What the last frame is moved by.
    pub fn leave(&self) -> Pose {
        self.shown.last().copied().unwrap_or(Pose::REST)
    }
}

/// What the camera does from the frame before to this one.
fn step(timeline: &Timeline, frame: GeneratedFrame, aspect: f64) -> Pose {
    let value = |id| f64::from(timeline.value(id, frame));
    let rates = [ParamId::FlyZoom, ParamId::FlyRoll, ParamId::FlyX, ParamId::FlyY].map(value);
    if rates == [1.0, 0.0, 0.0, 0.0] {
        return Pose::REST;
    }
    let seconds = timeline.fps.period().0;
    let [zoom, roll, x, y] = rates;
    Pose {
        scale: zoom.powf(seconds),
        turn: (roll * seconds).to_radians(),
        shift: [x * aspect * seconds, y * seconds],
    }
}

/// How many of `generated`'s pixels a height of the video `picture` is wide.
fn pixels_per_height(generated: Size, picture: Size) -> f64 {
    let cover = |out: u32, own: u32| f64::from(out) / f64::from(own);
    let cover = cover(picture.width, generated.width).max(cover(picture.height, generated.height));
    f64::from(picture.height) / cover
}

/// Latents \[f, c, h, w] of pictures for the video `picture`, moved by `pose`: as pictures, since what a latent says of
/// its place in the picture doesn't move with it. Mirrored beyond the edges, as the finish shows it.
pub fn moved(model: &Model, latents: &Tensor, pose: Pose, picture: Size) -> Result<Tensor> {
    if pose == Pose::REST {
        return Ok(latents.clone());
    }
    let frames = to_frames(&model.decode(latents)?)?;
    let moved: Vec<Frame> = frames.iter().map(|f| moved_frame(f, pose, picture)).collect();
    model.encode(&to_pictures(&moved, latents.device())?)
}

/// A frame's picture for the video `picture`, moved by `pose`; mirrored beyond the edges.
pub fn moved_frame(frame: &Frame, pose: Pose, picture: Size) -> Frame {
    apply(frame, frame.size(), &pose.on(frame.size(), picture))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::{WindowShape, plan};
    use crate::score::exchange::Imported;
    use crate::score::{Overrides, Preset, Show, Span, find, fixture};
    use crate::units::{FrameRate, Seconds};

    const ASPECT: f64 = 16.0 / 9.0;

    fn timeline(rates: &[(ParamId, f32)]) -> Timeline {
        let (fps, span) = (FrameRate::new(12, 1).unwrap(), Span { start: Seconds(0.0), frames: 48 });
        let mut timeline =
            Show::of(find("pulse").unwrap()).play(&fixture(4.0), &Overrides::default(), fps, span).unwrap();
        for &(id, rate) in rates {
            timeline.curves.insert(id, vec![rate; 48]);
        }
        timeline
    }

    fn windows() -> Vec<Window> {
        plan(GeneratedFrame(0)..GeneratedFrame(48), 48, &[], WindowShape::DEFAULT)
    }

    fn near(a: Pose, b: Pose) -> bool {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        close(a.scale, b.scale) && close(a.turn, b.turn) && (0..2).all(|i| close(a.shift[i], b.shift[i]))
    }

    #[test]
    fn poses_undo_and_follow_each_other() {
        let a = Pose { scale: 1.3, turn: 0.4, shift: [0.2, -0.1] };
        let b = Pose { scale: 0.7, turn: -1.1, shift: [-0.3, 0.5] };
        assert!(near(a.then(a.inverse()), Pose::REST) && near(a.inverse().then(a), Pose::REST));
        let x = [0.3, 0.8];
        let [both, after] = [a.then(b).apply(x), b.apply(a.apply(x))];
        assert!((0..2).all(|i| (both[i] - after[i]).abs() < 1e-12));
    }

    /// The way over the screen, through all hand-offs, of what is seen at `point` in the first frame.
    fn way(timeline: &Timeline, point: [f64; 2]) -> Vec<[f64; 2]> {
        let (mut before, mut point, mut way) = (Pose::REST, point, Vec::new());
        for window in windows() {
            let flight = Flight::new(&window, timeline, before, ASPECT);
            point = flight.arrival.apply(point);
            way.extend(flight.shown.iter().map(|pose| pose.apply(point)));
            assert!(flight.shown.iter().all(|pose| pose.scale >= 1.0 - 1e-12), "an edge would show");
            before = flight.leave();
        }
        way
    }

    #[test]
    fn what_is_seen_moves_on_evenly_through_hand_offs() {
        // (rates, where (0.1, 0.05) is after n frames)
        type Place = fn(f64) -> [f64; 2];
        let cases: [(&[(ParamId, f32)], Place); 4] = [
            (&[(ParamId::FlyZoom, 1.5)], |t| [0.1, 0.05].map(|v| v * 1.5f64.powf(t))),
            (&[(ParamId::FlyX, 0.25), (ParamId::FlyY, -0.5)], |t| [0.1 + 0.25 * ASPECT * t, 0.05 - 0.5 * t]),
            (&[(ParamId::FlyRoll, 90.0)], |t| {
                let (sin, cos) = (t * std::f64::consts::FRAC_PI_2).sin_cos();
                [cos * 0.1 - sin * 0.05, sin * 0.1 + cos * 0.05]
            }),
            (&[(ParamId::FlyZoom, 0.8)], |t| [0.1, 0.05].map(|v| v * 0.8f64.powf(t))),
        ];
        for (rates, place) in cases {
            let timeline = timeline(rates);
            for (n, at) in way(&timeline, [0.1, 0.05]).into_iter().enumerate() {
                let exact = place(n as f64 / 12.0);
                assert!((0..2).all(|i| (at[i] - exact[i]).abs() < 1e-6), "{rates:?} {n}: {at:?} {exact:?}");
            }
        }
    }

    #[test]
    fn where_nothing_flies_nothing_is_moved() {
        let mut before = Pose::REST;
        for window in windows() {
            let flight = Flight::new(&window, &timeline(&[]), before, ASPECT);
            assert!(flight.arrival == Pose::REST && flight.shown.iter().all(|p| *p == Pose::REST));
            before = flight.leave();
        }
        let finish = Finish { zoom: 1.7, roll: 3.0, ..Finish::NONE };
        assert_eq!(Pose::REST.before(finish, ASPECT), finish);
    }

    #[test]
    fn a_standing_camera_looks_at_what_has_flown() {
        let flown = Pose { scale: 1.2, turn: 0.1, shift: [0.3, 0.1] };
        let finish = Finish { zoom: 2.0, roll: 30.0, shift_x: 0.1, shift_y: -0.2, ..Finish::NONE };
        let both = flown.before(finish, ASPECT);
        let standing = Pose { scale: 2.0, turn: 30f64.to_radians(), shift: [0.1 * ASPECT, -0.2] };
        let [x, y] = standing.apply(flown.apply([0.2, -0.3]));
        let (sin, cos) = f64::from(both.roll).to_radians().sin_cos();
        let zoom = f64::from(both.zoom);
        let found = [
            zoom * (cos * 0.2 + sin * 0.3) + f64::from(both.shift_x) * ASPECT,
            zoom * (sin * 0.2 - cos * 0.3) + f64::from(both.shift_y),
        ];
        assert!((found[0] - x).abs() < 1e-5 && (found[1] - y).abs() < 1e-5, "{found:?} {x} {y}");
    }

    #[test]
    fn a_video_that_crops_is_measured_in_its_own_heights() {
        let size = |width, height| Size { width, height };
        assert_eq!(pixels_per_height(size(512, 288), size(1280, 720)), 288.0);
        // A square out of a wide picture: its height is all of the picture's.
        assert_eq!(pixels_per_height(size(512, 288), size(720, 720)), 288.0);
        // A wide one out of a square: its height is a part.
        assert_eq!(pixels_per_height(size(256, 256), size(1280, 640)), 128.0);
    }

    /// Deforum's own arithmetic (`tests/fixtures/deforum_motion.py`) and the camera that an import of the same schedules flies:
    /// a marked point is at the same place in every frame.
    #[test]
    fn imported_schedules_move_a_point_as_deforum_does() {
        let file = include_str!("../../tests/fixtures/deforum_motion.json");
        let cases: serde_json::Value = serde_json::from_str(file).unwrap();
        for case in cases["cases"].as_array().unwrap() {
            let settings = case["settings"].to_string();
            let imported = Imported::read("s.txt", settings.as_bytes(), None).unwrap();
            let (preset, notes) = imported.preset("s.txt", None).unwrap();
            assert!(notes.is_empty(), "{settings}: {notes:?}");
            let show = Show::of(Preset::parse("s", &preset).unwrap());
            let span = Span { start: Seconds(0.0), frames: 101 };
            let fps = FrameRate::new(15, 1).unwrap();
            let timeline = show.play(&fixture(8.0), &Overrides::default(), fps, span).unwrap();
            let flights = plan(GeneratedFrame(0)..GeneratedFrame(101), 101, &[], WindowShape::DEFAULT);
            for way in case["ways"].as_array().unwrap() {
                let right = |frame: usize| [0, 1].map(|i| way[frame][i].as_f64().unwrap());
                // The camera counts in heights from the picture's middle. OpenCV's lies half a pixel further, which the import
                // leaves out: at most half a pixel until a picture has become twice as large.
                let mut point = right(0).map(|v| v / 512.0 - 0.5);
                let (mut before, mut seen) = (Pose::REST, Vec::new());
                for window in &flights {
                    let flight = Flight::new(window, &timeline, before, 1.0);
                    point = flight.arrival.apply(point);
                    seen.extend(flight.shown.iter().map(|pose| pose.apply(point)));
                    before = flight.leave();
                }
                assert_eq!(seen.len(), 101);
                for (frame, at) in seen.iter().enumerate() {
                    let [x, y] = at.map(|v| (v + 0.5) * 512.0);
                    let off = (x - right(frame)[0]).hypot(y - right(frame)[1]);
                    assert!(off < 0.02, "{settings}: frame {frame}: {off} pixels off");
                }
            }
        }
    }
}
