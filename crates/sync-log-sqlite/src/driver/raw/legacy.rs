//! The table of a legacy `sync_log.db`.

use sync_log_core::MAX_DATA_BYTES;

use super::Raw;
use crate::driver::Template;
use crate::driver::build::stored_bytes;

/// Columns that are read.
pub(crate) const COLUMNS: [&str; 7] = [
    "sequence",
    "device_id",
    "timestamp",
    "model_type",
    "record_id",
    "change_type",
    "data",
];

/// Longest other column that is read, in bytes: no value that is fit is longer.
const COLUMN_MAX: usize = 512;

const READ: &str = "read the old log";

/// The names of the table's columns.
pub(crate) static TABLE_COLUMNS: Raw =
    Raw::new(|| Template::raw(READ, "SELECT name FROM pragma_table_info('sync_log')", 0));

/// How many rows there are, of all devices.
pub(crate) static COUNT: Raw = Raw::new(|| Template::raw(READ, "SELECT COUNT(*) FROM sync_log", 0));

/// How many rows have no sequence number, and so no position in the order.
pub(crate) static UNORDERED: Raw = Raw::new(|| {
    let text = "SELECT COUNT(*) FROM sync_log WHERE typeof(sequence) <> 'integer'";
    Template::raw(READ, text, 0)
});

/// The first rows: sequence, row id, and [`COLUMNS`] but for the data. Argument: how many.
pub(crate) static FIRST_ROWS: Raw = Raw::new(|| {
    let text = format!("{} {}", rows(), "ORDER BY sequence, rowid LIMIT ?1");
    Template::raw(READ, text, 1)
});

/// The rows behind one. Arguments: its sequence and row id, and how many.
pub(crate) static NEXT_ROWS: Raw = Raw::new(|| {
    let text = format!(
        "{} AND (sequence, rowid) > (?1, ?2) ORDER BY sequence, rowid LIMIT ?3",
        rows()
    );
    Template::raw(READ, text, 3)
});

/// The data of the row with a row id, and whether it is too long to be read.
pub(crate) static DATA: Raw = Raw::new(|| {
    let value = unless_longer("data", MAX_DATA_BYTES);
    let most = stored_bytes(MAX_DATA_BYTES);
    let text =
        format!("SELECT {value}, octet_length(data) > {most} FROM sync_log WHERE rowid = ?1");
    Template::raw(READ, text, 1)
});

/// Values that are too long are not read.
fn rows() -> String {
    let columns = COLUMNS
        .iter()
        .filter(|column| !["sequence", "data"].contains(column));
    let columns = columns.map(|column| unless_longer(column, COLUMN_MAX));
    let columns = columns.collect::<Vec<_>>().join(", ");
    format!("SELECT sequence, rowid, {columns} FROM sync_log WHERE typeof(sequence) = 'integer'")
}

/// The value of a column, as [`unless_longer`](crate::driver::build::unless_longer) has it for
/// the columns of an entity.
fn unless_longer(column: &str, most_bytes: usize) -> String {
    let most = stored_bytes(most_bytes);
    format!("CASE WHEN octet_length({column}) <= {most} THEN {column} END")
}
