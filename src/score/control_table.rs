//! The checks between a `[[control]]` of a file and a [`Control`].

use super::control::{Control, MOST, STRENGTH, control_name, control_slots};
use super::preset::MAX_LINE;
use super::raw::{Field, RawControl, Source};
use crate::error::{Error, Result};
use toml::Spanned;

impl Source<'_> {
    /// All `[[control]]` of a file.
    pub fn controls(&self, raw: &[Spanned<RawControl>]) -> Result<Vec<Control>> {
        if raw.len() > MOST {
            let error = Error::usage(format!("{}: {} [[control]] tables are too many", self.name, raw.len()));
            return Err(error.hint(format!("at most {MOST}")));
        }
        let mut controls: Vec<Control> = Vec::new();
        for table in raw {
            controls.push(self.control(table)?);
            control_slots(&controls)
                .map_err(|e| self.at(table.span(), e.hint("give it a name of its own: name = \"...\"")))?;
        }
        Ok(controls)
    }

    fn control(&self, raw: &Spanned<RawControl>) -> Result<Control> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let net = self.path("net", self.need("net", &table, &raw.net)?)?;
        let source = self.source("source", &raw.source)?;
        let source = source.ok_or_else(|| {
            self.at(
                table.clone(),
                Error::usage("a [[control]] needs a source").hint("source = \"clip.mp4,prepare=canny\""),
            )
        })?;
        let name = match &raw.name {
            Some(v) => self.text("name", v, MAX_LINE)?.to_owned(),
            None => control_name(&net),
        };
        let number = |key, field: &Field, most: f64| match field {
            None => Ok(None),
            Some(v) => self.number(key, v, 0.0..=most).map(|x| Some(x as f32)),
        };
        let strength = number("strength", &raw.strength, f64::from(*STRENGTH.end()))?.unwrap_or(1.0);
        let (start, end) =
            (number("start", &raw.start, 1.0)?.unwrap_or(0.0), number("end", &raw.end, 1.0)?.unwrap_or(1.0));
        if start >= end {
            let error =
                Error::usage(format!("a control that acts from {start} to {end} of the steps acts in none"))
                    .hint("start lies before end: 0 is the first step, 1 the end of the last");
            return Err(self.at(table, error));
        }
        Ok(Control { name, net, source, strength, start, end })
    }
}
