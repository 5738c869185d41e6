//! CLIP's tokenizer: a prompt goes in, as many token ids as the text encoder has positions come out.
//!
//! The pipeline is CLIP's, whatever a model's files say: the text without typography, added tokens in it first, then in lower
//! case, its words, their bytes as letters, and byte pairs merged up to the word's end. A model brings the `Vocabulary`.

use super::embedding;
use super::typography::{Cleaning, plain};
use super::vocabulary::{Vocabulary, WORD_END};
use crate::error::{Context, Error, Result};
use std::ops::Range;
use std::path::Path;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, PostProcessorWrapper, SplitDelimiterBehavior, TokenizerImpl, normalizer,
};

/// CLIP's words: endings, letters, single digits, whatever else is not white space.
const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Tokens of a word that is taken apart where it doesn't fit into what is left of a chunk.
const LONG_WORD: usize = 8;

/// Nothing is done behind the byte pairs.
type Pipeline = TokenizerImpl<BPE, Cleaning, Sequence, PostProcessorWrapper, DecoderWrapper>;

/// Turns prompts into token ids.
#[derive(Debug)]
pub struct Tokenizer {
    pipeline: Pipeline,
    begin: u32,
    end: u32,
    pad: u32,
    length: usize,
    /// Words that come in files, each with the text encoder's ids for it.
    words: Vec<(String, Range<u32>)>,
}

/// A token, and the bytes of the prompt that it stands for.
type Token = (u32, Range<usize>);

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
    /// Reads the folder `tokenizer` of a model whose text encoder takes `length` tokens out of a vocabulary of `size`.
    ///
    /// # Errors
    /// Model: as `Vocabulary::read`, by file and cause.
    pub fn open(folder: &Path, length: usize, size: usize) -> Result<Self> {
        let vocabulary = Vocabulary::read(folder, size)?;
        let (begin, end, pad) = (vocabulary.begin, vocabulary.end, vocabulary.pad);
        let pipeline = pipeline(vocabulary)
            .context(|| Error::model(format!("the tokenizer in {} can't be used", folder.display())))?;
        Ok(Tokenizer { pipeline, begin, end, pad, length, words: Vec::new() })
    }

    /// CLIP's own, for a text encoder that takes `length` tokens out of a vocabulary of `size`, at least CLIP's.
    ///
    /// # Errors
    /// Model: as `Vocabulary::clip`.
    pub fn clip(length: usize, size: usize) -> Result<Self> {
        let vocabulary = Vocabulary::clip(size)?;
        let (begin, end, pad) = (vocabulary.begin, vocabulary.end, vocabulary.pad);
        let pipeline =
            pipeline(vocabulary).context(|| Error::internal("CLIP's own tokenizer can't be made"))?;
        Ok(Tokenizer { pipeline, begin, end, pad, length, words: Vec::new() })
    }

    /// The ids of `prompt`, filled up to the length with padding.
    pub fn encode(&self, prompt: &str) -> Result<PromptIds> {
        let tokens = self.tokens(prompt)?;
        let room = self.length.saturating_sub(2);
        let cut = tokens.get(room).and_then(|(_, place)| prompt.get(place.start..));
        let cut = cut.map(|rest| rest.trim().to_owned());
        Ok(self.filled(tokens.into_iter().take(room), cut))
    }

    /// Takes words that come in files, each with as many ids from `first` on as it has vectors.
    pub fn add_words<'a>(&mut self, words: impl Iterator<Item = (&'a str, usize)>, first: u32) {
        let mut next = first;
        for (word, count) in words {
            let ids = next..next + count as u32;
            next = ids.end;
            self.words.push((word.to_owned(), ids));
        }
    }

    /// The tokens of a prompt, without begin and end.
    fn tokens(&self, prompt: &str) -> Result<Vec<Token>> {
        let words: Vec<&str> = self.words.iter().map(|(word, _)| word.as_str()).collect();
        let (mut tokens, mut from) = (Vec::new(), 0);
        for (place, number) in embedding::find(prompt, &words) {
            self.add_plain(prompt, from..place.start, &mut tokens)?;
            let (_, ids) = &self.words[number];
            tokens.extend(ids.clone().map(|id| (id, place.clone())));
            from = place.end;
        }
        self.add_plain(prompt, from..prompt.len(), &mut tokens)?;
        Ok(tokens)
    }

    /// Adds the tokens of a part of a prompt in which no word of a file stands.
    fn add_plain(&self, prompt: &str, part: Range<usize>, tokens: &mut Vec<Token>) -> Result<()> {
        let plain = plain(&prompt[part.clone()]);
        let encoding = self
            .pipeline
            .encode(plain.get(), false)
            .context(|| Error::usage(format!("the prompt '{prompt}' can't be turned into tokens")))?;
        let place = |&(from, to): &(usize, usize)| {
            let own = plain.convert_offsets(normalizer::Range::Normalized(from..to)).unwrap_or_default();
            part.start + own.start..part.start + own.end
        };
        let places = encoding.get_offsets().iter().map(place);
        tokens.extend(encoding.get_ids().iter().copied().zip(places));
        Ok(())
    }

    /// The ids of a prompt of any length, in as many chunks as it takes, each as long as the text encoder has positions; a new one
    /// begins at each of the bytes `breaks` too.
    ///
    /// # Errors
    /// Usage: the prompt can't be turned into tokens.
    pub fn chunks(&self, prompt: &str, breaks: &[usize]) -> Result<Vec<PromptIds>> {
        let tokens = self.tokens(prompt)?;
        let places: Vec<Range<usize>> = tokens.iter().map(|(_, place)| place.clone()).collect();
        let mut filling = Filling { chunks: vec![Vec::new()], room: self.length.saturating_sub(2) };
        let (mut word, mut breaks) = (0, breaks.iter().peekable());
        for i in 0..places.len() {
            let gap =
                if i == 0 { "" } else { prompt.get(places[i - 1].end..places[i].start).unwrap_or_default() };
            let ends = breaks.next_if(|at| **at <= places[i].start).is_some();
            if ends || gap.contains(char::is_whitespace) {
                filling.word(word..i);
                word = i;
            }
            if ends {
                // Several breaks in a row are one.
                while breaks.next_if(|at| **at <= places[i].start).is_some() {}
                filling.chunks.push(Vec::new());
            }
        }
        filling.word(word..places.len());
        let chunk = |places: &Vec<usize>| self.filled(places.iter().map(|&i| tokens[i].clone()), None);
        let all = filling.chunks.len();
        let kept = filling.chunks.iter().filter(|tokens| all == 1 || !tokens.is_empty());
        Ok(kept.map(chunk).collect())
    }

    /// Begin, tokens with their places, end, padding.
    fn filled(&self, tokens: impl Iterator<Item = Token>, cut: Option<String>) -> PromptIds {
        let (mut ids, mut places) = (vec![self.begin], vec![Range::default()]);
        for (id, place) in tokens {
            ids.push(id);
            places.push(place);
        }
        ids.push(self.end);
        places.resize(self.length, Range::default());
        ids.resize(self.length, self.pad);
        PromptIds { ids, places, cut }
    }
}

/// Fills chunks with words, as ComfyUI does: a word that doesn't fit begins the next one, unless it is a very long one.
struct Filling {
    chunks: Vec<Vec<usize>>,
    room: usize,
}

impl Filling {
    /// Takes in a word's tokens, by their numbers.
    fn word(&mut self, tokens: Range<usize>) {
        let mut rest = tokens;
        while !rest.is_empty() {
            let room = self.room.max(1);
            let last = self.chunks.iter_mut().next_back();
            let Some(chunk) = last.filter(|chunk| chunk.len() < room) else {
                self.chunks.push(Vec::new());
                continue;
            };
            let left = room - chunk.len();
            if rest.len() > left && rest.len() < LONG_WORD.min(room + 1) {
                self.chunks.push(Vec::new());
                continue;
            }
            let taken = rest.len().min(left);
            chunk.extend(rest.start..rest.start + taken);
            rest.start += taken;
        }
    }
}

/// CLIP's pipeline over a model's vocabulary.
fn pipeline(vocabulary: Vocabulary) -> tokenizers::Result<Pipeline> {
    let Vocabulary { tokens, merges, added, end_name, .. } = vocabulary;
    let pairs = BPE::builder()
        .vocab_and_merges(tokens.into_iter().collect::<Vocab>(), merges)
        .unk_token(end_name)
        .end_of_word_suffix(WORD_END.into())
        .build()?;
    let words = Split::new(SplitPattern::Regex(WORDS.into()), SplitDelimiterBehavior::Removed, true)?;
    let bytes = ByteLevel::new(false, true, false);
    let mut pipeline = Pipeline::new(pairs);
    pipeline.with_normalizer(Some(Cleaning::new()?))?;
    pipeline.with_pre_tokenizer(Some(Sequence::new(vec![words.into(), bytes.into()])));
    pipeline.add_tokens(added.into_iter().map(|token| {
        AddedToken::from(token.content, true)
            .single_word(token.single_word)
            .lstrip(token.lstrip)
            .rstrip(token.rstrip)
            .normalized(token.normalized)
    }))?;
    Ok(pipeline)
}

#[cfg(test)]
mod all_texts;
#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Single letters and the merges for "neon", as transformers writes them.
    fn whole() -> Value {
        json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [
                {"id": 10, "content": "<|startoftext|>", "single_word": false, "lstrip": false, "rstrip": false,
                 "normalized": false, "special": true},
                {"id": 11, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false,
                 "normalized": false, "special": true},
            ],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "post_processor": null, "decoder": null,
            "model": {
                "type": "BPE", "dropout": null, "unk_token": "<|endoftext|>", "continuing_subword_prefix": null,
                "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": {"n": 0, "e": 1, "o": 2, "n</w>": 3, "o</w>": 4, ",</w>": 5, "a</w>": 6, "ne": 7, "on</w>": 8,
                          "neon</w>": 9, "<|startoftext|>": 10, "<|endoftext|>": 11},
                "merges": [["n", "e"], ["o", "n</w>"], ["ne", "on</w>"]],
            },
        })
    }

    fn opened(files: &[(&str, String)], length: usize) -> Result<Tokenizer> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
        Tokenizer::open(folder.path(), length, 12)
    }

    /// The same as `vocab.json` and `merges.txt`.
    fn parts() -> [(&'static str, String); 2] {
        let merges = "#version: 0.2\nn e\no n</w>\nne on</w>\n";
        [("vocab.json", whole()["model"]["vocab"].to_string()), ("merges.txt", merges.to_owned())]
    }

    fn open(length: usize) -> Tokenizer {
        opened(&parts(), length).unwrap()
    }

    #[test]
    fn words_are_lowered_merged_and_padded() {
        let prompt = open(8).encode("  NEON,\n a ").unwrap();
        assert_eq!((prompt.ids, prompt.cut), (vec![10, 9, 5, 6, 11, 11, 11, 11], None));
        assert_eq!(prompt.places, [0..0, 2..6, 6..7, 9..10, 0..0, 0..0, 0..0, 0..0]);
    }

    #[test]
    fn long_prompts_come_in_chunks_of_whole_words() {
        let words = |text: &str, breaks: &[usize], length| {
            let chunks = open(length).chunks(text, breaks).unwrap();
            assert!(chunks.iter().all(|chunk| chunk.ids.len() == length && chunk.places.len() == length));
            chunks
                .into_iter()
                .map(|c| {
                    c.places
                        .into_iter()
                        .filter(|p| !p.is_empty())
                        .map(|p| text[p].to_owned())
                        .collect::<Vec<_>>()
                        .join("|")
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(words("neon neon, a", &[], 8), ["neon|neon|,|a"]);
        // Four tokens to a chunk: a word with its comma is kept together.
        assert_eq!(words("a a a neon, a", &[], 6), ["a|a|a", "neon|,|a"]);
        assert_eq!(words("neon a", &[5], 8), ["neon", "a"]);
        assert_eq!(words("neon a", &[5, 5], 8), ["neon", "a"]);
        assert_eq!(words("", &[], 8), [""]);
        assert_eq!(words(" neon", &[1], 8), ["neon"], "no chunk is empty where another isn't");
        assert_eq!(words("n,n,n,n,n,n", &[], 6).len(), 3, "a long word is taken apart");
        let chunk = &open(6).chunks("a a a neon", &[]).unwrap()[0];
        assert_eq!(chunk.ids, [10, 6, 6, 6, 9, 11]);
        assert_eq!(open(8).chunks("  NEON,\n a ", &[]).unwrap(), [open(8).encode("  NEON,\n a ").unwrap()]);
    }

    #[test]
    fn words_of_files_have_ids_of_their_own_and_weights_like_others() {
        let mut tokenizer = open(8);
        tokenizer.add_words([("e", 2), ("neon-x", 1)].into_iter(), 12);
        let prompt = tokenizer.encode("neon E, neon-x").unwrap();
        assert_eq!(prompt.ids, [10, 9, 12, 13, 5, 14, 11, 11]);
        assert_eq!(prompt.places[1..6], [0..4, 5..6, 5..6, 6..7, 8..14]);
        let chunk = &tokenizer.chunks("a embedding:e", &[]).unwrap()[0];
        assert_eq!((&chunk.ids[..4], &chunk.places[2..4]), (&[10, 6, 12, 13][..], &[2..13, 2..13][..]));
        // Where a letter is part of a word, it is none of its own.
        assert_eq!(tokenizer.encode("neon").unwrap().ids, open(8).encode("neon").unwrap().ids);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let prompt = open(4).encode("neon neon, a").unwrap();
        assert_eq!((prompt.ids, prompt.cut), (vec![10, 9, 9, 11], Some(", a".into())));
        assert_eq!(open(3).encode("").unwrap().ids, [10, 11, 11]);
    }

    /// The ids are those of the `tokenizers` package (0.23) with the pipeline that transformers writes, after ftfy 6.3.
    #[test]
    fn the_shipped_tokenizer_gives_the_ids_of_transformers_and_ftfy() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark/tokenizer");
        let parts = tempfile::tempdir().unwrap();
        for name in ["vocab.json", "merges.txt"] {
            std::fs::copy(folder.join(name), parts.path().join(name)).unwrap();
        }
        let cases: [(&str, &[u32]); 4] = [
            ("a neon city at night, rain", &[320, 670, 615, 575, 583, 267, 754]),
            (
                "it's THE ocean's 1984 & they'll dance!!'s",
                &[
                    1226, 6, 338, 588, 689, 6, 338, 272, 280, 279, 275, 261, 546, 68, 344, 6, 75, 331, 1426,
                    0, 0, 262, 338,
                ],
            ),
            ("“Ｎeon” ﬁre — glass…", &[257, 670, 257, 598, 158, 222, 498, 1119, 158, 222, 355]),
            (
                "été 北京 🎆 waves<|endoftext|>  rings",
                &[127, 102, 83, 127, 358, 161, 234, 245, 160, 118, 361, 172, 253, 236, 484, 746, 1535, 639],
            ),
        ];
        for folder in [folder.as_path(), parts.path()] {
            let tokenizer = Tokenizer::open(folder, 77, 1536).unwrap();
            for (prompt, ids) in &cases {
                assert_eq!(tokenizer.encode(prompt).unwrap().ids[1..=ids.len()], **ids, "{prompt}");
            }
        }
    }

    /// The ids are those of transformers 5.23 with OpenAI's vocabulary, begin and end among them.
    #[test]
    fn clips_own_tokenizer_gives_the_ids_of_transformers() {
        let cases: [(&str, &[u32]); 4] = [
            ("a neon city at night, rain", &[49406, 320, 13919, 1305, 536, 930, 267, 2443, 49407]),
            (
                "it's THE ocean's 1984 & they'll dance!!",
                &[49406, 585, 568, 518, 4918, 568, 272, 280, 279, 275, 261, 889, 1342, 2724, 748, 49407],
            ),
            ("été 北京 🎆 waves", &[49406, 3459, 39694, 161, 234, 245, 21078, 361, 39222, 7882, 49407]),
            (
                "a photo of an astronaut riding a horse on mars",
                &[49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496, 49407],
            ),
        ];
        let tokenizer = Tokenizer::clip(77, 49_408).unwrap();
        for (prompt, ids) in cases {
            let found = tokenizer.encode(prompt).unwrap().ids;
            assert_eq!(found[..ids.len()], *ids, "{prompt}");
            assert!(found[ids.len()..].iter().all(|id| *id == 49_407));
        }
        assert!(Tokenizer::clip(77, 1000).is_err());
    }

    /// Each of these makes the `tokenizers` crate panic, fail, forget or guess, or gives other ids than CLIP's.
    #[test]
    fn no_pipeline_but_clips_is_run_whatever_a_file_names() {
        let split =
            json!({"type": "Split", "pattern": {"Regex": ""}, "behavior": "MergedWithNext", "invert": true});
        let twice = json!({"type": "Replace", "pattern": {"String": "n"}, "content": "nn"});
        let strangers = [
            ("/model/dropout", json!(0.9)),
            ("/model/continuing_subword_prefix", json!("##########")),
            ("/model/continuing_subword_prefix", json!("é")),
            ("/model/end_of_word_suffix", json!("")),
            ("/model/unk_token", json!("nowhere")),
            ("/model/type", json!("WordPiece")),
            ("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"})),
            ("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAA="})),
            ("/normalizer", json!({"type": "Prepend", "prepend": ""})),
            ("/normalizer", json!({"type": "Replace", "pattern": {"String": ""}, "content": "x"})),
            ("/normalizer", json!({"type": "Sequence", "normalizers": vec![twice; 20]})),
            ("/pre_tokenizer", json!({"type": "FixedLength", "length": 0})),
            ("/pre_tokenizer", json!({"type": "UnicodeScripts"})),
            ("/pre_tokenizer", split),
            (
                "/post_processor",
                json!({"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}),
            ),
            ("/post_processor", json!({"type": "no such thing"})),
            (
                "/truncation",
                json!({"max_length": 0, "strategy": "OnlySecond", "stride": 5, "direction": "Right"}),
            ),
            ("/padding", json!(-1)),
        ];
        let prompts = ["", " \n", "neon, a", "  NEON né 🎆 xyz <|startoftext|> nnnnnnnnnnnnnnnnnnnnnn"];
        let plain = open(40);
        for (at, value) in strangers {
            let mut file = whole();
            *file.pointer_mut(at).unwrap() = value;
            let tokenizer = opened(&[("tokenizer.json", file.to_string())], 40).unwrap();
            for prompt in prompts {
                assert_eq!(
                    tokenizer.encode(prompt).unwrap(),
                    plain.encode(prompt).unwrap(),
                    "{at}: {prompt}"
                );
            }
        }
    }

    #[test]
    fn vocabularies_that_are_none_are_refused_by_what_is_wrong() {
        let long = json!([["<|startoftext|>", "<|endoftext|>"]]);
        for (at, value, cause) in [
            ("/model/merges", long, "needs '<|startoftext|><|endoftext|>', which is no token"),
            ("/model/merges", json!([["x", "y"]]), "needs 'x', which is no token"),
            ("/model/merges", json!([["", "n"]]), "needs '', which is no token"),
            ("/model/merges", json!(["n"]), "a merge is not of two tokens"),
            ("/model/merges", json!(["n e o"]), "a merge is not of two tokens"),
            ("/model/merges", json!([["n", "e", "o"]]), "can't be understood"),
            ("/model/vocab/n", json!(1), "the tokens 'e' and 'n' have the same id 1"),
            ("/model/vocab/n", json!(12), "'n' has the id 12, and the text encoder knows 12 tokens"),
            ("/model/vocab/n", json!(u32::MAX), "'n' has the id 4294967295"),
            ("/model/vocab/n", json!(-1), "can't be understood"),
            ("/model/vocab/n", json!(u64::MAX), "can't be understood"),
            ("/model/vocab/n", json!(0.5), "can't be understood"),
            ("/model/vocab", json!([["n", 0.0]]), "can't be understood"),
            ("/model/vocab", json!({"n": 0}), "no token ends in '</w>'"),
            ("/added_tokens/0/id", json!(5), "the token '<|startoftext|>' has two ids"),
            ("/added_tokens/0/content", json!(""), "the added token '' is empty"),
            ("/added_tokens/0/content", json!(" "), "the added token ' ' is empty or"),
            (
                "/added_tokens/0/content",
                json!("new"),
                "the tokens '<|startoftext|>' and 'new' have the same id",
            ),
        ] {
            let mut file = whole();
            *file.pointer_mut(at).unwrap() = value;
            let error = opened(&[("tokenizer.json", file.to_string())], 8).unwrap_err();
            assert!(error.to_string().contains(cause), "{error}");
            assert!(!error.hints().is_empty());
        }
    }

    #[test]
    fn merges_are_lines_or_pairs_and_ids_may_leave_gaps() {
        let mut file = whole();
        file["model"]["merges"] = json!(["n e", "o n</w>", "ne on</w>"]);
        file["model"]["vocab"].as_object_mut().unwrap().remove(",</w>");
        let tokenizer = opened(&[("tokenizer.json", file.to_string())], 8).unwrap();
        assert_eq!(tokenizer.encode("neon a").unwrap().ids[..4], [10, 9, 6, 11]);
    }

    #[test]
    fn added_tokens_are_found_before_words_are() {
        let mut file = whole();
        file["model"]["vocab"].as_object_mut().unwrap().remove(",</w>");
        let token = json!({"id": 5, "content": "<Neon Cat>", "normalized": true, "rstrip": true});
        file["added_tokens"].as_array_mut().unwrap().push(token);
        let tokenizer = opened(&[("tokenizer.json", file.to_string())], 8).unwrap();
        assert_eq!(tokenizer.encode("a<neon  CAT> neon").unwrap().ids[..5], [10, 6, 5, 9, 11]);
    }

    #[test]
    fn a_folder_without_a_tokenizer_is_an_error() {
        for files in [vec![], vec![("tokenizer.json", "{}".into())], vec![("vocab.json", "{}".into())]] {
            assert!(opened(&files, 8).is_err());
        }
        let other = ("special_tokens_map.json", r#"{"bos_token": {"content": "<s>"}}"#.to_owned());
        let error = opened(&[&parts()[..], &[other]].concat(), 8).unwrap_err();
        assert!(error.to_string().contains("there is no token '<s>'"), "{error}");
    }
}
