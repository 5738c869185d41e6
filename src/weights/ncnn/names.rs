//! The names that the layers of an ESRGAN have in its author's files: each network of the family is a chain, so the order of its
//! layers tells them.
//!
//! What a layer is told is compared with what the family has (3x3 kernels that keep the size, slopes of 0.2, doublings by the nearest
//! pixel), so that a network that only looks alike is refused. A last layer that scales the whole picture (animevideov3 as x2 and x3) is
//! left out: what comes before it is the network.

use super::param::{Counts, Layer};

/// Kinds of layers that only lead values on.
const LEADS: [&str; 4] = ["Input", "Split", "Concat", "Noop"];
/// Slope and share of the family.
const FIFTH: f64 = 0.2;

/// A convolution: its shape, and whether a leaky ReLU is in it.
#[derive(Clone, Copy)]
struct Convolution {
    shape: [usize; 4],
    leaks: bool,
}

/// The names of those layers that have numbers, in their order, or why there are none.
pub(super) fn of(layers: &[Layer]) -> Result<Vec<String>, String> {
    let mut convolutions = Vec::new();
    let mut kinds = Vec::new();
    for layer in layers.iter().filter(|layer| !LEADS.contains(&layer.kind.as_str())) {
        check(layer)?;
        match layer.counts {
            Some(Counts::Convolution { shape, .. }) => {
                convolutions.push(Convolution { shape, leaks: layer.told(9, 0.0) != 0.0 });
                kinds.push('c');
            }
            Some(Counts::Factors(_)) => kinds.push('p'),
            None => {}
        }
    }
    if kinds.contains(&'p') {
        return compact(&kinds);
    }
    let doubles = |layer: &&Layer| layer.kind == "Interp" && layer.told(1, 1.0) == 2.0;
    rrdb(&convolutions, layers.iter().filter(doubles).count())
}

/// Refuses what no network of the family is told.
fn check(layer: &Layer) -> Result<(), String> {
    let is = |number, usual: f64, wanted: &[f64]| {
        wanted.iter().any(|wanted| (layer.told(number, usual) - wanted).abs() < 1e-6)
    };
    let fine = match layer.kind.as_str() {
        // Dilation, stride and padding; an activation in it.
        "Convolution" => {
            let leaks = is(9, 0.0, &[2.0]) && layer.list(10).iter().all(|slope| (slope - FIFTH).abs() < 1e-6);
            is(1, 0.0, &[3.0])
                && is(2, 1.0, &[1.0])
                && is(3, 1.0, &[1.0])
                && is(4, 0.0, &[1.0])
                && is(5, 0.0, &[1.0])
                && is(8, 0.0, &[0.0])
                && (is(9, 0.0, &[0.0]) || leaks)
        }
        "PReLU" => true,
        "PixelShuffle" => is(1, 0.0, &[0.0]),
        // The nearest pixel, or a cubic one at the end.
        "Interp" => is(0, 0.0, &[1.0]) && is(1, 1.0, &[2.0, 3.0, 4.0]) || is(0, 0.0, &[3.0]),
        "BinaryOp" => is(0, 0.0, &[0.0]) && is(1, 0.0, &[0.0]),
        "Eltwise" => {
            let shares = layer.list(1);
            let known = |shares: &[f64], wanted: [f64; 2]| {
                shares.len() == 2 && shares.iter().zip(wanted).all(|(s, w)| (s - w).abs() < 1e-6)
            };
            is(0, 0.0, &[1.0])
                && (shares.is_empty() || known(shares, [FIFTH, 1.0]) || known(shares, [1.0, FIFTH]))
        }
        kind => return Err(format!("it has a layer of the kind '{kind}'")),
    };
    if fine { Ok(()) } else { Err(format!("a layer of the kind '{}' is told what no ESRGAN is", layer.kind)) }
}

/// SRVGG compact: convolutions and PReLUs in turns.
fn compact(kinds: &[char]) -> Result<Vec<String>, String> {
    let turns = kinds.iter().enumerate().all(|(i, kind)| *kind == if i % 2 == 0 { 'c' } else { 'p' });
    match turns && kinds.len() % 2 == 1 {
        true => Ok((0..kinds.len()).map(|i| format!("body.{i}")).collect()),
        false => Err("its convolutions and activations don't take turns".to_owned()),
    }
}

/// RRDB: a first layer, blocks of three dense ones of five, one behind them, doublings, two last ones.
fn rrdb(all: &[Convolution], doublings: usize) -> Result<Vec<String>, String> {
    let alike = || "its layers are no ESRGAN's".to_owned();
    let first = all.first().ok_or_else(alike)?;
    let width = first.shape[0];
    let mut names = vec!["conv_first".to_owned()];
    let mut rest = &all[1..];
    let mut dense = 0;
    // The second of five sees what the first has made beside its input.
    while let [one, two, _, _, five, more @ ..] = rest {
        if two.shape[1] != width + one.shape[0] {
            break;
        }
        if !one.leaks || five.leaks {
            return Err(alike());
        }
        let at = format!("body.{}.rdb{}", dense / 3, dense % 3 + 1);
        names.extend((1..=5).map(|k| format!("{at}.conv{k}")));
        (dense, rest) = (dense + 1, more);
    }
    let leaks: Vec<bool> = rest.iter().map(|c| c.leaks).collect();
    match leaks.as_slice() {
        // The last before the picture leaks, the one behind the blocks doesn't.
        [false, ups @ .., true, false]
            if dense > 0 && dense % 3 == 0 && ups.iter().all(|leaks| *leaks) && ups.len() == doublings =>
        {
            names.push("conv_body".to_owned());
            names.extend((1..=ups.len()).map(|k| format!("conv_up{k}")));
            names.extend(["conv_hr", "conv_last"].map(str::to_owned));
            Ok(names)
        }
        _ => Err(alike()),
    }
}
