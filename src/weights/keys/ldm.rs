//! The original layout of Stable Diffusion 1.x: one file for UNet, autoencoder and text encoder, with LDM's names.

use super::{ema, text, vae};
use crate::weights::slice::{Keys, whole};
use std::collections::BTreeMap;

/// Where the UNet's tensors are in a whole checkpoint.
const UNET: &str = "model.diffusion_model.";
const VAE: &str = "first_stage_model.";
const TEXT: &str = "cond_stage_model.transformer.";

/// Resnets on the way down of each resolution; the way up has one more.
const LAYERS: usize = 2;

/// LDM's and diffusers' names inside a resnet of the UNet.
const RESNET: &[(&str, &str)] = &[
    ("in_layers.0.", "norm1."),
    ("in_layers.2.", "conv1."),
    ("emb_layers.1.", "time_emb_proj."),
    ("out_layers.0.", "norm2."),
    ("out_layers.3.", "conv2."),
    ("skip_connection.", "conv_shortcut."),
];

/// What stands outside of the UNet's blocks, and the middle one.
const AROUND: &[(&str, &str)] = &[
    ("time_embed.0.", "time_embedding.linear_1."),
    ("time_embed.2.", "time_embedding.linear_2."),
    ("input_blocks.0.0.", "conv_in."),
    ("middle_block.1.", "mid_block.attentions.0."),
    ("out.0.", "conv_norm_out."),
    ("out.2.", "conv_out."),
];

/// The attention of the autoencoder's middle block.
const VAE_ATTENTION: &[(&str, &str)] = &[
    (".mid.attn_1.norm.", ".mid_block.attentions.0.group_norm."),
    (".mid.attn_1.q.", ".mid_block.attentions.0.to_q."),
    (".mid.attn_1.k.", ".mid_block.attentions.0.to_k."),
    (".mid.attn_1.v.", ".mid_block.attentions.0.to_v."),
    (".mid.attn_1.proj_out.", ".mid_block.attentions.0.to_out.0."),
    (".mid.block_1.", ".mid_block.resnets.0."),
    (".mid.block_2.", ".mid_block.resnets.1."),
    (".norm_out.", ".conv_norm_out."),
    (".nin_shortcut.", ".conv_shortcut."),
    (".downsample.conv.", ".downsamplers.0.conv."),
    (".upsample.conv.", ".upsamplers.0.conv."),
];

/// How a file's names are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    unet: UnetNames,
    vae: VaeLayout,
}

/// Where the UNet's weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnetNames {
    /// Where a whole checkpoint has them.
    Whole,
    /// Without anything in front.
    Bare,
    /// Only their averages are there.
    Averages,
}

/// How the names of an autoencoder are to be read, in a whole checkpoint or in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaeLayout {
    /// Resolutions, which LDM counts from the other end on the way up.
    stages: usize,
}

impl Layout {
    /// The layout of a file with tensors of these shapes; none where its UNet isn't LDM's.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Option<Self> {
        const DOOR: &str = "input_blocks.0.0.weight";
        let doors = [
            (UnetNames::Whole, format!("{UNET}{DOOR}")),
            (UnetNames::Bare, DOOR.to_owned()),
            (UnetNames::Averages, format!("{}{}", ema::PREFIX, DOOR.replace('.', ""))),
        ];
        let (unet, _) = doors.into_iter().find(|(_, door)| shapes.contains_key(door))?;
        Some(Layout { unet, vae: VaeLayout::of(shapes) })
    }

    /// Whether the UNet's weights are there as averages alone.
    pub fn has_averages_alone(self) -> bool {
        self.unet == UnetNames::Averages
    }

    /// The key of a UNet's tensor; nothing for those of other parts.
    pub fn unet(self, name: &str) -> Keys {
        let inside = match self.unet {
            UnetNames::Whole => name.strip_prefix(UNET).and_then(unet),
            UnetNames::Bare => unet(name),
            UnetNames::Averages => ema::name(name).as_deref().and_then(unet),
        };
        inside.map_or_else(Vec::new, whole)
    }

    /// The key of an autoencoder's tensor; nothing for those of other parts.
    pub fn vae(self, name: &str) -> Keys {
        if name.starts_with(VAE) { self.vae.keys(name) } else { Vec::new() }
    }

    /// The key of a text encoder's tensor; nothing for those of other parts.
    pub fn text(self, name: &str) -> Keys {
        name.strip_prefix(TEXT).map_or_else(Vec::new, text)
    }
}

impl VaeLayout {
    /// The layout of a file with tensors of these shapes, which may have LDM's names or diffusers'.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let inside = |key| str::strip_prefix(key, VAE).unwrap_or(key);
        let ups = shapes.keys().filter_map(|key| inside(key).strip_prefix("decoder.up."));
        VaeLayout { stages: ups.filter_map(|key| numbered(key)?.0.checked_add(1)).max().unwrap_or(0) }
    }

    /// The key of an autoencoder's tensor; nothing for what only its training needs.
    pub fn keys(self, name: &str) -> Keys {
        let inside = name.strip_prefix(VAE).unwrap_or(name);
        let strange = inside.starts_with("loss.") || inside.starts_with("model_ema.");
        let renamed = if strange { None } else { self.key(inside) };
        renamed.map_or_else(Vec::new, |key| vae(&key))
    }

    fn key(self, key: &str) -> Option<String> {
        let key = if let Some(rest) = key.strip_prefix("encoder.down.") {
            let (stage, rest) = numbered(rest)?;
            format!("encoder.down_blocks.{stage}.{}", rest.replacen("block.", "resnets.", 1))
        } else if let Some(rest) = key.strip_prefix("decoder.up.") {
            let (stage, rest) = numbered(rest)?;
            let stage = self.stages.checked_sub(stage)?.checked_sub(1)?;
            format!("decoder.up_blocks.{stage}.{}", rest.replacen("block.", "resnets.", 1))
        } else {
            key.to_owned()
        };
        Some(VAE_ATTENTION.iter().fold(key, |key, (theirs, ours)| key.replacen(theirs, ours, 1)))
    }
}

/// diffusers' name of a tensor of the UNet; none for what is no part of it, like the average that training leaves beside it.
pub(super) fn unet(key: &str) -> Option<String> {
    if let Some((theirs, ours)) = AROUND.iter().find(|(theirs, _)| key.starts_with(theirs)) {
        return Some(format!("{ours}{}", &key[theirs.len()..]));
    }
    if let Some(rest) = key.strip_prefix("middle_block.") {
        let (n, rest) = numbered(rest)?;
        return Some(format!("mid_block.resnets.{}.{}", n / 2, resnet(rest)?));
    }
    if let Some(rest) = key.strip_prefix("input_blocks.") {
        let (n, rest) = numbered(rest)?;
        let n = n.checked_sub(1)?;
        let (stage, slot) = (n / (LAYERS + 1), n % (LAYERS + 1));
        let (part, rest) = numbered(rest)?;
        return Some(match part {
            0 if slot == LAYERS => {
                format!("down_blocks.{stage}.downsamplers.0.conv.{}", rest.strip_prefix("op.")?)
            }
            0 => format!("down_blocks.{stage}.resnets.{slot}.{}", resnet(rest)?),
            _ => format!("down_blocks.{stage}.attentions.{slot}.{rest}"),
        });
    }
    let (n, rest) = numbered(key.strip_prefix("output_blocks.")?)?;
    let (stage, slot) = (n / (LAYERS + 1), n % (LAYERS + 1));
    let (part, rest) = numbered(rest)?;
    Some(match (part, rest.strip_prefix("conv.")) {
        (0, _) => format!("up_blocks.{stage}.resnets.{slot}.{}", resnet(rest)?),
        // Behind the attention, or in its place where there is none.
        (_, Some(rest)) => format!("up_blocks.{stage}.upsamplers.0.conv.{rest}"),
        (_, None) => format!("up_blocks.{stage}.attentions.{slot}.{rest}"),
    })
}

/// LDM's name of a layer of the UNet that diffusers calls `layer`: the inverse of what its tensors are read by, without
/// `weight` or `bias`; none for what LDM has no name for.
pub fn original(layer: &str) -> Option<String> {
    let layer = format!("{layer}.");
    let made = inverse(&layer)?;
    Some(made.trim_end_matches('.').to_owned())
}

fn inverse(key: &str) -> Option<String> {
    if let Some((theirs, ours)) = AROUND.iter().find(|(_, ours)| key.starts_with(ours)) {
        return Some(format!("{theirs}{}", &key[ours.len()..]));
    }
    let inside = |rest: &str| {
        let (theirs, ours) = RESNET.iter().find(|(_, ours)| rest.starts_with(ours))?;
        Some(format!("{theirs}{}", &rest[ours.len()..]))
    };
    if let Some(rest) = key.strip_prefix("mid_block.resnets.") {
        let (n, rest) = numbered(rest)?;
        return Some(format!("middle_block.{}.{}", 2 * n, inside(rest)?));
    }
    let (down, rest) = match key.strip_prefix("down_blocks.") {
        Some(rest) => (true, rest),
        None => (false, key.strip_prefix("up_blocks.")?),
    };
    let (stage, rest) = numbered(rest)?;
    let (kind, rest) = rest.split_once('.')?;
    let (slot, rest) = numbered(rest)?;
    let number = |slot: usize| stage * (LAYERS + 1) + slot + usize::from(down);
    let side = if down { "input_blocks" } else { "output_blocks" };
    Some(match kind {
        "resnets" => format!("{side}.{}.0.{}", number(slot), inside(rest)?),
        "attentions" => format!("{side}.{}.1.{rest}", number(slot)),
        "downsamplers" => format!("{side}.{}.0.op.{}", number(LAYERS), rest.strip_prefix("conv.")?),
        // Behind the attention, or in its place in the stage that has none, the first one.
        "upsamplers" => format!("{side}.{}.{}.{rest}", number(LAYERS), if stage == 0 { 1 } else { 2 }),
        _ => return None,
    })
}

/// diffusers' name inside a resnet of the UNet.
fn resnet(rest: &str) -> Option<String> {
    let (theirs, ours) = RESNET.iter().find(|(theirs, _)| rest.starts_with(theirs))?;
    Some(format!("{ours}{}", &rest[theirs.len()..]))
}

/// `7.rest` taken apart.
fn numbered(key: &str) -> Option<(usize, &str)> {
    let (number, rest) = key.split_once('.')?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Part, LDM's name, diffusers' name and LDM's shape of every tensor of a full-size checkpoint, by diffusers' own converter.
    pub(crate) fn names() -> Vec<(&'static str, &'static str, &'static str, Vec<usize>)> {
        let lines = include_str!("../../../tests/fixtures/single/names.tsv").lines();
        lines
            .map(|line| {
                let [part, theirs, ours, shape] =
                    line.split('\t').collect::<Vec<_>>().try_into().expect("four fields");
                (part, theirs, ours, shape.split('x').map(|n| n.parse().unwrap()).collect())
            })
            .collect()
    }

    fn shapes() -> BTreeMap<String, Vec<usize>> {
        names().into_iter().map(|(_, theirs, _, shape)| (theirs.to_owned(), shape)).collect()
    }

    #[test]
    fn every_name_becomes_what_diffusers_makes_of_it_and_of_its_own_part_alone() {
        let layout = Layout::of(&shapes()).unwrap();
        for (part, theirs, ours, _) in names() {
            let found =
                [("unet", layout.unet(theirs)), ("vae", layout.vae(theirs)), ("text", layout.text(theirs))];
            for (name, keys) in found {
                let expected = if name == part { whole(ours.to_owned()) } else { Vec::new() };
                assert_eq!(keys, expected, "{theirs} in the {name}");
            }
        }
        for (_, theirs, ours, _) in names().iter().filter(|(part, ..)| *part == "unet") {
            let layer = |name: &str| name.rsplit_once('.').unwrap().0.to_owned();
            assert_eq!(original(&layer(ours)), Some(layer(theirs.strip_prefix(UNET).unwrap())), "{ours}");
        }
        let ours: BTreeSet<_> = names().iter().map(|(part, _, ours, _)| (*part, *ours)).collect();
        assert_eq!((names().len(), ours.len()), (1130, 1130));
    }

    #[test]
    fn a_unet_may_stand_alone_and_averages_are_left() {
        let bare = shapes().into_iter().filter_map(|(k, v)| Some((k.strip_prefix(UNET)?.to_owned(), v)));
        let layout = Layout::of(&bare.collect()).unwrap();
        assert_eq!(layout.unet("out.2.weight"), whole("conv_out.weight".into()));
        let layout = Layout::of(&shapes()).unwrap();
        for name in [
            "model_ema.diffusion_modelout2weight",
            "model_ema.decay",
            "v_pred",
            "out.2.weight",
            "alphas_cumprod",
        ] {
            assert!(
                [layout.unet(name), layout.vae(name), layout.text(name)].iter().all(Vec::is_empty),
                "{name}"
            );
        }
        assert!(layout.text("cond_stage_model.transformer.text_model.embeddings.position_ids").is_empty());
        assert_eq!(
            layout.text("cond_stage_model.transformer.final_layer_norm.bias"),
            whole("final_layer_norm.bias".into())
        );
        assert_eq!(Layout::of(&BTreeMap::from([("model_ema.decay".to_owned(), vec![])])), None);
        let averages = names().into_iter().filter_map(|(_, theirs, ours, shape)| {
            Some((
                format!("model_ema.diffusion_model{}", theirs.strip_prefix(UNET)?.replace('.', "")),
                (ours, shape),
            ))
        });
        let averages: BTreeMap<_, _> = averages.collect();
        let layout =
            Layout::of(&averages.iter().map(|(name, (_, shape))| (name.clone(), shape.clone())).collect());
        for (name, (ours, _)) in averages {
            assert_eq!(layout.unwrap().unet(&name), whole(ours.to_owned()), "only these are there: {name}");
        }
        for odd in [
            "input_blocks.9999999999999999999999.0.in_layers.0.weight",
            "input_blocks.0.1.x",
            "middle_block.x",
        ] {
            assert_eq!(unet(odd), None, "{odd}");
        }
    }
}
