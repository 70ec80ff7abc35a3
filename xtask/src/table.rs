//! Tables in Markdown that are also readable where nobody renders them.

use std::fmt::Write as _;

/// A table with its columns drawn in line. The first columns of `header` are texts, which start
/// at the left; where a name ends in `:` the column holds numbers, which end at the right.
pub(crate) fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<String> = header
        .iter()
        .map(|name| name.trim_end_matches(':').to_owned())
        .collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widths = cells.chain([&names[column]]).map(|cell| width(cell));
            widths.max().unwrap_or(0).max(3)
        })
        .collect();
    let is_number = |column: usize| header[column].ends_with(':');
    let mut text = line(&names, &widths, is_number);
    text.push('|');
    for (column, width) in widths.iter().enumerate() {
        let dashes = "-".repeat(width - usize::from(is_number(column)));
        let end = if is_number(column) { ":" } else { "" };
        write!(text, " {dashes}{end} |").expect("a string takes any text");
    }
    text.push('\n');
    for row in rows {
        text += &line(row, &widths, is_number);
    }
    text
}

/// With a comma after each thousand.
pub(crate) fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

fn line(cells: &[String], widths: &[usize], is_number: impl Fn(usize) -> bool) -> String {
    let mut line = String::from("|");
    for (column, (cell, full)) in cells.iter().zip(widths).enumerate() {
        let space = " ".repeat(full - width(cell));
        let cell = cell.replace('|', "\\|");
        let cell = if is_number(column) {
            format!(" {space}{cell} |")
        } else {
            format!(" {cell}{space} |")
        };
        line += &cell;
    }
    line + "\n"
}

/// Characters, one more for each that is escaped.
fn width(cell: &str) -> usize {
    cell.chars().count() + cell.matches('|').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 2]) -> Vec<String> {
        cells.map(str::to_owned).to_vec()
    }

    #[test]
    fn texts_start_at_the_left_and_numbers_end_at_the_right() {
        let rows = [row(["append", "1.2"]), row(["µ", "10.25"])];
        assert_eq!(
            markdown(&["work", "ratio:"], &rows),
            "| work   | ratio |\n\
             | ------ | ----: |\n\
             | append |   1.2 |\n\
             | µ      | 10.25 |\n"
        );
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(7, "7"), (1_000, "1,000"), (12_034_567, "12,034,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_cell_cannot_end_itself() {
        let text = markdown(&["work", "x"], &[row(["a|b", "c"])]);
        assert_eq!(text.lines().last(), Some("| a\\|b | c   |"));
    }
}
