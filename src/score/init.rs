//! Sources: what frames start from, named by a preset, a part, a project or the person, like `draw:synthwave` or `clip.mp4`.
//!
//! The nearest name counts: the person's, the part's, the preset's, the project's; [`NONE`] takes it back. What a name means is
//! none of the score's business.

use super::compose::Overrides;
use super::grid::Span;
use super::preset::NONE;
use super::show::{Show, Stretch};
use super::timeline::InitSpan;
use crate::units::{FrameRate, GeneratedFrame, Seconds};

impl Show {
    /// The sources of its looks under `overrides`, as they are written.
    pub fn sources<'a>(&'a self, overrides: &'a Overrides) -> impl Iterator<Item = &'a str> {
        of_looks(self, overrides).into_iter().flatten()
    }
}

/// The source of every look of `show`.
pub(super) fn of_looks<'a>(show: &'a Show, overrides: &'a Overrides) -> Vec<Option<&'a str>> {
    let of = |look: &'a super::show::Look| {
        let named = overrides
            .init
            .as_ref()
            .or(look.init.as_ref())
            .or(look.preset.init.as_ref())
            .or(show.init.as_ref());
        named.map(String::as_str).filter(|init| *init != NONE)
    };
    show.looks.iter().map(of).collect()
}

/// Makes every stretch a take that begins with another source than the one before has: nothing leads from the one to the other.
pub(super) fn cut_where_it_changes(stretches: &mut [Stretch], inits: &[Option<&str>]) {
    let mut before = None;
    for stretch in stretches {
        let init = inits[stretch.look];
        stretch.cut |= before.is_some_and(|before| before != init);
        before = Some(init);
    }
}

/// The sources of `span`; nothing where there are none.
pub(super) fn spans(
    stretches: &[Stretch],
    inits: &[Option<&str>],
    fps: FrameRate,
    span: Span,
) -> Vec<InitSpan> {
    let mut spans: Vec<InitSpan> = Vec::new();
    for stretch in stretches {
        let start = GeneratedFrame(fps.frame_at(Seconds(stretch.start - span.start.0)));
        let init = inits[stretch.look].map(String::from);
        if spans.last().is_some_and(|last| last.start == start) {
            spans.pop();
        }
        if spans.last().is_none_or(|last| last.init != init) {
            spans.push(InitSpan { start, init });
        }
    }
    if spans.iter().all(|span| span.init.is_none()) { Vec::new() } else { spans }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::compose::FROM_SOURCE;
    use crate::score::{Length, ParamId, Part, Place, Preset, Timeline, fixture};

    /// A preset, a part with its own words, and a part that takes the source back, under `overrides`.
    fn play(preset: &str, project: Option<&str>, overrides: Option<&str>) -> Timeline {
        let preset = Preset::parse("test", &format!("{preset}\n[[prompt]]\ntext = \"a\"\n")).unwrap();
        let mut show = Show::of(preset);
        for init in [Some("draw:b"), Some(NONE)] {
            let look = super::super::show::Look { init: init.map(String::from), ..show.looks[0].clone() };
            show.looks.push(look);
        }
        let part = |from, to, look| Part {
            place: Place::Between(Length::Seconds(from), Length::Seconds(to)),
            look,
            ease: Length::Seconds(0.0),
            cut: false,
            follows: false,
        };
        show.parts = vec![part(4.0, 8.0, 1), part(8.0, 12.0, 2)];
        show.init = project.map(String::from);
        let overrides = Overrides { init: overrides.map(String::from), ..Overrides::default() };
        let span = Span { start: Seconds(0.0), frames: 160 };
        show.play(&fixture(16.0), &overrides, FrameRate::new(10, 1).unwrap(), span).unwrap()
    }

    fn at(timeline: &Timeline) -> [Option<&str>; 4] {
        [10, 50, 90, 130].map(|frame| timeline.init_at(GeneratedFrame(frame)))
    }

    #[test]
    fn the_nearest_name_counts_and_none_takes_it_back() {
        let of_preset = play("init = \"draw:a\"", Some("draw:c"), None);
        assert_eq!(at(&of_preset), [Some("draw:a"), Some("draw:b"), None, Some("draw:a")]);
        assert_eq!(
            at(&play("", Some("draw:c"), None)),
            [Some("draw:c"), Some("draw:b"), None, Some("draw:c")]
        );
        assert_eq!(at(&play("init = \"draw:a\"", None, Some("draw:d"))), [Some("draw:d"); 4]);
        assert_eq!(play("init = \"draw:a\"", None, Some(NONE)).inits, []);
    }

    #[test]
    fn another_source_begins_a_take_and_the_same_does_not() {
        let cuts = |timeline: Timeline| timeline.cuts.iter().map(|cut| cut.0).collect::<Vec<_>>();
        assert_eq!(cuts(play("init = \"draw:a\"", None, None)), [40, 80, 120]);
        assert_eq!(cuts(play("init = \"draw:a\"", None, Some("draw:d"))), [0u64; 0]);
    }

    #[test]
    fn what_has_a_source_needs_no_prompt() {
        let drawn = Preset::parse("test", "init = \"draw:a\"\nnegative = \"fog\"\n").unwrap();
        let texts: Vec<_> = drawn.prompts.iter().map(|p| (p.text.as_str(), p.negative.as_str())).collect();
        assert_eq!(texts, [("", "fog")]);
        assert!(Preset::parse("test", "init = \"none\"\n").is_err());
    }

    #[test]
    fn frames_with_a_source_keep_most_of_it_unless_somebody_says_otherwise() {
        let denoise =
            |preset: &str, frame| play(preset, None, None).value(ParamId::Denoise, GeneratedFrame(frame));
        assert_eq!([denoise("init = \"draw:a\"", 10), denoise("init = \"draw:a\"", 90)], [FROM_SOURCE, 1.0]);
        assert_eq!(denoise("init = \"draw:a\"\n[base]\ndenoise = 0", 10), 0.0);
    }
}
