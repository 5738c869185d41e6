//! A tokenizer's vocabulary as its folder holds it, checked, as plain data: tokens, merges, added tokens.
//!
//! Reads `tokenizer.json`, or the older `vocab.json` and `merges.txt`. A `tokenizer.json` can name any pipeline and any
//! model; none of that is read, as CLIP's is the only one that a text encoder of CLIP's kind was trained with. Every
//! token and every number is checked before anything is built from it, because the files come from strangers.

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Ten times the size of CLIP's own.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The merges of CLIP's own tokenizer; `models/clip/README.md` says where they are from.
static CLIP: &str = include_str!("../../../models/clip/merges.txt");

/// What a token at the end of a word ends in.
pub(super) const WORD_END: &str = "</w>";

/// The tokens of a text encoder.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The id of every token, added ones among them: no two the same, all known to the text encoder.
    pub tokens: HashMap<String, u32>,
    /// Which two tokens become one, the first first; all three are tokens.
    pub merges: Vec<(String, String)>,
    /// The tokens that stand in a text as they are.
    pub added: Vec<Added>,
    /// The token in front of a prompt.
    pub begin: u32,
    /// The name of the token behind a prompt.
    pub end_name: String,
    /// The token behind a prompt.
    pub end: u32,
    /// What a prompt is filled up with.
    pub pad: u32,
}

/// A token that is found in the text before words are.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Added {
    id: u32,
    /// What is looked for; neither begins nor ends in white space.
    pub content: String,
    /// Whether it must not stand inside a word.
    #[serde(default)]
    pub single_word: bool,
    /// Whether it takes white space in front of it along.
    #[serde(default)]
    pub lstrip: bool,
    /// Whether it takes white space behind it along.
    #[serde(default)]
    pub rstrip: bool,
    /// Whether it is looked for in the cleaned text.
    #[serde(default)]
    pub normalized: bool,
}

/// The parts of a `tokenizer.json` that are read.
#[derive(Deserialize)]
struct Whole {
    added_tokens: Option<Vec<Added>>,
    model: BytePairs,
}

#[derive(Deserialize)]
struct BytePairs {
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
}

/// A merge as files from before and after 2024 have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Line(String),
    Pair(String, String),
}

impl Vocabulary {
    /// Reads the folder `tokenizer` of a model whose text encoder knows the ids below `size`.
    ///
    /// # Errors
    /// Model: a file is missing, larger than 16 MB or no JSON; a token has an id twice, beyond `size` or of another token;
    /// a merge names what is no token; there is no token at a word's end, or none of the special ones.
    pub fn read(folder: &Path, size: usize) -> Result<Self> {
        let whole = folder.join("tokenizer.json");
        let (tokens, merges, added) = if whole.is_file() {
            let Whole { added_tokens, model } = json(&whole)?;
            let merges: Option<Vec<_>> = model.merges.into_iter().map(Merge::parts).collect();
            let merges = merges.ok_or_else(|| wrong(folder).because("a merge is not of two tokens"))?;
            (model.vocab, merges, added_tokens.unwrap_or_default())
        } else {
            let text = text_of(&folder.join("merges.txt"))?;
            let lines = text.lines().filter(|l| !l.starts_with("#version") && !l.trim().is_empty());
            let merges: Option<Vec<_>> = lines.map(pair).collect();
            let merges = merges.ok_or_else(|| wrong(folder).because("a merge is not of two tokens"))?;
            (json(&folder.join("vocab.json"))?, merges, Vec::new())
        };
        let names = SpecialTokens::read(folder)?;
        Self::checked(tokens, merges, added, (names, size)).map_err(|cause| wrong(folder).because(cause))
    }

    /// CLIP's own, of 49,408 tokens, for models that bring none.
    ///
    /// # Errors
    /// Model: the text encoder knows fewer than that.
    pub fn clip(size: usize) -> Result<Self> {
        let wrong = || Error::model("CLIP's own vocabulary doesn't fit the model's text encoder");
        let lines = CLIP.lines().filter(|line| !line.starts_with("#version"));
        let merges: Option<Vec<_>> = lines.map(pair).collect();
        let merges = merges.ok_or_else(|| wrong().because("a merge is not of two tokens"))?;
        let bytes = byte_letters().map(String::from);
        let ends = byte_letters().map(|letter| format!("{letter}{WORD_END}"));
        let merged = merges.iter().map(|(a, b)| format!("{a}{b}"));
        let special = ["<|startoftext|>", "<|endoftext|>"].map(str::to_owned);
        let tokens = bytes.chain(ends).chain(merged).chain(special.clone()).zip(0..).collect();
        let [begin, end] = special;
        let names = SpecialTokens { begin, pad: end.clone(), end };
        Self::checked(tokens, merges, Vec::new(), (names, size)).map_err(|cause| {
            wrong().because(cause).hint("a model with another vocabulary needs its 'tokenizer' folder")
        })
    }

    fn checked(
        mut tokens: HashMap<String, u32>,
        merges: Vec<(String, String)>,
        mut added: Vec<Added>,
        (names, size): (SpecialTokens, usize),
    ) -> Result<Self, String> {
        for token in &added {
            ends_in_letters(&token.content)?;
            if tokens.insert(token.content.clone(), token.id).is_some_and(|id| id != token.id) {
                return Err(format!("the token '{}' has two ids", token.content));
            }
        }
        ids_are_right(&tokens, size)?;
        if !tokens.keys().any(|token| token.ends_with(WORD_END)) {
            return Err(format!("no token ends in '{WORD_END}', so it isn't CLIP's"));
        }
        for (a, b) in &merges {
            let parts = [a.as_str(), b, &format!("{a}{b}")];
            if let Some(absent) = parts.iter().find(|part| part.is_empty() || !tokens.contains_key(**part)) {
                return Err(format!("the merge of '{a}' and '{b}' needs '{absent}', which is no token"));
            }
        }
        let id = |name: &str| tokens.get(name).copied().ok_or(format!("there is no token '{name}' in it"));
        let (begin, end, pad) = (id(&names.begin)?, id(&names.end)?, id(&names.pad)?);
        for (content, id) in [(names.begin, begin), (names.end.clone(), end)] {
            ends_in_letters(&content)?;
            if !added.iter().any(|token| token.content == content) {
                added.push(Added::special(id, content));
            }
        }
        Ok(Vocabulary { tokens, merges, added, begin, end_name: names.end, end, pad })
    }
}

/// What is looked for in a text has no white space around it, for that is another token's to take along.
fn ends_in_letters(content: &str) -> Result<(), String> {
    match content.is_empty() || content.trim() != content {
        true => Err(format!("the added token '{content}' is empty or ends in white space")),
        false => Ok(()),
    }
}

/// Every id belongs to one token, and the text encoder knows it.
fn ids_are_right(tokens: &HashMap<String, u32>, size: usize) -> Result<(), String> {
    let mut owner: Vec<Option<&str>> = vec![None; size];
    for (token, id) in tokens {
        let place = owner.get_mut(*id as usize);
        let place = place.ok_or(format!(
            "the token '{token}' has the id {id}, and the text encoder knows {size} tokens"
        ))?;
        if let Some(other) = place.replace(token) {
            let [a, b] = if other < token.as_str() { [other, token] } else { [token, other] };
            return Err(format!("the tokens '{a}' and '{b}' have the same id {id}"));
        }
    }
    Ok(())
}

/// The letters that stand for bytes in CLIP's tokens, in the order of their ids: printable ones for themselves, first, and others
/// by letters from beyond Latin-1.
fn byte_letters() -> impl Iterator<Item = char> {
    let printable = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let others = (0..=255).filter(move |byte| !printable(byte)).count() as u32;
    (0..=255).filter(printable).map(char::from).chain((256..256 + others).filter_map(char::from_u32))
}

impl Added {
    /// A token that is found as it is.
    fn special(id: u32, content: String) -> Self {
        Added { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false }
    }
}

impl Merge {
    fn parts(self) -> Option<(String, String)> {
        match self {
            Merge::Line(line) => pair(&line),
            Merge::Pair(a, b) => Some((a, b)),
        }
    }
}

/// Two words with a space between them.
fn pair(line: &str) -> Option<(String, String)> {
    let (a, b) = line.split_once(' ')?;
    (!b.contains(' ')).then(|| (a.to_owned(), b.to_owned()))
}

fn wrong(folder: &Path) -> Error {
    Error::model(format!("the tokenizer in {} can't be used", folder.display()))
        .hint("tokenizer.json, or vocab.json and merges.txt, of the model's own CLIP are needed")
}

fn text_of(path: &Path) -> Result<String> {
    bounded_read::text(path, MAX_FILE_BYTES).context(|| {
        Error::model(format!("can't read {}", path.display()))
            .hint("a tokenizer is tokenizer.json, or vocab.json and merges.txt")
    })
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&text_of(path)?).context(|| {
        Error::model(format!("{} can't be understood", path.display()))
            .hint("it is damaged, or not of a CLIP model")
    })
}

/// What the tokens with a meaning of their own are called.
struct SpecialTokens {
    begin: String,
    end: String,
    pad: String,
}

impl SpecialTokens {
    /// From `tokenizer_config.json` or `special_tokens_map.json`; what neither tells is as in CLIP.
    fn read(folder: &Path) -> Result<Self> {
        let mut files: Vec<Value> = Vec::new();
        for path in ["tokenizer_config.json", "special_tokens_map.json"].map(|n| folder.join(n)) {
            if path.is_file() {
                files.push(json(&path)?);
            }
        }
        // A token stands there by its text, or as an object that has it as its content.
        let text = |v: &Value| v.as_str().or_else(|| v.get("content")?.as_str()).map(str::to_owned);
        let named = |name: &str| files.iter().find_map(|f| text(f.get(name)?));
        let end = named("eos_token").unwrap_or_else(|| "<|endoftext|>".into());
        Ok(SpecialTokens {
            begin: named("bos_token").unwrap_or_else(|| "<|startoftext|>".into()),
            pad: named("pad_token").unwrap_or_else(|| end.clone()),
            end,
        })
    }
}
