//! What a route says beside plain numbers, as it is typed.

use super::{Document, WORDS};
use crate::error::{Error, Result};
use crate::score::edit::put;
use toml_edit::{Array, Value};

/// Lengths, which can be typed with their unit.
const LENGTHS: [&str; 5] = ["attack", "hold", "release", "look_ahead", "quantize"];

impl Document {
    /// Writes what was typed for a key of a route: an expression as its `value`, a word, a length with its unit, two shares, a whole number.
    /// Without text, the file says nothing about it any more.
    ///
    /// # Errors
    /// Usage: there is no such route or key, or the text isn't of its form.
    pub fn set_words(&mut self, index: usize, key: &str, text: Option<&str>) -> Result<()> {
        if key != "value" && !WORDS.contains(&key) && !LENGTHS.contains(&key) {
            return Err(Error::usage(format!("a route has no text '{key}'")).hint(format!(
                "texts are value, {}, {}",
                WORDS.join(", "),
                LENGTHS[..4].join(", ")
            )));
        }
        let value = text.map(|text| read(key, text.trim())).transpose()?;
        let route = self.table("route", index)?;
        if key == "value" && value.is_some() {
            route.remove("signal");
            route.remove("every");
        }
        match value {
            Some(value) => put(route, key, value),
            None if key == "value" => {
                return Err(Error::usage("a route listens to something").hint("like 0.5 * kick"));
            }
            None => drop(route.remove(key)),
        }
        Ok(())
    }
}

fn read(key: &str, text: &str) -> Result<Value> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let wrong = |hint: &str| Error::usage(format!("{key} can't be '{text}'")).hint(hint.to_owned());
    Ok(match key {
        "quantiles" => {
            let plain = text.trim_start_matches('[').trim_end_matches(']');
            let shares: Vec<f64> =
                plain.split([',', ' ']).filter(|t| !t.is_empty()).filter_map(number).collect();
            match shares[..] {
                [low, high] => Value::Array(Array::from_iter([low, high])),
                _ => return Err(wrong("two shares of the track, like 0.1, 0.9")),
            }
        }
        "every" => text.parse::<i64>().map_err(|_| wrong("a whole number, like 2"))?.into(),
        "accumulate" => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err(wrong("true or false")),
        },
        "curve" | "attack" | "hold" | "release" | "look_ahead" | "quantize" => {
            number(text).map_or_else(|| text.into(), Value::from)
        }
        _ => text.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: &str = "# mine\n[[route]]\nsignal = \"bar\" # heard\nevery = 2\nto = \"glow\"\n\n[[prompt]]\ntext = \"waves\"\n";

    #[test]
    fn whole_routes_can_be_typed() {
        let mut look = Document::read("mine", LOOK).unwrap();
        for (key, text) in [
            ("curve", "square"),
            ("quantiles", "0.1 0.9"),
            ("quantize", "1 beats"),
            ("accumulate", "true"),
            ("every", "4"),
            ("attack", "0.25 beats"),
        ] {
            look.set_words(0, key, Some(text)).unwrap();
            assert!(Document::read("mine", &look.text()).is_ok(), "{key}: {}", look.text());
        }
        let words = &look.routes()[0].words;
        assert_eq!(
            (words["curve"].as_str(), words["quantiles"].as_str(), words["every"].as_str()),
            ("square", "[0.1, 0.9]", "4")
        );
        for key in WORDS {
            look.set_words(0, key, None).unwrap();
        }
        look.set_words(0, "attack", None).unwrap();
        assert_eq!(look.text(), LOOK.replace("every = 2\n", ""));
    }

    #[test]
    fn an_expression_takes_the_place_of_a_signal_and_back() {
        let mut look = Document::read("mine", LOOK).unwrap();
        look.set_words(0, "value", Some("0.5 * kick * (section == 'B')")).unwrap();
        assert!(Document::read("mine", &look.text()).is_ok(), "{}", look.text());
        assert_eq!(look.routes()[0].input, "0.5 * kick * (section == 'B')");
        look.set_signal(0, "kick").unwrap();
        assert!(Document::read("mine", &look.text()).is_ok() && !look.text().contains("value"));
    }

    #[test]
    fn what_is_not_of_its_form_is_refused() {
        let mut look = Document::read("mine", LOOK).unwrap();
        for (key, text) in [
            ("quantiles", "0.1"),
            ("every", "often"),
            ("accumulate", "perhaps"),
            ("to", "zoom"),
            ("signal", "x"),
        ] {
            assert!(look.set_words(0, key, Some(text)).is_err(), "{key}");
        }
        assert!(
            look.set_words(9, "curve", Some("square")).is_err() && look.set_words(0, "value", None).is_err()
        );
    }
}
