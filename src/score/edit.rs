//! Values put into TOML that a person wrote, with everything around them as it was.

use toml_edit::{Item, TableLike, Value};

/// Holds `key` at `value`; comments above and behind it stay.
pub fn put(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        _ => drop(table.insert(key, Item::Value(value))),
    }
}
