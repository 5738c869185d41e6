//! `beatbolt sheet`: a finished video on one picture.

use super::args::SheetArgs;
use super::output::Output;
use super::plot::checked;
use super::plot::sheet::{Row, draw, palette};
use super::terminal::{Terminal, say};
use crate::audio::{Analysis, Section};
use crate::error::{Error, Result};
use crate::job::Hearing;
use crate::units::{Seconds, Size};
use crate::video::Stills;
use std::ops::Range;

/// Width of a picture, in pixels.
const WIDTH: u32 = 240;
/// Most sections that have a row of their own.
const MOST_ROWS: usize = 100;

/// Chooses the pictures, takes them and draws them.
pub fn run(args: SheetArgs) -> Result<()> {
    let target = args.output.clone().unwrap_or_else(|| args.video.with_extension("png"));
    if target.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("png")) {
        return Err(Error::usage("a sheet is made of pixels").hint("end the name in .png"));
    }
    checked(&target)?;
    let output = Output::new(&target, &args.video)?;
    let stills = Stills::open(&args.video)?;
    let length = stills.length();
    let columns = args.columns as usize;
    let rows = match args.even {
        Some(rows) => evenly(length, rows as usize, columns),
        None => {
            let progress = Terminal::default();
            let analysis = Hearing::from(args.hearing).hear(&args.video, &progress).map_err(|error| {
                error.hint("with --even ROWS pictures are evenly spaced, and nothing is listened to")
            })?;
            by_section(&analysis, length, columns)
        }
    };
    let size = stills.size();
    let height = (u64::from(WIDTH) * u64::from(size.height) / u64::from(size.width)).clamp(16, 960) as u32;
    let times: Vec<Seconds> = rows.iter().flat_map(|(_, times)| times.iter().copied()).collect();
    let mut pictures = stills.take(&times, Size { width: WIDTH, height })?.into_iter();
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|(name, times)| {
            let pictures: Vec<_> = pictures.by_ref().take(times.len()).collect();
            Row { name, palette: palette(&pictures), pictures, times }
        })
        .collect();
    let title = args.video.file_name().unwrap_or_default().to_string_lossy();
    draw(&rows, columns, &title, output.path())?;
    output.commit()?;
    say(format_args!("{}", target.display()));
    Ok(())
}

/// Names and times of evenly spaced pictures: the middles of equal pieces.
fn evenly(length: Seconds, rows: usize, columns: usize) -> Vec<(String, Vec<Seconds>)> {
    let row = |row: usize| {
        let share = length.0 / rows as f64;
        let from = row as f64 * share;
        (Seconds(from).to_string(), spread(from..from + share, columns))
    };
    (0..rows).map(row).collect()
}

fn spread(span: Range<f64>, columns: usize) -> Vec<Seconds> {
    let step = (span.end - span.start) / columns as f64;
    (0..columns).map(|i| Seconds(span.start + (i as f64 + 0.5) * step)).collect()
}

/// A row for every section: pictures on beats that are as evenly spaced as beats can be, or evenly where there are too few.
fn by_section(analysis: &Analysis, length: Seconds, columns: usize) -> Vec<(String, Vec<Seconds>)> {
    let row = |section: &Section| {
        let span = section.start.0..section.end.0.min(length.0);
        let beats: Vec<Seconds> = analysis.beats.iter().copied().filter(|b| span.contains(&b.0)).collect();
        let times = match beats.len() >= columns {
            true => (0..columns).map(|i| beats[(2 * i + 1) * beats.len() / (2 * columns)]).collect(),
            false => spread(span, columns),
        };
        (format!("{}  {}", section.label, section.start), times)
    };
    let seen = analysis.sections.iter().filter(|s| s.start.0 < length.0);
    seen.take(MOST_ROWS).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::fixture;

    #[test]
    fn rows_are_sections_and_pictures_lie_on_beats_inside_them() {
        // Beats every half second, sections of four.
        let rows = by_section(&fixture(16.0), Seconds(14.0), 4);
        assert_eq!(rows.len(), 4);
        for (i, (name, times)) in rows.iter().enumerate() {
            assert!(name.starts_with(["A", "B"][i % 2]), "{name}");
            let inside = (4.0 * i as f64)..(4.0 * i as f64 + 4.0).min(14.0);
            assert!(times.iter().all(|t| inside.contains(&t.0)), "{times:?}");
            assert!(times.windows(2).all(|t| t[0] < t[1]), "{times:?}");
            assert!(times.iter().all(|t| (2.0 * t.0).fract() == 0.0), "{times:?}");
        }
        // More pictures than beats.
        let dense = by_section(&fixture(16.0), Seconds(16.0), 16);
        assert_eq!(dense[1].1[..2], [Seconds(4.125), Seconds(4.375)]);
    }

    #[test]
    fn even_pictures_are_the_middles_of_equal_pieces() {
        let times: Vec<f64> = evenly(Seconds(8.0), 2, 2).into_iter().flat_map(|r| r.1).map(|t| t.0).collect();
        assert_eq!(times, [1.0, 3.0, 5.0, 7.0]);
    }
}
