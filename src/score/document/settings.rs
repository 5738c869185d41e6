//! Settings of a look as a whole, in tables of their own: whether effects are on, when takes start.

use super::{Document, plain, put, table};
use crate::error::{Error, Result};
use toml_edit::Item;

/// Tables and keys.
const SETTINGS: [(&str, &str); 3] = [("base", "finish"), ("cuts", "on"), ("cuts", "min")];

impl Document {
    /// Another word, or a number, in a table of the file; none: as where the file says nothing.
    ///
    /// # Errors
    /// Usage: there is no such setting.
    pub fn set_setting(&mut self, place: (&str, &str), word: Option<&str>) -> Result<()> {
        let (name, key) = place;
        if !SETTINGS.contains(&place) {
            return Err(
                Error::usage(format!("a preset has no setting '{key}' in [{name}]")).hint("reload the page")
            );
        }
        let Some(word) = word else {
            if let Some(settings) = self.0.get_mut(name).and_then(Item::as_table_mut) {
                settings.remove(key);
            }
            return Ok(());
        };
        if let Item::Table(settings) = self.0.entry(name).or_insert_with(table) {
            match word.parse::<f64>() {
                Ok(number) => put(settings, key, number),
                Err(_) => put(settings, key, word),
            }
        }
        Ok(())
    }

    /// A word, or a number, in a table of the file.
    pub fn setting(&self, (name, key): (&str, &str)) -> Option<String> {
        self.0.get(name)?.as_table()?.get(key).map(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Preset;

    #[test]
    fn settings_are_written_as_a_person_would_and_read_again() {
        let text = "cuts = { on = \"section\" } # mine\n[[prompt]]\ntext = \"neon\"\n";
        let mut document = Document::read("p", text).unwrap();
        assert_eq!(document.setting(("cuts", "on")).as_deref(), Some("section"));
        for (place, word) in
            [(("cuts", "on"), "bars:4"), (("cuts", "min"), "2 bars"), (("base", "finish"), "off")]
        {
            document.set_setting(place, Some(word)).unwrap();
            assert_eq!(document.setting(place).as_deref(), Some(word));
        }
        assert!(Preset::parse("p", &document.text()).is_ok(), "{}", document.text());
        document.set_setting(("cuts", "min"), Some("3")).unwrap();
        assert!(document.text().contains("min = 3"), "{}", document.text());
        document.set_setting(("cuts", "on"), None).unwrap();
        assert_eq!(document.setting(("cuts", "on")), None);
        assert!(document.set_setting(("base", "glow"), Some("1")).is_err());
    }
}
