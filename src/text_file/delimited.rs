//! Fields of lines, and numbers as people write them.
//!
//! Tables and lists part their columns by tabs, semicolons, commas or spaces. Quotes (RFC 4180) hold fields together
//! inside a line; a quote that is never closed is a character like any other, so that one such label can't swallow the
//! lines behind it. Where commas don't part columns, they are the decimal sign.

use std::borrow::Cow;

/// What parts the columns of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// One character between two columns.
    Char(char),
    /// As many spaces and tabs as there are.
    Blanks,
}

impl Separator {
    /// All, in the order in which they are looked for.
    pub const ALL: [Separator; 4] =
        [Separator::Char('\t'), Separator::Char(';'), Separator::Char(','), Separator::Blanks];

    /// What parts the columns of a table with this first line.
    pub fn of_header(line: &str) -> Self {
        let outside: String = line.split('"').step_by(2).collect::<Vec<_>>().join("x");
        let parts = |s: &Separator| s.fields(&outside).len() > 1;
        // A table of one column has nothing to part.
        Self::ALL.into_iter().find(parts).unwrap_or(Separator::Char(','))
    }

    /// The fields of a line, without blanks and quotes around them.
    pub fn fields(self, line: &str) -> Vec<Cow<'_, str>> {
        let mut rest = line.trim_matches([' ', '\u{a0}']);
        let mut fields = Vec::new();
        loop {
            let (field, after) = self.field(rest);
            fields.push(field);
            match after {
                Some(after) => rest = after,
                None => return fields,
            }
        }
    }

    /// The first field, and what is behind its separator, if there is one.
    fn field(self, line: &str) -> (Cow<'_, str>, Option<&str>) {
        let blank: &[char] = &[' ', '\t', '\u{a0}'];
        let start = match self {
            // A tab may be the separator itself.
            Separator::Char(_) => line.trim_start_matches([' ', '\u{a0}']),
            Separator::Blanks => line.trim_start_matches(blank),
        };
        if let Some((quoted, after)) = start.strip_prefix('"').and_then(unquoted) {
            let closed = after.trim_start_matches([' ', '\u{a0}']);
            let next = match self {
                _ if closed.is_empty() => Some(None),
                Separator::Char(c) => closed.strip_prefix(c).map(Some),
                Separator::Blanks => {
                    after.strip_prefix(blank).map(|rest| Some(rest.trim_start_matches(blank)))
                }
            };
            if let Some(next) = next {
                return (quoted, next);
            }
        }
        let parts = match self {
            Separator::Char(c) => start.split_once(c),
            Separator::Blanks => start.split_once(blank).map(|(a, b)| (a, b.trim_start_matches(blank))),
        };
        match parts {
            Some((field, after)) => (field.trim().into(), Some(after)),
            None => (start.trim().into(), None),
        }
    }

    /// Whether a comma can be the decimal sign between two of these.
    pub fn leaves_commas(self) -> bool {
        self != Separator::Char(',')
    }
}

/// What stands before the closing quote, where two quotes mean one, and what behind it.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('"')?;
        if !text[end + 1..].starts_with('"') {
            let inside = &text[..end];
            let inside = if from == 0 { inside.into() } else { inside.replace("\"\"", "\"").into() };
            return Some((inside, &text[end + 1..]));
        }
        from = end + 2;
    }
}

/// A finite number: with a point or a comma as the decimal sign; where both stand, the last one is, and the others part
/// thousands. None where it is no number.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Rust reads "inf" and "nan", which nobody means.
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let parsed = |t: &str| t.parse().ok().filter(|v: &f64| v.is_finite() && digits(t));
    let Some(comma) = text.rfind(',') else { return parsed(text) };
    let (decimal, group) = match text.rfind('.') {
        Some(point) if point > comma => ('.', ','),
        Some(_) => (',', '.'),
        None if text.matches(',').count() == 1 => return parsed(&text.replace(',', ".")),
        None => return None,
    };
    let (whole, fraction) = text.split_once(decimal)?;
    let mut groups = whole.trim_start_matches(['+', '-']).split(group);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len()) && groups.all(|g| g.len() == 3);
    let plain = whole.replace(group, "");
    fits.then(|| parsed(&format!("{plain}.{fraction}"))).flatten()
}

/// Whether the comma of a number may part its thousands as well: `1,250`, but not `0,250` or `1,25`.
pub fn may_group(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let parts = text.split_once(',').filter(|(whole, rest)| digits(whole) && digits(rest));
    parts.is_some_and(|(whole, rest)| {
        rest.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_what_quotes_hold_together() {
        let of = |c: char, line: &str| -> Vec<String> {
            Separator::Char(c).fields(line).into_iter().map(Cow::into_owned).collect()
        };
        assert_eq!(of(',', "\"0.0\",\"4.5\",\"verse, calm\""), ["0.0", "4.5", "verse, calm"]);
        assert_eq!(of(';', " 0,5 ; \"a \"\"b\"\"\" ;"), ["0,5", "a \"b\"", ""]);
        assert_eq!(of('\t', "0.5\t\t\"Heroes\" live\t1"), ["0.5", "", "\"Heroes\" live", "1"]);
        assert_eq!(of(',', "1,\"12 inch"), ["1", "\"12 inch"]);
        assert_eq!(of(',', ""), [""]);
        let blanks: Vec<_> = Separator::Blanks.fields("  0.5 \t \"two words\"  end ");
        assert_eq!(blanks, ["0.5", "two words", "end"]);
    }

    #[test]
    fn the_header_tells_the_separator() {
        assert_eq!(Separator::of_header("a\tb, c"), Separator::Char('\t'));
        assert_eq!(Separator::of_header("time (s);x, y"), Separator::Char(';'));
        assert_eq!(Separator::of_header("\"a;b\",c"), Separator::Char(','));
        assert_eq!(Separator::of_header("# time energy"), Separator::Blanks);
        assert_eq!(Separator::of_header("time"), Separator::Char(','));
    }

    #[test]
    fn numbers_are_read_with_either_sign() {
        for (text, value) in [
            ("0.25", 0.25),
            ("0,25", 0.25),
            ("-1,5e2", -150.0),
            ("1.234,5", 1234.5),
            ("-12,345,678.25", -12_345_678.25),
            (" 7 ", 7.0),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "nan", "inf", "1,2,3", "1,23.4", "0x1", "a", "1e999", "1 000"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert!(may_group("1,250") && may_group("-12,000"));
        assert!(!["0,250", "1,25", "1.250", "1,2500", "1234,567"].into_iter().any(may_group));
    }
}
