//! Shaping: a run of text of one direction becomes glyphs from left to right.

use rustybuzz::{Direction, Face, UnicodeBuffer};
use std::ops::Range;
use unicode_script::{Script, UnicodeScript};

/// A glyph and where it stands; lengths are in ems.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    /// Which of the fonts it is from.
    pub face: usize,
    pub id: u16,
    /// Where in the text it comes from: a byte's index.
    pub byte: usize,
    /// Where its origin lies, from the start of the run on, and above the base line.
    pub x: f32,
    pub y: f32,
    /// How far the next one stands behind it.
    pub advance: f32,
}

/// The glyphs of `text[run]`, in the order in which they are seen, and their length.
pub(super) fn shape(faces: &[Face], text: &str, run: Range<usize>, right_to_left: bool) -> (Vec<Glyph>, f32) {
    let mut pieces = pieces(faces, text, run);
    if right_to_left {
        pieces.reverse();
    }
    let (mut glyphs, mut x) = (Vec::new(), 0.0);
    for (piece, index) in pieces {
        let Some(face) = faces.get(index) else { continue };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text[piece.clone()]);
        buffer.guess_segment_properties();
        buffer.set_direction(if right_to_left { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(face, &[], buffer);
        let em = face.units_per_em() as f32;
        for (info, place) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let advance = place.x_advance as f32 / em;
            glyphs.push(Glyph {
                face: index,
                id: info.glyph_id as u16,
                byte: piece.start + info.cluster as usize,
                x: x + place.x_offset as f32 / em,
                y: place.y_offset as f32 / em,
                advance,
            });
            x += advance;
        }
    }
    (glyphs, x)
}

/// Pieces of one font and one script. Marks and spaces stay with what stands before them.
fn pieces(faces: &[Face], text: &str, run: Range<usize>) -> Vec<(Range<usize>, usize)> {
    let mut pieces: Vec<(Range<usize>, usize, Script)> = Vec::new();
    for (at, c) in text[run.clone()].char_indices() {
        let (start, end) = (run.start + at, run.start + at + c.len_utf8());
        let (script, last) = (c.script(), pieces.last_mut());
        let common = matches!(script, Script::Common | Script::Inherited);
        let has = |face: usize| faces[face].glyph_index(c).is_some();
        if let Some((piece, face, of)) = last {
            let same = common || *of == script || matches!(of, Script::Common | Script::Inherited);
            if c.is_whitespace() || same && has(*face) && (0..*face).all(|f| common || !has(f)) {
                piece.end = end;
                if !common {
                    *of = script;
                }
                continue;
            }
        }
        // What no font has is shown as the last one shows that.
        let face = (0..faces.len()).find(|f| has(*f)).unwrap_or(faces.len().saturating_sub(1));
        pieces.push((start..end, face, script));
    }
    pieces.into_iter().map(|(piece, face, _)| (piece, face)).collect()
}
