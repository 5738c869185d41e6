//! The `.cube` format of look-up tables (Adobe, "Cube LUT Specification 1.0", 2013), with the range that DaVinci Resolve writes.

use super::table::{Colour, Lut};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::text_file;
use std::path::Path;

/// Most entries of a curve, as the specification has it.
const MOST_ON_CURVE: usize = 65_536;
/// Most entries on a side of a cube: more are not seen, and take memory by the third power.
const MOST_ON_SIDE: usize = 129;

/// Largest file, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// The table in the `.cube` file at `path`.
///
/// # Errors
/// Input: it can't be read, or is none; the line is named.
pub fn read_lut(path: &Path) -> Result<Lut> {
    let failed = || {
        Error::input(format!("can't read the look-up table {}", path.display()))
            .hint("give a .cube file, as DaVinci Resolve and others write them")
    };
    let bytes = bounded_read::bytes(path, MOST_BYTES).context(failed)?;
    // Titles are in whatever the grading program writes.
    let text = text_file::decode(&bytes).context(failed)?.text;
    parse(&path.display().to_string(), &text)
}

/// What the lines before the colours say.
struct Head {
    /// Entries on a side, and whether it is a cube.
    shape: Option<(usize, bool)>,
    domain: [[f32; 3]; 2],
}

/// The table that `text` holds, called `name` in errors. No more memory is taken than the text has.
///
/// # Errors
/// Input, with the line.
pub(super) fn parse(name: &str, text: &str) -> Result<Lut> {
    let mut head = Head { shape: None, domain: [[0.0; 3], [1.0; 3]] };
    let mut entries: Vec<Colour> = Vec::new();
    // Some editors on Windows put a mark before the text.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let damaged = |what: String| {
            Error::input(format!("{name}:{}: {what}", index + 1))
                .hint("a .cube file is needed: see docs/looks.md")
        };
        let is_colour = line.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        if !is_colour {
            head.keyword(line).map_err(damaged)?;
            continue;
        }
        let [r, g, b] = numbers(line).map_err(damaged)?;
        let most = head.entries().map_err(damaged)?;
        if entries.len() == most {
            return Err(damaged(format!("there are more than {most} colours")));
        }
        entries.push([r, g, b, 0.0]);
    }
    let cut = |what: String| {
        Error::input(format!("{name}: {what}")).hint(match head.shape {
            Some(_) => "the file seems to be cut off",
            None => "a .cube file is needed, as DaVinci Resolve and others write them",
        })
    };
    let (most, shape) = (head.entries().map_err(cut)?, head.shape.unwrap_or_default());
    let [low, high] = head.domain;
    if (0..3).any(|c| low[c] >= high[c]) {
        return Err(cut("the domain ends before it begins".into()));
    }
    if entries.len() != most {
        return Err(cut(format!("there are {} of {most} colours", entries.len())));
    }
    Ok(Lut::new(entries, shape, head.domain, text))
}

impl Head {
    /// How many colours there have to be.
    fn entries(&self) -> std::result::Result<usize, String> {
        match self.shape {
            Some((side, true)) => Ok(side * side * side),
            Some((side, false)) => Ok(side),
            None => Err("there is no LUT_1D_SIZE or LUT_3D_SIZE before the colours".into()),
        }
    }

    /// Takes in a line that holds no colour. Words that nobody knows are left aside, as the specification asks for.
    fn keyword(&mut self, line: &str) -> std::result::Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "LUT_1D_SIZE" => self.size(rest, MOST_ON_CURVE, false)?,
            "LUT_3D_SIZE" => self.size(rest, MOST_ON_SIDE, true)?,
            "DOMAIN_MIN" => self.domain[0] = numbers(rest)?,
            "DOMAIN_MAX" => self.domain[1] = numbers(rest)?,
            "LUT_1D_INPUT_RANGE" | "LUT_3D_INPUT_RANGE" => {
                let [low, high] = numbers(rest)?;
                self.domain = [[low; 3], [high; 3]];
            }
            _ => {}
        }
        Ok(())
    }

    fn size(&mut self, text: &str, most: usize, cube: bool) -> std::result::Result<(), String> {
        if self.shape.is_some() {
            return Err("there are two tables in one file, which is not taken".into());
        }
        let side = text.trim().parse().ok().filter(|side| (2..=most).contains(side));
        let side =
            side.ok_or_else(|| format!("a table of {} entries is not taken: 2 to {most}", text.trim()))?;
        self.shape = Some((side, cube));
        Ok(())
    }
}

/// `N` numbers, parted by blanks.
fn numbers<const N: usize>(text: &str) -> std::result::Result<[f32; N], String> {
    let mut words = text.split_ascii_whitespace();
    let mut out = [0.0; N];
    for value in &mut out {
        let number =
            words.next().and_then(|word| word.parse().ok()).filter(|v: &f32| v.is_finite() && v.abs() < 1e6);
        *value = number.ok_or_else(|| format!("'{text}' is not {N} numbers"))?;
    }
    match words.next() {
        None => Ok(out),
        Some(_) => Err(format!("'{text}' is more than {N} numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    #[test]
    fn what_others_write_is_read() {
        let text =
            "\u{feff}# by hand\r\nTITLE \"a # b\"\r\n\r\nLUT_3D_SIZE 2\r\nLUT_3D_INPUT_RANGE 0.0 1.0\r\n";
        let corners = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n 0\t1 1\n1e0 1.0 +1\n";
        let lut = parse("a", &format!("{text}{corners}")).unwrap();
        let mut row = [10.0, 99.5, 255.0];
        lut.apply(&mut row, 1.0);
        assert!(row.iter().zip([10.0, 99.5, 255.0]).all(|(a, b)| (a - b).abs() < 1e-3));
        assert_eq!(lut.hash().len(), 64);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line) in [
            ("", None),
            ("0 0 0", Some(1)),
            ("LUT_3D_SIZE 1", Some(1)),
            ("LUT_3D_SIZE 4096\n0 0 0", Some(1)),
            ("LUT_3D_SIZE 99999999999999999999", Some(1)),
            ("LUT_1D_SIZE -3", Some(1)),
            ("LUT_1D_SIZE 2\nLUT_3D_SIZE 2", Some(2)),
            ("LUT_1D_SIZE 2\n0 0 0", None),
            ("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n1 1 1", Some(4)),
            ("LUT_1D_SIZE 2\n0 0\n1 1 1", Some(2)),
            ("LUT_1D_SIZE 2\n0 0 0 0\n1 1 1", Some(2)),
            ("LUT_1D_SIZE 2\n1e99 0 0", Some(2)),
            ("LUT_1D_SIZE 2\n.inf 0 0", Some(2)),
            ("DOMAIN_MIN 0 0 0\nDOMAIN_MAX 0 1 1\nLUT_1D_SIZE 2\n0 0 0\n1 1 1", None),
        ] {
            let error = parse("x.cube", text).unwrap_err();
            assert_eq!((error.kind(), error.hints().len()), (ErrorKind::Input, 1), "{error}");
            let place = line.map_or("x.cube: ".to_owned(), |line| format!("x.cube:{line}: "));
            assert!(error.to_string().starts_with(&place), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "(LUT_[13]D_SIZE [0-9]{1,9}\n)?(DOMAIN_M[AI][XN] [-0-9. ]{0,9}\n)?([-+0-9.e ]{0,12}\n){0,12}") {
            if let Ok(lut) = parse("x", &text) {
                let mut row = [0.0, 300.0, -5.0, 17.0, 99.0, 1.0];
                lut.apply(&mut row, 1.0);
                prop_assert!(row.iter().all(|v| v.is_finite()));
            }
        }
    }
}
