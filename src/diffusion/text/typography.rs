//! Prompts as CLIP saw text when it was trained: without typography.
//!
//! CLIP's captions went through ftfy (`fix_text` of its defaults) before they were cut into tokens; transformers'
//! tokenizer leaves that out, so what was typed with “these quotes” or in ｗｉｄｅ letters reads to the model as
//! something that it never saw. Done here as there, in its order and until nothing changes any more: entities of HTML (`html.rs`),
//! control characters, ligatures, half and full widths, curly quotes, terminals' colours, composed characters (NFC). Then, as in
//! CLIP, white space and lower case. Not done: ftfy's guesses about text that was decoded wrongly.

use super::html;
use super::html::{Change, WINDOWS};
use tokenizers::normalizer::Range;
use tokenizers::normalizers::replace::{Replace, ReplacePattern};
use tokenizers::{NormalizedString, Normalizer, Result};

/// Times that a text is gone through, at most; entities inside each other deeper than that nobody writes.
const ROUNDS: usize = 16;

/// Letters that stand for several, and these.
const LIGATURES: [(char, &str); 22] = [
    ('Ĳ', "IJ"),
    ('ĳ', "ij"),
    ('ŉ', "'n"),
    ('Ǳ', "DZ"),
    ('ǲ', "Dz"),
    ('ǳ', "dz"),
    ('Ǆ', "DŽ"),
    ('ǅ', "Dž"),
    ('ǆ', "dž"),
    ('Ǉ', "LJ"),
    ('ǈ', "Lj"),
    ('ǉ', "lj"),
    ('Ǌ', "NJ"),
    ('ǋ', "Nj"),
    ('ǌ', "nj"),
    ('ﬀ', "ff"),
    ('ﬁ', "fi"),
    ('ﬂ', "fl"),
    ('ﬃ', "ffi"),
    ('ﬄ', "ffl"),
    ('ﬅ', "ſt"),
    ('ﬆ', "st"),
];

/// A text as ftfy leaves it, with the places from which its characters come.
pub(super) fn plain(text: &str) -> NormalizedString {
    // From a line with a `<` on, a text may be HTML itself, of which nothing is to be read twice.
    let lines = text.find('<').map_or(text.len(), |at| text[..at].rfind('\n').map_or(0, |end| end + 1));
    let mut text = NormalizedString::from(text);
    for _ in 0..ROUNDS {
        let before = text.get().to_owned();
        let until = text.convert_offsets(Range::Original(..lines)).map_or(0, |plain| plain.end);
        rewrite(&mut text, until, html::change);
        for pass in [typewritten, colour, control] {
            rewrite(&mut text, usize::MAX, pass);
        }
        text.nfc();
        if text.get() == before {
            break;
        }
    }
    text
}

/// Goes through `text` once, up to the byte `until`; `pass` says what becomes of the characters that the rest of the text, which it
/// is given, begins with.
fn rewrite(text: &mut NormalizedString, until: usize, pass: fn(&str) -> Change) {
    let all = text.get().to_owned();
    let (mut made, mut removed, mut rest): (Vec<(char, isize)>, usize, &str) = (Vec::new(), 0, &all);
    while let Some(first) = rest.chars().next() {
        let (count, change) = if all.len() - rest.len() < until { pass(rest) } else { (1, None) };
        let after = rest.char_indices().nth(count).map_or("", |(at, _)| &rest[at..]);
        match change {
            None => made.push((first, 0)),
            Some(new) => {
                let from = made.len();
                made.extend(new.chars().enumerate().map(|(i, c)| (c, isize::from(i > 0))));
                // What nothing stands for goes with the last one that stands for something.
                let gone = if new.is_empty() { count } else { count - 1 };
                let until = (from + 1).min(made.len());
                match made[..until].iter_mut().rev().find(|(_, change)| *change <= 0) {
                    Some((_, change)) => *change -= gone as isize,
                    None => removed += gone,
                }
            }
        }
        rest = after;
    }
    text.transform(made, removed);
}

/// What stands on a typewriter for the first character.
fn typewritten(text: &str) -> Change {
    let Some(c) = text.chars().next() else { return (1, None) };
    let plain = plain_form(c);
    (1, (!plain.chars().eq([c])).then_some(plain))
}

/// What tells a terminal the colour of what follows, which is nothing.
fn colour(text: &str) -> Change {
    let Some(codes) = text.strip_prefix("\u{1b}[") else { return (1, None) };
    let end = codes.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    match end.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => (2 + codes[..codes.len() - end.len()].chars().count() + 1, Some(String::new())),
        false => (1, None),
    }
}

/// A control character, which is nothing.
fn control(text: &str) -> Change {
    (1, text.starts_with(is_control).then(String::new))
}

/// White space and lower case, with the one pattern at hand.
#[derive(Debug)]
pub(super) struct Cleaning {
    spaces: Replace,
}

impl Cleaning {
    /// # Errors
    /// None: the pattern is well-formed.
    pub fn new() -> Result<Self> {
        Ok(Cleaning { spaces: Replace::new(ReplacePattern::Regex(r"\s+".into()), " ")? })
    }
}

impl Normalizer for Cleaning {
    fn normalize(&self, text: &mut NormalizedString) -> Result<()> {
        text.nfc();
        self.spaces.normalize(text)?;
        text.lowercase();
        Ok(())
    }
}

/// Characters that are of no use in text, apart from white space.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffc}')
}

/// What stands for `c` on a typewriter.
fn plain_form(c: char) -> String {
    if let Some((_, letters)) = LIGATURES.iter().find(|(l, _)| *l == c) {
        return (*letters).to_owned();
    }
    let c = WINDOWS.chars().nth((c as usize).wrapping_sub(0x80)).unwrap_or(c);
    match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => "'".into(),
        '\u{201c}'..='\u{201f}' => "\"".into(),
        '\u{3000}' => " ".into(),
        // Half and full widths are what Unicode calls compatible with the usual ones.
        '\u{ff01}'..='\u{ffef}' => NormalizedString::from(c.to_string()).nfkc().get().to_owned(),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> NormalizedString {
        let mut text = plain(text);
        Cleaning::new().unwrap().normalize(&mut text).unwrap();
        text
    }

    /// Against `ftfy.fix_text` (6.3), then white space and lower case.
    #[test]
    fn typography_becomes_what_a_typewriter_has() {
        for (text, expected) in [
            ("“neon” ‘city’ it’s", "\"neon\" 'city' it's"),
            ("ﬁne ﬂow oﬃce ĳs Ǆ ŉ", "fine flow office ijs dž 'n"),
            ("ＮＥＯＮ　１２，", "neon 12,"),
            ("ｶﾞﾗｽ ￥ ﾞ", "ガラス ¥ \u{3099}"),
            ("e\u{301}t\u{e9} \u{feff}\u{0}a\u{7f}b", "été ab"),
            ("a \t\r\n\u{2028}b", "a b"),
            ("… — 5′ ½ İ", "… — 5′ ½ i\u{307}"),
            (
                "&quot;a&quot; &amp;eacute; &#x2019;&#39; &nosuch; &EACUTE; &#0;",
                "\"a\" é '' &nosuch; é \u{fffd}",
            ),
            ("a &amp; b\n<&amp;>\n&amp;", "a & b <&amp;> &amp;"),
            ("\u{85}\u{96} \u{1b}[1;31mred\u{1b}[0m", "…– red"),
        ] {
            assert_eq!(clean(text).get(), expected, "{text}");
        }
    }

    #[test]
    fn every_letter_still_knows_where_it_stood() {
        let text = clean("“ﬁne”");
        assert_eq!(text.get(), "\"fine\"");
        assert_eq!(text.convert_offsets(Range::Normalized(1..5)), Some(3..8));
        assert_eq!(text.convert_offsets(Range::Normalized(1..2)), Some(3..6));
    }
}
