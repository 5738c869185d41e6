//! Markdown tables, which are also read in a terminal.

use std::fmt::Write;

/// A Markdown table whose columns line up.
pub fn aligned<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let width: [usize; N] =
        std::array::from_fn(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (row, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(width) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if row == 0 {
            text.extend(width.iter().map(|w| format!("|{}", "-".repeat(w + 2))));
            text.push_str("|\n");
        }
    }
    text
}
