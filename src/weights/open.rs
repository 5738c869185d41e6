//! Which layout a file of weights has.

use super::safetensors::SafetensorsFile;
use super::sharded::ShardedSafetensors;
use super::source::TensorSource;
use crate::error::{Error, Result};
use std::path::Path;
use std::rc::Rc;

/// The source at `path`: a `.safetensors` file, or the `.index.json` of several.
///
/// # Errors
/// Model: it is missing, damaged, or of a layout that isn't read.
pub fn open(path: &Path) -> Result<Rc<dyn TensorSource>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "json" if name.ends_with(".index.json") => Ok(Rc::new(ShardedSafetensors::open(path)?)),
        "ckpt" | "pt" | "pth" | "bin" if path.is_file() => {
            Err(Error::model(format!("{} is not a safetensors file", path.display()))
                .hint("only safetensors files are read; convert .ckpt and .bin files with diffusers"))
        }
        _ => Ok(Rc::new(SafetensorsFile::open(path)?)),
    }
}
