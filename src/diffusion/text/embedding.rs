//! Textual inversions: words for a text encoder that come in files, each standing for one vector or several.
//!
//! | layout | tensor |
//! |---|---|
//! | A1111, safetensors | `emb_params` |
//! | ComfyUI | `clip_l` |
//! | diffusers | one, called as the word |
//! | A1111, pickle | `string_to_param`, `*` inside |
//!
//! Vectors are \[n, width] or, of one, \[width]. The word is the file's name.

use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use crate::weights::{self, TensorSource};
use candle_core::{DType, Tensor};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Most vectors of a word: four prompts' worth.
const MOST: usize = 300;
/// What ComfyUI writes in front of the word.
const MARK: &str = "embedding:";

/// A word of its own.
#[derive(Clone, Debug)]
pub struct Embedding {
    word: String,
    path: PathBuf,
    /// f32 \[n, width] on the CPU.
    vectors: Tensor,
}

impl Embedding {
    /// The word `word` in the file at `path`, for a text encoder `width` wide.
    ///
    /// # Errors
    /// Model: it is damaged, of another width, or no textual inversion.
    pub fn open(word: &str, path: &Path, width: usize) -> Result<Self> {
        let source = weights::open(path)?;
        let name = tensor_of(&*source)?;
        let shape = &source.shapes()[&name];
        let refused = |what: String| Error::model(format!("{} {what}", path.display()));
        let (count, own) = match shape.as_slice() {
            [own] => (1, *own),
            [count, own] => (*count, *own),
            _ => {
                return Err(refused(format!("is no textual inversion: '{name}' has shape {shape:?}"))
                    .hint("one holds a vector, or several of one width"));
            }
        };
        if own != width {
            let of = match own {
                1024 => ", as for Stable Diffusion 2",
                1280 | 2048 => ", as for SDXL",
                768 => ", as for Stable Diffusion 1.5",
                _ => "",
            };
            return Err(refused(format!("is a textual inversion {own} wide{of}"))
                .hint(format!("the model's text encoder is {width} wide")));
        }
        if count == 0 || count > MOST {
            return Err(refused(format!("is a textual inversion of {count} vectors"))
                .hint(format!("words have between 1 and {MOST}")));
        }
        let vectors = source.read(&name)?.to_dtype(DType::F32).and_then(|t| t.reshape((count, width)));
        let vectors = vectors.context(|| refused("can't be read".into()))?;
        Ok(Embedding { word: word.to_owned(), path: path.to_owned(), vectors })
    }

    /// The word that stands for it in prompts.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Its vectors, f32 \[n, width] on the CPU.
    pub fn vectors(&self) -> &Tensor {
        &self.vectors
    }

    /// How many vectors it has.
    pub fn count(&self) -> usize {
        self.vectors.dims()[0]
    }

    /// A hash of its file and of the word that stands for it.
    ///
    /// # Errors
    /// Input: the file can't be read.
    pub fn digest(&self) -> Result<String> {
        let mut digest = Digest::default();
        digest.update(&self.word);
        digest.update_file(&self.path)?;
        Ok(digest.finish())
    }
}

/// The tensor that holds a file's vectors.
fn tensor_of(source: &dyn TensorSource) -> Result<String> {
    let shapes = source.shapes();
    let file = source.path().display();
    if shapes.contains_key("clip_g") {
        return Err(Error::model(format!("{file} is a textual inversion for SDXL"))
            .hint("one for Stable Diffusion 1.5 is needed, as the model is"));
    }
    let known =
        ["emb_params", "clip_l", "string_to_param.*"].into_iter().find(|name| shapes.contains_key(*name));
    if let Some(known) = known {
        return Ok(known.to_owned());
    }
    let mut params = shapes.keys().filter(|name| name.starts_with("string_to_param."));
    let mut all = shapes.keys();
    match (params.next(), params.next(), all.next(), all.next()) {
        (Some(only), None, ..) | (None, None, Some(only), None) => Ok(only.clone()),
        _ => Err(Error::model(format!("{file} is no textual inversion: {} tensors are in it", shapes.len()))
            .hint("one holds emb_params, clip_l, string_to_param or one tensor called as its word")),
    }
}

/// Where one of `words` stands in `text`, alone or as `embedding:WORD`, whatever its case: its bytes and its number, in order.
pub fn find(text: &str, words: &[&str]) -> Vec<(Range<usize>, usize)> {
    let mut found: Vec<(Range<usize>, usize)> = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let here = |(number, word): (usize, &&str)| -> Option<(Range<usize>, usize)> {
            let marked = matches(text, from, MARK).and_then(|at| matches(text, at, word));
            let end = marked.or_else(|| matches(text, from, word))?;
            (is_edge(text, from) && is_edge(text, end)).then_some((from..end, number))
        };
        // Of two words one of which begins with the other the longer one is meant.
        match words.iter().enumerate().filter_map(here).max_by_key(|(range, _)| range.end) {
            Some(hit) => {
                from = hit.0.end;
                found.push(hit);
            }
            None => from += text[from..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Every word that `text` asks for as `embedding:WORD`.
pub fn asked(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(MARK).filter_map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || ",:()[]<>".contains(c)).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|word| !word.is_empty())
    })
}

/// The byte behind `word`, if it stands at byte `at` in whatever case.
fn matches(text: &str, at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    text.get(at..end).filter(|here| !word.is_empty() && here.eq_ignore_ascii_case(word)).map(|_| end)
}

/// Whether no word goes on over byte `at`.
fn is_edge(text: &str, at: usize) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    !(inside(text[..at].chars().next_back()) && inside(text[at..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use std::collections::HashMap;

    fn opened(tensors: &[(&str, &[usize])], width: usize) -> Result<Embedding> {
        let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
        let tensor = |shape: &[usize]| Tensor::ones(shape, DType::F16, &Device::Cpu).unwrap();
        let tensors: HashMap<&str, Tensor> =
            tensors.iter().map(|(name, shape)| (*name, tensor(shape))).collect();
        candle_core::safetensors::save(&tensors, file.path()).unwrap();
        Embedding::open("word", file.path(), width)
    }

    #[test]
    fn all_layouts_are_read_and_wrong_ones_named() {
        for (name, shape, count) in [
            ("emb_params", &[3, 16][..], 3),
            ("clip_l", &[2, 16], 2),
            ("string_to_param.*", &[1, 16], 1),
            ("<my-style>", &[16], 1),
        ] {
            assert_eq!(opened(&[(name, shape)], 16).unwrap().count(), count, "{name}");
        }
        type Tensors<'a> = &'a [(&'a str, &'a [usize])];
        let refused: &[(Tensors<'_>, &str)] = &[
            (&[("emb_params", &[1, 1024])], "1024 wide, as for Stable Diffusion 2"),
            (&[("clip_l", &[1, 16]), ("clip_g", &[1, 1280])], "for SDXL"),
            (&[("emb_params", &[301, 16])], "301 vectors"),
            (&[("emb_params", &[1, 2, 16])], "no textual inversion"),
            (&[("a", &[16]), ("b", &[16])], "2 tensors"),
        ];
        for (tensors, says) in refused {
            let error = opened(tensors, 16).unwrap_err();
            assert!(error.to_string().contains(says) && !error.hints().is_empty(), "{error}");
        }
    }

    /// Files of torch.save: as A1111 writes them in both layouts, and as the inventors did. Nothing in them is run.
    #[test]
    fn pickled_files_hold_their_vectors_and_run_nothing() {
        let path = |name: &str| {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle").join(format!("{name}.pt"))
        };
        let expected: Vec<f32> = (0..32).map(|i| i as f32 / 8.0 - 1.0).collect();
        for (name, count) in [("embedding", 2), ("embedding-legacy", 2), ("embedding-first", 1)] {
            let word = Embedding::open("style", &path(name), 16).unwrap();
            let values = word.vectors().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!((word.count(), values.as_slice()), (count, &expected[..16 * count]), "{name}");
        }
        let wide = Embedding::open("style", &path("embedding-wide"), 16).unwrap_err();
        assert!(wide.to_string().contains("1024 wide, as for Stable Diffusion 2"), "{wide}");
        let runs = Embedding::open("style", &path("embedding-getcwd"), 16).unwrap_err();
        assert!(runs.to_string().contains("getcwd"), "{runs}");
    }

    #[test]
    fn words_are_found_where_they_stand_alone() {
        let found = |text: &str| -> Vec<(String, usize)> {
            find(text, &["bad", "bad-hands", "é"])
                .into_iter()
                .map(|(at, n)| (text[at].to_owned(), n))
                .collect()
        };
        assert_eq!(found("a BAD, badly bad_x"), [("BAD".into(), 0)]);
        assert_eq!(found("(embedding:bad-hands:1.2)"), [("embedding:bad-hands".into(), 1)]);
        assert_eq!(found("é bad-hands bad"), [("é".into(), 2), ("bad-hands".into(), 1), ("bad".into(), 0)]);
        assert_eq!(found("notbad xembedding:bad"), [("bad".into(), 0)]);
        assert_eq!(
            asked("embedding:one, (embedding:two:1.2) embedding:").collect::<Vec<_>>(),
            ["one", "two"]
        );
    }
}
