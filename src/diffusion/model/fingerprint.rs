//! Model fingerprints: a hash of every part of a model that decides how pictures come out, so that what was begun with
//! one is not gone on with another, and what changed can be named.

use crate::digest::Digest;
use crate::error::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of a tokenizer's folder that may be read.
const TOKENIZER: [&str; 6] = [
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// SHA-256 of each part of a model, by the part's name: its folder's, `motion` for a module from a file of its own, and `checkpoint`
/// for all of a checkpoint in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ModelFingerprint {
    parts: BTreeMap<String, String>,
}

impl ModelFingerprint {
    /// Of the model in `folder` that was read from `files` and from its tokenizer's folder; `settings` are what was made
    /// of files that lie in no part's folder, by name.
    ///
    /// # Errors
    /// Input: a file can't be read.
    pub fn of(folder: &Path, files: &[PathBuf], settings: &[(&str, String)]) -> Result<Self> {
        let mut digests: BTreeMap<String, Digest> = BTreeMap::new();
        for (name, text) in settings {
            digests.entry((*name).to_owned()).or_default().update(text);
        }
        let tokenizer = TOKENIZER.map(|name| folder.join("tokenizer").join(name));
        for path in files.iter().chain(tokenizer.iter().filter(|path| path.is_file())) {
            let digest = digests.entry(part_of(folder, path)).or_default();
            // One file in another's place is another model. Where the folder lies doesn't matter.
            digest.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            digest.update_file(path)?;
        }
        let parts = digests.into_iter().map(|(name, digest)| (name, digest.finish())).collect();
        Ok(ModelFingerprint { parts })
    }

    /// The same with one part more, whose hash or words these are; none where there is a part of that name.
    pub fn with(mut self, name: &str, hash: String) -> Option<Self> {
        let before = self.parts.insert(name.to_owned(), hash);
        before.is_none().then_some(self)
    }

    /// The hash of every part, by its name.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|(name, hash)| (name.as_str(), hash.as_str()))
    }

    /// One hash over all parts, as hexadecimal digits.
    pub fn whole(&self) -> String {
        let mut digest = Digest::default();
        self.parts().for_each(|(name, hash)| digest.update(format!("{name} {hash}\n")));
        digest.finish()
    }
}

/// The part that a file belongs to.
fn part_of(folder: &Path, path: &Path) -> String {
    if path == folder {
        return "checkpoint".into();
    }
    let inside = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
    let first = inside.and_then(|inside| inside.components().next());
    first.map_or("motion".into(), |part| part.as_os_str().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{ModelInfo, ModelSpec, Tier};
    use std::fs;

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            match entry.path().is_dir() {
                true => copy(&entry.path(), &to),
                false => drop(fs::copy(entry.path(), to).unwrap()),
            }
        }
    }

    fn fingerprint(folder: &Path, motion: Option<PathBuf>) -> ModelFingerprint {
        let (folder, tier) = (folder.to_owned(), Tier::Develop);
        let spec = ModelSpec { folder, motion, tier, ..ModelSpec::default() };
        ModelInfo::open(&spec).unwrap().fingerprint().unwrap()
    }

    /// The parts whose hashes differ.
    fn changed<'a>(a: &'a ModelFingerprint, b: &'a ModelFingerprint) -> Vec<&'a str> {
        let in_one = |x: &'a ModelFingerprint, y: &'a ModelFingerprint| {
            x.parts().filter(|(name, hash)| y.parts.get(*name).map(String::as_str) != Some(*hash))
        };
        let mut names: Vec<&str> = in_one(a, b).chain(in_one(b, a)).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn every_file_that_decides_a_picture_changes_its_own_part_and_no_other() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("spark");
        copy(&shipped, &folder);
        let before = fingerprint(&folder, None);
        assert_eq!(before, fingerprint(&shipped, None), "where it lies doesn't matter");
        let decide = ["motion_adapter_4step", "scheduler", "text_encoder", "tokenizer", "unet", "vae"];
        for part in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir()) {
            let name = part.file_name().unwrap().to_string_lossy().into_owned();
            let expected: &[&str] = if decide.contains(&name.as_str()) { &[name.as_str()] } else { &[] };
            for file in fs::read_dir(&part).unwrap().map(|entry| entry.unwrap().path()) {
                // A space between values of a JSON file, or a tensor's last byte: it can still be read.
                let bytes = fs::read(&file).unwrap();
                let mut other = bytes.clone();
                match file.extension().unwrap() == "safetensors" {
                    true => *other.last_mut().unwrap() ^= 1,
                    false => other.push(b'\n'),
                }
                fs::write(&file, other).unwrap();
                assert_eq!(changed(&before, &fingerprint(&folder, None)), expected, "{}", file.display());
                fs::write(&file, bytes).unwrap();
            }
        }
        assert_eq!(before, fingerprint(&folder, None));
        let hints = folder.join("spark.json");
        let text = fs::read_to_string(&hints).unwrap();
        fs::write(&hints, text.replace("0.45", "0.44")).unwrap();
        assert_eq!(changed(&before, &fingerprint(&folder, None)), ["hints"]);
        fs::remove_file(&hints).unwrap();
        assert!(changed(&before, &fingerprint(&folder, None)).contains(&"hints"));
    }

    #[test]
    fn a_motion_module_of_its_own_is_a_part_wherever_it_lies() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
        let home = tempfile::tempdir().unwrap();
        let module = |adapter: &str| {
            let path = home.path().join("mm.safetensors");
            fs::copy(shipped.join(adapter).join("diffusion_pytorch_model.safetensors"), &path).unwrap();
            fingerprint(&shipped, Some(path))
        };
        let (four, eight) = (module("motion_adapter_4step"), module("motion_adapter_8step"));
        assert_eq!(changed(&four, &eight), ["motion"]);
        assert_ne!(four.whole(), eight.whole());
    }
}
