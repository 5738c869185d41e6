//! Cue sheets: the tracks of an album in one file, with their titles and starts.
//!
//! `INDEX 01 mm:ss:ff` is a start; 75 frames are a second, as on a compact disc. `INDEX 00`, the pause before, is
//! skipped. Times count from the beginning of the `FILE` above them.

use super::timed::Entry;
use crate::error::{Error, Result};
use crate::units::Seconds;
use std::path::Path;

/// Most tracks that are taken; a disc has 99.
const MOST: usize = 10_000;
/// Frames a second.
const FRAMES: f64 = 75.0;

/// Whether a text is a cue sheet.
pub(super) fn is_one(text: &str) -> bool {
    let has = |command: &str| text.lines().any(|line| words(line).0.eq_ignore_ascii_case(command));
    has("TRACK") && has("INDEX")
}

/// The starts and titles of the tracks in the file called as `track` is.
///
/// # Errors
/// Input: a time can't be read, there are too many tracks, or the sheet is about several files and none is called so.
pub(super) fn parse(text: &str, track: &Path) -> Result<Vec<Entry>> {
    let mut files: Vec<(String, Vec<Entry>)> = Vec::new();
    let mut title = String::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let (command, rest) = words(line);
        match command.to_ascii_uppercase().as_str() {
            "FILE" => {
                // The kind of the file stands behind its name.
                let name = rest.rsplit_once(char::is_whitespace).map_or(rest, |(name, _)| name);
                files.push((quoted(name).to_owned(), Vec::new()));
            }
            "TRACK" => {
                inside = true;
                title.clear();
            }
            // Before the first track, it is the album's.
            "TITLE" if inside => quoted(rest).clone_into(&mut title),
            "INDEX" => {
                let (index, time) = words(rest);
                if index.parse() != Ok(1) {
                    continue;
                }
                let time = clock(time).ok_or_else(|| {
                    Error::input(format!("line {}: '{time}' is not a time in a cue sheet", number + 1))
                        .hint("write minutes:seconds:frames, like 03:25:70")
                })?;
                if files.is_empty() {
                    files.push((String::new(), Vec::new()));
                }
                if let Some((_, entries)) = files.last_mut() {
                    entries.push(Entry { time, label: std::mem::take(&mut title) });
                }
            }
            _ => {}
        }
        if files.len() > MOST || files.last().is_some_and(|(_, entries)| entries.len() > MOST) {
            return Err(Error::input(format!("more than {MOST} tracks are too many for a cue sheet")));
        }
    }
    chosen(files, track)
}

fn chosen(mut files: Vec<(String, Vec<Entry>)>, track: &Path) -> Result<Vec<Entry>> {
    files.retain(|(_, entries)| !entries.is_empty());
    if files.len() > 1 {
        // A sheet is often kept when its files are encoded anew.
        let stem = |path: &str| {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
        };
        let own = stem(&track.file_name().unwrap_or_default().to_string_lossy());
        files.retain(|(name, _)| stem(name) == own);
    }
    let mut entries = files.pop().map(|(_, entries)| entries).ok_or_else(|| {
        Error::input(format!("the cue sheet has no tracks in {}", track.display()))
            .hint("a cue sheet for several files is used for a track that it lists by name")
    })?;
    entries.sort_by(|a, b| a.time.0.total_cmp(&b.time.0));
    Ok(entries)
}

/// The first word of a line, and what is behind it.
fn words(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

/// What stands in quotes, or all.
fn quoted(text: &str) -> &str {
    match text.strip_prefix('"').and_then(|t| t.rsplit_once('"')) {
        Some((inside, _)) => inside,
        None => text.trim(),
    }
}

/// `mm:ss:ff` in seconds.
fn clock(text: &str) -> Option<Seconds> {
    let parts: Vec<f64> =
        text.split(':').map(|p| p.parse::<u32>().ok().map(f64::from)).collect::<Option<_>>()?;
    let &[minutes, seconds, frames] = parts.as_slice() else { return None };
    (seconds < 60.0 && frames < FRAMES).then(|| Seconds(minutes * 60.0 + seconds + frames / FRAMES))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "REM GENRE Electronic\nPERFORMER \"Lantern\"\nTITLE \"All\"\nFILE \"C:\\mix.wav\" WAVE\n  TRACK 01 AUDIO\n    \
                         TITLE \"Dawn \"live\"\"\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    TITLE Noon\n    PERFORMER \"X\"\n    \
                         INDEX 00 03:00:00\n    INDEX 01 03:02:15\n  track 03 AUDIO\n    index 01 75:00:00\n";

    fn told(text: &str, track: &str) -> Vec<(f64, String)> {
        parse(text, Path::new(track)).unwrap().into_iter().map(|e| (e.time.0, e.label)).collect()
    }

    #[test]
    fn tracks_are_sections_with_their_titles() {
        assert!(is_one(SHEET) && !is_one("0.0 track\n1.0 index\n"));
        let right = [(0.0, "Dawn \"live\""), (182.2, "Noon"), (4500.0, "")];
        assert_eq!(told(SHEET, "other.flac"), right.map(|(t, l)| (t, l.to_owned())));
    }

    #[test]
    fn of_several_files_the_one_of_the_same_name_counts() {
        let two = format!(
            "{SHEET}FILE \"b/Encore.wav\" WAVE\n TRACK 04 AUDIO\n  TITLE \"Night\"\n  INDEX 01 00:01:00\n"
        );
        assert_eq!(told(&two, "music/encore.flac"), [(1.0, "Night".to_owned())]);
        assert_eq!(told(&two, "mix.mp3").len(), 3);
        assert!(parse(&two, Path::new("c.wav")).unwrap_err().to_string().contains("c.wav"));
    }

    #[test]
    fn places_that_are_none_are_refused_with_their_line() {
        for place in ["00:00", "00:00:75", "00:60:00", "a:b:c", ""] {
            let text = format!("TRACK 01 AUDIO\nINDEX 01 {place}\n");
            assert!(parse(&text, Path::new("a")).unwrap_err().to_string().contains("line 2"), "{place}");
        }
    }
}
