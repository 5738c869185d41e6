//! CLIP's tokenizer: a prompt goes in, as many token ids as the text encoder has positions come out.
//!
//! Reads `tokenizer.json`, or the older `vocab.json` and `merges.txt`, of any vocabulary and any length.

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::Path;

/// No vocabulary comes near this size in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Turns prompts into token ids.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    begin: u32,
    end: u32,
    pad: u32,
    length: usize,
}

/// A prompt as the text encoder takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptIds {
    /// Begin, the prompt, end, padding.
    pub ids: Vec<u32>,
    /// The bytes of the prompt that each id stands for; empty for begin, end and padding.
    pub places: Vec<Range<usize>>,
    /// The part of the prompt for which there was no room.
    pub cut: Option<String>,
}

impl Tokenizer {
    /// Reads the folder `tokenizer` of a model whose text encoder takes `length` tokens.
    pub fn open(folder: &Path, length: usize) -> Result<Self> {
        let wrong = || {
            Error::model(format!("the tokenizer in {} can't be used", folder.display()))
                .hint("tokenizer.json, or vocab.json and merges.txt, of a CLIP model are needed")
        };
        let whole = folder.join("tokenizer.json");
        let text = if whole.is_file() { text_of(&whole)? } else { from_parts(folder)? };
        let parsed: tokenizers::Result<tokenizers::Tokenizer> = text.parse();
        let mut inner = parsed.context(wrong)?;
        inner.with_padding(None);
        inner.with_truncation(None).context(wrong)?;
        let names = SpecialTokens::read(folder)?;
        let id = |name: &str| {
            inner
                .token_to_id(name)
                .ok_or_else(|| wrong().because(format!("there is no token '{name}' in it")))
        };
        let (begin, end, pad) = (id(&names.begin)?, id(&names.end)?, id(&names.pad)?);
        Ok(Tokenizer { begin, end, pad, length, inner })
    }

    /// The ids of `prompt`, filled up to the length with padding.
    pub fn encode(&self, prompt: &str) -> Result<PromptIds> {
        let encoding = self
            .inner
            .encode(prompt, false)
            .context(|| Error::usage(format!("the prompt '{prompt}' can't be turned into tokens")))?;
        let room = self.length.saturating_sub(2);
        let words = encoding.get_ids();
        let cut = (words.len() > room)
            .then(|| encoding.get_offsets().get(room).and_then(|(from, _)| prompt.get(*from..)))
            .flatten()
            .map(|rest| rest.trim().to_owned());
        let mut ids = vec![self.begin];
        ids.extend(words.iter().take(room));
        ids.push(self.end);
        let mut places = vec![Range::default()];
        places.extend(encoding.get_offsets().iter().take(room).map(|(from, to)| *from..*to));
        places.resize(self.length, Range::default());
        ids.resize(self.length, self.pad);
        Ok(PromptIds { ids, places, cut })
    }
}

fn text_of(path: &Path) -> Result<String> {
    bounded_read::text(path, MAX_FILE_BYTES)
        .context(|| Error::model(format!("can't read {}", path.display())))
}

/// `vocab.json` and `merges.txt` as a `tokenizer.json`: CLIP's byte pairs over clean lower-case words.
fn from_parts(folder: &Path) -> Result<String> {
    let vocab: Value = serde_json::from_str(&text_of(&folder.join("vocab.json"))?)
        .context(|| Error::model(format!("{} can't be understood", folder.join("vocab.json").display())))?;
    let merges = text_of(&folder.join("merges.txt"))?;
    let merges: Vec<&str> =
        merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).collect();
    let words =
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    let unknown = vocab.get("<|endoftext|>").map(|_| "<|endoftext|>");
    let whole = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false,
            "vocab": vocab, "merges": merges,
        },
    });
    Ok(whole.to_string())
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
        let mut files = Vec::new();
        for path in ["tokenizer_config.json", "special_tokens_map.json"].map(|n| folder.join(n)) {
            if path.is_file() {
                let unclear = || Error::model(format!("{} can't be understood", path.display()));
                files.push(serde_json::from_str::<Value>(&text_of(&path)?).context(unclear)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A vocabulary of single letters with the merges for "neon".
    fn open(length: usize) -> Tokenizer {
        let folder = tempfile::tempdir().unwrap();
        let pieces = ["n", "e", "o", "n</w>", "o</w>", ",</w>", "a</w>", "ne", "on</w>", "neon</w>"];
        let mut vocab: serde_json::Map<String, Value> =
            pieces.iter().enumerate().map(|(i, p)| (p.to_string(), i.into())).collect();
        vocab.insert("<|startoftext|>".into(), 10.into());
        vocab.insert("<|endoftext|>".into(), 11.into());
        std::fs::write(folder.path().join("vocab.json"), Value::Object(vocab).to_string()).unwrap();
        std::fs::write(folder.path().join("merges.txt"), "#version: 0.2\nn e\no n</w>\nne on</w>\n").unwrap();
        Tokenizer::open(folder.path(), length).unwrap()
    }

    #[test]
    fn words_are_lowered_merged_and_padded() {
        let prompt = open(8).encode("  NEON,\n a ").unwrap();
        assert_eq!((prompt.ids, prompt.cut), (vec![10, 9, 5, 6, 11, 11, 11, 11], None));
        assert_eq!(prompt.places, [0..0, 2..6, 6..7, 9..10, 0..0, 0..0, 0..0, 0..0]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let prompt = open(4).encode("neon neon, a").unwrap();
        assert_eq!((prompt.ids, prompt.cut), (vec![10, 9, 9, 11], Some(", a".into())));
        assert_eq!(open(3).encode("").unwrap().ids, [10, 11, 11]);
    }

    #[test]
    fn a_folder_without_a_tokenizer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Tokenizer::open(folder.path(), 8).is_err());
        std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
        assert!(Tokenizer::open(folder.path(), 8).is_err());
    }
}
