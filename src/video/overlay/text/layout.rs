//! Layout: text broken into lines, centred, drawn as a mask, with the places of its words.

use super::font::Fonts;
use super::shape::{Glyph, shape};
use crate::units::Size;
use crate::video::overlay::mask::Mask;
use ab_glyph_rasterizer::{Point, Rasterizer, point};
use rustybuzz::Face;
use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use std::ops::Range;
use unicode_bidi::{BidiInfo, Level};
use unicode_linebreak::linebreaks;

/// Longest text, in bytes, and most pixels of a mask: beyond that nothing is drawn.
const LONGEST: usize = 4000;
const LARGEST: f32 = 4096.0;
/// From one base line to the next, in ems, and how much of that lies above the base line.
const LEADING: f32 = 1.25;
const ASCENT: f32 = 0.95;
/// Around the lines, in ems.
const MARGIN: f32 = 0.25;

/// A text as it is drawn.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its letters.
    pub mask: Mask,
    /// Its words, in the order in which they are read.
    pub words: Vec<Word>,
}

/// A word of a text, and where it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// Columns of the mask.
    pub x: Range<f32>,
    /// Rows of the mask.
    pub y: Range<f32>,
    /// Whether it is read from right to left.
    pub right_to_left: bool,
}

/// A line: its glyphs in the order in which they are seen, where each stands, and the direction of each.
struct Line {
    glyphs: Vec<(Glyph, f32, bool)>,
    width: f32,
}

impl Text {
    /// `text` in letters of `size` pixels, in centred lines of at most `width` pixels; lines are about equally long, and a
    /// word that is too long alone is not broken. None if there is nothing to be seen.
    pub fn new(fonts: &Fonts, text: &str, size: f32, width: f32) -> Option<Self> {
        if text.len() > LONGEST || !(1.0..=LARGEST).contains(&size) {
            return None;
        }
        let faces = fonts.faces();
        let lines: Vec<Line> =
            paragraphs(text).flat_map(|part| lines_of(&faces, text, part, width / size)).collect();
        let widest = lines.iter().map(|line| line.width).fold(0.0, f32::max);
        // Strokes and marks reach beyond the letters' own boxes.
        let margin = (MARGIN * size).ceil();
        let [columns, rows] =
            [widest * size, lines.len() as f32 * LEADING * size].map(|length| length.ceil() + 2.0 * margin);
        if widest <= 0.0 || columns * rows > LARGEST * LARGEST {
            return None;
        }
        let mut pen = Pen::new(columns as usize, rows as usize);
        let mut words = Words::new(text);
        for (number, line) in lines.iter().enumerate() {
            let left = (columns - line.width * size) / 2.0;
            let top = margin + number as f32 * LEADING * size;
            for (glyph, x, right_to_left) in &line.glyphs {
                let Some(face) = faces.get(glyph.face) else { continue };
                pen.scale = size / face.units_per_em() as f32;
                pen.at = (left + x * size, top + (ASCENT - glyph.y) * size);
                let _ = face.outline_glyph(GlyphId(glyph.id), &mut pen);
                let from = left + x * size;
                words.saw(
                    glyph.byte,
                    from..from + glyph.advance * size,
                    top..top + LEADING * size,
                    *right_to_left,
                );
            }
        }
        let size = Size { width: columns as u32, height: rows as u32 };
        let mut coverage = vec![0; size.pixels()];
        pen.out.for_each_pixel(|i, share| {
            if let Some(byte) = coverage.get_mut(i) {
                *byte = (255.0 * share.clamp(0.0, 1.0) + 0.5) as u8;
            }
        });
        Some(Text { mask: Mask::of(size, coverage), words: words.seen() })
    }
}

/// What ends a line of the text itself: the paragraph separators of UAX 9.
const ENDS: [char; 7] = ['\n', '\r', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2029}'];

/// The lines that the text itself has.
fn paragraphs(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split(ENDS).map(|part| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        start..start + part.len()
    })
}

/// A part of the text, broken into lines of at most `width` ems.
fn lines_of(faces: &[Face], text: &str, part: Range<usize>, width: f32) -> Vec<Line> {
    let content = &text[part.clone()];
    let bidi = BidiInfo::new(content, None);
    let [paragraph] = &bidi.paragraphs[..] else { return Vec::new() };
    // The same breaks in as many lines, but about equally long: the narrowest width that needs no more lines.
    let pieces = pieces(faces, content, &bidi.levels);
    let fewest = broken(&pieces, width).len();
    let (mut least, mut most) = (0.0, width);
    for _ in 0..8 {
        let middle = (least + most) / 2.0;
        if broken(&pieces, middle).len() > fewest { least = middle } else { most = middle }
    }
    let lines = broken(&pieces, if fewest > 1 { most } else { width });
    let line = |range: Range<usize>| {
        let end = range.start + content[range.clone()].trim_end().len();
        let (levels, runs) = bidi.visual_runs(paragraph, range.start..end);
        let mut line = Line { glyphs: Vec::new(), width: 0.0 };
        for run in runs {
            let right_to_left = levels.get(run.start).is_some_and(Level::is_rtl);
            let (glyphs, length) = shape(faces, content, run, right_to_left);
            let place =
                |g: Glyph| (Glyph { byte: part.start + g.byte, ..g }, line.width + g.x, right_to_left);
            line.glyphs.extend(glyphs.into_iter().map(place));
            line.width += length;
        }
        line
    };
    lines.into_iter().map(line).collect()
}

/// What can't be broken, with its width without and with the spaces behind it.
fn pieces(faces: &[Face], content: &str, levels: &[Level]) -> Vec<(Range<usize>, f32, f32)> {
    let mut start = 0;
    let piece = |(end, _)| {
        let range = start..end;
        start = end;
        let right_to_left = levels.get(range.start).is_some_and(Level::is_rtl);
        let seen = range.start + content[range.clone()].trim_end().len();
        let (_, without) = shape(faces, content, range.start..seen, right_to_left);
        let (_, spaces) = shape(faces, content, seen..range.end, right_to_left);
        (range, without, without + spaces)
    };
    linebreaks(content).map(piece).collect()
}

/// Pieces put together into lines of at most `width`.
fn broken(pieces: &[(Range<usize>, f32, f32)], width: f32) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut filled = 0.0;
    for (range, without, with) in pieces {
        match lines.last_mut() {
            Some(line) if filled + without <= width => {
                line.end = range.end;
                filled += with;
            }
            _ => {
                lines.push(range.clone());
                filled = *with;
            }
        }
    }
    lines
}

/// Where words are seen.
struct Words {
    /// In the order of the text.
    all: Vec<Option<Word>>,
    bytes: Vec<Range<usize>>,
}

impl Words {
    fn new(text: &str) -> Self {
        let place = |word: &str| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            start..start + word.len()
        };
        let bytes: Vec<_> = text.split_whitespace().map(place).collect();
        Words { all: vec![None; bytes.len()], bytes }
    }

    fn saw(&mut self, byte: usize, x: Range<f32>, y: Range<f32>, right_to_left: bool) {
        let after = self.bytes.partition_point(|bytes| bytes.start <= byte);
        let Some(index) = after.checked_sub(1).filter(|i| self.bytes[*i].contains(&byte)) else { return };
        match &mut self.all[index] {
            Some(word) if word.y == y => {
                word.x = word.x.start.min(x.start)..word.x.end.max(x.end);
            }
            // A word that goes on in the next line is where it begins.
            Some(_) => {}
            none => *none = Some(Word { bytes: self.bytes[index].clone(), x, y, right_to_left }),
        }
    }

    fn seen(self) -> Vec<Word> {
        self.all.into_iter().flatten().collect()
    }
}

/// Draws a glyph's outline, whose y goes up, at a place of the mask.
struct Pen {
    out: Rasterizer,
    at: (f32, f32),
    scale: f32,
    last: Point,
    start: Point,
}

impl Pen {
    fn new(columns: usize, rows: usize) -> Self {
        let nowhere = point(0.0, 0.0);
        let out = Rasterizer::new(columns, rows);
        Pen { out, at: (0.0, 0.0), scale: 1.0, last: nowhere, start: nowhere }
    }

    /// What reaches out of the mask is cut off at its edge: the rasterizer would go on in the next row.
    fn place(&self, x: f32, y: f32) -> Point {
        let (columns, rows) = self.out.dimensions();
        let (x, y) = (self.at.0 + x * self.scale, self.at.1 - y * self.scale);
        point(x.clamp(0.0, columns as f32 - 1.0), y.clamp(0.0, rows as f32 - 1.0))
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.last = self.place(x, y);
        self.start = self.last;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.place(x, y);
        self.out.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (by, to) = (self.place(x1, y1), self.place(x, y));
        self.out.draw_quad(self.last, by, to);
        self.last = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, to) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.out.draw_cubic(self.last, a, b, to);
        self.last = to;
    }

    fn close(&mut self) {
        self.out.draw_line(self.last, self.start);
        self.last = self.start;
    }
}

#[cfg(test)]
mod tests;
