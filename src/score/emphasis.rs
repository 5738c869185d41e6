//! Weights in prompts: `neon (tunnel:1.3)` asks for a tunnel more strongly than for neon.

use crate::error::{Error, Result};
use std::ops::{Range, RangeInclusive};

/// A prompt without its marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Emphasis {
    /// What the text encoder reads.
    pub text: String,
    /// Bytes of `text` and their weight, ascending; 1 elsewhere.
    pub weights: Vec<(Range<usize>, f32)>,
}

/// Weights that can be asked for: beyond them embeddings are unlike any that a model was trained on.
const WEIGHT: RangeInclusive<f32> = 0.0..=2.0;

impl Emphasis {
    /// Reads a prompt. `(words:weight)` is a mark; brackets of any other form are text.
    ///
    /// # Errors
    /// Usage, for a weight outside 0 to 2.
    pub fn parse(prompt: &str) -> Result<Self> {
        let mut found = Emphasis { text: String::with_capacity(prompt.len()), weights: Vec::new() };
        let mut rest = prompt;
        while let Some(close) = rest.find(')') {
            let mark = rest[..close].rfind('(').and_then(|open| {
                let (words, weight) = rest[open + 1..close].rsplit_once(':')?;
                Some((open, words, weight.trim().parse::<f32>().ok()?))
            });
            match mark {
                Some((_, words, weight)) if !WEIGHT.contains(&weight) => {
                    return Err(Error::usage(format!("the weight {weight} of '{words}' is out of range"))
                        .hint("weights go from 0 to 2; 1.2 is a clear emphasis"));
                }
                Some((open, words, weight)) => {
                    found.text.push_str(&rest[..open]);
                    let from = found.text.len();
                    found.text.push_str(words);
                    found.weights.push((from..found.text.len(), weight));
                }
                None => found.text.push_str(&rest[..=close]),
            }
            rest = &rest[close + 1..];
        }
        found.text.push_str(rest);
        Ok(found)
    }

    /// The weight of what stands at `place` of the text.
    pub fn weight(&self, place: &Range<usize>) -> f32 {
        let mark = self.weights.iter().find(|(range, _)| range.contains(&place.start));
        mark.map_or(1.0, |(_, weight)| *weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::proptest;

    #[test]
    fn marks_are_taken_out_and_remembered() {
        let read = Emphasis::parse("a (neon é:1.3) (tunnel:0.5), (plain) (x:y) :) (").unwrap();
        assert_eq!(read.text, "a neon é tunnel, (plain) (x:y) :) (");
        assert_eq!(read.weights, [(2..9, 1.3), (10..16, 0.5)]);
        assert_eq!([0..1, 2..6, 7..9, 9..10, 10..16].map(|p| read.weight(&p)), [1.0, 1.3, 1.3, 1.0, 0.5]);
        assert_eq!(Emphasis::parse("((a:1.5)").unwrap().text, "(a");
    }

    #[test]
    fn weights_out_of_range_are_refused() {
        for text in ["(a:3)", "(a:-1)", "(a:nan)", "(a:inf)"] {
            let error = Emphasis::parse(text).unwrap_err();
            assert!(error.hints()[0].contains("from 0 to 2"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[():.0-9a-é ]{0,40}") {
            if let Ok(read) = Emphasis::parse(&text) {
                assert!(read.weights.iter().all(|(range, _)| read.text.get(range.clone()).is_some()));
            }
        }
    }
}
