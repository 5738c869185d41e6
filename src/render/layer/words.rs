//! Words over pictures: a title, and lyrics by the line, by the word, or filled as they are sung.

use super::now::{Now, faded};
use crate::score::{Layer, Singing, Sung};
use crate::units::Seconds;
use crate::video::{Fonts, Frame, Ink, Mask, Mix, Part, Text, Word, paint, paint_part};

/// Widest that lines get, as a share of the picture's width.
const WIDEST: f32 = 0.88;
/// The shadow behind letters: how far it reaches, in ems, how much stronger than spread letters it is, and its opacity.
const REACH: f32 = 0.06;
const GAIN: f32 = 2.5;
const SHADE: f32 = 0.55;
/// Words of one layer, kept while they stay the same.
#[derive(Default)]
pub struct Words {
    kept: Option<Kept>,
}

struct Kept {
    text: String,
    size: f32,
    drawn: Option<Drawn>,
}

struct Drawn {
    text: Text,
    shadow: Mask,
}

impl Words {
    /// Draws a title.
    pub fn title(&mut self, frame: &mut Frame, text: &str, fonts: &Fonts, now: Now) {
        let Some(drawn) = self.drawn(text, fonts, now) else { return };
        let at = drawn.corner(now);
        drawn.shade(frame, at, now.ink, None);
        paint(frame, &drawn.text.mask, at, now.ink);
    }

    /// Draws the line that is sung.
    pub fn sing(
        &mut self,
        frame: &mut Frame,
        (layer, show): (&Layer, Singing),
        lines: &[Sung],
        fonts: &Fonts,
        now: Now,
    ) {
        // Of lines that overlap, the last one that began.
        let begun = lines.partition_point(|line| line.time.start <= now.time);
        let Some(line) = lines[..begun].iter().rev().take(8).find(|line| line.time.contains(&now.time))
        else {
            return;
        };
        let fade = |time: (f64, f64)| faded(layer, time, Seconds(now.time), now.period);
        let end = line.time.end;
        let Some(drawn) = self.drawn(&line.text, fonts, now) else { return };
        let at = drawn.corner(now);
        let ink = |fade: f32| Ink { opacity: now.ink.opacity * fade, ..now.ink };
        if show == Singing::Words {
            for word in &drawn.text.words {
                let start = line.begins(word);
                if start <= now.time {
                    let (part, ink) = (drawn.part(word, 1.0), ink(fade((start, end.max(start)))));
                    drawn.shade(frame, at, ink, Some(&part));
                    paint_part(frame, (&drawn.text.mask, &part), at, ink);
                }
            }
            return;
        }
        let ink = ink(fade((line.time.start, end)));
        drawn.shade(frame, at, ink, None);
        paint(frame, &drawn.text.mask, at, ink);
        if show == Singing::Karaoke {
            let ink = Ink { color: now.sung, ..ink };
            for word in &drawn.text.words {
                let share = line.share(word, now.time);
                if share > 0.0 {
                    paint_part(frame, (&drawn.text.mask, &drawn.part(word, share)), at, ink);
                }
            }
        }
    }

    /// The text in letters of its size.
    fn drawn(&mut self, text: &str, fonts: &Fonts, now: Now) -> Option<&Drawn> {
        // Half a pixel is not seen, and saves drawing anew where a route moves the size a little.
        let size = (2.0 * now.size).round() / 2.0;
        let kept = self.kept.take().filter(|kept| kept.text == text && kept.size == size);
        let kept = kept.unwrap_or_else(|| {
            let width = WIDEST * now.picture.width as f32;
            let shadow = |text: Text| {
                let shadow = text.mask.spread((REACH * size).ceil() as usize, GAIN);
                Drawn { text, shadow }
            };
            let drawn = Text::new(fonts, text, size, width).map(shadow);
            Kept { text: text.to_owned(), size, drawn }
        });
        self.kept.insert(kept).drawn.as_ref()
    }
}

impl Drawn {
    /// Where its top left corner lies.
    fn corner(&self, now: Now) -> (i64, i64) {
        let size = self.text.mask.size();
        let corner = |at: f32, length: u32| (at - length as f32 / 2.0).round() as i64;
        (corner(now.at.0, size.width), corner(now.at.1, size.height))
    }

    /// Darkens what is behind the letters, so that they can be read on any picture; only where they cover it.
    fn shade(&self, frame: &mut Frame, at: (i64, i64), ink: Ink, part: Option<&Part>) {
        if ink.mix != Mix::Normal {
            return;
        }
        let ink = Ink { color: [0; 3], opacity: SHADE * ink.opacity, ..ink };
        match part {
            Some(part) => paint_part(frame, (&self.shadow, part), at, ink),
            None => paint(frame, &self.shadow, at, ink),
        }
    }

    /// The mask's part in which a word is, as far as `share` of it has been sung.
    fn part(&self, word: &Word, share: f32) -> Part {
        // Strokes reach a little beyond their letters.
        let reach = (0.08 * (word.y.end - word.y.start)).ceil();
        let (from, to) = (word.x.start - reach, word.x.end + reach);
        let sung = share * (to - from);
        let columns = if word.right_to_left { to - sung..to } else { from..from + sung };
        let pixels =
            |range: std::ops::Range<f32>| range.start.max(0.0) as usize..range.end.max(0.0).ceil() as usize;
        Part { columns: pixels(columns), rows: pixels(word.y.start - reach..word.y.end + reach) }
    }
}

impl Sung {
    /// When `word` begins to be sung.
    fn begins(&self, word: &Word) -> f64 {
        let of =
            |bytes: &std::ops::Range<usize>| bytes.start < word.bytes.end && word.bytes.start < bytes.end;
        let beat = self.beats.iter().find(|beat| of(&beat.bytes));
        beat.map_or(self.time.start, |beat| beat.time.start)
    }

    /// How much of `word` has been sung at `time`, by its bytes.
    fn share(&self, word: &Word, time: f64) -> f32 {
        let mut sung = 0.0;
        for beat in &self.beats {
            let (from, to) = (beat.bytes.start.max(word.bytes.start), beat.bytes.end.min(word.bytes.end));
            let length = (beat.time.end - beat.time.start).max(1e-6);
            let share = ((time - beat.time.start) / length).clamp(0.0, 1.0);
            // Of several words that have one time, one is sung after the other.
            let of_word = to.saturating_sub(from) as f64;
            let before = from.saturating_sub(beat.bytes.start) as f64;
            sung += (beat.bytes.len() as f64 * share - before).clamp(0.0, of_word);
        }
        (sung / word.bytes.len().max(1) as f64).min(1.0) as f32
    }
}
