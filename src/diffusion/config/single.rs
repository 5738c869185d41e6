//! The settings of a checkpoint in one file, which has none: sizes from its tensors, everything else as Stable Diffusion 1.5 has it.

use super::{
    Activation, ConfigFile, KlConfig, NormSpan, StageConfig, TextConfig, TinyConfig, UnetConfig, VaeConfig,
    colours,
};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Attention heads of the UNet, of every stage.
const HEADS: usize = 8;
/// Groups of all group norms.
const GROUPS: usize = 32;
/// Width of a head of the text encoder.
const TEXT_HEAD: usize = 64;
/// The autoencoder's latents times this have about unit variance.
const SCALING: f64 = 0.18215;

/// Shapes of a part's tensors, by diffusers' names.
#[derive(Debug)]
pub struct PartShapes<'a> {
    file: &'a Path,
    part: &'static str,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl<'a> PartShapes<'a> {
    /// The part that is called `part` of the checkpoint at `file`.
    pub fn new(file: &'a Path, part: &'static str, shapes: BTreeMap<String, Vec<usize>>) -> Self {
        PartShapes { file, part, shapes }
    }

    /// Side `dim` of the tensor `name`, in `1..=most`.
    fn side(&self, name: &str, (dim, most): (usize, usize)) -> Result<usize> {
        let side = self.shapes.get(name).and_then(|shape| shape.get(dim)).copied();
        let side = side.ok_or_else(|| self.missing(name))?;
        ConfigFile(self.file).within(name, side, 1..=most)
    }

    /// How many there are of what is counted in names, like `layers.{}.weight`.
    fn count(&self, name: impl Fn(usize) -> String, most: usize) -> Result<usize> {
        let count = (0..=most).take_while(|i| self.shapes.contains_key(&name(*i))).count();
        if count == 0 {
            return Err(self.missing(&name(0)));
        }
        ConfigFile(self.file).within(&name(count - 1), count, 1..=most)
    }

    fn has(&self, name: &str) -> bool {
        self.shapes.contains_key(name)
    }

    fn missing(&self, name: &str) -> Error {
        let (file, part) = (self.file.display(), self.part);
        let error = Error::model(format!("{file}: its {part} has no '{name}'"));
        match self.shapes.is_empty() {
            true => error.hint(format!("the file has no {part} at all: a whole checkpoint is needed")),
            false => error.hint("the file may be damaged, or of a kind that beatbolt can't run"),
        }
    }
}

impl UnetConfig {
    /// The shape of the UNet of a checkpoint in one file.
    ///
    /// # Errors
    /// Model: a tensor is missing, or sizes don't fit each other.
    pub fn of_shapes(unet: &PartShapes<'_>) -> Result<Self> {
        let file = ConfigFile(unet.file);
        let count = unet.count(|i| format!("down_blocks.{i}.resnets.0.conv1.weight"), 8)?;
        let context =
            unet.side("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", (1, 8192))?;
        let stages = (0..count).map(|i| stage(unet, (i, count), context)).collect::<Result<Vec<_>>>()?;
        for stage in &stages {
            file.heads(HEADS, stage.channels)?;
            file.groups(GROUPS, &[stage.channels])?;
        }
        let mid = |i| format!("mid_block.attentions.0.transformer_blocks.{i}.norm1.weight");
        Ok(UnetConfig {
            in_channels: unet.side("conv_in.weight", (1, 64))?,
            out_channels: unet.side("conv_out.weight", (0, 64))?,
            stages,
            mid_transformer_layers: unet.count(mid, 16)?,
            groups: GROUPS,
            eps: 1e-5,
            norm: NormSpan::Frame,
        })
    }
}

fn stage(unet: &PartShapes<'_>, (i, count): (usize, usize), context: usize) -> Result<StageConfig> {
    let (down, up) = (format!("down_blocks.{i}"), format!("up_blocks.{}", count - 1 - i));
    let block = |at: &str, n| format!("{at}.attentions.0.transformer_blocks.{n}.norm1.weight");
    let attends = [&down, &up].map(|at| unet.has(&block(at, 0)));
    let attending = [&down, &up].into_iter().zip(attends).find(|(_, attends)| *attends);
    Ok(StageConfig {
        channels: unet.side(&format!("{down}.resnets.0.conv1.weight"), (0, 8192))?,
        layers: unet.count(|n| format!("{down}.resnets.{n}.conv1.weight"), 8)?,
        heads: HEADS,
        context,
        transformer_layers: attending.map_or(Ok(1), |(at, _)| unet.count(|n| block(at, n), 16))?,
        down_attention: attends[0],
        up_attention: attends[1],
    })
}

impl VaeConfig {
    /// The shape of an autoencoder: that of a checkpoint in one file, or in a file of its own, where it may be a small one.
    ///
    /// # Errors
    /// Model: a tensor is missing, or sizes don't fit each other.
    pub fn of_shapes(vae: &PartShapes<'_>) -> Result<Self> {
        if vae.has("decoder.layers.0.weight") {
            return tiny(vae).map(VaeConfig::AutoencoderTiny);
        }
        let count = vae.count(|i| format!("encoder.down_blocks.{i}.resnets.0.conv1.weight"), 8)?;
        let width = |i| vae.side(&format!("encoder.down_blocks.{i}.resnets.0.conv1.weight"), (0, 4096));
        let channels = (0..count).map(width).collect::<Result<Vec<_>>>()?;
        ConfigFile(vae.file).groups(GROUPS, &channels)?;
        Ok(VaeConfig::AutoencoderKl(KlConfig {
            latent_channels: vae.side("decoder.conv_in.weight", (1, 64))?,
            channels,
            layers: vae.count(|n| format!("encoder.down_blocks.0.resnets.{n}.conv1.weight"), 8)?,
            groups: GROUPS,
            scaling: SCALING,
            shift: 0.0,
            mid_attention: vae.has("decoder.mid_block.attentions.0.to_q.weight"),
            quant: vae.has("quant_conv.weight"),
            post_quant: vae.has("post_quant_conv.weight"),
        }))
    }
}

/// The shape of a small autoencoder, whose layers have numbers for names.
fn tiny(vae: &PartShapes<'_>) -> Result<TinyConfig> {
    const MOST: usize = 128;
    let channels = vae.side("decoder.layers.0.weight", (0, 4096))?;
    // Channels and blocks of each resolution: blocks follow each other, and a convolution lies between resolutions.
    let stages = |side: &str, from: usize| {
        let mut stages = vec![0];
        for i in from..MOST {
            if vae.has(&format!("{side}.layers.{i}.conv.0.weight")) {
                stages.iter_mut().next_back().into_iter().for_each(|blocks| *blocks += 1);
            } else if vae.has(&format!("{side}.layers.{i}.weight")) {
                stages.push(0);
            }
        }
        stages
    };
    let sides = |stages: Vec<usize>| stages.into_iter().map(|blocks| (channels, blocks)).collect::<Vec<_>>();
    let (mut encoder, mut decoder) = (stages("encoder", 1), stages("decoder", 2));
    // Behind the last convolution of each there is nothing.
    encoder.pop();
    decoder.pop();
    let last = (0..MOST).rev().map(|i| format!("decoder.layers.{i}.weight")).find(|name| vae.has(name));
    let patch = |name: &str, dim| {
        let channels = vae.side(name, (dim, 192))?;
        let unclear =
            || ConfigFile(vae.file).error(format!("'{name}' has {channels} channels, which are no colours"));
        (1..=8).find(|patch| colours(*patch) == channels).ok_or_else(unclear)
    };
    let file = ConfigFile(vae.file);
    for (what, stages) in [("encoder", &encoder), ("decoder", &decoder)] {
        file.within(&format!("the number of resolutions of the {what}"), stages.len(), 1..=8)?;
    }
    let (folded, unfolded) = (patch("encoder.layers.0.weight", 1)?, patch(&last.unwrap_or_default(), 0)?);
    if folded << encoder.len() != unfolded << decoder.len() {
        return Err(file.error("its encoder and its decoder change sizes by different factors"));
    }
    Ok(TinyConfig {
        latent_channels: vae.side("decoder.layers.0.weight", (1, 64))?,
        encoder: sides(encoder),
        decoder: sides(decoder),
        // That of all that are published.
        scaling: 1.0,
        folded,
        unfolded,
    })
}

impl TextConfig {
    /// The shape of the text encoder of a checkpoint in one file.
    ///
    /// # Errors
    /// Model: a tensor is missing, or sizes don't fit each other.
    pub fn of_shapes(text: &PartShapes<'_>) -> Result<Self> {
        let width = text.side("embeddings.token_embedding.weight", (1, 8192))?;
        let heads = (width / TEXT_HEAD).max(1);
        ConfigFile(text.file).heads(heads, width)?;
        Ok(TextConfig {
            vocabulary: text.side("embeddings.token_embedding.weight", (0, 1_000_000))?,
            width,
            inner: text.side("encoder.layers.0.mlp.fc1.weight", (0, 65_536))?,
            layers: text.count(|i| format!("encoder.layers.{i}.mlp.fc1.weight"), 64)?,
            heads,
            positions: text.side("embeddings.position_embedding.weight", (0, 4096))?.max(2),
            activation: Activation::QuickGelu,
            eps: 1e-5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes of a part of a full-size checkpoint, by diffusers' names.
    fn part(wanted: &'static str) -> PartShapes<'static> {
        let names = include_str!("../../../tests/fixtures/single/names.tsv").lines();
        let fields = names.map(|line| line.split('\t').collect::<Vec<_>>());
        let shape = |text: &str| text.split('x').map(|n| n.parse().unwrap()).collect();
        let own = fields.filter(|f| f[0] == wanted).map(|f| (f[2].to_owned(), shape(f[3]))).collect();
        PartShapes::new(Path::new("sd15.safetensors"), wanted, own)
    }

    fn json(folder: &Path, text: &str) -> std::path::PathBuf {
        let path = folder.join("config.json");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The settings are those that the folders of Stable Diffusion 1.5 have.
    #[test]
    fn a_full_size_checkpoint_has_the_settings_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let unet = r#"{"block_out_channels": [320, 640, 1280, 1280], "cross_attention_dim": 768, "attention_head_dim": 8,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], "layers_per_block": 2}"#;
        let unet = UnetConfig::read(&json(folder.path(), unet)).unwrap();
        assert_eq!(UnetConfig::of_shapes(&part("unet")).unwrap(), unet);
        let vae = r#"{"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
            "latent_channels": 4, "norm_num_groups": 32}"#;
        let vae = VaeConfig::read(&json(folder.path(), vae)).unwrap();
        assert_eq!(VaeConfig::of_shapes(&part("vae")).unwrap(), vae);
        let text = r#"{"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "max_position_embeddings": 77, "hidden_act": "quick_gelu", "vocab_size": 49408}"#;
        let text = TextConfig::read(&json(folder.path(), text)).unwrap();
        assert_eq!(TextConfig::of_shapes(&part("text")).unwrap(), text);
    }

    /// TAESD as diffusers saves it: the encoder's blocks are 1, 3, 3, 3 and the decoder's 3, 3, 3, 1, activations and enlargements
    /// are counted.
    #[test]
    fn a_small_autoencoder_has_the_settings_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut shapes = BTreeMap::new();
        let mut conv =
            |name: String, out, into| shapes.insert(format!("{name}.weight"), vec![out, into, 3, 3]);
        conv("encoder.layers.0".into(), 64, 3);
        conv("encoder.layers.14".into(), 4, 64);
        [2, 6, 10].into_iter().for_each(|i| drop(conv(format!("encoder.layers.{i}"), 64, 64)));
        conv("decoder.layers.0".into(), 64, 4);
        conv("decoder.layers.18".into(), 3, 64);
        [6, 11, 16].into_iter().for_each(|i| drop(conv(format!("decoder.layers.{i}"), 64, 64)));
        for i in [1, 3, 4, 5, 7, 8, 9, 11, 12, 13] {
            conv(format!("encoder.layers.{i}.conv.0"), 64, 64);
        }
        for i in [2, 3, 4, 7, 8, 9, 12, 13, 14, 17] {
            conv(format!("decoder.layers.{i}.conv.0"), 64, 64);
        }
        let config = VaeConfig::read(&json(folder.path(), r#"{"_class_name": "AutoencoderTiny"}"#)).unwrap();
        let part = |shapes| PartShapes::new(Path::new("taesd.safetensors"), "autoencoder", shapes);
        assert_eq!(VaeConfig::of_shapes(&part(shapes.clone())).unwrap(), config);
        shapes.remove("encoder.layers.0.weight");
        assert!(
            VaeConfig::of_shapes(&part(shapes.clone())).unwrap_err().to_string().contains("encoder.layers.0")
        );
        shapes.retain(|name, _| name.starts_with("decoder"));
        assert!(VaeConfig::of_shapes(&part(shapes)).is_err());
    }

    #[test]
    fn what_is_missing_or_makes_no_sense_is_told_by_its_name() {
        let mut unet = part("unet");
        unet.shapes.insert("conv_in.weight".into(), vec![320]);
        assert!(UnetConfig::of_shapes(&unet).unwrap_err().to_string().contains("conv_in.weight"));
        unet.shapes.insert("down_blocks.0.resnets.0.conv1.weight".into(), vec![33, 33, 3, 3]);
        assert!(UnetConfig::of_shapes(&unet).unwrap_err().to_string().contains("33 channels"));
        let nothing = PartShapes::new(Path::new("sd15.safetensors"), "text encoder", BTreeMap::new());
        assert!(TextConfig::of_shapes(&nothing).unwrap_err().hints()[0].contains("no text encoder"));
    }
}
