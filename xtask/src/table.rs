//! Tables in Markdown that are also readable where nobody renders them.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

/// A table with its columns drawn in line. Where a name in `header` ends in `:` the column holds
/// numbers, which end at the right.
pub(crate) fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(header.iter().map(|name| name.trim_end_matches(':')))
        .add_rows(rows);
    for (column, name) in table.column_iter_mut().zip(header) {
        if name.ends_with(':') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}

/// With a comma after each thousand.
pub(crate) fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}
