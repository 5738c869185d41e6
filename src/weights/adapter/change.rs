//! Changes: what a file's tensors do to one layer, told by their names and shapes, and checked against the layer before a value
//! is read.

use super::names::Part;
use super::scale::Said;
use super::targets::Target;
use crate::error::{Error, Result};
use crate::weights::TensorSource;
use std::collections::BTreeMap;

/// What a file does to a layer: the names of its tensors, and the numbers that go with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// By which formula.
    pub form: Form,
    /// What the difference is multiplied by.
    pub scale: f64,
    /// DoRA: the tensor of lengths, and whether there is one for every output.
    pub dora: Option<(String, bool)>,
    /// A difference of the bias.
    pub bias: Option<String>,
}

/// The formulae, with the names of their tensors.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// up · (mid ·) down.
    Lora { down: String, up: String, mid: Option<String> },
    /// (a1 · b1) ⊙ (a2 · b2), each with a core or without.
    Loha { pairs: [(String, String); 2], cores: Option<[String; 2]> },
    /// kron(first, second).
    Lokr { first: Factor, second: Factor },
    /// W · a1 · a2 + b1 · b2; in old files with the sides changed over.
    Glora { a: [String; 2], b: [String; 2], old: bool },
    /// W ⊙ factors: of the inputs or of the outputs; around 1, or what they differ from it by.
    Ia3 { factors: String, on_input: bool, around_one: bool },
    /// The difference itself.
    Full { difference: String },
    /// W turned in blocks by Cayley's map, in one stage or several (a butterfly).
    Oft { blocks: String, rescale: Option<String>, bound: f64 },
    /// Nothing but the bias.
    Nothing,
}

/// A factor of a Kronecker product.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// Whole.
    Whole(String),
    /// The product of two, with a core or without.
    Product { a: String, b: String, core: Option<String> },
}

/// The tensors of one layer's change, by what they are.
pub(super) type Parts = BTreeMap<Part, String>;

/// Where shapes come from while a change is checked.
pub(super) struct Check<'a> {
    pub source: &'a dyn TensorSource,
    pub target: &'a Target,
    /// What the file's metadata says of scales.
    pub said: &'a Said,
    pub layer: &'a str,
}

impl Check<'_> {
    /// The change that these tensors are; none where they are none that is known.
    ///
    /// # Errors
    /// Model: a tensor has a shape that doesn't fit the layer, or one is missing.
    pub fn change(&self, parts: &Parts) -> Result<Option<Change>> {
        let name = |part| parts.get(&part).cloned();
        let form = match self.form(parts)? {
            Some(form) => form,
            None if parts.contains_key(&Part::DiffBias) => Form::Nothing,
            None => return Ok(None),
        };
        let bias = name(Part::DiffBias);
        if let Some(bias) = &bias {
            self.fits(bias, self.target.bias.unwrap_or(0), 1)?;
        }
        let lengths = name(Part::Magnitude).map(|name| (name, true));
        let lengths = match (lengths, name(Part::Dora)) {
            (None, Some(name)) => Some(self.axis(name)?),
            (lengths, _) => lengths,
        };
        if let Some((name, per_output)) = &lengths {
            let [out, inputs, _] = self.sizes();
            let count: usize = self.shape(name).iter().product();
            if count != if *per_output { out } else { inputs } {
                return Err(self.wrong(name));
            }
        }
        let scale = self.scale(&form, name(Part::Alpha).as_deref())?;
        Ok(Some(Change { form, scale, dora: lengths, bias }))
    }

    fn form(&self, parts: &Parts) -> Result<Option<Form>> {
        let name = |part| parts.get(&part).cloned();
        let need = |part: Part| name(part).ok_or_else(|| self.lacking(part));
        let has = |part| parts.contains_key(&part);
        let [out, inputs, kernel] = self.sizes();
        Ok(Some(if has(Part::Down) || has(Part::Up) {
            let (down, up, mid) = (need(Part::Down)?, need(Part::Up)?, name(Part::Mid));
            let rank = self.first(&down);
            match &mid {
                None => self.fits(&down, rank, inputs * kernel)?,
                Some(mid) => {
                    self.fits(&down, rank, inputs)?;
                    self.fits(mid, self.second(&up), rank * kernel)?;
                }
            }
            let inner = if mid.is_some() { self.second(&up) } else { rank };
            self.fits(&up, out, inner)?;
            Form::Lora { down, up, mid }
        } else if has(Part::Hada1a) {
            let pairs =
                [(need(Part::Hada1a)?, need(Part::Hada1b)?), (need(Part::Hada2a)?, need(Part::Hada2b)?)];
            let cores = match (name(Part::HadaCore1), name(Part::HadaCore2)) {
                (Some(one), Some(two)) => Some([one, two]),
                (None, None) => None,
                _ => return Err(self.lacking(Part::HadaCore2)),
            };
            for (i, (a, b)) in pairs.iter().enumerate() {
                match &cores {
                    // With a core the first factor lies the other way round.
                    Some(cores) => self.tucker((a, b), &cores[i], [out, inputs, kernel])?,
                    None => {
                        self.fits(b, self.first(b), inputs * kernel)?;
                        self.fits(a, out, self.first(b))?;
                    }
                }
            }
            Form::Loha { pairs, cores }
        } else if [Part::Kron1, Part::Kron1a, Part::Kron2, Part::Kron2a].into_iter().any(has) {
            let first = match name(Part::Kron1) {
                Some(whole) => Factor::Whole(whole),
                None => Factor::Product { a: need(Part::Kron1a)?, b: need(Part::Kron1b)?, core: None },
            };
            let second = match name(Part::Kron2) {
                Some(whole) => Factor::Whole(whole),
                None => Factor::Product {
                    a: need(Part::Kron2a)?,
                    b: need(Part::Kron2b)?,
                    core: name(Part::KronCore2),
                },
            };
            self.kronecker(&first, &second)?;
            Form::Lokr { first, second }
        } else if has(Part::GloraA1) {
            let a = [need(Part::GloraA1)?, need(Part::GloraA2)?];
            let b = [need(Part::GloraB1)?, need(Part::GloraB2)?];
            let new =
                self.all_fit(&[(&a[0], inputs), (&b[0], out)], &[(&a[1], inputs), (&b[1], inputs * kernel)]);
            let old =
                self.all_fit(&[(&a[1], inputs), (&b[1], out)], &[(&a[0], inputs), (&b[0], inputs * kernel)]);
            if !new && !old {
                return Err(self.wrong(&a[0]));
            }
            Form::Glora { a, b, old: !new }
        } else if let Some(factors) = name(Part::Factor) {
            let on_input = self.shape(&factors).first() == Some(&1) && out != 1;
            self.fits_count(&factors, if on_input { inputs } else { out })?;
            Form::Ia3 { factors, on_input, around_one: true }
        } else if let (Some(factors), Some(side)) = (name(Part::Plain), name(Part::OnInput)) {
            let on_input = self.source.number(&side)? != 0.0;
            self.fits_count(&factors, if on_input { inputs } else { out })?;
            Form::Ia3 { factors, on_input, around_one: false }
        } else if let Some(blocks) = name(Part::Blocks) {
            self.turning(&blocks, name(Part::Rescale).as_deref())?;
            let bound = name(Part::Alpha).map_or(Ok(0.0), |alpha| self.source.number(&alpha))? * out as f64;
            Form::Oft { blocks, rescale: name(Part::Rescale), bound }
        } else if let Some(difference) = name(Part::Diff) {
            self.fits(&difference, out, inputs * kernel)?;
            Form::Full { difference }
        } else {
            return Ok(None);
        }))
    }

    /// alpha / rank; 1 without an alpha.
    fn scale(&self, form: &Form, alpha: Option<&str>) -> Result<f64> {
        let product = |factor: &Factor| match factor {
            Factor::Product { b, .. } => Some(self.first(b)),
            Factor::Whole(_) => None,
        };
        let rank = match form {
            Form::Lora { down, .. } => Some(self.first(down)),
            Form::Loha { pairs, .. } => Some(self.first(&pairs[0].1)),
            Form::Lokr { first, second } => product(second).or(product(first)),
            Form::Glora { a, old, .. } => Some(self.first(&a[usize::from(!old)])),
            Form::Ia3 { .. } | Form::Full { .. } | Form::Oft { .. } | Form::Nothing => None,
        };
        let Some(rank) = rank else { return Ok(1.0) };
        let scale = match alpha {
            Some(alpha) => self.source.number(alpha)? / rank as f64,
            None => self.said.scale(self.layer, rank),
        };
        if !scale.is_finite() {
            return Err(self.error(format!("'{}' isn't a finite number", alpha.unwrap_or("alpha"))));
        }
        Ok(scale)
    }

    /// Which side the lengths of kohya's DoRA belong to: what isn't 1 tells.
    fn axis(&self, name: String) -> Result<(String, bool)> {
        let shape = self.shape(&name);
        let per_input = shape.len() > 1 && shape[0] == 1 && self.sizes()[0] != 1;
        Ok((name, !per_input))
    }

    fn tucker(&self, (a, b): (&str, &str), core: &str, [out, inputs, kernel]: [usize; 3]) -> Result<()> {
        self.fits(a, self.first(a), out)?;
        self.fits(b, self.first(b), inputs)?;
        self.fits(core, self.first(a), self.first(b) * kernel)
    }

    fn kronecker(&self, first: &Factor, second: &Factor) -> Result<()> {
        let [out, inputs, kernel] = self.sizes();
        let side = |factor: &Factor| -> Result<[usize; 2]> {
            Ok(match factor {
                Factor::Whole(name) => [self.first(name), self.rest(name)],
                Factor::Product { a, b, core: None } => {
                    self.fits(b, self.first(b), self.rest(b))?;
                    self.fits(a, self.first(a), self.first(b))?;
                    [self.first(a), self.rest(b)]
                }
                Factor::Product { a, b, core: Some(core) } => {
                    let (o, i) = (self.rest(a), self.rest(b));
                    self.tucker((a, b), core, [o, i, kernel])?;
                    [o, i * kernel]
                }
            })
        };
        let ([a, c], [b, d]) = (side(first)?, side(second)?);
        let name = match first {
            Factor::Whole(name) | Factor::Product { a: name, .. } => name,
        };
        if a.checked_mul(b) != Some(out) || c.checked_mul(d) != Some(inputs * kernel) || d % kernel != 0 {
            return Err(self.wrong(name));
        }
        Ok(())
    }

    fn turning(&self, blocks: &str, rescale: Option<&str>) -> Result<()> {
        let out = self.sizes()[0];
        let fits = match self.shape(blocks) {
            [count, a, b] => a == b && count.checked_mul(*a) == Some(out),
            // Stage i mixes over 2^i blocks.
            [stages, count, a, b] => {
                let wide = stages.checked_sub(1).and_then(|s| 1usize.checked_shl(s as u32));
                let wide = wide.and_then(|w| w.checked_mul(*a));
                a == b
                    && a % 2 == 0
                    && count.checked_mul(*a) == Some(out)
                    && wide.is_some_and(|w| w > 0 && out.is_multiple_of(w))
            }
            _ => false,
        };
        if !fits {
            return Err(self.wrong(blocks));
        }
        rescale.map_or(Ok(()), |rescale| self.fits_count(rescale, out))
    }

    /// Outputs, inputs and values of a kernel.
    fn sizes(&self) -> [usize; 3] {
        let shape = &self.target.weight;
        let side = |i: usize| shape.get(i).copied().unwrap_or(1);
        [side(0), side(1), shape.iter().skip(2).product()]
    }

    fn shape(&self, name: &str) -> &[usize] {
        self.source.shapes().get(name).map_or(&[], Vec::as_slice)
    }

    fn first(&self, name: &str) -> usize {
        self.shape(name).first().copied().unwrap_or(0)
    }

    fn second(&self, name: &str) -> usize {
        self.shape(name).get(1).copied().unwrap_or(0)
    }

    /// Values for each of the first side.
    fn rest(&self, name: &str) -> usize {
        self.shape(name).iter().skip(1).product()
    }

    /// Whether `name` is `rows` times `columns` values, however the columns are laid out.
    fn fits(&self, name: &str, rows: usize, columns: usize) -> Result<()> {
        let fits = rows > 0 && self.first(name) == rows && self.rest(name) == columns;
        if fits { Ok(()) } else { Err(self.wrong(name)) }
    }

    fn fits_count(&self, name: &str, count: usize) -> Result<()> {
        let found: usize = self.shape(name).iter().product();
        if found == count { Ok(()) } else { Err(self.wrong(name)) }
    }

    /// Whether the tensors in `tall` have these many rows and those in `wide` these many columns, with one rank between them.
    fn all_fit(&self, tall: &[(&String, usize)], wide: &[(&String, usize)]) -> bool {
        let ranks: Vec<usize> =
            tall.iter().map(|(n, _)| self.rest(n)).chain(wide.iter().map(|(n, _)| self.first(n))).collect();
        tall.iter().all(|(name, rows)| self.first(name) == *rows)
            && wide.iter().all(|(name, columns)| self.rest(name) == *columns)
            && ranks[0] > 0
            && tall.len() == wide.len()
            && (0..tall.len()).all(|i| ranks[i] == ranks[tall.len() + i])
    }

    fn lacking(&self, part: Part) -> Error {
        self.error(format!("what changes '{}' is not complete: {part:?} is missing", self.layer))
    }

    fn wrong(&self, name: &str) -> Error {
        let (found, wanted) = (self.shape(name), &self.target.weight);
        self.error(format!(
            "'{name}' has shape {found:?}, which doesn't fit the model's '{}' of shape {wanted:?}",
            self.target.layer
        ))
    }

    fn error(&self, what: String) -> Error {
        Error::model(format!("{}: {what}", self.source.path().display()))
    }
}
