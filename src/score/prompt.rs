//! Which prompt holds in which frame.
//!
//! The last prompt in the file that applies wins: one without a place applies everywhere, one with a section
//! wherever that label recurs, one with a time from there to the end. Where none applies, the one before goes on.

use super::clock::Clock;
use super::grid::Span;
use super::preset::{Place, Prompt};
use super::timeline::PromptSpan;
use crate::audio::{Analysis, Section};
use crate::units::{FrameIndex, FrameRate, Seconds};

/// The spans of `prompts` in the frames of `span`; from frame 0, without gaps, no two neighbours alike.
pub(super) fn spans(prompts: &[Prompt], analysis: &Analysis, fps: FrameRate, span: Span) -> Vec<PromptSpan> {
    let clock = Clock::new(analysis);
    let first_frame = |t: Seconds| fps.frame_at(Seconds(t.0 - span.start.0));
    let mut starts: Vec<FrameIndex> = vec![0];
    starts.extend(analysis.sections.iter().map(|s| first_frame(s.start)));
    starts.extend(prompts.iter().filter_map(|p| match p.place {
        Place::From(from) => Some(first_frame(clock.place(from))),
        _ => None,
    }));
    starts.retain(|f| *f < span.frames);
    starts.sort_unstable();
    starts.dedup();

    let mut spans: Vec<PromptSpan> = Vec::new();
    for start in starts {
        let section = analysis.sections.iter().rev().find(|s| first_frame(s.start) <= start);
        let applies = |p: &&Prompt| match &p.place {
            Place::Everywhere => true,
            Place::Section(label) => section.is_some_and(|s: &Section| s.label == *label),
            Place::From(from) => first_frame(clock.place(*from)) <= start,
        };
        let found = prompts.iter().rev().find(applies);
        // At the start there is none before, so the file's first prompt serves.
        let Some(p) = found.or(if spans.is_empty() { prompts.first() } else { None }) else {
            continue;
        };
        if spans.last().is_none_or(|s| s.prompt != p.text || s.negative != p.negative) {
            spans.push(PromptSpan { start, prompt: p.text.clone(), negative: p.negative.clone() });
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::clock::Length;
    use crate::score::fixture;

    fn prompt(text: &str, place: Place) -> Prompt {
        Prompt { text: text.to_owned(), negative: String::new(), place }
    }

    /// The fixture's sections are A, B, A, B, ... of 4 s, its bars 2 s long.
    fn played(prompts: &[Prompt], start: f64) -> Vec<(FrameIndex, String)> {
        let fps = FrameRate::new(10, 1).unwrap();
        let span = Span { start: Seconds(start), frames: 120 };
        let spans = spans(prompts, &fixture(16.0), fps, span);
        spans.into_iter().map(|s| (s.start, s.prompt)).collect()
    }

    fn expect(list: &[(FrameIndex, &str)]) -> Vec<(FrameIndex, String)> {
        list.iter().map(|(f, t)| (*f, (*t).to_owned())).collect()
    }

    #[test]
    fn one_prompt_is_one_span() {
        assert_eq!(played(&[prompt("x", Place::Everywhere)], 0.0), expect(&[(0, "x")]));
    }

    #[test]
    fn sections_recur_and_times_count_in_bars() {
        let list = [
            prompt("x", Place::Everywhere),
            prompt("b", Place::Section("B".into())),
            prompt("late", Place::From(Length::Bars(5.0))),
        ];
        assert_eq!(played(&list, 0.0), expect(&[(0, "x"), (40, "b"), (80, "x"), (100, "late")]));
        assert_eq!(played(&list, 5.0), expect(&[(0, "b"), (30, "x"), (50, "late")]));
    }

    #[test]
    fn where_none_applies_the_one_before_goes_on() {
        let list = [prompt("b", Place::Section("B".into())), prompt("z", Place::Section("Z".into()))];
        assert_eq!(played(&list, 0.0), expect(&[(0, "b")]));
    }
}
