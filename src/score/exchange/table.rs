//! Tables: columns of numbers, of which one holds times, as spreadsheets and other programs write them.
//!
//! The first line names the columns. One is called `seconds`, `time`, `start` or the like, and every other is a curve:
//! straight ways between its rows, or, with a column `frame`, each value held for its frame. Empty cells are skipped.

use super::limits::{MAX_CURVES, MAX_VALUES};
use super::timed::{ByName, Drawn, stairs};
use crate::audio::timed::{time, time_column};
use crate::error::{Error, Result};
use crate::text_file::{Separator, may_group, number};
use crate::units::Seconds;
use std::borrow::Cow;

/// The curves of a table, if a text is one.
///
/// # Errors
/// Inside: Input, where a number can't be read or can be read in two ways, or it is too large.
pub fn read(name: &str, text: &str) -> Option<Result<ByName>> {
    Table::begin(text).map(|table| table.read(name))
}

/// A table whose first line names its columns, one of which are times.
struct Table<'a> {
    separator: Separator,
    columns: Vec<Cow<'a, str>>,
    /// Which column the times are in, and how many of its units a second has.
    times: (usize, f64),
    /// The lines behind the first, with their numbers.
    rows: Vec<(usize, &'a str)>,
}

impl<'a> Table<'a> {
    fn begin(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
        loop {
            let (_, line) = lines.next()?;
            let separator = Separator::of_header(line);
            let columns = separator.fields(line);
            if let Some(times) = time_column(&columns).filter(|_| columns.len() > 1) {
                let told = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('#');
                return Some(Table { separator, columns, times, rows: lines.filter(told).collect() });
            }
            // Remarks, and what spreadsheets write to tell their separator, stand before the names.
            if !line.trim().is_empty() && !line.starts_with('#') && !line.starts_with("sep=") {
                return None;
            }
        }
    }

    fn read(&self, name: &str) -> Result<ByName> {
        let curves: Vec<(usize, &str)> = self.columns.iter().map(AsRef::as_ref).enumerate().collect();
        let curves: Vec<(usize, &str)> = curves
            .into_iter()
            .filter(|(i, c)| *i != self.times.0 && *c != "frame" && !c.is_empty())
            .collect();
        if curves.len() > MAX_CURVES {
            return Err(
                Error::input(format!("{name} has more than {MAX_CURVES} columns")).hint("take some out")
            );
        }
        self.numbers_are_clear(name)?;
        let mut points: Vec<Vec<(Seconds, f64)>> = vec![Vec::new(); curves.len()];
        let mut values = 0;
        for (row, line) in &self.rows {
            let cells = self.cells(name, *row, line)?;
            let cell = |column: usize| cells.get(column).map_or("", AsRef::as_ref);
            let time =
                self.time(cell(self.times.0)).ok_or_else(|| no_number(name, *row, cell(self.times.0)))?;
            for ((column, _), points) in curves.iter().zip(&mut points) {
                if !cell(*column).is_empty() {
                    let value = number(cell(*column)).ok_or_else(|| no_number(name, *row, cell(*column)))?;
                    points.push((Seconds(time), value));
                    values += 1;
                }
            }
            if values > MAX_VALUES {
                return Err(
                    Error::input(format!("{name} has more than {MAX_VALUES} values")).hint("take rows out")
                );
            }
        }
        let steps = self.columns.iter().any(|c| c == "frame");
        let drawn = |mut points: Vec<(Seconds, f64)>| {
            points.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
            if steps { stairs(points.into_iter()) } else { Drawn { steps, points } }
        };
        let named = curves.iter().map(|(_, name)| (*name).to_owned());
        Ok(named.zip(points).filter(|(_, p)| !p.is_empty()).map(|(name, p)| (name, drawn(p))).collect())
    }

    /// The cells of a row.
    fn cells(&self, name: &str, row: usize, line: &'a str) -> Result<Vec<Cow<'a, str>>> {
        let cells = self.separator.fields(line);
        if cells.iter().skip(self.columns.len()).any(|c| !c.is_empty()) {
            let error =
                Error::input(format!("{name}: line {row} has more columns than the first line names"));
            return Err(error.hint("where commas separate columns, write numbers with a point or in quotes"));
        }
        Ok(cells)
    }

    fn time(&self, cell: &str) -> Option<f64> {
        let clock = || time(cell).ok().map(|t| t.0);
        number(cell).or_else(clock).map(|time| time / self.times.1)
    }

    /// Refuses a table whose numbers in quotes can be read in two ways: `"1,250"`, and none that tells.
    fn numbers_are_clear(&self, name: &str) -> Result<()> {
        if self.separator.leaves_commas() {
            return Ok(());
        }
        let mut either = None;
        for (row, line) in self.rows.iter().filter(|(_, line)| line.contains('"')) {
            for cell in self.separator.fields(line).iter().filter(|cell| cell.contains(',')) {
                if !may_group(cell) {
                    return Ok(());
                }
                either.get_or_insert_with(|| (*row, cell.to_string()));
            }
        }
        let Some((row, cell)) = either else { return Ok(()) };
        let error = Error::input(format!("{name}: line {row}: '{cell}' is ambiguous"));
        Err(error.hint("write numbers with a decimal point and without thousands separators"))
    }
}

fn no_number(name: &str, row: usize, cell: &str) -> Error {
    Error::input(format!("{name}: line {row}: '{cell}' is no number")).hint(
        "write numbers with a decimal point (or a comma, where commas don't separate columns); leave a cell empty where there is none",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_with_their_own_separators_and_gaps() {
        let curves =
            read("a.csv", "\"Time\";heart;\"breath\"\r\n0;60;\r\n2;80;0.5\r\n1;70;\r\n").unwrap().unwrap();
        assert_eq!(
            curves["heart"].points,
            [(0.0, 60.0), (1.0, 70.0), (2.0, 80.0)].map(|(t, v)| (Seconds(t), v))
        );
        assert_eq!(curves["breath"].points, [(Seconds(2.0), 0.5)]);
        assert!(!curves["heart"].steps);
        let error = read("a.csv", "seconds,x\n0,1\n1,high\n").unwrap().unwrap_err();
        assert!(error.to_string().contains("line 3: 'high'"), "{error}");
        assert!(read("a.txt", "zoom = 0:(1.0), 30:(1.05)\n").is_none());
    }

    /// The points of the column `x`.
    fn x(text: &str) -> Vec<(f64, f64)> {
        read("a.csv", text).unwrap().unwrap()["x"].points.iter().map(|(t, v)| (t.0, *v)).collect()
    }

    #[test]
    fn tables_with_decimal_commas_are_read() {
        let right = [(0.5, 0.25), (1.25, 1250.75)];
        assert_eq!(x("seconds;x\n0,5;0,25\n1,25;1.250,75\n"), right);
        assert_eq!(x("seconds\tx\n0,5\t0,25\n1,25\t1250,75\n"), right);
        assert_eq!(x("seconds,x\n\"0,5\",\"0,25\"\n\"1,25\",\"1250,75\"\n"), right);
        let refused = |text: &str| read("a.csv", text).unwrap().unwrap_err().to_string();
        assert!(refused("seconds,x\n0,5,0,25\n").contains("more columns"));
        assert!(refused("seconds,x\n1,\"1,250\"\n2,\"3,500\"\n").contains("'1,250'"));
        assert_eq!(x("seconds,x\n1,\"1,250\"\n2,\"0,5\"\n"), [(1.0, 1.25), (2.0, 0.5)]);
    }

    #[test]
    fn times_are_found_under_other_names_and_in_other_units() {
        let right = [(0.5, 1.0), (61.5, 2.0)];
        assert_eq!(x("x,Time (s)\n1,0.5\n2,61.5\n"), right);
        assert_eq!(x("time_ms,x\n500,1\n61500,2\n"), right);
        assert_eq!(x("Start;x\n0:00,5;1\n1:01,5;2\n"), right);
        assert_eq!(x("sep=;\n# from a sheet\ntime;x;;\n0.5;1;;\n\n61.5;2;;\n"), right);
    }
}
