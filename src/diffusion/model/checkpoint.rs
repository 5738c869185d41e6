//! A checkpoint in one file: what it is, and the shapes of its parts, by its tensors.

use crate::diffusion::config::{
    CheckpointScheduler, PartShapes, Prediction, TextConfig, UnetConfig, VaeConfig,
};
use crate::error::{Error, Result};
use crate::weights::keys::family::stranger;
use crate::weights::keys::ldm::Layout;
use crate::weights::{self, Keys};
use std::collections::BTreeMap;
use std::path::Path;

/// A checkpoint that was looked at.
pub(super) struct Checkpoint {
    /// How its names are to be read.
    pub layout: Layout,
    pub unet: UnetConfig,
    pub text: TextConfig,
    pub vae: VaeConfig,
    /// What it says of how it was trained.
    pub scheduler: CheckpointScheduler,
}

impl Checkpoint {
    /// Looks at the file at `path`; with `vae` its own autoencoder doesn't count, and may be missing.
    ///
    /// # Errors
    /// Model: it is damaged, not of the family of Stable Diffusion 1.5, or lacks a part.
    pub fn open(path: &Path, vae: Option<VaeConfig>) -> Result<Self> {
        let source = weights::open(path)?;
        let shapes = source.shapes();
        let file = path.display();
        if let Some(stranger) = stranger(shapes) {
            return Err(Error::model(format!("{file} is {}", stranger.name)).hint(stranger.hint));
        }
        let layout = Layout::of(shapes).ok_or_else(|| {
            Error::model(format!("{file} is no checkpoint that is known"))
                .hint("beatbolt takes Stable Diffusion 1.5 in its original layout, or a folder in diffusers'")
        })?;
        let part = |name, keys: &dyn Fn(&str) -> Keys| {
            let renamed = |(name, shape): (&String, &Vec<usize>)| {
                keys(name).into_iter().next().map(|(key, _)| (key, shape.clone()))
            };
            PartShapes::new(path, name, shapes.iter().filter_map(renamed).collect::<BTreeMap<_, _>>())
        };
        let velocity = shapes.contains_key("v_pred");
        let prediction = if velocity { Prediction::Velocity } else { Prediction::Epsilon };
        Ok(Checkpoint {
            layout,
            unet: UnetConfig::of_shapes(&part("UNet", &|key| layout.unet(key)))?,
            text: TextConfig::of_shapes(&part("text encoder", &|key| layout.text(key)))?,
            vae: match vae {
                Some(vae) => vae,
                None => VaeConfig::of_shapes(&part("autoencoder", &|key| layout.vae(key)))?,
            },
            scheduler: CheckpointScheduler::of_marks(prediction, shapes.contains_key("ztsnr")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::info::Part;
    use super::super::{ModelInfo, ModelSpec};
    use super::*;
    use crate::weights::{Placement, Weights};
    use candle_core::{DType, Device, Tensor};
    use std::collections::HashMap;
    use std::fs;
    use std::path::PathBuf;

    /// Part, original name, diffusers' name and shape of the tensors of a checkpoint, a tenth of full size in each direction.
    fn small() -> Vec<(&'static str, &'static str, &'static str, Vec<usize>)> {
        let lines = include_str!("../../../tests/fixtures/single/names.tsv").lines();
        let fields = lines.map(|line| <[&str; 4]>::try_from(line.split('\t').collect::<Vec<_>>()).unwrap());
        let smaller = |part: &str, n: usize| match (part, n) {
            ("text", 768 | 3072) | ("unet", 768) => n / 12,
            ("unet", 320..) => n / 10,
            ("vae", 128..) => n / 4,
            _ => n,
        };
        let shape = |part: &str, text: &str| {
            text.split('x').map(|n| smaller(part, n.parse().unwrap())).collect::<Vec<_>>()
        };
        fields.map(|[part, theirs, ours, sides]| (part, theirs, ours, shape(part, sides))).collect()
    }

    /// A tensor whose values are its own.
    fn tensor(salt: usize, shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        let bits = |i: usize| (((i * 7 + salt * 131) % 0x3c00) as u16).to_le_bytes();
        let bytes: Vec<u8> = (0..count).flat_map(bits).collect();
        Tensor::from_raw_buffer(&bytes, DType::F16, shape, &Device::Cpu).unwrap()
    }

    fn save(tensors: HashMap<String, Tensor>, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        candle_core::safetensors::save(&tensors, path).unwrap();
    }

    /// The same weights as one file and as a folder.
    fn saved(home: &Path) -> (PathBuf, PathBuf) {
        let (file, folder) = (home.join("small.safetensors"), home.join("small"));
        let mut whole = HashMap::new();
        let mut parts: HashMap<&str, HashMap<String, Tensor>> = HashMap::new();
        for (salt, (part, theirs, ours, shape)) in small().into_iter().enumerate() {
            let values = tensor(salt, &shape);
            // As diffusers saves them: the autoencoder's attention as matrices.
            let flat = ours.contains("attentions.0.to_") && part == "vae" && shape.len() == 4;
            let own = if flat { values.flatten_from(1).unwrap() } else { values.clone() };
            parts.entry(part).or_default().insert(ours.to_owned(), own);
            whole.insert(theirs.to_owned(), values);
        }
        save(whole, &file);
        let configs = [
            (
                "unet",
                "unet",
                r#"{"block_out_channels": [32, 64, 128, 128], "cross_attention_dim": 64, "attention_head_dim": 8,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            "layers_per_block": 2}"#,
            ),
            (
                "vae",
                "vae",
                r#"{"_class_name": "AutoencoderKL", "block_out_channels": [32, 64, 128, 128], "layers_per_block": 2}"#,
            ),
            (
                "text",
                "text_encoder",
                r#"{"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 12,
            "num_attention_heads": 1}"#,
            ),
        ];
        for (part, name, config) in configs {
            let home = folder.join(name);
            save(parts.remove(part).unwrap(), &home.join("model.safetensors"));
            fs::write(home.join("config.json"), config).unwrap();
        }
        (file, folder)
    }

    fn motion(home: &Path) -> PathBuf {
        let path = home.join("mm_sd_v15_v2.safetensors");
        let block = "temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe";
        let name = |at: &str| format!("{at}.motion_modules.0.{block}");
        let tensors = [("down_blocks.0", 32), ("mid_block", 128)]
            .map(|(at, width)| (name(at), Tensor::zeros((1, 32, width), DType::F32, &Device::Cpu).unwrap()));
        save(HashMap::from(tensors), &path);
        path
    }

    fn info(folder: &Path, motion: Option<&Path>) -> Result<ModelInfo> {
        let (folder, motion) = (folder.to_owned(), motion.map(Path::to_owned));
        ModelInfo::open(&spec(folder, motion, None))
    }

    fn spec(folder: PathBuf, motion: Option<PathBuf>, vae: Option<PathBuf>) -> ModelSpec {
        ModelSpec { folder, motion, vae, ..ModelSpec::default() }
    }

    fn bits(weights: &Weights, key: &str, shape: &[usize]) -> Vec<u16> {
        let tensor = weights.scope("").get(key, shape).unwrap().flatten_all().unwrap();
        tensor.to_vec1::<half::f16>().unwrap().into_iter().map(half::f16::to_bits).collect()
    }

    #[test]
    fn a_file_and_a_folder_of_the_same_weights_are_the_same_model_to_the_bit() {
        let home = tempfile::tempdir().unwrap();
        let ((file, folder), motion) = (saved(home.path()), motion(home.path()));
        let [one, many] = [&file, &folder].map(|path| info(path, Some(&motion)).unwrap());
        assert_eq!((&one.unet, &one.text, &one.vae), (&many.unet, &many.text, &many.vae));
        assert_eq!(one.sampling().scheduler, many.sampling().scheduler);
        let placement = Placement { dtype: DType::F16, device: Device::Cpu };
        for part in [Part::Unet, Part::Text, Part::Vae] {
            let [one, many] = [&one, &many].map(|info| info.open_weights(part, &placement).unwrap());
            let shapes = |w: &Weights| w.keys().map(|(k, s)| (k.to_owned(), s.to_vec())).collect::<Vec<_>>();
            let (ours, theirs) = (shapes(&one), shapes(&many));
            assert_eq!(ours.len(), theirs.len());
            for ((key, shape), (other, flat)) in ours.iter().zip(&theirs) {
                assert_eq!(key, other);
                assert!(bits(&one, key, shape) == bits(&many, key, flat), "{key}");
            }
        }
        let ids = |info: &ModelInfo| info.tokenizer().unwrap().encode("a neon city").unwrap().ids;
        assert_eq!(ids(&one), ids(&many), "both have CLIP's own tokenizer");
        let print = one.fingerprint().unwrap();
        let parts: Vec<&str> = print.parts().map(|(name, _)| name).collect();
        assert_eq!(parts, ["checkpoint", "hints", "motion", "sampling"]);
    }

    #[test]
    fn a_checkpoint_says_what_it_predicts_and_needs_a_motion_module() {
        let home = tempfile::tempdir().unwrap();
        let ((file, _), motion) = (saved(home.path()), motion(home.path()));
        assert!(info(&file, None).unwrap_err().hints()[0].contains("--motion"));
        let mut tensors = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
        tensors.insert("v_pred".into(), Tensor::zeros(0, DType::F32, &Device::Cpu).unwrap());
        save(tensors.clone(), &file);
        let velocity = info(&file, Some(&motion)).unwrap();
        assert_eq!(velocity.sampling().scheduler.prediction, Prediction::Velocity);
        tensors.retain(|name, _| !name.starts_with("first_stage_model."));
        save(tensors, &file);
        let bare = info(&file, Some(&motion)).unwrap_err();
        assert!(bare.hints()[0].contains("no autoencoder"), "{bare:?}");
    }

    #[test]
    fn an_autoencoder_of_its_own_takes_the_place_of_the_models() {
        let home = tempfile::tempdir().unwrap();
        let ((file, folder), motion) = (saved(home.path()), motion(home.path()));
        // The same autoencoder in a file of its own, with LDM's names without and with their prefix, and with diffusers'.
        let own = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
        let vae = own
            .iter()
            .filter_map(|(k, v)| Some((k.strip_prefix("first_stage_model.")?.to_owned(), v.clone())));
        let vae: HashMap<String, Tensor> = vae.collect();
        let prefixed = vae.iter().map(|(k, v)| (format!("first_stage_model.{k}"), v.clone())).collect();
        let (bare, prefix) = (home.path().join("bare.safetensors"), home.path().join("prefix.safetensors"));
        save(vae, &bare);
        save(prefixed, &prefix);
        let whole = info(&file, Some(&motion)).unwrap();
        let mut rest = own;
        rest.retain(|name, _| !name.starts_with("first_stage_model."));
        let without = home.path().join("without.safetensors");
        save(rest, &without);
        let placement = Placement { dtype: DType::F16, device: Device::Cpu };
        let weights = whole.open_weights(Part::Vae, &placement).unwrap();
        let prints = [bare, prefix, folder.join("vae/model.safetensors"), folder.join("vae")].map(|vae| {
            let info =
                ModelInfo::open(&spec(without.clone(), Some(motion.clone()), Some(vae.clone()))).unwrap();
            assert_eq!(info.vae, whole.vae, "{}", vae.display());
            let other = info.open_weights(Part::Vae, &placement).unwrap();
            for (key, shape) in weights.keys() {
                let theirs = other.scope("").shape(key).unwrap().to_vec();
                assert!(
                    bits(&weights, key, shape) == bits(&other, key, &theirs),
                    "{key} of {}",
                    vae.display()
                );
            }
            info.fingerprint().unwrap().whole()
        });
        assert_ne!(prints[0], prints[1], "another file is another model");
        let wrong = ModelInfo::open(&spec(file, Some(motion.clone()), Some(motion.clone()))).unwrap_err();
        assert!(wrong.to_string().contains("no autoencoder (motion module)"), "{wrong}");
    }
}
