//! A source file as the checks of the house see it: the paths that it names, without comments, texts and tests.

use std::collections::BTreeSet;

/// A file's paths.
#[derive(Debug, Default)]
pub struct Source {
    /// One for every name that a `use` brings in, whatever it is nested in.
    pub uses: Vec<Use>,
    /// All other paths of two or more names, like `crate::units::Size`.
    pub paths: Vec<Named>,
    /// Every word outside of `use`.
    pub words: BTreeSet<String>,
    /// Modules in files of their own that are there for tests only.
    pub tests: Vec<String>,
}

/// A path and the line on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// What a `use` brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub path: Vec<String>,
    pub line: usize,
    /// What it is called in this file; `*` for everything.
    pub name: String,
    /// Whether others may take it from here.
    pub public: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl Source {
    pub fn read(text: &str) -> Self {
        let (tokens, tests) = without_tests(tokens(text));
        let (mut source, mut at) = (Source { tests, ..Source::default() }, 0);
        while at < tokens.len() {
            let before = |n: usize| at.checked_sub(n).map_or("", |i| tokens[i].text);
            if tokens[at].text == "use" {
                // Behind `pub` or `pub(super)`.
                let public = before(1) == "pub" || before(1) == ")";
                let line = tokens[at].line;
                at += 1;
                let mut brought = Vec::new();
                tree(&tokens, &mut at, Vec::new(), &mut brought);
                source.uses.extend(brought.into_iter().map(|(path, name)| Use { path, line, name, public }));
            } else if is_word(tokens[at].text) && !matches!(before(1), "::" | ".") {
                let begin = at;
                while tokens.get(at + 1).is_some_and(|t| t.text == "::")
                    && tokens.get(at + 2).is_some_and(|t| is_word(t.text))
                {
                    at += 2;
                }
                let path: Vec<String> =
                    tokens[begin..=at].iter().step_by(2).map(|t| t.text.to_owned()).collect();
                source.words.insert(path[0].clone());
                if path.len() > 1 {
                    source.paths.push(Named { path, line: tokens[begin].line });
                }
                at += 1;
            } else {
                at += 1;
            }
        }
        source
    }
}

/// Reads what stands behind `use` or in its braces: each path and the name that it is given.
fn tree(tokens: &[Token<'_>], at: &mut usize, mut path: Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token.text {
            "::" => {}
            "{" => {
                while tokens.get(*at).is_some_and(|t| t.text != "}") {
                    tree(tokens, at, path.clone(), found);
                    if tokens.get(*at).is_some_and(|t| t.text == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "*" => return found.push((path, "*".to_owned())),
            word => {
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                if tokens.get(*at).is_some_and(|t| t.text == "::") {
                    continue;
                }
                let mut name = path.last().cloned().unwrap_or_default();
                if tokens.get(*at).is_some_and(|t| t.text == "as") {
                    name = tokens.get(*at + 1).map_or(name, |t| t.text.to_owned());
                    *at += 2;
                }
                return found.push((path, name));
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single marks.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(c) = rest.chars().next() {
        let length = piece(rest, c);
        let (token, behind) = rest.split_at(length);
        if is_word(token) && !is_text(token) || token == "::" || length == 1 && !c.is_whitespace() {
            tokens.push(Token { text: token.strip_prefix("r#").unwrap_or(token), line });
        }
        line += token.matches('\n').count();
        rest = behind;
    }
    tokens
}

fn is_text(token: &str) -> bool {
    token.ends_with(['"', '#'])
}

/// How long the piece is that `rest` begins with.
fn piece(rest: &str, first: char) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |i| from + i + end.len());
    let word = |from: usize| {
        rest[from..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(rest.len(), |i| from + i)
    };
    if rest.starts_with("//") {
        return until("\n", 0);
    }
    if rest.starts_with("/*") {
        return comment(rest);
    }
    if rest.starts_with("::") {
        return 2;
    }
    if first == '"' {
        return quoted(rest, 1);
    }
    if first == '\'' {
        // A letter in quotes, or a lifetime.
        let mut after = rest[1..].chars();
        return match (after.next(), after.next()) {
            (Some('\\'), _) => until("'", 3),
            (Some(letter), Some('\'')) => 2 + letter.len_utf8(),
            _ => word(1).max(2),
        };
    }
    if first.is_alphanumeric() || first == '_' {
        let end = word(0);
        let behind = &rest[end..];
        let hashes = behind.len() - behind.trim_start_matches('#').len();
        return match &rest[..end] {
            "b" | "c" if behind.starts_with('"') => quoted(rest, end + 1),
            "b" if behind.starts_with("'\\") => until("'", end + 3),
            "b" if behind.starts_with('\'') => until("'", end + 2),
            "r" | "br" | "cr" if behind[hashes..].starts_with('"') => {
                until(&format!("\"{}", "#".repeat(hashes)), end + hashes + 1)
            }
            "r" if hashes == 1 => word(end + 1),
            _ => end,
        };
    }
    first.len_utf8()
}

/// The length of the text that `rest` begins with, whose first letter stands at `from`.
fn quoted(rest: &str, from: usize) -> usize {
    let mut escaped = false;
    for (i, c) in rest[from..].char_indices() {
        match c {
            '"' if !escaped => return from + i + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of the comment that `rest` begins with; there may be others in it.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The tokens without items that are there for tests only, and the names of such modules in other files.
fn without_tests(tokens: Vec<Token<'_>>) -> (Vec<Token<'_>>, Vec<String>) {
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        let end = if tokens[at].text == "#" { group(&tokens, at + 1) } else { at };
        let attribute: Vec<&str> = tokens[at..end].iter().map(|t| t.text).collect();
        if attribute.contains(&"cfg") && attribute.contains(&"test") && !attribute.contains(&"not") {
            at = item(&tokens, end);
            if let [.., word, name, semicolon] = &tokens[end..at]
                && (word.text, semicolon.text) == ("mod", ";")
            {
                modules.push(name.text.to_owned());
            }
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    (kept, modules)
}

/// Behind the brackets that open at `at`.
fn group(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth <= 0 {
            break;
        }
    }
    at
}

/// Behind the item that begins at `at`, whose further attributes come first.
fn item(tokens: &[Token<'_>], mut at: usize) -> usize {
    let imports = tokens[at..].iter().take_while(|t| !matches!(t.text, "{" | ";")).any(|t| t.text == "use");
    while let Some(token) = tokens.get(at) {
        match token.text {
            ";" => return at + 1,
            "{" if !imports => return group(tokens, at),
            "(" | "[" | "{" => at = group(tokens, at),
            _ => at += 1,
        }
    }
    at
}

#[test]
fn every_way_to_bring_in_a_name_is_read() {
    let source = Source::read(
        r##"
        //! use no::comment;
        use crate::{
            audio::{self, decode::{decode, Decoded as D}},
            score, // use no::comment
        };
        pub(super) use super::super::{a::*, b};
        pub use self::c::C as _;
        #[cfg(test)]
        use crate::{no, test};
        /* use no::comment; /* nested */ */
        fn f<'a>(x: &'a str) -> ::std::io::Result<crate::video::Frame> {
            let r#type = ['"', '\'', '\\', 'é', '{'];
            let texts = ("use no::text; \" crate::no::x", r#"use no::raw;"#, b"no::x", b'"', r"\", b'\'');
            x.len().min(toml::Value::from::<nested::Path>(1)); // not::me
            <crate::noise::Stream as Into<u64>>::into(s)
        }
        #[cfg(all(test, unix))]
        mod tests { use no::tests; fn g() { no::tests(); } }
        #[cfg(test)]
        pub(super) mod fixture;
        #[cfg(not(test))]
        use last::one;
        "##,
    );
    let uses: Vec<String> = source.uses.iter().map(|u| format!("{} {}", u.path.join("::"), u.name)).collect();
    assert_eq!(
        uses,
        [
            "crate::audio audio",
            "crate::audio::decode::decode decode",
            "crate::audio::decode::Decoded D",
            "crate::score score",
            "super::super::a *",
            "super::super::b b",
            "self::c::C _",
            "last::one one"
        ]
    );
    assert_eq!(source.uses.iter().map(|u| u.line).collect::<Vec<_>>(), [3, 3, 3, 3, 7, 7, 8, 23]);
    assert_eq!(source.uses.iter().filter(|u| u.public).count(), 3);
    let paths: Vec<String> = source.paths.iter().map(|p| p.path.join("::")).collect();
    assert_eq!(paths, ["crate::video::Frame", "toml::Value::from", "nested::Path", "crate::noise::Stream",]);
    assert_eq!(source.tests, ["fixture"]);
    assert!(source.words.contains("type") && !source.words.contains("text"));
}
