//! The model that comes with the program, inside of it: it is there after `cargo install`, with the source gone.
//!
//! Weights are mapped from files, so the model is unpacked once, into the user's cache folder, under the hash of what is in it.

use crate::cache_folder::cache_folder;
use crate::digest::Digest;
use crate::error::{Context, Error, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Digits of the hash that name the folder.
const DIGITS: usize = 16;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../models/spark/", $name)))),*]
    };
}

/// Paths in the model's folder, and what is in the files.
const FILES: &[(&str, &[u8])] = files![
    "README.md",
    "model_index.json",
    "spark.json",
    "motion_adapter/config.json",
    "motion_adapter/diffusion_pytorch_model.safetensors",
    "motion_adapter_2step/config.json",
    "motion_adapter_2step/diffusion_pytorch_model.safetensors",
    "motion_adapter_4step/config.json",
    "motion_adapter_4step/diffusion_pytorch_model.safetensors",
    "motion_adapter_8step/config.json",
    "motion_adapter_8step/diffusion_pytorch_model.safetensors",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "words.txt",
];

/// The model's folder in the user's cache, where it is unpacked if it isn't there yet.
///
/// # Errors
/// Model: the environment names no cache folder, or it can't be written to.
pub(super) fn unpacked() -> Result<PathBuf> {
    let cache = cache_folder().ok_or_else(|| {
        Error::model("there is no folder to unpack the model spark into").hint(
            "set XDG_CACHE_HOME or HOME to a folder, or BEATBOLT_MODELS to the folder `models` of the source",
        )
    })?;
    unpack(&cache.join("models")).context(|| {
        Error::model(format!("the model spark can't be unpacked into {}", cache.display()))
            .hint("make room there, or set XDG_CACHE_HOME to a folder that can be written to")
    })
}

fn unpack(folder: &Path) -> io::Result<PathBuf> {
    let target = folder.join(format!("spark-{}", &hash()[..DIGITS]));
    if whole(&target) {
        return Ok(target);
    }
    fs::create_dir_all(folder)?;
    let part = TempDir::new_in(folder)?;
    for (name, bytes) in FILES {
        let path = part.path().join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)?;
    }
    // What somebody deleted files from makes room; who unpacked it meanwhile has done the work.
    if target.exists() && !whole(&target) {
        fs::remove_dir_all(&target)?;
    }
    match fs::rename(part.path(), &target) {
        Err(_) if whole(&target) => Ok(target),
        renamed => renamed.map(|()| target),
    }
}

/// Whether every file is there, as long as it should be.
fn whole(target: &Path) -> bool {
    FILES.iter().all(|(name, bytes)| {
        fs::metadata(target.join(name)).is_ok_and(|found| found.len() == bytes.len() as u64)
    })
}

fn hash() -> String {
    let mut digest = Digest::default();
    for (name, bytes) in FILES {
        digest.update(name);
        digest.update(bytes.len().to_le_bytes());
        digest.update(bytes);
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_model_is_in_the_program() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
        let mut folders = vec![source.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
                let known = name == "training.json" || FILES.iter().any(|(file, _)| *file == name);
                assert!(known, "{name} is not in the program");
            }
        }
    }

    #[test]
    fn it_is_unpacked_once_and_again_where_a_file_is_gone() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpack(cache.path()).unwrap();
        for (name, bytes) in FILES {
            assert!(fs::read(folder.join(name)).unwrap() == *bytes, "{name}");
        }
        let made = fs::metadata(&folder).unwrap().modified().unwrap();
        assert_eq!(unpack(cache.path()).unwrap(), folder);
        assert_eq!(fs::metadata(&folder).unwrap().modified().unwrap(), made);
        fs::remove_file(folder.join("unet/config.json")).unwrap();
        assert!(unpack(cache.path()).unwrap() == folder && whole(&folder));
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }
}
