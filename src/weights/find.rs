//! Where the weights of one part of a diffusers folder lie.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Names of the files in which diffusers and transformers keep a part's weights, without their endings.
const STEMS: [&str; 2] = ["diffusion_pytorch_model", "model"];
/// Their endings, the best first.
const ENDINGS: [&str; 4] =
    [".safetensors", ".fp16.safetensors", ".safetensors.index.json", ".fp16.safetensors.index.json"];

/// The weights in the folder of a part, or the index of several files.
///
/// # Errors
/// Model: there are none, or only pickled ones.
pub fn find(folder: &Path) -> Result<PathBuf> {
    let names = STEMS.iter().flat_map(|stem| ENDINGS.iter().map(move |ending| format!("{stem}{ending}")));
    if let Some(path) = names.map(|n| folder.join(n)).find(|p| p.is_file()) {
        return Ok(path);
    }
    let error = Error::model(format!("there are no weights in {}", folder.display()));
    let pickled = STEMS.iter().any(|s| {
        folder.join(format!("{s}.bin")).is_file() || folder.join(format!("pytorch_{s}.bin")).is_file()
    });
    Err(if pickled {
        error.hint("only safetensors are read: save the model again with safe_serialization=True")
    } else {
        error.hint("diffusion_pytorch_model.safetensors or model.safetensors is looked for")
    })
}
