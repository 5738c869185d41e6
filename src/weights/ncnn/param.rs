//! The text of a network: a line a layer, its kind, name, inputs and outputs, and what it is told.

use std::collections::BTreeMap;

/// Most layers, and most of anything that a layer counts.
const MOST_LAYERS: usize = 10_000;
const MOST: usize = 4096;

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    /// Its kind, like `Convolution`.
    pub kind: String,
    /// What it is told, by number; of a list, its entries.
    told: BTreeMap<i64, Vec<f64>>,
    /// The numbers that it has in the other file; none where it has none.
    pub counts: Option<Counts>,
}

/// The numbers that a layer has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Counts {
    /// A convolution's weights \[out, in, k, k], and whether there is a bias.
    Convolution { shape: [usize; 4], bias: bool },
    /// A PReLU's factors.
    Factors(usize),
}

impl Layer {
    /// What it is told under `number`, or `usual`.
    pub fn told(&self, number: i64, usual: f64) -> f64 {
        self.told.get(&number).and_then(|values| values.first()).copied().unwrap_or(usual)
    }

    /// The list that it is told under `number`.
    pub fn list(&self, number: i64) -> &[f64] {
        self.told.get(&number).map_or(&[], Vec::as_slice)
    }
}

/// The layers of a text, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Layer>, String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next() != Some("7767517") {
        return Err("it is no network of ncnn".to_owned());
    }
    let count = lines.next().and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let count = count.filter(|count| *count <= MOST_LAYERS).ok_or("it doesn't say how many layers it has")?;
    let layers: Vec<Layer> = lines.take(MOST_LAYERS + 1).map(layer).collect::<Result<_, _>>()?;
    match layers.len() == count {
        true => Ok(layers),
        false => Err(format!("it promises {count} layers and has {}; it may be cut short", layers.len())),
    }
}

fn layer(line: &str) -> Result<Layer, String> {
    let short: String = line.chars().take(60).collect();
    let broken = || format!("'{short}' is no layer");
    let mut words = line.split_whitespace();
    let (Some(kind), Some(_), Some(inputs), Some(outputs)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(broken());
    };
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n <= MOST).ok_or_else(broken);
    let blobs = number(inputs)? + number(outputs)?;
    let mut told = BTreeMap::new();
    for word in words.skip(blobs) {
        let (key, values) = word.split_once('=').ok_or_else(broken)?;
        let key: i64 = key.parse().map_err(|_| broken())?;
        let values: Vec<f64> =
            values.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| broken())?;
        // A list has a number of its own, and its length in front.
        match key {
            ..=-23300 => told.insert(-23300 - key, values.get(1..).unwrap_or_default().to_vec()),
            _ => told.insert(key, values),
        };
    }
    let mut layer = Layer { kind: kind.to_owned(), told, counts: None };
    layer.counts = counts(&layer)?;
    Ok(layer)
}

/// The numbers that a layer has.
fn counts(layer: &Layer) -> Result<Option<Counts>, String> {
    let whole = |number: i64| {
        let value = layer.told(number, 0.0);
        (value.fract() == 0.0 && (1.0..=(MOST * MOST) as f64).contains(&value)).then_some(value as usize)
    };
    let channels = || whole(0).filter(|n| *n <= MOST).ok_or("a layer has no channels");
    match layer.kind.as_str() {
        "PReLU" => Ok(Some(Counts::Factors(channels()?))),
        "Convolution" => {
            let (out, side) = (channels()?, whole(1).filter(|k| *k <= 15).ok_or("a kernel has no size")?);
            let weights = whole(6).ok_or("a convolution has no weights")?;
            let per = out * side * side;
            if weights % per != 0 || weights / per > MOST {
                return Err(format!(
                    "a convolution of {weights} weights has no {out} kernels of {side}x{side}"
                ));
            }
            let shape = [out, weights / per, side, side];
            Ok(Some(Counts::Convolution { shape, bias: layer.told(5, 0.0) == 1.0 }))
        }
        _ => Ok(None),
    }
}
