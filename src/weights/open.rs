//! Layouts: which one a file of weights has.

use super::halves::Halves;
use super::ncnn;
use super::ncnn::NcnnFile;
use super::pickle::PickleFile;
use super::safetensors::SafetensorsFile;
use super::sharded::Sharded;
use super::source::TensorSource;
use crate::error::{Context, Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

/// The source at `path`: a safetensors file, the `.index.json` of several, what `torch.save` wrote, or either file of a network of
/// ncnn. What a file is, its first bytes tell: names are often wrong.
///
/// # Errors
/// Model: it is missing, damaged, or of a layout that isn't read.
pub fn open(path: &Path) -> Result<Rc<dyn TensorSource>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Of half precision it is called model.safetensors.index.fp16.json.
    if name.contains(".index.") && name.ends_with(".json") {
        return Ok(Rc::new(Sharded::open(path, one)?));
    }
    one(path)
}

/// As [`open()`], and where the file is half of a small autoencoder, both halves.
///
/// # Errors
/// As [`open()`]; Model: the other half isn't there.
pub fn open_autoencoder(path: &Path) -> Result<Rc<dyn TensorSource>> {
    let source = open(path)?;
    match Halves::is_one(&*source) {
        true => Ok(Rc::new(Halves::open(source, one)?)),
        false => Ok(source),
    }
}

/// The source that is the file at `path` alone.
fn one(path: &Path) -> Result<Rc<dyn TensorSource>> {
    let failed = || Error::model(format!("can't open {}", path.display()));
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(9).read_to_end(&mut head)).context(failed)?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=4, ..] if head.get(8) != Some(&b'{') => {
            Ok(Rc::new(PickleFile::open(path)?))
        }
        head if head.starts_with(ncnn::MARK) => Ok(Rc::new(NcnnFile::open(path)?)),
        // An ending tells where its text lies; a network whose numbers have 32 bits begins with zeros.
        [0x47, 0x6B, 0x30, 0x01, ..] | [0, 0, 0, 0, ..] if ending_is_bin(path) => {
            Ok(Rc::new(NcnnFile::open(&path.with_extension("param"))?))
        }
        head => match not_weights(head) {
            Some((what, hint)) => Err(Error::model(format!("{} is {what}", path.display())).hint(hint)),
            None => Ok(Rc::new(SafetensorsFile::open(path)?)),
        },
    }
}

fn ending_is_bin(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("bin"))
}

/// What a file is that begins with `head`, where it is often met in the place of weights, and what to do.
fn not_weights(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const AGAIN: &str = "download the file itself, by its download button or with `beatbolt models pull`";
    let begins: [(&[u8], _, _); 5] = [
        (b"version ", "a pointer of Git LFS, not the file that it stands for", AGAIN),
        (b"<!doctype", "a web page", AGAIN),
        (b"<html", "a web page", AGAIN),
        (b"GGUF", "a GGUF file", "quantised files aren't read; take the safetensors file"),
        (b"\x89HDF", "a file of Keras", "take the safetensors file"),
    ];
    let lower = head.to_ascii_lowercase();
    let found = begins.iter().find(|(begin, ..)| head.starts_with(begin) || lower.starts_with(begin));
    found.map(|(_, what, hint)| (*what, *hint))
}
