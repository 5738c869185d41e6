//! Other programs' files, whichever they are.

use super::imported::{Imported, Meaning};
use super::limits::{MAX_BYTES, MAX_CURVES};
use super::motion::MOTION;
use super::{deforum, parseq, table, timed};
use crate::audio::midi;
use crate::error::{Error, Result};
use crate::score::check::{AMOUNT, MAX_POINTS};
use crate::score::clock::Length;
use crate::score::grid::Span;
use crate::text_file;
use serde_json::{Map, Value};

impl Imported {
    /// Reads the file called `name`: a Parseq document, a Deforum settings file, text with schedules, a MIDI file, lyrics,
    /// or a table. Without `frames`, there are as many as the file says.
    ///
    /// # Errors
    /// Input: it is none of these, too large, or holds nothing that can be taken over.
    pub fn read(name: &str, bytes: &[u8], frames: Option<u64>) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(
                Error::input(format!("{name} is too large")).hint(format!("at most {} MB", MAX_BYTES >> 20))
            );
        }
        if frames.is_some_and(|n| n == 0 || n > Span::MAX_FRAMES) {
            return Err(Error::usage("this number of frames is out of range")
                .hint(format!("from 1 to {}", Span::MAX_FRAMES)));
        }
        let mut imported = match midi::is_midi(bytes) {
            true => Imported { drawn: timed::read_midi(bytes)?, ..Imported::default() },
            false => Self::of_text(name, bytes, frames)?,
        };
        imported.leave_out_what_no_preset_holds();
        let prompts = imported.prompts.len() + usize::from(imported.prompt_lost);
        if imported.curves.is_empty()
            && imported.own.curves.is_empty()
            && imported.drawn.is_empty()
            && prompts == 0
        {
            let error = Error::input(format!("{name} has no curves that can be imported"));
            let error = imported.left_out.iter().take(5).fold(error, |e, what| e.hint(what.clone()));
            let error = error.hint("a schedule looks like 0:(1.0), 30:(1.05)");
            let error = error.hint("the first line of a table names its columns; one of them is seconds");
            return Err(
                error.hint("beats and sections of other programs go into --beats-file and --sections-file")
            );
        }
        if imported.curves.len() + imported.drawn.len() > MAX_CURVES {
            let error = Error::input(format!("{name} holds more than {MAX_CURVES} curves"));
            return Err(error.hint("a preset has no room for them; take some out"));
        }
        Ok(imported)
    }

    /// A text file in whatever encoding.
    fn of_text(name: &str, bytes: &[u8], frames: Option<u64>) -> Result<Self> {
        let text_file::Text { text, note } = text_file::decode(bytes).map_err(|cause| {
            let hints = cause.hints().to_vec();
            let error = Error::input(format!("can't read {name}")).because(cause);
            let error = hints.into_iter().fold(error, Error::hint);
            error.hint("name a Deforum or Parseq file, lyrics (LRC, SRT), a table (CSV) or a MIDI file")
        })?;
        let json = text.trim_start().starts_with('{');
        let drawn = || timed::read_lyrics(&text).or_else(|| table::read(name, &text));
        let mut imported = match (!json).then(drawn).flatten() {
            Some(drawn) => Imported { drawn: drawn?, ..Imported::default() },
            None => Self::of_frames(name, &text, frames)?,
        };
        imported.notes.extend(note);
        Ok(imported)
    }

    /// A text that counts in frames.
    fn of_frames(name: &str, text: &str, frames: Option<u64>) -> Result<Self> {
        if !text.trim_start().starts_with('{') {
            return deforum::read_text(name, text, frames);
        }
        let map: Map<String, Value> = serde_json::from_str(text)
            .map_err(|e| Error::input(format!("{name} is not JSON")).because(e).hint("export it again"))?;
        match map.contains_key("rendered_frames") || map.contains_key("keyframes") {
            true => parseq::read(name, &map, frames),
            false => deforum::read_settings(name, &map, frames),
        }
    }

    /// Seeds and distances to a horizon are in schedules, too: they are no curves that a picture could follow.
    fn leave_out_what_no_preset_holds(&mut self) {
        let left_out = &mut self.left_out;
        let mut fits = |name: &str, changes: usize, values: &mut dyn Iterator<Item = f64>| {
            let mut finite = values.filter(|v| v.is_finite()).peekable();
            let why = match (finite.peek().is_some(), finite.find(|v| !AMOUNT.contains(v))) {
                (_, Some(far)) => format!("{far} is beyond ±{}", AMOUNT.end()),
                (false, None) => "none of its values is a number".to_owned(),
                (true, None) if changes > MAX_POINTS => format!("it changes more than {MAX_POINTS} times"),
                (true, None) => return true,
            };
            left_out.push(format!("{name}: {why}"));
            false
        };
        let changes = |values: &[f64]| 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let places = matches!(self.meaning, Meaning::Places(_));
        // Where a camera would stand too far away it flies, so where it would stand is not written.
        let far = |name: &str| places && MOTION.contains(&name);
        self.curves.retain(|name, curve| {
            let values = &curve.values;
            far(name) || fits(name, changes(values), &mut values.iter().copied())
        });
        self.own.curves.retain(|name, values| fits(name, changes(values), &mut values.iter().copied()));
        self.drawn.retain(|name, drawn| {
            drawn.points.retain(|(time, _)| Length::seconds(time.0).is_ok());
            fits(name, drawn.points.len(), &mut drawn.points.iter().map(|(_, v)| *v))
        });
    }
}
