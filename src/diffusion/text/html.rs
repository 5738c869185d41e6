//! Entities of HTML in a text, as ftfy reads them: those of HTML 5 that end in a semicolon, characters by their number, and names in
//! small letters written in capitals.

use entities::ENTITIES;

/// What stands for the bytes from 0x80 on in Windows' Latin alphabet, which is what such characters in a text come from.
pub(super) const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// What becomes of some characters of a text, from the first on: how many there are, and what stands in their place, if anything
/// changes.
pub(super) type Change = (usize, Option<String>);

/// Most characters of a name or number.
const LONGEST: usize = 24;

/// Names that HTML knows without their semicolon: what begins so in capitals isn't guessed at.
const SHORT: [&str; 8] = ["AMP", "COPY", "ETH", "GT", "LT", "QUOT", "REG", "THORN"];

/// What becomes of the entity that `text` begins with, if it does.
pub(super) fn change(text: &str) -> Change {
    read(text).map_or((1, None), |(length, new)| (length, Some(new)))
}

/// The entity that `text` begins with: its length, and what it stands for.
fn read(text: &str) -> Option<(usize, String)> {
    let rest = text.strip_prefix('&')?;
    let (numbered, rest) = rest.strip_prefix('#').map_or((false, rest), |rest| (true, rest));
    let length = rest.bytes().take(LONGEST + 1).take_while(u8::is_ascii_alphanumeric).count();
    if length == 0 || length > LONGEST || rest.as_bytes().get(length) != Some(&b';') {
        return None;
    }
    let name = &rest[..length];
    let new = if numbered { by_number(name)? } else { by_name(name)? };
    Some((length + 2 + usize::from(numbered), new))
}

fn by_name(name: &str) -> Option<String> {
    let known = |name: &str| {
        let is_it = |entity: &str| entity.strip_prefix('&').and_then(|e| e.strip_suffix(';')) == Some(name);
        ENTITIES.iter().find(|known| is_it(known.entity)).map(|known| known.characters)
    };
    if let Some(found) = known(name) {
        return Some(found.to_owned());
    }
    let shouted = !name.bytes().any(|b| b.is_ascii_lowercase()) && !SHORT.iter().any(|s| name.starts_with(s));
    let found = known(&name.to_ascii_lowercase()).filter(|_| shouted)?;
    Some(found.to_uppercase())
}

/// Decimal, or hexadecimal behind an x. What is no character of HTML stands for nothing, what is none at all for a mark of that.
fn by_number(text: &str) -> Option<String> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    if let Some(c) = number.checked_sub(0x80).and_then(|n| WINDOWS.chars().nth(n as usize)) {
        return Some(c.into());
    }
    Some(match number {
        0 => "\u{fffd}".into(),
        0xd => "\r".into(),
        1..=8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => String::new(),
        _ if number <= 0x10_ffff && number & 0xfffe == 0xfffe => String::new(),
        _ => char::from_u32(number).unwrap_or('\u{fffd}').into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against Python's `html.unescape` (3.11) and `ftfy.fixes.unescape_html` (6.3).
    #[test]
    fn entities_are_read_as_ftfy_reads_them() {
        for (text, expected) in [
            ("&amp; b", Some((5, "&"))),
            ("&eacute;", Some((8, "é"))),
            ("&NTILDE;", Some((8, "Ñ"))),
            ("&Jscr;", Some((6, "𝒥"))),
            ("&NotEqualTilde;", Some((15, "≂\u{338}"))),
            ("&fjlig;", Some((7, "fj"))),
            ("&SZLIG;", Some((7, "SS"))),
            ("&nTILDE;", None),
            ("&GTSIM;", None),
            ("&amp", None),
            ("&;", None),
            ("&#;", None),
            ("&#x;", None),
            ("&#12ab;", None),
            ("&#65;", Some((5, "A"))),
            ("&#X41;", Some((6, "A"))),
            ("&#128;", Some((6, "€"))),
            ("&#129;", Some((6, "\u{81}"))),
            ("&#7;", Some((4, ""))),
            ("&#xffff;", Some((8, ""))),
            ("&#xd800;", Some((8, "\u{fffd}"))),
            ("&#99999999999;", Some((14, "\u{fffd}"))),
            ("&#0000000000000000000000065;", None),
        ] {
            let expected = expected.map(|(length, new): (usize, &str)| (length, new.to_owned()));
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
