//! Rows with named columns: drawn for people, or as comma-separated values.

use std::borrow::Cow;

use comfy_table::{CellAlignment, Table, presets};

/// A table of text.
#[derive(Debug)]
pub(crate) struct Sheet {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Rows, each with a cell per column.
    pub(crate) fn new<R>(columns: &[&'static str], rows: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = String>,
    {
        let rows = rows.into_iter().map(|row| row.into_iter().collect());
        Self {
            columns: columns.to_vec(),
            rows: rows.collect(),
        }
    }

    /// A line per row; with frames on a terminal, and the same columns plain elsewhere. Nothing if
    /// there is no row.
    pub(crate) fn draw(&self, terminal: bool) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(if terminal {
            presets::UTF8_FULL_CONDENSED
        } else {
            presets::NOTHING
        });
        // A terminal is narrow, so the words of a name go below each other.
        let between_words = if terminal { "\n" } else { "_" };
        let header = self.columns.iter();
        table.set_header(header.map(|name| name.replace('_', between_words)));
        table.add_rows(self.rows.iter().cloned());
        for (index, column) in table.column_iter_mut().enumerate() {
            if self.is_of_numbers(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
        lines.collect()
    }

    fn is_of_numbers(&self, column: usize) -> bool {
        let is_number =
            |row: &Vec<String>| row[column] == "-" || row[column].parse::<f64>().is_ok();
        self.rows.iter().all(is_number)
    }

    /// Comma-separated values, with the names of the columns first (RFC 4180, lines
    /// end in a line feed).
    pub(crate) fn csv(&self) -> String {
        let mut text = line(self.columns.iter().copied());
        for row in &self.rows {
            text += &line(row.iter().map(String::as_str));
        }
        text
    }
}

/// One line of comma-separated values.
pub(crate) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(cells.map(plain).map(Cow::into_owned));
    written.expect("a line of any texts can be written to memory");
    let bytes = writer.into_inner().expect("memory takes what was written");
    String::from_utf8(bytes).expect("text stays text")
}

/// A cell that no spreadsheet takes for a formula: one that it would calculate begins with `'`.
fn plain(cell: &str) -> Cow<'_, str> {
    let is_harmless = cell == "-" || cell.parse::<f64>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_harmless {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let rows = [["a,b", "7"], ["say \"x\"", "-"]];
        Sheet::new(
            &["what_it_is", "count"],
            rows.map(|row| row.map(str::to_owned)),
        )
    }

    #[test]
    fn csv_quotes_what_has_to_be() {
        let expected = "what_it_is,count\n\"a,b\",7\n\"say \"\"x\"\"\",-\n";
        assert_eq!(sheet().csv(), expected);
    }

    #[test]
    fn a_cell_of_a_file_is_no_formula_and_numbers_stay() {
        let cells = ["=1+1", "+x", "-x", "@x", "-1.5", "-", "a=b"];
        assert_eq!(line(cells.into_iter()), "'=1+1,'+x,'-x,'@x,-1.5,-,a=b\n");
    }

    #[test]
    fn plain_and_drawn_tables_have_the_same_cells_and_numbers_to_the_right() {
        let plain = sheet().draw(false);
        let lines: Vec<_> = plain.lines().collect();
        assert_eq!(lines[0], " what_it_is  count");
        assert_eq!(lines[1], " a,b             7");
        assert!(sheet().draw(true).contains('│'));
    }
}
