//! Lists of times in text: beats, taps, labels, section starts, chapters.
//!
//! One entry a line: a time (seconds, or minutes:seconds), then perhaps an end or other numbers, then a word or a name.
//! Columns are parted by tabs, semicolons, commas or spaces; a first line may name them. Empty lines and lines that
//! begin with `#` are skipped, and so are the lines with frequencies (`\`) in Audacity's label tracks. What people write
//! below videos ("1. 0:00 - Intro") is read by `chapters`.

mod chapters;
mod entry;
#[cfg(test)]
mod tests;

pub use entry::{Entry, time};

use crate::error::{Error, Result};
use crate::text_file::Separator;
use crate::units::Seconds;
use entry::{is_end, is_place};
use std::borrow::Cow;

/// Most entries that are taken: more than six hours of semiquavers at 200 BPM.
const MOST: usize = 500_000;
/// Names of a column of times, in lower case and without units.
const TIMES: [&str; 10] =
    ["seconds", "time", "time s", "t", "start", "start time", "begin", "onset", "timestamp", "sec"];
/// Names of a column of times in milliseconds.
const MILLISECONDS: [&str; 4] = ["ms", "milliseconds", "time ms", "start ms"];
/// Names of a column of names.
const LABELS: [&str; 8] = ["label", "name", "title", "text", "section", "part", "beat", "marker"];

/// What of a list is wanted, where it has both, as a label track or a table of markers may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Beats.
    Beats,
    /// Sections.
    Sections,
}

/// Reads a list as [`parse`]; where it has sections beside beats of the form `bar.beat`, or says of each entry what it is, only what
/// is wanted comes out.
///
/// # Errors
/// As [`parse`].
pub fn parse_for(text: &str, wanted: Wanted) -> Result<Vec<Entry>> {
    let entries = read(text)?;
    let has = |wanted| entries.iter().any(|(_, kind)| *kind == Some(wanted));
    let mixed = has(Wanted::Beats) && has(Wanted::Sections);
    Ok(entries.into_iter().filter(|(_, kind)| !mixed || *kind == Some(wanted)).map(|(e, _)| e).collect())
}

/// Reads a list; entries come out ascending.
///
/// # Errors
/// Input: a line does not begin with a time, commas are both decimal signs and separators, there are too many times, or
/// none.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    Ok(read(text)?.into_iter().map(|(entry, _)| entry).collect())
}

/// The entries, and what each is, where that is known.
fn read(text: &str) -> Result<Vec<(Entry, Option<Wanted>)>> {
    let mut lines: Vec<(usize, &str)> = text
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim_matches([' ', '\r', '\u{a0}'])))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('\\'))
        .collect();
    let columns = lines.first().and_then(|(_, line)| Columns::named(line));
    if columns.is_some() {
        lines.remove(0);
    }
    lines.retain(|(_, line)| !line.starts_with('#'));
    if columns.is_none() && lines.len() > 1 && is_title(lines[0].1) {
        lines.remove(0);
    }
    if lines.len() > MOST {
        return Err(Error::input(format!("more than {MOST} times are too many for one track")));
    }
    let columns = match columns {
        Some(columns) => columns,
        None => Columns::unnamed(&lines)?,
    };
    let read =
        |(number, line): &(usize, &str)| columns.entry(line).map_err(|cause| refused(*number, line, cause));
    let mut entries = lines.iter().map(read).collect::<Result<Vec<_>>>()?;
    let kinds: Vec<Option<Wanted>> =
        lines.iter().zip(&entries).map(|((_, line), entry)| columns.kind(line, entry)).collect();
    if entries.is_empty() {
        return Err(Error::input("the list has no times").hint("write one time per line, in seconds"));
    }
    chapters::unnumber(&mut entries);
    let mut entries: Vec<_> = entries.into_iter().zip(kinds).collect();
    entries.sort_by(|a, b| a.0.time.0.total_cmp(&b.0.time.0));
    Ok(entries)
}

fn refused(number: usize, line: &str, cause: Error) -> Error {
    let shown: String = line.chars().take(40).collect();
    Error::input(format!("line {number} does not begin with a time: '{shown}'"))
        .because(cause)
        .hint("write one time per line, in seconds, followed by its name")
}

/// Whether a first line is a heading: it holds no number at its beginning.
fn is_title(line: &str) -> bool {
    line.trim_start_matches('"').starts_with(char::is_alphabetic) && chapters::entry(line).is_err()
}

/// Where among a table's columns the times are, and how many of its units a second has.
pub fn time_column<T: AsRef<str>>(names: &[T]) -> Option<(usize, f64)> {
    let plain: Vec<String> = names.iter().map(|n| normal(n.as_ref())).collect();
    let find = |known: &[&str]| plain.iter().position(|name| known.contains(&name.as_str()));
    find(&TIMES).map(|i| (i, 1.0)).or(find(&MILLISECONDS).map(|i| (i, 1000.0)))
}

/// A column's name in lower case; `Time [s]` and `time_s` are `time s`.
fn normal(name: &str) -> String {
    let lower = name.trim_start_matches(['#', ' ']).to_lowercase();
    let words = lower.split(|c: char| " _()[],".contains(c)).filter(|w| !w.is_empty());
    let name = words.collect::<Vec<_>>().join(" ");
    match name.strip_suffix(" s").or(name.strip_suffix(" sec")).or(name.strip_suffix(" seconds")) {
        Some(without_unit) => without_unit.to_owned(),
        None => name,
    }
}

/// What a list's columns hold.
struct Columns {
    separator: Separator,
    /// Where a first line says that times and names are, and the units a second of the times.
    named: Option<(usize, f64, Option<usize>)>,
    /// Where it says that each line's kind is.
    kinds: Option<usize>,
}

impl Columns {
    /// Those that a first line names.
    fn named(line: &str) -> Option<Self> {
        let separator = Separator::of_header(line);
        let names = separator.fields(line);
        let (times, units) = time_column(&names)?;
        let label = names.iter().position(|n| LABELS.contains(&normal(n).as_str()));
        let kinds = names.iter().position(|n| normal(n) == "kind");
        Some(Columns { separator, named: Some((times, units, label)), kinds })
    }

    /// Those that the lines themselves tell.
    fn unnamed(lines: &[(usize, &str)]) -> Result<Self> {
        let fits = |separator: &Separator| {
            let mut parted = false;
            let begin = lines.iter().all(|(_, line)| {
                let fields = separator.fields(line);
                parted |= fields.len() > 1;
                time(&fields[0]).is_ok()
            });
            begin && parted && (separator.leaves_commas() || !commas_are_decimal(lines))
        };
        let separator = Separator::ALL.into_iter().find(fits).unwrap_or(Separator::Blanks);
        let halves = |(_, line): &(usize, &str)| {
            let fields = separator.fields(line);
            fields.iter().take_while(|f| f.bytes().all(|b| b.is_ascii_digit())).count() >= 4
        };
        if !separator.leaves_commas() && lines.iter().all(halves) {
            return Err(Error::input(
                "commas separate the columns of the list and seem to be decimal commas, too",
            )
            .hint("write numbers with a point, or separate the columns with tabs"));
        }
        Ok(Columns { separator, named: None, kinds: None })
    }

    fn entry(&self, line: &str) -> Result<Entry> {
        // Names of several words are whole only behind the time.
        if self.separator == Separator::Blanks && self.named.is_none_or(|(times, ..)| times == 0) {
            return chapters::entry(line);
        }
        let fields = self.separator.fields(line);
        let Some((times, units, label)) = self.named else {
            // A label without length, at a place in a bar, is written as beatbolt does.
            if let [start, end, place] = &fields[..]
                && start == end
                && is_place(place)
            {
                return Ok(Entry { time: time(start)?, label: place.clone().into_owned() });
            }
            return Ok(Entry { time: time(&fields[0])?, label: self.label(&fields[1..]) });
        };
        let field = |i: usize| fields.get(i).map_or("", |f| f.as_ref());
        let label =
            label.map_or_else(|| self.label(fields.get(times + 1..).unwrap_or(&[])), |i| field(i).to_owned());
        Ok(Entry { time: Seconds(time(field(times))?.0 / units), label })
    }

    /// What an entry is, where its line tells.
    fn kind(&self, line: &str, entry: &Entry) -> Option<Wanted> {
        let Some(column) = self.kinds else {
            return Some(if is_place(&entry.label) { Wanted::Beats } else { Wanted::Sections });
        };
        match self.separator.fields(line).get(column).map(|kind| kind.to_lowercase()).as_deref() {
            Some("beat") => Some(Wanted::Beats),
            Some("section") => Some(Wanted::Sections),
            _ => None,
        }
    }

    /// The name in the columns behind the time: what is behind all numbers (ends, durations, values); where there are
    /// numbers alone, the first that can be a place in a bar.
    fn label(&self, fields: &[Cow<'_, str>]) -> String {
        let mut fields = fields.iter().map(|f| f.as_ref()).filter(|f| !f.is_empty());
        let words: Vec<&str> = fields.clone().skip_while(|f| time(f).is_ok()).collect();
        if words.is_empty() {
            return fields.find(|f| !is_end(f)).unwrap_or_default().to_owned();
        }
        let joint = if self.separator.leaves_commas() { " " } else { ", " };
        chapters::undashed(&words.join(joint)).to_owned()
    }
}

/// Whether lines begin with numbers that have a comma inside: `0,5`. A column of ascending times beside one that counts
/// beats is two numbers: `1,1` and `2,2`.
fn commas_are_decimal(lines: &[(usize, &str)]) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let words = lines.iter().map(|(_, line)| line.split([' ', '\t', '\u{a0}']).next().unwrap_or_default());
    let mut halves = words.clone().map(|word| word.split_once(',').unwrap_or((word, "0")));
    if !halves.clone().all(|(a, b)| digits(&a.replace(':', "")) && digits(b)) {
        return false;
    }
    if lines.iter().zip(words.clone()).all(|((_, line), word)| word.len() < line.len()) {
        return true;
    }
    let mut last = (-1.0, 0.0);
    let counts = halves.all(|(time, beat)| {
        let number = |t: &str| t.parse::<Seconds>().map_or(f64::NAN, |t| t.0);
        let now = (number(time), number(beat));
        let right = now.0 > last.0 && (now.1 == 1.0 || now.1 == last.1 + 1.0 || last.1 == 0.0 && now.1 > 0.0);
        last = now;
        right && !(beat.len() > 1 && beat.starts_with('0'))
    });
    !(counts && words.clone().any(|word| word.ends_with(",1")))
}
