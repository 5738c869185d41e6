//! RIFE 4, networks that put pictures between pictures: told by the names and shapes of their tensors, whatever a file is called.
//!
//! Our names are those of the files, without what stands before them: `encode.N` is what looks at a picture, `blockN.conv0.N.0`,
//! `blockN.convblock.N` and `blockN.lastconv` are what finds the motion, coarsest first. Versions whose networks are the same have the same
//! tensors, and where tensors are the same, so are the networks: a file's name decides nothing.

use crate::weights::slice::{Keys, whole};
use std::collections::BTreeMap;

/// The tensors of a network: our names and their shapes.
pub type RifeShapes = BTreeMap<String, Vec<usize>>;

/// A network of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RifeNet {
    /// The versions that have this network.
    version: &'static str,
    /// Channels of the layers that look at a picture; the last ones are its features. Empty: blocks see nothing but the pictures.
    pub encoder: Vec<usize>,
    /// Channels of each block, coarsest first.
    pub widths: Vec<usize>,
    /// How many times as small as the pictures what each block sees is.
    pub scales: &'static [usize],
    /// Channels of a block's result: motion (4), mask, what it hands to the next, and perhaps one that nobody looks at.
    pub results: usize,
    /// Of these, those that it hands to the next.
    pub handed: usize,
    /// Whether the pixels of a block's result are folded into channels once more, and each of its layers is added to what it sees.
    pub folded: bool,
}

/// Layers between a block's first two and its last.
pub const LAYERS: usize = 8;

impl RifeNet {
    /// What people call it.
    pub fn name(&self) -> String {
        format!("RIFE {}", self.version)
    }

    /// Channels of what is seen of one picture beside it.
    pub fn features(&self) -> usize {
        self.encoder.last().copied().unwrap_or(0)
    }

    /// Channels that the block of this number sees: both pictures and their features, the time, and behind the first one the mask, the motion
    /// and what was handed on.
    pub fn inputs(&self, block: usize) -> usize {
        let pictures = 2 * (3 + self.features()) + 1;
        if block == 0 { pictures } else { pictures + 5 + self.handed }
    }

    /// The name of a layer between, without its block's.
    pub fn layer(&self, number: usize) -> String {
        format!("convblock.{number}.{}", if self.folded { "conv" } else { "0" })
    }

    /// The name of a block's last layer, without its block's.
    pub fn last(&self) -> &'static str {
        if self.folded { "lastconv.0" } else { "lastconv" }
    }

    /// Channels of a block's last layer.
    pub fn outputs(&self) -> usize {
        if self.folded { 4 * self.results } else { self.results }
    }

    /// All tensors of the network.
    pub fn shapes(&self) -> RifeShapes {
        let mut shapes = RifeShapes::new();
        let mut layer = |name: String, shape: [usize; 4], out: usize| {
            shapes.insert(format!("{name}.weight"), shape.to_vec());
            shapes.insert(format!("{name}.bias"), vec![out]);
        };
        let mut inputs = 3;
        for (number, out) in self.encoder.iter().copied().enumerate() {
            let is_last = number + 1 == self.encoder.len();
            let shape = if is_last { [inputs, out, 4, 4] } else { [out, inputs, 3, 3] };
            layer(format!("encode.{number}"), shape, out);
            inputs = out;
        }
        for (block, width) in self.widths.iter().copied().enumerate() {
            let at = |name: &str| format!("block{block}.{name}");
            layer(at("conv0.0.0"), [width / 2, self.inputs(block), 3, 3], width / 2);
            layer(at("conv0.1.0"), [width, width / 2, 3, 3], width);
            (0..LAYERS).for_each(|i| layer(at(&self.layer(i)), [width, width, 3, 3], width));
            layer(at(self.last()), [width, self.outputs(), 4, 4], self.outputs());
        }
        let beta =
            |block: usize, i| (format!("block{block}.convblock.{i}.beta"), vec![1, self.widths[block], 1, 1]);
        let blocks = if self.folded { 0..self.widths.len() } else { 0..0 };
        shapes.extend(blocks.flat_map(|block| (0..LAYERS).map(move |i| (block, i))).map(|(b, i)| beta(b, i)));
        shapes
    }
}

/// How the names of a file are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RifeLayout {
    /// Whether what looks at a picture counts its activations as layers, too.
    counts_activations: bool,
}

/// What may stand before all names.
const PREFIXES: [&str; 2] = ["flownet.", "module."];
/// What was there for training alone, or refines pictures of 4.0 to 4.4 if it is asked to, which by default it isn't.
const ASIDE: [&str; 5] = ["teacher.", "caltime.", "block_tea.", "contextnet.", "unet."];

impl RifeLayout {
    /// The layout of a file with tensors of these shapes.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        RifeLayout { counts_activations: shapes.keys().any(|name| bare(name) == "encode.6.weight") }
    }

    /// Our key of a tensor; nothing for those beside the ones that count.
    pub fn keys(self, name: &str) -> Keys {
        let name = bare(name);
        if ASIDE.iter().any(|aside| name.starts_with(aside)) {
            return Vec::new();
        }
        let renamed = |prefix: &str, to: &dyn Fn(usize) -> String| {
            let (number, rest) = name.strip_prefix(prefix)?.split_once('.')?;
            Some(format!("{}.{rest}", to(number.parse().ok()?)))
        };
        let numbered =
            |number| format!("encode.{}", if self.counts_activations { number / 2 } else { number });
        let found = renamed("blocks.", &|number| format!("block{number}"))
            .or_else(|| renamed("encode.cnn", &|number| format!("encode.{number}")))
            .or_else(|| renamed("encode.", &numbered));
        whole(found.unwrap_or_else(|| name.to_owned()))
    }

    /// The tensors that count, under our names.
    pub fn shapes(self, shapes: &BTreeMap<String, Vec<usize>>) -> RifeShapes {
        let named = |(name, shape): (&String, &Vec<usize>)| {
            self.keys(name).into_iter().next().map(|(key, _)| (key, shape.clone()))
        };
        shapes.iter().filter_map(named).collect()
    }
}

/// A name without what may stand before all of them.
fn bare(name: &str) -> &str {
    PREFIXES.iter().fold(name, |name, prefix| name.strip_prefix(prefix).unwrap_or(name))
}

/// Most channels and tensors: the largest in use has 384 and 148.
const MOST: usize = 4096;

/// Other networks that put pictures between pictures, by what their layers are called.
const SIGNS: [(&str, &str); 6] = [
    ("block0.conv1.", "RIFE 2 or 3, which knows the middle between two pictures alone"),
    ("block0.conv0.0.1.", "RIFE 4.0 or 4.1"),
    ("extract.extract_sublevels.", "FILM"),
    ("comb_block.", "AMT"),
    ("encoder.pyramid1.", "IFRNet"),
    ("feature_bone.", "EMA-VFI"),
];

/// What a file is whose tensors, under our names, have these shapes, or why it isn't taken: what it is, or what is wrong with it.
pub fn network(own: &RifeShapes) -> Result<RifeNet, String> {
    if let Some((_, what)) = SIGNS.iter().find(|(sign, _)| own.keys().any(|key| key.starts_with(sign))) {
        return Err(format!("it is {what}, whose network isn't read"));
    }
    let net = described(own).ok_or_else(|| "its network is none that is known".to_owned())?;
    let layer = net.layer(0);
    if own
        .get(&format!("block0.{layer}.weight"))
        .is_some_and(|s| s.get(1).map(|n| 2 * n) == net.widths.first().copied())
    {
        return Err("it is RIFE 4.14 lite, whose network isn't read".to_owned());
    }
    let wanted = net.shapes();
    if let Some(key) = wanted.keys().find(|key| !own.contains_key(*key)) {
        return Err(format!("there is no '{key}', which {} has", net.name()));
    }
    if let Some(key) = own.keys().find(|key| !wanted.contains_key(*key)) {
        return Err(format!("'{key}' is no layer of {}", net.name()));
    }
    match wanted.iter().find(|(key, shape)| own.get(*key) != Some(shape)) {
        Some((key, shape)) => Err(format!("'{key}' has shape {:?}, {shape:?} is needed", own[key])),
        None => Ok(net),
    }
}

/// The network that tensors of these shapes may belong to.
fn described(own: &RifeShapes) -> Option<RifeNet> {
    let side = |name: &str, side: usize| {
        own.get(&format!("{name}.weight"))?.get(side).copied().filter(|n| *n <= MOST)
    };
    let widths: Vec<usize> =
        (0..).map_while(|block| side(&format!("block{block}.conv0.1.0"), 0)).take(MOST).collect();
    let layers = (0..MOST).take_while(|n| own.contains_key(&format!("encode.{n}.weight"))).count();
    let channels = |number| side(&format!("encode.{number}"), usize::from(number + 1 == layers));
    let encoder = (0..layers).map(channels).collect::<Option<Vec<usize>>>()?;
    let folded = own.contains_key("block0.lastconv.0.weight");
    let results = if folded { side("block0.lastconv.0", 1)? / 4 } else { side("block0.lastconv", 1)? };
    let plain = 12 + 2 * encoder.last().unwrap_or(&0);
    let handed = side("block1.conv0.0.0", 1)?.checked_sub(plain)?;
    let is_narrow = widths.len() == 5 && 2 * widths[4] < widths[3];
    const FOUR: &[usize] = &[8, 4, 2, 1];
    let (version, scales) = match (layers, widths.len(), folded, results, handed) {
        (0, 4, false, 5, 0) => ("4.2 to 4.4", FOUR),
        (0, 4, true, 5, 0) => ("4.5", FOUR),
        (0, 4, true, 6, 0) => ("4.6", FOUR),
        (2, 4, true, 6, 0) => ("4.7 to 4.9", FOUR),
        (4, 4, true, 6, 0) => ("4.10 to 4.20 or 4.24", FOUR),
        (4, 4, true, results, handed) if results == 5 + handed => ("4.21 to 4.23", FOUR),
        (4, 5, true, results, handed) if results == 5 + handed => match is_narrow {
            true => ("4.25 lite", &[32, 16, 8, 4, 1][..]),
            false => ("4.25 or 4.26", &[16, 8, 4, 2, 1][..]),
        },
        _ => return None,
    };
    Some(RifeNet { version, encoder, widths, scales, results, handed, folded })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(theirs: &RifeShapes) -> Result<RifeNet, String> {
        network(&RifeLayout::of(theirs).shapes(theirs))
    }

    fn net(version: &'static str, encoder: &[usize], widths: &[usize], results: usize) -> RifeNet {
        let scales: &[usize] = match version {
            "4.25 lite" => &[32, 16, 8, 4, 1],
            _ => &[16, 8, 4, 2, 1][5 - widths.len()..],
        };
        let (encoder, widths, folded) = (encoder.to_vec(), widths.to_vec(), version != "4.2 to 4.4");
        RifeNet {
            version,
            encoder,
            widths,
            scales,
            results,
            handed: results.saturating_sub(6) / 7 * 8,
            folded,
        }
    }

    /// The network of every version, as they are published.
    fn published() -> Vec<RifeNet> {
        let (usual, lite, five) = ([192, 128, 96, 64], [128, 96, 64, 48], [192, 128, 96, 64, 32]);
        vec![
            net("4.2 to 4.4", &[], &usual, 5),
            net("4.5", &[], &usual, 5),
            net("4.6", &[], &usual, 6),
            net("4.7 to 4.9", &[16, 4], &usual, 6),
            net("4.10 to 4.20 or 4.24", &[32, 32, 32, 8], &usual, 6),
            net("4.10 to 4.20 or 4.24", &[32, 32, 32, 4], &lite, 6),
            net("4.10 to 4.20 or 4.24", &[16, 16, 16, 4], &lite, 6),
            net("4.10 to 4.20 or 4.24", &[32, 32, 32, 8], &[384, 192, 96, 48], 6),
            net("4.21 to 4.23", &[32, 32, 32, 8], &[256, 192, 96, 48], 13),
            net("4.21 to 4.23", &[16, 16, 16, 4], &[192, 128, 64, 32], 13),
            net("4.25 or 4.26", &[16, 16, 16, 4], &five, 13),
            net("4.25 or 4.26", &[16, 16, 16, 4], &[384, 256, 192, 128, 64], 13),
            net("4.25 or 4.26", &[16, 16, 16, 16], &five, 13),
            net("4.25 lite", &[16, 16, 16, 4], &[192, 128, 96, 64, 24], 13),
        ]
    }

    fn renamed(net: &RifeNet, name: impl Fn(&str) -> String) -> RifeShapes {
        net.shapes().into_iter().map(|(key, shape)| (name(&key), shape)).collect()
    }

    #[test]
    fn every_version_is_told_by_its_tensors_whatever_they_are_called() {
        for net in published() {
            assert_eq!(read(&net.shapes()).as_ref(), Ok(&net));
            let mut trained = renamed(&net, |key| format!("module.{key}"));
            trained.extend(ASIDE.map(|aside| (format!("module.{aside}conv0.weight"), vec![1])));
            assert_eq!(read(&trained).as_ref(), Ok(&net));
            let comfy =
                renamed(&net, |key| key.replacen("block", "blocks.", 1).replacen("encode.", "encode.cnn", 1));
            assert_eq!(read(&comfy).as_ref(), Ok(&net), "{:?}", comfy.keys().next());
            // As 4.10 to 4.13 have it.
            let counted = renamed(&net, |key| {
                match key.strip_prefix("encode.").and_then(|rest| rest.split_once('.')) {
                    Some((number, rest)) => format!("encode.{}.{rest}", 2 * number.parse::<usize>().unwrap()),
                    None => key.to_owned(),
                }
            });
            if net.encoder.len() != 2 {
                assert_eq!(read(&counted).as_ref(), Ok(&net));
            }
        }
        assert_eq!(published()[3].inputs(0), 15);
        assert_eq!([0, 1].map(|block| published()[10].inputs(block)), [15, 28]);
    }

    #[test]
    fn other_networks_and_parts_of_one_are_refused_by_what_they_are_or_lack() {
        let v46 = published().swap_remove(2);
        let with = |key: &str, shape: &[usize]| {
            let mut shapes = v46.shapes();
            shapes.insert(key.to_owned(), shape.to_vec());
            read(&shapes).unwrap_err()
        };
        assert!(with("block0.conv1.weight", &[1]).contains("RIFE 2 or 3"));
        assert!(with("block0.conv0.0.1.weight", &[96]).contains("RIFE 4.0 or 4.1"));
        assert!(with("block0.convblock.0.conv.weight", &[192, 96, 3, 3]).contains("RIFE 4.14 lite"));
        assert!(with("block2.conv0.1.0.weight", &[96, 32, 3, 3]).contains("[96, 32, 3, 3]"));
        assert!(
            with("block3.attention.weight", &[1])
                .contains("'block3.attention.weight' is no layer of RIFE 4.6")
        );
        assert!(with("block1.conv0.0.0.weight", &[64, 13, 3, 3]).contains("none that is known"));
        assert!(with("block4.conv0.1.0.weight", &[32, 16, 3, 3]).contains("none that is known"));
        assert!(with("block0.lastconv.0.weight", &[192, 1 << 40, 4, 4]).contains("none that is known"));
        let mut shapes = v46.shapes();
        shapes.remove("block3.convblock.7.beta");
        assert!(
            read(&shapes).unwrap_err().contains("there is no 'block3.convblock.7.beta', which RIFE 4.6 has")
        );
        for (keys, what) in [
            (&["extract.extract_sublevels.convs.0.0.conv.weight"][..], "FILM"),
            (&["encoder.pyramid1.0.0.weight", "comb_block.0.weight"], "AMT"),
            (&["encoder.pyramid1.0.0.weight"], "IFRNet"),
            (&["module.feature_bone.patch_embed1.proj.weight"], "EMA-VFI"),
        ] {
            let shapes = keys.iter().map(|key| (key.to_string(), vec![1])).collect();
            assert!(read(&shapes).unwrap_err().contains(what), "{what}");
        }
    }
}
