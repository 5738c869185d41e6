//! Layouts: which one a file of weights has.

use super::pickle::PickleFile;
use super::safetensors::SafetensorsFile;
use super::sharded::ShardedSafetensors;
use super::source::TensorSource;
use crate::error::{Context, Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

/// The source at `path`: a safetensors file, the `.index.json` of several, or what `torch.save` wrote. What a file
/// is, its first bytes tell: names are often wrong.
///
/// # Errors
/// Model: it is missing, damaged, or of a layout that isn't read.
pub fn open(path: &Path) -> Result<Rc<dyn TensorSource>> {
    if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".index.json")) {
        return Ok(Rc::new(ShardedSafetensors::open(path)?));
    }
    let failed = || Error::model(format!("can't open {}", path.display()));
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(9).read_to_end(&mut head)).context(failed)?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=4, ..] if head.get(8) != Some(&b'{') => {
            Ok(Rc::new(PickleFile::open(path)?))
        }
        _ => Ok(Rc::new(SafetensorsFile::open(path)?)),
    }
}
