//! Places in files that nobody in the page sees, and messages without them.

/// A message without the line and column of a file that nobody in the page sees.
pub fn without_place<'a>(file: &str, message: &'a str) -> &'a str {
    let place = || {
        let (line, rest) = message.strip_prefix(file)?.strip_prefix(':')?.split_once(':')?;
        let (column, rest) = rest.split_once(": ")?;
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        (number(line) && number(column)).then_some(rest)
    };
    place().unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_files_are_left_out() {
        let of = |message| without_place("my look", message);
        assert_eq!(of("my look:43:29: glow is too much"), "glow is too much");
        assert_eq!(of("my look: it is no preset"), "my look: it is no preset");
        assert_eq!(of("glow:1:2: x"), "glow:1:2: x");
    }
}
