//! What was typed, to be typed again for others: the words behind the subcommand, without some of the options.

use crate::error::{Error, Result};

/// The words behind the subcommand, without `flags` and without `options`, which have a value. Both as they are typed, like
/// `--json` and `-o`.
///
/// # Errors
/// Usage: a word is no text.
pub fn words(options: &[&str], flags: &[&str]) -> Result<Vec<String>> {
    let typed = std::env::args_os().skip(2).map(|word| {
        word.into_string().map_err(|word| {
            Error::usage(format!("'{}' can't be written down for others", word.to_string_lossy()))
                .hint("give the file a name in UTF-8")
        })
    });
    Ok(without(typed.collect::<Result<Vec<_>>>()?, options, flags))
}

fn without(words: Vec<String>, options: &[&str], flags: &[&str]) -> Vec<String> {
    let (mut kept, mut words) = (Vec::new(), words.into_iter());
    while let Some(word) = words.next() {
        // Behind these there are no options any more.
        if word == "--" {
            kept.push(word);
            kept.extend(words);
            break;
        }
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let attached = word.len() > name.len();
        match (options.contains(&name), flags.contains(&name)) {
            (true, _) if attached => {}
            (true, _) => drop(words.next()),
            (_, true) => {}
            _ => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_go_with_their_values() {
        let line = "video.toml --work a --seed=3 --json --work=b -o c.mp4 --timings=t.json -- --work";
        let words = line.split(' ').map(str::to_owned).collect();
        let kept = without(words, &["--work"], &["--json", "--timings"]);
        assert_eq!(kept.join(" "), "video.toml --seed=3 -o c.mp4 -- --work");
    }
}
