//! Fonts: one that may be named, and behind it DejaVu Sans, which comes with the program.

use crate::error::{Error, Result};
use rustybuzz::Face;
use std::sync::Arc;

/// Fonts in the order in which a character is looked for.
#[derive(Clone, Debug)]
pub struct Fonts {
    files: Vec<Arc<[u8]>>,
}

/// DejaVu Sans, upright: the file of the font.
pub fn plain() -> &'static [u8] {
    dejavu::sans::regular()
}

impl Fonts {
    /// The font of the file `bytes`, if there is one, and the program's own.
    ///
    /// # Errors
    /// Input: the file is no font.
    pub fn new(bytes: Option<Vec<u8>>) -> Result<Self> {
        let named: Option<Arc<[u8]>> = bytes.map(Arc::from);
        if named.as_deref().is_some_and(|bytes| Face::from_slice(bytes, 0).is_none()) {
            return Err(
                Error::input("this is no font").hint("name a TrueType or OpenType file: .ttf, .otf, .ttc")
            );
        }
        Ok(Fonts { files: named.into_iter().chain([dejavu::sans::bold().into()]).collect() })
    }

    /// The first character of `text` that none of the fonts has.
    pub fn missing(&self, text: &str) -> Option<char> {
        let faces = self.faces();
        let is_seen = |c: &char| !c.is_whitespace() && !c.is_control();
        text.chars().filter(is_seen).find(|c| faces.iter().all(|face| face.glyph_index(*c).is_none()))
    }

    /// The fonts' files.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.files.iter().map(|bytes| &**bytes)
    }

    /// The fonts, ready to be asked.
    pub(super) fn faces(&self) -> Vec<Face<'_>> {
        self.files.iter().filter_map(|bytes| Face::from_slice(bytes, 0)).collect()
    }
}
