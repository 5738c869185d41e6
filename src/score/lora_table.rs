//! The checks between a `[[lora]]` of a file and a [`Lora`].

use super::lora::{Lora, MOST, slot_name, slots};
use super::preset::MAX_LINE;
use super::raw::{Field, RawLora, Source};
use crate::error::{Error, Result};
use toml::Spanned;

/// Strengths, as of the slot.
const STRENGTH: std::ops::RangeInclusive<f64> = -2.0..=2.0;

impl Source<'_> {
    /// All `[[lora]]` of a file.
    pub fn loras(&self, raw: &[Spanned<RawLora>]) -> Result<Vec<Lora>> {
        if raw.len() > MOST {
            let error = Error::usage(format!("{}: {} [[lora]] tables are too many", self.name, raw.len()));
            return Err(error.hint(format!("at most {MOST}")));
        }
        let mut loras: Vec<Lora> = Vec::new();
        for table in raw {
            loras.push(self.lora(table)?);
            slots(&loras)
                .map_err(|e| self.at(table.span(), e.hint("give it a name of its own: name = \"...\"")))?;
        }
        Ok(loras)
    }

    fn lora(&self, raw: &Spanned<RawLora>) -> Result<Lora> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let file = self.path("file", self.need("file", &table, &raw.file)?)?;
        let name = match &raw.name {
            Some(v) => self.text("name", v, MAX_LINE)?.to_owned(),
            None => slot_name(&file),
        };
        let number = |key, field: &Field| match field {
            None => Ok(None),
            Some(v) => self.number(key, v, STRENGTH).map(|x| Some(x as f32)),
        };
        let strength = number("strength", &raw.strength)?.unwrap_or(1.0);
        Ok(Lora { name, file, strength, text: number("text_strength", &raw.text_strength)? })
    }
}
