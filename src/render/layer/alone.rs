//! Layers alone, white on black, as control pictures.

use super::now::Now;
use super::playing;
use crate::score::{Layer, LayerKind, Material};
use crate::units::Size;
use crate::video::{Frame, Ink, Mask, Mix, paint};

/// A moment of the track as a picture.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Index of the frame.
    pub frame: u64,
    /// The time that it shows: its middle, in seconds.
    pub time: f64,
    /// Seconds that a frame is shown.
    pub period: f64,
    /// The picture's size.
    pub size: Size,
    /// What all chance depends on.
    pub seed: u64,
}

const WHITE: Ink = Ink { color: [255; 3], mix: Mix::Normal, opacity: 1.0 };

/// A layer of this kind, as large and where it usually is.
pub fn alone(kind: LayerKind, material: &Material, moment: Moment) -> Frame {
    let Moment { frame, time, period, size: picture, seed } = moment;
    let layer = Layer::usual("", kind);
    let (width, height) = (picture.width as f32, picture.height as f32);
    let at = (layer.at.0 * width, layer.at.1 * height);
    let now =
        Now { frame, time, period, picture, at, size: layer.size * height, ink: WHITE, sung: [255; 3], seed };
    let mut drawn = Frame::black(picture);
    playing::draw(&mut drawn, kind, material, now);
    drawn
}

/// Of the picture, how large the frame of a corridor is that is one beat away; and how near one comes before it is out of sight.
const NEAR: f32 = 0.9;
const OUT: f32 = 0.3;
/// Beats that are seen ahead.
const AHEAD: i64 = 16;
/// Beats of a bar, and seconds of a beat, where none are heard.
const METER: i64 = 4;
const PACE: f64 = 0.5;

/// A corridor that is flown through at the bar's pace: the frame of beat n is 1/(n - b + 0.3) as large, b being how many beats have gone
/// by; those of bars are bolder. Where no beats are heard, one comes every half second.
pub fn tunnel(material: &Material, moment: Moment) -> Frame {
    let mut mask = Mask::new(moment.size);
    let gone = gone(&material.beats, moment.time);
    let (width, height) = (moment.size.width as f32, moment.size.height as f32);
    let line = (0.006 * height).max(1.5);
    let corners = |z: f32| {
        let (x, y) = (NEAR * width / 2.0 / z, NEAR * height / 2.0 / z);
        [(-x, -y), (x, -y), (x, y), (-x, y)].map(|(x, y)| (width / 2.0 + x, height / 2.0 + y))
    };
    let first = gone.ceil() as i64;
    for n in first..first + AHEAD {
        let z = (n as f64 - gone) as f32 + OUT;
        let [a, b, c, d] = corners(z);
        let bold = if begins_a_bar(material, n) { 2.5 } else { 1.0 };
        mask.stroke(&[a, b, c, d, a], (line * bold / z.max(0.5)).max(1.0), 1.0);
    }
    for (far, near) in corners(AHEAD as f32).into_iter().zip(corners(OUT)) {
        mask.stroke(&[far, near], line, 1.0);
    }
    let mut drawn = Frame::black(moment.size);
    paint(&mut drawn, &mask, (0, 0), WHITE);
    drawn
}

/// How many beats have gone by at a time, evenly from each to the next; before the first and behind the last at the pace that is there.
fn gone(beats: &[f64], time: f64) -> f64 {
    let next = beats.partition_point(|beat| *beat <= time);
    let (from, to) = match (beats.len(), next) {
        (0 | 1, _) => return (time - beats.first().unwrap_or(&0.0)) / PACE,
        (_, 0) => (0, 1),
        (n, next) if next == n => (n - 2, n - 1),
        (_, next) => (next - 1, next),
    };
    let length = (beats[to] - beats[from]).max(1e-3);
    from as f64 + (time - beats[from]) / length
}

/// Whether a bar begins with beat `n`; behind the last one that was heard, and before the first, bars go on as usual.
fn begins_a_bar(material: &Material, n: i64) -> bool {
    let beat = usize::try_from(n).ok().and_then(|n| material.beats.get(n));
    match beat {
        Some(time) => material.bars.iter().any(|bar| (bar - time).abs() < 1e-6),
        None => n.rem_euclid(METER) == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Hits;

    const SIZE: Size = Size { width: 96, height: 64 };

    fn material() -> Material {
        let beats: Vec<f64> = (0..16).map(|i| 0.5 * f64::from(i)).collect();
        let bars = beats.iter().copied().step_by(4).collect();
        let hits = [vec![(1.0, 1.0)], Vec::new(), Vec::new(), Vec::new()];
        Material { beats, bars, hits, ..Material::default() }
    }

    fn moment(time: f64) -> Moment {
        Moment { frame: (time * 12.0) as u64, time, period: 1.0 / 12.0, size: SIZE, seed: 1 }
    }

    fn light(frame: &Frame) -> u64 {
        frame.rgb().iter().map(|v| u64::from(*v)).sum()
    }

    #[test]
    fn beats_go_by_evenly_and_on_beyond_those_that_were_heard() {
        let beats = [1.0, 2.0, 4.0];
        let found = [0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0].map(|t| gone(&beats, t));
        assert_eq!(found, [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0]);
        assert_eq!(gone(&[], 2.0), 4.0);
    }

    /// The frame of the next beat is as large as the formula says, and a beat later everything is where it was, but for bars.
    #[test]
    fn a_tunnel_comes_a_frame_nearer_with_every_beat() {
        let material = material();
        let at = |time: f64| tunnel(&material, moment(time));
        assert!(at(1.1) == at(1.1) && at(1.1) != at(1.3));
        // At a beat and a quarter beat away from the one after the next: z = 1.05.
        let seen = at(1.625);
        let z = 0.75 + f64::from(OUT);
        let x = (96.0 / 2.0 - f64::from(NEAR) * 96.0 / 2.0 / z) as usize;
        let lit = |x: usize| seen.rgb()[3 * (96 * 32 + x)];
        assert!((x.saturating_sub(1)..=x + 1).any(|x| lit(x) > 100), "{x}");
        // Whole bars apart the pictures are the same.
        assert!(at(0.3) == at(2.3));
        assert!(at(0.3) != at(0.8));
    }

    #[test]
    fn layers_stand_alone_on_black() {
        let material = material();
        for kind in [LayerKind::Rings, LayerKind::Particles(Hits::Kick)] {
            let [before, after] = [-0.5, 1.1].map(|time| alone(kind, &material, moment(time)));
            assert_eq!(light(&before), 0, "{kind:?}");
            assert!(
                light(&after) > 0 && after.rgb().chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]),
                "{kind:?}"
            );
        }
    }
}
