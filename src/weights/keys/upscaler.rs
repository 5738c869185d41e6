//! Upscalers of the ESRGAN family: told by the names and shapes of their tensors, whatever a file is called.
//!
//! Our names are those of BasicSR: `body.N` of SRVGG compact (convolutions and PReLUs in turns); `conv_first`, `body.B.rdbR.convK`,
//! `conv_body`, `conv_upK`, `conv_hr` and `conv_last` of RRDB. ESRGAN's first files number their layers, and BSRGAN has words of its own.

use crate::weights::slice::{Keys, whole};
use std::collections::BTreeMap;

/// The tensors of a network: our names and their shapes.
pub type UpscalerShapes = BTreeMap<String, Vec<usize>>;

/// A network of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpscalerNet {
    /// SRVGG compact: a chain of 3x3 convolutions, and a picture's pixels unfolded from the last one.
    Compact {
        /// Channels.
        width: usize,
        /// Convolutions before the last.
        layers: usize,
        /// How many times as wide pictures become.
        scale: usize,
    },
    /// RRDB: blocks of three dense blocks of five convolutions, then doublings.
    Rrdb {
        /// Channels.
        width: usize,
        /// Channels that each layer of a dense block adds.
        growth: usize,
        /// Blocks.
        blocks: usize,
        /// Pixels of a side that are folded into channels before the first layer.
        fold: usize,
        /// How often pictures are doubled.
        doublings: usize,
    },
}

impl UpscalerNet {
    /// Width and height of the results, in those of the pictures.
    pub fn scale(self) -> usize {
        match self {
            UpscalerNet::Compact { scale, .. } => scale,
            UpscalerNet::Rrdb { fold, doublings, .. } => (1 << doublings) / fold,
        }
    }

    /// What people call its kind.
    pub fn name(self) -> String {
        match self {
            UpscalerNet::Compact { layers, .. } => format!("SRVGG compact of {layers} layers"),
            UpscalerNet::Rrdb { blocks, .. } => format!("RRDB (ESRGAN) of {blocks} blocks"),
        }
    }

    /// All tensors of the network.
    pub fn shapes(self) -> UpscalerShapes {
        let mut shapes = UpscalerShapes::new();
        let mut conv = |name: &str, [out, inputs]: [usize; 2]| {
            shapes.insert(format!("{name}.weight"), vec![out, inputs, 3, 3]);
            shapes.insert(format!("{name}.bias"), vec![out]);
        };
        match self {
            UpscalerNet::Compact { width, layers, scale } => {
                conv("body.0", [width, 3]);
                (1..layers).for_each(|i| conv(&format!("body.{}", 2 * i), [width, width]));
                conv(&format!("body.{}", 2 * layers), [3 * scale * scale, width]);
                let factors = |i: usize| (format!("body.{}.weight", 2 * i + 1), vec![width]);
                shapes.extend((0..layers).map(factors));
            }
            UpscalerNet::Rrdb { width, growth, blocks, fold, doublings } => {
                conv("conv_first", [width, 3 * fold * fold]);
                for (block, dense) in (0..blocks).flat_map(|block| (1..=3).map(move |dense| (block, dense))) {
                    for layer in 1..=5 {
                        let out = if layer == 5 { width } else { growth };
                        let name = format!("body.{block}.rdb{dense}.conv{layer}");
                        conv(&name, [out, width + (layer - 1) * growth]);
                    }
                }
                conv("conv_body", [width, width]);
                (1..=doublings).for_each(|i| conv(&format!("conv_up{i}"), [width, width]));
                conv("conv_hr", [width, width]);
                conv("conv_last", [3, width]);
            }
        }
        shapes
    }
}

/// How the names of an upscaler's file are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpscalerLayout {
    /// What stands before the names that count.
    prefix: &'static str,
    /// The numbers of the layers behind the blocks, where layers have numbers.
    tail: Vec<usize>,
}

/// What may stand before all names, the best first: averages are what was tested and published.
const PREFIXES: [&str; 5] = ["params_ema.", "params.", "model_g.", "generator.", "module."];

impl UpscalerLayout {
    /// The layout of a file with tensors of these shapes.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let begins = |prefix: &&&str| shapes.keys().any(|name| name.starts_with(**prefix));
        let prefix = PREFIXES.iter().find(begins).copied().unwrap_or("");
        let number = |name: &String| {
            let rest = name.strip_prefix(prefix)?.strip_prefix("model.")?;
            rest.strip_suffix(".weight")?.parse::<usize>().ok().filter(|number| *number > 1)
        };
        let mut tail: Vec<usize> = shapes.keys().filter_map(number).collect();
        tail.sort_unstable();
        UpscalerLayout { prefix, tail }
    }

    /// Our key of a tensor; nothing for those beside the ones that count.
    pub fn keys(&self, name: &str) -> Keys {
        name.strip_prefix(self.prefix).and_then(|name| self.key(name)).map_or_else(Vec::new, whole)
    }

    fn key(&self, name: &str) -> Option<String> {
        let dense = |block: &str, rest: &str| {
            let rest = rest.strip_prefix("RDB")?;
            Some(format!("body.{block}.rdb{}", rest.replacen(".0.", ".", 1)))
        };
        if let Some(rest) = name.strip_prefix("RRDB_trunk.") {
            let (block, rest) = rest.split_once('.')?;
            return dense(block, rest);
        }
        if let Some(rest) = name.strip_prefix("model.1.sub.") {
            let (number, rest) = rest.split_once('.')?;
            return dense(number, rest).or_else(|| Some(format!("conv_body.{rest}")));
        }
        if let Some(rest) = name.strip_prefix("model.") {
            let (number, rest) = rest.split_once('.')?;
            let number = number.parse::<usize>().ok()?;
            let place = self.tail.iter().position(|own| *own == number);
            let layer = match (place, self.tail.len()) {
                _ if number == 0 => "conv_first".to_owned(),
                (Some(place), count) if place + 1 == count => "conv_last".to_owned(),
                (Some(place), count) if place + 2 == count => "conv_hr".to_owned(),
                (Some(place), _) => format!("conv_up{}", place + 1),
                _ => return None,
            };
            return Some(format!("{layer}.{rest}"));
        }
        const WORDS: [(&str, &str); 3] =
            [("trunk_conv.", "conv_body."), ("upconv", "conv_up"), ("HRconv.", "conv_hr.")];
        let word = WORDS.iter().find_map(|(theirs, ours)| Some((name.strip_prefix(theirs)?, ours)));
        Some(word.map_or_else(|| name.to_owned(), |(rest, ours)| format!("{ours}{rest}")))
    }

    /// The tensors that count, under our names.
    pub fn shapes(&self, shapes: &BTreeMap<String, Vec<usize>>) -> UpscalerShapes {
        let named = |(name, shape): (&String, &Vec<usize>)| {
            self.keys(name).into_iter().map(|(key, _)| (key, shape.clone())).collect::<Vec<_>>()
        };
        shapes.iter().flat_map(named).collect()
    }
}

/// What a file is whose tensors, under our names, have these shapes, or why it isn't taken: what it is, or what is wrong with it.
pub fn network(own: &UpscalerShapes) -> Result<UpscalerNet, String> {
    if let Some((_, what)) = SIGNS.iter().find(|(sign, _)| own.keys().any(|key| key.contains(sign))) {
        return Err(format!("it is {what}, whose network isn't read"));
    }
    let side =
        |name: &str, side: usize| own.get(&format!("{name}.weight")).and_then(|s| s.get(side)).copied();
    let net = match (side("body.0", 0), side("conv_first", 0)) {
        (Some(width), None) => compact(own, width)?,
        (None, Some(width)) => rrdb(own, width)?,
        _ => return Err("its network is none that is known".to_owned()),
    };
    // Bounds what is made of the numbers of a file.
    let wanted = if own.len() <= MOST { net.shapes() } else { UpscalerShapes::new() };
    let missing = wanted.keys().find(|key| !own.contains_key(*key));
    let more = own.keys().find(|key| !wanted.contains_key(*key));
    match (missing, more) {
        (Some(key), _) => return Err(format!("there is no '{key}', which {} has", net.name())),
        (_, Some(key)) => return Err(format!("'{key}' is no layer of {}", net.name())),
        _ => {}
    }
    match wanted.iter().find(|(key, shape)| own.get(*key) != Some(shape)) {
        Some((key, shape)) => Err(format!("'{key}' has shape {:?}, {shape:?} is needed", own[key])),
        None => Ok(net),
    }
}

/// Most tensors and channels: the largest in use has 702 and 64.
const MOST: usize = 4096;

/// Other networks that make pictures larger, by what their layers are called.
const SIGNS: [(&str, &str); 6] = [
    ("residual_group.", "a transformer (SwinIR, HAT)"),
    ("relative_position_bias", "a transformer (SwinIR, HAT)"),
    ("attn.qkv", "a transformer (DAT, HAT)"),
    ("unet1.conv1.", "waifu2x or Real-CUGAN"),
    ("block_1.c1_r.", "SPAN"),
    ("rdb1.conv1x1", "ESRGAN+"),
];

fn compact(own: &UpscalerShapes, width: usize) -> Result<UpscalerNet, String> {
    let number = |key: &String| key.strip_prefix("body.")?.strip_suffix(".bias")?.parse::<usize>().ok();
    let last = own.keys().filter_map(number).max().unwrap_or(0);
    let out = own.get(&format!("body.{last}.weight")).and_then(|shape| shape.first()).copied().unwrap_or(0);
    let scale = (1..=8).find(|scale| 3 * scale * scale == out);
    let scale =
        scale.ok_or_else(|| format!("its last layer has {out} channels, which are no pixels of colour"))?;
    if last < 2 || last % 2 == 1 || last > MOST || width > MOST {
        return Err(format!("its {} layers don't take turns", last + 1));
    }
    Ok(UpscalerNet::Compact { width, layers: last / 2, scale })
}

fn rrdb(own: &UpscalerShapes, width: usize) -> Result<UpscalerNet, String> {
    let side = |name: &str, side: usize| {
        own.get(&format!("{name}.weight")).and_then(|shape| shape.get(side)).copied().unwrap_or(0)
    };
    let inputs = side("conv_first", 1);
    let fold = [1, 2, 4].into_iter().find(|fold| 3 * fold * fold == inputs);
    let fold = fold.ok_or_else(|| format!("it sees pictures of {inputs} channels, and not of colour"))?;
    let growth = side("body.0.rdb1.conv1", 0);
    if growth == 0 || growth > MOST || width > MOST {
        return Err("its network is none that is known".to_owned());
    }
    let count =
        |name: &dyn Fn(usize) -> String| (0..MOST).take_while(|i| own.contains_key(&name(*i))).count();
    let blocks = count(&|i| format!("body.{i}.rdb1.conv1.weight"));
    let doublings = count(&|i| format!("conv_up{}.weight", i + 1));
    match doublings <= 3 && 1 << doublings >= fold {
        true => Ok(UpscalerNet::Rrdb { width, growth, blocks, fold, doublings }),
        false => Err(format!("it doubles pictures {doublings} times and folds them by {fold}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANIME: UpscalerNet = UpscalerNet::Rrdb { width: 64, growth: 32, blocks: 6, fold: 1, doublings: 2 };

    fn read(theirs: &UpscalerShapes) -> Result<UpscalerNet, String> {
        network(&UpscalerLayout::of(theirs).shapes(theirs))
    }

    fn renamed(net: UpscalerNet, name: impl Fn(&str) -> String) -> UpscalerShapes {
        net.shapes().into_iter().map(|(key, shape)| (name(&key), shape)).collect()
    }

    #[test]
    fn networks_are_told_by_their_tensors_and_their_scale_by_shapes() {
        let rrdb = |fold, doublings| UpscalerNet::Rrdb { width: 64, growth: 32, blocks: 2, fold, doublings };
        for (net, scale) in [
            (UpscalerNet::Compact { width: 64, layers: 17, scale: 4 }, 4),
            (UpscalerNet::Compact { width: 24, layers: 1, scale: 2 }, 2),
            (ANIME, 4),
            (rrdb(2, 2), 2),
            (rrdb(4, 2), 1),
            (rrdb(1, 3), 8),
            (rrdb(1, 1), 2),
        ] {
            assert_eq!((read(&net.shapes()), net.scale()), (Ok(net), scale));
            let prefixed = renamed(net, |key| format!("params.{key}"));
            assert_eq!(read(&prefixed), Ok(net));
            // Averages win over what lies beside them.
            let mut both = renamed(net, |key| format!("params_ema.{key}"));
            both.extend(prefixed);
            assert_eq!(read(&both), Ok(net));
            assert_eq!(UpscalerLayout::of(&both).prefix, "params_ema.");
        }
    }

    #[test]
    fn numbered_layers_and_other_words_are_the_same_networks() {
        let numbered = |key: &str| {
            let (layer, rest) = key.rsplit_once('.').unwrap();
            match layer.split('.').collect::<Vec<_>>()[..] {
                ["conv_first"] => format!("model.0.{rest}"),
                ["conv_body"] => format!("model.1.sub.6.{rest}"),
                ["conv_up1"] => format!("model.3.{rest}"),
                ["conv_up2"] => format!("model.6.{rest}"),
                ["conv_hr"] => format!("model.8.{rest}"),
                ["conv_last"] => format!("model.10.{rest}"),
                ["body", block, dense, conv] => {
                    format!("model.1.sub.{block}.{}.{conv}.0.{rest}", dense.to_uppercase())
                }
                _ => panic!("{key}"),
            }
        };
        assert_eq!(read(&renamed(ANIME, numbered)), Ok(ANIME));
        let words = |key: &str| match key.strip_prefix("body.") {
            Some(rest) => format!("RRDB_trunk.{}", rest.replace("rdb", "RDB")),
            None => key
                .replace("conv_body", "trunk_conv")
                .replace("conv_up", "upconv")
                .replace("conv_hr", "HRconv"),
        };
        assert_eq!(read(&renamed(ANIME, words)), Ok(ANIME));
    }

    #[test]
    fn what_is_no_whole_network_of_the_family_is_refused_by_what_it_lacks_or_has() {
        let refused = |change: &dyn Fn(&mut UpscalerShapes)| {
            let mut shapes = ANIME.shapes();
            change(&mut shapes);
            read(&shapes).unwrap_err()
        };
        let gone = |key: &'static str| refused(&|shapes| drop(shapes.remove(key)));
        assert!(gone("body.3.rdb2.conv4.bias").contains("'body.3.rdb2.conv4.bias'"));
        assert!(gone("body.0.rdb1.conv1.weight").contains("none that is known"));
        let with = |key: &'static str, shape: &'static [usize]| {
            refused(&|shapes| drop(shapes.insert(key.to_owned(), shape.to_vec())))
        };
        assert!(with("conv_first.weight", &[64, 1, 3, 3]).contains("1 channels"));
        assert!(with("conv_hr.weight", &[64, 64, 1, 1]).contains("[64, 64, 1, 1]"));
        assert!(with("attention.weight", &[1]).contains("'attention.weight' is no layer"));
        assert!(with("body.0.rdb1.conv1x1.weight", &[1]).contains("ESRGAN+"));
        assert!(with("layers.0.residual_group.blocks.0.norm1.weight", &[1]).contains("SwinIR"));
        let grey = UpscalerNet::Compact { width: 8, layers: 2, scale: 2 };
        let mut shapes = grey.shapes();
        shapes.insert("body.4.weight".into(), vec![4, 8, 3, 3]);
        assert!(read(&shapes).unwrap_err().contains("4 channels"));
    }
}
