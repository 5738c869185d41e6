//! The checks between a `[[layer]]` of a file and a [`Layer`].

use super::spec::{Form, Hits, Layer, LayerBlend, LayerKind, MOST, Singing, Tint, slots};
use crate::error::{Error, Result};
use crate::score::place::Place;
use crate::score::preset::MAX_LINE;
use crate::score::raw::{Field, RawLayer, Source, number};
use toml::{Spanned, Value};

/// What layers show, by name.
const KINDS: [(&str, LayerKind); 6] = [
    ("lyrics", LayerKind::Lyrics(Singing::Line)),
    ("title", LayerKind::Title),
    ("waveform", LayerKind::Waveform(Form::Line)),
    ("spectrum", LayerKind::Spectrum(Form::Line)),
    ("particles", LayerKind::Particles(Hits::Kick)),
    ("rings", LayerKind::Rings),
];
const SINGING: [(&str, Singing); 3] =
    [("line", Singing::Line), ("words", Singing::Words), ("karaoke", Singing::Karaoke)];
const FORMS: [(&str, Form); 2] = [("line", Form::Line), ("ring", Form::Ring)];
const HITS: [(&str, Hits); 4] =
    [("kick", Hits::Kick), ("snare", Hits::Snare), ("hat", Hits::Hat), ("onset", Hits::Onset)];
const BLENDS: [(&str, LayerBlend); 4] = [
    ("normal", LayerBlend::Normal),
    ("add", LayerBlend::Add),
    ("screen", LayerBlend::Screen),
    ("multiply", LayerBlend::Multiply),
];

impl Source<'_> {
    /// All `[[layer]]` of a file.
    pub fn layers(&self, raw: &[Spanned<RawLayer>]) -> Result<Vec<Layer>> {
        if raw.len() > MOST {
            let error = Error::usage(format!("{}: {} [[layer]] tables are too many", self.name, raw.len()));
            return Err(error.hint(format!("at most {MOST}")));
        }
        let mut layers: Vec<Layer> = Vec::new();
        for table in raw {
            let layer = self.layer(table)?;
            let known = layers.iter().any(|known| known.name == layer.name);
            let named = slots(std::slice::from_ref(&layer)).map(drop);
            let twice = || Err(Error::usage(format!("there is a layer called '{}' already", layer.name)));
            let checked = if known { twice() } else { named };
            checked
                .map_err(|e| self.at(table.span(), e.hint("give it a name of its own: name = \"...\"")))?;
            layers.push(layer);
        }
        Ok(layers)
    }

    fn layer(&self, raw: &Spanned<RawLayer>) -> Result<Layer> {
        let (table, raw) = (raw.span(), raw.get_ref());
        let field = self.need("kind", &table, &raw.kind)?;
        let kind = self.layer_kind(raw, self.one_of("kind", field, &KINDS)?)?;
        let called =
            raw.name.as_ref().map_or(self.text("kind", field, MAX_LINE), |v| self.text("name", v, MAX_LINE));
        let usual = Layer::usual(called?, kind);
        let number = |key, field: &Field, range, or: f32| match field {
            None => Ok(or),
            Some(v) => self.number(key, v, range).map(|x| x as f32),
        };
        let seconds = |key, field: &Field, or: f64| match field {
            None => Ok(or),
            Some(v) => self.number(key, v, 0.0..=60.0),
        };
        let line = |key, field: &Field| match field {
            None => Ok(None),
            Some(v) => self.text(key, v, MAX_LINE).map(|text| Some(text.to_owned())),
        };
        let place = self.place([&raw.section, &raw.from, &raw.to])?;
        Ok(Layer {
            place: if place == Place::Everywhere { usual.place } else { place },
            at: raw.at.as_ref().map_or(Ok(usual.at), |v| self.point("at", v))?,
            size: number("size", &raw.size, 0.005..=2.0, usual.size)?,
            color: raw.color.as_ref().map_or(Ok(usual.color), |v| self.tint("color", v))?,
            sung: raw.sung.as_ref().map_or(Ok(usual.sung), |v| self.tint("sung", v))?,
            blend: raw.blend.as_ref().map_or(Ok(usual.blend), |v| self.one_of("blend", v, &BLENDS))?,
            fade: (
                seconds("fade_in", &raw.fade_in, usual.fade.0)?,
                seconds("fade_out", &raw.fade_out, usual.fade.1)?,
            ),
            font: raw.font.as_ref().map(|v| self.path("font", v)).transpose()?,
            text: line("text", &raw.text)?,
            ..usual
        })
    }

    /// The kind with what belongs to it alone; keys that belong to others are refused.
    fn layer_kind(&self, raw: &RawLayer, kind: LayerKind) -> Result<LayerKind> {
        let words = matches!(kind, LayerKind::Lyrics(_) | LayerKind::Title);
        let keys = [
            ("show", &raw.show, matches!(kind, LayerKind::Lyrics(_))),
            ("sung", &raw.sung, matches!(kind, LayerKind::Lyrics(_))),
            ("form", &raw.form, matches!(kind, LayerKind::Waveform(_) | LayerKind::Spectrum(_))),
            ("on", &raw.on, matches!(kind, LayerKind::Particles(_))),
            ("font", &raw.font, words),
            ("text", &raw.text, kind == LayerKind::Title),
        ];
        for (key, field, fits) in keys {
            if let (false, Some(value)) = (fits, field) {
                let error = Error::usage(format!("a layer of this kind has no {key}"));
                return Err(self.at(value.span(), error.hint("leave it out")));
            }
        }
        Ok(match kind {
            LayerKind::Lyrics(usual) => LayerKind::Lyrics(self.word_or("show", &raw.show, &SINGING, usual)?),
            LayerKind::Waveform(usual) => {
                LayerKind::Waveform(self.word_or("form", &raw.form, &FORMS, usual)?)
            }
            LayerKind::Spectrum(usual) => {
                LayerKind::Spectrum(self.word_or("form", &raw.form, &FORMS, usual)?)
            }
            LayerKind::Particles(usual) => LayerKind::Particles(self.word_or("on", &raw.on, &HITS, usual)?),
            LayerKind::Title | LayerKind::Rings => kind,
        })
    }

    fn word_or<T: Copy>(&self, key: &str, field: &Field, words: &[(&str, T)], or: T) -> Result<T> {
        field.as_ref().map_or(Ok(or), |v| self.one_of(key, v, words))
    }

    /// Two shares of the picture.
    fn point(&self, key: &str, value: &Spanned<Value>) -> Result<(f32, f32)> {
        let pair = match value.get_ref().as_array().map(Vec::as_slice) {
            Some([x, y]) => number(x).zip(number(y)),
            _ => None,
        };
        let inside = |v: &f64| (-1.0..=2.0).contains(v);
        pair.filter(|(x, y)| inside(x) && inside(y)).map(|(x, y)| (x as f32, y as f32)).ok_or_else(|| {
            let error = Error::usage(format!("{key} is a place in the picture"));
            self.at(
                value.span(),
                error.hint("like [0.5, 0.8]: shares of width and height, from the top left"),
            )
        })
    }

    /// `"picture"`, or a colour as in HTML: `"#ffcc00"`.
    fn tint(&self, key: &str, value: &Spanned<Value>) -> Result<Tint> {
        let text = self.text(key, value, MAX_LINE)?;
        if text == "picture" {
            return Ok(Tint::Picture);
        }
        let digits =
            text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        number.map(|n| Tint::Rgb([(n >> 16) as u8, (n >> 8) as u8, n as u8])).ok_or_else(|| {
            let error = Error::usage(format!("{key} can't be '{text}'"));
            self.at(value.span(), error.hint("write \"picture\", or a colour like \"#ffcc00\""))
        })
    }
}
