//! Prompt spans: which prompt holds in which frame, and how one becomes the next.
//!
//! Prompts of a project are laid over those of its looks; of each, the last one in the file that applies wins: one
//! without a place applies everywhere, one with a section wherever that label recurs, one with a time from there to the
//! end. Where none applies, the one before goes on.
//! A prompt with an `ease` is travelled to: with x the share of that length since the prompt began, 3x² − 2x³ of it
//! holds. What comes next cuts the way short, so that every travel arrives. All is worked out on the track's own time, so
//! that a part of a video has the same prompts as the whole.

use super::clock::Clock;
use super::grid::Span;
use super::preset::Prompt;
use super::shape::Curve;
use super::show::Stretch;
use super::timeline::{Blend, PromptSpan, Travel};
use super::words::{Words, braced, fill};
use crate::audio::Analysis;
use crate::units::{FrameRate, GeneratedFrame, Seconds};
use std::collections::{BTreeMap, BTreeSet};

/// The prompts of a look.
#[derive(Clone, Debug)]
pub(super) struct Sheet<'a> {
    /// As in the file.
    pub list: Vec<Prompt>,
    /// What words in braces stand for.
    pub words: &'a BTreeMap<String, Words>,
    /// How prompts are blended on the way.
    pub blend: Blend,
}

/// All prompts of a video.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prompts<'a> {
    /// Those of every look; none of them is empty.
    pub sheets: &'a [Sheet<'a>],
    /// Which look holds when; from 0 on.
    pub stretches: &'a [Stretch],
    /// Those that hold before any look's.
    pub over: &'a Sheet<'a>,
}

/// A change of what is asked for, at a time in the track.
struct Change {
    at: f64,
    prompt: String,
    negative: String,
    /// How long the way there may take, in seconds.
    ease: f64,
    blend: Blend,
}

impl Prompts<'_> {
    /// The spans in the frames of `span`; from frame 0, without gaps, no two neighbours alike.
    pub fn spans(&self, analysis: &Analysis, fps: FrameRate, span: Span) -> Vec<PromptSpan> {
        let first_frame = |t: f64| GeneratedFrame(fps.frame_at(Seconds(t - span.start.0)));
        let end = span.start.0 + fps.start_of(span.frames).0;
        let changes = self.changes(analysis, end);
        let mut spans: Vec<PromptSpan> = Vec::new();
        for (i, change) in changes.iter().enumerate() {
            let start = first_frame(change.at);
            if start.0 >= span.frames {
                break;
            }
            // Of several in one frame the last one holds.
            while spans.last().is_some_and(|s| s.start >= start) {
                spans.pop();
            }
            let until = changes.get(i + 1).map_or(f64::INFINITY, |next| next.at - change.at);
            let ease = change.ease.min(until);
            let travel = i.checked_sub(1).map(|before| Travel {
                prompt: changes[before].prompt.clone(),
                negative: changes[before].negative.clone(),
                blend: change.blend,
                mixes: mixes(change.at, ease, start, fps, span),
            });
            spans.push(PromptSpan {
                start,
                prompt: change.prompt.clone(),
                negative: change.negative.clone(),
                travel: travel.filter(|t| !t.mixes.is_empty()),
            });
        }
        spans.dedup_by(|b, a| {
            b.travel.is_none() && a.travel.is_none() && a.prompt == b.prompt && a.negative == b.negative
        });
        spans
    }

    /// Every change from the track's start to `end`, no two neighbours alike, the first one at 0.
    fn changes(&self, analysis: &Analysis, end: f64) -> Vec<Change> {
        let clock = Clock::new(analysis);
        let mut found: Vec<Change> = Vec::new();
        // In which stretch a look's own prompt was shown last, and in which anything was.
        let (mut own, mut shown) = (None, None);
        for t in self.times(analysis, &clock, end) {
            let label = analysis.section_at(t).map(|s| s.label.as_str());
            let Some(stretch) = self.stretches.iter().rposition(|s| s.start <= t) else { continue };
            let sheet = &self.sheets[self.stretches[stretch].look];
            let last = |list: &'_ [Prompt]| list.iter().rposition(|p| p.place.holds(&clock, label, t));
            // Where a look begins there is none before, so its first prompt serves.
            let first = (own != Some(stretch)).then_some(0);
            let (sheet, p) = match (last(&self.over.list), last(&sheet.list).or(first)) {
                (Some(i), _) => (self.over, &self.over.list[i]),
                (None, Some(i)) => {
                    own = Some(stretch);
                    (sheet, &sheet.list[i])
                }
                (None, None) => continue,
            };
            let ease = clock.duration(p.ease).0;
            let ease = if shown == Some(stretch) { ease } else { ease.max(self.stretches[stretch].ease) };
            shown = Some(stretch);
            let word = |name: &str| match sheet.words.get(name) {
                Some(words) => words.at(&clock, Seconds(t), label.unwrap_or_default()),
                None => label.unwrap_or_default(),
            };
            let (prompt, negative) = (fill(&p.text, word), fill(&p.negative, word));
            if found.last().is_none_or(|c| c.prompt != prompt || c.negative != negative) {
                found.push(Change { at: t, prompt, negative, ease, blend: sheet.blend });
            }
        }
        found
    }

    /// When anything may change: from 0 to `end`, ascending.
    fn times(&self, analysis: &Analysis, clock: &Clock, end: f64) -> Vec<f64> {
        let mut times = vec![0.0];
        times.extend(analysis.sections.iter().map(|s| s.start.0));
        times.extend(self.stretches.iter().map(|s| s.start));
        for sheet in self.sheets.iter().chain([self.over]) {
            times.extend(sheet.list.iter().flat_map(|p| p.place.edges(clock)));
            let texts = sheet.list.iter().flat_map(|p| braced(&p.text).chain(braced(&p.negative)));
            let used: BTreeSet<&str> = texts.map(|b| b.1).collect();
            for words in used.into_iter().filter_map(|name| sheet.words.get(name)) {
                if let Words::InTurn(every, _) = words {
                    let (first, last) =
                        (clock.turns(*every, Seconds(0.0)), clock.turns(*every, Seconds(end)));
                    let turns = (first.ceil() as i64..=last.floor() as i64).take(Span::MAX_FRAMES as usize);
                    times.extend(turns.map(|turn| clock.turn(*every, turn as f64).0));
                }
            }
        }
        times.retain(|t| (0.0..end).contains(t));
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }
}

/// How much of what began at `at` holds in the middle of each frame from `start` on, until all of it does.
fn mixes(at: f64, ease: f64, start: GeneratedFrame, fps: FrameRate, span: Span) -> Vec<f32> {
    (start.0..span.frames)
        .map(|f| (span.middle_of(f, fps) - at) / ease)
        .take_while(|x| *x < 1.0)
        .map(|x| Curve::Smooth.at(x as f32))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::clock::Length;
    use crate::score::fixture;
    use crate::score::preset::Place;

    fn prompt(text: &str, place: Place) -> Prompt {
        Prompt { text: text.to_owned(), negative: String::new(), place, ease: Length::Seconds(0.0) }
    }

    fn spans(list: &[Prompt], words: &[(&str, Words)], start: f64, fps: u32) -> Vec<PromptSpan> {
        let fps = FrameRate::new(fps, 1).unwrap();
        let span = Span { start: Seconds(start), frames: fps.frames_covering(Seconds(12.0)) };
        let words = words.iter().map(|(n, w)| ((*n).to_owned(), w.clone())).collect();
        let sheet = |list: &[Prompt]| Sheet { list: list.to_vec(), words: &words, blend: Blend::Slerp };
        let stretches = [Stretch { start: 0.0, look: 0, ease: 0.0, cut: false }];
        let (sheets, over) = ([sheet(list)], sheet(&[]));
        Prompts { sheets: &sheets, stretches: &stretches, over: &over }.spans(&fixture(16.0), fps, span)
    }

    /// The fixture's sections are A, B, A, B, ... of 4 s, its bars 2 s long.
    fn played(prompts: &[Prompt], start: f64) -> Vec<(u64, String)> {
        spans(prompts, &[], start, 10).into_iter().map(|s| (s.start.0, s.prompt)).collect()
    }

    fn expect(list: &[(u64, &str)]) -> Vec<(u64, String)> {
        list.iter().map(|(f, t)| (*f, (*t).to_owned())).collect()
    }

    #[test]
    fn a_travel_is_half_way_in_the_middle_and_arrives_at_every_rate() {
        let ease = Length::Bars(1.0);
        let list =
            [prompt("a", Place::Everywhere), Prompt { ease, ..prompt("b", Place::Section("B".into())) }];
        for fps in [8, 30] {
            let spans = spans(&list, &[], 0.0, fps);
            let travel = spans[1].travel.as_ref().unwrap();
            // From 4 s to 6 s, x being the share of it in the frame's middle.
            assert_eq!((spans[1].start.0, travel.mixes.len()), (u64::from(4 * fps), 2 * fps as usize));
            assert_eq!((spans[1].arrival().0, travel.prompt.as_str()), (u64::from(6 * fps), "a"));
            for (i, mix) in travel.mixes.iter().enumerate() {
                let x = (i as f32 + 0.5) / (2 * fps) as f32;
                assert!((mix - x * x * (3.0 - 2.0 * x)).abs() < 1e-5, "{fps} {i}: {mix}");
            }
            // Back to "a", which has no ease.
            assert!(spans[2].travel.is_none());
            assert_eq!(spans[1].travel_at(spans[1].arrival()), None);
        }
    }

    #[test]
    fn a_part_travels_as_the_whole_does() {
        let ease = Length::Bars(1.0);
        let list =
            [prompt("a", Place::Everywhere), Prompt { ease, ..prompt("b", Place::Section("B".into())) }];
        let (whole, part) = (spans(&list, &[], 0.0, 10), spans(&list, &[], 5.0, 10));
        let (whole, part) = (whole[1].travel.as_ref().unwrap(), part[0].travel.as_ref().unwrap());
        assert_eq!(part.prompt, "a");
        assert!(whole.mixes[10..].iter().zip(&part.mixes).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn what_comes_next_cuts_a_travel_short() {
        let list = [
            prompt("a", Place::Everywhere),
            Prompt { ease: Length::Seconds(9.0), ..prompt("b", Place::Section("B".into())) },
        ];
        let spans = spans(&list, &[], 0.0, 10);
        assert_eq!((spans[1].arrival().0, spans[2].start.0), (80, 80));
        assert!(spans[1].travel.as_ref().unwrap().mixes[39] > 0.99);
    }

    #[test]
    fn words_change_prompts_with_bars_and_sections() {
        let words = [
            ("c", Words::InTurn(Length::Bars(2.0), ["x", "y", "z"].map(String::from).to_vec())),
            ("s", Words::BySection([("B".to_owned(), "b".to_owned())].into(), "o".into())),
        ];
        let said = |text: &str| -> Vec<(u64, String)> {
            let spans = spans(&[prompt(text, Place::Everywhere)], &words, 0.0, 10);
            spans.into_iter().map(|s| (s.start.0, s.prompt)).collect()
        };
        assert_eq!(said("{c} {s}"), expect(&[(0, "x o"), (40, "y b"), (80, "z o")]));
        assert_eq!(said("{section}"), expect(&[(0, "A"), (40, "B"), (80, "A")]));
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
