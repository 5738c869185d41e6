//! Model words: what a small model was taught, from `words.txt` beside its parts: a phrase a line, the plainest first.

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// A few hundred phrases.
const MAX_BYTES: u64 = 1 << 16;
/// Words that phrases share with everything that is said.
const EMPTY: [&str; 18] = [
    "a", "an", "and", "at", "by", "for", "from", "in", "into", "of", "on", "or", "over", "the", "to",
    "under", "up", "with",
];

/// Likeness from which on a word may be meant by another.
const ALIKE: f64 = 0.5;

/// The words that a model knows.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelWords {
    phrases: Vec<String>,
    words: BTreeSet<String>,
}

impl ModelWords {
    /// Reads the words of the model in `folder`; none where it doesn't list them: models of the usual size know all words.
    ///
    /// # Errors
    /// Model: the list is too long or no text.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("words.txt");
        if !path.is_file() {
            return Ok(None);
        }
        let unclear = || Error::model(format!("{} can't be understood", path.display()));
        let text = bounded_read::text(&path, MAX_BYTES).context(unclear)?;
        Ok(Some(Self::of(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_lowercase))))
    }

    fn of(phrases: impl Iterator<Item = String>) -> Self {
        let phrases: Vec<String> = phrases.collect();
        let words = phrases.iter().flat_map(|phrase| words(phrase)).map(str::to_owned).collect();
        ModelWords { phrases, words }
    }

    /// Whether any word of a prompt is among them.
    pub fn know(&self, prompt: &str) -> bool {
        words(&prompt.to_lowercase()).any(|word| self.words.contains(word))
    }

    /// The phrases that are written most like a prompt's words, at most `count`; of equally alike ones the plainest. Where none is
    /// alike, some from all over the list.
    pub fn nearest(&self, prompt: &str, count: usize) -> Vec<&str> {
        let prompt = prompt.to_lowercase();
        let asked: Vec<&str> = words(&prompt).collect();
        let best = |phrase: &str| {
            let pairs = words(phrase).flat_map(|own| asked.iter().map(move |word| likeness(own, word)));
            pairs.filter(|alike| *alike >= ALIKE).fold(0.0, f64::max)
        };
        let mut ranked: Vec<(f64, &str)> = self.phrases.iter().map(|p| (best(p), p.as_str())).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        if ranked.first().is_some_and(|best| best.0 == 0.0) {
            let apart = (self.phrases.len() / count.max(1)).max(1);
            return self.phrases.iter().step_by(apart).take(count).map(String::as_str).collect();
        }
        ranked.into_iter().take(count).map(|(_, phrase)| phrase).collect()
    }
}

/// The words of a text in lower case that mean something by themselves.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !EMPTY.contains(word))
}

/// Share of pairs of letters that two words have in common (Dice 1945): 0..=1.
fn likeness(a: &str, b: &str) -> f64 {
    let pairs = |word: &str| -> BTreeSet<(char, char)> { word.chars().zip(word.chars().skip(1)).collect() };
    let (a, b) = (pairs(a), pairs(b));
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> ModelWords {
        ModelWords::of(
            ["tunnel", "ink in water", "northern lights", "lightning", "neon"].map(String::from).into_iter(),
        )
    }

    #[test]
    fn a_prompt_is_known_by_any_word_that_means_something() {
        let known = some();
        assert!(known.know("a NEON cat") && known.know("lights, please"));
        assert!(!known.know("a cat in the rain") && !known.know("") && !known.know("in"));
        // Words, not parts of them.
        assert!(!known.know("tunnels"));
    }

    #[test]
    fn what_is_written_alike_comes_first_and_some_from_all_over_where_nothing_is() {
        let known = some();
        assert_eq!(known.nearest("lightnin", 2), ["lightning", "northern lights"]);
        assert_eq!(known.nearest("tunnels", 1), ["tunnel"]);
        assert_eq!(known.nearest("", 2), ["tunnel", "northern lights"]);
    }

    #[test]
    fn the_shipped_models_list_holds_what_its_card_names() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
        let words = ModelWords::read(&folder).unwrap().unwrap();
        assert!(["neon tunnel", "sea waves, golden hour"].iter().all(|prompt| words.know(prompt)));
        assert!(!words.know("portrait of my grandmother"));
        assert_eq!(ModelWords::read(&folder.join("vae")).unwrap(), None);
    }
}
