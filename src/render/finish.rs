//! The finish of a frame: what the timeline says of its effects, as the video's finish takes them.

use super::camera::Pose;
use super::job::Job;
use super::rate;
use crate::score::{ParamId, Timeline};
use crate::units::{GeneratedFrame, ShownFrame};
use crate::video::{ColourMatch, Cut, Finish, Grain, Ripple, Tone, Trails, shake_offset};

/// How much larger the picture is where a zoom-cut goes from one take to the next.
const CUT_ZOOM: f32 = 0.6;

/// Over how many seconds colours are averaged before they are led back: a window of a model of twelve frames a second.
const COLOURS_OVER: f64 = 4.0 / 3.0;

/// The finish effects of one frame that has flown to `pose`.
pub fn finish_at(job: &Job, frame: ShownFrame, pose: Pose) -> Finish {
    let timeline = &job.timeline;
    let source = rate::generated(frame);
    let value = |id| timeline.value(id, source);
    let time = timeline.fps.start_of(source);
    let (shake_x, shake_y) = shake_offset(job.settings.seed, time, value(ParamId::Shake));
    let grain = Grain { amount: value(ParamId::Grain), seed: job.settings.seed, frame };
    let cut = Cuts { timeline, frame: source };
    let finish = Finish {
        colour_match: colour_match(timeline, source),
        zoom: value(ParamId::Zoom) * (1.0 + CUT_ZOOM * cut.dive()),
        roll: value(ParamId::Roll),
        shift_x: value(ParamId::PanX) + shake_x,
        shift_y: value(ParamId::PanY) + shake_y,
        exposure: value(ParamId::Exposure),
        flash: 1.0 - (1.0 - value(ParamId::Flash)) * (1.0 - cut.flash()),
        saturation: value(ParamId::Saturation),
        hue: value(ParamId::Hue),
        glow: value(ParamId::Glow),
        grain,
        cut: Cut { dissolve: cut.rest(ParamId::CutDissolve), wipe: cut.rest(ParamId::CutWipe) },
        begins: timeline.cuts.contains(&source),
        kept: cut.keeps(),
        ..over(timeline, source)
    };
    pose.before(finish, job.settings.picture.aspect())
}

/// How colours are held: anew with every take, and where another prompt or source takes over.
fn colour_match(timeline: &Timeline, frame: GeneratedFrame) -> ColourMatch {
    let anew = timeline.settled_since(frame) == frame
        || timeline.cuts.contains(&frame)
        || timeline.init_since(frame) == Some(frame);
    let over = (COLOURS_OVER * timeline.fps.per_second()) as f32;
    ColourMatch { strength: timeline.value(ParamId::ColourMatch, frame), anew, over }
}

/// Those effects of one frame that neither move it nor change its exposure.
fn over(timeline: &Timeline, frame: GeneratedFrame) -> Finish {
    let value = |id| timeline.value(id, frame);
    let time = timeline.fps.start_of(frame).0;
    Finish {
        centre: [value(ParamId::CentreX), value(ParamId::CentreY)],
        kaleidoscope: value(ParamId::Kaleidoscope).round() as u32,
        kaleidoscope_turn: value(ParamId::KaleidoscopeTurn),
        ripple: Ripple::at(time, |ago| before(timeline, frame, ago)),
        displace: value(ParamId::Displace),
        time: time as f32,
        edges: value(ParamId::Edges),
        sharpen: value(ParamId::Sharpen),
        trails: trails(timeline, frame),
        bloom: value(ParamId::Bloom),
        aberration: value(ParamId::Aberration),
        tone: Tone {
            lift: value(ParamId::Lift),
            gamma: value(ParamId::Gamma),
            gain: value(ParamId::Gain),
            temperature: value(ParamId::Temperature),
        },
        // At its default a table is shown: what switches the others off is asked for.
        lut: value(ParamId::Lut) * value(ParamId::Finish),
        posterise: value(ParamId::Posterise),
        vignette: value(ParamId::Vignette),
        scanlines: value(ParamId::Scanlines),
        letterbox: value(ParamId::Letterbox),
        ..Finish::NONE
    }
}

/// How strong a ring was born `ago` seconds before `frame`; before the track there was none.
fn before(timeline: &Timeline, frame: GeneratedFrame, ago: f32) -> f32 {
    let frames = f64::from(ago) * timeline.fps.per_second();
    let value = |back: u64| match frame.0.checked_sub(back) {
        Some(frame) => timeline.value(ParamId::Ripple, GeneratedFrame(frame)),
        None => 0.0,
    };
    let share = frames.fract() as f32;
    value(frames as u64) * (1.0 - share) + value(frames as u64 + 1) * share
}

/// What the rates a second are for one frame.
fn trails(timeline: &Timeline, frame: GeneratedFrame) -> Trails {
    let value = |id| f64::from(timeline.value(id, frame));
    let (period, fade) = (timeline.fps.period().0, value(ParamId::Trails));
    if fade <= 0.0 {
        return Trails::NONE;
    }
    Trails {
        keep: 0.1f64.powf(period / fade) as f32,
        zoom: value(ParamId::TrailsZoom).powf(period) as f32,
        turn: (value(ParamId::TrailsTurn) * period) as f32,
    }
}

/// The cuts as one frame sees them.
struct Cuts<'a> {
    timeline: &'a Timeline,
    frame: GeneratedFrame,
}

impl Cuts<'_> {
    /// How much of a transition is still to come, from 1 at the cut to 0: `id` says how many seconds it takes.
    fn left(&self, id: ParamId, frames: f64, cut: GeneratedFrame) -> f32 {
        let length = f64::from(self.timeline.value(id, cut)) * self.timeline.fps.per_second();
        if length > 0.0 { (1.0 - frames / length).max(0.0) as f32 } else { 0.0 }
    }

    /// The last cut, this frame or one before it.
    fn last(&self) -> Option<GeneratedFrame> {
        let cuts = &self.timeline.cuts;
        cuts[..cuts.partition_point(|cut| *cut <= self.frame)].last().copied()
    }

    /// The first cut behind this frame.
    fn next(&self) -> Option<GeneratedFrame> {
        let cuts = &self.timeline.cuts;
        cuts[cuts.partition_point(|cut| *cut <= self.frame)..].first().copied()
    }

    fn flash(&self) -> f32 {
        self.last().map_or(0.0, |cut| self.left(ParamId::CutFlash, (self.frame - cut) as f64, cut))
    }

    /// How much of the take before is shown. The cut's own frame shows something of the new one.
    fn rest(&self, id: ParamId) -> f32 {
        self.last().map_or(0.0, |cut| self.left(id, (self.frame - cut) as f64 + 1.0, cut))
    }

    /// How deep a zoom-cut has dived: all of it at the cut, fast near it.
    fn dive(&self) -> f32 {
        let out = self.last().map(|cut| self.left(ParamId::CutZoom, (self.frame - cut) as f64, cut));
        let into = self.next().map(|cut| self.left(ParamId::CutZoom, (cut - self.frame) as f64, cut));
        let deepest = out.into_iter().chain(into).fold(0.0, f32::max);
        deepest * deepest
    }

    /// Whether the next frame asks for this one: trails in a take, a transition between two.
    fn keeps(&self) -> bool {
        let next = self.frame + 1;
        let asks = |id| self.timeline.value(id, next) > 0.0;
        match self.next() == Some(next) {
            true => asks(ParamId::CutDissolve) || asks(ParamId::CutWipe),
            false => asks(ParamId::Trails),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::flying_job;

    /// A job of 48 frames, 12 a second, with a cut at 30.
    fn job(values: &[(ParamId, f32)]) -> Job {
        let mut job = flying_job(4, 0, 48);
        for id in [ParamId::Zoom, ParamId::Flash, ParamId::FlyZoom] {
            job.timeline.curves.insert(id, vec![id.param().default as f32; 48]);
        }
        for (id, value) in values {
            job.timeline.curves.insert(*id, vec![*value; 48]);
        }
        job
    }

    fn of<T>(job: &Job, part: std::ops::Range<u64>, f: impl Fn(Finish) -> T) -> Vec<T> {
        part.map(|frame| f(finish_at(job, ShownFrame(frame), Pose::REST))).collect()
    }

    #[test]
    fn a_dissolve_and_a_flash_take_their_time_behind_the_cut() {
        // Half a second is six frames.
        let job = job(&[(ParamId::CutDissolve, 0.5), (ParamId::CutFlash, 0.25)]);
        let sixths = of(&job, 28..37, |f| (6.0 * f.cut.dissolve).round());
        assert_eq!(sixths, [0.0, 0.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0]);
        assert_eq!(of(&job, 29..34, |f| (3.0 * f.flash).round()), [0.0, 3.0, 2.0, 1.0, 0.0]);
        assert_eq!(
            of(&job, 28..32, |f| (f.kept, f.begins)),
            [(false, false), (true, false), (false, true), (false, false)]
        );
    }

    #[test]
    fn a_zoom_cut_dives_in_before_the_cut_and_comes_out_behind_it() {
        let job = job(&[(ParamId::CutZoom, 0.5)]);
        let dived = of(&job, 23..38, |f| ((f.zoom - 1.0) / CUT_ZOOM * 36.0).round());
        assert_eq!(dived, [0.0, 0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 25.0, 16.0, 9.0, 4.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn trails_fade_to_a_tenth_in_their_time_at_any_frame_rate() {
        let job = job(&[(ParamId::Trails, 1.5), (ParamId::TrailsZoom, 2.0), (ParamId::TrailsTurn, 90.0)]);
        let trails = of(&job, 5..6, |f| f.trails)[0];
        assert!((trails.keep.powi(18) - 0.1).abs() < 1e-5 && (trails.zoom.powi(12) - 2.0).abs() < 1e-5);
        assert!((trails.turn - 7.5).abs() < 1e-5);
        // What the next take begins with is nobody's business, and the last frame's value goes on.
        assert_eq!(of(&job, 28..31, |f| f.kept), [true, false, true]);
    }

    #[test]
    fn rings_remember_the_curve_of_hits() {
        let mut job = job(&[]);
        let mut hits = vec![0.0; 48];
        hits[10] = 1.0;
        job.timeline.curves.insert(ParamId::Ripple, hits);
        let seen = |ago: f32, frame| before(&job.timeline, GeneratedFrame(frame), ago);
        assert_eq!((seen(0.0, 10), seen(0.5, 16), seen(0.0, 16)), (1.0, 1.0, 0.0));
        assert!((seen(0.125, 11) - 0.5).abs() < 1e-6 && seen(1.0, 10) == 0.0);
        assert_eq!(of(&job, 9..12, |f| f.ripple == Ripple::NONE), [true, false, false]);
    }

    /// At their defaults effects are neutral, and so they are where the finish is off.
    #[test]
    fn defaults_change_nothing_and_without_the_finish_there_is_no_table() {
        let none = Finish { time: 0.0, ..over(&job(&[]).timeline, GeneratedFrame(7)) };
        assert_eq!(none, Finish::NONE);
        let off = job(&[(ParamId::Finish, 0.0)]);
        assert_eq!(over(&off.timeline, GeneratedFrame(7)).lut, 0.0);
    }
}
