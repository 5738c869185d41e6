//! Camera moves as Deforum plays them in 2D, and beatbolt's.
//!
//! Deforum makes every frame of the one before (`cv2.getRotationMatrix2D` about the picture's middle, behind a translation):
//! with z the zoom, a the angle against the clock and t the translation in pixels, y downwards,
//! p ↦ z · R(−a) · (p + t). Values are speeds by the frame: one that stands still keeps moving.
//!
//! In beatbolt a camera flies, at so much a second, and stands, in the finish: V_i = S_i ∘ F_i ∘ … ∘ F_1. So Deforum plays
//! M_i = V_i ∘ V_{i−1}⁻¹ = S_i ∘ F_i ∘ S_{i−1}⁻¹, which brings back what comes back. Points are complex numbers of pixels, x to
//! the right and y downwards, from the picture's middle; OpenCV's middle lies half a pixel further, which is left out.

use crate::score::param_table::ParamId;
use crate::units::{FrameRate, Size};

/// What Deforum plays in 2D: its schedules, and Parseq's fields.
pub const MOTION: [&str; 4] = ["zoom", "angle", "translation_x", "translation_y"];
/// What Deforum plays of a Parseq document.
pub const DELTAS: [&str; 4] = ["zoom_delta", "angle_delta", "translation_x_delta", "translation_y_delta"];
/// Side of a picture where a file doesn't say it: Deforum's own.
pub const SIDE: u32 = 512;

/// What moves the picture.
pub const MOVES: [ParamId; 8] = [
    ParamId::Zoom,
    ParamId::Roll,
    ParamId::PanX,
    ParamId::PanY,
    ParamId::FlyZoom,
    ParamId::FlyRoll,
    ParamId::FlyX,
    ParamId::FlyY,
];

/// One frame of Deforum's motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warp {
    /// Times.
    pub zoom: f64,
    /// Degrees against the clock.
    pub angle: f64,
    /// Pixels to the right and down.
    pub translation: [f64; 2],
}

/// p ↦ scale · p + shift, complex: a positive argument turns with the clock.
#[derive(Clone, Copy)]
struct Similarity {
    scale: [f64; 2],
    shift: [f64; 2],
}

impl Similarity {
    fn new(zoom: f64, clockwise: f64, shift: [f64; 2]) -> Self {
        let (sin, cos) = clockwise.to_radians().sin_cos();
        Similarity { scale: [zoom * cos, zoom * sin], shift }
    }

    fn then(self, next: Self) -> Self {
        let moved = times(next.scale, self.shift);
        let shift = [moved[0] + next.shift[0], moved[1] + next.shift[1]];
        Similarity { scale: times(next.scale, self.scale), shift }
    }

    fn inverse(self) -> Self {
        let scale = over(self.scale);
        let shift = times(scale, self.shift);
        Similarity { scale, shift: [-shift[0], -shift[1]] }
    }

    fn warp(self) -> Warp {
        let [x, y] = self.scale;
        let translation = times(over(self.scale), self.shift);
        Warp { zoom: x.hypot(y), angle: -y.atan2(x).to_degrees(), translation }
    }
}

fn times(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

fn over(a: [f64; 2]) -> [f64; 2] {
    let square = a[0] * a[0] + a[1] * a[1];
    [a[0] / square, -a[1] / square]
}

/// Where the camera stands and how it flies, for pictures of `size`: `value` gives a parameter's value in a frame.
pub fn warps(value: impl Fn(ParamId, usize) -> f64, frames: usize, fps: FrameRate, size: Size) -> Vec<Warp> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let pose = |[zoom, roll, x, y]: [ParamId; 4], i, part: f64| {
        let [zoom, roll, x, y] = [zoom, roll, x, y].map(|id| value(id, i));
        Similarity::new(zoom.powf(part), roll * part, [x * width * part, y * height * part])
    };
    let [zoom, roll, x, y, fly_zoom, fly_roll, fly_x, fly_y] = MOVES;
    let stands = |i| pose([zoom, roll, x, y], i, 1.0);
    let flies = |i| pose([fly_zoom, fly_roll, fly_x, fly_y], i, fps.period().0);
    let warp = |i: usize| {
        // The first frame is made of none; it goes on as if it had stood there before.
        let before: Similarity = stands(i.saturating_sub(1));
        before.inverse().then(flies(i)).then(stands(i)).warp()
    };
    (0..frames).map(warp).collect()
}

/// A size that Deforum takes, in the shape of `picture`: sides of 512 to 1536 pixels, in steps of 64.
pub fn deforum_size(picture: Size) -> Size {
    let sides = || (512..=1536_u32).step_by(64);
    let all = sides().flat_map(|width| sides().map(move |height| Size { width, height }));
    let off = |size: &Size| (size.aspect() / picture.aspect()).ln().abs();
    let best = all.min_by(|a, b| off(a).total_cmp(&off(b)).then(a.pixels().cmp(&b.pixels())));
    best.unwrap_or(Size { width: SIDE, height: SIDE })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 512, height: 256 };

    fn fps() -> FrameRate {
        FrameRate::new(10, 1).unwrap()
    }

    /// Parameters that stand at these values, whatever the frame.
    fn value(set: &[(ParamId, f64)]) -> impl Fn(ParamId, usize) -> f64 {
        move |id, _| set.iter().find(|s| s.0 == id).map_or(id.param().default, |s| s.1)
    }

    #[test]
    fn a_camera_that_stands_still_moves_nothing_wherever_it_stands() {
        let set = [(ParamId::Zoom, 1.7), (ParamId::Roll, 33.0), (ParamId::PanX, 0.2)];
        for warp in warps(value(&set), 5, fps(), SIZE) {
            assert!((warp.zoom - 1.0).abs() < 1e-12 && warp.angle.abs() < 1e-9, "{warp:?}");
            assert!(warp.translation.iter().all(|t| t.abs() < 1e-9), "{warp:?}");
        }
    }

    #[test]
    fn speeds_are_counted_by_the_frame_against_the_clock_and_in_pixels() {
        assert!((warps(value(&[(ParamId::FlyRoll, 30.0)]), 3, fps(), SIZE)[2].angle + 3.0).abs() < 1e-9);
        let set = [(ParamId::FlyZoom, 1.5), (ParamId::FlyX, 0.5), (ParamId::FlyY, -0.25)];
        let warp = warps(value(&set), 3, fps(), SIZE)[2];
        let zoom = 1.5_f64.powf(0.1);
        assert!((warp.zoom - zoom).abs() < 1e-12);
        // Deforum moves first and enlarges then.
        assert!((warp.translation[0] * zoom - 25.6).abs() < 1e-9, "{warp:?}");
        assert!((warp.translation[1] * zoom + 6.4).abs() < 1e-9, "{warp:?}");
    }

    #[test]
    fn sizes_keep_the_shape() {
        let size = |text: &str| deforum_size(text.parse().unwrap()).to_string();
        assert_eq!(size("1280x720"), "1024x576");
        assert_eq!(size("720x720"), "512x512");
        assert_eq!(size("1080x1920"), "576x1024");
        assert_eq!(size("640x480"), "768x576");
    }
}
