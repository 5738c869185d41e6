//! Commands that are printed for copying: as a POSIX shell reads them, word by word, whatever the words hold.

/// The command of these words; none if one of them can't be shown: it holds control characters other than a new line, or
/// characters that turn the direction of reading, by which a terminal would show another command than the one copied.
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let words: Option<Vec<String>> = words.into_iter().map(quoted).collect();
    words.map(|words| words.join(" "))
}

/// One word, in quotes where it needs them.
pub fn quoted(word: &str) -> Option<String> {
    let hides = |c: char| {
        c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if word.contains(hides) {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => Some(word.to_owned()),
        // Between single quotes everything is itself but the single quote.
        false => Some(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// The words of `line`, as the system's shell reads them.
    fn read(line: &str) -> Vec<String> {
        let script = format!("set -- {line}\nfor word; do printf '%s\\0' \"$word\"; done");
        let out = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{line}: {out:?}");
        let text = String::from_utf8(out.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn a_shell_reads_the_words_that_were_meant() {
        let words = [
            "beatbolt", "a b", "", "'", "it's", "''\\''", "$(id)", "`id`", "${HOME}", "~", "*", "a;b",
            "a\nb", "#", "\\", "\"", "!!", "a=b", "é 北", "-x", "&", "|", ">x", "--",
        ];
        assert_eq!(read(&command(words).unwrap()), words);
        assert_eq!(quoted("again/video.toml").unwrap(), "again/video.toml");
    }

    #[test]
    fn words_that_a_terminal_would_not_show_are_refused() {
        for word in ["\u{1b}[2K", "a\rb", "\u{8}", "\u{9b}31m", "a\u{202e}b", "\u{2066}", "\0"] {
            assert_eq!(command(["beatbolt", word]), None, "{word:?}");
        }
    }
}
