//! Cuts, where takes start: on what the looks or the project say, and where a part or the project cuts in any case.

use super::clock::Clock;
use super::grid::Span;
use super::preset::{CutOn, Cuts};
use super::show::{Show, Stretch};
use crate::audio::Analysis;
use crate::units::{FrameRate, GeneratedFrame, Seconds};

/// A moment at which a take may start.
struct Moment {
    at: f64,
    /// Frames that must lie between it and the start of the take before; none: it is a cut in any case.
    least: Option<f64>,
}

/// The frames of `span` that start a new take, ascending, without 0.
pub(super) fn frames(
    show: &Show,
    stretches: &[Stretch],
    analysis: &Analysis,
    fps: FrameRate,
    span: Span,
) -> Vec<GeneratedFrame> {
    let clock = Clock::new(analysis);
    let frame = |m: &Moment| GeneratedFrame(fps.frame_at(Seconds(m.at - span.start.0)));
    let mut moments = moments(show, stretches, analysis, &clock, fps);
    moments.retain(|m| {
        m.at > span.start.0 && (GeneratedFrame(1)..GeneratedFrame(span.frames)).contains(&frame(m))
    });
    moments.sort_by(|a, b| a.at.total_cmp(&b.at));
    let fixed: Vec<GeneratedFrame> = moments.iter().filter(|m| m.least.is_none()).map(frame).collect();
    let mut frames: Vec<GeneratedFrame> = Vec::new();
    for moment in &moments {
        let now = frame(moment);
        let last = frames.last().copied().unwrap_or_default();
        let next = fixed.iter().copied().find(|f| *f > now);
        let apart =
            |least: f64| (now - last) as f64 >= least && next.is_none_or(|next| (next - now) as f64 >= least);
        if now > last && moment.least.is_none_or(apart) {
            frames.push(now);
        }
    }
    frames
}

fn moments(
    show: &Show,
    stretches: &[Stretch],
    analysis: &Analysis,
    clock: &Clock,
    fps: FrameRate,
) -> Vec<Moment> {
    let fixed = |at: f64| Moment { at, least: None };
    let mut all: Vec<Moment> = stretches.iter().filter(|s| s.cut).map(|s| fixed(s.start)).collect();
    all.extend(show.cut_at.iter().map(|place| fixed(clock.place(*place).0)));
    let kept = |cuts: Cuts, from: f64, to: f64| {
        let least = clock.duration(cuts.min).0 * fps.per_second() - 1e-6;
        let times = times(cuts.on, analysis, clock).into_iter().filter(move |t| (from..to).contains(&t.0));
        times.map(move |t| Moment { at: t.0, least: Some(least) })
    };
    match show.cuts {
        Some(cuts) => all.extend(kept(cuts, 0.0, f64::INFINITY)),
        None => {
            let ends = stretches.iter().skip(1).map(|s| s.start).chain([f64::INFINITY]);
            for (stretch, end) in stretches.iter().zip(ends) {
                all.extend(kept(show.looks[stretch.look].preset.cuts, stretch.start, end));
            }
        }
    }
    all
}

fn times(on: CutOn, analysis: &Analysis, clock: &Clock) -> Vec<Seconds> {
    match on {
        CutOn::Never => Vec::new(),
        CutOn::Section => analysis.sections.iter().map(|s| s.start).collect(),
        CutOn::Bars(n) => clock.bars().iter().step_by(n).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Length, Overrides, Part, Place, Preset, fixture};

    fn cuts(show: &Show) -> Vec<u64> {
        let (fps, span) = (FrameRate::new(10, 1).unwrap(), Span { start: Seconds(0.0), frames: 160 });
        show.play(&fixture(16.0), &Overrides::default(), fps, span)
            .unwrap()
            .cuts
            .into_iter()
            .map(u64::from)
            .collect()
    }

    fn preset(cuts: &str) -> Preset {
        Preset::parse("test", &format!("[[prompt]]\ntext = \"x\"\n{cuts}")).unwrap()
    }

    /// The fixture's sections are 4 s, its bars 2 s long.
    #[test]
    fn each_look_cuts_in_its_own_stretches_and_parts_and_places_cut_in_any_case() {
        let mut show = Show::of(preset("[cuts]\non = \"section\""));
        show.looks.extend(Show::of(preset("[cuts]\non = \"bars:1\"")).looks);
        assert_eq!(cuts(&show), [40, 80, 120]);
        let place = Place::Between(Length::Seconds(5.0), Length::Seconds(9.0));
        show.parts = vec![Part { place, look: 1, ease: Length::Seconds(0.0), cut: false, follows: false }];
        assert_eq!(cuts(&show), [40, 60, 80, 120]);
        show.parts[0].cut = true;
        // 5 s is a cut now; 4 s lies too near before it, and 6 s too near behind.
        assert_eq!(cuts(&show), [50, 80, 120]);
        show.cut_at = vec![Length::Bars(7.0)];
        assert_eq!(cuts(&show), [50, 80, 120, 140]);
        show.cuts = Some(Cuts { on: CutOn::Never, min: Length::Seconds(0.0) });
        assert_eq!(cuts(&show), [50, 140]);
    }
}
