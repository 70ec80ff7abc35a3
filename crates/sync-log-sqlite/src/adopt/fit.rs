//! Whether a file of an earlier program can be adopted; asked before anything is
//! changed.

use rusqlite::Connection;
use sync_log_core::Uuid;

use crate::statement::prepare;

/// The columns of the original tables, sorted.
const WANTED: [(&str, &[&str]); 2] = [
    (
        "shared_changes",
        &[
            "change_type",
            "created_at",
            "data",
            "hlc",
            "model_type",
            "record_uuid",
        ],
    ),
    (
        "peer_acks",
        &["acked_at", "last_acked_hlc", "peer_device_id"],
    ),
];

/// What speaks against it.
pub(crate) enum Unfit {
    /// The tables are not what a log can be kept in.
    Tables(String),
    /// It has entries, and none is of this device.
    NotOfThisDevice,
}

/// What speaks against adopting what is there for `device_id`, if anything does.
pub(crate) fn fault(db: &Connection, device_id: Uuid) -> rusqlite::Result<Option<Unfit>> {
    for (table, wanted) in WANTED {
        if let Some(fault) = fault_of(db, table, wanted)? {
            return Ok(Some(Unfit::Tables(fault)));
        }
    }
    if !has_table(db, "shared_changes")? {
        return Ok(None);
    }
    let sql = "SELECT COUNT(*), COALESCE(SUM(substr(hlc, -36) = ?1), 0) FROM shared_changes";
    let device = device_id.hyphenated().to_string();
    let counted: (i64, i64) =
        prepare(db, sql)?.query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let strange = counted.0 > 0 && counted.1 == 0;
    Ok(strange.then_some(Unfit::NotOfThisDevice))
}

fn has_table(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    let count: i64 = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    Ok(count > 0)
}

fn fault_of(db: &Connection, table: &str, wanted: &[&str]) -> rusqlite::Result<Option<String>> {
    if !has_table(db, table)? {
        return Ok(None);
    }
    let mut query = prepare(
        db,
        "SELECT name, pk FROM pragma_table_info(?1) ORDER BY name",
    )?;
    let columns = query.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let columns: Vec<(String, i64)> = columns.collect::<Result<_, _>>()?;
    if !columns
        .iter()
        .map(|(name, _)| name.as_str())
        .eq(wanted.iter().copied())
    {
        return Ok(Some(format!("{table} has other columns")));
    }
    let key = if table == "shared_changes" {
        "hlc"
    } else {
        "peer_device_id"
    };
    if columns.iter().any(|(name, pk)| (name == key) != (*pk != 0)) {
        return Ok(Some(format!("the key of {table} is not {key}")));
    }
    let sql = "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    let without_rowid: bool = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    if without_rowid {
        return Ok(Some(format!("{table} has no rowid")));
    }
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1";
    let triggers: i64 = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    Ok((triggers > 0).then(|| format!("{table} has triggers")))
}
