//! Prompts as CLIP saw text when it was trained: without typography.
//!
//! CLIP's captions went through ftfy (`fix_text` of its defaults) before they were cut into tokens; transformers'
//! tokenizer leaves that out, so what was typed with “these quotes” or in ｗｉｄｅ letters reads to the model as
//! something that it never saw. Done here as there: control characters, ligatures, half and full widths, curly quotes,
//! composed characters (NFC); then, as in CLIP, white space and lower case. Not done: ftfy's guesses about text that was
//! decoded wrongly, and HTML's entities.

use tokenizers::normalizers::replace::{Replace, ReplacePattern};
use tokenizers::{NormalizedString, Normalizer, Result};

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

/// The cleaning, with its one pattern at hand.
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
        text.filter(|c| !is_control(c));
        let mut plain = Vec::new();
        for c in text.get().chars() {
            // What is more than one character behind the first was inserted.
            plain.extend(plain_form(c).chars().enumerate().map(|(i, c)| (c, isize::from(i > 0))));
        }
        text.transform(plain, 0);
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
        let mut text = NormalizedString::from(text);
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
        ] {
            assert_eq!(clean(text).get(), expected, "{text}");
        }
    }

    #[test]
    fn every_letter_still_knows_where_it_stood() {
        use tokenizers::tokenizer::normalizer::Range;
        let text = clean("“ﬁne”");
        assert_eq!(text.get(), "\"fine\"");
        assert_eq!(text.convert_offsets(Range::Normalized(1..5)), Some(3..8));
        assert_eq!(text.convert_offsets(Range::Normalized(1..2)), Some(3..6));
    }
}
