//! Encodings: bytes go in, text whose lines end in `\n` comes out.
//!
//! A byte order mark decides; then UTF-8; then zero bytes tell UTF-16 without a mark; then chardetng guesses among the
//! encodings of the WHATWG's standard, and the guess is told.

use crate::error::{Error, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A file's text, and what the person should know about how it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text without a byte order mark; every line ends in `\n` alone.
    pub text: String,
    /// That the encoding was guessed, and as which.
    pub note: Option<String>,
}

/// What to do about a file that isn't text.
const NOT_TEXT: &str = "name a text file; one in an unusual encoding can be saved as UTF-8 by an editor";

/// Reads the bytes of a text file.
///
/// # Errors
/// Input: they are no text, or damaged.
pub fn decode(bytes: &[u8]) -> Result<Text> {
    let (encoding, guessed, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, false, &bytes[mark..]),
        None => {
            let (encoding, guessed) = without_mark(bytes);
            (encoding, guessed, bytes)
        }
    };
    let name = encoding.name();
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
        Error::input(format!("it isn't text, or it is damaged: not all of it is {name}")).hint(NOT_TEXT)
    })?;
    // DOS ended a text with this character.
    let text = text.trim_end_matches('\u{1a}');
    if let Some(at) = text.chars().position(|c| c.is_control() && !c.is_whitespace()) {
        return Err(Error::input(format!("it isn't text: character {} is a control character", at + 1))
            .hint(NOT_TEXT));
    }
    let note =
        guessed.then(|| format!("not UTF-8; read as {name}, a guess: save it as UTF-8 if that is wrong"));
    let text = match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text.to_owned(),
    };
    Ok(Text { text, note })
}

/// The encoding of bytes without a mark, and whether it is a guess.
fn without_mark(bytes: &[u8]) -> (&'static Encoding, bool) {
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    match (zeros(0), zeros(1)) {
        (0, 0) if std::str::from_utf8(bytes).is_ok() => (UTF_8, false),
        (0, 0) => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
            detector.feed(bytes, true);
            (detector.guess(None, Utf8Detection::Deny), true)
        }
        (0, _) => (UTF_16LE, true),
        (_, 0) => (UTF_16BE, true),
        _ => (UTF_8, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What iconv makes of "hérisson 12,5" in these encodings, by hand.
    #[test]
    fn marks_utf_8_and_guesses_are_read() {
        let of = |bytes: &[u8]| decode(bytes).unwrap();
        let plain = |text: &str| Text { text: text.into(), note: None };
        assert_eq!(of(b"\xef\xbb\xbfh\xc3\xa9risson"), plain("hérisson"));
        assert_eq!(of(b"\xff\xfeh\0\xe9\0"), plain("hé"));
        assert_eq!(of(b"\xfe\xff\0h\0\xe9"), plain("hé"));
        assert_eq!(of(b"a\0b\0").text, "ab");
        assert!(of(b"\0a\0b").note.unwrap().contains("UTF-16BE"));
        let latin = of(b"le h\xe9risson dort, la for\xeat est calme");
        assert_eq!(latin.text, "le hérisson dort, la forêt est calme");
        assert!(latin.note.unwrap().contains("windows-1252"));
        // 灯笼 and more in GBK, ночь и день in KOI8-R's sister windows-1251, 夜の歌 in Shift_JIS.
        assert_eq!(of(b"\xb5\xc6\xc1\xfd\xa3\xac\xd2\xb9\xcd\xed\xb5\xc4\xb8\xe8").text, "灯笼，夜晚的歌");
        assert_eq!(of(b"\xed\xee\xf7\xfc \xe8 \xe4\xe5\xed\xfc").text, "ночь и день");
        assert_eq!(of(b"\x96\xe9\x82\xcc\x89\xcc\x82\xf0\x95\xb7\x82\xad").text, "夜の歌を聞く");
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        let of = |bytes: &[u8]| decode(bytes).unwrap().text;
        assert_eq!(of(b"a\rb\r\nc\nd\r\r"), "a\nb\nc\nd\n\n");
        assert_eq!(of(b"a\r\n\x1a"), "a\n");
    }

    #[test]
    fn what_is_no_text_is_refused_and_utf_8_named() {
        for bytes in [
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01"[..],
            b"\0\0\0",
            b"ab\x01",
            b"\xff\xfe\0\xd8a\0",
            b"\xef\xbb\xbf\xff",
        ] {
            let error = decode(bytes).unwrap_err();
            assert!(error.hints().iter().any(|h| h.contains("UTF-8")), "{error}");
        }
    }
}
