//! The words by which a page says what times snap to.

use crate::score::Grid;
use serde::{Deserialize, Deserializer};

/// `bars`, `beats` or `free`; by default bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridWord(pub Grid);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Bars,
    Beats,
    Free,
}

impl<'de> Deserialize<'de> for GridWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(GridWord(match Word::deserialize(deserializer)? {
            Word::Bars => Grid::Bars,
            Word::Beats => Grid::Beats,
            Word::Free => Grid::Free,
        }))
    }
}
