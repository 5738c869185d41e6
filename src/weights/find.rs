//! Weights of a folder: where those of one part of a diffusers folder lie.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Names of the files in which diffusers and transformers keep a part's weights, without their endings.
const STEMS: [&str; 3] = ["diffusion_pytorch_model", "model", "pytorch_model"];
/// Their endings, the best first.
const ENDINGS: [&str; 8] = [
    ".safetensors",
    ".fp16.safetensors",
    ".safetensors.index.json",
    ".safetensors.index.fp16.json",
    ".bin",
    ".fp16.bin",
    ".bin.index.json",
    ".bin.index.fp16.json",
];

/// The weights in the folder of a part, or the index of several files; safetensors before pickles, whole precision before half.
///
/// # Errors
/// Model: there are none.
pub fn find(folder: &Path) -> Result<PathBuf> {
    let names = ENDINGS.iter().flat_map(|ending| STEMS.iter().map(move |stem| format!("{stem}{ending}")));
    names.map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        Error::model(format!("there are no weights in {}", folder.display())).hint(
            "diffusion_pytorch_model.safetensors or model.safetensors is looked for, and the same as .bin",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safetensors_are_taken_before_pickles_and_whole_precision_before_half() {
        let folder = tempfile::tempdir().unwrap();
        assert!(find(folder.path()).unwrap_err().hints()[0].contains(".bin"));
        for name in [
            "pytorch_model.bin.index.fp16.json",
            "pytorch_model.bin.index.json",
            "diffusion_pytorch_model.fp16.bin",
            "pytorch_model.bin",
            "diffusion_pytorch_model.safetensors.index.fp16.json",
            "diffusion_pytorch_model.safetensors.index.json",
            "diffusion_pytorch_model.fp16.safetensors",
            "model.safetensors",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
            assert_eq!(find(folder.path()).unwrap(), folder.path().join(name));
        }
    }
}
